//! What head office decides is asked in the shop, stays there when the plug is pulled, and is taken back.

use afterword_kiosk::config::SHIPPED_SURVEY;
use afterword_kiosk_store::TRIAL_STARTS_MAX;
use afterword_protocol::settings::NO_SETTINGS;
use afterword_sim::shopper::spots;
use afterword_tests::ratings::{open_store, responses};
use afterword_tests::wait::until;
use afterword_tests::{Desk, Program};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// `afterword-collector settings …`.
fn at_head_office(desk: &Desk, words: &[&str]) -> Result<Value> {
    desk.told("afterword-collector", &[&["settings"], words, &["--json", "--data", "collector"]].concat())
}

/// What a command says that is refused.
fn refused(desk: &Desk, words: &[&str]) -> Result<String> {
    let output =
        desk.run("afterword-collector", &[&["settings"], words, &["--data", "collector"]].concat())?;
    ensure!(output.code == Some(1), "{}", output.everything());
    Ok(output.stderr)
}

/// Waits until the collector has heard from the device that it keeps or runs what it is to have, while a hand lets so much time pass
/// at the kiosk.
async fn until_it(desk: &Desk, kiosk: &mut Program, what: &str, wait: Option<&str>) -> Result<Value> {
    let look = || {
        if let Some(wait) = wait {
            kiosk.hand(wait)?;
        }
        let found = at_head_office(desk, &["show", "--device", "Exit"])?;
        let is_so = found["said"][what] == found["now"]["version"];
        Ok((is_so && found["layers_version"] != 0).then_some(found))
    };
    until(&format!("the device {what} what it is to have"), look).await
}

/// Somebody taps a face and goes.
fn somebody_rates(kiosk: &mut Program) -> Result<u64> {
    kiosk.tap(spots::face(5))?;
    let thanked = kiosk.hand("wait 1000")?;
    ensure!(thanked.page == "thanks", "{thanked:?}");
    kiosk.hand("wait 120000")?;
    Ok(thanked.last_seq)
}

#[tokio::test]
async fn a_survey_that_head_office_decides_is_asked_between_two_shoppers_and_stays() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    let spring = SHIPPED_SURVEY.replacen("\"grocery-exit\"", "\"spring\"", 1);
    std::fs::write(desk.path("spring.toml"), &spring)?;
    std::fs::write(desk.path("exit.toml"), "survey = \"spring.toml\"\n[hours]\nmon = [\"8-20\"]\n")?;
    let set = ["set", "--device", "Exit", "--file", "exit.toml"];
    let told = refused(&desk, &set)?;
    ensure!(told.contains("exit.toml: hours: `8-20` is no opening time"), "{told}");
    std::fs::write(desk.path("exit.toml"), "survey = \"spring.toml\"\n")?;
    std::fs::write(desk.path("spring.toml"), spring.replacen("[[questions]]", "[[questoins]]", 1))?;
    let told = refused(&desk, &set)?;
    ensure!(told.contains("spring.toml: survey: mistakes in it: "), "{told}");
    std::fs::write(desk.path("spring.toml"), &spring)?;
    at_head_office(&desk, &set)?;

    // Somebody has begun to answer when it comes.
    kiosk.tap(spots::face(2))?;
    kiosk.hand("wait 1000")?;
    at_head_office(&desk, &["rollout", "start", "--at-once", "--healthy-for", "0"])?;
    let kept = until_it(&desk, &mut kiosk, "kept", None).await?;
    assert_eq!(kept["from"], Value::Null);
    assert_eq!(kept["said"]["runs"], NO_SETTINGS.to_string(), "not under anybody's fingers");
    assert_eq!(kiosk.tap(spots::FINISH)?.page, "thanks");
    kiosk.hand("wait 120000")?;
    until_it(&desk, &mut kiosk, "runs", Some("wait 1000")).await?;
    let last_seq = somebody_rates(&mut kiosk)?;
    desk.everything_received(last_seq).await?;

    // It stays when the plug is pulled, with nobody to ask.
    collector.kill()?;
    agent.kill()?;
    kiosk.kill()?;
    let mut kiosk = desk.kiosk(0)?;
    somebody_rates(&mut kiosk)?;

    // Taken back, it is as the device's own file has it.
    let collector = desk.collector()?;
    let agent = desk.agent()?;
    at_head_office(&desk, &["rollout", "rollback"])?;
    let look = || {
        kiosk.hand("wait 1000")?;
        let found = at_head_office(&desk, &["show", "--device", "Exit"])?;
        Ok((found["said"]["runs"] == NO_SETTINGS.to_string()).then_some(()))
    };
    until("the device goes by its own file again", look).await?;
    let last_seq = somebody_rates(&mut kiosk)?;
    desk.close(kiosk, agent, collector, last_seq).await?;
    let store = open_store(&desk.path("kiosk"), 1)?;
    let asked: Vec<_> = responses(&store)?.into_iter().map(|(_, response)| response.draft.survey).collect();
    assert_eq!(asked, ["grocery-exit", "spring", "spring", "grocery-exit"]);
    Ok(())
}

