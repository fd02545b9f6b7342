//! What is on the page of the device.

use super::staff::bar;
use super::words::Words;
use crate::view::device::{Check, Device, Enrol, Finding, State, What};
use crate::view::staff::Tab;

fn check(what: What, state: State, how: &str, more: &str) -> Check {
    Check { what, state, how: how.into(), more: more.into(), found: None }
}

fn step(what: What, state: State, found: Finding, more: &str) -> Check {
    Check { found: Some(found), ..check(what, state, "", more) }
}

fn finding(kind: &str, name: &str, other: &str) -> Finding {
    Finding { kind: kind.into(), name: name.into(), other: other.into(), ..Finding::default() }
}

/// Half put up.
pub(super) fn device(words: &Words) -> Device {
    let (number, more) = ("−54 dBm".into(), "36".into());
    let wireless = Finding { number, more, ..finding("wireless", "store-iot", "") };
    Device {
        bar: bar(words, Tab::Device),
        name: "HS-0147".into(),
        now: "14:32".into(),
        enrol: Enrol::Possible,
        code: "K7M294".into(),
        code_length: 12,
        squares: (0..32).map(|place| !matches!(place, 23 | 29..)).collect(),
        network: vec![
            step(What::Link, State::Good, wireless, ""),
            step(What::Address, State::Good, finding("address", "10.20.4.31", "10.20.4.1"), ""),
            step(What::Name, State::Good, finding("resolved", "collector.example", ""), "8 ms"),
            step(What::Connection, State::Warning, finding("connected", "10.20.0.9:8444", ""), "1.8 s"),
        ],
        trouble: Some(finding("connected", "10.20.0.9:8444", "")),
        trouble_is_small: true,
        tests: true,
        status: status(),
        ..Device::default()
    }
}

/// Ready for shoppers, with a network that is not.
pub(super) fn enrolled(words: &Words) -> Device {
    Device {
        enrol: Enrol::Done,
        code: String::new(),
        squares: vec![true; 32],
        network: vec![
            step(What::Link, State::Good, finding("wired", "eth0", ""), ""),
            step(What::Address, State::Good, finding("address", "10.20.4.31", "10.20.4.1"), ""),
            step(What::Name, State::Good, finding("resolved", "collector.example", ""), "8 ms"),
            step(What::Connection, State::Good, finding("connected", "10.20.0.9:8444", ""), "42 ms"),
            step(What::Security, State::Good, finding("secured", "", ""), "61 ms"),
            step(What::Identity, State::Bad, finding("unknown_device", "", ""), ""),
        ],
        trouble: Some(finding("unknown_device", "", "")),
        trouble_is_small: false,
        tests: false,
        ..device(words)
    }
}

fn status() -> Vec<Check> {
    vec![
        check(What::Version, State::Good, "1.4.2", ""),
        check(What::Waiting, State::Good, "14", "3.1 MB"),
        check(What::Clock, State::Good, "+0.4 s", ""),
        check(What::Certificate, State::Good, "2027-02-14", "85 d"),
        check(What::Storage, State::Warning, "212 MB", "84 MB"),
        check(What::Agent, State::Good, "14:30", ""),
    ]
}
