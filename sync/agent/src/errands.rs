//! What the kiosk has this program do: test the network, enrol the device with a code that was typed on its screen, and pack what is
//! unsent onto a stick.
//!
//! A connection of its own at the kiosk's socket waits for errands beside the one that waits for records. Invariants: an
//! errand that was taken gets a result, unless this program or the kiosk ends; a code is used once and stands in no log. No
//! failure ends the loop; it asks again, soon, because a person stands before the screen. A kiosk that knows no errands is
//! never asked for one.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::errand::{
    AgentStatus, ENROLMENT_MAX_MS, EnrolledAs, EnrolmentFailure, Errand, ErrandKind, ErrandResult,
    PACK_MAX_MS, PackFailure, Parcel, TAKEN_WITHIN_MS,
};
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::queue::{Health, Queue as _, QueueError};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::courier::{Pack, PackError, Trip, take_and_pack};
use crate::enrol::{EnrolError, Enrolment, enrol};
use crate::https::Timeouts;
use crate::identity::{Identity, IdentityError};
use crate::network_test::{Machine, Target, Tester};
use crate::socket_queue::SocketQueue;
use crate::status::Status;

/// Waits between two tries to reach the kiosk, in milliseconds. Twice the longest is how soon an errand has to be taken.
const RETRY_MS: (u64, u64) = (250, TAKEN_WITHIN_MS / 2);

/// From one look at a kiosk without errands to the next, in milliseconds: it may have been updated.
const WITHOUT_ERRANDS_MS: u64 = 60_000;

/// For the one request of an enrolment: well within the time after which the screen gives it up.
const ENROL_TOTAL_MS: u64 = ENROLMENT_MAX_MS - 15_000;

/// For all that is packed: well within the time after which the screen gives it up.
const PACK_TOTAL_MS: u64 = PACK_MAX_MS - 15_000;

/// Longer than that, in milliseconds, nothing hangs that is not hanging for good.
const HANGING_MS: u64 = 5_000;

/// The collector that a device is to be enrolled at.
#[derive(Debug, Clone)]
pub struct Collector {
    /// Its enrolment port, as `https://HOST[:PORT]`.
    pub url: String,
    /// Its CA in PEM.
    pub ca_pem: String,
}

/// Does errands for a kiosk.
pub struct Errands {
    /// The kiosk, on a connection that nothing else uses.
    pub kiosk: SocketQueue,
    /// Where the identity lies, or will.
    pub state_dir: PathBuf,
    /// Where to enrol, when the device is not enrolled yet.
    pub collector: Option<Collector>,
    /// Bounds on the time of an enrolment.
    pub timeouts: Timeouts,
    /// Where link and address are looked up.
    pub machine: Machine,
    /// This device's clock.
    pub clock: Arc<dyn Clock>,
    /// For the key, and for jitter.
    pub entropy: Arc<dyn Entropy>,
    /// What the loop that brings records over is doing, once there is one.
    pub status: Option<watch::Receiver<Status>>,
}

impl Errands {
    /// Does what the kiosk wants until the future is dropped.
    pub async fn forever(mut self) -> Infallible {
        let mut retry = Backoff::new(RETRY_MS.0, RETRY_MS.1);
        loop {
            self.turn(&mut retry).await;
        }
    }

    /// The same until the device has an identity, from an errand or from `afterword-sync enrol`.
    pub async fn until_enrolled(&mut self) {
        let mut retry = Backoff::new(RETRY_MS.0, RETRY_MS.1);
        while !Identity::is_in(&self.state_dir) {
            self.turn(&mut retry).await;
        }
    }

    async fn turn(&mut self, retry: &mut Backoff) {
        match self.kiosk.has_errands().await {
            Ok(true) => {}
            Ok(false) => return sleep(Duration::from_millis(WITHOUT_ERRANDS_MS)).await,
            Err(error) => return self.again(&error, retry).await,
        }
        match self.one().await {
            Ok(()) => retry.reset(),
            Err(error) => self.again(&error, retry).await,
        }
    }

