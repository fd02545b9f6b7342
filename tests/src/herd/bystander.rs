//! A device for which it is a day like any other.
//!
//! It lives on a thread of its own, as a real one does on a machine of its own: what it waits for is the collector,
//! and not the crowd's turn in this process.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, channel};
use std::time::Duration;

use afterword_agent::answer::Answer;
use anyhow::{Context, Result, anyhow, bail};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::device::Device;
use crate::wait::PATIENCE;

/// Until a device whose connection was closed under it comes again; a real one waits longer than this.
const AFTER_A_BREAK: Duration = Duration::from_millis(50);

/// The bystander at work. Dropping it ends it.
pub(super) struct Bystander {
    took: Receiver<Result<Duration>>,
}

impl Bystander {
    /// Delivers a record once in this time, until it is dropped or has none left.
    pub(super) fn on_a_thread_of_its_own(device: Device, every: Duration) -> Result<Self> {
        let (tell, took) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("bystander".into()).spawn(move || {
            runtime.block_on(async {
                let mut wishes = interval(every);
                wishes.set_missed_tick_behavior(MissedTickBehavior::Delay);
                for seq in 1..=device.records.len() as u64 {
                    wishes.tick().await;
                    let began = Instant::now();
                    let delivered = deliver(&device, seq).await;
                    let told: Result<(), SendError<_>> = tell.send(delivered.map(|()| began.elapsed()));
                    if told.is_err() {
                        return;
                    }
                }
            });
        })?;
        Ok(Self { took })
    }

    /// What its next deliveries take.
    pub(super) async fn next_latencies(&mut self, count: usize) -> Result<Vec<Duration>> {
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            match self.took.recv_timeout(PATIENCE) {
                Ok(took) => all.push(took?),
                Err(RecvTimeoutError::Timeout) => bail!("the bystander waits for a receipt in vain"),
                Err(RecvTimeoutError::Disconnected) => bail!("the bystander has no records left"),
            }
        }
        Ok(all)
    }

    /// What the deliveries since took; waits for the one under way.
    pub(super) fn latencies_so_far(self) -> Result<Vec<Duration>> {
        let last = self.took.recv_timeout(PATIENCE).context("the bystander waits for a receipt in vain")?;
        // `last` is the oldest that nobody has asked for; what came since follows.
        std::iter::once(last).chain(self.took.try_iter()).collect()
    }
}

async fn deliver(device: &Device, seq: u64) -> Result<()> {
    let (header, body) = device.batch(seq, seq);
    loop {
        let wait = match device.send(body.clone()).await {
            Ok(answer) => match device.meaning(&answer, &header) {
                Answer::Receipt(_) => return Ok(()),
                Answer::Wait { wait_ms, .. } => Duration::from_millis(wait_ms),
                other => return Err(anyhow!("the bystander was told {other:?}")),
            },
            Err(_) => AFTER_A_BREAK,
        };
        sleep(wait).await;
    }
}
