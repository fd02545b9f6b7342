//! Whatever is done to a store, in whatever order: the hours equal a recount of everything that was ever frozen, each
//! once; the chain holds; and each record is handed out, purged under a receipt, or named as lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use afterword_kiosk_store::{Options, Store};
use afterword_model::carried::Origin;
use afterword_model::ports::ManualClock;
use afterword_model::record::Seq;
use afterword_model::response::{Draft, Outcome, Response};
use afterword_model::summary::Ask;
use afterword_protocol::limits::BEGIN_ANEW_PAUSE_MS;
use afterword_protocol::queue::{Acceptance, BeginReason, Take};
use afterword_protocol::system::SystemEntropy;
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::queue_suite::receipt;
use crate::support::{assert_sound, directory, draft, freeze, held, save};

#[derive(Debug, Clone)]
enum Operation {
    Save(u8),
    Freeze(u8),
    /// A receipt for this share of the records, in tenths.
    Accept(u64),
    Purge,
    BeginAnew,
    /// Ended in order, or killed.
    Reopen(bool),
    /// One of the records rots on the disk.
    Rot(prop::sample::Index),
    /// The first page is zeroed, and the kiosk started.
    Ruin,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        3 => (1_u8..=5).prop_map(Operation::Save),
        6 => (1_u8..=5).prop_map(Operation::Freeze),
        2 => (0_u64..=10).prop_map(Operation::Accept),
        2 => Just(Operation::Purge),
        1 => Just(Operation::BeginAnew),
        1 => any::<bool>().prop_map(Operation::Reopen),
        1 => any::<prop::sample::Index>().prop_map(Operation::Rot),
        1 => Just(Operation::Ruin),
    ];
    vec(operation, 1..40)
}

struct Shop {
    directory: TempDir,
    clock: Arc<ManualClock>,
    store: Option<Store>,
    /// The answers being given.
    open: Option<Draft>,
    /// What the hours have to count.
    counted: Vec<Draft>,
    /// What has to be handed out, in order.
    expected: Vec<(Origin, Draft)>,
    moments: u64,
}

