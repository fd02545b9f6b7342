//! Enrolment and the real transport against a small TLS server of our own. What the real collector does
//! is shown in the `tests` crate; here it is what any server might do, also a wrong one.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as such here")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use afterword_agent::answer::{Answer, classify};
use afterword_agent::enrol::PENDING_PREFIX;
use afterword_agent::https::Timeouts;
use afterword_agent::identity::{IDENTITY_FILE, KEY_FILE};
use afterword_agent::network_test::{Machine, Target, Tester};
use afterword_agent::{
    Cause, EnrolError, Enrolment, HttpsTransport, Identity, Message, RawAnswer, Transport, TransportFailure,
    enrol,
};
use afterword_model::ports::{Clock, ManualClock, SeededEntropy};
use afterword_model::record::{DeviceId, ServerEpoch, StoreEpoch, genesis};
use afterword_protocol::batch::{BATCH_MEDIA_TYPE, BATCHES_PATH, decode, encode};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentRequest};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::network_test::Finding;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, ProblemType};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::{Nonce, RECEIPT_MEDIA_TYPE, Receipt};
use bytes::Bytes;
use rcgen::{CertificateParams, CertificateSigningRequestParams, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const CODE: &str = "K7QM-2XJP-9WTD";
/// In 2026, when certificates of these tests are valid.
const NOW_MS: i64 = 1_780_000_000_000;

/// A certification authority that signs servers and devices.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        valid(&mut params, 2026, 2040);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn server(&self, name: &str, from_year: i32, to_year: i32) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        valid(&mut params, from_year, to_year);
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    fn device(&self, signing_request_pem: &str) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(signing_request_pem).unwrap();
        valid(&mut request.params, 2026, 2040);
        request.signed_by(&self.issuer).unwrap().pem()
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        Arc::new(roots)
    }
}

fn valid(params: &mut CertificateParams, from_year: i32, to_year: i32) {
    params.not_before = rcgen::date_time_ymd(from_year, 1, 1);
    params.not_after = rcgen::date_time_ymd(to_year, 1, 1);
}

/// How the server under test is set up.
struct Setup<'a> {
    authority: &'a Authority,
    name: &'a str,
    years: (i32, i32),
    /// Whose devices are let in; `None` asks for no certificate.
    devices_of: Option<&'a Authority>,
}

impl<'a> Setup<'a> {
    fn of(authority: &'a Authority) -> Self {
        Self { authority, name: "localhost", years: (2026, 2040), devices_of: None }
    }
}

/// A request as the server saw it: first line and headers, body.
type Seen = (String, Vec<u8>);

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Serves one request a connection; `answer` may give `None` to hang up without one.
async fn serve(
    setup: Setup<'_>,
    answer: impl Fn(&Seen) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = setup.authority.server(setup.name, setup.years.0, setup.years.1);
    let config =
        rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let config = match setup.devices_of {
        Some(authority) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(authority.roots(), provider).build().unwrap();
            config.unwrap().with_client_cert_verifier(verifier)
        }
        None => config.unwrap().with_no_client_auth(),
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = config.with_single_cert(vec![certificate], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, record, answer) = (acceptor.clone(), record.clone(), answer.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let Some(request) = read_request(&mut stream).await else { return };
                let answered = answer(&request);
                record.lock().unwrap().push(request);
                if let Some(bytes) = answered {
                    let _ = stream.write_all(&bytes).await;
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    Server { url, seen }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn http(status: u16, headers: &str, body: &[u8]) -> Option<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Some([head.as_bytes(), body].concat())
}

fn of_type(media_type: &str) -> String {
    format!("content-type: {media_type}\r\n")
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(NOW_MS))
}

fn brief() -> Timeouts {
    Timeouts { connect_ms: 10_000, total_ms: 20_000 }
}

fn receipt_key() -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(99))
}

fn enrolled(authority: &Authority, signing_request_pem: &str, collector_url: &str) -> Enrolled {
    Enrolled {
        device: DeviceId::new([1; 16]),
        name: "Counter 3".into(),
        certificate_pem: authority.device(signing_request_pem),
        collector_ca_pem: authority.pem.clone(),
        receipt_key: receipt_key().verifying_key(),
        collector_url: collector_url.into(),
        server_epoch: ServerEpoch::new([7; 16]),
    }
}

