//! Those for whom it is a day like any other: a device that delivers, and a person who reads.
//!
//! Each lives on a thread of its own, as a real one does on a machine of its own: what it waits for is the collector,
//! and not the crowd's turn in this process.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, channel};
use std::time::Duration;

use afterword_agent::answer::Answer;
use anyhow::{Context, Result, anyhow, bail, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::desk::Desk;
use crate::device::Device;
use crate::wait::PATIENCE;

/// Until a device whose connection was closed under it comes again; a real one waits longer than this.
const AFTER_A_BREAK: Duration = Duration::from_millis(50);

/// Whoever wants the same thing now and then.
pub(super) trait Wish: Send + 'static {
    /// Wants it for this time, counted from 1; ends when it has it.
    fn fulfil(&mut self, time: u64) -> impl Future<Output = Result<()>>;
}

/// A bystander at work. Dropping it ends it.
pub(super) struct Bystander {
    who: &'static str,
    took: Receiver<Result<Duration>>,
}

impl Bystander {
    /// Wants it once in this time, until it is dropped or has wanted it so often.
    pub(super) fn on_a_thread_of_its_own(
        who: &'static str,
        mut wish: impl Wish,
        every: Duration,
        times: u64,
    ) -> Result<Self> {
        let (tell, took) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name(who.into()).spawn(move || {
            runtime.block_on(async {
                let mut wishes = interval(every);
                wishes.set_missed_tick_behavior(MissedTickBehavior::Delay);
                for time in 1..=times {
                    wishes.tick().await;
                    let began = Instant::now();
                    let fulfilled = wish.fulfil(time).await;
                    let told: Result<(), SendError<_>> = tell.send(fulfilled.map(|()| began.elapsed()));
                    if told.is_err() {
                        return;
                    }
                }
            });
        })?;
        Ok(Self { who, took })
    }

    /// What the next ones take.
    pub(super) fn next_latencies(&self, count: usize) -> Result<Vec<Duration>> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Takes what has been measured so far for nothing.
    pub(super) fn forget(&self) {
        self.took.try_iter().for_each(drop);
    }

    /// What those since took; waits for the one under way.
    pub(super) fn latencies_so_far(self) -> Result<Vec<Duration>> {
        let first = self.next();
        // It is the oldest that nobody has asked for; what came since follows.
        std::iter::once(first).chain(self.took.try_iter()).collect()
    }

    fn next(&self) -> Result<Duration> {
        match self.took.recv_timeout(PATIENCE) {
            Ok(took) => took,
            Err(RecvTimeoutError::Timeout) => bail!("the {} waits in vain", self.who),
            Err(RecvTimeoutError::Disconnected) => bail!("the {} has nothing left to want", self.who),
        }
    }
}

impl Wish for Device {
    /// Delivers one record.
    async fn fulfil(&mut self, seq: u64) -> Result<()> {
        let (header, body) = self.batch(seq, seq);
        loop {
            let wait = match self.send(body.clone()).await {
                Ok(answer) => match self.meaning(&answer, &header) {
                    Answer::Receipt(_) => return Ok(()),
                    Answer::Wait { wait_ms, .. } => Duration::from_millis(wait_ms),
                    other => return Err(anyhow!("the bystander was told {other:?}")),
                },
                Err(_) => AFTER_A_BREAK,
            };
            sleep(wait).await;
        }
    }
}

/// Somebody at head office who looks at the overview.
pub(super) struct Reader {
    client: Client,
    url: String,
    cookie: String,
}

impl Reader {
    /// Makes the first account at this desk's collector.
    pub(super) async fn at(desk: &Desk) -> Result<Self> {
        // The page is plain; a client without any TLS is not built.
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.tls_backend_preconfigured(tls).build()?;
        let url = desk.web_url()?.to_owned();
        let form = "login=anna%40example.com&name=Anna&password=correct+horse+battery";
        let account = client.post(desk.first_link()?).header(ORIGIN, &url);
        let account = account.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let answer = account.send().await?;
        ensure!(answer.status() == StatusCode::SEE_OTHER, "no account: {}", answer.status());
        let cookie = answer.headers().get(SET_COOKIE).context("nobody is signed in")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { client, url, cookie })
    }
}

impl Wish for Reader {
    /// Loads the page once; to be sent away is no answer.
    async fn fulfil(&mut self, _: u64) -> Result<()> {
        let answer = self.client.get(&self.url).header(COOKIE, &self.cookie).send().await?;
        ensure!(answer.status() == StatusCode::OK, "the overview is answered with {}", answer.status());
        let page = answer.text().await?;
        ensure!(page.contains("</html>"), "the overview was cut short");
        Ok(())
    }
}
