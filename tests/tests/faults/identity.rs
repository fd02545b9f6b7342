//! Certificates that run out or change, cards that are copied, collectors that are put back, records that are erased.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use afterword_agent::{Message, SocketQueue, Transport as _};
use afterword_model::ports::{Clock as _, ManualClock};
use afterword_model::response::{Answer, AnswerValue, Response};
use afterword_protocol::batch::encode;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::receipt::Nonce;
use afterword_protocol::system::SystemClock;
use afterword_tests::device::{problem, shown_certificate};
use afterword_tests::office::{Courier, Office};
use afterword_tests::program::{Output, Program};
use afterword_tests::ratings::{Shoppers, batches, fill, open_store};
use afterword_tests::wait::{patiently, until};
use afterword_tests::{Desk, Device, Proxy};
use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

const DAY_MS: u64 = 86_400_000;

/// Runs a command of the collector's that has to do what it is told.
fn collector(desk: &Desk, arguments: &[&str]) -> Result<Output> {
    let output = desk.run("afterword-collector", &[arguments, &["--data", "collector"]].concat())?;
    ensure!(output.code == Some(0), "{arguments:?}: {}", output.everything());
    Ok(output)
}

/// Everything the collector holds of everybody, in no order.
fn held(desk: &Desk) -> Result<Vec<Vec<u8>>> {
    let path = desk.path("collector/collector.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut read = connection.prepare("select bytes from records")?;
    let rows = read.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_an_erased_record_stays_erased_when_it_is_sent_again() -> Result<()> {
    const WORDS: &str = "my name is Violet Undertree";
    let mut desk = Desk::new()?;
    let running = desk.collector()?;
    let mut device = Device::enrol(&desk, "Exit").await?.with_records(6, 22);
    let mut response = Response::from_bytes(3, &device.records[2])?;
    let comment = AnswerValue::Comment(WORDS.into());
    response.draft.answers.push(Answer { question: "comment".into(), value: comment, at_ms: 1 });
    device.records[2] = response.to_bytes();
    let before = device.deliver(1, 5).await?;
    let says_it = |bytes: &Vec<u8>| contains(bytes, WORDS.as_bytes());
    assert_eq!(held(&desk)?.iter().filter(|bytes| says_it(bytes)).count(), 1);

    let record = format!("{}/3", device.epoch);
    collector(&desk, &["erase", "Exit", "--record", &record])?;
    // The device has it still, and sends it again: in the same batch, alone, and overlapping with what is new.
    assert_eq!(device.deliver(1, 5).await?.receipt.received_ms, before.receipt.received_ms);
    device.deliver(3, 3).await?;
    device.deliver(2, 6).await?;
    assert!(!held(&desk)?.iter().any(says_it), "it came back");
    assert_eq!(held(&desk)?.len(), 6, "its place stays");
    running.terminate()?;
    let running = desk.collector()?;
    device.deliver(1, 6).await?;
    running.terminate()?;
    collector(&desk, &["verify"])?;
    for file in ["collector.db", "collector.db-wal"] {
        let bytes = std::fs::read(desk.path("collector").join(file)).unwrap_or_default();
        assert!(!contains(&bytes, WORDS.as_bytes()), "{file} still says it");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_devices_send_again_what_a_collector_put_back_from_a_backup_lacks() -> Result<()> {
    let mut desk = Desk::new()?;
    let mut running = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    for backup in ["monday.db", "tuesday.db"] {
        let saved = kiosk.shoppers(4)?.last_seq;
        desk.everything_received(saved).await?;
        collector(&desk, &["backup", "--to", backup])?;
        let last_seq = kiosk.shoppers(4)?.last_seq;
        desk.everything_received(last_seq).await?;

        running.kill()?;
        collector(&desk, &["restore", "--from", backup])?;
        assert_eq!(held(&desk)?.len() as u64, saved, "what came after the backup is gone");
        running = desk.collector()?;
        // No shopper comes: the device finds out by itself.
        until("the device has sent again what is missing", || {
            Ok((held(&desk)?.len() as u64 == last_seq).then_some(()))
        })
        .await?;
        desk.everything_received(last_seq).await?;
    }
    let last_seq = kiosk.shoppers(2)?.last_seq;
    desk.everything_received(last_seq).await?;
    kiosk.end_of_input()?;
    agent.terminate()?;
    running.terminate()?;
    assert_eq!(desk.proven()?, last_seq);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_certificate_that_ran_out_during_a_year_offline_stops_no_capture_and_is_renewed() -> Result<()>
{
    let desk = Desk::in_memory()?;
    let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
    let office = Office::open_at(&desk.path("office"), clock.clone()).await?;
    let identity = office.enrol("Exit").await?;
    let mut kiosk = desk.kiosk(0)?;
    let sent = kiosk.shoppers(3)?.last_seq;
    let mut courier = Courier::between(SocketQueue::at(desk.socket()), identity.clone(), clock.clone())?;
    courier.receipts_up_to(sent).await?;
    courier.stop().await?;

    // A year without a network; shoppers come.
    let mut last_seq = sent;
    for _ in 0..4 {
        clock.advance_ms(91 * DAY_MS);
        kiosk.hand(&format!("clock {}", clock.wall_ms()))?;
        let at = kiosk.shoppers(3)?;
        assert!(at.last_seq >= last_seq + 3, "shoppers came and were not kept");
        last_seq = at.last_seq;
    }
    assert!(clock.wall_ms() > identity.certificate_not_after_ms());

    // With the old certificate nothing but renewal is open.
    let store = open_store(&desk.path("another"), 36)?;
    fill(&store, &mut Shoppers::of_seed(36), 1)?;
    let run = batches(&store)?.remove(0);
    let nonce = Nonce::new([36; 16]);
    let (_, body) = encode(&run, identity.enrolled().device, nonce, identity.key());
    let refused = office.transport(&identity)?.post(Message::Batch, body.into()).await?;
    assert_eq!(problem(&refused)?.kind, ProblemType::NotAuthenticated);

    let mut courier = Courier::between(SocketQueue::at(desk.socket()), identity.clone(), clock.clone())?;
    courier.receipts_up_to(last_seq).await?;
    let ends_ms = identity.certificate_not_after_ms();
    courier.says(|status| status.certificate_expires_ms > ends_ms && status.problem.is_none()).await?;
    courier.stop().await?;
    kiosk.end_of_input()?;
    office.close().await;
    let proof =
        desk.run("afterword-sim", &["prove", "--kiosk", "kiosk", "--collector", "office/collector"])?;
    ensure!(proof.code == Some(0), "{}", proof.everything());
    Ok(())
}

/// Everything that stands in a collector's key folder under a name that begins so, one after the other.
fn authorities(desk: &Desk) -> Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(desk.path("collector/pki"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("server-ca") && name.ends_with(".pem") {
            all += &std::fs::read_to_string(path)?;
        }
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_authorities_and_the_server_s_certificate_are_rotated_without_a_restart() -> Result<()> {
    let mut desk = Desk::new()?;
    let line = Proxy::open()?;
    let running = desk.collector_behind(&line)?;
    desk.enrol()?;
    let enrolment: std::net::SocketAddr =
        desk.enrolment_url()?.replace("https://localhost", "127.0.0.1").parse()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    let mut last_seq = kiosk.shoppers(1)?.last_seq;
    desk.everything_received(last_seq).await?;
    let mut shown = shown_certificate(enrolment, &authorities(&desk)?).await?;
    let enrolled_with = std::fs::read_to_string(desk.path("collector/pki/server-ca.pem"))?;

    let rotations: [(&[&str], bool); 6] = [
        (&["server"], true),
        (&["device-ca"], false),
        // Handed out with heartbeats, and refused until every device has said that it trusts it.
        (&["server-ca"], false),
        (&["server-ca", "--finish"], true),
        (&["server"], true),
        (&["device-ca"], false),
    ];
    for (number, (rotation, shows_another)) in rotations.into_iter().enumerate() {
        let newcomer_name = format!("Newcomer {number}");
        let rotate = [&["pki", "rotate"], rotation].concat();
        until("the rotation is allowed", || collector(&desk, &rotate).map(Some)).await?;
        if shows_another {
            let trusted = authorities(&desk)?;
            let (mut looks, before) =
                (tokio::time::interval(std::time::Duration::from_millis(100)), shown.clone());
            patiently("the server shows its new certificate", async {
                while shown == before {
                    looks.tick().await;
                    shown = shown_certificate(enrolment, &trusted).await.unwrap_or(before.clone());
                }
            })
            .await?;
        }
        // On the connection that is open, and on a new one.
        for _ in 0..2 {
            last_seq = kiosk.shoppers(1)?.last_seq;
            desk.everything_received(last_seq).await?;
            line.cut();
        }
        let newcomer = Device::enrol(&desk, &newcomer_name).await?.with_records(1, 38);
        newcomer.deliver(1, 1).await?;
        // It has no agent that could say whom it trusts, and must not hold up the next rotation.
        collector(&desk, &["device", "revoke", &newcomer_name])?;
    }
    let identity: Value = serde_json::from_slice(&std::fs::read(desk.path("sync/identity.json"))?)?;
    assert_ne!(identity["collector_ca_pem"].as_str().context("it trusts somebody")?, enrolled_with);
    shown_certificate(enrolment, &enrolled_with).await.expect_err("the old authority is no longer in use");

    kiosk.end_of_input()?;
    agent.terminate()?;
    running.terminate()?;
    assert_eq!(desk.proven()?, last_seq);
    Ok(())
}

/// Copies a folder and what is in it.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The records in a kiosk's folder, read from a copy: opening a store counts as a boot.
fn records_in(kiosk: &Path) -> Result<Vec<Vec<u8>>> {
    let copy = tempfile::tempdir()?;
    copy_folder(kiosk, copy.path())?;
    let store = open_store(copy.path(), 39)?;
    Ok(batches(&store)?.into_iter().flat_map(|run| run.records).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn f39_a_cloned_card_is_flagged_and_loses_nothing_from_either() -> Result<()> {
    let mut desk = Desk::new()?;
    let running = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let mut agent = desk.agent()?;
    let shared = kiosk.shoppers(3)?.last_seq;
    desk.everything_received(shared).await?;
    agent.terminate()?;
    kiosk.end_of_input()?;

    // The card is copied, and both go on, with other shoppers.
    for folder in ["kiosk", "sync"] {
        copy_folder(&desk.path(folder), &desk.path(&format!("clone-{folder}")))?;
    }
    let (clone_socket, clone_folder) = (desk.path("clone.sock"), desk.path("clone-kiosk"));
    let mut kiosk = desk.kiosk(0)?;
    let mut clone = Program::start(desk.kiosk_command_at(&clone_folder, &clone_socket, 0))?;
    clone.line(|line| (line == "rests").then_some(()))?;
    kiosk.shoppers(4)?;
    clone.shoppers(5)?;
    let given: BTreeSet<Vec<u8>> =
        [records_in(&desk.path("kiosk"))?, records_in(&clone_folder)?].concat().into_iter().collect();
    assert!(given.len() as u64 >= shared + 9);

    agent = desk.agent()?;
    let mut clone_agent = desk.agent_command_at(&desk.path("clone-sync"), &clone_socket);
    clone_agent.arg("--brisk");
    let clone_agent = Program::start(clone_agent)?;
    // Everything that was given on either of the two is held, as it was given or carried into a later store.
    until("everything of both is held", || {
        let held = held(&desk)?;
        let lacking = given.iter().filter(|given| !held.iter().any(|held| contains(held, given))).count();
        ensure!(lacking == 0, "{lacking} of {} are not held", given.len());
        Ok(Some(()))
    })
    .await?;
    // And both go on delivering.
    let (last_seq, clone_last_seq) = (kiosk.shoppers(2)?.last_seq, clone.shoppers(2)?.last_seq);
    desk.everything_received(last_seq).await?;
    until("the copy is flagged", || {
        let listed: Value = serde_json::from_str(&collector(&desk, &["device", "list", "--json"])?.stdout)?;
        let is_flagged = listed[0]["clone_suspected"].as_bool().context("it says so or not")?;
        Ok(is_flagged.then_some(()))
    })
    .await?;

    kiosk.end_of_input()?;
    clone.end_of_input()?;
    agent.terminate()?;
    clone_agent.terminate()?;
    running.terminate()?;
    collector(&desk, &["verify"])?;
    let held = held(&desk)?;
    for (name, kiosk, last_seq) in
        [("the card", desk.path("kiosk"), last_seq), ("the clone", clone_folder, clone_last_seq)]
    {
        let records = records_in(&kiosk)?;
        assert!(records.len() as u64 >= last_seq - shared, "{name} kept {} of {last_seq}", records.len());
        for record in records {
            assert!(held.iter().any(|held| contains(held, &record)), "a record of {name} is not held");
        }
    }
    Ok(())
}
