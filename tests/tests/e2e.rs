//! The loop, end to end: three processes, one shop, and a hand on the plug.

use afterword_model::moment::Moment;
use afterword_sim::shopper::spots;
use afterword_tests::kills::kill_in_turn;
use afterword_tests::ratings::{open_store, responses};
use afterword_tests::wait::until;
use afterword_tests::{Desk, Program};
use anyhow::{Context, Result};

/// What `afterword-kiosk summary` says of all days there are.
fn summary(desk: &Desk) -> Result<serde_json::Value> {
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(desk.path("kiosk.toml"), config)?;
    let places = ["--config", "kiosk.toml", "--data", "kiosk", "--socket", "kiosk.sock"];
    let days = ["summary", "--json", "--from", "1970-01-01", "--to", "2970-01-01"];
    let output = desk.run("afterword-kiosk", &[&days[..], &places[..]].concat())?;
    anyhow::ensure!(output.code == Some(0), "{}", output.everything());
    Ok(serde_json::from_str(&output.stdout)?)
}

/// What `afterword-kiosk export` writes.
fn exported(desk: &Desk, file: &str) -> Result<String> {
    let places = ["--config", "kiosk.toml", "--data", "kiosk", "--socket", "kiosk.sock"];
    let output = desk.run("afterword-kiosk", &[&["export", "--out", file], &places[..]].concat())?;
    anyhow::ensure!(output.code == Some(0), "{}", output.everything());
    Ok(std::fs::read_to_string(desk.path(file))?)
}

#[tokio::test]
async fn a_tap_in_one_process_becomes_a_receipt_from_another() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let kiosk = desk.kiosk(5)?;
    let agent = desk.agent()?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    desk.everything_received(1).await?;
    let while_it_runs = summary(&desk)?;
    assert!(while_it_runs["responses"].as_u64() >= Some(5), "{while_it_runs}");
    let exported_while_it_runs = exported(&desk, "running.csv")?;
    assert!(exported_while_it_runs.lines().count() > 5, "{exported_while_it_runs}");
    kiosk.end_of_input()?;
    assert_eq!(exported(&desk, "ended.csv")?, exported_while_it_runs);
    assert_eq!(summary(&desk)?, while_it_runs, "the numbers are the same, whoever opens the database");
    agent.kill()?;
    collector.kill()?;
    desk.proven()?;
    Ok(())
}

#[tokio::test]
async fn killing_any_of_the_three_at_any_moment_loses_nothing() -> Result<()> {
    // One after another, and again in another order.
    let victims =
        ["kiosk", "agent", "collector", "collector", "kiosk", "kiosk", "agent", "collector", "agent"];
    let mut desk = Desk::new()?;
    let promised = kill_in_turn(&mut desk, &victims).await?;
    let collected = desk.proven()?;
    assert!(collected >= promised, "{promised} records were promised, both ends hold {collected}");
    Ok(())
}

#[tokio::test]
async fn the_device_port_refuses_whoever_shows_no_certificate() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    let ca = std::fs::read(desk.path("collector/pki/server-ca.pem"))?;
    // Another test of this process may have installed it before; either way it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stranger =
        reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&ca)?]).build()?;
    let url = format!("https://localhost:{}/v1/batches", desk.device_address()?.port());
    let refused = stranger.post(url).send().await;
    assert!(refused.is_err(), "a stranger got an answer: {refused:?}");
    Ok(())
}

#[test]
fn what_a_till_tells_goes_with_the_next_response_and_no_other() -> Result<()> {
    let desk = Desk::in_memory()?;
    let mut kiosk = desk.kiosk(0)?;
    let till = |words: &[&str]| {
        desk.run("afterword-kiosk", &[&["moment", "--socket", "kiosk.sock"], words].concat())
    };
    for (words, complaint) in [
        (&["checkout", "Lane=3"][..], "`Lane` is no name"),
        (&["checkout", "lane=3", "lane=4"], "`lane` is given twice"),
        (&["checkout", "lane="], "the value of `lane` is empty"),
    ] {
        let refused = till(words)?;
        assert_eq!(refused.code, Some(1), "{}", refused.everything());
        assert!(refused.stderr.contains(complaint), "{}", refused.everything());
    }
    let told = till(&["checkout", "lane=3", "receipt=0047-1183"])?;
    assert_eq!(told.code, Some(0), "{}", told.everything());
    for _ in 0..2 {
        kiosk.tap(spots::face(5))?;
        assert_eq!(kiosk.hand("wait 1000")?.page, "thanks");
        kiosk.hand("wait 120000")?;
    }
    kiosk.end_of_input()?;
    let store = open_store(&desk.path("kiosk"), 1)?;
    let moments: Vec<_> = responses(&store)?.into_iter().map(|(_, response)| response.draft.moment).collect();
    let context = [("lane", "3"), ("receipt", "0047-1183")].map(|(key, value)| (key.into(), value.into()));
    assert_eq!(moments, [Some(Moment::new("checkout", context.into())?), None]);

    let nobody = till(&["checkout"])?;
    assert!(nobody.code == Some(1) && nobody.stderr.contains("no kiosk answers"), "{}", nobody.everything());
    Ok(())
}

