//! The loop end to end with the real programs, the collector on PostgreSQL.

use afterword_collector::DatabaseUrl;
use afterword_tests::Desk;
use afterword_tests::cluster::Cluster;
use afterword_tests::kills::kill_in_turn;
use afterword_tests::ratings::open_store;
use anyhow::{Context, Result, ensure};

fn desk() -> Result<Desk> {
    let mut desk = Desk::new()?;
    desk.keep_in(&Cluster::shared()?.database()?);
    Ok(desk)
}

/// That the collector's chain is the kiosk's, to its end; the number of its records. The kiosk must have ended.
fn proven(desk: &Desk) -> Result<u64> {
    let store = open_store(&desk.path("kiosk"), 1)?;
    let position = store.position()?;
    let report = desk.told("afterword-collector", &["verify", "--json", "--data", "collector"])?;
    ensure!(report["sound"] == true, "{report}");
    let chains = report["stores"].as_array().context("stores")?;
    let epoch = position.epoch.to_string();
    let chain = chains.iter().find(|chain| chain["epoch"] == epoch.as_str()).context("the kiosk's store")?;
    ensure!(chain["records"] == position.last_seq, "{report} instead of {}", position.last_seq);
    ensure!(chain["head"] == position.head.to_string().as_str(), "{report}");
    ensure!(!desk.path("collector/collector.db").exists(), "nothing of it is in a file");
    store.close()?;
    Ok(position.last_seq)
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_tap_becomes_a_receipt_and_the_password_is_nowhere() -> Result<()> {
    let mut desk = Desk::new()?;
    // Nobody is asked for one here; whoever is must not find it in a log.
    let url = Cluster::shared()?.database()?.replace("user=afterword", "user=afterword&password=s3cret");
    DatabaseUrl::parse(&url)?;
    desk.keep_in(&url);
    let collector = desk.collector()?;
    desk.enrol()?;
    let kiosk = desk.kiosk(5)?;
    let agent = desk.agent()?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    desk.everything_received(1).await?;
    kiosk.end_of_input()?;
    agent.kill()?;
    assert!(!collector.errors().contains("s3cret"), "{}", collector.errors());
    collector.kill()?;
    assert!(proven(&desk)? >= 5);
    let help = desk.run("afterword-collector", &["verify", "--help"])?;
    assert!(!help.everything().contains("s3cret"));
    let held = desk.told("afterword-collector", &["backup", "--to", "x", "--json", "--data", "collector"])?;
    assert!(held["records"].as_u64() >= Some(5), "{held}");
    let restore = desk.run("afterword-collector", &["restore", "--from", "x", "--data", "collector"])?;
    let said = restore.everything();
    assert!(restore.code == Some(1) && said.contains("already") && !said.contains("s3cret"), "{said}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn killing_any_of_the_three_at_any_moment_loses_nothing() -> Result<()> {
    let mut desk = desk()?;
    let victims = ["kiosk", "agent", "collector", "collector", "kiosk", "agent"];
    let promised = kill_in_turn(&mut desk, &victims).await?;
    let records = proven(&desk)?;
    assert!(records >= promised);
    counted_once(&desk, records)
}

/// That every record was looked at once, in the server that was killed or after it: what is counted is what a recount counts.
fn counted_once(desk: &Desk, records: u64) -> Result<()> {
    let ask = ["numbers", "--range", "2026-01-01..2027-12-31", "--json", "--data", "collector"];
    let found = desk.told("afterword-collector", &ask)?;
    let holdings = &found["holdings"];
    ensure!(holdings["looked_at"] == records && holdings["waiting"] == 0, "{holdings}, {records} are held");
    let again = desk.told("afterword-collector", &["numbers", "recount", "--json", "--data", "collector"])?;
    ensure!(again["records"] == records, "{again}");
    ensure!(desk.told("afterword-collector", &ask)? == found, "{found}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_stick_is_taken_in_beside_the_network() -> Result<()> {
    let mut desk = desk()?;
    std::fs::create_dir(desk.path("stick"))?;
    let collector = desk.collector()?;
    desk.enrol()?;
    collector.terminate()?;
    let kiosk = desk.kiosk(5)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    let places = ["--state", "sync", "--socket", "kiosk.sock"];
    let pack = [&["courier", "pack", "--out", "stick", "--json"], &places[..]].concat();
    let packed = desk.told("afterword-sync", &pack)?;
    let bundle = packed["bundles"][0]["file"].as_str().context("a bundle")?;
    let import = ["import", bundle, "--json", "--data", "collector"];
    let said = desk.told("afterword-collector", &import)?;
    assert_eq!(said["new"], said["records"]);
    let collector = desk.collector()?;
    assert_eq!(desk.told("afterword-collector", &import)?["new"], 0);
    let accept = [&["courier", "accept", "stick", "--json"], &places[..]].concat();
    desk.told("afterword-sync", &accept)?;
    kiosk.end_of_input()?;
    collector.kill()?;
    assert!(proven(&desk)? >= 5);
    Ok(())
}

/// Two collectors with the same keys and one database: a device that is told to deliver to the one is known to the other.
#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
async fn a_device_goes_on_at_another_collector_of_the_same_database() -> Result<()> {
    let database = Cluster::shared()?.database()?;
    let (mut first, mut second) = (Desk::new()?, Desk::new()?);
    first.keep_in(&database);
    second.keep_in(&database);
    let one = first.collector()?;
    first.enrol()?;
    let keys = second.path("collector");
    std::fs::create_dir_all(&keys)?;
    let status =
        std::process::Command::new("cp").arg("-a").arg(first.path("collector/pki")).arg(&keys).status()?;
    ensure!(status.success(), "the keys were not copied");
    let two = second.collector()?;
    let kiosk = first.kiosk(3)?;
    let agent = first.agent()?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    first.everything_received(1).await?;
    kiosk.end_of_input()?;
    let before = proven(&first)?;

    // The first one goes, and its address leads to the second.
    agent.kill()?;
    one.kill()?;
    two.terminate()?;
    second.answers_for(&first)?;
    let two = second.collector()?;
    let agent = first.agent()?;
    let kiosk = first.kiosk(3)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    first.everything_received(before + 1).await?;
    kiosk.end_of_input()?;
    agent.kill()?;
    two.kill()?;
    assert!(proven(&first)? > before);
    Ok(())
}
