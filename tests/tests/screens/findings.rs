//! What a network test finds is said in the language of the page, and keeps to its place: every kind that the sync program has.

use std::net::{IpAddr, SocketAddr};

use afterword_protocol::network_test::Finding;
use afterword_ui::preview::{self, Language};
use afterword_ui::view::device::{self, Device};
use afterword_ui::view::{Look, Page};
use afterword_ui::{Panel as Kind, View};

use crate::glass::Glass;
use crate::shipped::LANGUAGES;
use crate::texts::written;

/// What a page says where it has no words of its own.
const ENGLISH: &str = "Only in English.";

/// Those that keep a device from its collector, or should be looked at.
fn troubles() -> Vec<Finding> {
    let address: SocketAddr = "10.20.0.9:8444".parse().unwrap();
    let (host, reason) = ("collector.example".to_owned(), "No route to host".to_owned());
    vec![
        Finding::Wireless { interface: "wlan0".into(), signal_dbm: Some(-80), network: None, channel: None },
        Finding::NoLink { interfaces: 1 },
        Finding::Address { address: address.ip(), router: None::<IpAddr> },
        Finding::SelfAssigned { address: address.ip() },
        Finding::NoAddress,
        Finding::NameNotFound { host: host.clone() },
        Finding::Connected { address },
        Finding::Refused { address },
        Finding::Unreachable { address, reason: reason.clone() },
        Finding::TimedOut { limit_ms: 4_000 },
        Finding::Secured,
        Finding::UnknownCa,
        Finding::WrongName { host },
        Finding::CertificateExpired { not_after_ms: None },
        Finding::CertificateNotYetValid { not_before_ms: None },
        Finding::ClockSpoilsTls { offset_ms: -3_600_000 },
        Finding::NotTls,
        Finding::BrokeOff { reason: reason.clone() },
        Finding::Known { name: "Exit".into() },
        Finding::Revoked,
        Finding::Retired,
        Finding::UnknownDevice,
        Finding::OwnCertificateExpired,
        Finding::OwnCertificateRefused,
        Finding::NotLetIn { reason },
        Finding::NotEnrolled,
        Finding::NoCollector,
        Finding::Stranger { status: 502 },
        Finding::Busy,
        Finding::CollectorFailed { status: 500 },
        Finding::Offset { offset_ms: 90_000, precision_ms: 3 },
    ]
}

/// As the kiosk tells it to its page, with the longest values that are usual.
fn shown(kind: &str) -> device::Finding {
    device::Finding {
        kind: kind.into(),
        name: "collector.example".into(),
        other: "No route to host".into(),
        number: "-3600.0 s".into(),
        more: "36".into(),
        in_english: ENGLISH.into(),
    }
}

fn page(trouble: device::Finding, language: &str) -> View {
    let pages = preview::contents(Language::English);
    let enrolled = pages.into_iter().find(|(stem, _)| *stem == "kiosk-15c-device-enrolled");
    let Some((_, Page::Device(page))) = enrolled else { panic!("the preview has this page") };
    let page = Page::Device(Box::new(Device { trouble: Some(trouble), ..*page }));
    View { page, look: Look { language: language.into(), ..Look::default() } }
}

fn every_finding_is_said_in_every_language_and_is_not_cut(kind: Kind) {
    let kinds = troubles()
        .into_iter()
        .map(|found| serde_json::to_value(found).unwrap()["finding"].as_str().unwrap().to_owned());
    let kinds: Vec<String> = kinds.chain(["no_interface".to_owned()]).collect();
    let mut problems = Vec::new();
    let glass = Glass::new(kind);
    for finding in &kinds {
        let mut in_english = Vec::new();
        for language in LANGUAGES {
            glass.ui.show(&page(shown(finding), language));
            let texts = written(glass.ui.window());
            let says: Vec<String> = texts.iter().map(|text| text.says.clone()).collect();
            if says.iter().any(|text| text == ENGLISH) {
                problems.push(format!("{finding} has no words in {language}"));
            }
            // The sentence is the longest text of the page.
            let sentence = texts.iter().max_by_key(|text| text.says.chars().count()).unwrap();
            if language == "en" {
                in_english = says;
            } else if in_english.contains(&sentence.says) {
                problems.push(format!("{finding} is English in {language}: {}", sentence.says));
            }
            problems.extend(
                sentence.is_cut().map(|how| format!("{kind:?} {language}: {:?} {how}", sentence.says)),
            );
            let capital_mm = sentence.capital_px() / kind.pixels_per_mm();
            if capital_mm < 1.45 {
                problems.push(format!(
                    "{kind:?} {language}: {:?} has capitals of {capital_mm:.2} mm",
                    sentence.says
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_finding_is_said_on_the_wide_panel() {
    every_finding_is_said_in_every_language_and_is_not_cut(Kind::Wide);
}

#[test]
fn every_finding_is_said_on_the_small_panel() {
    every_finding_is_said_in_every_language_and_is_not_cut(Kind::Small);
}

#[test]
fn every_finding_is_said_on_the_tall_panel() {
    every_finding_is_said_in_every_language_and_is_not_cut(Kind::Tall);
}

#[test]
fn what_a_newer_sync_program_finds_is_left_in_its_own_words() {
    let glass = Glass::new(Kind::Wide);
    glass.ui.show(&page(shown("quantum"), "de"));
    assert!(written(glass.ui.window()).iter().any(|text| text.says == ENGLISH));
}
