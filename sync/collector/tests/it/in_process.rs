//! The collector without sockets: the same answers as over the network, and the same every time.

use std::sync::Arc;

use afterword_collector::{Admin, InProcess, NoConnection};
use afterword_model::ports::{Clock as _, ManualClock, SeededEntropy};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH};
use afterword_protocol::enrolment::ENROLMENT_PATH;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::ProblemType;
use rcgen::{CertificateParams, DnType, date_time_ymd};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

use crate::support::{Answer, Device, enrolment_body, key_and_epoch, key_pair, signing_request};

/// A collector that nothing random or late can happen to.
struct Still {
    folder: TempDir,
    clock: Arc<ManualClock>,
    collector: InProcess,
}

impl Still {
    fn open() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(1_795_300_000_000)));
        let entropy = Arc::new(SeededEntropy::new(7));
        let collector = InProcess::open(folder.path(), clock.clone(), entropy).unwrap();
        Self { folder, clock, collector }
    }

    fn admin(&self) -> Admin {
        Admin::open(self.folder.path(), self.clock.clone(), Arc::new(SeededEntropy::new(8))).unwrap()
    }

    fn device(&self, name: &str) -> Device {
        let (key, epoch) = key_and_epoch(name);
        let code = self.admin().device_add(name, None).unwrap().code.to_string();
        let body = enrolment_body(&code, &signing_request(&key));
        let answer =
            self.collector.post(ENROLMENT_PATH, None, Some("application/json"), None, &body).unwrap();
        let answer = Answer::of_in_process(answer);
        assert_eq!(answer.status, 201, "{}", answer.text());
        Device::new(key, epoch, serde_json::from_slice(&answer.body).unwrap())
    }

    fn post_batch(&self, certificate: Option<&[u8]>, body: &[u8]) -> Result<Answer, NoConnection> {
        let (media_type, encoding) = (Some(BATCH_MEDIA_TYPE), Some(BATCH_ENCODING));
        self.collector.post(BATCHES_PATH, certificate, media_type, encoding, body).map(Answer::of_in_process)
    }

    fn send(&self, device: &Device, first: u64, last: u64) -> Answer {
        self.post_batch(Some(&device.certificate_der()), &device.batch(first, last)).unwrap()
    }
}

#[test]
fn a_device_enrols_delivers_and_is_signed_for() {
    let still = Still::open();
    let device = still.device("Exit").with_records(20);
    let receipt = still.send(&device, 1, 15).receipt();
    assert!(receipt.is_signed_by(&device.enrolled.receipt_key));
    assert_eq!((receipt.receipt.through_seq, receipt.receipt.received_ms), (15, still.clock.wall_ms()));
    assert_eq!(still.send(&device, 17, 20).problem(ProblemType::NotContiguous).mark, Some(15));
    still.send(&device, 16, 20).receipt();
    still.admin().device_revoke("Exit", None).unwrap();
    still.send(&device, 16, 20).problem(ProblemType::NotAllowed);
    assert_eq!(still.admin().verify().unwrap().records(), 20);
}

#[test]
fn the_same_story_gives_the_same_bytes() {
    let tell = || {
        let still = Still::open();
        let device = still.device("Exit").with_records(3);
        (device.enrolled.clone(), still.send(&device, 1, 3).body)
    };
    assert_eq!(tell(), tell());
}

#[test]
fn a_certificate_is_looked_at_as_in_a_handshake() {
    let still = Still::open();
    let device = still.device("Exit").with_records(1);
    let body = device.batch(1, 1);
    assert!(still.post_batch(None, &body).is_err());
    assert!(still.post_batch(Some(b"rubbish"), &body).is_err());
    let key = SigningKey::generate(&SeededEntropy::new(1));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, device.enrolled.device.to_string());
    let self_made: CertificateDer<'_> = params.self_signed(&key_pair(&key)).unwrap().into();
    assert!(still.post_batch(Some(&self_made), &body).is_err());

    // An expired one is let in, and can do nothing here.
    still.clock.advance_ms(400 * 86_400_000);
    still.send(&device, 1, 1).problem(ProblemType::NotAuthenticated);
}

#[test]
fn a_device_that_enrolled_while_the_clock_was_ahead_delivers_once_it_is_set_right() {
    let still = Still::open();
    let device = still.device("Exit").with_records(2);
    still.clock.jump_to(still.clock.wall_ms() - 300 * 86_400_000);
    still.send(&device, 1, 1).receipt();
    // The date alone is forgiven: whose certificate it is, and that it was not revoked, is looked at as ever.
    let self_made = {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2030, 1, 1);
        params.distinguished_name.push(DnType::CommonName, device.enrolled.device.to_string());
        CertificateDer::from(params.self_signed(&key_pair(&key)).unwrap())
    };
    assert!(still.post_batch(Some(&self_made), &device.batch(2, 2)).is_err());
    still.admin().device_revoke("Exit", None).unwrap();
    still.send(&device, 2, 2).problem(ProblemType::NotAllowed);
}

#[test]
fn what_is_not_there_is_answered_as_over_the_network() {
    let still = Still::open();
    let device = still.device("Exit").with_records(1);
    let certificate = device.certificate_der();
    let post = |path: &str, media_type: Option<&str>, body: &[u8]| {
        let answer = still.collector.post(path, Some(&certificate), media_type, Some(BATCH_ENCODING), body);
        Answer::of_in_process(answer.unwrap())
    };
    post("/v2/batches", Some(BATCH_MEDIA_TYPE), b"").problem(ProblemType::NotFound);
    post(BATCHES_PATH, None, b"").problem(ProblemType::UnsupportedMediaType);
    post(BATCHES_PATH, Some(BATCH_MEDIA_TYPE), &[0; 300_000]).problem(ProblemType::TooLarge);
    post(BATCHES_PATH, Some(BATCH_MEDIA_TYPE), b"rubbish").problem(ProblemType::Malformed);
    for _ in 0..10 {
        let guess = enrolment_body("AAAA-AAAA-AAAA", &signing_request(&device.key));
        still.collector.post(ENROLMENT_PATH, None, Some("application/json"), None, &guess).unwrap();
    }
    let throttled = still.collector.post(ENROLMENT_PATH, None, Some("application/json"), None, b"").unwrap();
    assert_eq!((throttled.status, throttled.retry_after.as_deref()), (429, Some("60")));
}
