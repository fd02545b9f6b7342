//! What a heartbeat says, and what its answer means to this device.
//!
//! Pure. An answer is believed only as far as the server's certificate goes, and that is far enough: nothing is deleted
//! under it. It can have records sent again, a new store epoch begun, and other CAs tried.

use afterword_protocol::heartbeat::{
    HEARTBEAT_ANSWER_MEDIA_TYPE, HEARTBEAT_VERSION, Heartbeat, HeartbeatAnswer,
};
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemType};
use afterword_protocol::queue::{Health, Position};
use afterword_protocol::settings::SettingsRefused;

use crate::answer::shown;
use crate::identity::Identity;
use crate::transport::RawAnswer;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The collector's own answer.
    Answer(Box<HeartbeatAnswer>),
    /// It does not let this device in; the certificate may have run out.
    NotLetIn(String),
    /// Nobody's decision, or a collector that knows no heartbeats.
    Nothing(String),
}

/// What an answer asks of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Both ends tell the same story.
    InStep,
    /// The collector lacks records that it once gave a receipt for: it was restored from a backup.
    Behind,
    /// The collector holds records under this epoch that this store does not have, or lacks some that are no longer here.
    Forked,
}

/// The heartbeat of this device.
pub(crate) fn heartbeat(
    identity: &Identity,
    health: Health,
    settings_refused: Option<SettingsRefused>,
    wall_ms: i64,
) -> Heartbeat {
    Heartbeat {
        v: HEARTBEAT_VERSION,
        device: identity.enrolled().device,
        health,
        agent_version: env!("CARGO_PKG_VERSION").into(),
        wall_ms,
        certificate_expires_ms: identity.certificate_not_after_ms(),
        trusted: identity.trusted(),
        courier_key: identity.enrolled().courier_key.clone(),
        settings_refused,
    }
}

/// The health of a store whose program is too old to tell it.
pub(crate) fn of_position(position: Position) -> Health {
    Health {
        position,
        purged_seq: 0,
        boot: 0,
        oldest_unsent_ms: None,
        disk_free_bytes: None,
        former: Vec::new(),
        kiosk_version: "1".into(),
        changes: None,
        case_mark: None,
        settings: None,
    }
}

/// Reads what came back.
pub(crate) fn read(answer: &RawAnswer) -> Heard {
    if answer.status == 200 && answer.is_of_type(HEARTBEAT_ANSWER_MEDIA_TYPE) {
        return match serde_json::from_slice(&answer.body) {
            Ok(heard) => Heard::Answer(heard),
            Err(error) => Heard::Nothing(format!("its answer cannot be read: {error}")),
        };
    }
    let problem =
        answer.is_of_type(PROBLEM_MEDIA_TYPE).then(|| serde_json::from_slice::<Problem>(&answer.body));
    match problem {
        Some(Ok(Problem {
            kind: ProblemType::NotAuthenticated | ProblemType::NotAllowed, detail, ..
        })) => Heard::NotLetIn(shown(&detail)),
        Some(Ok(problem)) => Heard::Nothing(shown(&problem.detail)),
        _ => Heard::Nothing(format!("the answer {} is not the collector's own", answer.status)),
    }
}

/// How the two ends stand to each other.
pub(crate) fn standing(health: &Health, answer: &HeartbeatAnswer) -> Standing {
    let position = &health.position;
    let other_head = answer.mark == position.last_seq && answer.head != position.head;
    if answer.mark > position.last_seq || other_head {
        Standing::Forked
    } else if answer.mark >= position.acknowledged_seq {
        Standing::InStep
    } else if answer.mark < health.purged_seq {
        Standing::Forked
    } else {
        Standing::Behind
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::record::{Head, ServerEpoch, StoreEpoch};

    use super::*;
    use crate::testing::problem_answer;

    fn health(purged_seq: u64, acknowledged_seq: u64, last_seq: u64) -> Health {
        let position = Position {
            epoch: StoreEpoch::new([1; 16]),
            last_seq,
            head: Head::new([5; 32]),
            acknowledged_seq,
            server_epoch: None,
        };
        Health { purged_seq, ..of_position(position) }
    }

    fn answer(mark: u64, head: u8) -> HeartbeatAnswer {
        HeartbeatAnswer {
            server_epoch: ServerEpoch::new([2; 16]),
            mark,
            head: Head::new([head; 32]),
            wall_ms: 0,
            collector_ca_pem: None,
            changes: None,
            courier_key: None,
            case_steps: None,
            settings: None,
        }
    }

    #[test]
    fn what_the_collector_holds_tells_how_the_two_stand() {
        let cases = [
            ((0, 40, 50), (40, 9), Standing::InStep),
            ((0, 40, 50), (45, 9), Standing::InStep),
            ((0, 50, 50), (50, 5), Standing::InStep),
            ((0, 40, 50), (39, 9), Standing::Behind),
            ((0, 40, 50), (0, 9), Standing::Behind),
            ((10, 40, 50), (10, 9), Standing::Behind),
            ((10, 40, 50), (9, 9), Standing::Forked),
            ((0, 40, 50), (51, 9), Standing::Forked),
            ((0, 40, 50), (50, 9), Standing::Forked),
        ];
        for ((purged, acknowledged, last), (mark, head), expected) in cases {
            let health = health(purged, acknowledged, last);
            assert_eq!(standing(&health, &answer(mark, head)), expected, "{health:?} {mark} {head}");
        }
    }

    #[test]
    fn only_the_collectors_own_answer_is_heard() {
        let body = serde_json::to_vec(&answer(3, 1)).unwrap();
        let right = RawAnswer {
            status: 200,
            content_type: Some(HEARTBEAT_ANSWER_MEDIA_TYPE.into()),
            body,
            ..RawAnswer::default()
        };
        assert_eq!(read(&right), Heard::Answer(Box::new(answer(3, 1))));
        let portal = RawAnswer { content_type: Some("text/html".into()), ..right.clone() };
        assert!(matches!(read(&portal), Heard::Nothing(_)));
        assert!(matches!(read(&RawAnswer { body: b"{}".to_vec(), ..right }), Heard::Nothing(_)));
        let expired = problem_answer(&ProblemType::NotAuthenticated.with_detail("expired"));
        assert_eq!(read(&expired), Heard::NotLetIn("expired".into()));
        let old_collector = problem_answer(&ProblemType::NotFound.with_detail("x"));
        assert!(matches!(read(&old_collector), Heard::Nothing(_)));
    }
}
