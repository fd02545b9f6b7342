//! The database, the disk under it, and what became of databases before.

use std::path::Path;

use afterword_kiosk_store::{Numbers, Opened, Verified, why};
use afterword_protocol::device_facts::DeviceFacts;
use afterword_protocol::limits::RESERVE_ROOM_MIN;
use afterword_protocol::queue::{FormerEpoch, Position};

use super::{Check, State};

const DATABASE: &str = "database";

/// That of a running kiosk.
pub(crate) fn in_use(facts: &DeviceFacts) -> Check {
    let detail = format!("in use by the running kiosk; {}", progress(&facts.health.position));
    sizes(Check::ok(DATABASE, detail), facts)
}

/// One that was opened, recomputed and closed.
pub(crate) fn closed(verified: &Verified, facts: &DeviceFacts) -> Check {
    let check = if verified.problems.is_empty() {
        Check::ok(DATABASE, format!("chain and roll-ups whole; {}", progress(&facts.health.position)))
    } else {
        let found = verified.problems.join("; ");
        Check::failed(DATABASE, format!("{found}; keep the file and ask for help before the next start"))
    };
    sizes(check.with("problems_count", verified.problems.len()), facts)
}

/// There is none yet.
pub(crate) fn missing(data: &Path) -> Check {
    let detail = format!("none yet in {}; the first `afterword-kiosk run` makes it", data.display());
    Check::warning(DATABASE, detail)
}

/// It cannot be looked at.
pub(crate) fn unreadable(error: impl Into<String>) -> Check {
    Check::failed(DATABASE, error)
}

/// What opening it has found to be damaged.
pub(crate) fn damaged(opened: &Opened) -> Vec<Check> {
    let aside = opened
        .set_aside
        .iter()
        .map(|path| format!("it was damaged and is set aside as {}; keep that file", path.display()));
    let waiting = opened.waiting.iter().map(|path| {
        format!("what is whole in {} has yet to be carried over; make room and start again", path.display())
    });
    aside.chain(waiting).map(|detail| Check::failed("damaged file", detail)).collect()
}

/// Former epochs, and the room on the disk.
pub(super) fn checks(facts: &DeviceFacts) -> Vec<Check> {
    let health = &facts.health;
    let mut checks: Vec<Check> = health.former.iter().map(former).collect();
    checks.extend(health.disk_free_bytes.map(|free| {
        let detail = format!("{} MiB free on the disk", free / (1024 * 1024));
        let check = if free < RESERVE_ROOM_MIN {
            Check::failed("room", format!("{detail}, too little to go on; make room on it"))
        } else {
            Check::ok("room", detail)
        };
        check.with("disk_free_bytes", free)
    }));
    checks
}

fn former(former: &FormerEpoch) -> Check {
    let detail = format!(
        "{} is over after record {} because {}; lost: {}",
        former.epoch,
        former.last_seq,
        why(former.reason),
        Numbers(&former.lost)
    );
    let state = if former.lost.is_empty() { State::Ok } else { State::Warning };
    let lost: u64 = former.lost.iter().map(|range| range.last.saturating_sub(range.first) + 1).sum();
    Check::new("former epoch", state, detail)
        .with("epoch", former.epoch.to_string())
        .with("last_seq", former.last_seq)
        .with("lost_count", lost)
}

fn sizes(check: Check, facts: &DeviceFacts) -> Check {
    check
        .with("epoch", facts.health.position.epoch.to_string())
        .with("collected_count", facts.health.position.last_seq)
        .with("database_bytes", facts.database_bytes)
        .with("boot", facts.health.boot)
        .with("checked_ms", facts.checked_ms)
}

fn progress(position: &Position) -> String {
    let unsent = position.last_seq.saturating_sub(position.acknowledged_seq);
    format!("records collected: {}, not yet received by the collector: {unsent}", position.last_seq)
}
