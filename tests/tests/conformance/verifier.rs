//! The verifier in Python, which has only PROTOCOL.md, against `afterword-collector verify`, on the same data.

use std::path::Path;
use std::process::Command;

use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_tests::device::Device;
use afterword_tests::program::finish;
use afterword_tests::{Desk, Output};
use anyhow::Result;
use serde_json::Value;

/// What the stranger says of the desk's collector.
fn stranger(desk: &Desk) -> Result<(Output, Value)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/verify.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(desk.path("collector")).arg("--json");
    let output = finish(python)?;
    let report = serde_json::from_str(&output.stdout).unwrap_or_default();
    Ok((output, report))
}

/// What our own program says.
fn ours(desk: &Desk) -> Result<(Output, Value)> {
    let output = desk.run("afterword-collector", &["verify", "--json", "--data", "collector"])?;
    let report = serde_json::from_str(&output.stdout)?;
    Ok((output, report))
}

/// Two hundred records in four batches, forty of which are carried into another epoch, and one of those erased.
async fn history(desk: &Desk) -> Result<Device> {
    let mut device = Device::enrol(desk, "Exit").await?.with_records(200, 5);
    for first in [1, 51, 101, 151] {
        device.deliver(first, first + 49).await?;
    }
    let former = std::mem::replace(&mut device.epoch, StoreEpoch::new([8; 16]));
    device.records = (161..=200_u64)
        .zip(&device.records[160..])
        .map(|(seq, record)| wrap(seq - 160, Origin { epoch: former, seq }, record))
        .collect::<Result<_, _>>()?;
    device.deliver(1, 40).await?;
    let erased = desk.run(
        "afterword-collector",
        &["erase", "Exit", "--record", &format!("{former}/170"), "--data", "collector"],
    )?;
    assert_eq!(erased.code, Some(0), "{}", erased.everything());
    Ok(device)
}

#[tokio::test]
#[cfg_attr(not(has_python), ignore = "needs python3")]
async fn a_stranger_s_verifier_agrees_with_ours() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    history(&desk).await?;
    let ((theirs, their_report), (_, our_report)) = (stranger(&desk)?, ours(&desk)?);
    assert_eq!(theirs.code, Some(0), "{}", theirs.everything());
    for total in ["sound", "records", "counted", "receipts"] {
        assert_eq!(their_report[total], our_report[total], "{total}: {their_report} {our_report}");
    }
    assert_eq!(
        (&their_report["records"], &their_report["counted"], &their_report["receipts"]),
        (&240.into(), &200.into(), &5.into())
    );
    Ok(())
}

#[tokio::test]
#[cfg_attr(not(has_python), ignore = "needs python3")]
async fn a_stranger_s_verifier_finds_what_ours_finds() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    history(&desk).await?;
    collector.kill()?;
    let database = rusqlite::Connection::open(desk.path("collector/collector.db"))?;
    let damages = [
        "update records set bytes = cast('{}' as blob) where seq = 77",
        "update receipts set signature = zeroblob(64) where through_seq = 100",
        "update receipts set head = zeroblob(32) where through_seq = 150",
        "delete from records where seq = 12",
    ];
    for damage in damages {
        database.execute_batch(&format!("begin; {damage}"))?;
        database.execute_batch("commit")?;
        let ((theirs, report), (our, _)) = (stranger(&desk)?, ours(&desk)?);
        assert_eq!((theirs.code, our.code), (Some(1), Some(1)), "{damage}: {report}");
    }
    Ok(())
}