/// The three words on a kiosk's thanks page, where there are any.
fn code(kiosk: &mut Program) -> Result<Option<String>> {
    kiosk.say("code")?;
    let words = kiosk.line(|line| line.strip_prefix("code ").map(str::to_owned))?;
    kiosk.line(|line| line.starts_with("at ").then_some(()))?;
    Ok(serde_json::from_str(&words)?)
}

#[tokio::test]
async fn an_unhappy_shopper_takes_three_words_along_and_head_office_finds_the_answer_by_them() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;

    kiosk.tap(spots::face(5))?;
    assert_eq!(kiosk.hand("wait 1000")?.page, "thanks");
    assert_eq!(code(&mut kiosk)?, None, "who was content has nothing to ask");
    kiosk.hand("wait 120000")?;
    kiosk.tap(spots::face(2))?;
    kiosk.hand("wait 1000")?;
    assert_eq!(code(&mut kiosk)?, None);
    let thanked = kiosk.tap(spots::FINISH)?;
    assert_eq!((thanked.page.as_str(), thanked.last_seq), ("thanks", 2));
    let words = code(&mut kiosk)?.context("three words stand on the thanks page")?;
    // Long enough to be written down, and not for the next shopper.
    assert_eq!(kiosk.hand("wait 15000")?.page, "thanks");
    kiosk.hand("wait 6000")?;
    assert_eq!(code(&mut kiosk)?, None);
    // Whoever walks away takes nothing along, and their record has nothing.
    kiosk.tap(spots::face(1))?;
    assert_eq!(kiosk.hand("wait 120000")?.last_seq, 3);

    desk.everything_received(3).await?;
    let find = |words: &str| {
        desk.run("afterword-collector", &["follow-up", "find", words, "--json", "--data", "collector"])
    };
    let found = find(&words.to_uppercase())?;
    assert_eq!(found.code, Some(0), "{}", found.everything());
    let record: serde_json::Value = serde_json::from_str(&found.stdout)?;
    let said = ["device_name", "seq", "survey", "rating", "rating_max"].map(|name| record[name].to_string());
    assert_eq!(said, ["\"Exit\"", "2", "\"grocery-exit\"", "2", "5"]);

    // The words are in the record, and nowhere that somebody else would read.
    let epoch = record["epoch"].as_str().context("it stands in an epoch")?;
    let wrong = find("abacus-abacus-abacus")?;
    let doctor =
        desk.run("afterword-kiosk", &["doctor", "--json", "--data", "kiosk", "--socket", "kiosk.sock"])?;
    let status = desk.agent_status()?.to_string();
    let logs = [kiosk.errors(), agent.errors(), collector.errors(), doctor.everything(), status];
    for log in &logs {
        // One of them may be a word of the log's own, such as `true`; all three are there for a reason.
        let said: Vec<&str> = log.split(|letter: char| !letter.is_alphanumeric()).collect();
        assert!(!words.split(' ').all(|word| said.contains(&word)), "{words} in {log}");
    }
    assert_eq!(wrong.code, Some(1), "{}", wrong.everything());

    let place = format!("{epoch}/2");
    let erased =
        desk.run("afterword-collector", &["erase", "Exit", "--record", &place, "--data", "collector"])?;
    assert_eq!(erased.code, Some(0), "{}", erased.everything());
    let gone = find(&words)?;
    assert!(
        gone.code == Some(1) && gone.stderr.contains("no record with these words"),
        "{}",
        gone.everything()
    );
    Ok(())
}

/// What stands on the strip of a kiosk's panel, after a while: what was said, and what was done.
fn strip(kiosk: &mut Program) -> Result<Option<(String, String)>> {
    // Whatever has come over the socket is on the panel by then.
    kiosk.hand("wait 0")?;
    kiosk.say("strip")?;
    let note = kiosk.line(|line| line.strip_prefix("strip ").map(str::to_owned))?;
    kiosk.line(|line| line.starts_with("at ").then_some(()))?;
    let note: Option<[String; 3]> = serde_json::from_str(&note)?;
    Ok(note.map(|[said, did, _]| (said, did)))
}

/// Noon of 2026-11-24.
const NOON_MS: i64 = 1_795_521_600_000;

