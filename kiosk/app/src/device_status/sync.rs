//! The way to head office: what waits, who carries it, and what the newest network test found.

use afterword_protocol::device_facts::{AgentHeard, DeviceFacts};
use afterword_protocol::errand::{AgentStatus, TestState};
use afterword_protocol::network_test::{Outcome, Step, words};
use chrono::{DateTime, Local};
use serde_json::Value;

use super::{Check, State};
use crate::errands::AGENT_AWAY_MS;

/// A response that waits for longer is to be looked at: a long weekend without a network is nobody's fault.
const WAITS_MAX_MS: i64 = 4 * DAY_MS;

/// A certificate renews itself at two thirds of its life of months; with fewer days left, something keeps it from that.
const CERTIFICATE_DAYS_MIN: i64 = 14;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

pub(super) fn checks(facts: &DeviceFacts, now_ms: i64) -> Vec<Check> {
    let mut checks = vec![waiting(facts, now_ms), last_receipt(facts)];
    checks.extend(agent(facts.agent.as_ref(), now_ms));
    checks.push(network_test(&facts.network_test));
    checks
}

/// The same where no kiosk runs.
pub(super) fn checks_without_kiosk(facts: &DeviceFacts, now_ms: i64) -> Vec<Check> {
    let unheard = [
        ("agent", "the kiosk does not run, and it alone hears from the sync program; start `afterword-kiosk run` and ask again, or ask `afterword-sync status`"),
        ("network test", "the kiosk does not run, and it alone has the network tested; start `afterword-kiosk run` and ask again, or run `afterword-sync network-test`"),
    ]
    .map(|(name, detail)| Check::unknown(name, detail));
    [waiting(facts, now_ms), last_receipt(facts)].into_iter().chain(unheard).collect()
}

fn waiting(facts: &DeviceFacts, now_ms: i64) -> Check {
    let position = &facts.health.position;
    let count = position.last_seq.saturating_sub(position.acknowledged_seq);
    let oldest_ms = facts.health.oldest_unsent_ms.filter(|_| count > 0);
    let detail = format!("records: {count}, {} KiB", facts.unsent_bytes.div_ceil(1_024));
    let is_old = oldest_ms.is_some_and(|oldest_ms| now_ms.saturating_sub(oldest_ms) > WAITS_MAX_MS);
    let check = if is_old {
        Check::warning("waiting", format!("{detail}, some for days; all are kept, have the network tested"))
    } else {
        Check::ok("waiting", detail)
    };
    check
        .with("waiting_count", count)
        .with("waiting_bytes", facts.unsent_bytes)
        .with("oldest_waiting_ms", oldest_ms)
}

fn last_receipt(facts: &DeviceFacts) -> Check {
    match facts.confirmed_ms {
        Some(at_ms) => Check::ok("last receipt", format!("{}, by the collector's clock", moment(at_ms)))
            .with("last_receipt_ms", at_ms),
        None => Check::unknown("last receipt", "none yet"),
    }
}

/// Whether the sync program works, and as whom it speaks.
fn agent(heard: Option<&AgentHeard>, now_ms: i64) -> Vec<Check> {
    let away = "the sync program does not answer; nothing is lost, start it with `afterword-sync run`";
    let Some(AgentHeard { status, age_ms }) = heard else { return vec![Check::warning("agent", away)] };
    let state = if *age_ms > AGENT_AWAY_MS {
        Check::warning("agent", away)
    } else if let Some(problem) = &status.problem {
        Check::warning("agent", problem)
    } else {
        Check::ok("agent", format!("afterword-sync {} works", status.program_version))
    };
    let state = state.with("agent_version", status.program_version.clone()).with("heard_ago_ms", *age_ms);
    [vec![state], enrolment(status, now_ms)].concat()
}

fn enrolment(status: &AgentStatus, now_ms: i64) -> Vec<Check> {
    let Some(enrolled) = &status.enrolled else {
        let detail = if status.can_enrol {
            "not yet; type the code from `afterword-collector device add` on the page of the device"
        } else {
            "not yet, and nobody has told the sync program its collector; start it with --collector and --ca"
        };
        return vec![Check::warning("enrolment", detail).with("can_enrol", status.can_enrol)];
    };
    let expires_ms = enrolled.certificate_expires_ms;
    let days = expires_ms.saturating_sub(now_ms).div_euclid(DAY_MS);
    let detail = format!("valid until {}", moment(expires_ms));
    let certificate = match days {
        ..0 => Check::failed(
            "certificate",
            format!("{detail}: it has expired, and renews itself once the collector is reached"),
        ),
        0..CERTIFICATE_DAYS_MIN => {
            Check::warning("certificate", format!("{detail}, and was not renewed; have the network tested"))
        }
        _ => Check::ok("certificate", detail),
    };
    let known = format!("{} at {}", enrolled.name, enrolled.collector_url);
    let enrolment = Check::ok("enrolment", known)
        .with("device", enrolled.device.to_string())
        .with("device_name", enrolled.name.clone())
        .with("collector_url", enrolled.collector_url.clone());
    vec![enrolment, certificate.with("certificate_expires_ms", expires_ms).with("days_left", days)]
}