/// An enrolment port that enrols whoever comes, for a device port at this address.
async fn enrolment_port(authority: Arc<Authority>, collector_url: String) -> Server {
    let signer = authority.clone();
    serve(Setup::of(&authority), move |(_, body)| {
        let request: EnrolmentRequest = serde_json::from_slice(body).unwrap();
        let enrolled = enrolled(&signer, &request.signing_request_pem, &collector_url);
        http(201, &of_type("application/json"), &serde_json::to_vec(&enrolled).unwrap())
    })
    .await
}

async fn enrol_at(server: &Server, authority: &Authority, state_dir: &Path) -> Result<Identity, EnrolError> {
    enrol_by_clock(server, authority, state_dir, clock()).await
}

async fn enrol_by_clock(
    server: &Server,
    authority: &Authority,
    state_dir: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Identity, EnrolError> {
    let order = Enrolment {
        collector_url: &server.url,
        code: CODE,
        ca_pem: &authority.pem,
        state_dir,
        timeouts: brief(),
    };
    enrol(&order, &SeededEntropy::new(5), clock).await
}

/// A device that is enrolled for this server.
async fn device_for(server: &Server, authority: &Arc<Authority>) -> Identity {
    let dir = tempfile::tempdir().unwrap();
    let port = enrolment_port(authority.clone(), server.url.clone()).await;
    enrol_at(&port, authority, dir.path()).await.unwrap()
}

async fn send(identity: &Identity) -> Result<RawAnswer, TransportFailure> {
    let transport = HttpsTransport::new(identity, clock(), brief()).unwrap();
    transport.post(Message::Batch, Bytes::from_static(b"batch")).await
}

/// Why a batch does not get an answer from a server set up like this.
async fn cause(setup: Setup<'_>, authority: &Arc<Authority>) -> TransportFailure {
    let server = serve(setup, |_| http(200, "", b"")).await;
    send(&device_for(&server, authority).await).await.unwrap_err()
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "agent.lock");
    names.sort();
    names
}

