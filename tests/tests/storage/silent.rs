//! A PostgreSQL server that takes connections and then says nothing: everything that waits for it ends, says that nothing was stored, and
//! goes on when the server does.

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use afterword_collector::{Admin, Config, DatabaseUrl, InProcess};
use afterword_model::carried::{Origin, wrap};
use afterword_model::ports::ManualClock;
use afterword_model::record::StoreEpoch;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::Desk;
use afterword_tests::cluster::Cluster;
use afterword_tests::mute::{Mute, SOCKET};
use anyhow::{Context as _, Result};

use super::place::{Place, problem, rating};

/// A place on a database that can be made silent; it is given a second for each answer.
fn place() -> Result<(Place, Mute)> {
    let url = Cluster::shared()?.database()?;
    let line = Mute::before(&url)?;
    let url = format!("{}&connect_timeout=1&answer_timeout=1", line.url(&url)?);
    Ok((Place::on(Some(DatabaseUrl::parse(&url)?))?, line))
}

#[test]
fn a_start_does_not_wait_for_a_server_that_says_nothing() -> Result<()> {
    let (folder, socket) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let _listener = UnixListener::bind(socket.path().join(SOCKET))?;
    let url =
        format!("postgres:///afterword?host={}&user=afterword&connect_timeout=1", socket.path().display());
    let config = Config { database: Some(DatabaseUrl::parse(&url)?), ..Config::loopback(folder.path()) };
    let opened = InProcess::open_with(&config, Arc::new(ManualClock::at(0)), Arc::new(SystemEntropy));
    let said = opened.err().context("it has opened nothing")?.to_string();
    assert!(
        said.contains("the server did not answer within 1 s") && said.contains("--database-url"),
        "{said}"
    );
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn of_two_servers_the_one_that_speaks_is_used() -> Result<()> {
    let (url, socket) = (Cluster::shared()?.database()?, tempfile::tempdir()?);
    let _listener = UnixListener::bind(socket.path().join(SOCKET))?;
    let both = url.replace("host=", &format!("host={},", socket.path().display()));
    let place = Place::on(Some(DatabaseUrl::parse(&format!("{both}&connect_timeout=1"))?))?;
    let till = place.device("Exit", 2)?;
    place.receipt(&till, 1, 2)?;
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_batch_is_told_as_not_stored_and_is_taken_when_the_server_speaks_again() -> Result<()> {
    let (place, line) = place()?;
    let till = place.device("Exit", 6)?;
    place.receipt(&till, 1, 2)?;
    line.hush();
    // First the reader meets the silence, then the connection that would be opened instead.
    for _ in 0..3 {
        problem(&place.send(&till, 3, 4)?, ProblemType::Internal)?;
    }
    let admin = Admin::open_with(
        place.folder.path(),
        place.database.as_ref(),
        place.clock.clone(),
        Arc::new(SystemEntropy),
    );
    let said = admin.err().context("it has opened nothing")?.to_string();
    assert!(said.contains("did not answer within 1 s"), "{said}");
    line.speak();
    place.receipt(&till, 3, 4)?;
    // Whether a commit was made of which nothing was heard is not known; what is sent again is held once.
    place.receipt(&till, 5, 6)?;
    assert_eq!(place.verified()?.records(), 6);
    Ok(())
}

/// The writer alone meets the silence: the reader has been answered before.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_statement_that_is_never_answered_ends_its_transaction() -> Result<()> {
    let (mut place, line) = place()?;
    line.hush();
    let said = place.restart().err().context("there is nobody to open it with")?.to_string();
    assert!(said.contains("did not answer within 1 s"), "{said}");
    line.speak();
    place.restart()?;
    let mut till = place.device("Exit", 4)?;
    // Enrolments ask no reader.
    let code = place.admin()?.device_replace("Exit", None)?.code.to_string();
    line.hush();
    for _ in 0..2 {
        assert_eq!(place.enrol(&till, &code)?.status, 500);
    }
    line.speak();
    let answer = place.enrol(&till, &code)?;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    till.enrolled = Some(serde_json::from_slice(&answer.body)?);
    place.receipt(&till, 1, 4)?;
    Ok(())
}

/// The real program, told to end while its database says nothing, with the limits that it has in the field.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_collector_ends_in_order_while_the_server_says_nothing() -> Result<()> {
    let url = Cluster::shared()?.database()?;
    let line = Mute::before(&url)?;
    let mut desk = Desk::new()?;
    desk.keep_in(&line.url(&url)?);
    let collector = desk.collector()?;
    line.hush();
    collector.terminate()?;
    Ok(())
}

/// What a batch costs in round trips does not grow with its records, however rare they are.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_batch_is_asked_for_as_often_as_a_record() -> Result<()> {
    const RECORDS: u64 = 120;
    let (url, mut trips) = (Cluster::shared()?.database()?, Vec::new());
    let line = Mute::before(&url)?;
    let place = Place::on(Some(DatabaseUrl::parse(&line.url(&url)?)?))?;
    for records in [2, RECORDS] {
        let mut till = place.device(&format!("Exit {records}"), records)?;
        place.receipt(&till, 1, records)?;
        // All of it was erased once, is carried into a new store, and told otherwise in the old one.
        place.admin()?.erase(&format!("Exit {records}"), (till.epoch, 1))?;
        let former = till.epoch;
        let told = std::mem::take(&mut till.records);
        till.records = (1..)
            .zip(&told)
            .map(|(seq, told)| Ok(wrap(seq, Origin { epoch: former, seq }, told)?))
            .collect::<Result<_>>()?;
        till.epoch = StoreEpoch::new([u8::try_from(records)?; 16]);
        let (_, carried) = line.turns_of(|| place.receipt(&till, 1, records))?;
        till.epoch = former;
        till.records = (1..=records)
            .map(|seq| {
                let mut other = rating(seq);
                other.took_ms += 1;
                other.to_bytes()
            })
            .collect();
        let (answer, told) = line.turns_of(|| place.send(&till, 1, records))?;
        problem(&answer, ProblemType::ChainConflict)?;
        trips.push((carried, told));
    }
    let report = place.admin()?.verify()?;
    assert_eq!(
        (report.copies, report.stores.iter().map(|store| store.quarantined).sum::<u64>()),
        (RECORDS + 2, RECORDS + 2)
    );
    let [(carried, told), (carried_many, told_many)] = trips[..] else { anyhow::bail!("{trips:?}") };
    assert!(carried_many < carried + 5 && told_many < told + 5, "{trips:?}");
    Ok(())
}

/// What came of a crowd is counted in as few round trips as what came of one.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_crowd_is_counted_as_often_as_a_device() -> Result<()> {
    const CROWD: u64 = 40;
    let url = Cluster::shared()?.database()?;
    let line = Mute::before(&url)?;
    let place = Place::on(Some(DatabaseUrl::parse(&line.url(&url)?)?))?;
    let mut admin = place.admin()?;
    let mut turns = Vec::new();
    for devices in [1, CROWD] {
        for number in 0..devices {
            let till = place.device(&format!("Exit {number} of {devices}"), 5)?;
            place.receipt(&till, 1, 5)?;
        }
        let (records, turn) = line.turns_of(|| Ok(admin.count()?))?;
        assert_eq!(records, 5 * devices);
        turns.push(turn);
    }
    assert!(turns[1] < turns[0] + 5, "{turns:?}");
    Ok(())
}
