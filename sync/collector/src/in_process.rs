//! A collector without sockets, without threads of its own and without waiting: for a simulator that moves every
//! message itself.
//!
//! Keys, certificates and database are real, and so is every check: a certificate is looked at as the handshake would,
//! and the requests are the very functions that the server's routes call. What is missing is what only a network has:
//! TLS records, time-outs, and limits on what is under way at once.
//! On failure a request is answered as the server would answer it, and nothing of it is stored.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::batch::BATCHES_PATH;
use afterword_protocol::enrolment::ENROLMENT_PATH;
use afterword_protocol::heartbeat::HEARTBEATS_PATH;
use afterword_protocol::renewal::RENEWALS_PATH;
use rustls::server::danger::ClientCertVerifier as _;
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::config::Config;
use crate::listen::verifier::DeviceVerifier;
use crate::opened::Opened;
use crate::pki::{PkiError, read_bearer};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::requests::batches::Batch;
use crate::requests::enrolments::Enrolment;
use crate::requests::heartbeats::Beat;
use crate::requests::renewals::Renewal;
use crate::requests::{Caller, Context, Request, expect_type};
use crate::server::StartError;
use crate::storage::readers::Readers;
use crate::storage::writer::WritingConnection;
use crate::storage::{StorageError, Urls};

/// Where devices are told to deliver; nobody connects to it.
const DEVICE_URL: &str = "https://localhost:8443";
/// Where devices are told to enrol; nobody connects to it.
const ENROL_URL: &str = "https://localhost:8444";
/// Where people come in; nobody does.
const WEB_URL: &str = "http://localhost:8445";

/// A collector; see the module. Dropping it closes its database, as a kill would.
pub struct InProcess {
    context: Arc<Context>,
    readers: Readers,
    writing: Mutex<WritingConnection>,
    /// Held for its lock.
    _serving: File,
}

/// What it says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProcessAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The handshake would have failed: there is no connection and no answer.
#[derive(Debug, thiserror::Error)]
#[error("refused in the handshake: {0}")]
pub struct NoConnection(String);

impl InProcess {
    /// Opens a collector's folder, or creates it, with the settings a server on loopback would have.
    ///
    /// # Errors
    /// [`StartError`], as a server's start.
    pub fn open(data: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, StartError> {
        Self::open_with(&Config::loopback(data), clock, entropy)
    }

    /// The same with other settings; addresses and limits don't matter here.
    ///
    /// # Errors
    /// [`StartError`], as a server's start.
    pub fn open_with(
        config: &Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let urls = Urls { devices: DEVICE_URL.into(), enrolment: ENROL_URL.into(), web: WEB_URL.into() };
        let Opened { context, readers, writing, serving } = Opened::open(config, &urls, clock, entropy)?;
        Ok(Self { context: Arc::new(context), readers, writing: Mutex::new(writing), _serving: serving })
    }

    /// Takes one POST and answers it. The path decides the port: enrolment needs no certificate, everything else is on
    /// the device port and begins with a handshake.
    ///
    /// # Errors
    /// [`NoConnection`] when there is no certificate where one is needed, or none that the handshake takes.
    pub fn post(
        &self,
        path: &str,
        certificate_der: Option<&[u8]>,
        content_type: Option<&str>,
        content_encoding: Option<&str>,
        body: &[u8],
    ) -> Result<InProcessAnswer, NoConnection> {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let typed = Typed { content_type, content_encoding, body };
        let reply = if path == ENROLMENT_PATH {
            self.serve::<Enrolment>(&Caller { address, bearer: None }, &typed)
        } else {
            let certificate = self.handshake(certificate_der)?;
            let caller = Caller { address, bearer: read_bearer(&certificate) };
            match path {
                BATCHES_PATH => self.serve::<Batch>(&caller, &typed),
                HEARTBEATS_PATH => self.serve::<Beat>(&caller, &typed),
                RENEWALS_PATH => self.serve::<Renewal>(&caller, &typed),
                _ => Err(Refusal::not_found()),
            }
        };
        Ok(reply.unwrap_or_else(Reply::from).into())
    }

    /// Reads the keys again, as a running server does when their folder has changed.
    ///
    /// # Errors
    /// [`PkiError`]; the keys that were in use stay in use.
    pub fn reload_keys(&self) -> Result<(), PkiError> {
        self.context.keys.reload(&self.context.clock, &self.context.entropy)
    }

    fn handshake(&self, certificate_der: Option<&[u8]>) -> Result<CertificateDer<'static>, NoConnection> {
        let shown = certificate_der.ok_or_else(|| NoConnection("no certificate was shown".into()))?;
        let certificate = CertificateDer::from(shown.to_vec());
        let now_ms = u64::try_from(self.context.clock.wall_ms()).unwrap_or(0);
        let verifier = DeviceVerifier::new(&self.context.keys.now());
        verifier
            .map_err(|error| NoConnection(error.to_string()))?
            .verify_client_cert(&certificate, &[], UnixTime::since_unix_epoch(Duration::from_millis(now_ms)))
            .map_err(|error| NoConnection(error.to_string()))?;
        Ok(certificate)
    }

    fn serve<R: Request>(&self, caller: &Caller, typed: &Typed<'_>) -> Result<Reply, Refusal> {
        let context = &self.context;
        let standing = self.readers.read(|reader| caller.standing(reader))?;
        let admitted = R::admit(context, caller, standing)?;
        expect_type::<R>(typed.content_type, typed.content_encoding)?;
        if typed.body.len() > R::BODY_MAX {
            return Err(Refusal::too_large(R::BODY_MAX));
        }
        let prepared = R::prepare(context, caller, admitted, typed.body);
        let request = prepared.inspect_err(|refusal| R::refused(context, caller, refusal))?;
        let (outcome, request) = self.commit(caller, request)?;
        let answer = request.answer(context, caller, outcome);
        answer.inspect_err(|refusal| R::refused(context, caller, refusal))
    }

    fn commit<R: Request>(&self, caller: &Caller, request: R) -> Result<(R::Outcome, R), StorageError> {
        let context = Arc::clone(&self.context);
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        writing.run(caller.device(), move |writer| Ok((request.commit(&context, writer)?, request)))
    }
}

/// A body and what it is said to be.
struct Typed<'a> {
    content_type: Option<&'a str>,
    content_encoding: Option<&'a str>,
    body: &'a [u8],
}

impl From<Reply> for InProcessAnswer {
    fn from(reply: Reply) -> Self {
        Self {
            status: reply.status,
            content_type: reply.media_type,
            retry_after: reply.retry_after_s.map(|seconds| seconds.to_string()),
            body: reply.body,
        }
    }
}