    async fn again(&self, error: &QueueError, retry: &mut Backoff) {
        tracing::debug!(%error, "the kiosk was asked for errands and did not answer");
        sleep(retry.next_delay(&*self.entropy)).await;
    }

    /// Waits for an errand for a while, and does it.
    async fn one(&mut self) -> Result<(), QueueError> {
        // Shorter while nobody is enrolled: somebody may do that by the command line meanwhile.
        let wait_ms = if self.status.is_some() { QUEUE_WAIT_MAX_MS } else { RETRY_MS.1 };
        let says = self.says();
        let Some(Errand { id, kind }) = self.kiosk.errand(wait_ms, says).await? else { return Ok(()) };
        tracing::info!(id, "an errand for the kiosk");
        let result = match kind {
            ErrandKind::TestNetwork => self.test_network(id).await,
            ErrandKind::Enrol { code } => self.enrol(&code).await,
            ErrandKind::Pack { folder, file_system } => self.pack(folder.into(), file_system).await,
            ErrandKind::Unknown => ErrandResult::Unsupported,
        };
        self.kiosk.errand_done(id, result).await
    }

    fn says(&self) -> AgentStatus {
        let program_version = env!("CARGO_PKG_VERSION").to_owned();
        let Some(status) = &self.status else {
            let can_enrol = self.collector.is_some();
            return AgentStatus { program_version, can_enrol, ..AgentStatus::default() };
        };
        let status = status.borrow();
        AgentStatus {
            program_version,
            enrolled: Some(EnrolledAs {
                device: status.device,
                name: status.name.clone(),
                collector_url: status.collector_url.clone(),
                certificate_expires_ms: status.certificate_expires_ms,
            }),
            can_enrol: false,
            problem: status.problem.clone(),
            last_receipt_ms: status.last_success_ms,
            clock_offset_ms: status.clock_offset_ms,
        }
    }

    async fn test_network(&mut self, id: u64) -> ErrandResult {
        // Whatever may be wrong with it shows in the test.
        let identity = Identity::load(&self.state_dir).ok();
        let health: Option<Health> = self.kiosk.health().await.ok().flatten();
        let target = match (&identity, &self.collector) {
            (Some(identity), _) => Target::Device(identity),
            (None, Some(Collector { url, ca_pem })) => Target::Enrolment { collector_url: url, ca_pem },
            (None, None) => Target::Nobody,
        };
        let tester = Tester { machine: &self.machine, target, clock: Arc::clone(&self.clock), health };
        // Each step at most once, so that this never grows.
        let (tell, mut told) = mpsc::unbounded_channel();
        let kiosk = &mut self.kiosk;
        let passing_on = async {
            while let Some(step) = told.recv().await {
                // The result has all of them again.
                let _ = kiosk.errand_step(id, step).await;
            }
        };
        let testing = async move {
            tester
                .test(|step| {
                    let _ = tell.send(step.clone());
                })
                .await
        };
        let (test, ()) = tokio::join!(testing, passing_on);
        ErrandResult::NetworkTested { test }
    }

    /// On a thread of its own: a slow stick must not keep what goes over the network waiting.
    async fn pack(&self, folder: PathBuf, file_system: u64) -> ErrandResult {
        let (state_dir, entropy) = (self.state_dir.clone(), Arc::clone(&self.entropy));
        let (mut kiosk, runtime) = (self.kiosk.another(), Handle::current());
        let hanging = folder.clone();
        let packing = spawn_blocking(move || {
            let identity = match Identity::load(&state_dir) {
                Ok(identity) => identity,
                Err(error) => return not_packed(identity_failure(&error), error.to_string()),
            };
            let order = Pack {
                identity: &identity,
                entropy: &*entropy,
                out: &folder,
                after_seq: None,
                device: Some(file_system),
            };
            let packing = take_and_pack(&mut kiosk, order);
            let limited = async { timeout(Duration::from_millis(PACK_TOTAL_MS), packing).await };
            match runtime.block_on(limited) {
                Ok(Ok(trip)) => ErrandResult::Packed { parcel: parcel(&trip) },
                Ok(Err(error)) => not_packed(pack_failure(&error), error.to_string()),
                Err(_) => not_packed(PackFailure::TooLong, too_long(&folder)),
            }
        });
        // What hangs in the system hears of no limit; it is left behind, and whatever comes next is not kept waiting by it.
        match timeout(Duration::from_millis(PACK_TOTAL_MS + HANGING_MS), packing).await {
            Ok(packed) => packed.unwrap_or_else(|error| not_packed(PackFailure::Other, broke_off(&error))),
            Err(_) => not_packed(PackFailure::TooLong, too_long(&hanging)),
        }
    }

