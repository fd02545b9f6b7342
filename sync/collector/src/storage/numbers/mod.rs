//! Counting what is held, so that no number needs a look at the responses again.
//!
//! | file | what is in it |
//! |---|---|
//! | `pending` | what is new, looked at and added up, before anything is locked |
//! | `state` | what of a device decides how its responses are counted: marks, stores, clocks |
//! | `copies` | which record is a copy of one that is counted |
//! | `clocks` | responses of a device that learns the time later |
//! | `tables` | cells, and what is made of them for reading |
//! | `moves` | a device that goes to another store, a response that is erased, counting everything again |
//! | `read` | rows as [`crate::numbers`] wants them |
//!
//! Invariants: a mark in `counted` moves in the transaction that changes the cells of the records it passes; whoever changes any of these
//! tables holds the lock of counts, and finds what he reckoned with unchanged, else he reckons again. So nothing is counted twice and
//! nothing is passed over, whoever is killed when, and however many count at once. What is made of cells
//! changes by as much as they do, in the same transaction.
//! Taking records in neither waits for any of this nor knows of it.

mod clocks;
mod copies;
mod moves;
mod pending;
pub(crate) mod read;
mod state;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use afterword_model::tally::{Cell, Tally};

pub(crate) use moves::{forget, moved, stood, take_back};
pub(crate) use pending::{Waiting, apply};

/// What changes in one store and cell.
#[derive(Debug, Default)]
struct Delta {
    more: Tally,
    less: Tally,
}

impl Delta {
    fn merge(&mut self, other: &Self) {
        self.more.merge(&other.more);
        self.less.merge(&other.less);
    }
}

/// What changes.
type Deltas = BTreeMap<(String, Cell), Delta>;