impl Shop {
    fn new() -> Self {
        let (directory, clock) = (directory(), Arc::new(ManualClock::at(1_000)));
        let mut shop =
            Self { directory, clock, store: None, open: None, counted: vec![], expected: vec![], moments: 0 };
        shop.start();
        shop
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn start(&mut self) {
        let options =
            Options { clock: self.clock.clone(), entropy: Arc::new(SystemEntropy), opens_cases: true };
        let (store, opened) = Store::open(self.directory.path(), options).unwrap();
        self.store = Some(store);
        assert_eq!(opened.interrupted.is_some(), self.open.is_some());
        if let (Some(draft), Some(seq)) = (self.open.take(), opened.interrupted) {
            self.frozen(seq, draft);
        }
    }

    /// A response with a moment of its own, by which it is told from the next.
    fn draft(&mut self, face: u8) -> Draft {
        self.moments += 1;
        let mut draft = draft(i64::from(face), face);
        draft.started.mono_ms = self.moments;
        draft.started = self.open.as_ref().map_or(draft.started, |open| open.started);
        draft
    }

    fn frozen(&mut self, seq: Seq, draft: Draft) {
        let epoch = self.store().position().unwrap().epoch;
        self.expected.push((Origin { epoch, seq }, draft.clone()));
        self.counted.push(draft);
    }

    fn carry_out(&mut self, operation: &Operation) {
        match operation {
            Operation::Save(face) => {
                let draft = self.draft(*face);
                save(self.store(), draft.clone()).unwrap();
                self.open = Some(draft);
            }
            Operation::Freeze(face) => {
                let draft = self.draft(*face);
                let frozen = freeze(self.store(), draft.clone(), Outcome::Completed).unwrap();
                self.open = None;
                self.frozen(frozen.seq, draft);
            }
            Operation::Accept(tenths) => {
                let queue = self.store().queue();
                let retained = held(self.store()).len();
                let count = retained * usize::try_from(*tenths).unwrap() / 10;
                let take = Take { after_seq: 0, records_max: 500, wait_ms: 0 };
                if let Some(run) = queue.next_blocking(take).unwrap().filter(|_| count > 0) {
                    let run = run.prefix(count);
                    let signed = receipt(run.epoch, run.last_seq(), run.last_head(), 1);
                    let accepted = queue.accept_blocking(&signed).unwrap();
                    assert!(matches!(accepted, Acceptance::Stored | Acceptance::Stale), "{accepted:?}");
                }
            }
            Operation::Purge => {
                let purged = self.store().purge(0).unwrap();
                self.expected.drain(..usize::try_from(purged.records).unwrap());
            }
            Operation::BeginAnew => {
                self.store().queue().begin_anew_blocking(BeginReason::Forked).unwrap();
            }
            Operation::Reopen(in_order) => {
                let store = self.store.take().unwrap();
                if *in_order {
                    store.close().unwrap();
                } else {
                    drop(store);
                }
                self.start();
            }
            Operation::Rot(place) => self.rot(place),
            Operation::Ruin => {
                self.store.take().unwrap().close().unwrap();
                let path = self.directory.path().join("kiosk.db");
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[..4096].fill(0);
                std::fs::write(&path, bytes).unwrap();
                // A new database counts what came over, and what was purged did not.
                self.counted = self.expected.iter().map(|(_, draft)| draft.clone()).collect();
                self.start();
            }
        }
    }

    fn rot(&mut self, place: &prop::sample::Index) {
        if self.expected.is_empty() {
            return;
        }
        let place = place.index(self.expected.len());
        let connection = Connection::open(self.directory.path().join("kiosk.db")).unwrap();
        let offset = i64::try_from(place).unwrap();
        let rot = "UPDATE record SET bytes = CAST(replace(CAST(bytes AS TEXT), 'outcome', 'outcame') AS BLOB)
                   WHERE seq = (SELECT seq FROM record ORDER BY seq LIMIT 1 OFFSET ?1)";
        assert_eq!(connection.execute(rot, [offset]).unwrap(), 1);
        self.clock.advance_ms(BEGIN_ANEW_PAUSE_MS);
        let before = self.store().position().unwrap();
        self.expected.remove(place);
        // Whoever reads on to it makes the store begin anew without it.
        held(self.store());
        let former = self.store().queue().health_blocking("test").unwrap().former;
        let over = former.last().unwrap();
        assert_eq!((over.epoch, over.reason, over.lost.len()), (before.epoch, BeginReason::Rotted, 1));
    }

    fn check(&self) {
        assert_sound(self.store());
        let held = held(self.store());
        let found: Vec<(Origin, Draft)> = held
            .iter()
            .map(|held| (held.origin, Response::from_bytes(held.origin.seq, &held.bytes).unwrap().draft))
            .collect();
        assert_eq!(found, self.expected);
        let origins: BTreeSet<_> =
            found.iter().map(|(origin, _)| (*origin.epoch.as_bytes(), origin.seq)).collect();
        assert_eq!(origins.len(), found.len());
        let mut faces: BTreeMap<u8, u64> = BTreeMap::new();
        for draft in &self.counted {
            *faces.entry(draft.faces().next().unwrap().1).or_default() += 1;
        }
        let mut expected = vec![0; 5];
        faces.iter().for_each(|(&face, &count)| expected[usize::from(face) - 1] = count);
        let summary = self.store().summary(Ask::days(-10, 10)).unwrap();
        assert_eq!(summary.responses, self.counted.len() as u64);
        let counts = summary.questions.first().map_or_else(|| vec![0; 5], |question| question.counts.clone());
        assert_eq!(counts, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_hours_equal_a_recount_and_the_chain_holds(operations in operations()) {
        let mut shop = Shop::new();
        for operation in &operations {
            shop.carry_out(operation);
            shop.check();
        }
    }
}
