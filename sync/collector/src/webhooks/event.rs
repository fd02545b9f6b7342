//! What other programs can be told of, and what is said of each. Pure.
//!
//! Each kind says by which scope a program could read the same thing at `/api/v1`, so that a token gets nothing by being told that it
//! could not ask for. No event has contact details, follow-up codes, or words of a follow-up in it.

use std::collections::BTreeSet;

use afterword_model::case::{CaseEvent, Step};
use afterword_model::record::DeviceId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::admin::casing::short;
use crate::given::moment;
use crate::people::Person;
use crate::people::api_token::Scope;

/// One kind of thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// A shopper's answers came.
    ResponseReceived,
    /// A response was erased.
    ResponseErased,
    /// A follow-up was opened.
    CaseOpened,
    /// Somebody sees to a follow-up.
    CaseAcknowledged,
    /// Something was done about a follow-up.
    CaseActed,
    /// A follow-up was closed.
    CaseVerified,
    /// A follow-up was opened again.
    CaseReopened,
    /// A note was added to a follow-up.
    CaseNoted,
    /// A kiosk was enrolled.
    DeviceEnrolled,
    /// A kiosk's right to deliver was taken.
    DeviceRevoked,
    /// A kiosk was taken away for good.
    DeviceRetired,
    /// Nothing was heard of a kiosk for an hour.
    DeviceSilent,
    /// A kiosk that was silent is heard again.
    DeviceBack,
    /// Idle screens are to say what was changed.
    ChangePublished,
    /// Idle screens are to say something no longer.
    ChangeWithdrawn,
    /// Settings begin to go out.
    RolloutStarted,
    /// They were halted.
    RolloutPaused,
    /// They go on.
    RolloutResumed,
    /// They were ended, or stopped by themselves.
    RolloutStopped,
    /// They were taken back.
    RolloutRolledBack,
    /// All kiosks have them.
    RolloutDone,
    /// Somebody has an account now.
    PersonAdded,
    /// What somebody may do, or how they come in, is another thing now.
    PersonChanged,
    /// Somebody is let in no more.
    PersonRemoved,
    /// A login was closed for a while after too many wrong passwords.
    SignInBlocked,
    /// Somebody tries whether messages come through. Nobody subscribes to it.
    WebhookTest,
}

impl EventType {
    /// All that can be subscribed to.
    pub const ALL: [Self; 25] = [
        Self::ResponseReceived,
        Self::ResponseErased,
        Self::CaseOpened,
        Self::CaseAcknowledged,
        Self::CaseActed,
        Self::CaseVerified,
        Self::CaseReopened,
        Self::CaseNoted,
        Self::DeviceEnrolled,
        Self::DeviceRevoked,
        Self::DeviceRetired,
        Self::DeviceSilent,
        Self::DeviceBack,
        Self::ChangePublished,
        Self::ChangeWithdrawn,
        Self::RolloutStarted,
        Self::RolloutPaused,
        Self::RolloutResumed,
        Self::RolloutStopped,
        Self::RolloutRolledBack,
        Self::RolloutDone,
        Self::PersonAdded,
        Self::PersonChanged,
        Self::PersonRemoved,
        Self::SignInBlocked,
    ];

