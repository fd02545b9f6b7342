//! What a kiosk's last words say about it: well, or the one thing to look at first.

use maud::Markup;

use super::with_icon;
use crate::storage::fleet::{Kiosk, SILENT_AFTER_MS};
use crate::web::icon::Icon;
use crate::web::words;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A clock that is off by more makes a shop's hours wrong before anybody notices.
const CLOCK_OFF_MS: i64 = 30_000;
/// A certificate is renewed a month before it ends; with so little left, that has failed for long.
const CERTIFICATE_LEFT_MS: i64 = 14 * DAY_MS;
/// Room for a day or two in a busy shop, beside what the kiosk keeps in reserve.
const DISK_FREE_MIN: u64 = 256 * 1_000 * 1_000;
/// Delivering takes minutes, also in a herd; what waits longer while the kiosk is heard is held up.
const STUCK_AFTER_MS: i64 = HOUR_MS;
/// As long as the list of devices shows it.
const CLONE_SHOWN_MS: i64 = 7 * DAY_MS;

/// How a kiosk is. Of several things, the one to see to first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web::pages) enum Health {
    /// Nothing was heard for so long.
    Silent { ms: i64 },
    /// A copy of it seems to be at work.
    Clone,
    /// Heard, but what it has collected does not come.
    Stuck,
    /// Little room is left on its disk.
    Disk,
    /// Its clock is off.
    Clock,
    /// Its certificate ends soon.
    Certificate,
    /// Nothing to see to.
    Well,
    /// Its code waits to be used.
    Waiting,
    /// Its code was not used in time.
    CodeExpired,
    /// It may do nothing, until it is enrolled anew.
    Revoked,
}

/// A kiosk and how it is.
pub(super) struct Reading {
    pub(super) kiosk: Kiosk,
    pub(super) health: Health,
}

impl Reading {
    pub(super) fn of(kiosk: Kiosk, now_ms: i64) -> Self {
        let health = health(&kiosk, now_ms);
        Self { kiosk, health }
    }
}

impl Health {
    /// Where it stands in the list.
    pub(super) fn urgency(&self) -> u8 {
        match self {
            Self::Silent { .. } => 0,
            Self::Clone => 1,
            Self::Stuck => 2,
            Self::Disk => 3,
            Self::Clock => 4,
            Self::Certificate => 5,
            Self::CodeExpired => 6,
            Self::Waiting => 7,
            Self::Well => 8,
            Self::Revoked => 9,
        }
    }

    /// Whether it is one of the kiosks that are meant to be well.
    pub(super) fn counts(&self) -> bool {
        !matches!(self, Self::Waiting | Self::CodeExpired | Self::Revoked)
    }
}

fn health(kiosk: &Kiosk, now_ms: i64) -> Health {
    let since = |at_ms: i64| now_ms.saturating_sub(at_ms);
    if kiosk.revoked_ms.is_some() {
        return Health::Revoked;
    }
    let Some(enrolled_ms) = kiosk.enrolled_ms else {
        let waits = kiosk.code_is_open && now_ms < kiosk.code_expires_ms;
        return if waits { Health::Waiting } else { Health::CodeExpired };
    };
    let heard_ms = kiosk.heard.as_ref().map_or(enrolled_ms, |heard| heard.at_ms);
    if since(heard_ms) >= SILENT_AFTER_MS {
        return Health::Silent { ms: since(heard_ms) };
    }
    if kiosk.clone_seen_ms.is_some_and(|at_ms| since(at_ms) < CLONE_SHOWN_MS) {
        return Health::Clone;
    }
    let Some(heard) = &kiosk.heard else { return Health::Well };
    // By the kiosk's own clock, which may be off: compared with what that clock showed at the heartbeat.
    let shown_ms = heard.at_ms.saturating_add(heard.clock_ahead_ms);
    let oldest = heard.oldest_unsent_ms.filter(|_| heard.waiting > 0);
    if oldest.is_some_and(|at_ms| shown_ms.saturating_sub(at_ms) >= STUCK_AFTER_MS) {
        return Health::Stuck;
    }
    if heard.disk_free_bytes.is_some_and(|bytes| bytes < DISK_FREE_MIN) {
        return Health::Disk;
    }
    if heard.clock_ahead_ms.saturating_abs() > CLOCK_OFF_MS {
        return Health::Clock;
    }
    if heard.certificate_expires_ms.saturating_sub(now_ms) < CERTIFICATE_LEFT_MS {
        return Health::Certificate;
    }
    Health::Well
}

/// How a kiosk is, in one word that does not change.
pub(crate) fn word(kiosk: &Kiosk, now_ms: i64) -> &'static str {
    match health(kiosk, now_ms) {
        Health::Silent { .. } => "silent",
        Health::Clone => "clone",
        Health::Stuck => "stuck",
        Health::Disk => "disk",
        Health::Clock => "clock",
        Health::Certificate => "certificate",
        Health::Well => "well",
        Health::Waiting => "waiting",
        Health::CodeExpired => "code_expired",
        Health::Revoked => "revoked",
    }
}

