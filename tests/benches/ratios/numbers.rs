//! P6: how long the numbers of thirty days take, with ten million responses in the database and with a hundredth of that.
//!
//! Both hold a year of the same shop. Ten million freezes one by one would take an hour, so the records are written by a hand
//! of this benchmark, many in a transaction: the same bytes and heads, and cells of the product's own counting, as the program
//! before left them. The store then opens the file as it would one of that program's.

use std::collections::BTreeMap;
use std::path::Path;

use afterword_kiosk_store::Store;
use afterword_model::record::{Head, genesis, next_head};
use afterword_model::response::{RESPONSE_VERSION, Response};
use afterword_model::summary::Ask;
use afterword_model::tally::{Cell, Tally};
use afterword_sim::traffic::shape::{Shape, Visits};
use afterword_tests::ratings::open_store;
use anyhow::{Result, ensure};
use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::Wanted;
use crate::measure::{Better, Figure, Side, number, timed};

/// Responses of the smaller database, and of the larger.
const RESPONSES: [f64; 2] = [1e5, 1e7];
/// How often each is asked.
const ROUNDS: usize = 201;
/// The most that an answer may take, in milliseconds.
const LIMIT_MS: f64 = 5.0;

pub(crate) fn run(folder: &Path, wanted: &Wanted) -> Result<()> {
    if !wanted.has("P6") {
        return Ok(());
    }
    let until = NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default();
    let shape = |responses: f64| Shape {
        until,
        days: 365,
        per_day: responses / 365.0,
        seed: 7,
        zone: chrono_tz::Europe::London,
    };
    let mut stores = Vec::new();
    for (name, responses) in ["small", "large"].into_iter().zip(RESPONSES) {
        let folder = folder.join(name);
        let written = write(&folder, &shape(responses))?;
        let store = open_store(&folder, 1)?;
        ensure!(store.position()?.last_seq == written, "the store does not hold what was written");
        stores.push((store, written));
    }
    let last_day = until.signed_duration_since(NaiveDate::default()).num_days();
    let mut figure = Figure {
        id: "P6",
        what: format!(
            "the numbers of 30 days, {} and {} responses in the database",
            stores[1].1, stores[0].1
        ),
        unit: "µs",
        ours: Side::named("the larger"),
        floor: Side::named("the smaller"),
        target: 1.3,
        better: Better::Lower,
    };
    for _ in 0..ROUNDS {
        for (side, (store, _)) in [&mut figure.floor, &mut figure.ours].into_iter().zip(&stores) {
            side.rounds.push(asked(store, last_day)?);
        }
    }
    let slowest = figure.ours.rounds.iter().copied().fold(0.0, f64::max) / 1e3;
    println!(
        "P6 in detail: the slowest of {ROUNDS} answers took {} ms, {LIMIT_MS} are allowed",
        number(slowest)
    );
    figure.report();
    Ok(())
}

fn asked(store: &Store, last_day: i64) -> Result<f64> {
    let (summary, took) = timed(|| Ok(store.summary(Ask::days(last_day - 29, last_day))?))?;
    ensure!(summary.responses > 1_000, "too few responses to tell anything");
    Ok(took.as_secs_f64() * 1e6)
}

/// Writes a store of that shape into the folder; how many responses it holds.
fn write(folder: &Path, shape: &Shape) -> Result<u64> {
    let store = open_store(folder, 1)?;
    let epoch = store.position()?.epoch;
    store.close()?;
    let mut connection = Connection::open(folder.join("kiosk.db"))?;
    let transaction = connection.transaction()?;
    let mut cells: BTreeMap<Cell, Tally> = BTreeMap::new();
    let (mut seq, mut head): (u64, Head) = (0, genesis(&epoch));
    {
        let mut insert = transaction
            .prepare("INSERT INTO record (seq, bytes, head, frozen_ms) VALUES (?1, ?2, ?3, ?4)")?;
        for visit in Visits::of(shape) {
            seq += 1;
            let response = Response {
                v: RESPONSE_VERSION,
                seq,
                draft: visit.draft,
                outcome: visit.outcome,
                took_ms: visit.took_ms,
            };
            let started = response.draft.started;
            let bytes = response.to_bytes();
            head = next_head(&head, &bytes);
            insert.execute(params![seq.cast_signed(), bytes, head.as_bytes(), started.wall_ms])?;
            let cell = Cell::of(&response, started.local_day());
            cells.entry(cell).or_default().add(&response, started.local_hour());
        }
        let mut insert = transaction.prepare(
            "INSERT INTO tally (day, survey, touchpoint, language, flagged, responses, counts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (Cell { day, survey, touchpoint, language, flagged }, tally) in &cells {
            let (responses, counts) = (tally.outcomes.total().cast_signed(), serde_json::to_string(tally)?);
            insert.execute(params![day, survey, touchpoint, language, flagged, responses, counts])?;
        }
        transaction.execute(
            "UPDATE store SET last_seq = ?1, head = ?2",
            params![seq.cast_signed(), head.as_bytes()],
        )?;
    }
    transaction.commit()?;
    Ok(seq)
}
