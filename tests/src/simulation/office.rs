//! The collector in its office: the real one, in this process, with its folder, its backup and its operator.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use afterword_agent::{Cause, Message, RawAnswer, TransportFailure};
use afterword_collector::in_process::{InProcess, InProcessAnswer};
use afterword_collector::{Admin, restore};
use afterword_model::ports::{Clock, Entropy, SeededEntropy};
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentRequest};
use afterword_protocol::keys::VerifyingKey;
use anyhow::{Context, Result, ensure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::clock::{Error, ProgramClock, VirtualTime};
use super::files::DatabaseImage;
use super::ledger::Ledger;

/// How often a running collector reads its keys, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The office; see the module.
pub(super) struct Office {
    folder: PathBuf,
    time: VirtualTime,
    entropy: Arc<SeededEntropy>,
    collector: Option<Running>,
    sabotage: Sabotage,
}

struct Running {
    collector: InProcess,
    ledger: Ledger,
    server_certificate: CertificateDer<'static>,
    server_epoch: ServerEpoch,
    /// When the keys were last read.
    keys_read_ms: i64,
}

/// What the collector is made to do wrong, to see that the simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// It forgets a batch after it has given the receipt.
    ForgetsBatch,
}

pub(super) type SharedOffice = Arc<Mutex<Office>>;

impl Office {
    /// A new one in this folder, its collector running.
    pub(super) fn open(folder: PathBuf, time: &VirtualTime, seed: u64, sabotage: Sabotage) -> Result<Self> {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let mut office = Self { folder, time: time.clone(), entropy, collector: None, sabotage };
        office.start()?;
        Ok(office)
    }

    /// Starts the collector, when it is not running.
    pub(super) fn start(&mut self) -> Result<()> {
        if self.collector.is_none() {
            let collector = InProcess::open(&self.data(), self.clock(), self.entropy())?;
            let server = fs::read(self.data().join("pki/server.pem"))?;
            let server_certificate = CertificateDer::from_pem_slice(&server).context("server.pem")?;
            let ledger = Ledger::open(&self.data().join("collector.db"))?;
            let server_epoch = ledger.server_epoch()?;
            let keys_read_ms = self.clock().wall_ms();
            self.collector =
                Some(Running { collector, ledger, server_certificate, server_epoch, keys_read_ms });
        }
        Ok(())
    }

    /// Kills the collector, when it is running.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(running) = self.collector.take() {
            let left = DatabaseImage::of(&self.data().join("collector.db"))?;
            drop(running);
            left.put_back()?;
        }
        Ok(())
    }

    /// Whether the collector runs.
    pub(super) fn is_open(&self) -> bool {
        self.collector.is_some()
    }

    /// What the collector holds.
    pub(super) fn ledger(&mut self) -> Option<&mut Ledger> {
        self.collector.as_mut().map(|running| &mut running.ledger)
    }

    /// The certificate that the collector shows, while it runs. Like a server, it reads its keys anew once a day, so that
    /// its certificate never runs out.
    pub(super) fn server_certificate(&mut self) -> Option<CertificateDer<'static>> {
        let now_ms = self.clock().wall_ms();
        let path = self.data().join("pki/server.pem");
        let running = self.collector.as_mut()?;
        if now_ms - running.keys_read_ms >= DAY_MS && running.collector.reload_keys().is_ok() {
            running.keys_read_ms = now_ms;
            if let Some(renewed) =
                fs::read(path).ok().and_then(|pem| CertificateDer::from_pem_slice(&pem).ok())
            {
                running.server_certificate = renewed;
            }
        }
        Some(running.server_certificate.clone())
    }

    /// Which life of its database the collector is in, while it runs.
    pub(super) fn server_epoch(&self) -> Option<ServerEpoch> {
        self.collector.as_ref().map(|running| running.server_epoch)
    }

    /// Whether a device is let in with this key; nobody is while the collector is away.
    pub(super) fn is_let_in(&self, device: &DeviceId, key: &VerifyingKey) -> Result<bool> {
        let Some(running) = &self.collector else { return Ok(false) };
        Ok(running.ledger.key(device)?.as_deref() == Some(&key.as_bytes()[..]))
    }

    /// A request arrives on the device port.
    pub(super) fn post(
        &mut self,
        message: Message,
        certificate: &CertificateDer<'_>,
        body: &[u8],
    ) -> Result<RawAnswer, TransportFailure> {
        let none = |cause, detail: String| TransportFailure { cause, host: "localhost:8443".into(), detail };
        let Some(running) = &mut self.collector else {
            return Err(none(Cause::Refused, "nobody listens".into()));
        };
        let (media_type, encoding) = (Some(message.media_type()), message.encoding());
        let answer = running.collector.post(message.path(), Some(certificate), media_type, encoding, body);
        let answer = answer.map_err(|error| none(Cause::OwnCertificateRefused, error.to_string()))?;
        if self.sabotage == Sabotage::ForgetsBatch && message == Message::Batch && answer.status == 200 {
            running.ledger.forget_newest();
        }
        Ok(raw(answer))
    }

    /// The folder with the collector's data.
    fn data(&self) -> PathBuf {
        self.folder.join("collector")
    }

    fn clock(&self) -> Arc<dyn Clock> {
        ProgramClock::start(&self.time, &Error::default())
    }

    fn entropy(&self) -> Arc<dyn Entropy> {
        self.entropy.clone()
    }
}

/// What an operator does.
impl Office {
    /// Gives a new device a name and a code, and takes its enrolment with that code.
    pub(super) fn enrol(&mut self, name: &str, again: bool, signing_request_pem: String) -> Result<Enrolled> {
        let mut admin = self.admin()?;
        let added = if again { admin.device_replace(name, None)? } else { admin.device_add(name, None)? };
        let request = EnrolmentRequest {
            code: added.code.to_string(),
            signing_request_pem,
            agent_version: "simulated".into(),
        };
        let body = serde_json::to_vec(&request)?;
        let running = self.collector.as_ref().context("the collector is away")?;
        let answer = running.collector.post(ENROLMENT_PATH, None, Some("application/json"), None, &body)?;
        ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Takes a device's right to deliver.
    pub(super) fn revoke(&mut self, device: DeviceId) -> Result<()> {
        self.admin()?.device_revoke(&device.to_string(), Some("simulated"))?;
        Ok(())
    }

    /// Copies the collector's database to a safe place, as the command does.
    pub(super) fn back_up(&self) -> Result<()> {
        if self.backup().exists() {
            fs::remove_file(self.backup())?;
        }
        self.admin()?.back_up(&self.backup())?;
        Ok(())
    }

    /// The collector goes on from its backup, if there is one. Whether there was.
    pub(super) fn restore(&mut self) -> Result<bool> {
        if !self.backup().exists() {
            return Ok(false);
        }
        let was_open = self.is_open();
        self.kill()?;
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        restore(&self.data(), &self.backup(), &entropy)?;
        if was_open {
            self.start()?;
        }
        Ok(true)
    }

    /// The command line's access, which works also while no collector runs.
    pub(super) fn admin(&self) -> Result<Admin> {
        Ok(Admin::open(&self.data(), self.clock(), self.entropy())?)
    }

    fn backup(&self) -> PathBuf {
        self.folder.join("backup.db")
    }
}

fn raw(answer: InProcessAnswer) -> RawAnswer {
    RawAnswer {
        status: answer.status,
        content_type: Some(answer.content_type.to_owned()),
        retry_after: answer.retry_after,
        date: None,
        body: answer.body,
    }
}
