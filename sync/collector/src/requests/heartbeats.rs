//! `POST /v1/heartbeats`: what a device says of itself in, what is held of its store out.
//!
//! Every device asks this every few minutes, so it costs one row. The answer is no acknowledgement: nothing is deleted
//! under it. By it a device notices, also when it has nothing to send, that this collector was restored, and that there is
//! something else to show on its idle screen than it shows.

use std::collections::BTreeSet;

use afterword_model::record::SEQ_MAX;
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::heartbeat::{
    HEARTBEAT_ANSWER_MEDIA_TYPE, HEARTBEAT_MEDIA_TYPE, HEARTBEAT_VERSION, Heartbeat, HeartbeatAnswer,
};
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::limits::{FORMER_EPOCHS_MAX, HEARTBEAT_BODY_MAX, LOST_RANGES_MAX};
use afterword_protocol::queue::FormerEpoch;
use afterword_protocol::settings::{Envelope, SettingsHeld, SettingsRefused};

use super::signing_request::version;
use super::{Caller, Context, Request, admit_device, admit_known_device};
use crate::pki::Bearer;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::storage::StorageError;
use crate::storage::case_steps;
use crate::storage::changes::for_device;
use crate::storage::devices::{Standing, standing};
use crate::storage::heartbeats::{Mark, note, read_mark};
use crate::storage::sql::Connection;
use crate::storage::{rollouts, settings};

/// A heartbeat that has been read and is the caller's own.
pub(crate) struct Beat {
    bearer: Bearer,
    said: Heartbeat,
    now_ms: i64,
}

/// What there is for the device that asks.
pub(crate) struct Found {
    standing: Standing,
    mark: Mark,
    changes: Option<Changes>,
    steps: Option<CaseSteps>,
    settings: Option<Envelope>,
}

impl Request for Beat {
    const NAME: &'static str = "heartbeat";
    const MEDIA_TYPE: &'static str = HEARTBEAT_MEDIA_TYPE;
    const ENCODING: Option<&'static str> = None;
    const BODY_MAX: usize = HEARTBEAT_BODY_MAX;
    type Admitted = (Bearer, VerifyingKey);
    type Outcome = Found;

    fn admit(context: &Context, caller: &Caller, standing: Standing) -> Result<Self::Admitted, Refusal> {
        admit_device(context, caller, standing)
    }

    fn prepare(
        context: &Context,
        _: &Caller,
        (bearer, _): Self::Admitted,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let mut said: Heartbeat = serde_json::from_slice(body)
            .map_err(|error| Refusal::malformed(format!("the body is no heartbeat: {error}")))?;
        if said.v != HEARTBEAT_VERSION {
            return Err(Refusal::malformed(format!(
                "heartbeat of version {}, this collector reads {HEARTBEAT_VERSION}",
                said.v
            )));
        }
        if said.device != bearer.device {
            return Err(Refusal::other_device());
        }
        check(&said)?;
        said.agent_version = version(&said.agent_version);
        said.health.kiosk_version = version(&said.health.kiosk_version);
        said.settings_refused =
            said.settings_refused.map(|refused| SettingsRefused::of(refused.version, &refused.reason));
        Ok(Self { bearer, said, now_ms: context.clock.wall_ms() })
    }

    fn commit(&self, context: &Context, writer: &Connection) -> Result<Self::Outcome, StorageError> {
        let standing = standing(writer, &self.bearer.device)?;
        let device = &self.bearer.device;
        let (mut changes, mut steps, mut settings) = (None, None, None);
        if standing == Standing::Active(self.bearer.public_key) {
            note(writer, &self.said, self.now_ms)?;
            if let Some(kept) = self.said.health.changes {
                changes = Some(for_device(writer, device, self.now_ms)?).filter(|list| list.version != kept);
            }
            if let Some(mark) = &self.said.health.case_mark {
                steps = case_steps::after(writer, device, &context.server_epoch, mark)?;
            }
            if let Some(held) = self.said.health.settings {
                settings = self.settings(writer, held)?;
            }
        }
        let mark = read_mark(writer, device, &self.said.health.position.epoch)?;
        Ok(Found { standing, mark, changes, steps, settings })
    }

    fn answer(
        self,
        context: &Context,
        caller: &Caller,
        Found { standing, mark, changes, steps, settings }: Self::Outcome,
    ) -> Result<Reply, Refusal> {
        // Asked again: it may have been revoked, or enrolled with another key, since it was let in.
        admit_known_device(caller, standing)?;
        let pki = context.keys.now();
        let trusted: BTreeSet<_> = self.said.trusted.iter().map(|one| *one.as_bytes()).collect();
        let wanted: BTreeSet<_> = pki.server_ca_fingerprints().iter().map(|one| *one.as_bytes()).collect();
        let answer = HeartbeatAnswer {
            server_epoch: context.server_epoch,
            mark: mark.seq,
            head: mark.head,
            wall_ms: self.now_ms,
            collector_ca_pem: (trusted != wanted).then(|| pki.server_ca_pem().to_owned()),
            changes,
            courier_key: Some(pki.courier_key.public())
                .filter(|key| self.said.courier_key.as_ref() != Some(*key))
                .cloned(),
            case_steps: steps,
            settings: settings.map(|envelope| envelope.sign(&pki.receipt_key)),
        };
        Ok(Reply::json(200, HEARTBEAT_ANSWER_MEDIA_TYPE, &answer))
    }
}

impl Beat {
    /// What head office has decided for the device, unless it has that or has said that it does not take it.
    fn settings(&self, writer: &Connection, held: SettingsHeld) -> Result<Option<Envelope>, StorageError> {
        let (device, now_ms) = (&self.bearer.device, self.now_ms);
        let rollout = rollouts::newest(writer)?;
        let version = match &rollout {
            Some(rollout) => rollouts::version_for(writer, rollout, device)?,
            None => 0,
        };
        let wanted = settings::for_device(writer, device, version)?.0.settings;
        let wanted_version = afterword_protocol::settings::version(&wanted);
        let refused = self.said.settings_refused.as_ref();
        settings::note(writer, device, held, wanted_version, refused, now_ms)?;
        if let Some(rollout) = &rollout {
            rollouts::look(writer, rollout, now_ms)?;
        }
        if held.kept == wanted_version || refused.is_some_and(|refused| refused.version == wanted_version) {
            return Ok(None);
        }
        // Asked when the roll-out began; a move may have put together since what does not go together.
        let packed =
            wanted.check().map_err(Into::into).and_then(|()| Envelope::pack(&wanted, *device, now_ms));
        Ok(packed.inspect_err(|error| tracing::error!(%device, %error, "settings are not sent")).ok())
    }
}

/// That its numbers are ones that a store can have, and that there are no more of them than the protocol allows.
fn check(said: &Heartbeat) -> Result<(), Refusal> {
    let (health, position) = (&said.health, &said.health.position);
    let is_sound = |former: &FormerEpoch| {
        former.last_seq <= SEQ_MAX
            && former.lost.len() <= LOST_RANGES_MAX
            && former
                .lost
                .iter()
                .all(|lost| 0 < lost.first && lost.first <= lost.last && lost.last <= SEQ_MAX)
    };
    if [position.last_seq, position.acknowledged_seq, health.purged_seq].iter().any(|&seq| seq > SEQ_MAX)
        || health.former.len() > FORMER_EPOCHS_MAX
        || !health.former.iter().all(is_sound)
    {
        return Err(Refusal::malformed(
            "the heartbeat holds a number that no store has, or names too many epochs or ranges",
        ));
    }
    Ok(())
}
