//! What a network test found, step by step: data for a screen, a command line and a report, each in its own words.
//!
//! The agent makes it, the kiosk keeps the newest one. A finding has numbers and names and no sentence, so that a page can
//! say it in any language; [`words`] has the English ones. The steps come in the order of [`StepName::ALL`]; after the first
//! that failed the others are skipped, because what they would find follows from it.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

pub mod words;

/// Letters of a name or a reason in a finding: what a line of a page has room for.
pub const FINDING_TEXT_MAX: usize = 160;

/// A step of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Is there a cable or a wireless network?
    Link,
    /// Has the device an address in it?
    Address,
    /// Has the collector's name an address?
    Dns,
    /// Does somebody take a connection there?
    Tcp,
    /// Has whoever takes it a certificate from the collector's CA?
    Tls,
    /// Does the collector know this device?
    Identity,
    /// Do the two agree on what time it is?
    Clock,
}

impl StepName {
    /// All of them, in the order of the test.
    pub const ALL: [Self; 7] =
        [Self::Link, Self::Address, Self::Dns, Self::Tcp, Self::Tls, Self::Identity, Self::Clock];
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// Here it ends.
    Failed,
    /// Not tried.
    Skipped,
}

/// One step and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub step: StepName,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What a step found, with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Not tried, because an earlier step failed.
    NotReached,
    /// There is nothing to test: a name that is an address, a network where the collector is on this very machine.
    NotNeeded,
    /// The system does not say.
    CannotTell,

    /// A cable is in.
    Wired {
        /// Name of the interface.
        interface: String,
    },
    /// A wireless network.
    Wireless {
        /// Name of the interface.
        interface: String,
        /// How strong its signal is, in dBm, where the driver says it: −30 beside the router, −90 nearly nothing.
        signal_dbm: Option<i32>,
        /// The name of the network (SSID), where the driver says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<String>,
        /// Its channel, where the driver says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<u32>,
    },
    /// No interface is up.
    NoLink {
        /// How many there are besides the machine's own loop.
        interfaces: u32,
    },

    /// The device has an address.
    Address {
        /// The first of them.
        address: IpAddr,
        /// The router beyond which everything else is; without one, only the neighbours can be reached.
        router: Option<IpAddr>,
    },
    /// No router gave it an address: it made one up itself (RFC 3927), which leads nowhere.
    SelfAssigned {
        /// Which.
        address: IpAddr,
    },
    /// It has no address.
    NoAddress,

    /// The name has an address.
    Resolved {
        /// The name.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// The name has none.
    NameNotFound {
        /// The name.
        host: String,
    },

    /// Somebody took the connection.
    Connected {
        /// Where.
        address: SocketAddr,
    },
    /// Nobody listens there.
    Refused {
        /// Where.
        address: SocketAddr,
    },
    /// No way leads there.
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// No answer within the time for this step.
    TimedOut {
        /// That time, in milliseconds.
        limit_ms: u64,
    },

    /// The other end has a certificate from the collector's CA.
    Secured,
    /// It has one from somebody else: a proxy that opens TLS, or another collector.
    UnknownCa,
    /// It has one for another name.
    WrongName {
        /// The name that was asked for.
        host: String,
    },
    /// Its certificate has expired, also by the collector's own clock, or by this device's where the collector's could not be
    /// learnt.
    CertificateExpired {
        /// When, in milliseconds since 1970.
        not_after_ms: Option<i64>,
    },
    /// Its certificate is not valid yet, likewise.
    CertificateNotYetValid {
        /// From when on, in milliseconds since 1970.
        not_before_ms: Option<i64>,
    },
    /// Its certificate is good by the collector's clock and not by this device's.
    ClockSpoilsTls {
        /// How far this device's clock is ahead of the collector's, in milliseconds; negative when it is behind.
        offset_ms: i64,
    },
    /// Whoever answers does not speak TLS: as a rule a network that wants a log-in page first.
    NotTls,
    /// The connection broke off.
    BrokeOff {
        /// What the library said.
        reason: String,
    },

    /// The collector knows this device.
    Known {
        /// What people call it.
        name: String,
    },
    /// It was revoked.
    Revoked,
    /// It was retired for good.
    Retired,
    /// The collector does not know its key: another device was enrolled in its place.
    UnknownDevice,
    /// This device's certificate has expired.
    OwnCertificateExpired,
    /// This device's certificate was not taken.
    OwnCertificateRefused,
    /// Not let in for another reason.
    NotLetIn {
        /// What the collector said.
        reason: String,
    },
    /// This device has no identity yet.
    NotEnrolled,
    /// It has none, and nobody has told it which collector is its own.
    NoCollector,
    /// Somebody answered who is not the collector.
    Stranger {
        /// HTTP status.
        status: u16,
    },
    /// The collector has too much to do.
    Busy,
    /// The collector failed.
    CollectorFailed {
        /// HTTP status.
        status: u16,
    },

    /// The clocks were compared.
    Offset {
        /// How far this device's clock is ahead of the collector's, in milliseconds; negative when it is behind.
        offset_ms: i64,
        /// How far that may be off, in milliseconds.
        precision_ms: u64,
    },

    /// Something that a newer program found.
    #[serde(other)]
    Unknown,
}