#[tokio::test]
async fn a_device_enrols_and_brings_a_batch_over_mutual_tls() {
    let authority = Arc::new(Authority::new());
    let setup = Setup { devices_of: Some(&authority), ..Setup::of(&authority) };
    let device_port = serve(setup, |(_, body)| {
        let header = decode(body).unwrap().header;
        let receipt = Receipt {
            device: header.device,
            epoch: header.epoch,
            through_seq: header.last_seq(),
            head: header.last_head,
            server_epoch: ServerEpoch::new([7; 16]),
            nonce: header.nonce,
            received_ms: NOW_MS,
        };
        http(200, &of_type(RECEIPT_MEDIA_TYPE), &serde_json::to_vec(&receipt.sign(&receipt_key())).unwrap())
    })
    .await;
    let port = enrolment_port(authority.clone(), device_port.url.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let state_dir = dir.path().join("made/for/it");
    enrol_at(&port, &authority, &state_dir).await.unwrap();
    assert_eq!(files(&state_dir), [IDENTITY_FILE, KEY_FILE]);
    let (head, _) = &port.requests()[0];
    assert!(head.starts_with(&format!("post {ENROLMENT_PATH} ")), "{head}");

    let identity = Identity::load(&state_dir).unwrap();
    let epoch = StoreEpoch::new([3; 16]);
    let run = Run { epoch, first_seq: 1, previous_head: genesis(&epoch), records: vec![b"{}".to_vec(); 3] };
    let (header, body) = encode(&run, identity.enrolled().device, Nonce::new([4; 16]), identity.key());
    let transport = HttpsTransport::new(&identity, clock(), brief()).unwrap();
    let answer = transport.post(Message::Batch, body.clone().into()).await.unwrap();
    let (head, received) = &device_port.requests()[0];
    assert!(head.starts_with(&format!("post {BATCHES_PATH} ")), "{head}");
    assert!(head.contains(&of_type(BATCH_MEDIA_TYPE)) && head.contains("content-encoding: zstd"), "{head}");
    assert_eq!(*received, body);
    let meaning = classify(&answer, &header, &identity.enrolled().receipt_key, NOW_MS);
    assert!(matches!(meaning, Answer::Receipt(_)), "{meaning:?}");

    let again = enrol_at(&port, &authority, &state_dir).await;
    assert!(matches!(&again, Err(EnrolError::AlreadyEnrolled(_))));
    assert!(again.unwrap_err().to_string().contains("device replace NAME"));
    assert_eq!(port.requests().len(), 1, "nobody is asked");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_code() {
    let authority = Arc::new(Authority::new());
    let dir = tempfile::tempdir().unwrap();
    let deaf = serve(Setup::of(&authority), |_| None).await;
    let lost = enrol_at(&deaf, &authority, dir.path()).await.unwrap_err();
    assert!(matches!(lost, EnrolError::NoAnswer(_)) && lost.to_string().contains("same command"), "{lost}");
    assert!(files(dir.path())[0].starts_with(PENDING_PREFIX));

    let port = enrolment_port(authority.clone(), "https://localhost:1".into()).await;
    let identity = enrol_at(&port, &authority, dir.path()).await.unwrap();
    let first: EnrolmentRequest = serde_json::from_slice(&deaf.requests()[0].1).unwrap();
    let second: EnrolmentRequest = serde_json::from_slice(&port.requests()[0].1).unwrap();
    let key = |request: &EnrolmentRequest| {
        let request = CertificateSigningRequestParams::from_pem(&request.signing_request_pem).unwrap();
        rcgen::PublicKeyData::der_bytes(&request.public_key).to_vec()
    };
    assert_eq!((key(&first), &first.code), (key(&second), &second.code));
    assert_eq!(key(&second), identity.key().verifying_key().as_bytes());
    assert_eq!(files(dir.path()), [IDENTITY_FILE, KEY_FILE]);
}

#[tokio::test]
async fn a_wrong_code_leaves_nothing_behind() {
    let authority = Authority::new();
    let server = serve(Setup::of(&authority), |_| {
        let problem = ProblemType::NotAuthenticated.with_detail("the code was used");
        http(401, &of_type(PROBLEM_MEDIA_TYPE), &serde_json::to_vec(&problem).unwrap())
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let error = enrol_at(&server, &authority, dir.path()).await.unwrap_err();
    assert!(matches!(error, EnrolError::CodeRefused { .. }));
    assert!(
        error.to_string().contains("the code was used") && error.to_string().contains("get another"),
        "{error}"
    );
    assert!(files(dir.path()).is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_key_is_not_taken() {
    let authority = Arc::new(Authority::new());
    let signer = authority.clone();
    let server = serve(Setup::of(&authority), move |_| {
        let stranger = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let request = CertificateParams::default().serialize_request(&stranger).unwrap().pem().unwrap();
        let enrolled = enrolled(&signer, &request, "https://localhost:1");
        http(201, &of_type("application/json"), &serde_json::to_vec(&enrolled).unwrap())
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let error = enrol_at(&server, &authority, dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    assert!(!Identity::is_in(dir.path()) && !dir.path().join(KEY_FILE).exists());
}

#[tokio::test]
async fn nobody_is_enrolled_by_a_server_of_another_ca() {
    let (ours, theirs) = (Authority::new(), Arc::new(Authority::new()));
    let port = enrolment_port(theirs, "https://localhost:1".into()).await;
    let dir = tempfile::tempdir().unwrap();
    let error = enrol_at(&port, &ours, dir.path()).await.unwrap_err();
    assert!(matches!(&error, EnrolError::NoAnswer(failure) if failure.cause == Cause::Untrusted), "{error}");
    assert!(port.requests().is_empty(), "the code was not told");
}

#[tokio::test]
async fn a_device_without_a_clock_enrols_and_sends() {
    let authority = Arc::new(Authority::new());
    let server =
        serve(Setup { devices_of: Some(&authority), ..Setup::of(&authority) }, |_| http(204, "", b"")).await;
    let port = enrolment_port(authority.clone(), server.url.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let no_clock = Arc::new(ManualClock::at(0));
    let identity = enrol_by_clock(&port, &authority, dir.path(), no_clock.clone()).await.unwrap();
    let transport = HttpsTransport::new(&identity, no_clock, brief()).unwrap();
    assert_eq!(transport.post(Message::Batch, Bytes::new()).await.unwrap().status, 204);
}

#[tokio::test]
async fn each_wrong_certificate_has_its_cause() {
    let authority = Arc::new(Authority::new());
    let other = Authority::new();
    let untrusted = cause(Setup::of(&other), &authority).await;
    assert_eq!(untrusted.cause, Cause::Untrusted, "{untrusted:?}");
    assert!(untrusted.to_string().contains("proxy"), "{untrusted}");
    let cases = [
        (Cause::WrongName, Setup { name: "elsewhere.example", ..Setup::of(&authority) }),
        (Cause::Expired, Setup { years: (2020, 2021), ..Setup::of(&authority) }),
        (Cause::NotYetValid, Setup { years: (2039, 2040), ..Setup::of(&authority) }),
        (Cause::OwnCertificateRefused, Setup { devices_of: Some(&other), ..Setup::of(&authority) }),
    ];
    for (expected, setup) in cases {
        let failure = cause(setup, &authority).await;
        assert_eq!(failure.cause, expected, "{failure:?}");
    }
}

#[tokio::test]
async fn a_closed_port_and_a_silent_server_have_their_causes() {
    let authority = Arc::new(Authority::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = Server { url: format!("https://{}", listener.local_addr().unwrap()), seen: Arc::default() };
    let identity = device_for(&silent, &authority).await;
    let timeouts = Timeouts { connect_ms: 200, total_ms: 400 };
    let transport = HttpsTransport::new(&identity, clock(), timeouts).unwrap();
    assert_eq!(transport.post(Message::Batch, Bytes::new()).await.unwrap_err().cause, Cause::TimedOut);

    drop(listener);
    let failure = send(&identity).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Refused, "{failure:?}");
    assert!(failure.to_string().contains("127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_an_endless_answer_not_read() {
    let authority = Arc::new(Authority::new());
    let server =
        serve(Setup::of(&authority), |_| http(307, "location: /elsewhere\r\nretry-after: 7\r\n", b"")).await;
    let answer = send(&device_for(&server, &authority).await).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.as_deref()), (307, Some("7")));
    assert_eq!(server.requests().len(), 1);

    let server =
        serve(Setup::of(&authority), |_| http(200, &of_type("text/html"), &vec![b'x'; 10_000_000])).await;
    let answer = send(&device_for(&server, &authority).await).await.unwrap();
    assert!(answer.is_of_type("text/html") && answer.body.is_empty());
}

#[tokio::test]
async fn a_certificate_that_expired_is_told_from_a_clock_that_makes_it_seem_so() {
    const PROBLEM: &[u8] =
        br#"{"type":"urn:afterword:problem:malformed","title":"x","status":400,"detail":"x"}"#;
    let authority = Arc::new(Authority::new());
    const IN_2035_MS: i64 = 2_064_000_000_000;
    // The collector's own clock says one or the other; its certificate is good until 2030.
    for (date, is_clock) in
        [("Tue, 01 Jun 2027 12:00:00 GMT", true), ("Fri, 01 Jun 2035 12:00:00 GMT", false)]
    {
        let setup = Setup { years: (2026, 2030), devices_of: Some(&authority), ..Setup::of(&authority) };
        let headers = format!("{}date: {date}\r\n", of_type(PROBLEM_MEDIA_TYPE));
        let server = serve(setup, move |_| http(400, &headers, PROBLEM)).await;
        let device = device_for(&server, &authority).await;
        let machine = Machine::default();
        let clock = Arc::new(ManualClock::at(IN_2035_MS));
        let tester = Tester { machine: &machine, target: Target::Device(&device), clock, health: None };
        let failed = tester.test(|_| ()).await.failed().unwrap().finding.clone();
        match failed {
            Finding::ClockSpoilsTls { offset_ms } if is_clock => assert!(offset_ms > 0, "{offset_ms}"),
            Finding::CertificateExpired { not_after_ms: Some(1_893_456_000_000) } if !is_clock => {}
            other => panic!("{date}: {other:?}"),
        }
    }
}
