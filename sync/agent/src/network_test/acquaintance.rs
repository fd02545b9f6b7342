//! Whether the collector knows this device, and what time it has: one request over the device's own TLS answers both.
//!
//! The request is a heartbeat where the store can be asked how it is, and else an empty one, which the collector refuses as
//! unreadable after it has looked who asks: neither changes anything. Only an answer of the collector's own kind counts.

use std::sync::Arc;

use afterword_model::ports::Clock;
use afterword_protocol::heartbeat::{HEARTBEAT_ANSWER_MEDIA_TYPE, HeartbeatAnswer};
use afterword_protocol::network_test::{Finding, Outcome, finding_text};
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemReason, ProblemType};
use afterword_protocol::queue::Health;

use super::{Found, STEP_MAX_MS, timed_out};
use crate::heartbeat::heartbeat;
use crate::https::{HttpsTransport, Timeouts};
use crate::identity::Identity;
use crate::retry_after::http_date_ms;
use crate::transport::{Cause, Message, RawAnswer, Transport as _, TransportFailure};

/// A clock that is off by more is to be looked at: two devices of a shop then disagree visibly.
const OFF_WARNING_MS: u64 = 5_000;

/// A clock that is off by more makes the hours of a summary wrong.
const OFF_FAILED_MS: u64 = 5 * 60 * 1_000;

/// The `Date` of an answer is in whole seconds.
const DATE_PRECISION_MS: u64 = 1_000;

/// What came of the request.
pub(super) struct Acquaintance {
    answered: Result<RawAnswer, TransportFailure>,
    /// This device's clock half-way between question and answer, in milliseconds since 1970.
    here_ms: i64,
    /// Half of the time in between, in milliseconds: the collector's time is not known better than this.
    half_way_ms: u64,
}

impl Acquaintance {
    pub(super) async fn ask(identity: &Identity, clock: &Arc<dyn Clock>, health: Option<Health>) -> Self {
        let timeouts = Timeouts { connect_ms: STEP_MAX_MS, total_ms: STEP_MAX_MS };
        let body = health.map_or_else(
            || b"{}".to_vec(),
            |health| {
                let said = heartbeat(identity, health, None, clock.wall_ms());
                serde_json::to_vec(&said).expect("a heartbeat holds only texts and numbers")
            },
        );
        let begun_ms = clock.monotonic_ms();
        let answered = match HttpsTransport::new(identity, Arc::clone(clock), timeouts) {
            Ok(transport) => transport.post(Message::Heartbeat, body.into()).await,
            Err(error) => {
                Err(TransportFailure { cause: Cause::Other, host: String::new(), detail: error.to_string() })
            }
        };
        let half_way_ms = clock.monotonic_ms().saturating_sub(begun_ms) / 2;
        let here_ms = clock.wall_ms().saturating_sub_unsigned(half_way_ms);
        Self { answered, here_ms, half_way_ms }
    }

    pub(super) fn identity(&self, identity: &Identity) -> Found {
        let answer = match &self.answered {
            Ok(answer) => answer,
            Err(failure) => return no_answer(failure),
        };
        let known = Finding::Known { name: finding_text(&identity.enrolled().name) };
        if self.heartbeat_answer().is_some() {
            return (Outcome::Ok, known);
        }
        let stranger = (Outcome::Failed, Finding::Stranger { status: answer.status });
        let Some(Problem { kind, reason, detail, .. }) = problem(answer) else { return stranger };
        let finding = match (kind, reason) {
            // It has looked who asks before it found that the question is empty.
            (ProblemType::Malformed, _) => return (Outcome::Ok, known),
            (ProblemType::Busy, _) => return (Outcome::Warning, Finding::Busy),
            (_, Some(ProblemReason::Revoked)) => Finding::Revoked,
            (_, Some(ProblemReason::Retired)) => Finding::Retired,
            (_, Some(ProblemReason::UnknownKey)) => Finding::UnknownDevice,
            (_, Some(ProblemReason::CertificateExpired)) => Finding::OwnCertificateExpired,
            (ProblemType::NotAuthenticated | ProblemType::NotAllowed, _) => {
                Finding::NotLetIn { reason: finding_text(&detail) }
            }
            _ => Finding::CollectorFailed { status: answer.status },
        };
        (Outcome::Failed, finding)
    }

    pub(super) fn clock(&self) -> Found {
        let Some((there_ms, precision_ms)) = self.time() else {
            return (Outcome::Warning, Finding::CannotTell);
        };
        let offset_ms = self.here_ms.saturating_sub(there_ms);
        let off_ms = offset_ms.unsigned_abs();
        let outcome = if off_ms > OFF_FAILED_MS {
            Outcome::Failed
        } else if off_ms > OFF_WARNING_MS {
            Outcome::Warning
        } else {
            Outcome::Ok
        };
        (outcome, Finding::Offset { offset_ms, precision_ms })
    }

