//! One device of the herd: made beside the collector, and one try of it to deliver.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::RawAnswer;
use afterword_agent::answer::{Answer, classify};
use afterword_model::ports::{Clock as _, Entropy as _, SeededEntropy};
use afterword_model::record::{DeviceId, StoreEpoch, genesis};
use afterword_protocol::batch::{BatchHeader, encode};
use afterword_protocol::keys::{SigningKey, VerifyingKey};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::Nonce;
use afterword_protocol::system::SystemClock;
use anyhow::{Context, Result};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ED25519, PublicKeyData, SignatureAlgorithm,
};
use rusqlite::params;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::desk::Desk;
use crate::device::batch_head;
use crate::ratings::Shoppers;

/// To connect, TLS included; as a real agent.
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// For the rest of a try; as a real agent.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// An answer is shorter than this.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// All devices, and what they have in common.
pub(super) struct Herd {
    pub(super) members: Vec<Member>,
    address: SocketAddr,
    receipt_key: VerifyingKey,
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
}

/// One device.
pub(super) struct Member {
    pub(super) device: DeviceId,
    pub(super) header: BatchHeader,
    key: SigningKey,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    /// The whole request, header and body.
    request: Vec<u8>,
    /// Where it comes from: addresses of their own, so that the ports of one do not run out.
    source: Ipv4Addr,
}

/// How a try ended.
pub(super) struct Attempt {
    /// With this answer, or why none came.
    pub(super) answer: Result<Answer>,
    /// And with a connection that the collector has not closed.
    pub(super) connection: Option<Connection>,
}

/// A device's connection.
pub(super) type Connection = TlsStream<TcpStream>;

impl Herd {
    /// Makes so many devices known to the collector of this desk, which may be running.
    pub(super) async fn gather(desk: &Desk, devices: u32) -> Result<Self> {
        let pki = desk.path("collector/pki");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(pki.join("server-ca.pem"))?)?;
        let receipt_key = SigningKey::from_pem(&std::fs::read_to_string(pki.join("receipt.key"))?)?;
        // Keys, certificates and batches are work for all cores.
        let cores = u32::try_from(std::thread::available_parallelism().map_or(1, usize::from))?;
        let parts = (0..cores).map(|core| {
            let pki = pki.clone();
            tokio::task::spawn_blocking(move || {
                let authority = authority(&pki)?;
                (core..devices)
                    .step_by(cores as usize)
                    .map(|number| Member::new(number, &authority))
                    .collect()
            })
        });
        let mut members: Vec<Member> = Vec::new();
        for part in parts.collect::<Vec<_>>() {
            let part: Result<Vec<Member>> = part.await?;
            members.extend(part?);
        }
        enter(&desk.path("collector/collector.db"), &members)?;
        Ok(Self {
            members,
            address: desk.device_address()?,
            receipt_key: receipt_key.verifying_key(),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            roots: Arc::new(roots),
        })
    }
}

/// The collector's device CA.
fn authority(pki: &Path) -> Result<Issuer<'static, KeyPair>> {
    let key = SigningKey::from_pem(&std::fs::read_to_string(pki.join("device-ca.key"))?)?;
    let der = key.to_pkcs8_der();
    let pair =
        KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519)?;
    Ok(Issuer::from_ca_cert_der(&CertificateDer::from_pem_file(pki.join("device-ca.pem"))?, pair)?)
}

