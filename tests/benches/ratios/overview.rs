//! P13: how long head office's overview of thirty days takes, a year of 42 stores in the database, with ten million responses and with
//! one million.
//!
//! The records are written straight into the database and counted by the product, as it would count what devices send. On SQLite, and
//! on a PostgreSQL server of the tests' own where there is one. `AFTERWORD_P13_RESPONSES` says how many the smaller one has, for whoever
//! has not the disk (ten million take some 10 GB) or the time.

use std::path::Path;

use afterword_collector::Admin;
use afterword_collector::numbers::Scope;
use afterword_tests::chain::Chain;
use afterword_tests::cluster::Cluster;
use anyhow::{Context as _, Result, ensure};
use chrono::NaiveDate;

use crate::Wanted;
use crate::measure::{Better, Figure, Side, number, timed};

/// Responses of the smaller database, where nothing else is said.
const RESPONSES: f64 = 1e6;
/// So many times as many has the larger.
const TIMES: f64 = 10.0;
/// How often each is asked.
const ROUNDS: usize = 101;
/// The most that an answer may take, in milliseconds.
const LIMIT_MS: f64 = 50.0;

pub(crate) fn run(folder: &Path, wanted: &Wanted) -> Result<()> {
    if !wanted.has("P13") {
        return Ok(());
    }
    measure(&folder.join("sqlite"), ("P13", "SQLite"), || Ok(None))?;
    if cfg!(has_postgres) {
        measure(&folder.join("postgres"), ("P13-postgres", "PostgreSQL"), || {
            Cluster::shared()?.database().map(Some)
        })?;
    }
    Ok(())
}

fn measure(
    folder: &Path,
    (id, on): (&'static str, &str),
    database: impl Fn() -> Result<Option<String>>,
) -> Result<()> {
    let until = NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default();
    let smaller = match std::env::var("AFTERWORD_P13_RESPONSES") {
        Ok(said) => said.parse().context("AFTERWORD_P13_RESPONSES is no number")?,
        Err(_) => RESPONSES,
    };
    let mut sides = Vec::new();
    for (name, responses) in [("small", smaller), ("large", smaller * TIMES)] {
        let chain = Chain { stores: 42, kiosks: 3, until, days: 365, responses, seed: 7 };
        let filled = chain.fill(&folder.join(name), database()?.as_deref())?;
        let mut admin = filled.admin()?;
        let (records, took) = timed(|| Ok(admin.count()?))?;
        ensure!(records == filled.responses, "not everything was counted");
        let per_second = records as f64 / took.as_secs_f64();
        println!("P13 in detail: {records} records were counted on {on}, {} a second", number(per_second));
        sides.push((admin, records));
    }
    let last_day = until.signed_duration_since(NaiveDate::default()).num_days();
    let mut figure = Figure {
        id,
        what: format!("the overview of 42 stores on {on}, {} and {} responses held", sides[1].1, sides[0].1),
        unit: "ms",
        ours: Side::named("the larger"),
        floor: Side::named("the smaller"),
        target: 1.3,
        better: Better::Lower,
    };
    for _ in 0..ROUNDS {
        for (side, (admin, _)) in [&mut figure.floor, &mut figure.ours].into_iter().zip(&sides) {
            side.rounds.push(asked(admin, last_day)?);
        }
    }
    let slowest = figure.ours.rounds.iter().copied().fold(0.0, f64::max);
    println!(
        "P13 in detail: the slowest of {ROUNDS} answers on {on} took {} ms, {LIMIT_MS} are allowed",
        number(slowest)
    );
    figure.report();
    Ok(())
}

fn asked(admin: &Admin, last_day: i64) -> Result<f64> {
    let scope = Scope { first_day: last_day - 29, last_day, ..Scope::default() };
    let (found, took) = timed(|| Ok(admin.overview(&scope)?))?;
    ensure!(found.stores.len() == 42, "too few responses to tell anything");
    Ok(took.as_secs_f64() * 1e3)
}
