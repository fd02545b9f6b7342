//! The line between a device and the collector, and everything that can happen on it.
//!
//! A request is a task of the network's own: it arrives, or not, whatever has become of its sender, and its answer
//! comes back to whoever still waits. TLS is what its two checks come to: the device looks at the server's certificate
//! with the roots and the time it believes in, the collector at the device's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use afterword_agent::backoff::uniform_ms;
use afterword_agent::tls::{FlooredTime, TlsError, roots};
use afterword_agent::{Cause, Identity, Message, RawAnswer, Transport, TransportFailure};
use afterword_model::ports::{Clock, SeededEntropy};
use afterword_protocol::limits::REQUEST_TOTAL_TIMEOUT_MS;
use bytes::Bytes;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::office::SharedOffice;
use super::op::Accident;
use super::trace::Trace;

/// One way of a request or an answer takes from this to that, in milliseconds: a shop's mobile link.
const LATENCY_MS: (u64, u64) = (10, 250);

/// A device's line.
pub(super) struct Line {
    pub(super) up: bool,
    /// What the next requests meet with, in this order.
    pub(super) accidents: VecDeque<Accident>,
    /// The newest answer, as it was given.
    last_answer: Option<RawAnswer>,
    entropy: SeededEntropy,
}

pub(super) type SharedLine = Arc<Mutex<Line>>;

/// A line without faults, whose latencies this seed decides.
pub(super) fn line(seed: u64) -> SharedLine {
    let entropy = SeededEntropy::new(seed);
    Arc::new(Mutex::new(Line { up: true, accidents: VecDeque::new(), last_answer: None, entropy }))
}

impl Line {
    /// Everything is well from now on.
    pub(super) fn heal(&mut self) {
        self.up = true;
        self.accidents.clear();
    }
}

/// A device's way to the collector, over its line.
#[derive(Clone)]
pub(super) struct SimTransport {
    device: usize,
    office: SharedOffice,
    line: SharedLine,
    trace: Trace,
    time: Arc<FlooredTime>,
    certificate: CertificateDer<'static>,
    server_check: Arc<WebPkiServerVerifier>,
}

impl SimTransport {
    /// A way for a device with this identity, whose clock this is.
    pub(super) fn new(
        device: usize,
        identity: &Identity,
        clock: Arc<dyn Clock>,
        (office, line, trace): (SharedOffice, SharedLine, Trace),
    ) -> Result<Self, TlsError> {
        let time = Arc::new(FlooredTime::new(clock, identity.certificate_not_before_ms()));
        let (certificate, server_check) = checks(identity)?;
        Ok(Self { device, office, line, trace, time, certificate, server_check })
    }

    /// One request from its sender's side.
    async fn exchange(&self, message: Message, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        let (is_up, accident) = {
            let mut line = lock(&self.line);
            (line.up, if line.up { line.accidents.pop_front() } else { None })
        };
        if !is_up {
            self.latency().await;
            return Err(failure(Cause::Dns, "the link is down"));
        }
        match accident {
            Some(Accident::Portal) => {
                self.latency().await;
                return Ok(portal());
            }
            Some(Accident::Busy(seconds)) => {
                self.latency().await;
                return Ok(busy(seconds));
            }
            _ => {}
        }
        self.server_is_trusted()?;
        let (answer, answered) = oneshot::channel();
        let letter = Letter { way: self.clone(), message, body, accident };
        tokio::spawn(letter.deliver(answer));
        match answered.await {
            Ok(answer) => answer,
            // Nobody says that it will not come.
            Err(_) => std::future::pending().await,
        }
    }

    fn server_is_trusted(&self) -> Result<(), TransportFailure> {
        let Some(server) = lock(&self.office).server_certificate() else {
            return Err(failure(Cause::Refused, "nobody listens"));
        };
        let name = ServerName::try_from("localhost").expect("a name of one label");
        let now_ms = u64::try_from(self.time.now_ms()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_millis(now_ms));
        let checked = self.server_check.verify_server_cert(&server, &[], &name, &[], now);
        checked.map(drop).map_err(|error| failure(Cause::Untrusted, &error.to_string()))
    }

    async fn latency(&self) {
        let ms = uniform_ms(&lock(&self.line).entropy, LATENCY_MS.0, LATENCY_MS.1);
        sleep(Duration::from_millis(ms)).await;
    }

    fn is_up(&self) -> bool {
        lock(&self.line).up
    }
}

impl Transport for SimTransport {
    async fn post(&self, message: Message, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        let total = Duration::from_millis(REQUEST_TOTAL_TIMEOUT_MS);
        let answer = timeout(total, self.exchange(message, body)).await;
        let answer = answer.unwrap_or_else(|_| Err(failure(Cause::TimedOut, "no answer in time")));
        match &answer {
            Ok(answer) => self.trace.say(format_args!("d{} hears {}", self.device, answer.status)),
            Err(error) => {
                self.trace
                    .say(format_args!("d{} hears nothing: {:?}, {}", self.device, error.cause, error.detail));
            }
        }
        answer
    }

