//! Batches on their way: one is unanswered at a time, while the next is read, compressed and signed, and while the
//! receipt for the last becomes durable on the device.
//!
//! Invariants: a batch keeps its bytes until it is settled or taken apart; the receipt for a batch has been handed to
//! the kiosk before the answer to the next one is acted upon. A receipt that was not handed over is no loss: the
//! batch is sent again and gets the same one.

use std::sync::Arc;

use afterword_model::ports::Entropy;
use afterword_protocol::batch::{BatchHeader, encode};
use afterword_protocol::limits::{BATCH_RECORDS_MAX, RETRY_MAX_MS};
use afterword_protocol::queue::{Acceptance, Position, Queue, QueueError, Run, Take};
use afterword_protocol::receipt::{Nonce, SignedReceipt};
use bytes::Bytes;
use tokio::join;

use super::{Restart, Work, within};
use crate::answer::{Answer, classify};
use crate::identity::Identity;
use crate::plan::{Plan, misfit};
use crate::status::State;
use crate::transport::{Message, Transport};

/// Shortest pause after a busy answer, in milliseconds, also when it says zero.
const BUSY_LEAST_MS: u64 = 1_000;

/// A batch as it goes out, each time the same.
pub(super) struct Outgoing {
    run: Run,
    header: BatchHeader,
    body: Bytes,
}

/// What is under way.
#[derive(Default)]
pub(super) struct Desk {
    /// Has been sent or is about to be, and is not settled.
    outgoing: Option<Arc<Outgoing>>,
    /// Follows on it and is ready.
    ahead: Option<Arc<Outgoing>>,
    /// A batch that the collector holds, and the receipt for it, which the kiosk has not been given yet.
    signed: Option<(Arc<Outgoing>, SignedReceipt)>,
}

impl Desk {
    /// Begins again from the queue's position.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was settled without our hearing of it is not sent again.
    pub(super) fn keep_if_still_unsettled(&mut self, position: &Position) {
        (self.ahead, self.signed) = (None, None);
        self.outgoing.take_if(|batch| {
            batch.run.epoch != position.epoch || batch.run.last_seq() <= position.acknowledged_seq
        });
    }
}

impl<Q: Queue, T: Transport> Work<Q, T> {
    /// The batch to send now: the one that is unsettled, the one that is ready, or the next of the queue.
    pub(super) async fn next_batch(
        &mut self,
        plan: &Plan,
        position: &Position,
    ) -> Result<Option<Arc<Outgoing>>, Restart> {
        if self.desk.outgoing.is_none() {
            self.desk.outgoing = self.desk.ahead.take();
        }
        if self.desk.outgoing.is_none() {
            let take = plan.take(self.agent.timing.queue_wait_ms);
            let Some(run) = within(take.wait_ms, self.agent.queue.next(take)).await? else { return Ok(None) };
            check(&run, plan.cursor(), position)?;
            self.desk.outgoing = Some(self.prepare(run));
        }
        let batch = self.desk.outgoing.clone();
        if let Some(batch) = &batch {
            self.report.newest(batch.run.last_seq());
        }
        Ok(batch)
    }

