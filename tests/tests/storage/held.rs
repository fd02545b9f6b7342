//! A PostgreSQL database of which somebody else holds something: a device, or all the tables, as a copy being made does.

use afterword_collector::DatabaseUrl;
use afterword_protocol::problem::ProblemType;
use afterword_tests::cluster::{Cluster, Session, psql};
use afterword_tests::wait::until;
use afterword_tests::{Desk, Device, device};
use anyhow::{Context as _, Result};
use std::path::Path;

use super::place::Place;

/// What whoever changes the tables locks.
const TABLES_LOCK: i64 = 0x4157_4331_0000_0002;

const DAY_MS: u64 = 86_400_000;

fn lock_number(device: &Device) -> i64 {
    let id = device.identity.enrolled().device;
    i64::from_be_bytes(std::array::from_fn(|place| id.as_bytes()[place]))
}

/// Waits until somebody waits for a lock for at least so many seconds.
async fn somebody_waits(url: &str, seconds: u32) -> Result<()> {
    let waits = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and now() - query_start >= '{seconds} s'"
    );
    until("somebody who waits for a lock", || Ok((psql(url, &waits)?.trim() != "0").then_some(()))).await
}

/// Three devices that one thread of the collector writes for, so that their batches are one transaction when they come while it waits.
async fn three_of_one_writer(desk: &Desk) -> Result<[Device; 3]> {
    let mut groups: [Vec<Device>; 4] = Default::default();
    for number in 0..9 {
        let device = Device::enrol(desk, &format!("Exit {number}")).await?.with_records(2, number);
        let group = &mut groups[usize::from(device.identity.enrolled().device.as_bytes()[0]) % 4];
        group.push(device);
        if group.len() == 3 {
            return std::mem::take(group).try_into().ok().context("three");
        }
    }
    anyhow::bail!("of nine devices no three have one writer")
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_device_that_somebody_holds_is_told_to_come_later_and_the_others_are_stored() -> Result<()> {
    let url = Cluster::shared()?.database()?;
    let mut desk = Desk::new()?;
    desk.keep_in(&url);
    let collector = desk.collector()?;
    let [first, held, free] = three_of_one_writer(&desk).await?;
    let mut session = Session::open(&url)?;
    session.say("begin")?;
    for device in [&first, &held] {
        session
            .say(&format!("do $$ begin perform pg_advisory_xact_lock({}); end $$", lock_number(device)))?;
    }
    let ((_, one), (_, two), (header, three)) = (first.batch(1, 2), held.batch(1, 2), free.batch(1, 2));
    let later = async {
        // While the first is waited for, the other two come.
        somebody_waits(&url, 0).await?;
        Ok::<_, anyhow::Error>(tokio::join!(held.send(two), free.send(three)))
    };
    let (one, others) = tokio::join!(first.send(one), later);
    let (two, three) = others?;
    free.receipt(&three?, &header)?;
    for answer in [one?, two?] {
        assert_eq!(device::problem(&answer)?.kind, ProblemType::Busy);
    }
    drop(session);
    first.deliver(1, 2).await?;
    held.deliver(1, 2).await?;
    collector.terminate()?;
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_month_that_comes_while_a_copy_is_made_is_made_afterwards() -> Result<()> {
    let url = Cluster::shared()?.database()?;
    let mut place = Place::on(Some(DatabaseUrl::parse(&url)?))?;
    let till = place.device("Exit", 6)?;
    place.receipt(&till, 1, 2)?;
    let mut copy = Session::open(&url)?;
    // As pg_dump does.
    copy.say("begin; lock table records, receipts in access share mode")?;
    place.clock.advance_ms(80 * DAY_MS);
    place.restart()?;
    place.receipt(&till, 3, 4)?;
    let rows = |part: &str| psql(&url, &format!("select count(*) from {part}"));
    assert_eq!(rows("records_rest")?.trim(), "2");
    drop(copy);
    place.restart()?;
    place.receipt(&till, 5, 6)?;
    assert_eq!(place.verified()?.records(), 6);
    let (rest, month) = (rows("records_rest")?, rows("records_2027_02")?);
    assert_eq!((rest.trim(), month.trim()), ("0", "4"));
    assert_eq!(rows("receipts_2027_02")?.trim(), "2");
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_step_for_a_table_that_somebody_holds_is_made_at_the_next_start() -> Result<()> {
    let (mut place, url) = before_the_last_step()?;
    let mut copy = Session::open(&url)?;
    copy.say("begin; lock table server in access share mode")?;
    let said = place.restart().err().context("it has changed the table")?.to_string();
    assert!(said.contains("another program") && said.contains("run this again"), "{said}");
    drop(copy);
    place.restart()?;
    let till = place.device("Exit", 2)?;
    place.receipt(&till, 1, 2)?;
    Ok(())
}

/// However long another collector takes to bring the tables up to date, the one that starts meanwhile waits for it.
#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_start_waits_for_another_one_that_changes_the_tables() -> Result<()> {
    let (mut place, url) = before_the_last_step()?;
    let mut other = Session::open(&url)?;
    other.say(&format!("begin; do $$ begin perform pg_advisory_xact_lock({TABLES_LOCK}); end $$"))?;
    let start = std::thread::spawn(move || place.restart().map(|()| place));
    // Longer than one waits for any other lock.
    somebody_waits(&url, 6).await?;
    drop(other);
    let place = start.join().ok().context("the start broke down")??;
    let till = place.device("Exit", 2)?;
    place.receipt(&till, 1, 2)?;
    Ok(())
}

/// A database of a collector as it was before a step that changes the table `server`, and those after it.
fn before_the_last_step() -> Result<(Place, String)> {
    let url = Cluster::shared()?.database()?;
    let place = Place::on(Some(DatabaseUrl::parse(&url)?))?;
    // What the steps made is dropped, the last first, back to the last one that changes a table which is there.
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../sync/collector/src/storage/migrations/postgres");
    let mut steps = std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    steps.sort();
    let mut undo = String::new();
    while let Some(step) = steps.pop() {
        let text = std::fs::read_to_string(&step)?;
        for line in text.lines().rev() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["create", "table", table, ..] => undo += &format!("drop table {table} cascade;"),
                ["alter", "table", table, "add", "column", column, ..] => {
                    undo += &format!("alter table {table} drop column {column};");
                }
                // An index on a table from before goes with no table.
                ["create", "index", index, ..] => undo += &format!("drop index if exists {index};"),
                _ => {}
            }
        }
        let name = step.file_stem().and_then(|name| name.to_str()).context("a name of letters")?;
        undo += &format!("delete from afterword_migrations where name = '{name}';");
        if text.contains("alter table server") {
            break;
        }
    }
    psql(&url, &undo)?;
    Ok((place, url))
}
