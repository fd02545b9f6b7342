//! A shop without a network: records go to head office on a stick, and receipts come back on it.

use afterword_tests::Desk;
use anyhow::{Context, Result};

const PLACES: [&str; 4] = ["--state", "sync", "--socket", "kiosk.sock"];

/// `afterword-sync courier pack`; the bundle's file, where there was something to pack.
fn pack(desk: &Desk) -> Result<Option<String>> {
    let words = [&["courier", "pack", "--out", "stick", "--json"], &PLACES[..]].concat();
    let packed = desk.told("afterword-sync", &words)?;
    Ok(packed["bundles"][0]["file"].as_str().map(str::to_owned))
}

/// `afterword-collector import`; how many records there were in it, and how many of them were new.
fn import(desk: &Desk, bundle: &str) -> Result<(u64, u64)> {
    let said = desk.told("afterword-collector", &["import", bundle, "--json", "--data", "collector"])?;
    Ok((said["records"].as_u64().context("records")?, said["new"].as_u64().context("new")?))
}

/// `afterword-sync courier accept`; how far the records are received then.
fn accept(desk: &Desk) -> Result<u64> {
    let said =
        desk.told("afterword-sync", &[&["courier", "accept", "stick", "--json"], &PLACES[..]].concat())?;
    let receipts = said["receipts"].as_array().context("receipts")?;
    receipts.iter().filter_map(|receipt| receipt["through_seq"].as_u64()).max().context("a receipt")
}

#[tokio::test]
async fn a_shop_without_a_network_is_received_all_the_same_and_the_network_goes_on() -> Result<()> {
    let mut desk = Desk::new()?;
    std::fs::create_dir(desk.path("stick"))?;
    let collector = desk.collector()?;
    desk.enrol()?;
    // From here on the shop is on its own.
    collector.terminate()?;
    let kiosk = desk.kiosk(5)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    let bundle = pack(&desk)?.context("five shoppers have left something")?;
    assert_eq!(pack(&desk)?.as_deref(), Some(bundle.as_str()), "unsent as long as no receipt is back");

    // At head office, whether it serves or not.
    let (records, new) = import(&desk, &bundle)?;
    assert!(records >= 5 && new == records, "{new} of {records} are new");
    let collector = desk.collector()?;
    assert_eq!(import(&desk, &bundle)?, (records, 0));

    // And back in the shop.
    assert_eq!(accept(&desk)?, records);
    assert_eq!(pack(&desk)?, None, "nothing is unsent");
    let words = [&["courier", "pack", "--out", "stick"], &PLACES[..]].concat();
    let nothing = desk.run("afterword-sync", &words)?;
    assert_eq!((nothing.code, nothing.last_line()), (Some(0), "Nothing is unsent; no bundle was written."));
    kiosk.end_of_input()?;
    assert_eq!(desk.proven()?, records);

    // The shop is given a network, and the chain goes on.
    let kiosk = desk.kiosk(3)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    let agent = desk.agent()?;
    desk.everything_received(records + 3).await?;
    assert_eq!(import(&desk, &bundle)?, (records, 0), "the old stick, found in a drawer");
    assert_eq!(accept(&desk)?, records);
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert!(desk.proven()? >= records + 3);
    Ok(())
}

#[tokio::test]
async fn stick_and_network_at_once_double_and_lose_nothing() -> Result<()> {
    let mut desk = Desk::new()?;
    std::fs::create_dir(desk.path("stick"))?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let kiosk = desk.kiosk(u32::MAX)?;
    let mut agent = desk.agent()?;
    let mut promised = 0;
    for _ in 0..4 {
        // Without an agent there is something to pack; while it is carried, the network brings the same.
        agent.kill()?;
        let bundle = loop {
            promised = kiosk.line(|line| line.strip_prefix("thanked ")?.parse::<u64>().ok())?;
            // Whom the agent has still brought over is not packed.
            if let Some(bundle) = pack(&desk)? {
                break bundle;
            }
        };
        agent = desk.agent()?;
        import(&desk, &bundle)?;
        assert!(accept(&desk)? >= promised);
    }
    kiosk.kill()?;
    let kiosk = desk.kiosk(0)?;
    desk.everything_received(promised).await?;
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert!(desk.proven()? >= promised);
    Ok(())
}

#[tokio::test]
async fn what_is_not_for_this_device_or_this_collector_is_said_in_one_sentence() -> Result<()> {
    let mut desk = Desk::new()?;
    std::fs::create_dir(desk.path("stick"))?;
    let collector = desk.collector()?;
    desk.enrol()?;
    collector.terminate()?;
    let kiosk = desk.kiosk(2)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    let bundle = pack(&desk)?.context("two shoppers have left something")?;

    let mut other = Desk::new()?;
    std::fs::create_dir(other.path("stick"))?;
    let their_collector = other.collector()?;
    other.enrol()?;
    let foreign = desk.run(
        "afterword-collector",
        &["import", &bundle, "--data", other.path("collector").to_str().context("letters")?],
    )?;
    assert_eq!(foreign.code, Some(1));
    assert!(foreign.stderr.contains("another collector's key"), "{}", foreign.everything());
    assert_eq!(foreign.stderr.lines().count(), 1, "{}", foreign.everything());

    // One stick goes through both shops.
    import(&desk, &bundle)?;
    let their_kiosk = other.kiosk(1)?;
    their_kiosk.line(|line| (line == "rests").then_some(()))?;
    let receipt = bundle.replace(".courier", ".receipt");
    let accept_there =
        |from: &str| other.run("afterword-sync", &[&["courier", "accept", from], &PLACES[..]].concat());
    let refused = accept_there(desk.path(&receipt).to_str().context("letters")?)?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("not signed by the collector"), "{}", refused.everything());
    let none = accept_there("stick")?;
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("no receipt in stick is for this device"), "{}", none.everything());
    let nowhere =
        desk.run("afterword-sync", &[&["courier", "pack", "--out", "unmounted"], &PLACES[..]].concat())?;
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("no folder unmounted"), "{}", nowhere.everything());
    their_kiosk.end_of_input()?;
    their_collector.terminate()?;
    kiosk.end_of_input()?;
    let nobody =
        desk.run("afterword-sync", &[&["courier", "pack", "--out", "stick"], &PLACES[..]].concat())?;
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.stderr.contains("name its socket with --socket"), "{}", nobody.everything());
    Ok(())
}
