//! The device itself: its version, clock, panel and touch, and who gets in.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use afterword_kiosk_core::gate::Role;
use afterword_model::response::ClockQuality;

use super::Check;
use crate::config::{Config, PanelSize};
use crate::staff::pins::{PinError, Pins};
use crate::{stamp, window};

/// The kernel's list of what can be touched, struck or pushed.
const INPUT_DEVICES: &str = "/proc/bus/input/devices";

/// Bytes of it that are read; a kiosk's has some five.
const INPUT_BYTES_MAX: u64 = 64 * 1024;

/// A clock that is off by more is to be looked at, in milliseconds: as in a network test.
const CLOCK_OFF_MS: u64 = 5_000;

pub(super) fn checks(config: Option<&Config>, data: &Path) -> Vec<Check> {
    let version = env!("CARGO_PKG_VERSION");
    let version = Check::ok("version", format!("afterword-kiosk {version}")).with("kiosk_version", version);
    let panel = config.map(|config| {
        let (width, height) = match config.panel {
            PanelSize::Wide => (1280, 800),
            PanelSize::Small => (800, 480),
            PanelSize::Tall => (720, 1280),
        };
        Check::ok("panel", format!("{width} × {height}, as the configuration says"))
            .with("width_px", width)
            .with("height_px", height)
    });
    [version].into_iter().chain(panel).chain([touch(), pins(data)]).collect()
}

/// What time it is, as far as that can be believed, and how far from the collector's.
pub(crate) fn clock(now_ms: i64, offset_ms: Option<i64>) -> Check {
    const NAME: &str = "clock";
    let quality = stamp::quality(now_ms, stamp::is_synchronised());
    let off = offset_ms.filter(|off| off.unsigned_abs() > CLOCK_OFF_MS);
    let check = match (quality, off) {
        (ClockQuality::Unset, _) => {
            Check::failed(NAME, "certainly wrong; set it, or give the device a network once")
        }
        (_, Some(off)) => Check::warning(NAME, format!("{}; set it, or let the network set it", beside(off))),
        (ClockQuality::Synced, None) => Check::ok(NAME, "synchronised"),
        (ClockQuality::Free, None) if offset_ms.is_some() => {
            Check::ok(NAME, beside(offset_ms.unwrap_or_default()))
        }
        (ClockQuality::Free, None) => Check::warning(
            NAME,
            "plausible, but nobody vouches for it; is systemd-timesyncd running and the network up?",
        ),
    };
    let quality = match quality {
        ClockQuality::Synced => "synced",
        ClockQuality::Free => "free",
        ClockQuality::Unset => "unset",
    };
    check.with("quality", quality).with("offset_ms", offset_ms)
}

fn beside(offset_ms: i64) -> String {
    let seconds = offset_ms.unsigned_abs() as f64 / 1_000.0;
    format!("{seconds:.1} s {} the collector", if offset_ms < 0 { "behind" } else { "ahead of" })
}

/// Whether there is a screen to open a window on.
pub(crate) fn display() -> Check {
    if window::has_display() {
        Check::ok("display", "found")
    } else {
        Check::failed("display", "none; set DISPLAY or WAYLAND_DISPLAY for the user the kiosk runs as")
    }
}

fn touch() -> Check {
    const NAME: &str = "touch";
    let mut bytes = Vec::new();
    let read =
        fs::File::open(INPUT_DEVICES).and_then(|file| file.take(INPUT_BYTES_MAX).read_to_end(&mut bytes));
    if read.is_err() {
        return Check::unknown(NAME, "the system does not say which devices can be touched");
    }
    match touch_panel(&String::from_utf8_lossy(&bytes)) {
        Some(name) => Check::ok(NAME, &name).with("touch_device", name),
        None => Check::warning(NAME, "no touch panel is connected; check its cable, or use a mouse"),
    }
}

/// The first device whose properties say that it is touched where it shows something (`INPUT_PROP_DIRECT`, bit 1).
fn touch_panel(devices: &str) -> Option<String> {
    devices.split("\n\n").find_map(|device| {
        let properties = device.lines().find_map(|line| line.strip_prefix("B: PROP="))?;
        let last_word = properties.split_whitespace().last()?;
        let is_direct = u64::from_str_radix(last_word, 16).ok()? & 0b10 != 0;
        let name = device.lines().find_map(|line| line.strip_prefix("N: Name="))?;
        is_direct.then(|| name.trim_matches('"').chars().filter(|letter| !letter.is_control()).collect())
    })
}

/// Which roles have a PIN, and nothing of the PINs.
fn pins(data: &Path) -> Check {
    const NAME: &str = "PINs";
    match Pins::of(data).roles() {
        Ok(roles) if roles.is_empty() => Check::warning(
            NAME,
            "none, so nobody gets in at the screen; set one with `afterword-kiosk pin set manager`",
        )
        .with("roles", Vec::<&str>::new()),
        Ok(roles) => {
            let names: Vec<&str> = roles.into_iter().map(Role::name).collect();
            Check::ok(NAME, format!("set for {}", names.join(", "))).with("roles", names)
        }
        Err(error @ PinError::File { .. }) => Check::unknown(NAME, error.to_string()),
        Err(error) => Check::failed(NAME, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_touch_panel_is_told_from_a_touch_pad_and_a_keyboard() {
        let device =
            |name: &str, prop: &str| format!("I: Bus=0018\nN: Name=\"{name}\"\nB: PROP={prop}\nB: EV=b\n");
        let pad = device("A pad", "5");
        let keys = device("Keys", "0");
        assert_eq!(touch_panel(&[pad.clone(), keys.clone()].join("\n")), None);
        let panel = device("Goodix Capacitive TouchScreen", "2");
        assert_eq!(touch_panel(&[pad, keys, panel].join("\n")).unwrap(), "Goodix Capacitive TouchScreen");
        assert_eq!(touch_panel("rubbish"), None);
    }

    #[test]
    fn a_clock_beside_the_collectors_is_judged_by_that() {
        let now_ms = afterword_protocol::system::CLOCK_FLOOR_MS + 1;
        assert_eq!(clock(0, Some(0)).state, State::Failed);
        assert_eq!(clock(now_ms, Some(-400)).state, State::Ok);
        let off = clock(now_ms, Some(-5_001));
        assert_eq!((off.state, off.number("offset_ms")), (State::Warning, Some(-5_001)));
        assert!(off.detail.starts_with("5.0 s behind the collector"), "{}", off.detail);
    }
}
