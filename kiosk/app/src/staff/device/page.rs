//! From what was looked at to the page of the device.

use afterword_kiosk_core::touch_test::SQUARES;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::errand::TestState;
use afterword_protocol::network_test::{Finding, Outcome, Step, StepName, words};
use afterword_ui::view::device::{self as view, Device, Enrol, What};
use afterword_ui::view::staff::Bar;
use chrono::{DateTime, Utc};

use super::DeviceDesk;
use crate::dates::{date_of, short_date};
use crate::device_status::{Check, State};
use crate::errands::EnrolmentState;

/// Letters of a network's name that are shown.
const NETWORK_LETTERS: usize = 20;

/// A step that took less is not worth a number, in milliseconds.
const TOOK_MIN_MS: u64 = 1;

/// The page.
pub(crate) fn page(desk: &DeviceDesk, bar: Bar, tag: &str, now: &Stamp) -> Device {
    let errands = &desk.sources.errands;
    let agent = errands.agent().map(|heard| heard.status);
    let enrolment = errands.enrolment();
    let name = agent.as_ref().and_then(|agent| agent.enrolled.as_ref()).map(|enrolled| enrolled.name.clone());
    let enrol = match (&name, &enrolment) {
        (_, EnrolmentState::UnderWay) => Enrol::UnderWay,
        (Some(_), _) | (None, EnrolmentState::Enrolled(_)) => Enrol::Done,
        (None, _) if agent.as_ref().is_some_and(|agent| agent.can_enrol) => Enrol::Possible,
        (None, _) => Enrol::Impossible,
    };
    let (steps, tests, ended) = match errands.network_test() {
        TestState::Never => (Vec::new(), false, String::new()),
        TestState::Waiting => (Vec::new(), true, String::new()),
        TestState::UnderWay { steps } => (steps, true, String::new()),
        TestState::Done { test } => (test.steps, false, String::new()),
        TestState::Failed { detail } => (Vec::new(), false, sentence(&detail)),
    };
    let of = |outcome| steps.iter().find(|step| step.outcome == outcome);
    let (failed, doubtful) = (of(Outcome::Failed), of(Outcome::Warning));
    let minute = now.local_minute();
    let date = date_of(now.local_day()).filter(|_| now.clock != ClockQuality::Unset);
    let date = date.map_or_else(String::new, |date| format!("{}, ", short_date(date, tag)));
    Device {
        bar,
        name: name.unwrap_or_default(),
        now: format!("{date}{:02}:{:02}", minute / 60, minute % 60),
        enrol,
        enrol_notice: match enrolment {
            // It was enrolled since, by another hand.
            _ if enrol == Enrol::Done => String::new(),
            EnrolmentState::NotEnrolled { detail, .. } | EnrolmentState::AgentAway { detail } => {
                sentence(&detail)
            }
            _ => String::new(),
        },
        code: desk.code.clone(),
        code_length: EnrolmentCode::LETTERS,
        types: desk.types,
        squares: (0..SQUARES).map(|square| desk.glass.is_touched(square)).collect(),
        problem: ended,
        trouble: failed.or(doubtful).map(finding),
        trouble_is_small: failed.is_none(),
        network: steps.iter().filter(|step| step.outcome != Outcome::Skipped).map(line).collect(),
        tests,
        status: status(&desk.checks, now),
        report: desk.report.clone(),
    }
}

/// With a capital and a full stop.
pub(crate) fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn line(step: &Step) -> view::Check {
    let took = (step.took_ms >= TOOK_MIN_MS && timed(step.step)).then(|| format!("{} ms", step.took_ms));
    view::Check {
        what: match step.step {
            StepName::Link => What::Link,
            StepName::Address => What::Address,
            StepName::Dns => What::Name,
            StepName::Tcp => What::Connection,
            StepName::Tls => What::Security,
            StepName::Identity => What::Identity,
            StepName::Clock => What::Clock,
        },
        state: match step.outcome {
            Outcome::Ok => view::State::Good,
            Outcome::Warning => view::State::Warning,
            Outcome::Failed => view::State::Bad,
            Outcome::Skipped => view::State::Unknown,
        },
        how: String::new(),
        found: Some(finding(step)),
        more: took.unwrap_or_default(),
    }
}