    /// As it is stored, typed and sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResponseReceived => "response.received",
            Self::ResponseErased => "response.erased",
            Self::CaseOpened => "case.opened",
            Self::CaseAcknowledged => "case.acknowledged",
            Self::CaseActed => "case.acted",
            Self::CaseVerified => "case.verified",
            Self::CaseReopened => "case.reopened",
            Self::CaseNoted => "case.noted",
            Self::DeviceEnrolled => "device.enrolled",
            Self::DeviceRevoked => "device.revoked",
            Self::DeviceRetired => "device.retired",
            Self::DeviceSilent => "device.silent",
            Self::DeviceBack => "device.back",
            Self::ChangePublished => "change.published",
            Self::ChangeWithdrawn => "change.withdrawn",
            Self::RolloutStarted => "rollout.started",
            Self::RolloutPaused => "rollout.paused",
            Self::RolloutResumed => "rollout.resumed",
            Self::RolloutStopped => "rollout.stopped",
            Self::RolloutRolledBack => "rollout.rolled_back",
            Self::RolloutDone => "rollout.done",
            Self::PersonAdded => "person.added",
            Self::PersonChanged => "person.changed",
            Self::PersonRemoved => "person.removed",
            Self::SignInBlocked => "sign_in.blocked",
            Self::WebhookTest => "webhook.test",
        }
    }

    /// When it happens, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::ResponseReceived => "a shopper's answers came, within a second or two",
            Self::ResponseErased => {
                "a response was erased, on somebody's wish or after the time for which responses are kept"
            }
            Self::CaseOpened => "an unhappy shopper or an alert opened a follow-up",
            Self::CaseAcknowledged => "somebody sees to a follow-up",
            Self::CaseActed => "something was done about a follow-up",
            Self::CaseVerified => "a follow-up was verified and closed",
            Self::CaseReopened => "a follow-up was opened again",
            Self::CaseNoted => "a note was added to a follow-up",
            Self::DeviceEnrolled => "a kiosk was enrolled, for the first time or again",
            Self::DeviceRevoked => "a kiosk's right to deliver was taken",
            Self::DeviceRetired => "a kiosk was taken away for good",
            Self::DeviceSilent => "nothing was heard of a kiosk for an hour",
            Self::DeviceBack => "a kiosk that was silent is heard again",
            Self::ChangePublished => "idle screens are to say what was changed",
            Self::ChangeWithdrawn => "idle screens are to say something no longer",
            Self::RolloutStarted => "settings begin to go out",
            Self::RolloutPaused => "settings that go out were halted",
            Self::RolloutResumed => "settings go out again",
            Self::RolloutStopped => "settings that go out were ended, or stopped because kiosks failed",
            Self::RolloutRolledBack => "settings that went out were taken back",
            Self::RolloutDone => "settings have gone out to all kiosks",
            Self::PersonAdded => "somebody has an account now",
            Self::PersonChanged => "what somebody may do, or how they come in, was changed",
            Self::PersonRemoved => "somebody is let in no more",
            Self::SignInBlocked => "a login was closed for a while after too many wrong passwords",
            Self::WebhookTest => "somebody tries whether messages come through",
        }
    }

    /// By which a program could read the same thing; none is needed for a test.
    #[must_use]
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::ResponseReceived | Self::ResponseErased => Some(Scope::ResponsesRead),
            Self::CaseOpened
            | Self::CaseAcknowledged
            | Self::CaseActed
            | Self::CaseVerified
            | Self::CaseReopened
            | Self::CaseNoted => Some(Scope::CasesRead),
            Self::ChangePublished | Self::ChangeWithdrawn => Some(Scope::ChangesRead),
            Self::DeviceEnrolled
            | Self::DeviceRevoked
            | Self::DeviceRetired
            | Self::DeviceSilent
            | Self::DeviceBack
            | Self::RolloutStarted
            | Self::RolloutPaused
            | Self::RolloutResumed
            | Self::RolloutStopped
            | Self::RolloutRolledBack
            | Self::RolloutDone => Some(Scope::FleetRead),
            Self::PersonAdded | Self::PersonChanged | Self::PersonRemoved | Self::SignInBlocked => {
                Some(Scope::PeopleRead)
            }
            Self::WebhookTest => None,
        }
    }

    /// Whether it is found in records, after they were taken in.
    pub(crate) fn is_of_records(self) -> bool {
        self != Self::ResponseErased && matches!(self.scope(), Some(Scope::ResponsesRead | Scope::CasesRead))
    }

    /// Whether who is told of these is told of this: who gets responses hears of their erasure too, whether or not it was thought of.
    pub(crate) fn is_told_to(self, types: &BTreeSet<Self>) -> bool {
        types.contains(&self) || self == Self::ResponseErased && types.contains(&Self::ResponseReceived)
    }

    /// The kind of this name that can be subscribed to.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: EventType,
    /// When, by the collector's clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) at_ms: i64,
    /// In which store. What is of none concerns the whole organisation.
    pub(crate) store: Option<String>,
    /// What is said of it.
    pub(crate) data: Value,
}

