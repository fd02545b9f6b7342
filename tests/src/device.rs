//! A device whose every request the test writes itself, for what no agent would send.

use std::net::SocketAddr;
use std::sync::Arc;

use afterword_agent::answer::{Answer, classify};
use afterword_agent::enrol::Enrolment;
use afterword_agent::https::Timeouts;
use afterword_agent::tls::{FlooredTime, anonymous, mutual};
use afterword_agent::{HttpsTransport, Identity, Message, RawAnswer, Transport as _, TransportFailure};
use afterword_model::ports::{Clock as _, Entropy as _};
use afterword_model::record::{Head, Seq, StoreEpoch, genesis, next_head};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH, BatchHeader, encode};
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::{Nonce, SignedReceipt};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::Bytes;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::desk::Desk;
use crate::ratings::Shoppers;
use crate::wait::patiently;

/// An enrolled device with records of its own.
pub struct Device {
    /// Who it is.
    pub identity: Identity,
    /// Which store its records are from.
    pub epoch: StoreEpoch,
    /// Its records, the first being number 1.
    pub records: Vec<Vec<u8>>,
    transport: HttpsTransport,
}

/// A batch that is ready to go.
pub type Encoded = (BatchHeader, Bytes);

impl Device {
    /// Enrols a new device with the desk's collector.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn enrol(desk: &Desk, name: &str) -> Result<Self> {
        let (code, ca_file) = desk.add_device(name)?;
        let ca_pem = std::fs::read_to_string(ca_file)?;
        let url = desk.enrolment_url()?;
        let order = Enrolment {
            collector_url: &url,
            code: &code,
            ca_pem: &ca_pem,
            state_dir: &desk.path(&format!("devices/{name}")),
            timeouts: Timeouts::default(),
        };
        let clock = Arc::new(SystemClock::start());
        let identity = afterword_agent::enrol(&order, &SystemEntropy, clock.clone()).await?;
        let transport = HttpsTransport::new(&identity, clock, Timeouts::default())?;
        Ok(Self { identity, epoch: StoreEpoch::new(SystemEntropy.bytes()), records: Vec::new(), transport })
    }

    /// With so many ratings to deliver, which the seed decides.
    #[must_use]
    pub fn with_records(mut self, count: u64, seed: u64) -> Self {
        let mut shoppers = Shoppers::of_seed(seed);
        self.records = (1..=count).map(|seq| shoppers.next_visit().into_record(seq)).collect();
        self
    }

    /// The chain's head after that record.
    #[must_use]
    pub fn head(&self, seq: Seq) -> Head {
        let before = usize::try_from(seq).unwrap_or(usize::MAX);
        self.records[..before].iter().fold(genesis(&self.epoch), |head, bytes| next_head(&head, bytes))
    }

    /// The records from `first` to `last` as a batch, with a new nonce.
    #[must_use]
    pub fn batch(&self, first: Seq, last: Seq) -> Encoded {
        let at = |seq: Seq| usize::try_from(seq).unwrap_or(usize::MAX);
        let run = Run {
            epoch: self.epoch,
            first_seq: first,
            previous_head: self.head(first - 1),
            records: self.records[at(first) - 1..at(last)].to_vec(),
        };
        let nonce = Nonce::new(SystemEntropy.bytes());
        let (header, body) = encode(&run, self.identity.enrolled().device, nonce, self.identity.key());
        (header, body.into())
    }

    /// Sends a body as the agent does, over a connection that stays open.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(&self, body: Bytes) -> Result<RawAnswer, TransportFailure> {
        self.transport.post(Message::Batch, body).await
    }

    /// Another client of the same device, with a connection of its own.
    ///
    /// # Errors
    /// When the identity cannot be used.
    pub fn another_client(&self) -> Result<HttpsTransport> {
        Ok(HttpsTransport::new(&self.identity, Arc::new(SystemClock::start()), Timeouts::default())?)
    }

    /// The receipt that an answer is, after every check of the agent's.
    ///
    /// # Errors
    /// When it is none; says what it is instead.
    pub fn receipt(&self, answer: &RawAnswer, header: &BatchHeader) -> Result<SignedReceipt> {
        match self.meaning(answer, header) {
            Answer::Receipt(receipt) => Ok(receipt),
            other => bail!("no receipt: {other:?}"),
        }
    }

    /// What an answer means to an agent.
    #[must_use]
    pub fn meaning(&self, answer: &RawAnswer, header: &BatchHeader) -> Answer {
        let now_ms = SystemClock::start().wall_ms();
        classify(answer, header, &self.identity.enrolled().receipt_key, now_ms)
    }

    /// Sends a batch and gives its receipt.
    ///
    /// # Errors
    /// When the answer is none.
    pub async fn deliver(&self, first: Seq, last: Seq) -> Result<SignedReceipt> {
        let (header, body) = self.batch(first, last);
        let answer = self.send(body).await?;
        self.receipt(&answer, &header)
    }

    /// One connection on which the test writes what it likes.
    ///
    /// # Errors
    /// When it does not come about.
    pub async fn connect(&self) -> Result<Wire> {
        let clock = Arc::new(SystemClock::start());
        let time = Arc::new(FlooredTime::new(clock, self.identity.certificate_not_before_ms()));
        let tls = mutual(self.identity.enrolled(), self.identity.key(), time)?;
        let url = &self.identity.enrolled().collector_url;
        let port = url.strip_prefix("https://localhost:").context("a collector on this machine")?;
        let stream = TcpStream::connect(("127.0.0.1", port.parse::<u16>()?)).await?;
        let name = ServerName::try_from("localhost")?;
        Ok(Wire(TlsConnector::from(Arc::new(tls)).connect(name, stream).await?))
    }
}

