//! P4 and P5: the first tap and the frozen answer, durable on the device's disk.
//!
//! Ours is the store's own way: from the call, through the writer's thread, to `done` on that thread. The floor is one
//! bare transaction of the same bytes on the calling thread. Both files lie in the same folder.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use afterword_kiosk_store::Store;
use afterword_tests::ratings::{Shoppers, Visit, open_store};
use anyhow::{Context, Result};

use crate::Wanted;
use crate::bare::Bare;
use crate::measure::{Better, Figure, Side, micros, now, quantile};

/// Rounds of each side.
const ROUNDS: usize = 21;
/// Answers in a round; enough that a single slow sync does not make the round's median.
const VISITS: usize = 50;

/// Pages at which the floor's log starts over: within the round that warms up, and about as often as the store's own.
const BARE_CHECKPOINT_PAGES: u32 = 100;

/// Microseconds of each answer's two transactions.
#[derive(Default)]
struct Round {
    saves: Vec<f64>,
    freezes: Vec<f64>,
}

pub(crate) fn run(folder: &Path, wanted: &Wanted) -> Result<()> {
    let store = open_store(&folder.join("store"), 4)?;
    let bare = Bare::create(&folder.join("bare.db"), BARE_CHECKPOINT_PAGES)?;
    let (mut ours, mut floor) = (Shoppers::of_seed(4), Shoppers::of_seed(4));
    let mut seq = 0;
    let floor_name = "one bare SQLite transaction, same bytes, synchronous=FULL";
    let mut first_tap = Figure {
        id: "P4",
        what: format!("the first tap is durable; median of {VISITS} saves a round"),
        unit: "µs",
        ours: Side::named("Store::save until `done`"),
        floor: Side::named(floor_name),
        target: 1.25,
        better: Better::Lower,
    };
    let mut freeze = Figure {
        id: "P5",
        what: format!("an answer is frozen, chained and counted; median of {VISITS} freezes a round"),
        ours: Side::named("Store::freeze until `done`, with chain and roll-ups"),
        floor: Side::named(floor_name),
        target: 1.6,
        ..first_tap
    };
    // The first round warms both sides up and does not count.
    for round in 0..=ROUNDS {
        let of_ours = round_of_store(&store, &mut ours)?;
        let of_floor = round_of_floor(&bare, &mut floor, &mut seq)?;
        if round > 0 {
            first_tap.ours.rounds.push(quantile(&of_ours.saves, 0.5));
            first_tap.floor.rounds.push(quantile(&of_floor.saves, 0.5));
            freeze.ours.rounds.push(quantile(&of_ours.freezes, 0.5));
            freeze.floor.rounds.push(quantile(&of_floor.freezes, 0.5));
        }
    }
    store.close()?;
    for figure in [first_tap, freeze].into_iter().filter(|figure| wanted.has(figure.id)) {
        figure.report();
    }
    Ok(())
}

fn round_of_store(store: &Store, shoppers: &mut Shoppers) -> Result<Round> {
    let mut round = Round::default();
    for _ in 0..VISITS {
        let Visit { draft, outcome, took_ms } = shoppers.next_visit();
        let (done, durable) = channel();
        let (start, saved) = (now(), done.clone());
        store.save(draft.clone(), move |result| {
            // The clock is read where the answer is known; what comes after is not the store's.
            let took = start.elapsed();
            let _ = saved.send(result.map(|()| took));
        });
        round.saves.push(answered(durable.recv())?);
        let start = now();
        store.freeze(draft, outcome, took_ms, move |result| {
            let took = start.elapsed();
            let _ = done.send(result.map(|_| took));
        });
        round.freezes.push(answered(durable.recv())?);
    }
    Ok(round)
}

fn answered<E: std::error::Error + Send + Sync + 'static>(
    answer: Result<Result<Duration, E>, std::sync::mpsc::RecvError>,
) -> Result<f64> {
    Ok(micros(answer.context("the store's thread has ended")??))
}

fn round_of_floor(bare: &Bare, shoppers: &mut Shoppers, seq: &mut u64) -> Result<Round> {
    let mut round = Round::default();
    for _ in 0..VISITS {
        *seq += 1;
        let visit = shoppers.next_visit();
        let draft = serde_json::to_vec(&visit.draft)?;
        let record = visit.into_record(*seq);
        for (bytes, times) in [(draft, &mut round.saves), (record, &mut round.freezes)] {
            let start = now();
            bare.save(&bytes)?;
            times.push(micros(start.elapsed()));
        }
    }
    Ok(round)
}