/// A kiosk that something happened to.
pub(crate) struct Kiosk<'k> {
    pub(crate) device: &'k DeviceId,
    pub(crate) name: &'k str,
    pub(crate) store: Option<&'k str>,
}

impl Event {
    /// Of a kiosk itself.
    pub(crate) fn of_kiosk(kind: EventType, kiosk: &Kiosk<'_>, at_ms: i64) -> Self {
        let data =
            json!({ "device": kiosk.device.to_string(), "device_name": kiosk.name, "store": kiosk.store });
        Self { kind, at_ms, store: kiosk.store.map(str::to_owned), data }
    }

    /// That a kiosk fell silent, or is heard again: after when.
    pub(crate) fn of_silence(kind: EventType, kiosk: &Kiosk<'_>, silent_since_ms: i64, at_ms: i64) -> Self {
        let mut event = Self::of_kiosk(kind, kiosk, at_ms);
        event.data["silent_since"] = json!(moment(silent_since_ms));
        event
    }

    /// Of a person as they are now.
    pub(crate) fn of_person(kind: EventType, person: &Person, at_ms: i64) -> Self {
        let roles =
            person.grants.iter().map(|grant| json!({ "role": grant.role.name(), "place": grant.place }));
        let data = json!({ "login": person.login, "name": person.name, "roles": roles.collect::<Vec<_>>() });
        Self::of(kind, None, data, at_ms)
    }

    /// That a login is closed until then.
    pub(crate) fn of_block(login: &str, until_ms: i64, at_ms: i64) -> Self {
        Self::of(EventType::SignInBlocked, None, json!({ "login": login, "until": moment(until_ms) }), at_ms)
    }

    /// That a response of this name is gone.
    pub(crate) fn of_erasure(id: &str, kiosk: &Kiosk<'_>, at_ms: i64) -> Self {
        let mut event = Self::of_kiosk(EventType::ResponseErased, kiosk, at_ms);
        event.data["id"] = json!(id);
        event
    }

    /// A step of a follow-up. What was written is left out: it is for who may read follow-ups.
    pub(crate) fn of_case(step: &CaseEvent, kiosk: &Kiosk<'_>, at_ms: i64) -> Self {
        let mut data = json!({
            "id": format!("{}/{}", step.of.epoch, step.of.seq),
            "name": short(step.of),
            "device": kiosk.device.to_string(),
            "device_name": kiosk.name,
            "store": kiosk.store,
            "role": step.by.role,
        });
        let kind = match &step.step {
            Step::Opened { reasons, category, tier, .. } => {
                data["reasons"] = json!(reasons);
                data["category"] = json!(category);
                data["tier"] = json!(tier);
                EventType::CaseOpened
            }
            Step::Acknowledged => EventType::CaseAcknowledged,
            Step::Acted { root_cause, action, .. } => {
                data["root_cause"] = json!(root_cause);
                data["action"] = json!(action);
                EventType::CaseActed
            }
            Step::Verified { .. } => EventType::CaseVerified,
            Step::Reopened { .. } => EventType::CaseReopened,
            Step::Noted { .. } => EventType::CaseNoted,
        };
        Self { kind, at_ms, store: kiosk.store.map(str::to_owned), data }
    }

    /// Of something that is for the whole organisation, or for a store.
    pub(crate) fn of(kind: EventType, store: Option<&str>, data: Value, at_ms: i64) -> Self {
        Self { kind, at_ms, store: store.map(str::to_owned), data }
    }
}

/// The body of a message: three members, in this order.
#[derive(Serialize)]
pub(crate) struct Body<'b> {
    #[serde(rename = "type")]
    pub(crate) kind: &'b str,
    pub(crate) timestamp: String,
    pub(crate) data: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name_alone_and_a_test_is_none_of_them() {
        for kind in EventType::ALL {
            assert_eq!(EventType::named(kind.name()), Some(kind));
            assert!(kind.scope().is_some(), "{} could be read by nobody", kind.name());
        }
        assert_eq!(EventType::named("webhook.test"), None);
        let names: BTreeSet<&str> = EventType::ALL.into_iter().map(EventType::name).collect();
        assert_eq!(names.len(), EventType::ALL.len());
    }
}
