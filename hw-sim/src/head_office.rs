//! Head office on the same desk: the real collector on loopback, and the device's way to it.
//!
//! Enrolment goes over real TLS with a one-time code; the agent works on the store's own queue and sends over a
//! [`Link`] that can be cut. Whatever was enrolled in an earlier run is found again, so a run that was killed is
//! gone on with.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::enrol::Enrolment;
use afterword_agent::https::Timeouts;
use afterword_agent::identity::keep_in;
use afterword_agent::{Agent, Ended, HttpsTransport, Identity, Status, Timing};
use afterword_collector::{Admin, Collector, Config};
use afterword_kiosk_store::Store;
use afterword_model::ports::Clock;
use afterword_model::record::Seq;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::link::Link;

/// The name of the one device of a demo.
const DEVICE_NAME: &str = "Harbour Street, exit";

/// How long an agent may take to bring what is left after the last shopper, on a machine busy with other things.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// A collector, the link to it, and a device's agent.
pub struct HeadOffice {
    collector: Collector,
    link: Link,
    agent: JoinHandle<Ended>,
    status: watch::Receiver<Status>,
    stop_agent: watch::Sender<bool>,
}

impl HeadOffice {
    /// Starts a collector in `data`, makes the device known to it unless `state` holds an identity already, and
    /// starts an agent between the store and it.
    ///
    /// # Errors
    /// One sentence: what, where, what to do.
    pub async fn open(data: &Path, state: &Path, store: &Store) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let collector =
            Collector::start(Config::loopback(data), Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
        let link = Link::to(collector.device_address()).await.context("cannot open a port on loopback")?;
        if !Identity::is_in(state) {
            enrol(&collector, data, state, Arc::clone(&clock)).await?;
        }
        let identity = Arc::new(through(&link, &Identity::load(state)?)?);
        let transport = HttpsTransport::new(&identity, Arc::clone(&clock), Timeouts::default())?;
        let (report, status) = watch::channel(Status::starting(&identity));
        let (stop_agent, stopped) = watch::channel(false);
        let agent = Agent {
            queue: store.queue(),
            transport,
            identity,
            keep: keep_in(state.to_owned()),
            timing: Timing::brisk(),
            entropy: Arc::new(SystemEntropy),
            clock,
            status: report,
        };
        let agent = tokio::spawn(afterword_agent::run(agent, stopped));
        Ok(Self { collector, link, agent, status, stop_agent })
    }

    /// The line between device and collector.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Waits until the device holds a receipt for every record up to `last_seq`.
    ///
    /// # Errors
    /// When that takes longer than two minutes; says what the agent says.
    pub async fn drained(&self, last_seq: Seq) -> Result<()> {
        let mut status = self.status.clone();
        let all = status.wait_for(|status| status.acknowledged_seq >= last_seq);
        match tokio::time::timeout(DRAIN_TIMEOUT, all).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => {
                bail!(
                    "the agent ended before everything was received; run the demo again with the same --out"
                )
            }
            Err(_) => {
                let status = self.status.borrow();
                let reason = status.problem.as_deref().unwrap_or("it gives no reason");
                Err(anyhow!(
                    "after {} s the collector has {} of {last_seq} answers: {reason}",
                    DRAIN_TIMEOUT.as_secs(),
                    status.acknowledged_seq
                ))
            }
        }
    }

    /// Ends agent and collector in order.
    ///
    /// # Errors
    /// When the agent broke down.
    pub async fn close(self) -> Result<()> {
        // An agent that has ended already needs no telling.
        let _ = self.stop_agent.send(true);
        self.agent.await.context("the agent broke down; please report this as a bug")?;
        self.collector.shutdown().await;
        Ok(())
    }
}

async fn enrol(collector: &Collector, data: &Path, state: &Path, clock: Arc<dyn Clock>) -> Result<()> {
    let mut admin = Admin::open(data, Arc::clone(&clock), Arc::new(SystemEntropy))?;
    let code = admin.device_add(DEVICE_NAME, None)?.code.to_string();
    let ca_pem = std::fs::read_to_string(admin.ca_file()).with_context(|| {
        format!("cannot read {}; run the demo in a new folder", admin.ca_file().display())
    })?;
    let order = Enrolment {
        collector_url: collector.enrol_url(),
        code: &code,
        ca_pem: &ca_pem,
        state_dir: state,
        timeouts: Timeouts::default(),
    };
    afterword_agent::enrol(&order, &SystemEntropy, clock).await?;
    Ok(())
}

/// The identity with the link as its way to the collector; the ports of a demo are new at each start.
fn through(link: &Link, identity: &Identity) -> Result<Identity> {
    let url = |address: SocketAddr| format!("https://localhost:{}", address.port());
    let enrolled = afterword_protocol::enrolment::Enrolled {
        collector_url: url(link.address()),
        ..identity.enrolled().clone()
    };
    Identity::new(enrolled, identity.key().clone())
        .map_err(|what| anyhow!("the device's identity is broken: {what}"))
}
