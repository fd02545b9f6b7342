//! A power cut while a database of an older program is brought to this one's schema.

use std::path::Path;
use std::sync::{Arc, Mutex};

use afterword_kiosk_store::{Opened, Options, Store};
use afterword_model::case::{CasesAsk, Slas};
use afterword_model::ports::ManualClock;
use afterword_model::response::{
    Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
};
use afterword_model::tally::Tally;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::disk::{LossyDisk, Policy};
use afterword_tests::desk::folder_in_memory;
use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};

use crate::shelf::{freeze, sound};

const STARTED: Stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };

fn open(folder: &Path) -> Result<(Store, Opened)> {
    let (clock, entropy) = (Arc::new(ManualClock::at(1_000)), Arc::new(SystemEntropy));
    Ok(Store::open(folder, Options { clock, entropy, opens_cases: true })?)
}

/// Words that open a follow-up.
fn unhappy() -> Draft {
    let answer = |question: &str, value, at_ms| Answer { question: question.into(), value, at_ms };
    let answers = vec![
        answer("visit", AnswerValue::Face(1), 0),
        answer("words", AnswerValue::Comment("spilt milk".into()), 900),
    ];
    Draft { answers, ..Draft::begun("grocery-exit", 1, "en", STARTED) }
}

/// A database of schema 6 whose program has carried a follow-up's record without knowing what it is, and has counted in JSON.
fn of_schema_6(folder: &Path) -> Result<()> {
    let (store, _) = open(folder)?;
    freeze(&store, unhappy())?;
    ensure!(store.position()?.last_seq == 2, "a response and the step that opens its case");
    store.close()?;
    let mut tally = Tally::default();
    let response =
        Response { v: RESPONSE_VERSION, seq: 1, draft: unhappy(), outcome: Outcome::Completed, took_ms: 0 };
    tally.add(&response, 0);
    let connection = Connection::open(folder.join("kiosk.db"))?;
    connection.execute(
        "INSERT INTO tally (day, survey, touchpoint, language, flagged, responses, counts)
         VALUES (0, 'grocery-exit', '', 'en', 0, 1, ?1)",
        params![serde_json::to_string(&tally)?],
    )?;
    connection.execute_batch(
        "DROP TABLE settings; DROP TABLE settings_good; DROP TABLE settings_trial; DROP TABLE settings_refused;
         DROP TABLE cell; DROP TABLE hidden_words;
         DROP TABLE case_step; DROP TABLE case_status; DROP TABLE case_book; PRAGMA user_version = 6",
    )?;
    Ok(())
}

#[test]
fn f01_a_plug_pulled_between_a_migration_and_what_it_adopts_costs_no_follow_up() -> Result<()> {
    let folder = folder_in_memory()?;
    of_schema_6(folder.path())?;
    let disk = LossyDisk::on(folder.path())?;
    let images = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&images);
    disk.observe(move |moment| {
        let place = format!("operation {} ({})", moment.number, moment.operation);
        if let Ok(mut taken) = taken.lock() {
            let each = [Policy::Dropped, Policy::Kept, Policy::Torn(moment.number)];
            taken.extend(each.map(|policy| (moment.image(policy), format!("{place}, {policy}"))));
        }
    });
    open(folder.path())?.0.close()?;
    drop(disk);
    let images = std::mem::take(&mut *images.lock().ok().context("an observer panicked")?);
    ensure!(images.len() > 60, "only {} cuts", images.len());
    for (image, place) in images {
        let folder = folder_in_memory()?;
        image.restore(folder.path())?;
        let (store, opened) = open(folder.path()).with_context(|| place.clone())?;
        ensure!(opened.set_aside.is_none(), "{place}: {opened:?}");
        ensure!(sound(&store).with_context(|| place.clone())?.len() == 2, "{place}");
        let ask = CasesAsk { now: STARTED, verified_since_ms: 0, limit: 9, slas: Slas::default() };
        let list = store.cases(&ask)?;
        ensure!(list.open == 1, "{place}: the follow-up is gone");
    }
    Ok(())
}