/// Starts a kiosk on whose panel it is noon, and stays so until a hand lets time pass.
fn kiosk_at_noon(desk: &Desk) -> Result<Program> {
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n
        [[changes]]\ndate = 2026-11-12\nsaid = { en = \"its own\" }\ndid = { en = \"words\" }\n";
    std::fs::write(desk.path("kiosk.toml"), config)?;
    let mut command = desk.kiosk_command(0);
    command.args(["--config", "kiosk.toml", "--clock", &NOON_MS.to_string()]);
    let kiosk = Program::start(command)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    Ok(kiosk)
}

/// What `afterword-collector change` prints.
fn change(desk: &Desk, words: &[&str]) -> Result<String> {
    let output = desk.run("afterword-collector", &[&["change"], words, &["--data", "collector"]].concat())?;
    anyhow::ensure!(output.code == Some(0), "{}", output.everything());
    Ok(output.stdout)
}

#[tokio::test]
async fn what_head_office_changed_is_on_the_strip_and_goes_when_it_is_withdrawn() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let note = |said: &str, did: &str| Some((said.to_owned(), did.to_owned()));
    let (own, sent) = (note("its own", "words"), note("Queues too long", "Two more tills are open"));

    let mut kiosk = kiosk_at_noon(&desk)?;
    let agent = desk.agent()?;
    assert_eq!(strip(&mut kiosk)?, own);
    let added = change(
        &desk,
        &[
            "add",
            "--json",
            "--said",
            "en=Queues too long",
            "--did",
            "en=Two more tills are open",
            "--date",
            "2026-11-12",
            "--until",
            "2999-12-31",
            "--device",
            "Exit",
        ],
    )?;
    until("the change is on the strip", || Ok((strip(&mut kiosk)? == sent).then_some(()))).await?;

    // After a power cut, with nobody to ask.
    collector.kill()?;
    agent.kill()?;
    kiosk.kill()?;
    let mut kiosk = kiosk_at_noon(&desk)?;
    assert_eq!(strip(&mut kiosk)?, sent);
    // Its last day goes by, in London's time; and comes again when somebody puts the clock right.
    let thousand_years_on_ms = 32_503_680_000_000_i64;
    kiosk.hand(&format!("clock {}", thousand_years_on_ms - 1))?;
    assert_eq!(strip(&mut kiosk)?, sent);
    kiosk.hand(&format!("clock {thousand_years_on_ms}"))?;
    assert_eq!(strip(&mut kiosk)?, own);
    kiosk.hand("clock 0")?;
    assert_eq!(strip(&mut kiosk)?, sent, "nothing is over by a clock that is unset");
    kiosk.hand(&format!("clock {NOON_MS}"))?;

    // Somebody uses it, and the strip is as before.
    kiosk.tap(spots::face(5))?;
    kiosk.hand("wait 120000")?;
    assert_eq!(strip(&mut kiosk)?, sent);

    let id = serde_json::from_str::<serde_json::Value>(&added)?["id"].to_string();
    change(&desk, &["withdraw", &id])?;
    let collector = desk.collector()?;
    let agent = desk.agent()?;
    until("the strip is its own again", || Ok((strip(&mut kiosk)? == own).then_some(()))).await?;
    desk.close(kiosk, agent, collector, 1).await
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_one_sentence() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    std::fs::write(desk.path("rubbish.pem"), "rubbish")?;
    std::fs::create_dir(desk.path("foreign"))?;
    std::fs::write(desk.path("foreign/kiosk.db"), "SQLite format 3 it is not, but somebody's file")?;
    let port = desk.device_address()?.to_string();
    let url = "https://localhost:1";
    let cases: [(&str, &[&str], &str); 7] = [
        ("afterword-kiosk", &["follow-ups", "--config", "none.toml"], "none.toml"),
        ("afterword-sync", &["run", "--state", "nothing"], "afterword-sync enrol"),
        (
            "afterword-sync",
            &["enrol", "--collector", url, "--code", "K7QM-2XJP-9WT0", "--ca", "rubbish.pem", "--state", "s"],
            "rubbish.pem",
        ),
        (
            "afterword-sync",
            &[
                "enrol",
                "--collector",
                url,
                "--code",
                "K7QM-2XJP-9WT0",
                "--ca",
                "collector/pki/server-ca.pem",
                "--state",
                "s",
            ],
            "localhost:1",
        ),
        (
            "afterword-collector",
            &[
                "serve",
                "--data",
                "other",
                "--listen",
                &port,
                "--enrol-listen",
                "127.0.0.1:0",
                "--web-listen",
                "127.0.0.1:0",
            ],
            "in use",
        ),
        ("afterword-collector", &["verify", "--data", "nothing"], "nothing"),
        ("afterword-sim", &["prove", "--kiosk", "foreign", "--collector", "collector"], "kiosk.db"),
    ];
    for (program, arguments, expected) in cases {
        let output = desk.run(program, arguments)?;
        assert_eq!(output.code, Some(1), "{program} {arguments:?}: {}", output.everything());
        assert!(output.stderr.contains(expected), "{program} {arguments:?}: {}", output.everything());
        assert!(!output.stderr.contains("panicked"), "{}", output.everything());
        let reasons = output.stderr.matches("os error").count();
        assert!(reasons <= 1, "a reason is given once: {}", output.everything());
        assert_eq!(
            output.stderr.trim().lines().count(),
            1,
            "{program} {arguments:?}: {}",
            output.everything()
        );
    }
    let foreign = std::fs::read_to_string(desk.path("foreign/kiosk.db"))?;
    assert_eq!(foreign, "SQLite format 3 it is not, but somebody's file", "a foreign file stays as it was");
    assert!(
        !desk.path("s/identity.json").exists() && !desk.path("other").exists(),
        "nothing is half-written"
    );
    Ok(())
}