/// Whether somebody else had to answer.
fn timed(step: StepName) -> bool {
    matches!(step, StepName::Dns | StepName::Tcp | StepName::Tls | StepName::Identity)
}

/// The numbers and names of a finding, for the page to say. Where the sync program is newer than this one, it is English that is
/// left to show.
fn finding(step: &Step) -> view::Finding {
    let found = &step.finding;
    let kind =
        serde_json::to_value(found).ok().and_then(|value| value["finding"].as_str().map(str::to_owned));
    let mut said = view::Finding {
        kind: kind.unwrap_or_else(|| "unknown".into()),
        in_english: sentence(&words::found(step)),
        ..view::Finding::default()
    };
    match found {
        Finding::NoLink { interfaces: 0 } => said.kind = "no_interface".into(),
        Finding::Wired { interface } => said.name.clone_from(interface),
        Finding::Wireless { interface, signal_dbm, network, channel } => {
            said.name = network.as_ref().map_or_else(|| interface.clone(), |network| shortened(network));
            said.number = signal_dbm.map(dbm).unwrap_or_default();
            said.more = channel.map(|channel| channel.to_string()).unwrap_or_default();
        }
        Finding::Address { address, router } => {
            said.name = address.to_string();
            said.other = router.map(|router| router.to_string()).unwrap_or_default();
        }
        Finding::SelfAssigned { address } => said.name = address.to_string(),
        Finding::Resolved { host, .. } | Finding::NameNotFound { host } | Finding::WrongName { host } => {
            said.name.clone_from(host);
        }
        Finding::Connected { address } | Finding::Refused { address } => said.name = address.to_string(),
        Finding::Unreachable { address, reason } => {
            said.name = address.to_string();
            said.other.clone_from(reason);
        }
        Finding::BrokeOff { reason } | Finding::NotLetIn { reason } => said.other.clone_from(reason),
        Finding::TimedOut { limit_ms } => said.number = seconds_of(*limit_ms),
        Finding::Known { name } => said.name.clone_from(name),
        Finding::Stranger { status } | Finding::CollectorFailed { status } => {
            said.number = status.to_string();
        }
        Finding::Offset { offset_ms, .. } | Finding::ClockSpoilsTls { offset_ms } => {
            said.number = seconds(*offset_ms);
        }
        _ => {}
    }
    said
}

/// With a minus as it is printed.
fn dbm(signal: i32) -> String {
    format!("{}{} dBm", if signal < 0 { "−" } else { "" }, signal.unsigned_abs())
}

/// The name of a network may have 32 letters; the line of a page has room for fewer.
fn shortened(network: &str) -> String {
    match network.char_indices().nth(NETWORK_LETTERS) {
        Some((end, _)) => format!("{}…", &network[..end]),
        None => network.to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "to be read")]
fn seconds_of(ms: u64) -> String {
    format!("{} s", ms as f64 / 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "to be read")]
fn seconds(ms: i64) -> String {
    format!("{:+.1} s", ms as f64 / 1_000.0)
}

