//! A collector in a temporary folder, and devices that talk to it as a real one would.

use std::sync::Arc;
use std::time::Duration;

use afterword_collector::{Admin, Collector, Config, InProcessAnswer, Limits, VerifyReport};
use afterword_model::ports::{Clock, Entropy, ManualClock, SeededEntropy};
use afterword_model::record::{DeviceId, StoreEpoch, genesis, next_head};
use afterword_model::response::{
    Answer as Given, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH, encode};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentRequest};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemType};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::{Nonce, RECEIPT_MEDIA_TYPE, SignedReceipt};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A test that waits longer than this for anything has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    config: Config,
    collector: Option<Collector>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        Self::start_as(|_, config| Config { limits, ..config }).await
    }

    /// With settings that a test changes; it is told the clock.
    pub(crate) async fn start_as(change: impl FnOnce(&Arc<ManualClock>, Config) -> Config) -> Self {
        // Clients check the server's certificate against the real time; the clock only moves from there.
        let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
        let folder = tempfile::tempdir().unwrap();
        let config = change(&clock, Config::loopback(folder.path()));
        let mut server = Self { folder, clock, config, collector: None };
        server.start_again().await;
        server
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    pub(crate) async fn stop(&mut self) {
        self.collector.take().unwrap().shutdown().await;
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        drop(self.collector.take().unwrap());
    }

    /// With the same settings, on other ports than before.
    pub(crate) async fn start_again(&mut self) {
        let config = self.config.clone();
        let entropy = Arc::new(SystemEntropy);
        self.collector = Some(Collector::start(config, self.clock.clone(), entropy).await.unwrap());
    }

    pub(crate) fn collector(&self) -> &Collector {
        self.collector.as_ref().unwrap()
    }

    pub(crate) fn admin(&self) -> Admin {
        Admin::open(self.folder.path(), self.clock.clone(), Arc::new(SystemEntropy)).unwrap()
    }

    pub(crate) fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.admin().ca_file()).unwrap()
    }

    pub(crate) fn enrolment_url(&self) -> String {
        format!("{}{ENROLMENT_PATH}", self.collector().enrol_url())
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        let report = self.admin().verify().unwrap();
        assert!(report.is_sound(), "{report:?}");
        report
    }

    /// A new device, enrolled over the network.
    pub(crate) async fn device(&self, name: &str) -> Device {
        let code = self.admin().device_add(name, None).unwrap().code.to_string();
        Device::enrol(name, &self.enrolment_url(), &self.ca_pem(), &code).await
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.timeout(PATIENCE).send().await.unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (media_type, retry_after) = (header("content-type").unwrap_or_default(), header("retry-after"));
        Self {
            status: response.status().as_u16(),
            media_type,
            retry_after,
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(crate) fn receipt(&self) -> SignedReceipt {
        assert_eq!((self.status, self.media_type.as_str()), (200, RECEIPT_MEDIA_TYPE), "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn of_in_process(answer: InProcessAnswer) -> Self {
        let InProcessAnswer { status, content_type, retry_after, body } = answer;
        Self { status, media_type: content_type.to_owned(), retry_after, body }
    }

    /// The problem, which must be of this type.
    pub(crate) fn problem(&self, kind: ProblemType) -> Problem {
        assert_eq!(self.media_type, PROBLEM_MEDIA_TYPE, "{}", self.text());
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!((problem.kind, problem.status), (kind, self.status), "{}", self.text());
        problem
    }

    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A device with its key, its identity and its records.
pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) enrolled: Enrolled,
    pub(crate) client: reqwest::Client,
    pub(crate) epoch: StoreEpoch,
    pub(crate) records: Vec<Vec<u8>>,
}

impl Device {
    pub(crate) async fn enrol(name: &str, url: &str, ca_pem: &str, code: &str) -> Self {
        let (key, epoch) = key_and_epoch(name);
        let answer = request_enrolment(url, ca_pem, code, &signing_request(&key)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        Self::new(key, epoch, serde_json::from_slice(&answer.body).unwrap())
    }

    pub(crate) fn new(key: SigningKey, epoch: StoreEpoch, enrolled: Enrolled) -> Self {
        let client = client(&enrolled.collector_ca_pem, Some((&enrolled.certificate_pem, &key)));
        Self { key, enrolled, client, epoch, records: Vec::new() }
    }

    /// Its certificate as it is shown in a handshake.
    pub(crate) fn certificate_der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.enrolled.certificate_pem.as_bytes()).unwrap()
    }

    /// The same machine and the same store, enrolled with another key.
    pub(crate) async fn enrol_anew(&self, url: &str, ca_pem: &str, code: &str) -> Self {
        let mut anew = Self::enrol("another key", url, ca_pem, code).await;
        (anew.epoch, anew.records) = (self.epoch, self.records.clone());
        anew
    }

    /// The same device, which knows where the server listens now.
    pub(crate) fn at(mut self, server: &Server) -> Self {
        self.enrolled.collector_url = server.collector().device_url().to_owned();
        self
    }

    /// With so many ratings to deliver.
    pub(crate) fn with_records(mut self, count: u64) -> Self {
        self.records = (1..=count).map(|seq| rating(seq).to_bytes()).collect();
        self
    }

    /// The records from `first` to `last` as a batch's body.
    pub(crate) fn batch(&self, first: u64, last: u64) -> Vec<u8> {
        self.batch_as(self.enrolled.device, &self.key, first, last)
    }

    /// The same under any name, signed with any key.
    pub(crate) fn batch_as(&self, device: DeviceId, key: &SigningKey, first: u64, last: u64) -> Vec<u8> {
        let (from, to) = (usize::try_from(first).unwrap() - 1, usize::try_from(last).unwrap());
        let run = Run {
            epoch: self.epoch,
            first_seq: first,
            previous_head: self.records[..from]
                .iter()
                .fold(genesis(&self.epoch), |head, bytes| next_head(&head, bytes)),
            records: self.records[from..to].to_vec(),
        };
        encode(&run, device, Nonce::new([7; 16]), key).1
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{BATCHES_PATH}", self.enrolled.collector_url)
    }

    pub(crate) async fn send(&self, body: Vec<u8>) -> Answer {
        self.send_with(&self.client, body).await
    }

    pub(crate) async fn send_with(&self, client: &reqwest::Client, body: Vec<u8>) -> Answer {
        let request = client.post(self.url()).header("content-type", BATCH_MEDIA_TYPE);
        Answer::of(request.header("content-encoding", BATCH_ENCODING).body(body)).await
    }

    /// Whether this client gets a receipt for the first record.
    pub(crate) async fn reaches(&self, client: &reqwest::Client) -> bool {
        let request = client.post(self.url()).header("content-type", BATCH_MEDIA_TYPE);
        let request = request.header("content-encoding", BATCH_ENCODING).body(self.batch(1, 1));
        request.timeout(PATIENCE).send().await.is_ok_and(|response| response.status() == 200)
    }

    /// A second client of the same identity, with connections of its own.
    pub(crate) fn another_client(&self) -> reqwest::Client {
        client(&self.enrolled.collector_ca_pem, Some((&self.enrolled.certificate_pem, &self.key)))
    }

    /// One connection under the test's own control.
    pub(crate) async fn connect(&self) -> Line {
        let tls = tls(&self.enrolled.collector_ca_pem, Some((&self.enrolled.certificate_pem, &self.key)));
        Line::connect(&self.enrolled.collector_url, tls).await.unwrap()
    }
}

