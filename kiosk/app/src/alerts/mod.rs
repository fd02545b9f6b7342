//! Alerts on the spot: the rules of `afterword_model::alerts` at work on a kiosk.
//!
//! | module | what is in it |
//! |---|---|
//! | [`config`] | the table `[alerts]` of a configuration |
//! | `said` | what an alert says, as it stands in the case that it opens |
//! | `watch` | when the rules are looked at, and what comes of it |
//! | [`hook`] | the program that lights a lamp or plays a sound |
//!
//! Invariants: the screen's thread waits for none of it; an alert is on the disk before anybody is told; what a shopper wrote is told
//! to no program.

pub mod config;
pub mod hook;
pub(crate) mod said;
pub(crate) mod watch;
