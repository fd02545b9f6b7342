//! Which epoch a damaged database was in, and how far it had come: what its rows, its receipts and the note beside it
//! say together, held against its first record.

use std::collections::BTreeMap;

use afterword_model::record::{Head, Seq, StoreEpoch, genesis, next_head};

use super::find::{Remains, record};
use super::pages::Pages;
use crate::noted::Noted;

/// The epoch that is over.
pub(super) struct Former {
    pub(super) epoch: StoreEpoch,
    /// The first record that was not purged, as far as that is known.
    pub(super) first_seq: Seq,
    /// The last record that was confirmed and the head after it, where anything says so.
    pub(super) last: Option<(Seq, Head)>,
    /// Heads that something other than the record itself tells.
    pub(super) known: BTreeMap<Seq, Head>,
}

impl Former {
    /// `None` when there is neither a record nor anything that names an epoch.
    pub(super) fn of(remains: &Remains, noted: Option<Noted>, pages: &mut Pages) -> Option<Self> {
        let epoch = epoch(remains, noted, pages)?;
        let noted = noted.filter(|noted| noted.epoch == epoch);
        let store = remains.store;
        let purged = [store.map(|store| store.purged_seq), noted.map(|noted| noted.purged_seq)];
        let lowest = remains.records.first().map(|&(seq, _)| seq);
        // Where both are wrong, or one has rotted, what is there was not purged.
        let first_seq = match (purged.into_iter().flatten().max(), lowest) {
            (Some(purged_seq), lowest) => lowest.map_or(purged_seq + 1, |lowest| lowest.min(purged_seq + 1)),
            (None, lowest) => lowest.unwrap_or(1),
        };
        let last = store.map(|store| (store.last_seq, store.head));
        let last = [last, noted.map(|noted| (noted.last_seq, noted.head))].into_iter().flatten();
        let last = last.max_by_key(|&(last_seq, _)| last_seq);
        let mut known = BTreeMap::from([(0, genesis(&epoch))]);
        let receipts = remains.receipts.iter().filter(|receipt| receipt.epoch == epoch);
        known.extend(receipts.map(|receipt| (receipt.through_seq, receipt.head)));
        known.extend(noted.map(|noted| (noted.last_seq, noted.head)));
        known.extend(store.map(|store| (store.last_seq, store.head)));
        known.extend(store.map(|store| (store.purged_seq, store.purged_head)));
        Some(Self { epoch, first_seq, last, known })
    }
}

/// The epoch that the first record proves; else the one most witnesses name, the store's own row before the others.
fn epoch(remains: &Remains, noted: Option<Noted>, pages: &mut Pages) -> Option<StoreEpoch> {
    let mut witnesses: Vec<StoreEpoch> = remains.store.map(|store| store.epoch).into_iter().collect();
    let mut from_receipts: Vec<StoreEpoch> = Vec::new();
    for receipt in &remains.receipts {
        if !from_receipts.contains(&receipt.epoch) {
            from_receipts.push(receipt.epoch);
        }
    }
    witnesses.extend(from_receipts);
    witnesses.extend(noted.map(|noted| noted.epoch));
    let before = noted.map(|noted| noted.before);
    let firsts = remains.records.iter().take_while(|&&(seq, _)| seq == 1);
    let firsts: Vec<_> = firsts.filter_map(|&place| record(pages, place)).collect();
    let is_proven = |epoch: &&StoreEpoch| {
        firsts.iter().any(|first| first.head == Some(next_head(&genesis(epoch), &first.bytes)))
    };
    if let Some(proven) = witnesses.iter().chain(&before).find(is_proven) {
        return Some(*proven);
    }
    let votes = |epoch: &StoreEpoch| witnesses.iter().filter(|&other| other == epoch).count();
    // Of equals `max_by_key` takes the last.
    let most = witnesses.iter().rev().copied().max_by_key(votes);
    most.or_else(|| stand_in(remains, pages))
}

/// A name for an epoch that nothing names: made from the first head found, so that another salvage of the same file
/// gives the same one.
fn stand_in(remains: &Remains, pages: &mut Pages) -> Option<StoreEpoch> {
    let first = remains.records.iter().find_map(|&place| record(pages, place)?.head)?;
    tracing::error!("nothing names the damaged database's epoch; its records get one of their own");
    StoreEpoch::from_slice(&first.as_bytes()[..16]).ok()
}