/// What a device of this name draws.
pub(crate) fn key_and_epoch(name: &str) -> (SigningKey, StoreEpoch) {
    let entropy = SeededEntropy::new(name.bytes().fold(1, |seed, byte| seed * 31 + u64::from(byte)));
    (SigningKey::generate(&entropy), StoreEpoch::new(entropy.bytes()))
}

/// One rating without words.
pub(crate) fn rating(seq: u64) -> Response {
    let started = Stamp {
        wall_ms: 1_795_300_000_000 + i64::try_from(seq).unwrap() * 61_007,
        offset_min: 60,
        boot: 1,
        mono_ms: seq * 61_007,
        clock: ClockQuality::Synced,
    };
    let face = AnswerValue::Face(u8::try_from(seq % 5).unwrap() + 1);
    let draft = Draft {
        touchpoint: Some("exit".into()),
        answers: vec![Given { question: "visit".into(), value: face, at_ms: 0 }],
        ..Draft::begun("grocery-exit", 1, "en", started)
    };
    Response { v: RESPONSE_VERSION, seq, draft, outcome: Outcome::Completed, took_ms: 2_000 + seq % 900 }
}

pub(crate) fn key_pair(key: &SigningKey) -> KeyPair {
    let der = key.to_pkcs8_der();
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519).unwrap()
}