    async fn enrol(&self, code: &EnrolmentCode) -> ErrandResult {
        let failed = |reason, detail| ErrandResult::NotEnrolled { reason, detail };
        if Identity::is_in(&self.state_dir) {
            let error = EnrolError::AlreadyEnrolled(self.state_dir.clone());
            return failed(reason(&error), error.to_string());
        }
        let Some(Collector { url, ca_pem }) = &self.collector else {
            let detail = "nobody has told this device its collector; start `afterword-sync run` with --collector and --ca";
            return failed(EnrolmentFailure::NoCollector, detail.into());
        };
        let order = Enrolment {
            collector_url: url,
            code: &code.to_string(),
            ca_pem,
            state_dir: &self.state_dir,
            // Whoever typed the code hears of it while the screen still waits.
            timeouts: Timeouts { total_ms: self.timeouts.total_ms.min(ENROL_TOTAL_MS), ..self.timeouts },
        };
        match enrol(&order, &self.entropy, Arc::clone(&self.clock)).await {
            Ok(identity) => ErrandResult::Enrolled { device: enrolled_as(&identity) },
            Err(error) => failed(reason(&error), error.to_string()),
        }
    }
}

fn enrolled_as(identity: &Identity) -> EnrolledAs {
    let enrolled = identity.enrolled();
    EnrolledAs {
        device: enrolled.device,
        name: enrolled.name.clone(),
        collector_url: enrolled.collector_url.clone(),
        certificate_expires_ms: identity.certificate_not_after_ms(),
    }
}

fn reason(error: &EnrolError) -> EnrolmentFailure {
    match error {
        EnrolError::CodeRefused { .. } | EnrolError::Code(_) => EnrolmentFailure::CodeRefused,
        EnrolError::AlreadyEnrolled(_) => EnrolmentFailure::AlreadyEnrolled,
        EnrolError::NoAnswer(_) => EnrolmentFailure::NoAnswer,
        _ => EnrolmentFailure::Other,
    }
}

fn parcel(trip: &Trip) -> Parcel {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Parcel {
        records: trip.packed.iter().map(|bundle| bundle.last_seq - bundle.first_seq + 1).sum(),
        files: trip.packed.iter().map(|bundle| name(&bundle.path)).collect(),
        confirmed: trip.confirmed,
        refused: trip.refused,
    }
}

fn not_packed(reason: PackFailure, detail: String) -> ErrandResult {
    tracing::warn!(detail, "nothing was packed onto a stick");
    ErrandResult::NotPacked { reason, detail }
}

fn too_long(folder: &Path) -> String {
    let folder = folder.display();
    format!("packing onto {folder} took longer than {} s: try another stick", PACK_TOTAL_MS / 1_000)
}

fn broke_off(error: &tokio::task::JoinError) -> String {
    format!("packing broke off ({error}): try again, and see the log of `afterword-sync`")
}

fn identity_failure(error: &IdentityError) -> PackFailure {
    match error {
        IdentityError::Missing(_) => PackFailure::NotEnrolled,
        _ => PackFailure::Other,
    }
}

fn pack_failure(error: &PackError) -> PackFailure {
    match error {
        PackError::NoKey => PackFailure::NoKey,
        PackError::NoFolder(_) => PackFailure::Gone,
        PackError::Write { error, .. } => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PackFailure::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => PackFailure::ReadOnly,
            io::ErrorKind::NotFound => PackFailure::Gone,
            _ => PackFailure::Other,
        },
        PackError::Kiosk(_) | PackError::Changed(_) => PackFailure::Other,
    }
}
