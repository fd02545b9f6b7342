//! A collector on any of the databases there are, and devices that speak to it without a network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_collector::{Admin, DatabaseUrl, InProcess, InProcessAnswer, VerifyReport};
use afterword_model::ports::{Clock as _, Entropy as _, ManualClock, SeededEntropy};
use afterword_model::record::{Head, StoreEpoch, genesis, next_head};
use afterword_model::response::{
    Answer, AnswerValue, ClockQuality, Draft, Outcome, RESPONSE_VERSION, Response, Stamp,
};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH, encode};
use afterword_protocol::enrolment::{ENROLMENT_PATH, Enrolled, EnrolmentRequest};
use afterword_protocol::heartbeat::{
    HEARTBEAT_MEDIA_TYPE, HEARTBEATS_PATH, Heartbeat, HeartbeatAnswer, fingerprint,
};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::{Problem, ProblemType};
use afterword_protocol::queue::{Health, Position, Run};
use afterword_protocol::receipt::{Nonce, SignedReceipt};
use afterword_protocol::system::SystemEntropy;
use afterword_tests::cluster::{Session, psql};
use anyhow::{Context as _, Result, ensure};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

/// 2026-11-22T06:26:40Z.
pub(crate) const NOW_MS: i64 = 1_795_328_800_000;

/// Takes everything of ours out of a database. Its schema stays: views of Citus stand there, and with them the extension would go.
const EMPTY: &str = "
    do $$
    declare
        names text;
    begin
        select string_agg(oid::regclass::text, ', ') into names from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition;
        execute coalesce('drop table ' || names || ' cascade', 'select');
    end $$;
    drop function if exists instr(bytea, bytea);
    drop function if exists keep_device_claims();
    drop domain if exists blob";

/// A collector, its folder, and its database.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) database: Option<DatabaseUrl>,
    /// Where a client of PostgreSQL finds the database, with its password; none for other ones, and where it was not named so.
    pub(crate) url: Option<String>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) collector: InProcess,
    /// Keeps other tests from the database, where they share one.
    _alone: Option<Session>,
}

impl Place {
    /// With SQLite's file in its folder.
    pub(crate) fn in_file() -> Result<Self> {
        Self::on(None)
    }

    /// With SQLite in memory: the form for tests that want no disk.
    pub(crate) fn in_memory() -> Result<Self> {
        Self::on(Some(DatabaseUrl::in_memory()?))
    }

    /// With a PostgreSQL database of its own.
    pub(crate) fn in_postgres() -> Result<Self> {
        let url = afterword_tests::cluster::Cluster::shared()?.database()?;
        Ok(Self { url: Some(url.clone()), ..Self::on(Some(DatabaseUrl::parse(&url)?))? })
    }

    /// On the Citus cluster that was named, its tables divided.
    pub(crate) fn in_citus() -> Result<Self> {
        let place = Self::beside_citus()?;
        place.admin()?.distribute()?;
        Ok(place)
    }

    /// On its coordinator alone, as if there were no workers. The one database is emptied, and is this test's alone until the test ends.
    pub(crate) fn beside_citus() -> Result<Self> {
        let url = std::env::var("AFTERWORD_TEST_CITUS_URL").context("AFTERWORD_TEST_CITUS_URL")?;
        let mut alone = Session::open(&url)?;
        alone.say("do $$ begin perform pg_advisory_lock(1); end $$")?;
        psql(&url, EMPTY)?;
        let mut place = Self::on(Some(DatabaseUrl::parse(&url)?))?;
        (place.url, place._alone) = (Some(url), Some(alone));
        Ok(place)
    }

    /// Takes everything out of the database of a cluster.
    pub(crate) fn empty(&self) -> Result<()> {
        psql(self.url.as_deref().context("it has a URL")?, EMPTY).map(drop)
    }

    pub(crate) fn on(database: Option<DatabaseUrl>) -> Result<Self> {
        let (folder, clock) = (tempfile::tempdir()?, Arc::new(ManualClock::at(NOW_MS)));
        let collector = open(folder.path().into(), database.clone(), &clock)?;
        Ok(Self { folder, database, url: None, clock, collector, _alone: None })
    }

