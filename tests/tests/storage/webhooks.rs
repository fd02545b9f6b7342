//! What other programs are told, on every database: two collectors on one of them tell each thing once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use afterword_collector::{
    Admin, Collector, Config, DeliveryState, EventType, PrivateNetworks, RetentionField, WebhookWish,
};
use afterword_protocol::system::SystemEntropy;
use afterword_tests::wait::until;
use anyhow::{Context as _, Result};

use super::place::Place;

/// Messages that came, by name, each with how often.
type Inbox = Arc<Mutex<BTreeMap<String, u32>>>;

/// Responses, and as many messages besides.
const EACH: u64 = 400;

/// A receiver that takes everything, and where it is.
fn receiver() -> Result<(String, Inbox)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let inbox = Inbox::default();
    let shared = Arc::clone(&inbox);
    // It ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let inbox = Arc::clone(&shared);
            thread::spawn(move || take_all(stream, &inbox));
        }
    });
    Ok((url, inbox))
}

/// Takes one message after the other from a connection, until it ends.
fn take_all(mut stream: TcpStream, inbox: &Inbox) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "webhook-id" => id = value.to_owned(),
                "content-length" => length = value.parse().ok()?,
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        *inbox.lock().ok()?.entry(id).or_default() += 1;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

/// What records say and what head office does is told once, whoever of two finds and sends it.
pub(crate) fn two_collectors_tell_each_thing_once(place: &mut Place) -> Result<()> {
    let (url, inbox) = receiver()?;
    let before = place.device("Before", 5)?;
    place.receipt(&before, 1, 5)?;
    let types = [EventType::ResponseReceived].into();
    let mut admin = place.admin()?;
    let webhook = admin.webhook_add(&WebhookWish { url, types, place: None })?.id;
    // So much lies there when both begin that they meet again and again.
    let till = place.device("Exit", EACH)?;
    place.receipt(&till, 1, EACH)?;
    for _ in 0..EACH {
        admin.webhook_test(webhook)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let config = Config {
        database: place.database.clone(),
        webhooks_allow_private: PrivateNetworks::new(vec!["127.0.0.0/8".parse()?]),
        ..Config::loopback(place.folder.path())
    };
    let start = || Collector::start(config.clone(), place.clock.clone(), Arc::new(SystemEntropy));
    let (one, other) = runtime.block_on(async { tokio::join!(start(), start()) });
    let collectors = [one?, other?];
    let all = || admin.webhook_deliveries(webhook, None, None, 10_000);
    let count = usize::try_from(2 * EACH)?;
    runtime.block_on(until("all messages are delivered", || {
        let found = all()?;
        let is_done = found.len() >= count && found.iter().all(|one| one.state == DeliveryState::Delivered);
        Ok(is_done.then_some(()))
    }))?;
    for collector in collectors {
        runtime.block_on(collector.shutdown());
    }
    let (found, inbox) = (all()?, inbox.lock().ok().context("the receiver has panicked")?);
    let responses = found.iter().filter(|one| one.kind == "response.received").count();
    assert_eq!(responses * 2, count, "each once, and none of before");
    assert_eq!((found.len(), inbox.len()), (count, count));
    let twice: Vec<_> = inbox.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(found.iter().all(|one| one.attempts == 1 && inbox.contains_key(&one.id)), "{found:?}");
    Ok(())
}

/// Kiosks that fall silent at once, as behind a chain's line that broke.
const SILENT: usize = 40;

/// Both look at the same moment, again and again; each silence is told once, and so is its end.
pub(crate) fn two_collectors_tell_of_a_silence_once(place: &mut Place) -> Result<()> {
    let tills: Vec<_> =
        (0..SILENT).map(|number| place.device(&format!("Till {number}"), 1)).collect::<Result<_>>()?;
    let mut admin = place.admin()?;
    let url = "http://127.0.0.1:9/".to_owned();
    let types = [EventType::DeviceSilent, EventType::DeviceBack].into();
    let webhook = admin.webhook_add(&WebhookWish { url, types, place: None })?.id;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let config = Config { database: place.database.clone(), ..Config::loopback(place.folder.path()) };
    let start = || Collector::start(config.clone(), place.clock.clone(), Arc::new(SystemEntropy));
    let (one, other) = runtime.block_on(async { tokio::join!(start(), start()) });
    let collectors = [one?, other?];
    let told = |kind: &str| -> Result<usize> {
        let all = admin.webhook_deliveries(webhook, None, None, 10_000)?;
        Ok(all.iter().filter(|one| one.kind == kind).count())
    };
    let all_told =
        |kind: &'static str| runtime.block_on(until(kind, || Ok((told(kind)? >= SILENT).then_some(()))));
    place.clock.advance_ms(61 * 60_000);
    all_told("device.silent")?;
    for till in &tills {
        place.beat(till, &place.heartbeat(till, 0)?)?;
    }
    place.clock.advance_ms(2 * 60_000);
    all_told("device.back")?;
    // Once more for whoever comes second.
    place.clock.advance_ms(2 * 60_000);
    for collector in collectors {
        runtime.block_on(collector.shutdown());
    }
    assert_eq!((told("device.silent")?, told("device.back")?), (SILENT, SILENT));
    Ok(())
}

/// More messages than are changed in one transaction, and not twice as many.
const MANY: usize = 1_100;

/// All of a long list is given up, seen, sent again and removed, however many parts that takes.
pub(crate) fn a_long_list_of_messages_is_worked_through_part_by_part(place: &mut Place) -> Result<()> {
    let mut admin = place.admin()?;
    let wish = WebhookWish {
        url: "https://hooks.example/".to_owned(),
        types: [EventType::RolloutDone].into(),
        place: None,
    };
    let webhook = admin.webhook_add(&wish)?.id;
    let other = admin.webhook_add(&wish)?.id;
    for _ in 0..MANY {
        admin.webhook_test(webhook)?;
    }
    admin.webhook_test(other)?;
    let waiting = |admin: &Admin, id| -> Result<(i64, i64)> {
        let one = admin.webhook_list()?.into_iter().find(|one| one.id == id);
        one.map(|one| (one.pending, one.parked)).context("it is gone")
    };
    let all = i64::try_from(MANY)?;
    admin.webhook_disable(webhook)?;
    assert_eq!((waiting(&admin, webhook)?, waiting(&admin, other)?), ((0, all), (1, 0)));
    admin.webhook_enable(webhook)?;
    assert_eq!(admin.webhook_resend_parked(webhook)?, u64::try_from(all)?);
    assert_eq!(admin.webhook_resend_parked(webhook)?, 0);
    assert_eq!(waiting(&admin, webhook)?, (all, 0));
    // The newest of every state, page by page.
    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let page = admin.webhook_deliveries(webhook, None, before, 400)?;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        numbers.extend(page.iter().map(|one| one.number));
    }
    assert!(numbers.len() == MANY && numbers.is_sorted_by(|one, next| one > next), "{numbers:?}");
    assert_eq!(admin.webhook_deliveries(webhook, Some(DeliveryState::Parked), None, 10)?, []);
    admin.webhook_remove(webhook)?;
    assert!(admin.webhook_list()?.iter().map(|one| one.id).eq([other]));
    assert_eq!(waiting(&admin, other)?, (1, 0));
    Ok(())
}