/// A whole test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkTest {
    /// When it began, by this device's clock, in milliseconds since 1970.
    pub begun_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

impl NetworkTest {
    /// Whether no step failed.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failed().is_none()
    }

    /// The step at which it ended.
    #[must_use]
    pub fn failed(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed)
    }

    /// Whether it may be kept: each step at most once and in order, and no text longer than [`FINDING_TEXT_MAX`].
    #[must_use]
    pub fn is_sound(&self) -> bool {
        are_sound(&self.steps)
    }
}

/// Whether these may be the steps of a test, or of one that is under way.
#[must_use]
pub fn are_sound(steps: &[Step]) -> bool {
    steps.windows(2).all(|pair| pair[0].step < pair[1].step)
        && steps.iter().all(|step| step.finding.is_short())
}

impl Finding {
    fn is_short(&self) -> bool {
        let text = match self {
            Self::Wired { interface } | Self::Wireless { interface, network: None, .. } => interface,
            Self::Wireless { interface, network: Some(network), .. } => {
                return [interface, network].iter().all(|text| text.chars().count() <= FINDING_TEXT_MAX);
            }
            Self::Resolved { host, .. } | Self::NameNotFound { host } | Self::WrongName { host } => host,
            Self::Unreachable { reason, .. } | Self::BrokeOff { reason } | Self::NotLetIn { reason } => {
                reason
            }
            Self::Known { name } => name,
            _ => return true,
        };
        text.chars().count() <= FINDING_TEXT_MAX
    }
}

/// The text as it may stand in a finding: one line, no control characters, at most [`FINDING_TEXT_MAX`] letters.
#[must_use]
pub fn finding_text(text: &str) -> String {
    text.chars().take(FINDING_TEXT_MAX).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: StepName, finding: Finding) -> Step {
        Step { step, outcome: Outcome::Ok, took_ms: 3, finding }
    }

    #[test]
    fn a_step_is_one_flat_object() {
        let wireless = Finding::Wireless {
            interface: "wlan0".into(),
            signal_dbm: Some(-54),
            network: None,
            channel: None,
        };
        assert_eq!(
            serde_json::to_string(&step(StepName::Link, wireless.clone())).unwrap(),
            r#"{"step":"link","outcome":"ok","took_ms":3,"finding":"wireless","interface":"wlan0","signal_dbm":-54}"#
        );
        let text = serde_json::to_vec(&step(StepName::Link, wireless.clone())).unwrap();
        assert_eq!(serde_json::from_slice::<Step>(&text).unwrap(), step(StepName::Link, wireless));
    }

    #[test]
    fn what_a_newer_agent_finds_is_kept_as_something_unknown() {
        let newer = r#"{"step":"tls","outcome":"warning","took_ms":3,"finding":"quantum","spin":2}"#;
        let read: Step = serde_json::from_str(newer).unwrap();
        assert_eq!((read.outcome, read.finding), (Outcome::Warning, Finding::Unknown));
    }

    #[test]
    fn steps_out_of_order_and_endless_names_are_not_kept() {
        let steps = |steps: Vec<Step>| NetworkTest { begun_ms: 0, took_ms: 0, steps };
        let (link, dns) = (step(StepName::Link, Finding::NotNeeded), step(StepName::Dns, Finding::NotNeeded));
        assert!(steps(vec![link.clone(), dns.clone()]).is_sound());
        assert!(!steps(vec![dns.clone(), link.clone()]).is_sound());
        assert!(!steps(vec![link.clone(), link]).is_sound());
        let long = Finding::NameNotFound { host: "x".repeat(FINDING_TEXT_MAX + 1) };
        assert!(!steps(vec![step(StepName::Dns, long)]).is_sound());
        assert_eq!(finding_text(&"\u{1b}x".repeat(400)).chars().count(), FINDING_TEXT_MAX);
    }
}
