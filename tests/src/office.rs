//! A collector and agents in this process, with clocks of the test's own; devices are enrolled as real ones are.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::enrol::Enrolment;
use afterword_agent::https::Timeouts;
use afterword_agent::{Agent, HttpsTransport, Identity, Status, Timing};
use afterword_collector::{Admin, Collector, Config, DatabaseUrl};
use afterword_kiosk_store::Store;
use afterword_model::ports::Clock;
use afterword_model::record::Seq;
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::queue::Queue;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result, anyhow, bail};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An agent that has not brought its records over by then never will; a slow machine takes a fifth of it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// A collector and its folder.
pub struct Office {
    collector: Collector,
    folder: PathBuf,
    database: Option<DatabaseUrl>,
    clock: Arc<dyn Clock>,
}

/// An agent at work between a store and a collector.
pub struct Courier {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    agent: JoinHandle<afterword_agent::Ended>,
}

/// Two threads: as many as the machines have cores on which the figures are compared.
///
/// # Errors
/// When the system gives none.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

impl Office {
    /// Starts a new collector in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open(folder: &Path) -> Result<Self> {
        Self::open_at(folder, Arc::new(SystemClock::start())).await
    }

    /// The same, with a clock of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open_at(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_with(folder, None, clock).await
    }

    /// The same on the PostgreSQL database of this URL.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open_on(folder: &Path, url: &str) -> Result<Self> {
        Self::open_with(folder, Some(DatabaseUrl::parse(url)?), Arc::new(SystemClock::start())).await
    }

    async fn open_with(folder: &Path, database: Option<DatabaseUrl>, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config { database: database.clone(), ..Config::loopback(folder.join("collector")) };
        let collector = Collector::start(config, Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
        Ok(Self { collector, folder: folder.to_owned(), database, clock })
    }

    fn admin(&self) -> Result<Admin> {
        let data = self.folder.join("collector");
        Ok(Admin::open_with(&data, self.database.as_ref(), Arc::clone(&self.clock), Arc::new(SystemEntropy))?)
    }

    /// Makes a new device known to the collector.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn enrol(&self, name: &str) -> Result<Identity> {
        let code = self.admin()?.device_add(name, None)?.code.to_string();
        self.enrol_with(name, &code).await
    }

    /// Enrols hardware with a code that it was given; its identity lies in a folder of this name.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn enrol_with(&self, folder: &str, code: &str) -> Result<Identity> {
        let ca_pem = std::fs::read_to_string(self.admin()?.ca_file())?;
        let order = Enrolment {
            collector_url: self.collector.enrol_url(),
            code,
            ca_pem: &ca_pem,
            state_dir: &self.folder.join(folder),
            timeouts: Timeouts::default(),
        };
        Ok(afterword_agent::enrol(&order, &SystemEntropy, Arc::clone(&self.clock)).await?)
    }

    /// Where new devices enrol.
    #[must_use]
    pub fn enrolment_url(&self) -> String {
        self.collector.enrol_url().to_owned()
    }

    /// Where devices deliver.
    #[must_use]
    pub fn device_address(&self) -> SocketAddr {
        self.collector.device_address()
    }

    /// A device's way to the collector.
    ///
    /// # Errors
    /// When its certificates cannot be used.
    pub fn transport(&self, identity: &Identity) -> Result<HttpsTransport> {
        Ok(HttpsTransport::new(identity, Arc::clone(&self.clock), Timeouts::default())?)
    }

    /// Sends a courier from a store to the collector, on this runtime.
    ///
    /// # Errors
    /// When the identity cannot be used.
    pub fn courier(&self, store: &Store, identity: Identity) -> Result<Courier> {
        Courier::between(store.queue(), identity, Arc::clone(&self.clock))
    }

    /// Ends the collector in order.
    pub async fn close(self) {
        self.collector.shutdown().await;
    }
}

impl Courier {
    /// Sends one off between a queue and the identity's collector, on this runtime, with a clock of the device's own.
    ///
    /// # Errors
    /// When the identity cannot be used.
    pub fn between(queue: impl Queue + 'static, identity: Identity, clock: Arc<dyn Clock>) -> Result<Self> {
        let identity = Arc::new(identity);
        let transport = HttpsTransport::new(&identity, Arc::clone(&clock), Timeouts::default())?;
        let (report, status) = watch::channel(Status::starting(&identity));
        let (stop, stopped) = watch::channel(false);
        let agent = Agent {
            queue,
            transport,
            identity,
            keep: Box::new(|_| Ok(())),
            timing: Timing::brisk(),
            entropy: Arc::new(SystemEntropy),
            clock,
            status: report,
        };
        Ok(Self { status, stop, agent: tokio::spawn(afterword_agent::run(agent, stopped)) })
    }

    /// Waits until the agent says something that `wanted` holds for, and gives it.
    ///
    /// # Errors
    /// When it does not in time; says what it said last.
    pub async fn says(&mut self, wanted: impl FnMut(&Status) -> bool) -> Result<Status> {
        let said = self.status.wait_for(wanted);
        if let Ok(found) = tokio::time::timeout(DRAIN_TIMEOUT, said).await {
            return Ok(found.context("the agent ended before it said so")?.clone());
        }
        bail!("the agent did not say what was waited for: {:?}", *self.status.borrow())
    }

    /// Waits until the store holds a receipt for every record up to `last_seq`.
    ///
    /// # Errors
    /// When that takes longer than two minutes; says what the agent says.
    pub async fn receipts_up_to(&mut self, last_seq: Seq) -> Result<()> {
        self.says(|status| status.acknowledged_seq >= last_seq).await.map(drop)
    }

    /// Ends the agent.
    ///
    /// # Errors
    /// When it broke down.
    pub async fn stop(self) -> Result<()> {
        // An agent that has ended already needs no telling.
        let _ = self.stop.send(true);
        self.agent.await.context("the agent broke down")?;
        Ok(())
    }
}

/// The same device, but with another way to the collector.
///
/// # Errors
/// When the identity cannot be used.
pub fn by_way_of(identity: &Identity, address: SocketAddr) -> Result<Identity> {
    let collector_url = format!("https://localhost:{}", address.port());
    let enrolled = Enrolled { collector_url, ..identity.enrolled().clone() };
    Identity::new(enrolled, identity.key().clone()).map_err(|what| anyhow!("a broken identity: {what}"))
}
