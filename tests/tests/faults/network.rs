//! What a network does to a device: it flaps, lies, opens TLS, says nothing, or asks to come back later.

use std::time::Duration;

use afterword_protocol::limits::RETRY_MAX_MS;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, ProblemType};
use afterword_protocol::receipt::RECEIPT_MEDIA_TYPE;
use afterword_tests::proxy::{Seen, http};
use afterword_tests::wait::until;
use afterword_tests::{Behaviour, Desk, Impostor, Program, Proxy};
use anyhow::{Context, Result};
use serde_json::Value;

/// How long the line is up, and then down, while it flaps. Shorter than a slow machine takes for a handshake and a batch,
/// so that connections break at every point of both.
const FLAP: Duration = Duration::from_millis(150);

/// What a log-in page, as a café's network shows it, looks like.
const LOG_IN_PAGE: &str = "<html><title>Caffe WiFi</title><form>Please log in</form></html>";

/// A shop whose device reaches its collector through a line.
struct Shop {
    desk: Desk,
    line: Proxy,
    collector: Program,
    kiosk: Program,
    agent: Program,
}

impl Shop {
    /// A shop at work, whose line behaves like this from the first connection on.
    fn open(behaviour: impl FnOnce(&Desk) -> Result<Behaviour>) -> Result<Self> {
        let mut desk = Desk::new()?;
        let line = Proxy::open()?;
        let collector = desk.collector_behind(&line)?;
        desk.enrol()?;
        line.set(behaviour(&desk)?);
        let kiosk = desk.kiosk(0)?;
        let agent = desk.agent()?;
        Ok(Self { desk, line, collector, kiosk, agent })
    }

    /// The line is well again: everything arrives, once, and the device says that all is well.
    async fn recovers(self, last_seq: u64) -> Result<()> {
        let Self { desk, line, collector, kiosk, agent } = self;
        line.set(Behaviour::Pass);
        desk.everything_received(last_seq).await?;
        assert_eq!(desk.agent_status()?["problem"], Value::Null);
        desk.close(kiosk, agent, collector, last_seq).await
    }

