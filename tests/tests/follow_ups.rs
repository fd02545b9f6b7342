//! What head office does about a case is seen in the shop, and stays there when the plug is pulled.

use afterword_sim::shopper::spots;
use afterword_tests::wait::until;
use afterword_tests::{Desk, Program};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Somebody was let down at the kiosk and says so; their record's number.
fn somebody_says_why(kiosk: &mut Program) -> Result<u64> {
    kiosk.tap(spots::face(1))?;
    kiosk.hand("wait 1000")?;
    kiosk.tap(spots::reason(0))?;
    ensure!(kiosk.tap(spots::NEXT)?.page == "comment", "no comment was asked for");
    kiosk.hand("wait 1000")?;
    for letter in ['n', 'o', 'b', 'o', 'd', 'y'] {
        kiosk.tap(spots::letter(letter))?;
    }
    let thanked = kiosk.tap(spots::COMMENT_DONE)?;
    ensure!(thanked.page == "thanks", "{thanked:?}");
    kiosk.hand("wait 120000")?;
    Ok(thanked.last_seq)
}

/// The follow-ups as the shop has them.
fn in_the_shop(desk: &Desk) -> Result<Value> {
    let places = ["--config", "kiosk.toml", "--data", "kiosk", "--socket", "kiosk.sock"];
    desk.told("afterword-kiosk", &[&["follow-ups", "--json"], &places[..]].concat())
}

/// `afterword-collector case …`.
fn at_head_office(desk: &Desk, words: &[&str]) -> Result<Value> {
    desk.told("afterword-collector", &[&["case"], words, &["--json", "--data", "collector"]].concat())
}

/// Waits until the shop's first follow-up stands there, and gives it.
async fn stands(desk: &Desk, stage: &str) -> Result<Value> {
    let look = || {
        let case = in_the_shop(desk)?["cases"][0].take();
        Ok((case["status"]["stage"] == stage).then_some(case))
    };
    until(&format!("the shop knows that it is {stage}"), look).await
}

#[tokio::test]
async fn what_head_office_does_about_a_case_comes_down_to_the_shop_and_stays() -> Result<()> {
    let mut desk = Desk::new()?;
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(desk.path("kiosk.toml"), config)?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    let last_seq = somebody_says_why(&mut kiosk)?;
    assert_eq!(stands(&desk, "opened").await?["said"]["words"], "Nobody");
    desk.everything_received(last_seq).await?;

    let listed = at_head_office(&desk, &["list"])?;
    let id = &listed[0]["id"];
    let case = format!("{}/{}", id["epoch"].as_str().context("an epoch")?, id["seq"]);
    at_head_office(&desk, &["acknowledge", &case, "--by", "Ana"])?;
    let acknowledged = stands(&desk, "acknowledged").await?;
    let by: Vec<_> = acknowledged["steps"].as_array().context("steps")?.iter().collect();
    let ana = serde_json::json!({ "role": "head_office", "name": "Ana" });
    assert!(by.iter().any(|step| step["event"]["by"] == ana), "{acknowledged}");

    // It stays when the plug is pulled, with nobody to ask.
    collector.kill()?;
    agent.kill()?;
    kiosk.kill()?;
    let kiosk = desk.kiosk(0)?;
    let before = in_the_shop(&desk)?["cases"][0]["steps"].clone();
    assert_eq!(before, acknowledged["steps"]);

    // What is done meanwhile comes when the line is back, once.
    let act = ["act", &case, "--root-cause", "staffing", "--action", "changed_staffing", "--by", "Ana"];
    at_head_office(&desk, &act)?;
    let collector = desk.collector()?;
    let agent = desk.agent()?;
    let acted = stands(&desk, "acted").await?;
    assert_eq!(acted["steps"].as_array().map(Vec::len), before.as_array().map(|steps| steps.len() + 1));
    desk.close(kiosk, agent, collector, last_seq).await
}
