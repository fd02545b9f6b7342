//! What is on the page of the device.

use super::staff::bar;
use super::words::Words;
use crate::view::device::{Check, Device, Enrol, State, What};
use crate::view::staff::Tab;

fn check(what: What, state: State, how: &str, more: &str) -> Check {
    Check { what, state, how: how.into(), more: more.into() }
}

/// Half put up.
pub(super) fn device(words: &Words) -> Device {
    Device {
        bar: bar(words, Tab::Device),
        name: "HS-0147".into(),
        now: "14:32".into(),
        enrol: Enrol::Possible,
        code: "K7M294".into(),
        code_length: 12,
        squares: (0..32).map(|place| !matches!(place, 23 | 29..)).collect(),
        network: vec![
            check(What::Link, State::Good, "wlan0, −54 dBm", ""),
            check(What::Address, State::Good, "10.20.4.31", ""),
            check(What::Name, State::Good, "collector.example", "8 ms"),
            check(What::Connection, State::Warning, "10.20.0.9:8444", "1.8 s"),
        ],
        tests: true,
        status: status(),
        ..Device::default()
    }
}

/// Ready for shoppers, with a network that is not.
pub(super) fn enrolled(words: &Words) -> Device {
    let failed = "The collector does not know this device’s key: another was enrolled in its place.";
    Device {
        enrol: Enrol::Done,
        code: String::new(),
        squares: vec![true; 32],
        network: vec![
            check(What::Link, State::Good, "eth0", ""),
            check(What::Address, State::Good, "10.20.4.31", ""),
            check(What::Name, State::Good, "collector.example", "8 ms"),
            check(What::Connection, State::Good, "10.20.0.9:8444", "42 ms"),
            check(What::Security, State::Good, "", "61 ms"),
            check(What::Identity, State::Bad, "", ""),
        ],
        problem: failed.into(),
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
