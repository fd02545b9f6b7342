//! The collector in its office: the real one, in this process, with its folder, its backup and its operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use afterword_agent::{Cause, Message, RawAnswer, TransportFailure};
use afterword_collector::in_process::{InProcess, InProcessAnswer};
use afterword_collector::{Admin, DeviceRow, KeyRing, restore};
use afterword_model::ports::{Clock, Entropy, SeededEntropy};
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentRequest};
use afterword_protocol::heartbeat::Fingerprint;
use afterword_protocol::keys::VerifyingKey;
use anyhow::{Context, Result, ensure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::clock::{Error, ProgramClock, VirtualTime};
use super::files::{DatabaseImage, unless_missing};
use super::ledger::Ledger;
use super::op::Key;

const DATABASE: &str = "collector.db";

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
    /// The operator's eye on it.
    operator: Admin,
    ledger: Ledger,
    server_certificate: CertificateDer<'static>,
    server_epoch: ServerEpoch,
    /// When the keys were last read.
    keys_of_day: u64,
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
            let server_certificate = read_certificate(&self.data().join("pki/server.pem"))?;
            let ledger = Ledger::open(&self.data().join(DATABASE))?;
            let server_epoch = ledger.server_epoch()?;
            let keys_of_day = self.day();
            let operator = self.admin()?;
            self.collector =
                Some(Running { collector, operator, ledger, server_certificate, server_epoch, keys_of_day });
        }
        Ok(())
    }

    /// Kills the collector, when it is running.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(running) = self.collector.take() {
            let left = DatabaseImage::of(&self.data().join(DATABASE))?;
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

    /// The certificate that the collector shows, while it runs.
    pub(super) fn server_certificate(&mut self) -> Option<CertificateDer<'static>> {
        if self.collector.as_ref().is_some_and(|running| running.keys_of_day != self.day()) {
            // Those that were in use stay in use.
            let _ = self.read_keys();
        }
        self.collector.as_ref().map(|running| running.server_certificate.clone())
    }

    /// Which life of its database the collector is in, while it runs.
    pub(super) fn server_epoch(&self) -> Option<ServerEpoch> {
        self.collector.as_ref().map(|running| running.server_epoch)
    }

    /// The bytes of the database and of its log.
    pub(super) fn files(&self) -> Result<impl Iterator<Item = Vec<u8>>> {
        Ok(DatabaseImage::of(&self.data().join(DATABASE))?.into_contents())
    }

    /// What the operator reads of all devices, while the collector runs.
    pub(super) fn device_list(&self) -> Result<Option<Vec<DeviceRow>>> {
        let Some(running) = &self.collector else { return Ok(None) };
        Ok(Some(running.operator.device_list()?))
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

    /// Backs the database up.
    pub(super) fn back_up(&self) -> Result<()> {
        let (newest, former) = (self.backup(), self.folder.join("backup.before"));
        if newest.exists() {
            fs::rename(&newest, &former)?;
        }
        self.admin()?.back_up(&newest)?;
        Ok(())
    }

    /// The collector goes on from its backup, restored by command. Whether there was one.
    pub(super) fn restore(&mut self) -> Result<bool> {
        self.replace_database(|data, backup, entropy| {
            restore(data, backup, &entropy)?;
            Ok(())
        })
    }

    /// The same, but the file is put back by hand. Whether there was one.
    pub(super) fn put_back(&mut self) -> Result<bool> {
        self.replace_database(|data, backup, _| {
            fs::remove_file(data.join("collector.db-wal")).or_else(unless_missing)?;
            fs::copy(backup, data.join(DATABASE))?;
            Ok(())
        })
    }

    fn replace_database(
        &mut self,
        replace: impl FnOnce(&Path, &Path, Arc<dyn Entropy>) -> Result<()>,
    ) -> Result<bool> {
        if !self.backup().exists() {
            return Ok(false);
        }
        let was_open = self.is_open();
        self.kill()?;
        replace(&self.data(), &self.backup(), self.entropy())?;
        if was_open {
            self.start()?;
        }
        Ok(true)
    }

    /// Gives the collector other keys. An authority that devices trust is handed out the first time and used the next,
    /// unless a device has not said yet that it trusts it.
    pub(super) fn rotate(&mut self, key: Key) -> Result<()> {
        let ring = self.key_ring();
        match key {
            Key::DeviceCa => {
                ring.rotate_device_authority()?;
            }
            Key::Server => ring.rotate_server_certificate()?,
            Key::ServerCa => {
                let authorities = ring.server_authorities()?;
                let prepared = authorities.iter().skip_while(|authority| !authority.in_use).nth(1);
                match prepared {
                    None => drop(ring.prepare_server_authority()?),
                    Some(next) if self.admin()?.active_devices_without(&next.fingerprint)?.is_empty() => {
                        ring.use_prepared_server_authority()?;
                    }
                    Some(_) => {}
                }
            }
        }
        self.read_keys()
    }

    /// Whether a device with these roots trusts the collector.
    pub(super) fn is_trusted_by(&self, roots: &[Fingerprint]) -> Result<bool> {
        let authorities = self.key_ring().server_authorities()?;
        Ok(authorities.iter().any(|authority| authority.in_use && roots.contains(&authority.fingerprint)))
    }

    fn key_ring(&self) -> KeyRing {
        KeyRing::of(&self.data(), self.clock(), self.entropy())
    }

    /// What a running server does when its keys have changed, and once a day.
    fn read_keys(&mut self) -> Result<()> {
        let path = self.data().join("pki/server.pem");
        let day = self.day();
        if let Some(running) = &mut self.collector {
            running.collector.reload_keys()?;
            running.server_certificate = read_certificate(&path)?;
            running.keys_of_day = day;
        }
        Ok(())
    }

    fn day(&self) -> u64 {
        self.time.now_ms() / 86_400_000
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

fn read_certificate(path: &Path) -> Result<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(&fs::read(path)?).with_context(|| path.display().to_string())
}
