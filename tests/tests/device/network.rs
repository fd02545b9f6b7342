//! The network test against a real collector, and against everything that may be found in its place.

use std::sync::Arc;

use afterword_agent::Identity;
use afterword_agent::network_test::{Machine, Target, Tester};
use afterword_collector::Admin;
use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::network_test::{Finding, NetworkTest, Outcome, StepName};
use afterword_protocol::queue::Health;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_tests::office::{Office, by_way_of};
use afterword_tests::ratings::open_store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const MINUTE_MS: i64 = 60_000;
const YEAR_MS: i64 = 365 * 24 * 60 * MINUTE_MS;

/// A collector with one device, Exit, and the clock of both.
struct Shop {
    folder: tempfile::TempDir,
    office: Office,
    exit: Identity,
    now_ms: i64,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now_ms = SystemClock::start().wall_ms();
        let office = Office::open_at(folder.path(), Arc::new(ManualClock::at(now_ms))).await.unwrap();
        let exit = office.enrol("Exit").await.unwrap();
        Self { folder, office, exit, now_ms }
    }

    fn admin(&self) -> Admin {
        let clock = Arc::new(ManualClock::at(self.now_ms));
        Admin::open(&self.folder.path().join("collector"), clock, Arc::new(SystemEntropy)).unwrap()
    }

    async fn test(&self, identity: &Identity) -> NetworkTest {
        self.test_at(identity, 0, None).await
    }

    /// With this device's clock off by so much.
    async fn test_at(&self, identity: &Identity, off_ms: i64, health: Option<Health>) -> NetworkTest {
        test(Target::Device(identity), Arc::new(ManualClock::at(self.now_ms + off_ms)), health).await
    }

    fn health(&self) -> Health {
        let store = open_store(&self.folder.path().join("kiosk"), 7).unwrap();
        store.queue().health_blocking("0").unwrap()
    }
}

async fn test(target: Target<'_>, clock: Arc<dyn Clock>, health: Option<Health>) -> NetworkTest {
    let machine = Machine::default();
    let mut told = Vec::new();
    let tester = Tester { machine: &machine, target, clock, health };
    let test = tester.test(|step| told.push(step.clone())).await;
    // What is told step by step is what stands in the result; those that were not reached are only there.
    assert_eq!(test.steps[..told.len()], told[..]);
    assert!(test.steps[told.len()..].iter().all(|step| step.finding == Finding::NotReached));
    assert_eq!(test.steps.iter().map(|step| step.step).collect::<Vec<_>>(), StepName::ALL);
    assert!(test.is_sound());
    test
}

/// Where it ended, and by what.
fn end(test: &NetworkTest) -> (StepName, Finding) {
    let failed = test.failed().unwrap_or_else(|| panic!("nothing failed: {test:?}"));
    let after = test.steps.iter().skip_while(|step| step.step != failed.step).skip(1);
    assert!(after.clone().all(|step| step.outcome == Outcome::Skipped), "{test:?}");
    (failed.step, failed.finding.clone())
}

fn finding(test: &NetworkTest, name: StepName) -> (Outcome, Finding) {
    let step = test.steps.iter().find(|step| step.step == name).unwrap();
    (step.outcome, step.finding.clone())
}