pub(crate) fn signing_request(key: &SigningKey) -> String {
    CertificateParams::default().serialize_request(&key_pair(key)).unwrap().pem().unwrap()
}

pub(crate) fn enrolment_body(code: &str, signing_request: &str) -> Vec<u8> {
    let request = EnrolmentRequest {
        code: code.into(),
        signing_request_pem: signing_request.into(),
        agent_version: "0.1.0".into(),
    };
    serde_json::to_vec(&request).unwrap()
}

pub(crate) async fn request_enrolment(url: &str, ca_pem: &str, code: &str, signing_request: &str) -> Answer {
    let body = enrolment_body(code, signing_request);
    Answer::of(client(ca_pem, None).post(url).header("content-type", "application/json").body(body)).await
}

/// A client that trusts this authority alone.
pub(crate) fn client(ca_pem: &str, identity: Option<(&str, &SigningKey)>) -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls(ca_pem, identity)).build().unwrap()
}

pub(crate) fn tls(ca_pem: &str, identity: Option<(&str, &SigningKey)>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(authority.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some((pem, key)) => {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            let key = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
            builder.with_client_auth_cert(vec![certificate], key.into()).unwrap()
        }
    }
}

/// One TLS connection on which a test writes what it likes.
pub(crate) struct Line(pub(crate) TlsStream<TcpStream>);

impl Line {
    pub(crate) async fn connect(url: &str, tls: ClientConfig) -> std::io::Result<Self> {
        let address = url.strip_prefix("https://localhost:").unwrap();
        let stream = TcpStream::connect(("127.0.0.1", address.parse::<u16>().unwrap())).await?;
        let name = ServerName::try_from("localhost").unwrap();
        Ok(Self(TlsConnector::from(Arc::new(tls)).connect(name, stream).await?))
    }

    pub(crate) async fn write(&mut self, text: &[u8]) {
        self.0.write_all(text).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends a whole batch and reads the status of its answer; the connection stays open.
    pub(crate) async fn send_batch(&mut self, body: &[u8]) -> u16 {
        self.write(batch_head(body.len()).as_bytes()).await;
        self.write(body).await;
        self.read_answer().await[9..12].parse().unwrap()
    }

    /// One whole answer; the connection stays open.
    pub(crate) async fn read_answer(&mut self) -> String {
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, async {
            while !is_whole(&answer) {
                assert_ne!(self.0.read_buf(&mut answer).await.unwrap(), 0, "the connection was closed");
            }
        })
        .await
        .expect("an answer within the test's patience");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Everything that comes until the server ends the connection.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, async {
            // A connection that is cut without TLS's farewell is as much at its end.
            while self.0.read_buf(&mut rest).await.is_ok_and(|count| count > 0) {}
        });
        ended.await.expect("the server ends the connection within the test's patience");
        String::from_utf8_lossy(&rest).into_owned()
    }
}

/// The header of a request with a batch of so many bytes.
pub(crate) fn batch_head(bytes: usize) -> String {
    format!(
        "POST {BATCHES_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {BATCH_MEDIA_TYPE}\r\n\
         Content-Encoding: {BATCH_ENCODING}\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().unwrap())
}
