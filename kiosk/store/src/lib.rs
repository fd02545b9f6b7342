//! The device's database: one owner, one writer thread, nothing lost.
//!
//! Invariants:
//! - One process owns the file, by a lock on the file beside it; in it one thread writes, in the order asked.
//! - What was reported as saved is on the disk: every change is one transaction with `synchronous=FULL`, and
//!   nobody hears of it, not the screen and not the agent, before the commit has returned.
//! - A frozen record's bytes never change; `seq` has no gaps; each record is chained to the one before; its
//!   roll-ups and the counter changed in the same transaction.
//! - Nothing that the collector has not signed for is ever deleted.
//! - Numbers are given once. Where a history breaks off (damage, a record that rotted, a disk that took back what it
//!   had confirmed, another history at the collector), a new epoch begins, what is whole is carried into it, and what is
//!   not is named.
//!
//! On failure: a commit that fails is lost, is reported as such and never repeated by itself, except that a shopper's
//! answer for which there was no room is saved once more from the space kept in reserve; the writer reads its state from
//! the file again before the next one. A corrupt database is set aside, not deleted, and a new one begins with what is
//! whole in it. A file that is not ours is left alone.

mod adopted;
mod alerts;
mod board;
mod carry;
mod cases;
mod changes;
mod command;
mod connection;
mod decided;
mod error;
#[cfg(test)]
mod faults;
mod former;
mod health;
mod hidden;
mod ledger;
mod noted;
mod open;
mod place;
mod purge;
mod queue;
mod reader;
mod receipts;
mod reserve;
mod salvage;
mod schema;
mod shared;
mod state;
mod store;
mod tally;
mod trial;
mod usage;
mod verify;
mod watched;
mod whole;
mod words;
mod writer;

pub use decided::Decided;
pub use error::{OpenError, StoreError};
pub use former::{CarriedOver, Numbers, why};
pub use ledger::Frozen;
pub use open::{Opened, Options};
pub use purge::Purged;
pub use queue::StoreQueue;
pub use store::Store;
pub use tally::BootTimes;
pub use trial::{TRIAL_MS, TRIAL_STARTS_MAX};
pub use usage::Usage;
pub use verify::Verified;
pub use words::{Said, WORDS_LOOKED_THROUGH, Which, WordsAsk, WordsFound};