    /// Nothing counts as acknowledged.
    fn acknowledged_nothing(&self) -> Result<()> {
        let status = self.desk.agent_status()?;
        assert!(status["acknowledged_seq"] == 0 && status["unsent"].as_u64() > Some(0), "{status}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_a_link_that_flaps_brings_everything_over_once() -> Result<()> {
    let mut shop = Shop::open(|_| Ok(Behaviour::Pass))?;
    let flapping = shop.line.flap(FLAP);
    let mut last_seq = 0;
    for _ in 0..12 {
        last_seq = shop.kiosk.shoppers(3)?.last_seq;
        let downs = shop.line.faults();
        shop.line.faults_reach(downs + 2).await?;
    }
    // While it still flaps.
    shop.desk.everything_received(last_seq).await?;
    drop(flapping);
    shop.recovers(last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_captive_portal_acknowledges_nothing() -> Result<()> {
    let mut shop = Shop::open(|desk| {
        let portal = Impostor::with_keys_of(&desk.path("collector"), |seen| match seen.number % 4 {
            0 => http(200, "Content-Type: text/html; charset=utf-8\r\n", LOG_IN_PAGE),
            1 => http(302, "Location: https://localhost/login\r\n", ""),
            // Worse than any portal: the right words around nothing.
            2 => http(200, &format!("Content-Type: {RECEIPT_MEDIA_TYPE}\r\n"), "{\"receipt\":{}}"),
            _ => http(200, &format!("Content-Type: {RECEIPT_MEDIA_TYPE}\r\n"), LOG_IN_PAGE),
        })?;
        Ok(Behaviour::Answer(portal))
    })?;
    let last_seq = shop.kiosk.shoppers(4)?.last_seq;
    shop.line.faults_reach(12).await?;
    shop.desk.agent_complains("log-in page").await?;
    shop.desk.agent_complains("receipt cannot be read").await?;
    shop.desk.agent_complains("the answer 302 is not the collector's own").await?;
    shop.acknowledged_nothing()?;
    shop.recovers(last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_tls_opened_by_another_ca_is_refused_and_the_technician_told() -> Result<()> {
    let proxy = Impostor::of_another_ca(|_| http(200, "Content-Type: text/html\r\n", "welcome"))?;
    let mut shop = Shop::open(|_| Ok(Behaviour::Answer(proxy.clone())))?;
    let last_seq = shop.kiosk.shoppers(4)?.last_seq;
    shop.line.faults_reach(3).await?;
    shop.desk.agent_complains("no certificate from the collector's CA").await?;
    let status = shop.desk.run("afterword-sync", &["status", "--state", "sync"])?;
    let named =
        status.stdout.lines().find(|line| line.starts_with("problem")).context("it names a problem")?;
    assert!(named.contains("a proxy or hotspot may stand in between"), "{named}");
    assert!(proxy.seen().is_empty(), "it was told something: {:?}", proxy.seen());
    shop.acknowledged_nothing()?;
    shop.recovers(last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_refused_and_half_open_connections_are_given_up_in_time() -> Result<()> {
    let mut shop = Shop::open(|_| Ok(Behaviour::Refuse))?;
    let mut last_seq = shop.kiosk.shoppers(2)?.last_seq;
    shop.desk.agent_complains("nobody listens at localhost").await?;
    shop.acknowledged_nothing()?;

    // Accepted, and then nothing, from the first byte on.
    shop.line.set(Behaviour::BlackHole);
    shop.desk.agent_complains("no answer from localhost").await?;
    shop.acknowledged_nothing()?;

    // A connection that had worked falls silent.
    shop.line.set(Behaviour::Pass);
    shop.desk.everything_received(last_seq).await?;
    shop.line.set(Behaviour::BlackHole);
    last_seq = shop.kiosk.shoppers(2)?.last_seq;
    shop.desk.agent_complains("no answer from localhost").await?;

    // Answers that come late, come in parts, or break off; a collector that hears only half.
    let halves = [Behaviour::Truncate(40), Behaviour::HalfClose, Behaviour::Delay(Duration::from_secs(20))];
    for behaviour in halves {
        let harm = shop.line.faults();
        shop.line.set(behaviour);
        last_seq = shop.kiosk.shoppers(2)?.last_seq;
        shop.line.faults_reach(harm + 1).await?;
    }
    shop.recovers(last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_name_that_cannot_be_looked_up_is_transient() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let right = std::fs::read_to_string(desk.path("sync/identity.json"))?;
    std::fs::write(desk.path("sync/identity.json"), right.replace("localhost", "collector.invalid"))?;
    let mut kiosk = desk.kiosk(0)?;
    let mut lost = desk.agent_command();
    // A machine without a name server shall say so within the time there is to connect.
    lost.arg("--brisk").env("RES_OPTIONS", "timeout:1 attempts:1");
    let agent = Program::start(lost)?;
    let last_seq = kiosk.shoppers(3)?.last_seq;
    let status = desk.agent_complains("cannot be looked up").await?;
    assert_eq!((&status["state"], &status["acknowledged_seq"]), (&"retrying".into(), &0.into()), "{status}");
    agent.terminate()?;

    std::fs::write(desk.path("sync/identity.json"), right)?;
    let agent = desk.agent()?;
    desk.close(kiosk, agent, collector, last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_retry_after_is_obeyed_capped_and_jittered() -> Result<()> {
    const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let busy = serde_json::to_string(&ProblemType::Busy.with_detail("busy"))?;
    let front = move |seen: &Seen| {
        let ours = format!("Content-Type: {PROBLEM_MEDIA_TYPE}\r\n");
        match seen.number {
            _ if !seen.is_batch() => http(502, "", "heartbeats have waits of their own"),
            0 => http(503, &format!("{ours}Retry-After: 2\r\n"), &busy),
            // Whoever says it, and whatever the device's own clock says: the date counts from the answer's own.
            1 => http(429, &format!("{DATE}Retry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n"), "slow down"),
            // What cannot be read is nobody's word: the usual back-off.
            2 => http(503, &format!("{ours}Retry-After: soon\r\n"), &busy),
            3 => http(503, &format!("{ours}Retry-After: 0\r\n"), &busy),
            _ => http(503, &format!("{ours}Retry-After: 99999999999999999999\r\n"), &busy),
        }
    };
    let mut front_of = None;
    let mut shop = Shop::open(|desk| {
        let impostor = Impostor::with_keys_of(&desk.path("collector"), front)?;
        front_of = Some(impostor.clone());
        Ok(Behaviour::Answer(impostor))
    })?;
    let front = front_of.context("it stands there")?;
    let last_seq = shop.kiosk.shoppers(2)?.last_seq;
    let seen = until("five batches", || {
        let mut seen = front.seen();
        seen.retain(Seen::is_batch);
        Ok((seen.len() >= 5).then_some(seen))
    })
    .await?;
    let waits: Vec<Duration> = seen.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    for (wait, least_ms) in waits.iter().zip([2_000, 3_000, 0, 1_000]) {
        assert!(wait.as_millis() >= least_ms, "{least_ms} ms were asked for: {waits:?}");
    }

    // Capped at a quarter of an hour, and up to a quarter of that longer, never the same twice.
    let mut ends = Vec::new();
    for _ in 0..3 {
        let status = shop.desk.agent_says("it waits long", |status| {
            let next_ms = status["next_try_ms"].as_i64()?;
            (status["state"] == "busy" && next_ms > wall_ms() + 60_000).then_some(next_ms)
        });
        let next_ms = status.await?;
        let wait_ms = next_ms - wall_ms();
        let most_ms = i64::try_from(RETRY_MAX_MS)?;
        assert!((most_ms - 60_000..=most_ms * 5 / 4).contains(&wait_ms), "{wait_ms} ms");
        ends.push(wait_ms);
        shop.acknowledged_nothing()?;
        // A restart asks again; so would a technician's.
        shop.agent.terminate()?;
        shop.agent = shop.desk.agent()?;
        shop.desk
            .agent_says("it has started anew", |status| (status["state"] != "stopped").then_some(()))
            .await?;
    }
    ends.sort_unstable();
    assert!(ends.windows(2).any(|pair| pair[1] - pair[0] > 1_000), "no jitter: {ends:?}");
    shop.agent.terminate()?;
    shop.line.set(Behaviour::Pass);
    shop.agent = shop.desk.agent()?;
    shop.recovers(last_seq).await
}

fn wall_ms() -> i64 {
    use afterword_model::ports::Clock as _;
    afterword_protocol::system::SystemClock::start().wall_ms()
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_an_orderly_reboot_while_offline_keeps_the_queue_whole() -> Result<()> {
    let mut shop = Shop::open(|_| Ok(Behaviour::Refuse))?;
    let mut last_seq = 0;
    for _ in 0..4 {
        let before = last_seq;
        last_seq = shop.kiosk.shoppers(5)?.last_seq;
        assert!(last_seq >= before + 5, "{before} records before, {last_seq} after five more shoppers");
        // As systemd does it: both are asked to end, in either order.
        shop.agent.terminate()?;
        shop.kiosk.end_of_input()?;
        shop.kiosk = shop.desk.kiosk(0)?;
        shop.agent = shop.desk.agent()?;
        assert_eq!(shop.kiosk.hand("wait 1")?.last_seq, last_seq, "the queue is whole");
        shop.desk.agent_complains("nobody listens").await?;
        shop.acknowledged_nothing()?;
    }
    shop.recovers(last_seq).await
}