    /// Whether nothing of it is on a disk.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.database.as_ref().is_some_and(|database| database.to_string().starts_with("file:"))
    }

    /// Another collector on the same database, with the same keys.
    pub(crate) fn another(&self) -> Result<InProcess> {
        open(self.folder.path().into(), self.database.clone(), &self.clock)
    }

    /// Puts its keys where another collector will look for them.
    pub(crate) fn copy_keys_to(&self, folder: &Path) -> Result<()> {
        let (from, to) = (self.folder.path().join("pki"), folder.join("pki"));
        std::fs::create_dir_all(&to)?;
        for file in std::fs::read_dir(from)? {
            let file = file?;
            std::fs::copy(file.path(), to.join(file.file_name()))?;
        }
        Ok(())
    }

    /// The same with a clock that is so many milliseconds ahead.
    pub(crate) fn another_ahead(&self, ms: i64) -> Result<InProcess> {
        let clock = Arc::new(ManualClock::at(self.clock.wall_ms() + ms));
        open(self.folder.path().into(), self.database.clone(), &clock)
    }

    /// The collector is dropped, as a kill would, and another one goes on.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.collector = self.another()?;
        Ok(())
    }

    pub(crate) fn admin(&self) -> Result<Admin> {
        let database = self.database.as_ref();
        Ok(Admin::open_with(self.folder.path(), database, self.clock.clone(), Arc::new(SystemEntropy))?)
    }

    /// What a verification finds, which has to be nothing wrong.
    pub(crate) fn verified(&self) -> Result<VerifyReport> {
        let report = self.admin()?.verify()?;
        ensure!(report.is_sound(), "{report:?}");
        Ok(report)
    }

    /// A new device with so many ratings to deliver.
    pub(crate) fn device(&self, name: &str, records: u64) -> Result<Till> {
        self.device_in("Harbour Street", name, records)
    }

    /// The same in another store.
    pub(crate) fn device_in(&self, store: &str, name: &str, records: u64) -> Result<Till> {
        let code = self.admin()?.device_add(name, Some(store))?.code.to_string();
        let mut till = Till::named(name, records);
        let answer = self.enrol(&till, &code)?;
        ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
        till.enrolled = Some(serde_json::from_slice(&answer.body)?);
        Ok(till)
    }

    /// Presents a code with the device's key.
    pub(crate) fn enrol(&self, till: &Till, code: &str) -> Result<InProcessAnswer> {
        let der = till.key.to_pkcs8_der();
        let pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519)?;
        let request = EnrolmentRequest {
            code: code.into(),
            signing_request_pem: CertificateParams::default().serialize_request(&pair)?.pem()?,
            agent_version: "0.1.0".into(),
        };
        let body = serde_json::to_vec(&request)?;
        Ok(self.collector.post(ENROLMENT_PATH, None, Some("application/json"), None, &body)?)
    }

    pub(crate) fn send(&self, till: &Till, first: u64, last: u64) -> Result<InProcessAnswer> {
        till.send_to(&self.collector, first, last)
    }

    /// Sends a batch that has to be taken.
    pub(crate) fn receipt(&self, till: &Till, first: u64, last: u64) -> Result<SignedReceipt> {
        receipt(&self.send(till, first, last)?)
    }

    /// Says what the device has to say of itself.
    pub(crate) fn beat(&self, till: &Till, said: &Heartbeat) -> Result<HeartbeatAnswer> {
        beat_at(&self.collector, till, said)
    }

    /// What the device has to say of itself with so many records.
    pub(crate) fn heartbeat(&self, till: &Till, last_seq: u64) -> Result<Heartbeat> {
        let enrolled = till.enrolled()?;
        let head = Head::new([1; 32]);
        let position =
            Position { epoch: till.epoch, last_seq, head, acknowledged_seq: 0, server_epoch: None };
        let health = Health {
            position,
            purged_seq: 0,
            boot: 1,
            oldest_unsent_ms: None,
            disk_free_bytes: Some(u64::MAX),
            former: Vec::new(),
            kiosk_version: "0.1.0".into(),
            changes: None,
            case_mark: None,
            settings: None,
        };
        let authorities = CertificateDer::pem_slice_iter(enrolled.collector_ca_pem.as_bytes());
        Ok(Heartbeat {
            v: 1,
            device: enrolled.device,
            health,
            agent_version: "0.1.0".into(),
            wall_ms: self.clock.wall_ms(),
            certificate_expires_ms: self.clock.wall_ms() + 1,
            trusted: authorities
                .map(|authority| Ok(fingerprint(&authority?)))
                .collect::<Result<_, rustls::pki_types::pem::Error>>()?,
            courier_key: enrolled.courier_key.clone(),
            settings_refused: None,
        })
    }
}

