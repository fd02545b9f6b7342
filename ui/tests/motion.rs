//! What moves, for how long, and that none of it does in reduced motion.

mod support;

use std::path::Path;
use std::time::Duration;

use afterword_ui::view::Page;
use support::{Screen, view};

const STONE: (u8, u8, u8) = (0xE4, 0xE6, 0xE1);
const INK: (u8, u8, u8) = (0x14, 0x18, 0x1A);
/// On the upper edge of the first reason's key.
const EDGE: (u32, u32) = (180, 263);
/// In the middle of the glass's upper half, where the thanks page has nothing but ink.
const ABOVE: (u32, u32) = (600, 20);

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

fn at(screen: &Screen, (x, y): (u32, u32)) -> (u8, u8, u8) {
    screen.draw();
    screen.pixel(x, y)
}

fn pass(screen: &Screen, ms: u64) {
    screen.advance(Duration::from_millis(ms));
    screen.draw();
}

#[test]
fn a_new_page_appears_low_at_once_and_settles() {
    let screen = screen("kiosk-01-idle-rating");
    screen.ui.let_move();
    screen.ui.show(&view("kiosk-06-reasons"));
    assert_eq!(at(&screen, EDGE), STONE, "the page is 12 px low");
    assert_ne!(at(&screen, (EDGE.0, EDGE.1 + 12)), STONE, "and it is there");
    pass(&screen, 200);
    assert_ne!(at(&screen, EDGE), STONE, "it has settled");
    pass(&screen, 20);
    assert!(screen.draw().is_empty(), "and stays");
}

#[test]
fn the_strip_rises_and_becomes_the_thanks_and_sinks_again() {
    let screen = screen("kiosk-01-idle-rating");
    screen.ui.let_move();
    screen.ui.show(&view("kiosk-09b-thanks-plain"));
    assert_eq!(at(&screen, ABOVE), STONE, "the ink begins at the strip");
    pass(&screen, 120);
    assert_eq!(at(&screen, ABOVE), STONE);
    assert_eq!(at(&screen, (600, 660)), INK, "half-way it has left the foot");
    pass(&screen, 160);
    assert_eq!(at(&screen, ABOVE), INK, "the thanks is all there");

    screen.ui.show(&view("kiosk-01-idle-rating"));
    assert_eq!(at(&screen, ABOVE), INK);
    pass(&screen, 280);
    assert_eq!(at(&screen, ABOVE), STONE);
    pass(&screen, 20);
    assert!(screen.draw().is_empty());
}

#[test]
fn a_key_turns_at_once_and_sinks_within_60_ms() {
    let screen = screen("kiosk-01-idle-rating");
    screen.ui.let_move();
    screen.press(154.0, 476.0);
    assert_eq!(at(&screen, (154, 640)), INK, "the colour is there with the next picture");
    let first = screen.pixels_between(300, 620);
    pass(&screen, 100);
    assert_ne!(screen.pixels_between(300, 620), first, "the face has sunk");
    pass(&screen, 20);
    assert!(screen.draw().is_empty());
}

#[test]
fn in_reduced_motion_everything_is_at_its_end_at_once_and_a_ring_is_a_number() {
    let screen = screen("kiosk-01-idle-rating");
    screen.ui.let_move();
    screen.ui.reduce_motion();
    for name in ["kiosk-06-reasons", "kiosk-09-thanks", "kiosk-01-idle-rating"] {
        screen.ui.show(&view(name));
        screen.draw();
        screen.advance(Duration::from_secs(1));
        assert!(screen.draw().is_empty(), "{name} moved");
    }
    // A ring that runs repaints four times a second; a number, once.
    let mut page = view("kiosk-06-reasons");
    screen.ui.show(&page);
    screen.draw();
    let mut tick = |time_left, seconds_left| {
        if let Page::Reasons(reasons) = &mut page.page {
            (reasons.header.time_left, reasons.header.seconds_left) = (time_left, seconds_left);
        }
        screen.ui.show(&page);
        screen.draw()
    };
    tick(0.8, 24);
    assert!(tick(0.79, 24).is_empty(), "nothing is seen between two seconds");
    assert!(!tick(0.78, 23).is_empty(), "the next second is");
    screen.save(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("reduced-motion.png"));
}

#[test]
fn a_shifted_picture_leaves_no_line_beside_it() {
    let screen = screen("kiosk-19-asleep");
    for place in [(2, 3), (-2, 3), (-2, 0)] {
        screen.ui.shift(place);
        for corner in [(0, 0), (1279, 0), (0, 799), (1279, 799)] {
            assert_eq!(at(&screen, corner), (0, 0, 0), "{place:?} at {corner:?}");
        }
    }
    screen.ui.show(&view("kiosk-01-idle-rating"));
    for place in [(2, 3), (-2, 3), (0, 0)] {
        screen.ui.shift(place);
        for corner in [(0, 799), (1279, 799)] {
            assert_eq!(at(&screen, corner), INK, "{place:?} at {corner:?}");
        }
        assert_eq!(at(&screen, (0, 0)), STONE, "{place:?}");
    }
}
