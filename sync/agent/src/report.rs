//! The loop's way of saying what it is doing: every change to the [`Status`] goes through here.
//!
//! Watchers are woken only when something changed, since each waking may become a write to the card.

use std::sync::Arc;

use afterword_model::ports::Clock;
use afterword_model::record::Seq;
use afterword_protocol::receipt::Receipt;
use tokio::sync::watch;

use crate::status::{State, Status};

/// Writes the status.
pub(crate) struct Report {
    status: watch::Sender<Status>,
    clock: Arc<dyn Clock>,
}

impl Report {
    pub(crate) fn new(status: watch::Sender<Status>, clock: Arc<dyn Clock>) -> Self {
        Self { status, clock }
    }

    /// It is at this now, and nothing is wrong.
    pub(crate) fn state(&self, state: State) {
        self.change(|status| (status.state, status.problem, status.next_try_ms) = (state, None, None));
    }

    /// It waits this long, because of this.
    pub(crate) fn waiting(&self, state: State, problem: &str, delay_ms: u64) {
        let next_try_ms = Some(self.clock.wall_ms().saturating_add_unsigned(delay_ms));
        self.change(|status| {
            status.state = state;
            status.problem = Some(problem.to_owned());
            status.next_try_ms = next_try_ms;
        });
    }

    /// A receipt is in the kiosk's hands.
    pub(crate) fn receipt(&self, receipt: &Receipt) {
        let now_ms = self.clock.wall_ms();
        self.change(|status| {
            status.last_success_ms = Some(now_ms);
            status.last_receipt_ms = Some(receipt.received_ms);
            let acknowledged_seq = status.acknowledged_seq.max(receipt.through_seq);
            status.count(acknowledged_seq, status.last_seq.max(receipt.through_seq));
        });
    }

    /// The collector has heard a heartbeat, at this time by its own clock.
    pub(crate) fn heartbeat(&self, collector_ms: i64) {
        let now_ms = self.clock.wall_ms();
        self.change(|status| {
            status.last_heartbeat_ms = Some(now_ms);
            status.clock_offset_ms = Some(now_ms.saturating_sub(collector_ms));
        });
    }

    /// There is another certificate.
    pub(crate) fn certificate_expires(&self, expires_ms: i64) {
        self.change(|status| status.certificate_expires_ms = expires_ms);
    }

    /// The queue is this far.
    pub(crate) fn numbers(&self, acknowledged_seq: Seq, last_seq: Seq) {
        self.change(|status| status.count(acknowledged_seq, last_seq));
    }

    /// The queue is at least this far.
    pub(crate) fn newest(&self, seq: Seq) {
        self.change(|status| status.count(status.acknowledged_seq, status.last_seq.max(seq)));
    }

    /// Records without a receipt, as far as is known.
    pub(crate) fn unsent(&self) -> u64 {
        self.status.borrow().unsent
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}

impl Status {
    fn count(&mut self, acknowledged_seq: Seq, last_seq: Seq) {
        self.acknowledged_seq = acknowledged_seq;
        self.last_seq = last_seq;
        self.unsent = last_seq.saturating_sub(acknowledged_seq);
    }
}
