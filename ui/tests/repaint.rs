//! A tap repaints little: the dirty region is what a slow panel pays for.

mod support;

use std::path::Path;

use afterword_ui::view::{Page, View};
use afterword_ui::{Panel, preview};
use i_slint_backend_testing::{AccessibleRole, ElementHandle};
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

/// The middle of the key with this label, and its area in pixels.
fn key(screen: &Screen, label: &str) -> ((f32, f32), f32) {
    let is_key = |element: &ElementHandle| element.accessible_role() != Some(AccessibleRole::Text);
    let found = ElementHandle::find_by_accessible_label(screen.ui.component(), label).find(is_key);
    let Some(key) = found else { panic!("there is no {label:?}") };
    let (corner, size) = (key.absolute_position(), key.size());
    ((corner.x + size.width / 2.0, corner.y + size.height / 2.0), size.width * size.height)
}

/// On each panel, a finger on a key draws that key and little around it, and so does its leaving.
#[test]
fn a_finger_on_a_key_repaints_that_key_on_every_panel() {
    let screen = screen("kiosk-01-idle-rating");
    for panel in Panel::ALL {
        screen.fit(panel);
        for (name, label) in [
            ("kiosk-01-idle-rating", "Good"),
            ("kiosk-01-idle-rating", "Polski"),
            ("kiosk-06-reasons", "Price"),
            ("kiosk-06-reasons", "Next"),
            ("kiosk-06-reasons", "Poor. Change"),
            ("kiosk-07-comment", "g"),
            ("kiosk-07-comment", "Done"),
            ("kiosk-08-contact", "5"),
            (
                "kiosk-08c-contact-empty",
                "Yes, Harbour Street may contact me about this visit, and nothing else.",
            ),
            ("kiosk-10-nps", "7"),
            ("kiosk-11-stars", "2 stars"),
            ("kiosk-11d-thumbs", "Yes"),
            ("kiosk-16-easier-to-use", "High contrast"),
            ("kiosk-17-still-there", "I need more time"),
        ] {
            screen.ui.show(&view(name));
            screen.draw();
            let ((x, y), size) = key(&screen, label);
            screen.press(x, y);
            let down = area(&screen.draw()) as f32;
            screen.advance(std::time::Duration::from_millis(80));
            screen.release(x, y);
            let up = area(&screen.draw()) as f32;
            for (when, drawn) in [("down", down), ("up", up)] {
                assert!(
                    drawn > 0.0 && drawn <= 1.5 * size,
                    "{label:?} of {name} on {panel:?}, {when}: {drawn} of its {size} pixels"
                );
            }
        }
    }
}

/// What the answer to a tap changes: the key's own look, and what counts it.
#[test]
fn what_a_tap_changes_is_all_that_it_repaints_on_every_panel() {
    let screen = screen("kiosk-06-reasons");
    for panel in Panel::ALL {
        screen.fit(panel);
        let shown = |before: View, after: View, label: &str| {
            screen.ui.show(&before);
            screen.draw();
            let (_, size) = key(&screen, label);
            screen.ui.show(&after);
            (area(&screen.draw()) as f32, size)
        };
        let (width, _) = panel.pixels();

        let (before, mut after) = (view("kiosk-06-reasons"), view("kiosk-06-reasons"));
        if let Page::Reasons(page) = &mut after.page {
            page.options[4].chosen = true;
        }
        let (drawn, chip) = shown(before, after, "Price");
        let count_line = 0.5 * width as f32 * 110.0;
        assert!(drawn > 0.0 && drawn <= 1.5 * chip + count_line, "a chip on {panel:?}: {drawn} of {chip}");

        let (before, mut after) = (view("kiosk-11-stars"), view("kiosk-11-stars"));
        if let Page::Rating(page) = &mut after.page {
            page.scale.chosen = Some(5);
        }
        let (drawn, star) = shown(before, after, "5 stars");
        assert!(
            drawn > 0.0 && drawn <= 1.5 * 2.0 * star + count_line,
            "from four stars to five on {panel:?}: {drawn} of {star} each"
        );

        let (before, mut after) = (view("kiosk-08-contact"), view("kiosk-08-contact"));
        if let Page::Contact(page) = &mut after.page {
            page.consented = false;
        }
        let consent = "Yes, Harbour Street may contact me about this visit, and nothing else.";
        let (drawn, box_and_words) = shown(before, after, consent);
        assert!(drawn > 0.0 && drawn <= box_and_words, "consent on {panel:?}: {drawn} of {box_and_words}");
    }
}