    /// One attempt, and everything its answer asks for.
    pub(super) async fn deliver(
        &mut self,
        batch: &Arc<Outgoing>,
        plan: &mut Plan,
        position: &Position,
    ) -> Result<(), Restart> {
        if self.failing_since_ms.is_none() {
            // While it fails, the reason stays to be seen until something works.
            self.report.state(State::Sending);
        }
        let signed = self.desk.signed.take();
        let ahead = if plan.is_searching() || self.desk.ahead.is_some() {
            None
        } else {
            Some(Take { after_seq: batch.run.last_seq(), records_max: BATCH_RECORDS_MAX, wait_ms: 0 })
        };
        let pen = Pen { identity: &self.agent.identity, entropy: &*self.agent.entropy };
        let ready = |run: Run| {
            let fits = check(&run, batch.run.last_seq(), position).is_ok();
            fits.then(|| pen.prepare(run))
        };
        let (sent, (accepted, next)) = join!(
            self.agent.transport.post(Message::Batch, batch.body.clone()),
            beside(&mut self.agent.queue, signed.as_ref().map(|(_, receipt)| receipt), ahead, ready)
        );
        self.contact.is_out_of_reach = sent.is_err();
        if next.is_some() {
            self.desk.ahead = next;
        }
        if let Some((last, receipt)) = signed {
            self.accepted(accepted, &last, &receipt, position).await?;
        }
        let answer = match sent {
            Ok(raw) => {
                let receipt_key = &self.agent.identity.enrolled().receipt_key;
                classify(&raw, &batch.header, receipt_key, self.agent.clock.wall_ms())
            }
            Err(failure) => Answer::Transient { problem: failure.to_string() },
        };
        self.act(answer, batch, plan, position).await
    }

    async fn act(
        &mut self,
        answer: Answer,
        batch: &Arc<Outgoing>,
        plan: &mut Plan,
        position: &Position,
    ) -> Result<(), Restart> {
        match answer {
            Answer::Receipt(receipt) => self.settle(batch, receipt, plan, position).await?,
            Answer::Rewind { mark } => {
                let run = &batch.run;
                self.desk.clear();
                if run.first_seq > plan.cursor() + 1 {
                    return Err(Restart::Forked(format!(
                        "the collector asks for the records after {mark}, and those before {} are no longer on this device",
                        run.first_seq
                    )));
                }
                let last_seq = self.position().await?.last_seq;
                plan.rewind(run.first_seq, mark, last_seq, self.now_ms())
                    .map_err(|error| Restart::Conflict(error.to_string()))?;
                tracing::warn!(
                    mark,
                    from = run.first_seq,
                    "the collector holds less than it had: sending again"
                );
            }
            Answer::Conflict { problem } => return Err(Restart::Forked(problem)),
            Answer::Split { seq, problem } => match plan.refused(&batch.run, seq) {
                Some(count) => {
                    tracing::warn!(%problem, count, "a batch was not taken: sending a part of it");
                    self.desk.ahead = None;
                    self.desk.outgoing = Some(self.prepare(batch.run.prefix(count)));
                }
                None => {
                    self.failed();
                    let delay = self.retry.next_delay(&*self.agent.entropy);
                    self.wait(State::Refused, problem, delay).await;
                }
            },
            Answer::Paused { problem } => {
                self.failed();
                if !self.renew_now().await? {
                    let delay = self.paused.next_delay(&*self.agent.entropy);
                    self.wait(State::Paused, problem, delay).await;
                }
            }
            Answer::Wait { wait_ms, problem } => {
                self.failed();
                let delay = self.with_jitter(wait_ms.clamp(BUSY_LEAST_MS, RETRY_MAX_MS));
                self.wait(State::Busy, problem, delay).await;
            }
            Answer::Transient { problem } => {
                self.failed();
                let delay = self.retry.next_delay(&*self.agent.entropy);
                self.wait(State::Retrying, problem, delay).await;
            }
        }
        Ok(())
    }

    /// A batch is held by the collector. Its receipt goes to the kiosk now, or beside the next batch where one is ready.
    async fn settle(
        &mut self,
        batch: &Arc<Outgoing>,
        receipt: SignedReceipt,
        plan: &mut Plan,
        position: &Position,
    ) -> Result<(), Restart> {
        self.desk.outgoing = None;
        plan.passed(batch.run.last_seq());
        if self.desk.ahead.is_some() && self.failing_since_ms.is_none() {
            self.desk.signed = Some((Arc::clone(batch), receipt));
            return Ok(());
        }
        let accepted = within(0, self.agent.queue.accept(&receipt)).await;
        self.accepted(accepted, batch, &receipt, position).await
    }

