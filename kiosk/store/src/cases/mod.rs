//! Cases on the disk: each step once, from the chain or from head office, and where each case stands.
//!
//! A step taken here is a record, and is put down here in the transaction that chains it; one of head office has no record on this
//! device. Where a case stands is computed anew from all its steps whenever one is added, so that it cannot disagree with them.
//!
//! Invariants: no step is changed or deleted while its case is open; adding one that is here changes nothing. What a shopper
//! said is kept beside the case, so that records are purged as ever and nobody has to wait for a case to be closed. A salvage
//! finds the steps in their records; those of head office come down again, because the new database has no mark of them.

mod book;
mod list;
mod office;
mod steps;

pub(crate) use book::{adopt, chained};
pub(crate) use list::{one, overview};
pub(crate) use office::{keep, mark};
pub(crate) use steps::{About, Carried, carried, forget, is_kept, open, opened_by, step};
