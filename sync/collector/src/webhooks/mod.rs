//! Telling other programs what happens here, as Standard Webhooks has it (<https://www.standardwebhooks.com>).
//!
//! | module | what it is |
//! |---|---|
//! | `event` | what can be told, and what is said of each |
//! | `secret` | what a message is signed with |
//! | `schedule` | when it is tried again |
//! | `address` | addresses that belong to nobody but this machine, its network or no one |
//! | `guard` | the way out: only to addresses that were looked at |
//! | `sender` | one try of one message |
//! | `sending`, `telling` | what runs beside the ports |
//!
//! What is told is in `storage::outbox` and `storage::told`. Invariants: a message is delivered at least once or is seen to have been given up;
//! it has the same name each time; no order is promised. No connection is opened to an address that was not looked at, whatever a name
//! resolves to and wherever a receiver sends us on to.

pub(crate) mod address;
pub(crate) mod event;
pub(crate) mod guard;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod sender;
pub(crate) mod sending;
pub(crate) mod telling;