fn network_test(test: &TestState) -> Check {
    const NAME: &str = "network test";
    let check = match test {
        TestState::Never => Check::unknown(NAME, "none since the kiosk was started"),
        TestState::Waiting | TestState::UnderWay { .. } => Check::unknown(NAME, "under way"),
        TestState::Failed { detail } => Check::warning(NAME, detail),
        TestState::Done { test } => {
            let worst = test.steps.iter().find(|step| step.outcome == Outcome::Warning);
            let said = |step: &Step| format!("{}: {}", words::name(step.step), words::found(step));
            match (test.failed(), worst) {
                (Some(step), _) => Check::failed(NAME, said(step)),
                (None, Some(step)) => Check::warning(NAME, said(step)),
                (None, None) => Check::ok(NAME, format!("all is well, {}", moment(test.begun_ms))),
            }
        }
    };
    debug_assert!(check.state != State::Ok || matches!(test, TestState::Done { .. }));
    check.with("test", serde_json::to_value(test).unwrap_or(Value::Null))
}

/// A moment in local time, for a person.
fn moment(wall_ms: i64) -> String {
    DateTime::from_timestamp_millis(wall_ms).map_or_else(
        || "a time beyond the calendar".into(),
        |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use afterword_model::record::DeviceId;
    use afterword_protocol::errand::EnrolledAs;
    use afterword_protocol::network_test::{Finding, NetworkTest, StepName};

    use super::*;

    fn heard(expires_ms: i64, age_ms: u64) -> AgentHeard {
        let enrolled = EnrolledAs {
            device: DeviceId::new([1; 16]),
            name: "Exit".into(),
            collector_url: "https://collector.example".into(),
            certificate_expires_ms: expires_ms,
        };
        AgentHeard { status: AgentStatus { enrolled: Some(enrolled), ..AgentStatus::default() }, age_ms }
    }

    fn states(heard: Option<&AgentHeard>) -> Vec<(&'static str, State)> {
        agent(heard, 0).iter().map(|check| (check.name, check.state)).collect()
    }

    #[test]
    fn a_certificate_is_told_in_days_and_wrong_when_there_are_none() {
        let days = |expires_ms: i64| {
            let checks = agent(Some(&heard(expires_ms, 0)), 0);
            let check = checks.iter().find(|check| check.name == "certificate").unwrap();
            (check.state, check.number("days_left").unwrap())
        };
        assert_eq!(days(85 * DAY_MS), (State::Ok, 85));
        assert_eq!(days(14 * DAY_MS - 1), (State::Warning, 13));
        assert_eq!(days(-1), (State::Failed, -1));
    }

    #[test]
    fn an_agent_that_is_away_is_told_from_one_that_is_not_enrolled() {
        assert_eq!(states(None), [("agent", State::Warning)]);
        assert_eq!(states(Some(&heard(99 * DAY_MS, AGENT_AWAY_MS + 1)))[0], ("agent", State::Warning));
        let new = AgentHeard { status: AgentStatus::default(), age_ms: 0 };
        assert_eq!(states(Some(&new)), [("agent", State::Ok), ("enrolment", State::Warning)]);
    }

    #[test]
    fn what_cannot_be_told_is_unknown_and_a_failed_step_is_named() {
        assert_eq!(network_test(&TestState::Never).state, State::Unknown);
        assert_eq!(network_test(&TestState::Waiting).state, State::Unknown);
        let step =
            Step { step: StepName::Tls, outcome: Outcome::Failed, took_ms: 3, finding: Finding::NotTls };
        let test = TestState::Done { test: NetworkTest { begun_ms: 0, took_ms: 3, steps: vec![step] } };
        let check = network_test(&test);
        assert_eq!(check.state, State::Failed);
        assert!(check.detail.starts_with("TLS: whoever answers speaks no TLS"), "{}", check.detail);
        assert_eq!(check.values["test"]["test"]["steps"][0]["finding"], "not_tls");
    }
}
