//! What is on the pages of staff: the numbers of a Saturday at two.

use super::browse;
use super::device::{device, enrolled};
use super::follow_ups::{act, follow_ups, leaves};
use super::words::Words;
use crate::view::Page;
use crate::view::device::Device;
use crate::view::follow_ups::{FollowUps, Since};
use crate::view::staff::{
    Bar, Before, Hour, Network, Numbers, Pin, PinNotice, Range, ReasonCount, Room, Tab, Tile, TileKind,
    Words as Said,
};

/// Every page by the stem of its picture's file name.
pub(super) fn of(words: &Words) -> Vec<(&'static str, Page)> {
    let mut pages = vec![
        ("kiosk-12-manager-pin", Page::Pin(Pin { typed: 3, checking: false, notice: PinNotice::Wrong(3) })),
        ("kiosk-12b-manager-pin-locked", Page::Pin(Pin { notice: PinNotice::Locked(15), ..Pin::default() })),
        ("kiosk-12c-manager-pin-none", Page::Pin(Pin { notice: PinNotice::NoPins, ..Pin::default() })),
        ("kiosk-13-manager-summary", Page::Numbers(Box::new(numbers(words)))),
        ("kiosk-13b-manager-summary-few", Page::Numbers(Box::new(few(words)))),
        (
            "kiosk-13c-manager-summary-failed",
            Page::Numbers(Box::new(Numbers {
                failed: true,
                bar: bar(words, Tab::Summary),
                ..Numbers::default()
            })),
        ),
        ("kiosk-14-manager-followups", Page::FollowUps(Box::new(follow_ups(words)))),
        ("kiosk-14b-manager-followups-leaves", Page::FollowUps(Box::new(leaves(words)))),
        (
            "kiosk-14c-manager-followups-none",
            Page::FollowUps(Box::new(FollowUps {
                bar: Bar { open: 0, ..bar(words, Tab::FollowUps) },
                is_read: true,
                ..FollowUps::default()
            })),
        ),
        ("kiosk-14d-manager-act", Page::Act(Box::new(act(words)))),
        ("kiosk-15-device-setup", Page::Device(Box::new(device(words)))),
        ("kiosk-15b-device-code", Page::Device(Box::new(Device { types: true, ..device(words) }))),
        ("kiosk-15c-device-enrolled", Page::Device(Box::new(enrolled(words)))),
    ];
    pages.extend(browse::of(words, numbers(words)));
    pages
}

/// What stands at the top.
pub(super) fn bar(words: &Words, tab: Tab) -> Bar {
    Bar { store_name: words.store_name.into(), tab, open: 5, has_device: true }
}

fn tile(kind: TileKind, value: &str, unit: &str, range: (f32, f32, f32), words: (&str, &str)) -> Tile {
    let (low, at, high) = range;
    let words = (words.0.to_owned(), words.1.to_owned());
    Tile {
        kind,
        value: value.into(),
        unit: unit.into(),
        range: Some(Range { at, ends: (low, high), words }),
        before: None,
    }
}

fn before(tile: Tile, at: f32, words: &str, has_risen: Option<bool>) -> Tile {
    Tile { before: Some(Before { at, words: words.into(), has_risen }), ..tile }
}

fn numbers(words: &Words) -> Numbers {
    let satisfied = tile(TileKind::Satisfied, "74", "%", (0.46, 0.56, 0.65), ("68 %", "79 %"));
    let recommend = tile(TileKind::Recommend, "+31", "", (0.34, 0.51, 0.67), ("+14", "+47"));
    let completed = tile(TileKind::Completed, "83", "%", (0.56, 0.65, 0.74), ("78 %", "87 %"));
    let counts = [
        [1, 1, 2, 6, 4],
        [1, 1, 2, 10, 8],
        [1, 1, 3, 13, 11],
        [1, 2, 4, 16, 14],
        [4, 5, 6, 14, 12],
        [4, 5, 5, 14, 13],
        [2, 3, 3, 11, 11],
    ];
    let hour = |place: usize| Hour {
        label: (place + 8).to_string(),
        is_now: place == 6,
        counts: counts.get(place).copied().unwrap_or_default(),
    };
    let reason = |icon: &str, place: usize, count| ReasonCount {
        icon: icon.into(),
        label: words.options[place].into(),
        count,
    };
    let said = |face, time: &str, reasons: [usize; 2], wants_reply| Said {
        face: Some(face),
        time: time.into(),
        text: words.comment.1.split(' ').take(5).collect::<Vec<_>>().join(" "),
        reasons: reasons.map(|place| words.options[place]).join(", "),
        wants_reply,
        is_hidden: false,
    };
    Numbers {
        is_read: true,
        failed: false,
        bar: bar(words, Tab::Summary),
        range: 0,
        days: String::new(),
        flagged: 12,
        without_flagged: false,
        can_export: true,
        tiles: vec![
            before(satisfied, 0.5, "70 %", None),
            before(recommend, 0.46, "+26", None),
            tile(TileKind::Responses, "214", "", (0.4, 0.57, 0.68), ("180", "236")),
            before(completed, 0.6, "78 %", Some(true)),
        ],
        hours: (0..13).map(hour).collect(),
        hours_top: 50.0,
        axis: vec![20, 40],
        face_words: words.faces.map(String::from).into(),
        wrong_visits: 31,
        reasons: vec![
            reason("waiting", 1, 14),
            reason("checkout", 2, 11),
            reason("availability", 3, 8),
            reason("staff", 0, 4),
            reason("finding", 6, 3),
        ],
        words: vec![
            said(2, "14:26", [1, 2], true),
            said(5, "14:11", [0, 6], false),
            said(1, "13:58", [4, 2], false),
        ],
        weekday: words.days.0[5].into(),
        sent: Some(Since::Minutes(12)),
        waiting: 14,
        clock_is_sure: true,
        network: Network::Good,
        room: Some(Room { free: "2.0 GB".into(), is_low: false }),
    }
}

/// A shop that has just opened.
fn few(words: &Words) -> Numbers {
    let nothing = |kind| Tile { kind, value: "–".into(), ..Tile::default() };
    Numbers {
        is_read: true,
        bar: bar(words, Tab::Summary),
        tiles: vec![
            nothing(TileKind::Satisfied),
            nothing(TileKind::Recommend),
            Tile { kind: TileKind::Responses, value: "2".into(), ..Tile::default() },
            nothing(TileKind::Completed),
        ],
        hours: vec![Hour { label: "8".into(), is_now: true, counts: [0, 0, 0, 1, 1] }],
        hours_top: 5.0,
        face_words: words.faces.map(String::from).into(),
        ..Numbers::default()
    }
}