fn open(folder: PathBuf, database: Option<DatabaseUrl>, clock: &Arc<ManualClock>) -> Result<InProcess> {
    let config = afterword_collector::Config { database, ..afterword_collector::Config::loopback(folder) };
    Ok(InProcess::open_with(&config, clock.clone(), Arc::new(SystemEntropy))?)
}

/// Says to a collector what a device has to say of itself.
pub(crate) fn beat_at(collector: &InProcess, till: &Till, said: &Heartbeat) -> Result<HeartbeatAnswer> {
    let (certificate, body) = (till.certificate()?, serde_json::to_vec(said)?);
    let media_type = Some(HEARTBEAT_MEDIA_TYPE);
    let answer = collector.post(HEARTBEATS_PATH, Some(&certificate), media_type, None, &body)?;
    ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body)?)
}

/// The receipt that an answer has to be.
pub(crate) fn receipt(answer: &InProcessAnswer) -> Result<SignedReceipt> {
    ensure!(answer.status == 200, "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body)?)
}

/// The problem that an answer has to be.
pub(crate) fn problem(answer: &InProcessAnswer, kind: ProblemType) -> Result<Problem> {
    let problem: Problem = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))?;
    ensure!(problem.kind == kind, "{problem:?}");
    Ok(problem)
}

/// A device with its key and its records.
pub(crate) struct Till {
    pub(crate) key: SigningKey,
    pub(crate) enrolled: Option<Enrolled>,
    pub(crate) epoch: StoreEpoch,
    pub(crate) records: Vec<Vec<u8>>,
}

impl Till {
    /// One that is not enrolled yet; the name decides its key and its store.
    pub(crate) fn named(name: &str, records: u64) -> Self {
        let entropy = SeededEntropy::new(name.bytes().fold(1, |seed, byte| seed * 31 + u64::from(byte)));
        let (key, epoch) = (SigningKey::generate(&entropy), StoreEpoch::new(entropy.bytes()));
        let records = (1..=records).map(|seq| rating(seq).to_bytes()).collect();
        Self { key, enrolled: None, epoch, records }
    }

    pub(crate) fn enrolled(&self) -> Result<&Enrolled> {
        self.enrolled.as_ref().context("it is enrolled")
    }

    fn certificate(&self) -> Result<CertificateDer<'static>> {
        Ok(CertificateDer::from_pem_slice(self.enrolled()?.certificate_pem.as_bytes())?)
    }

    /// The records from one to another, as they go over the line.
    pub(crate) fn batch(&self, first: u64, last: u64) -> Result<Vec<u8>> {
        let (from, to) = (usize::try_from(first)? - 1, usize::try_from(last)?);
        let run = Run {
            epoch: self.epoch,
            first_seq: first,
            previous_head: self.records[..from]
                .iter()
                .fold(genesis(&self.epoch), |head, bytes| next_head(&head, bytes)),
            records: self.records[from..to].to_vec(),
        };
        Ok(encode(&run, self.enrolled()?.device, Nonce::new([7; 16]), &self.key).1)
    }

    pub(crate) fn send_to(&self, collector: &InProcess, first: u64, last: u64) -> Result<InProcessAnswer> {
        let (certificate, body) = (self.certificate()?, self.batch(first, last)?);
        let (media_type, encoding) = (Some(BATCH_MEDIA_TYPE), Some(BATCH_ENCODING));
        Ok(collector.post(BATCHES_PATH, Some(&certificate), media_type, encoding, &body)?)
    }
}

/// One rating without words.
pub(crate) fn rating(seq: u64) -> Response {
    let started = Stamp {
        wall_ms: NOW_MS + i64::try_from(seq).unwrap_or(0) * 61_007,
        offset_min: 60,
        boot: 1,
        mono_ms: seq * 61_007,
        clock: ClockQuality::Synced,
    };
    let face = AnswerValue::Face(u8::try_from(seq % 5).unwrap_or(0) + 1);
    let draft = Draft {
        touchpoint: Some("exit".into()),
        answers: vec![Answer { question: "visit".into(), value: face, at_ms: 0 }],
        ..Draft::begun("grocery-exit", 1, "en", started)
    };
    Response { v: RESPONSE_VERSION, seq, draft, outcome: Outcome::Completed, took_ms: 2_000 + seq % 900 }
}