    /// The collector's clock, and how far that may be off.
    fn time(&self) -> Option<(i64, u64)> {
        if let Some(answer) = self.heartbeat_answer() {
            return Some((answer.wall_ms, self.half_way_ms));
        }
        let answer = self.answered.as_ref().ok()?;
        // Whose date it is says the problem's kind.
        problem(answer)?;
        let date_ms = http_date_ms(answer.date.as_deref()?)?;
        // Half of a second has passed since its beginning, as a rule.
        let half_ms = i64::try_from(DATE_PRECISION_MS / 2).unwrap_or(0);
        Some((date_ms.saturating_add(half_ms), DATE_PRECISION_MS / 2 + self.half_way_ms))
    }

    fn heartbeat_answer(&self) -> Option<HeartbeatAnswer> {
        let answer = self.answered.as_ref().ok()?;
        let is_one = answer.status == 200 && answer.is_of_type(HEARTBEAT_ANSWER_MEDIA_TYPE);
        is_one.then(|| serde_json::from_slice(&answer.body).ok()).flatten()
    }
}

/// What the collector's clock says, in milliseconds since 1970, where the answer is the collector's own.
pub(super) fn collectors_time(asked: &Acquaintance) -> Option<i64> {
    asked.time().map(|(there_ms, _)| there_ms)
}

fn problem(answer: &RawAnswer) -> Option<Problem> {
    answer.is_of_type(PROBLEM_MEDIA_TYPE).then(|| serde_json::from_slice(&answer.body).ok()).flatten()
}

fn no_answer(failure: &TransportFailure) -> Found {
    let finding = match failure.cause {
        Cause::OwnCertificateRefused => Finding::OwnCertificateRefused,
        Cause::TimedOut => return timed_out(),
        _ => Finding::BrokeOff { reason: finding_text(&failure.detail) },
    };
    (Outcome::Failed, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{identity, problem_answer};

    fn asked(answer: RawAnswer, here_ms: i64) -> Acquaintance {
        Acquaintance { answered: Ok(answer), here_ms, half_way_ms: 20 }
    }

    #[test]
    fn why_a_device_is_not_let_in_is_told_apart() {
        let (me, refused) = (identity(1), ProblemType::NotAllowed.with_detail("x"));
        let found = |problem: &Problem| asked(problem_answer(problem), 0).identity(&me).1;
        assert_eq!(found(&refused.clone().because(ProblemReason::Revoked)), Finding::Revoked);
        assert_eq!(found(&refused.clone().because(ProblemReason::Retired)), Finding::Retired);
        assert_eq!(found(&refused.clone().because(ProblemReason::UnknownKey)), Finding::UnknownDevice);
        let expired = refused.clone().because(ProblemReason::CertificateExpired);
        assert_eq!(found(&expired), Finding::OwnCertificateExpired);
        assert_eq!(found(&refused), Finding::NotLetIn { reason: "x".into() }, "a collector of before");
        let failed = ProblemType::Internal.with_detail("x");
        assert_eq!(found(&failed), Finding::CollectorFailed { status: 500 });
        assert_eq!(found(&ProblemType::Busy.with_detail("x")), Finding::Busy);
        let empty = ProblemType::Malformed.with_detail("x");
        assert_eq!(found(&empty), Finding::Known { name: "Counter 3".into() });
    }

    #[test]
    fn a_strangers_answer_is_no_collectors_and_its_date_no_clock() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
        let page =
            RawAnswer { status: 200, date, content_type: Some("text/html".into()), ..RawAnswer::default() };
        let asked = asked(page, 0);
        assert_eq!(asked.identity(&identity(1)), (Outcome::Failed, Finding::Stranger { status: 200 }));
        assert_eq!(asked.clock(), (Outcome::Warning, Finding::CannotTell));
        assert_eq!(collectors_time(&asked), None);
    }

    #[test]
    fn how_far_the_clock_is_off_decides_what_becomes_of_it() {
        const DATE_MS: i64 = 784_111_777_500;
        let clock = |off_ms: i64| {
            let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
            let answer = problem_answer(&ProblemType::Malformed.with_detail("x"));
            let (outcome, finding) = asked(RawAnswer { date, ..answer }, DATE_MS + off_ms).clock();
            assert_eq!(finding, Finding::Offset { offset_ms: off_ms, precision_ms: 520 });
            outcome
        };
        for (off_ms, outcome) in [(-400, Outcome::Ok), (5_001, Outcome::Warning), (-300_001, Outcome::Failed)]
        {
            assert_eq!(clock(off_ms), outcome, "{off_ms}");
        }
    }
}