/// A drawing and a word.
pub(in crate::web::pages) fn label(health: &Health) -> Markup {
    match health {
        Health::Silent { ms } => with_icon("bad", Icon::Cross, &format!("silent {}", words::span(*ms))),
        Health::Clone => with_icon("bad", Icon::Alert, "a copy is at work"),
        Health::Stuck => with_icon("warn", Icon::Alert, "does not deliver"),
        Health::Disk => with_icon("warn", Icon::Alert, "storage low"),
        Health::Clock => with_icon("warn", Icon::Alert, "clock off"),
        Health::Certificate => with_icon("warn", Icon::Alert, "certificate"),
        Health::Well => with_icon("good", Icon::Check, "well"),
        Health::Waiting => with_icon("quiet", Icon::Info, "code waits"),
        Health::CodeExpired => with_icon("quiet", Icon::Info, "code over"),
        Health::Revoked => with_icon("quiet", Icon::Cross, "revoked"),
    }
}

/// What the headline leaves open.
pub(super) fn sentence(readings: &[Reading]) -> String {
    let counted = || readings.iter().filter(|reading| reading.health.counts());
    let silent: Vec<&Reading> =
        counted().filter(|reading| matches!(reading.health, Health::Silent { .. })).collect();
    let look = counted().filter(|reading| reading.health != Health::Well).count() - silent.len();
    let mut sentences = Vec::new();
    if look > 0 {
        sentences.push(format!("{} {} a look.", words::spelled(look), words::plural(look, "needs", "need")));
    }
    if !silent.is_empty() {
        let waiting: u64 =
            silent.iter().filter_map(|reading| reading.kiosk.heard.as_ref()).map(|heard| heard.waiting).sum();
        let (subject, verb) = (words::spelled(silent.len()), words::plural(silent.len(), "is", "are"));
        let on_them = words::plural(silent.len(), "it", "them");
        sentences.push(match waiting {
            0 => format!("{subject} {verb} silent; nothing was waiting on {on_them} at last contact."),
            1 => format!("{subject} {verb} silent; one reply was still on {on_them} at last contact."),
            _ => format!(
                "{subject} {verb} silent; {} replies were still on {on_them} at last contact.",
                words::count(waiting)
            ),
        });
    }
    if sentences.is_empty() && counted().next().is_some() {
        let waiting: u64 =
            counted().filter_map(|reading| reading.kiosk.heard.as_ref()).map(|heard| heard.waiting).sum();
        sentences.push(match waiting {
            0 => "Every reply that was collected is here.".into(),
            _ => format!("{} replies are on their way.", words::count(waiting)),
        });
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use afterword_model::record::DeviceId;

    use super::*;
    use crate::storage::fleet::Heard;

    const NOW_MS: i64 = 100 * DAY_MS;

    fn kiosk() -> Kiosk {
        Kiosk {
            device: DeviceId::new([1; 16]),
            name: "HS-0147".into(),
            store: None,
            enrolled_ms: Some(0),
            revoked_ms: None,
            code_expires_ms: DAY_MS,
            code_is_open: false,
            clone_seen_ms: None,
            heard: Some(heard()),
        }
    }

    fn heard() -> Heard {
        Heard {
            at_ms: NOW_MS - 60_000,
            waiting: 0,
            oldest_unsent_ms: None,
            clock_ahead_ms: 0,
            certificate_expires_ms: NOW_MS + 60 * DAY_MS,
            kiosk_version: "0.1.0".into(),
            disk_free_bytes: Some(58_000_000_000),
        }
    }

    fn with(heard: Heard) -> Health {
        health(&Kiosk { heard: Some(heard), ..kiosk() }, NOW_MS)
    }

    #[test]
    fn what_to_see_to_first_is_named() {
        assert_eq!(with(heard()), Health::Well);
        assert_eq!(
            with(Heard { at_ms: NOW_MS - 26 * HOUR_MS, ..heard() }),
            Health::Silent { ms: 26 * HOUR_MS }
        );
        assert_eq!(with(Heard { clock_ahead_ms: -94_000, ..heard() }), Health::Clock);
        assert_eq!(
            with(Heard { certificate_expires_ms: NOW_MS + 9 * DAY_MS, ..heard() }),
            Health::Certificate
        );
        assert_eq!(with(Heard { disk_free_bytes: Some(1_000), ..heard() }), Health::Disk);
        let oldest_unsent_ms = Some(NOW_MS - 2 * HOUR_MS);
        assert_eq!(with(Heard { waiting: 3, oldest_unsent_ms, ..heard() }), Health::Stuck);
        assert_eq!(
            with(Heard { waiting: 0, oldest_unsent_ms, ..heard() }),
            Health::Well,
            "it has come since"
        );
        let clone_seen_ms = Some(NOW_MS - DAY_MS);
        assert_eq!(health(&Kiosk { clone_seen_ms, ..kiosk() }, NOW_MS), Health::Clone);
        assert_eq!(health(&Kiosk { revoked_ms: Some(1), ..kiosk() }, NOW_MS), Health::Revoked);
        assert_eq!(health(&Kiosk { enrolled_ms: None, ..kiosk() }, NOW_MS), Health::CodeExpired);
    }

    #[test]
    fn the_headline_is_followed_by_what_it_leaves_open() {
        let reading = |heard: Heard| Reading::of(Kiosk { heard: Some(heard), ..kiosk() }, NOW_MS);
        let silent = || reading(Heard { at_ms: NOW_MS - 26 * HOUR_MS, waiting: 131, ..heard() });
        let off = || reading(Heard { clock_ahead_ms: 94_000, ..heard() });
        assert_eq!(sentence(&[reading(heard())]), "Every reply that was collected is here.");
        assert_eq!(
            sentence(&[silent(), silent(), off()]),
            "One needs a look. Two are silent; 262 replies were still on them at last contact."
        );
        assert_eq!(sentence(&[]), "");
    }
}