fn elsewhere(identity: &Identity, collector_url: &str) -> Identity {
    let enrolled = Enrolled { collector_url: collector_url.into(), ..identity.enrolled().clone() };
    Identity::new(enrolled, identity.key().clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_with_a_collector_that_knows_the_device() {
    let shop = Shop::open().await;
    for (health, precision) in [(None, 500), (Some(shop.health()), 0)] {
        let has_health = health.is_some();
        let test = shop.test_at(&shop.exit, 0, health).await;
        assert!(test.is_well(), "{test:?}");
        assert_eq!(
            finding(&test, StepName::Link),
            (Outcome::Ok, Finding::NotNeeded),
            "it is on this machine"
        );
        let (_, Finding::Resolved { host, address }) = finding(&test, StepName::Dns) else {
            panic!("{test:?}")
        };
        assert!(host == "localhost" && address.is_loopback(), "{test:?}");
        assert_eq!(finding(&test, StepName::Tls).1, Finding::Secured);
        assert_eq!(finding(&test, StepName::Identity).1, Finding::Known { name: "Exit".into() });
        let (_, Finding::Offset { offset_ms, precision_ms }) = finding(&test, StepName::Clock) else {
            panic!("{test:?}")
        };
        // The collector's `Date` is the machine's own and not that of the test; its heartbeat's answer is the test's.
        let close_ms = if has_health { 0 } else { 60_000 };
        assert!(offset_ms.abs() <= close_ms && precision_ms == precision, "{test:?}");
    }
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_leaves_nothing_behind_at_the_collector() {
    let shop = Shop::open().await;
    let heard = |shop: &Shop| shop.admin().device_list().unwrap()[0].stores.clone();
    shop.test(&shop.exit).await;
    assert_eq!(heard(&shop), [], "a test without a store names none");
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_without_a_collector_refuses() {
    let shop = Shop::open().await;
    let empty = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let test = shop.test(&elsewhere(&shop.exit, &format!("https://{empty}"))).await;
    assert_eq!(end(&test), (StepName::Tcp, Finding::Refused { address: empty }));
    assert_eq!(finding(&test, StepName::Dns), (Outcome::Ok, Finding::NotNeeded));
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_an_address_is_named() {
    let shop = Shop::open().await;
    let device = elsewhere(&shop.exit, "https://collector.invalid:8443");
    // Its link and address are this machine's, which may have none.
    let machine = Machine::at("/nonexistent".into());
    let clock = Arc::new(ManualClock::at(shop.now_ms));
    let tester = Tester { machine: &machine, target: Target::Device(&device), clock, health: None };
    let test = tester.test(|_| ()).await;
    let (step, found) = end(&test);
    assert_eq!(step, StepName::Dns);
    let named = Finding::NameNotFound { host: "collector.invalid".into() };
    assert!(found == named || matches!(found, Finding::TimedOut { .. }), "{found:?}");
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_collectors_authority_is_not_ours() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let device = by_way_of(&shop.exit, other.office.device_address()).unwrap();
    assert_eq!(end(&shop.test(&device).await), (StepName::Tls, Finding::UnknownCa));
    shop.office.close().await;
    other.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_wants_a_log_in_page_is_recognised() {
    let shop = Shop::open().await;
    let portal = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = portal.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = portal.accept().await {
            let mut hello = [0; 512];
            let _ = stream.read(&mut hello).await;
            let page = "<html>Please log in</html>";
            let head = "HTTP/1.1 302 Found\r\nlocation: http://login.example/\r\ncontent-type: text/html\r\n";
            let answer = format!("{head}content-length: {}\r\n\r\n{page}", page.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let test = shop.test(&elsewhere(&shop.exit, &format!("https://{address}"))).await;
    assert_eq!(end(&test), (StepName::Tls, Finding::NotTls));
    serving.abort();
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_swallows_everything_is_given_up_in_time() {
    let shop = Shop::open().await;
    let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = hole.local_addr().unwrap();
    let clock = Arc::new(SystemClock::start());
    let device = elsewhere(&shop.exit, &format!("https://{address}"));
    let test = test(Target::Device(&device), clock, None).await;
    let (step, found) = end(&test);
    assert_eq!(step, StepName::Tls);
    let Finding::TimedOut { limit_ms } = found else { panic!("{found:?}") };
    assert!(test.took_ms >= limit_ms && test.took_ms < 20_000, "{test:?}");
    drop(hole);
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_may_no_longer_speak_hears_why() {
    let shop = Shop::open().await;
    let door = shop.office.enrol("Door").await.unwrap();
    let till = shop.office.enrol("Till").await.unwrap();
    shop.admin().device_revoke("Exit", None).unwrap();
    shop.admin().device_retire("Door", true, None).unwrap();
    let code = shop.admin().device_replace("Till", None).unwrap().code.to_string();
    for (device, why) in [(&shop.exit, Finding::Revoked), (&door, Finding::Retired)] {
        assert_eq!(end(&shop.test(device).await), (StepName::Identity, why));
    }
    assert!(shop.test(&till).await.is_well(), "until the code is used");
    shop.office.enrol_with("other-till", &code).await.unwrap();
    assert_eq!(end(&shop.test(&till).await), (StepName::Identity, Finding::UnknownDevice));
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_told_with_its_sign_also_where_it_spoils_tls() {
    let shop = Shop::open().await;
    let cases = [
        (-400, Outcome::Ok),
        (8_000, Outcome::Warning),
        (-6 * MINUTE_MS, Outcome::Failed),
        (6 * MINUTE_MS, Outcome::Failed),
    ];
    for (off_ms, outcome) in cases {
        let test = shop.test_at(&shop.exit, off_ms, Some(shop.health())).await;
        let offset = Finding::Offset { offset_ms: off_ms, precision_ms: 0 };
        assert_eq!(finding(&test, StepName::Clock), (outcome, offset));
        assert_eq!(test.is_well(), outcome != Outcome::Failed);
    }
    // So far ahead that the collector's certificate has long expired: by the collector's own clock it has not.
    let test = shop.test_at(&shop.exit, 30 * YEAR_MS, None).await;
    let (step, found) = end(&test);
    let Finding::ClockSpoilsTls { offset_ms } = found else { panic!("{step:?} {found:?}") };
    assert_eq!((step, (offset_ms - 30 * YEAR_MS).abs() < MINUTE_MS), (StepName::Tls, true), "{offset_ms}");
    shop.office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_not_enrolled_is_tested_up_to_there() {
    let shop = Shop::open().await;
    let ca_pem = std::fs::read_to_string(shop.admin().ca_file()).unwrap();
    let url = shop.office.enrolment_url();
    let target = Target::Enrolment { collector_url: &url, ca_pem: &ca_pem };
    let clock = Arc::new(ManualClock::at(shop.now_ms));
    let test = test(target, clock, None).await;
    assert_eq!(finding(&test, StepName::Tls), (Outcome::Ok, Finding::Secured));
    assert_eq!(end(&test), (StepName::Identity, Finding::NotEnrolled));
    shop.office.close().await;
}
