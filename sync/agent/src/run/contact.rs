//! Heartbeats: the device says how it is, and hears what the collector holds.
//!
//! A heartbeat that fails changes nothing and is tried again at the next turn. Whether the collector can be reached is
//! found out by the deliveries: while it can't, no heartbeat is sent; while it refuses what is delivered, or is busy,
//! they go on, so that the device is known to be alive. What an answer may ask for: sending again what a restored
//! collector lacks, going on in a new store epoch, trusting another CA, showing other words on the idle screen.

use afterword_model::record::Seq;
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::heartbeat::{Heartbeat, HeartbeatAnswer};
use afterword_protocol::limits::SETTINGS_RETRY_MS;
use afterword_protocol::queue::{Health, Queue, QueueError};
use afterword_protocol::settings::{SettingsRefused, SignedSettings};

use super::{Agent, Restart, Work, within};
use crate::backoff::uniform_ms;
use crate::heartbeat::{self, Heard, Standing};
use crate::plan::Plan;
use crate::renewal;
use crate::transport::{Message, Transport};

/// What is known from beside the deliveries, and when it is asked for again.
pub(super) struct Contact {
    /// Moment of the next heartbeat, by the monotonic clock.
    heartbeat_due_ms: u64,
    /// Moment of the next one while the loop waits, likewise. What is answered to such a one is not acted upon, so it
    /// takes no turn from the others.
    sign_of_life_due_ms: u64,
    /// Whether the newest delivery came back without any answer.
    pub(super) is_out_of_reach: bool,
    /// The collector's clock in the newest answer, and the monotonic clock then.
    office_time: Option<(i64, u64)>,
    /// From when on the certificate should be renewed, milliseconds since 1970.
    pub(super) renewal_due_ms: i64,
    /// No renewal is tried before this, by the monotonic clock.
    pub(super) renewal_pause_until_ms: u64,
    /// The settings that came last, when they were not taken, and until when that is said, by the monotonic clock.
    settings_refused: Option<(SettingsRefused, u64)>,
}

impl Contact {
    /// The first heartbeat comes within the entry spread, like the first records.
    pub(super) fn starting<Q, T>(agent: &Agent<Q, T>) -> Self {
        let spread_ms = uniform_ms(&*agent.entropy, 0, agent.timing.entry_spread_ms);
        let first_ms = agent.clock.monotonic_ms().saturating_add(spread_ms);
        Self {
            heartbeat_due_ms: first_ms,
            sign_of_life_due_ms: first_ms,
            is_out_of_reach: false,
            office_time: None,
            renewal_due_ms: renewal::due_ms(&agent.identity, &*agent.entropy),
            renewal_pause_until_ms: 0,
            settings_refused: None,
        }
    }
}

impl<Q: Queue, T: Transport> Work<Q, T> {
    /// Says and asks whatever is due.
    pub(super) async fn keep_contact(&mut self, plan: &mut Plan) -> Result<(), Restart> {
        let now_ms = self.now_ms();
        if !self.contact.is_out_of_reach && now_ms >= self.contact.heartbeat_due_ms {
            let next_ms = now_ms.saturating_add(self.agent.timing.heartbeat_ms);
            (self.contact.heartbeat_due_ms, self.contact.sign_of_life_due_ms) = (next_ms, next_ms);
            let health = self.health().await?;
            let wall_ms = self.agent.clock.wall_ms();
            let agent = &self.agent;
            let refused = self.settings_refused();
            let said = heartbeat::heartbeat(&agent.identity, health.clone(), refused, wall_ms);
            match beat(&agent.transport, &said).await {
                Heard::Answer(answer) => self.heard(&answer, &health, plan).await?,
                Heard::NotLetIn(problem) => {
                    tracing::warn!(%problem, "the collector does not let this device in");
                    self.renew_now().await?;
                }
                Heard::Nothing(problem) => tracing::debug!(%problem, "no answer to the heartbeat"),
            }
        }
        if !self.contact.is_out_of_reach && self.should_renew() {
            self.renew_now().await?;
        }
        Ok(())
    }

    /// During a long wait: the device says how it is, and no more. What the collector asks for is heard at the next turn.
    pub(super) async fn give_sign_of_life(&mut self) {
        let now_ms = self.now_ms();
        if self.contact.is_out_of_reach || now_ms < self.contact.sign_of_life_due_ms {
            return;
        }
        self.contact.sign_of_life_due_ms = now_ms.saturating_add(self.agent.timing.heartbeat_ms);
        // A kiosk that is away shows in its own wait.
        let Ok(health) = self.health().await else { return };
        let agent = &self.agent;
        let refused = self.settings_refused();
        let said = heartbeat::heartbeat(&agent.identity, health, refused, agent.clock.wall_ms());
        if let Heard::Answer(answer) = beat(&agent.transport, &said).await {
            self.was_heard(&answer);
        }
    }

    fn was_heard(&mut self, answer: &HeartbeatAnswer) {
        self.contact.office_time = Some((answer.wall_ms, self.now_ms()));
        self.agent.transport.time_is_at_least(answer.wall_ms);
        self.report.heartbeat(answer.wall_ms);
    }

    /// How the store is, also where its program is too old to tell.
    pub(super) async fn health(&mut self) -> Result<Health, Restart> {
        if let Some(health) = within(0, self.agent.queue.health()).await? {
            return Ok(health);
        }
        Ok(heartbeat::of_position(self.position().await?))
    }