    fn with_identity(&self, identity: &Identity) -> Result<Self, TlsError> {
        let (certificate, server_check) = checks(identity)?;
        Ok(Self { certificate, server_check, ..self.clone() })
    }

    fn time_is_at_least(&self, wall_ms: i64) {
        self.time.time_is_at_least(wall_ms);
    }
}

/// A request that has left its sender.
struct Letter {
    way: SimTransport,
    message: Message,
    body: Bytes,
    accident: Option<Accident>,
}

impl Letter {
    /// Brings it to the collector, and the answer back to whoever waits.
    async fn deliver(self, answer: oneshot::Sender<Result<RawAnswer, TransportFailure>>) {
        self.way.latency().await;
        if let Some(Accident::DelayRequest(ms)) = self.accident {
            sleep(Duration::from_millis(ms)).await;
        }
        if matches!(self.accident, Some(Accident::LoseRequest)) || !self.way.is_up() {
            return;
        }
        let mut said = self.arrive();
        match self.accident {
            Some(Accident::LoseAnswer) => return,
            Some(Accident::Break) => said = Err(failure(Cause::Other, "the connection broke")),
            Some(Accident::DelayAnswer(ms)) => sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        self.way.latency().await;
        if !self.way.is_up() {
            return;
        }
        if let Ok(fresh) = &mut said {
            self.disturb(fresh);
        }
        // Whoever asked may be gone.
        let _ = answer.send(said);
        if let Some(Accident::Repeat(ms)) = self.accident {
            sleep(Duration::from_millis(ms)).await;
            drop(self.arrive());
        }
    }

    fn arrive(&self) -> Result<RawAnswer, TransportFailure> {
        let body = match self.accident {
            Some(Accident::CutRequest(hundredths)) => part(&self.body, hundredths),
            _ => &self.body,
        };
        let said = lock(&self.way.office).post(self.message, &self.way.certificate, body);
        let trace = &self.way.trace;
        match &said {
            Ok(answer) => trace.say(format_args!(
                "collector says {} to a {:?} of d{} ({} bytes): {}",
                answer.status,
                self.message,
                self.way.device,
                body.len(),
                digest(&answer.body)
            )),
            Err(error) => trace.say(format_args!(
                "collector takes no {:?} of d{}: {}",
                self.message, self.way.device, error.detail
            )),
        }
        said
    }

    fn disturb(&self, fresh: &mut RawAnswer) {
        let mut line = lock(&self.way.line);
        let old = line.last_answer.replace(fresh.clone());
        match (self.accident, old) {
            (Some(Accident::OldAnswer), Some(old)) => *fresh = old,
            (Some(Accident::CutAnswer(hundredths)), _) => {
                fresh.body = part(&fresh.body, hundredths).to_vec();
            }
            _ => {}
        }
    }
}

fn checks(identity: &Identity) -> Result<(CertificateDer<'static>, Arc<WebPkiServerVerifier>), TlsError> {
    let enrolled = identity.enrolled();
    let unusable = |error: String| TlsError::Unusable(error);
    let certificate = CertificateDer::from_pem_slice(enrolled.certificate_pem.as_bytes());
    let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
    let roots: Arc<RootCertStore> = Arc::new(roots(&enrolled.collector_ca_pem)?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let check = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
    Ok((certificate, check.map_err(|error| unusable(error.to_string()))?))
}

fn part(body: &[u8], hundredths: u8) -> &[u8] {
    &body[..body.len() * usize::from(hundredths.min(99)) / 100]
}

fn failure(cause: Cause, detail: &str) -> TransportFailure {
    TransportFailure { cause, host: "localhost:8443".into(), detail: detail.into() }
}

fn portal() -> RawAnswer {
    RawAnswer {
        status: 200,
        content_type: Some("text/html".into()),
        body: b"<html><title>Free Wi-Fi</title>".to_vec(),
        ..RawAnswer::default()
    }
}

fn busy(seconds: u32) -> RawAnswer {
    RawAnswer { status: 503, retry_after: Some(seconds.to_string()), ..RawAnswer::default() }
}

/// Enough of a body to tell two apart in the trace.
fn digest(body: &[u8]) -> String {
    let head = afterword_model::record::next_head(&afterword_model::record::Head::new([0; 32]), body);
    head.to_string()[..8].to_owned()
}

/// What a thread that panicked left is looked at by nobody: the simulation ends with it.
pub(super) fn lock<T: ?Sized>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