/// What of the list has a line on the page.
fn status(checks: &[Check], now: &Stamp) -> Vec<view::Check> {
    let of = |name: &str| checks.iter().find(|check| check.name == name);
    let mut lines = Vec::new();
    let mut add = |what, check: Option<&Check>, how: String, more: String| {
        if let Some(check) = check {
            lines.push(view::Check { what, state: state(check.state), how, more, found: None });
        }
    };
    let text = |check: Option<&Check>, name: &str| {
        check.and_then(|check| check.text(name)).unwrap_or_default().to_owned()
    };
    let number = |check: Option<&Check>, name: &str| check.and_then(|check| check.number(name));
    let version = of("version");
    add(What::Version, version, text(version, "kiosk_version"), String::new());
    let waiting = of("waiting");
    add(
        What::Waiting,
        waiting,
        number(waiting, "waiting_count").unwrap_or(0).to_string(),
        number(waiting, "waiting_bytes").map(size).unwrap_or_default(),
    );
    let clock = of("clock");
    let offset = number(clock, "offset_ms").map(seconds);
    let quality = match now.clock {
        ClockQuality::Unset => "–",
        _ => "",
    };
    add(What::Clock, clock, offset.unwrap_or_else(|| quality.into()), String::new());
    let certificate = of("certificate");
    add(
        What::Certificate,
        certificate,
        number(certificate, "certificate_expires_ms").map(day).unwrap_or_default(),
        number(certificate, "days_left").map(|days| format!("{days} d")).unwrap_or_default(),
    );
    let (database, room) = (of("database"), of("room"));
    let storage = database.filter(|check| check.state != State::Ok).or(room).or(database);
    add(
        What::Storage,
        storage,
        number(database, "database_bytes").map(size).unwrap_or_default(),
        number(room, "disk_free_bytes").map(size).unwrap_or_default(),
    );
    add(What::Agent, of("agent"), text(of("agent"), "agent_version"), String::new());
    lines
}

fn state(state: State) -> view::State {
    match state {
        State::Ok => view::State::Good,
        State::Warning => view::State::Warning,
        State::Failed => view::State::Bad,
        State::Unknown => view::State::Unknown,
    }
}

fn size(count: i64) -> String {
    bytes(u64::try_from(count).unwrap_or(0))
}

/// So many bytes, to be read.
#[expect(clippy::cast_precision_loss, reason = "to be read")]
pub(crate) fn bytes(count: u64) -> String {
    const STEPS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let count = count as f64;
    let step = STEPS.into_iter().find(|(size, _)| count >= *size);
    step.map_or_else(|| format!("{count:.0} B"), |(size, unit)| format!("{:.1} {unit}", count / size))
}

fn day(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_sentences_can_be_read() {
        assert_eq!(
            [bytes(0), bytes(999), bytes(3_100_000), bytes(2_000_000_000)],
            ["0 B", "999 B", "3.1 MB", "2.0 GB"]
        );
        assert_eq!(sentence("nobody listens; check that."), "Nobody listens; check that.");
        assert_eq!((seconds(-400), day(0)), ("-0.4 s".into(), "1970-01-01".into()));
    }

    #[test]
    fn a_step_that_failed_says_where_and_the_sentence_below_says_why() {
        let finding = Finding::Refused { address: "10.20.0.9:8444".parse().unwrap() };
        let step = Step { step: StepName::Tcp, outcome: Outcome::Failed, took_ms: 3, finding };
        let shown = line(&step);
        let found = shown.found.unwrap();
        assert_eq!((shown.what, shown.state), (What::Connection, view::State::Bad));
        assert_eq!((found.kind.as_str(), found.name.as_str()), ("refused", "10.20.0.9:8444"));
        assert!(found.in_english.contains("check that the collector runs"));
    }

    #[test]
    fn a_network_is_told_by_its_name_and_the_interface_stands_in_for_one_that_has_none() {
        let brief = |network: Option<&str>| {
            let found = Finding::Wireless {
                interface: "wlan0".into(),
                signal_dbm: Some(-54),
                network: network.map(Into::into),
                channel: Some(36),
            };
            let step = Step { step: StepName::Link, outcome: Outcome::Ok, took_ms: 0, finding: found };
            finding(&step)
        };
        let found = brief(Some("store-iot"));
        assert_eq!(
            [&found.kind, &found.name, &found.number, &found.more],
            ["wireless", "store-iot", "−54 dBm", "36"]
        );
        assert_eq!(brief(None).name, "wlan0");
        assert_eq!(brief(Some(&"ü".repeat(32))).name, format!("{}…", "ü".repeat(NETWORK_LETTERS)));
    }
}