/// Enters them as devices that have enrolled.
fn enter(database: &Path, members: &[Member]) -> Result<()> {
    let mut connection = rusqlite::Connection::open(database)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    let now_ms = SystemClock::start().wall_ms();
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare(
            "insert into devices (device_id, name, created_ms, code_digest, code_expires_ms, code_closed_ms,
                 public_key, certificate_pem, agent_version, enrolled_ms)
             values (?1, ?2, ?3, ?4, ?3, ?3, ?5, ?6, '0', ?3)",
        )?;
        for (number, member) in members.iter().enumerate() {
            // No code has this digest; it only has to be another one for each.
            let mut digest = [0xee; 32];
            digest[..16].copy_from_slice(member.device.as_bytes());
            insert.execute(params![
                member.device.as_bytes(),
                format!("herd {number}"),
                now_ms,
                digest,
                member.key.verifying_key().as_bytes(),
                member.certificate_pem
            ])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

impl Member {
    fn new(number: u32, authority: &Issuer<'static, KeyPair>) -> Result<Self> {
        let dice = SeededEntropy::new(u64::from(number) + 1);
        let (device, key) = (DeviceId::new(dice.bytes()), SigningKey::generate(&dice));
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, device.to_string());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = params.signed_by(&RawPublicKey(key.verifying_key()), authority)?;

        let epoch = StoreEpoch::new(dice.bytes());
        let count = 1 + dice.next_u64() % 3;
        let mut shoppers = Shoppers::of_seed(u64::from(number));
        let records = (1..=count).map(|seq| shoppers.next_visit().into_record(seq)).collect();
        let run = Run { epoch, first_seq: 1, previous_head: genesis(&epoch), records };
        let (header, body) = encode(&run, device, Nonce::new(dice.bytes()), &key);
        let [_, b, c, d] = number.to_be_bytes();
        Ok(Self {
            device,
            header,
            key,
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            request: [batch_head(body.len()).as_bytes(), &body].concat(),
            source: Ipv4Addr::new(127, b + 1, c, d.clamp(1, 254)),
        })
    }

    /// Connects where there is no connection, delivers, and reads the answer.
    pub(super) async fn attempt(&self, herd: &Herd, connection: Option<Connection>) -> Attempt {
        let tried = async {
            let mut stream = match connection {
                Some(stream) => stream,
                None => timeout(CONNECT_MAX, self.connect(herd)).await??,
            };
            let (answer, stays_open) = timeout(ANSWER_MAX, self.ask(&mut stream)).await??;
            anyhow::Ok((answer, stays_open.then_some(stream)))
        };
        let (answer, connection) = match tried.await {
            Ok(answered) => answered,
            Err(error) => return Attempt { answer: Err(error), connection: None },
        };
        let now_ms = SystemClock::start().wall_ms();
        Attempt { answer: Ok(classify(&answer, &self.header, &herd.receipt_key, now_ms)), connection }
    }

    async fn connect(&self, herd: &Herd) -> Result<Connection> {
        let key = PrivatePkcs8KeyDer::from(self.key.to_pkcs8_der().to_vec());
        let mut tls = ClientConfig::builder_with_provider(Arc::clone(&herd.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(Arc::clone(&herd.roots))
            .with_client_auth_cert(vec![self.certificate.clone()], key.into())?;
        // A cache of sessions for each would cost more than the rest.
        tls.resumption = Resumption::disabled();
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.source, 0)))?;
        let stream = socket.connect(herd.address).await?;
        stream.set_nodelay(true)?;
        Ok(TlsConnector::from(Arc::new(tls)).connect(ServerName::try_from("localhost")?, stream).await?)
    }

    async fn ask(&self, stream: &mut Connection) -> Result<(RawAnswer, bool)> {
        stream.write_all(&self.request).await?;
        let mut bytes = Vec::with_capacity(1_024);
        loop {
            if let Some(answer) = read_answer(&bytes) {
                return Ok(answer);
            }
            if bytes.len() > ANSWER_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
                return None.context("the answer broke off");
            }
        }
    }
}

/// The answer, once all of it has come, and whether the connection stays open after it.
fn read_answer(bytes: &[u8]) -> Option<(RawAnswer, bool)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let field = |name: &str| {
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let body = &bytes[end + 4..];
    let length: usize = field("content-length")?.parse().ok()?;
    let stays_open = field("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"));
    let answer = || RawAnswer {
        status: head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default(),
        content_type: field("content-type"),
        retry_after: field("retry-after"),
        date: field("date"),
        body: body[..length].to_vec(),
    };
    (body.len() >= length).then(|| (answer(), stays_open))
}

/// A public key in the form that the certificate library takes.
struct RawPublicKey(VerifyingKey);

impl PublicKeyData for RawPublicKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}