/// The message stands in the database as soon as the content is gone, whichever way it went.
pub(crate) fn who_is_told_of_responses_is_told_that_they_are_erased(place: &mut Place) -> Result<()> {
    let mut admin = place.admin()?;
    let add = |admin: &mut Admin, kind| -> Result<i64> {
        let url = "https://hooks.example/".to_owned();
        Ok(admin.webhook_add(&WebhookWish { url, types: [kind].into(), place: None })?.id)
    };
    let told = [EventType::ResponseReceived, EventType::ResponseErased].map(|kind| add(&mut admin, kind));
    let other = add(&mut admin, EventType::CaseOpened)?;
    let till = place.device("Exit", 3)?;
    place.receipt(&till, 1, 3)?;
    admin.erase("Exit", (till.epoch, 2))?;
    let kinds = |admin: &Admin, webhook| -> Result<Vec<String>> {
        Ok(admin.webhook_deliveries(webhook, None, None, 10)?.into_iter().map(|one| one.kind).collect())
    };
    let told = told.into_iter().collect::<Result<Vec<_>>>()?;
    for webhook in &told {
        assert_eq!(kinds(&admin, *webhook)?, ["response.erased"]);
    }
    admin.retention_set(&[(RetentionField::Response, Some(1))])?;
    place.clock.advance_ms(2 * 24 * 3_600_000);
    admin.retain()?;
    for webhook in &told {
        assert_eq!(kinds(&admin, *webhook)?, ["response.erased"; 3]);
    }
    assert_eq!(kinds(&admin, other)?.len(), 0);
    Ok(())
}