    /// The kiosk has answered to a receipt, or could not.
    async fn accepted(
        &mut self,
        accepted: Result<Acceptance, QueueError>,
        batch: &Arc<Outgoing>,
        signed: &SignedReceipt,
        position: &Position,
    ) -> Result<(), Restart> {
        match accepted {
            Ok(Acceptance::Stored | Acceptance::Stale) => {}
            Ok(Acceptance::WrongStore) if self.position().await?.epoch != position.epoch => {
                return Err(Restart::NewStore);
            }
            Ok(Acceptance::WrongStore) => {
                return Err(Restart::Conflict(
                    "the collector gave a receipt for records this device does not have; everything is kept, tell whoever runs the collector".into(),
                ));
            }
            Ok(Acceptance::WrongHead) => {
                return Err(Restart::Conflict(
                    "the collector gave a receipt for other records than this device has; everything is kept, tell whoever runs the collector".into(),
                ));
            }
            Err(error) => {
                // Sent again as it was, it gets the same receipt again.
                self.desk.outgoing = Some(Arc::clone(batch));
                return Err(error.into());
            }
        }
        self.retry.reset();
        self.paused.reset();
        self.kiosk.reset();
        let receipt = &signed.receipt;
        self.agent.transport.time_is_at_least(receipt.received_ms);
        self.report.receipt(receipt);
        tracing::info!(through_seq = receipt.through_seq, "receipt");
        let all_sent = self.report.unsent() == 0;
        self.report.state(if all_sent { State::Idle } else { State::Sending });
        let down_ms =
            self.failing_since_ms.take().map_or(0, |since_ms| self.now_ms().saturating_sub(since_ms));
        if down_ms >= self.agent.timing.outage_ms && !all_sent {
            self.spread("the collector is back after an outage").await;
        }
        Ok(())
    }

    fn prepare(&self, run: Run) -> Arc<Outgoing> {
        Pen { identity: &self.agent.identity, entropy: &*self.agent.entropy }.prepare(run)
    }
}

/// What a batch is written with.
#[derive(Clone, Copy)]
struct Pen<'a> {
    identity: &'a Identity,
    entropy: &'a dyn Entropy,
}

impl Pen<'_> {
    /// Gives a run its nonce and signature.
    fn prepare(self, run: Run) -> Arc<Outgoing> {
        let mut nonce = [0; 16];
        self.entropy.fill(&mut nonce);
        let (header, body) =
            encode(&run, self.identity.enrolled().device, Nonce::new(nonce), self.identity.key());
        Arc::new(Outgoing { run, header, body: body.into() })
    }
}

/// What is done while a batch is under way: the kiosk keeps the last receipt, and the next batch is made ready.
async fn beside<Q: Queue>(
    queue: &mut Q,
    receipt: Option<&SignedReceipt>,
    ahead: Option<Take>,
    ready: impl Fn(Run) -> Option<Arc<Outgoing>>,
) -> (Result<Acceptance, QueueError>, Option<Arc<Outgoing>>) {
    let accepted = match receipt {
        Some(receipt) => within(0, queue.accept(receipt)).await,
        None => Ok(Acceptance::Stale),
    };
    // Compressing takes the thread for milliseconds: the batch under way shall have left it before.
    tokio::task::yield_now().await;
    let next = match ahead {
        // A failure shows when the run is asked for in its turn.
        Some(take) if accepted.is_ok() => within(0, queue.next(take)).await.ok().flatten(),
        _ => None,
    };
    (accepted, next.and_then(ready))
}

/// That a run is one that was asked for.
fn check(run: &Run, cursor: u64, position: &Position) -> Result<(), Restart> {
    if run.epoch != position.epoch {
        return Err(Restart::NewStore);
    }
    match misfit(run, cursor) {
        None => Ok(()),
        Some(what) => {
            Err(QueueError::Refused(format!("its records do not fit ({what}); update the older program"))
                .into())
        }
    }
}
