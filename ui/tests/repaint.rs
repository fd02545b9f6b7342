//! A tap repaints little: the dirty region is what a slow panel pays for.

mod support;

use std::path::Path;

use afterword_ui::preview;
use afterword_ui::view::Page;
use support::{Screen, view};

/// The text field of the comment page with the row of the counter below it.
const FIELD_AND_COUNTER: [i32; 4] = [40, 162, 1240, 349];

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

fn area(rectangles: &[[i32; 4]]) -> i32 {
    rectangles.iter().map(|[left, top, right, bottom]| (right - left) * (bottom - top)).sum()
}

fn lie_within(rectangles: &[[i32; 4]], [left, top, right, bottom]: [i32; 4]) -> bool {
    rectangles.iter().all(|[l, t, r, b]| *l >= left && *t >= top && *r <= right && *b <= bottom)
}

#[test]
fn the_same_view_again_repaints_nothing() {
    let screen = screen("kiosk-01-idle-rating");
    for (name, view) in preview::pages() {
        screen.ui.show(&view);
        screen.draw();
        screen.ui.show(&view);
        assert_eq!(screen.draw(), Vec::<[i32; 4]>::new(), "{name}");
    }
}

#[test]
fn a_letter_repaints_the_field_and_the_counter_and_not_the_keyboard() {
    let screen = screen("kiosk-07-comment");
    let mut longer = view("kiosk-07-comment");
    if let Page::Comment(comment) = &mut longer.page {
        comment.text.push('i');
        comment.caret += 1;
        comment.count += 1;
    }
    screen.ui.show(&longer);
    let dirty = screen.draw();
    assert!(!dirty.is_empty());
    assert!(lie_within(&dirty, FIELD_AND_COUNTER), "{dirty:?}");
    assert!(area(&dirty) < area(&[FIELD_AND_COUNTER]), "{dirty:?}");
}

#[test]
fn a_key_of_the_keyboard_repaints_itself() {
    let screen = screen("kiosk-07-comment");
    screen.press(577.0, 420.0);
    let dirty = screen.draw();
    assert!(lie_within(&dirty, [519, 373, 636, 467]), "{dirty:?}");
    screen.release(577.0, 420.0);
    assert!(lie_within(&screen.draw(), [519, 373, 636, 467]));
}

#[test]
fn the_ring_of_a_keypad_repaints_what_it_leaves_and_where_it_comes() {
    let screen = screen("kiosk-07-comment");
    let tab = slint::SharedString::from(slint::platform::Key::Tab);
    for _ in 0..6 {
        screen.key(&tab);
        screen.draw();
    }
    let around = |[left, top, width, height]: [f32; 4]| {
        [left - 13.0, top - 13.0, left + width + 13.0, top + height + 13.0].map(|side| side as i32)
    };
    let before = around(screen.ui.ring().expect("a ring"));
    screen.key(&tab);
    let now = around(screen.ui.ring().expect("a ring"));
    let dirty = screen.draw();
    let both = [before[0].min(now[0]), before[1].min(now[1]), before[2].max(now[2]), before[3].max(now[3])];
    assert!(!dirty.is_empty() && lie_within(&dirty, both), "{dirty:?} in {both:?}");
}

#[test]
fn a_chosen_reason_repaints_its_chip_and_the_count() {
    let screen = screen("kiosk-06-reasons");
    let mut chosen = view("kiosk-06-reasons");
    if let Page::Reasons(reasons) = &mut chosen.page {
        reasons.options[0].chosen = true;
    }
    screen.ui.show(&chosen);
    let dirty = screen.draw();
    let (chip, count) = ([40, 262, 328, 442], [41, 688, 661, 768]);
    assert!(dirty.iter().all(|part| lie_within(&[*part], chip) || lie_within(&[*part], count)), "{dirty:?}");
    assert_eq!(screen.pixel(42, 350), (0x11, 0x45, 0x99), "the chip's edge is the accent");
}

#[test]
fn time_passing_repaints_the_ring_alone() {
    let screen = screen("kiosk-06-reasons");
    let mut later = view("kiosk-06-reasons");
    if let Page::Reasons(reasons) = &mut later.page {
        reasons.header.time_left = 0.5;
    }
    screen.ui.show(&later);
    let dirty = screen.draw();
    assert!(!dirty.is_empty() && lie_within(&dirty, [1164, 16, 1244, 96]), "{dirty:?}");
}

#[test]
fn nothing_moves_or_blinks_by_itself() {
    let screen = screen("kiosk-01-idle-rating");
    for name in ["kiosk-01-idle-rating", "kiosk-07-comment", "kiosk-09-thanks"] {
        screen.ui.show(&view(name));
        screen.draw();
        screen.advance(std::time::Duration::from_secs(3));
        assert_eq!(screen.draw(), Vec::<[i32; 4]>::new(), "{name}");
    }
}
