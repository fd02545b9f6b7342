//! A collector on loopback, and devices that are enrolled with it as real ones are.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::enrol::Enrolment;
use afterword_agent::https::Timeouts;
use afterword_agent::{Agent, HttpsTransport, Identity, Status, Timing};
use afterword_collector::{Admin, Collector, Config};
use afterword_kiosk_store::Store;
use afterword_model::ports::Clock;
use afterword_model::record::Seq;
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result, anyhow, bail};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An agent that has not brought its records over by then never will; a slow machine takes a fifth of it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// A collector and its folder.
pub(crate) struct Office {
    collector: Collector,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

/// An agent at work between a store and a collector.
pub(crate) struct Courier {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    agent: JoinHandle<afterword_agent::Ended>,
}

/// Two threads: as many as the machines have cores on which the figures are compared.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

impl Office {
    /// Starts a new collector in `folder`.
    pub(crate) async fn open(folder: &Path) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let config = Config::loopback(folder.join("collector"));
        let collector = Collector::start(config, Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
        Ok(Self { collector, folder: folder.to_owned(), clock })
    }

    /// Makes a new device known to the collector.
    pub(crate) async fn enrol(&self, name: &str) -> Result<Identity> {
        let data = self.folder.join("collector");
        let mut admin = Admin::open(&data, Arc::clone(&self.clock), Arc::new(SystemEntropy))?;
        let code = admin.device_add(name, None)?.code.to_string();
        let ca_pem = std::fs::read_to_string(admin.ca_file())?;
        let order = Enrolment {
            collector_url: self.collector.enrol_url(),
            code: &code,
            ca_pem: &ca_pem,
            state_dir: &self.folder.join(name),
            timeouts: Timeouts::default(),
        };
        Ok(afterword_agent::enrol(&order, &SystemEntropy, Arc::clone(&self.clock)).await?)
    }

    /// Where devices deliver.
    pub(crate) fn device_address(&self) -> SocketAddr {
        self.collector.device_address()
    }

    /// A device's way to the collector.
    pub(crate) fn transport(&self, identity: &Identity) -> Result<HttpsTransport> {
        Ok(HttpsTransport::new(identity, Arc::clone(&self.clock), Timeouts::default())?)
    }

    /// Sends a courier from a store to the collector, on this runtime.
    pub(crate) fn courier(&self, store: &Store, identity: Identity) -> Result<Courier> {
        let identity = Arc::new(identity);
        let transport = self.transport(&identity)?;
        let (report, status) = watch::channel(Status::starting(&identity));
        let (stop, stopped) = watch::channel(false);
        let agent = Agent {
            queue: store.queue(),
            transport,
            identity,
            keep: Box::new(|_| Ok(())),
            timing: Timing::brisk(),
            entropy: Arc::new(SystemEntropy),
            clock: Arc::clone(&self.clock),
            status: report,
        };
        Ok(Courier { status, stop, agent: tokio::spawn(afterword_agent::run(agent, stopped)) })
    }

    /// Ends the collector in order.
    pub(crate) async fn close(self) {
        self.collector.shutdown().await;
    }
}

impl Courier {
    /// Waits until the store holds a receipt for every record up to `last_seq`.
    pub(crate) async fn receipts_up_to(&mut self, last_seq: Seq) -> Result<()> {
        let all = self.status.wait_for(|status| status.acknowledged_seq >= last_seq);
        if let Ok(found) = tokio::time::timeout(DRAIN_TIMEOUT, all).await {
            return found.map(drop).context("the agent ended before everything was received");
        }
        let status = self.status.borrow();
        let problem = status.problem.as_deref().unwrap_or("it gives no reason");
        bail!("only {} of {last_seq} were received: {problem}", status.acknowledged_seq)
    }

    /// Ends the agent.
    pub(crate) async fn stop(self) -> Result<()> {
        // An agent that has ended already needs no telling.
        let _ = self.stop.send(true);
        self.agent.await.context("the agent broke down")?;
        Ok(())
    }
}

/// The same device, but with another way to the collector.
pub(crate) fn by_way_of(identity: &Identity, address: SocketAddr) -> Result<Identity> {
    let collector_url = format!("https://localhost:{}", address.port());
    let enrolled = Enrolled { collector_url, ..identity.enrolled().clone() };
    Identity::new(enrolled, identity.key().clone()).map_err(|what| anyhow!("a broken identity: {what}"))
}