    async fn heard(
        &mut self,
        answer: &HeartbeatAnswer,
        health: &Health,
        plan: &mut Plan,
    ) -> Result<(), Restart> {
        self.was_heard(answer);
        if let Some(ca_pem) = &answer.collector_ca_pem {
            self.trust(ca_pem.clone(), health).await;
        }
        if let Some(courier_key) = &answer.courier_key {
            self.seal_to(courier_key.clone());
        }
        if let Some(changes) = &answer.changes {
            self.pass_on(changes).await;
        }
        if let Some(steps) = &answer.case_steps {
            self.pass_on_steps(steps).await;
        }
        // An older kiosk would hang up.
        if let Some(settings) = answer.settings.as_ref().filter(|_| health.settings.is_some()) {
            self.pass_on_settings(settings).await;
        }
        match heartbeat::standing(health, answer) {
            Standing::InStep => Ok(()),
            Standing::Behind => self.send_again(answer.mark, health, plan),
            Standing::Forked => Err(Restart::Forked(format!(
                "the collector holds records up to {} of this store, which has {} of them: its card may be an old copy, or a clone",
                answer.mark, health.position.last_seq
            ))),
        }
    }

    /// Hands the kiosk what it shall show. Whatever goes wrong, it shows what it did, and the next heartbeat names that.
    async fn pass_on(&mut self, changes: &Changes) {
        if let Err(problem) = changes.check() {
            tracing::warn!(%problem, "what the collector sent for the idle screen is not passed on");
            return;
        }
        match within(0, self.agent.queue.keep_changes(changes)).await {
            Ok(()) => {
                tracing::info!(changes = changes.items.len(), "the idle screen has other words to show");
            }
            Err(problem) => {
                tracing::warn!(%problem, "the kiosk did not take the words for its idle screen; it is asked again");
            }
        }
    }

    /// Hands the kiosk what head office did. Whatever goes wrong, its mark stays, and they come again.
    async fn pass_on_steps(&mut self, steps: &CaseSteps) {
        if let Err(problem) = steps.check() {
            tracing::warn!(%problem, "head office's steps are not passed on");
            return;
        }
        match within(0, self.agent.queue.keep_case_steps(steps)).await {
            Ok(()) => tracing::info!(steps = steps.steps.len(), "head office took steps"),
            Err(problem) => {
                tracing::warn!(%problem, "the kiosk did not take head office's steps; it is asked again");
            }
        }
    }

    /// Hands the kiosk what head office decided, once it is known to be head office's and for this device. What is refused is
    /// named in the next heartbeat, and the kiosk goes by what it did.
    async fn pass_on_settings(&mut self, settings: &SignedSettings) {
        let version = settings.envelope.version;
        let enrolled = self.agent.identity.enrolled();
        let reason = match settings.verify(&enrolled.receipt_key, &enrolled.device) {
            Err(problem) => problem.to_string(),
            Ok(()) => match within(0, self.agent.queue.keep_settings(settings)).await {
                Ok(()) => {
                    tracing::info!(%version, "head office has decided something");
                    self.contact.settings_refused = None;
                    return;
                }
                Err(QueueError::Refused(detail)) => detail,
                Err(problem) => {
                    tracing::warn!(%problem, "the kiosk could not be given head office's settings; it is asked again");
                    return;
                }
            },
        };
        tracing::warn!(%version, problem = reason, "head office's settings are not taken");
        let until_ms = self.now_ms().saturating_add(SETTINGS_RETRY_MS);
        self.contact.settings_refused = Some((SettingsRefused::of(version, &reason), until_ms));
    }

    /// The settings that were not taken, as long as that is to be said.
    fn settings_refused(&self) -> Option<SettingsRefused> {
        let now_ms = self.now_ms();
        let refused = self.contact.settings_refused.as_ref().filter(|(_, until_ms)| now_ms < *until_ms);
        refused.map(|(refused, _)| refused.clone())
    }

    fn send_again(&mut self, mark: Seq, health: &Health, plan: &mut Plan) -> Result<(), Restart> {
        if plan.cursor() <= mark {
            // It is on its way: there may be more of it than goes between two heartbeats.
            return Ok(());
        }
        self.desk.clear();
        let position = &health.position;
        plan.rewind(position.acknowledged_seq + 1, mark, position.last_seq, self.now_ms())
            .map_err(|error| Restart::Conflict(error.to_string()))?;
        tracing::warn!(mark, "the collector was restored from a backup: sending again from there");
        Ok(())
    }

    /// At its time; or when it begins only later by the collector's own clock, which was ahead when it was issued.
    fn should_renew(&self) -> bool {
        let office_ms = self.office_ms();
        let is_of_the_future =
            self.contact.office_time.is_some() && office_ms < self.agent.identity.certificate_not_before_ms();
        is_of_the_future || office_ms >= self.contact.renewal_due_ms
    }

    /// The time by the collector's clock as far as it is known, else by this device's.
    fn office_ms(&self) -> i64 {
        match self.contact.office_time {
            Some((wall_ms, then_ms)) => wall_ms.saturating_add_unsigned(self.now_ms() - then_ms),
            None => self.agent.clock.wall_ms(),
        }
    }
}

/// One heartbeat over this way.
pub(super) async fn beat<T: Transport>(transport: &T, said: &Heartbeat) -> Heard {
    let body = serde_json::to_vec(said).expect("a heartbeat holds only texts and numbers");
    match transport.post(Message::Heartbeat, body.into()).await {
        Ok(raw) => heartbeat::read(&raw),
        Err(failure) => Heard::Nothing(failure.to_string()),
    }
}