/// The certificate that a collector shows at its enrolment port to whoever trusts these authorities, in DER.
///
/// # Errors
/// When there is no connection, as with another authority's certificate.
pub async fn shown_certificate(enrolment: SocketAddr, ca_pem: &str) -> Result<Vec<u8>> {
    let time = Arc::new(FlooredTime::new(Arc::new(SystemClock::start()), 0));
    let stream = TcpStream::connect(enrolment).await?;
    let connector = TlsConnector::from(Arc::new(anonymous(ca_pem, time)?));
    let stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
    let chain = stream.get_ref().1.peer_certificates().context("a server shows a certificate")?;
    Ok(chain.first().context("and one is its own")?.to_vec())
}

/// The problem that an answer is.
///
/// # Errors
/// When it is none.
pub fn problem(answer: &RawAnswer) -> Result<Problem> {
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.is_of_type(PROBLEM_MEDIA_TYPE), "no problem: {} {text}", answer.status);
    let problem: Problem =
        serde_json::from_slice(&answer.body).map_err(|error| anyhow!("{error}: {text}"))?;
    ensure!(problem.status == answer.status, "{} was sent with {}: {text}", problem.status, answer.status);
    Ok(problem)
}

/// A TLS connection to the device port.
pub struct Wire(TlsStream<TcpStream>);

impl Wire {
    /// Writes bytes.
    ///
    /// # Errors
    /// When the connection no longer takes them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).await?;
        Ok(self.0.flush().await?)
    }

    /// Sends a whole batch and gives the status of its answer; the connection stays open.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send_batch(&mut self, body: &[u8]) -> Result<u16> {
        self.write(&[batch_head(body.len()).as_bytes(), body].concat()).await?;
        let mut answer = Vec::new();
        patiently("an answer", async {
            while !is_whole(&answer) {
                ensure!(self.0.read_buf(&mut answer).await? > 0, "the connection was closed");
            }
            Ok(())
        })
        .await??;
        Ok(String::from_utf8_lossy(&answer).get(9..12).context("a status")?.parse()?)
    }

    /// Everything that comes until the collector ends the connection, however it does.
    ///
    /// # Errors
    /// When it does not end it in time.
    pub async fn read_to_end(&mut self) -> Result<String> {
        let mut rest = Vec::new();
        let read = async { while self.0.read_buf(&mut rest).await.is_ok_and(|count| count > 0) {} };
        patiently("the connection's end", read).await?;
        Ok(String::from_utf8_lossy(&rest).into_owned())
    }
}

/// The header of a request with a batch of so many bytes.
#[must_use]
pub fn batch_head(bytes: usize) -> String {
    format!(
        "POST {BATCHES_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {BATCH_MEDIA_TYPE}\r\n\
         Content-Encoding: {BATCH_ENCODING}\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse().is_ok_and(|length: usize| body.len() >= length))
}
