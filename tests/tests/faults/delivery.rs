//! Batches that come twice, out of order, contradicting, or unreadable, and answers that get lost.

use std::path::Path;
use std::sync::Arc;

use afterword_agent::answer::Answer;
use afterword_agent::{Message, Transport as _};
use afterword_model::record::{Seq, next_head};
use afterword_protocol::problem::ProblemType;
use afterword_tests::device::{Encoded, problem};
use afterword_tests::{Behaviour, Desk, Device, Proxy};
use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags, params};

/// Devices or connections that do the same thing at the same moment.
const AT_ONCE: usize = 8;

/// The collector's database, for reading.
fn collector_database(desk: &Desk) -> Result<Connection> {
    let path = desk.path("collector/collector.db");
    Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// What the collector holds of a device's store, in order, and when each record came.
fn held(desk: &Desk, device: &Device) -> Result<Vec<(Seq, Vec<u8>, i64)>> {
    let connection = collector_database(desk)?;
    let mut read = connection.prepare(
        "select seq, bytes, received_ms from records where device_id = ?1 and epoch = ?2 order by seq",
    )?;
    let id = device.identity.enrolled().device;
    let rows = read.query_map(params![id.as_bytes(), device.epoch.as_bytes()], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// That the collector holds the device's first records, these bytes and each once.
fn holds_first(desk: &Desk, device: &Device, count: usize) -> Result<()> {
    let held = held(desk, device)?;
    ensure!(held.len() == count, "{} records are held instead of {count}", held.len());
    for (index, (seq, bytes, _)) in held.iter().enumerate() {
        ensure!(*seq == index as u64 + 1 && *bytes == device.records[index], "record {seq} is another");
    }
    Ok(())
}

/// Both ends' own verification finds nothing.
fn verified(desk: &Desk) -> Result<()> {
    let verified = desk.run("afterword-collector", &["verify", "--data", "collector"])?;
    ensure!(verified.code == Some(0), "{}", verified.everything());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_the_same_batch_twice_also_at_the_same_moment_is_held_once() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    let device = Device::enrol(&desk, "Exit").await?.with_records(60, 18);
    let clients: Vec<_> =
        (0..AT_ONCE).map(|_| device.another_client().map(Arc::new)).collect::<Result<_>>()?;
    for first in (1..=60).step_by(10) {
        let (header, body) = device.batch(first, first + 9);
        let sends = clients.iter().map(|client| {
            let (client, body) = (Arc::clone(client), body.clone());
            tokio::spawn(async move { client.post(Message::Batch, body).await })
        });
        let mut receipts = Vec::new();
        for sent in sends.collect::<Vec<_>>() {
            let answer = sent.await??;
            device.receipt(&answer, &header)?;
            receipts.push(answer.body);
        }
        receipts.dedup();
        assert_eq!(receipts.len(), 1, "one batch has one receipt, byte for byte");
    }
    holds_first(&desk, &device, 60)?;
    verified(&desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_batches_out_of_order_are_asked_for_again_and_the_gap_is_named() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    let device = Device::enrol(&desk, "Exit").await?.with_records(30, 19);
    let (third, second, first) = (device.batch(21, 30), device.batch(11, 20), device.batch(1, 10));
    for (late, mark) in [(&third, 0), (&second, 0)] {
        refused_with_mark(&device, late, mark).await?;
    }
    receipt_for(&device, &first).await?;
    refused_with_mark(&device, &third, 10).await?;
    // What overlaps what is held is taken, when it is the same.
    let overlapping = device.batch(5, 20);
    receipt_for(&device, &overlapping).await?;
    for batch in [&second, &third, &first] {
        receipt_for(&device, batch).await?;
    }
    holds_first(&desk, &device, 30)?;
    verified(&desk)
}

async fn refused_with_mark(device: &Device, (header, body): &Encoded, mark: Seq) -> Result<()> {
    let answer = device.send(body.clone()).await?;
    assert_eq!(problem(&answer)?.kind, ProblemType::NotContiguous);
    assert_eq!(device.meaning(&answer, header), Answer::Rewind { mark });
    Ok(())
}

async fn receipt_for(device: &Device, (header, body): &Encoded) -> Result<()> {
    device.receipt(&device.send(body.clone()).await?, header).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_an_answer_lost_after_the_commit_comes_again_byte_for_byte() -> Result<()> {
    let mut desk = Desk::new()?;
    let line = Proxy::open()?;
    let _collector = desk.collector_behind(&line)?;
    let device = Device::enrol(&desk, "Exit").await?.with_records(20, 20);
    device.deliver(1, 10).await?;

    line.set(Behaviour::FailAfter);
    let (header, body) = device.batch(11, 20);
    for lost in 1..=3 {
        device.send(body.clone()).await.unwrap_err();
        assert_eq!(line.faults(), lost);
        holds_first(&desk, &device, 20).context("it was stored the first time")?;
    }
    let stored_ms = held(&desk, &device)?[19].2;
    line.set(Behaviour::Pass);
    let again = device.send(body.clone()).await?;
    assert_eq!(device.receipt(&again, &header)?.receipt.received_ms, stored_ms);
    assert_eq!(device.send(body).await?.body, again.body, "the same receipt, byte for byte");
    // Under another nonce it is another receipt for the same moment.
    assert_eq!(device.deliver(11, 20).await?.receipt.received_ms, stored_ms);
    holds_first(&desk, &device, 20)?;
    verified(&desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_an_agent_whose_answers_get_lost_sends_again_and_nothing_doubles() -> Result<()> {
    let mut desk = Desk::new()?;
    let line = Proxy::open()?;
    let collector = desk.collector_behind(&line)?;
    desk.enrol()?;
    line.set(Behaviour::FailAfter);
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    let last_seq = kiosk.shoppers(12)?.last_seq;
    line.faults_reach(5).await?;
    line.set(Behaviour::Pass);
    desk.close(kiosk, agent, collector, last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_the_same_number_with_other_bytes_is_quarantined_and_never_overwrites() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    let mut device = Device::enrol(&desk, "Exit").await?.with_records(20, 21);
    device.deliver(1, 10).await?;
    let truth = std::mem::take(&mut device.records);

    // Another story from record 6 on, as a copied card would tell it.
    let mut fork = truth.clone();
    for record in &mut fork[5..] {
        *record = String::from_utf8(record.clone())?.replace("\"exit\"", "\"door\"").into_bytes();
    }
    device.records = fork.clone();
    for (first, last) in [(1, 10), (6, 12), (11, 20), (1, 10)] {
        let (header, body) = device.batch(first, last);
        let answer = device.send(body).await?;
        let problem = problem(&answer)?;
        assert_eq!((problem.kind, problem.mark), (ProblemType::ChainConflict, Some(10)), "{first} to {last}");
        assert!(matches!(device.meaning(&answer, &header), Answer::Conflict { .. }));
    }
    device.records = truth;
    holds_first(&desk, &device, 10)?;
    let kept = collector_database(&desk)?
        .prepare("select seq, bytes from quarantine order by seq")?
        .query_map([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Vec<u8>>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let expected: Vec<_> = (6..=20).map(|seq| (seq, fork[seq as usize - 1].clone())).collect();
    assert_eq!(kept, expected, "the other story is kept, each record once");

    // The first story goes on.
    device.deliver(11, 20).await?;
    holds_first(&desk, &device, 20)?;
    verified(&desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_poison_record_is_parked_and_its_neighbours_pass() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    kiosk.shoppers(8)?;
    kiosk.end_of_input()?;
    let poison: [&[u8]; 3] = [b"no json at all", b"\xff\xfe\x00", b"{\"v\":1,\"seq\":3}"];
    for bytes in poison {
        append(&desk.path("kiosk/kiosk.db"), bytes)?;
    }
    let mut kiosk = desk.kiosk(0)?;
    let last_seq = kiosk.shoppers(8)?.last_seq;
    let agent = desk.agent()?;
    desk.everything_received(last_seq).await?;
    // And what comes after is not held up either.
    let last_seq = kiosk.shoppers(1)?.last_seq;
    desk.everything_received(last_seq).await?;

    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    let connection = collector_database(&desk)?;
    let parked = connection
        .prepare("select bytes from records where parked is not null order by seq")?
        .query_map([], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    assert_eq!(parked, poison, "kept byte for byte, with the reason");
    let all: i64 = connection.query_row("select count(*) from records", [], |row| row.get(0))?;
    assert_eq!(all.unsigned_abs(), last_seq);
    verified(&desk)
}

/// Adds a record that no kiosk would write, with the right chain.
fn append(database: &Path, bytes: &[u8]) -> Result<()> {
    let connection = Connection::open(database)?;
    let (last_seq, head): (i64, Vec<u8>) =
        connection.query_row("SELECT last_seq, head FROM store", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let head = next_head(&afterword_model::record::Head::from_slice(&head)?, bytes);
    connection.execute_batch("BEGIN")?;
    connection.execute(
        "INSERT INTO record (seq, bytes, head, frozen_ms) VALUES (?1, ?2, ?3, 0)",
        params![last_seq + 1, bytes, head.as_bytes()],
    )?;
    connection
        .execute("UPDATE store SET last_seq = ?1, head = ?2", params![last_seq + 1, head.as_bytes()])?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_the_last_record_of_the_day_goes_without_waiting_for_the_next() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    // With the waits of a real device: nothing but the record itself can set it off.
    let _agent = afterword_tests::Program::start(desk.agent_command())?;
    desk.agent_says("it is idle", |status| (status["state"] == "idle").then_some(())).await?;
    for _ in 0..3 {
        let last_seq = kiosk.shoppers(1)?.last_seq;
        let began = tokio::time::Instant::now();
        desk.everything_received(last_seq).await?;
        // A question that waits at the kiosk for a record ends after half a minute; none may depend on its end.
        assert!(began.elapsed().as_secs() < 25, "it took {:?}", began.elapsed());
    }
    Ok(())
}
