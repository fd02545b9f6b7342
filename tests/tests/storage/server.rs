//! What is PostgreSQL's alone: its keys, its parts by month, its indexes, its steps, and a server that is killed.

use std::path::Path;
use std::sync::Arc;

use afterword_collector::{Admin, Config, DatabaseUrl, InProcess};
use afterword_model::ports::ManualClock;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::cluster::{Cluster, psql};
use anyhow::{Result, bail};

use super::place::{Place, receipt};

/// Tables that are of no one device, as the first step names them.
const REFERENCE_TABLES: [&str; 21] = [
    "afterword_migrations",
    "all_days",
    "api_tokens",
    "audit",
    "changes",
    "day_notes",
    "device_codes",
    "device_names",
    "grants",
    "invitations",
    "people",
    "places",
    "retention",
    "rollouts",
    "server",
    "sessions",
    "setting_layers",
    "store_days",
    "store_tallies",
    "webhook_endpoints",
    "webhook_messages",
];

/// A collector on a database of the shared server, and that database.
fn collector() -> Result<(Place, String)> {
    let url = Cluster::shared()?.database()?;
    Ok((Place::on(Some(DatabaseUrl::parse(&url)?))?, url))
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn every_primary_key_and_unique_constraint_begins_with_the_device() -> Result<()> {
    let (_place, url) = collector()?;
    let keys = psql(
        &url,
        "select c.relname, coalesce(a.attname, '?') from pg_index i
         join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
         left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
         where i.indisunique and n.nspname = 'public' order by 1, 2",
    )?;
    let keys: Vec<(&str, &str)> = keys.lines().filter_map(|line| line.split_once('|')).collect();
    let mut others: Vec<&str> =
        keys.iter().filter(|(_, first)| *first != "device_id").map(|(table, _)| *table).collect();
    others.dedup();
    assert_eq!(others, REFERENCE_TABLES);
    let of_devices = [
        "records",
        "receipts",
        "stores",
        "heartbeats",
        "case_steps",
        "erased",
        "quarantine",
        "cells",
        "counted",
        "retained",
    ];
    for table in of_devices {
        assert!(keys.contains(&(table, "device_id")), "{table} has a key: {keys:?}");
    }
    let without = psql(
        &url,
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p')
           and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)",
    )?;
    assert_eq!(without, "", "tables without a primary key");
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn rows_stand_in_the_part_of_their_month_and_those_of_no_month_in_the_rest() -> Result<()> {
    let (place, url) = collector()?;
    let till = place.device("Exit", 4)?;
    place.receipt(&till, 1, 2)?;
    // Ten years on, with nobody who made room.
    place.clock.advance_ms(10 * 365 * 86_400_000);
    let collector = place.another()?;
    drop(collector);
    let count = |table: &str| psql(&url, &format!("select count(*) from {table}"));
    assert_eq!(count("records_2026_11")?.trim(), "2");
    assert_eq!(count("receipts_2026_11")?.trim(), "1");
    assert_eq!(count("records_rest")?.trim(), "0");
    let parts = psql(&url, "select count(*) from pg_inherits where inhparent = 'records'::regclass")?;
    // Three of then, three of now, and the rest.
    assert_eq!(parts.trim(), "7");
    psql(&url, "alter table records detach partition records_2026_11; drop table records_2027_01")?;
    psql(&url, "alter table records rename to elsewhere; alter table elsewhere rename to records")?;
    assert!(!place.admin()?.verify()?.is_sound(), "what was taken away is missed");
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_row_for_which_there_is_no_month_is_taken_and_found() -> Result<()> {
    let (place, url) = collector()?;
    let till = place.device("Exit", 4)?;
    place.receipt(&till, 1, 2)?;
    for part in ["records", "receipts"] {
        psql(&url, &format!("drop table {part}_2026_12; drop table {part}_2027_01"))?;
    }
    // A month on, before anybody made room again.
    place.clock.advance_ms(20 * 86_400_000);
    place.receipt(&till, 3, 4)?;
    assert_eq!(psql(&url, "select count(*) from records_rest")?.trim(), "2");
    assert_eq!(place.verified()?.records(), 4);
    // The next start makes room for that month, and they move there.
    let place_again = place.another()?;
    receipt(&till.send_to(&place_again, 1, 4)?)?;
    for (part, rows) in [("records_rest", "0"), ("records_2026_12", "2"), ("receipts_2026_12", "1")] {
        assert_eq!(psql(&url, &format!("select count(*) from {part}"))?.trim(), rows, "{part}");
    }
    assert_eq!(place.verified()?.records(), 4);
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn codes_and_cases_are_found_without_reading_every_record() -> Result<()> {
    let (_place, url) = collector()?;
    for letters in [r#""follow_up_code":["#, r#""case":{"of":{"epoch":""#] {
        let width = if letters.contains("case") { 84 } else { 48 };
        let found = format!("instr(bytes, cast('{letters}' as blob))");
        let part = format!("substr(bytes, {found}, {width})");
        let plan = psql(
            &url,
            &format!(
                "set enable_seqscan = off; explain select seq from records
                 where {found} > 0 and {part} >= '\\x01' and {part} < '\\x02'"
            ),
        )?;
        assert!(plan.contains("Index Cond") && !plan.contains("Seq Scan"), "{plan}");
    }
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn collectors_that_start_at_once_on_an_empty_database_are_one() -> Result<()> {
    let url = Cluster::shared()?.database()?;
    let (keys, place) = (Place::in_memory()?, tempfile::tempdir()?);
    let (url, place, keys) = (&url, &place, &keys);
    let start = |number: u32| -> Result<InProcess> {
        // A folder for each: in one they would wait for each other before they come to the database.
        let folder = place.path().join(number.to_string());
        keys.copy_keys_to(&folder)?;
        let config = Config { database: Some(DatabaseUrl::parse(url)?), ..Config::loopback(folder) };
        Ok(InProcess::open_with(&config, Arc::new(ManualClock::at(0)), Arc::new(SystemEntropy))?)
    };
    let started: Vec<Result<InProcess>> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|number| scope.spawn(move || start(number))).collect();
        starts.into_iter().map(|start| start.join().unwrap_or_else(|_| bail!("a start broke down"))).collect()
    });
    for collector in &started {
        assert!(collector.is_ok(), "{:?}", collector.as_ref().err());
    }
    assert_eq!(psql(url, "select count(*) from server")?.trim(), "1");
    assert_eq!(psql(url, "select count(*) from afterword_migrations")?.trim(), "21");
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn who_joins_later_signs_with_the_same_keys_and_for_the_same_epoch() -> Result<()> {
    let (place, _url) = collector()?;
    let till = place.device("Exit", 4)?;
    place.receipt(&till, 1, 2)?;
    let epoch = place.admin()?.server_epoch()?;
    let joins = |folder: &Path| {
        let config = Config { database: place.database.clone(), ..Config::loopback(folder) };
        InProcess::open_with(&config, place.clock.clone(), Arc::new(SystemEntropy))
    };
    // In a folder of its own, with the keys of the first.
    let folder = tempfile::tempdir()?;
    place.copy_keys_to(folder.path())?;
    let second = joins(folder.path())?;
    assert_eq!(place.admin()?.server_epoch()?, epoch, "the first goes on signing for it");
    receipt(&till.send_to(&second, 3, 4)?)?;
    assert_eq!(place.verified()?.records(), 4);
    // With keys of its own it is not let in, and changes nothing.
    let stranger = tempfile::tempdir()?;
    let refused = joins(stranger.path()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("a collector with other keys") && refused.contains("`pki`"), "{refused}");
    assert_eq!(place.admin()?.server_epoch()?, epoch);
    assert_eq!(place.verified()?.records(), 4);
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn tables_of_another_version_are_left_alone() -> Result<()> {
    let (place, url) = collector()?;
    let refused = || place.admin().err().map(|error| error.to_string()).unwrap_or_default();
    psql(&url, "insert into afterword_migrations values ('9999_later', 'x', 0)")?;
    assert!(refused().contains("newer afterword-collector"), "{}", refused());
    psql(&url, "delete from afterword_migrations where name = '9999_later'")?;
    psql(&url, "update afterword_migrations set checksum = 'x' where name = '0004_receipts'")?;
    assert!(refused().contains("step 0004_receipts"), "{}", refused());
    let empty = DatabaseUrl::parse(&Cluster::shared()?.database()?)?;
    let admin =
        Admin::open_with(place.folder.path(), Some(&empty), place.clock.clone(), Arc::new(SystemEntropy));
    let error = admin.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("there is no collector in the database postgres:///"), "{error}");
    Ok(())
}

/// What was signed for is there after a crash; what was under way is told as not stored and comes again.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_server_that_is_killed_again_and_again_loses_nothing_that_was_signed_for() -> Result<()> {
    const RECORDS: u64 = 90;
    let cluster = Cluster::alone()?;
    let place = Place::on(Some(DatabaseUrl::parse(&cluster.database()?)?))?;
    let till = place.device("Exit", RECORDS)?;
    std::thread::scope(|scope| -> Result<()> {
        let sender = scope.spawn(|| -> Result<u32> {
            let mut refused = 0;
            for first in (1..=RECORDS).step_by(2) {
                // Sent again until it is signed for, as an agent does.
                while let Err(error) = receipt(&place.send(&till, first, first + 1)?) {
                    refused += 1;
                    if refused > 200_000 {
                        return Err(error);
                    }
                }
            }
            Ok(refused)
        });
        for _ in 0..3 {
            cluster.kill()?;
            cluster.begin()?;
        }
        let refused = sender.join().unwrap_or_else(|_| bail!("the sender broke down"))?;
        assert!(refused > 0, "it was killed while nobody sent anything");
        Ok(())
    })?;
    let report = place.verified()?;
    assert_eq!(report.records(), RECORDS);
    assert!(report.receipts() >= RECORDS / 2, "{report:?}");
    Ok(())
}