#[tokio::test]
async fn a_roll_out_stops_by_itself_when_a_kiosk_refuses_and_the_kiosk_goes_on() -> Result<()> {
    let mut desk = Desk::new()?;
    let own = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n[alerts]\nunhappy_percent = 30\nclose_percent = 20\n";
    std::fs::write(desk.path("kiosk.toml"), own)?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut command = desk.kiosk_command(0);
    command.args(["--config", "kiosk.toml"]);
    let mut kiosk = Program::start(command)?;
    kiosk.line(|line| (line == "ready").then_some(()))?;
    let agent = desk.agent()?;
    std::fs::write(desk.path("low.toml"), "store_name = \"Mill Lane\"\n[alerts]\nclose_percent = 40\n")?;
    at_head_office(&desk, &["set", "--organisation", "--file", "low.toml"])?;
    at_head_office(&desk, &["rollout", "start", "--healthy-for", "0"])?;
    let look = || {
        kiosk.hand("wait 1000")?;
        let status = at_head_office(&desk, &["rollout", "status"])?;
        Ok((status["rollout"]["state"] == "stopped").then_some(status))
    };
    let stopped = until("the roll-out has stopped", look).await?;
    let reason = stopped["not_healthy"][0]["reason"].as_str().context("a reason")?;
    ensure!(reason.contains("alerts.close_percent: together with this device's own file"), "{reason}");
    let found = at_head_office(&desk, &["show", "--device", "Exit"])?;
    assert_eq!(found["said"]["runs"], NO_SETTINGS.to_string(), "what it had holds");
    assert_eq!(found["next"]["from"]["store_name"], "organisation");
    let last_seq = somebody_rates(&mut kiosk)?;
    desk.close(kiosk, agent, collector, last_seq).await
}

/// Waits until the roll-out stands so, while time passes at the kiosk.
async fn until_rolled(desk: &Desk, kiosk: &mut Program, state: &str) -> Result<Value> {
    let look = || {
        kiosk.hand("wait 1000")?;
        let status = at_head_office(desk, &["rollout", "status"])?;
        Ok((status["rollout"]["state"] == state).then_some(status))
    };
    until(&format!("the roll-out is {state}"), look).await
}

/// Has everybody's store called so from a roll-out on.
fn call_it(desk: &Desk, name: &str, rollout: &[&str]) -> Result<()> {
    std::fs::write(desk.path("name.toml"), format!("store_name = \"{name}\"\n"))?;
    at_head_office(desk, &["set", "--organisation", "--file", "name.toml"])?;
    at_head_office(desk, &[&["rollout", "start"], rollout].concat()).map(drop)
}

#[tokio::test]
async fn a_kiosk_that_falls_over_what_was_decided_goes_back_and_the_roll_out_stops() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    call_it(&desk, "Mill Lane", &["--at-once", "--healthy-for", "0"])?;
    let good = until_it(&desk, &mut kiosk, "runs", Some("wait 1000")).await?["said"]["runs"].clone();
    // A start lives with it for long enough.
    kiosk.end_of_input()?;
    let mut kiosk = desk.kiosk(0)?;
    kiosk.hand("wait 61000")?;
    until_rolled(&desk, &mut kiosk, "done").await?;
    call_it(&desk, "Quayside", &["--healthy-for", "24"])?;
    let bad = until_it(&desk, &mut kiosk, "runs", Some("wait 1000")).await?["said"]["runs"].clone();
    assert_ne!(bad, good);
    kiosk.kill()?;
    for _ in 0..TRIAL_STARTS_MAX {
        let mut kiosk = desk.kiosk(0)?;
        kiosk.hand("wait 59000")?;
        kiosk.kill()?;
    }

    let mut kiosk = desk.kiosk(0)?;
    let stopped = until_rolled(&desk, &mut kiosk, "stopped").await?;
    let reason = stopped["not_healthy"][0]["reason"].as_str().context("a reason")?;
    ensure!(reason.contains("ended 3 times in a row within 60 s of its start"), "{reason}");
    let found = at_head_office(&desk, &["show", "--device", "Exit"])?;
    assert_eq!(found["said"]["runs"], good, "what passed last holds again");

    // What is put right in it goes out like anything else.
    at_head_office(&desk, &["rollout", "rollback"])?;
    call_it(&desk, "Quayside East", &["--healthy-for", "0"])?;
    until_rolled(&desk, &mut kiosk, "done").await?;
    let last_seq = somebody_rates(&mut kiosk)?;
    desk.close(kiosk, agent, collector, last_seq).await
}
