//! Every page on every panel, in every language: what can be touched is on the glass, large enough, and nobody else's.

mod support;

use std::path::Path;

use afterword_ui::view::{Channel, Page, View};
use afterword_ui::{Panel, preview};
use i_slint_backend_testing::{AccessibleRole, ElementRoot};
use support::Screen;

const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "pl", "ar"];

/// The smallest side of what a shopper touches, in millimetres.
const TARGET_MM: f32 = 12.0;
/// The same of a key among letters, eleven of which have to stand in a row; its hit area reaches over the gaps to the next.
const LETTER_MM: (f32, f32) = (6.9, 10.3);
/// The same in reach on the small panel, where four rows and the row of the header share what is below 40 % of the height.
const LOW_LETTER_MM: (f32, f32) = (6.9, 9.1);

#[derive(Debug, Clone, PartialEq)]
struct Control {
    label: String,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Control {
    fn overlaps(&self, other: &Self) -> bool {
        self.left + self.width > other.left + 0.5
            && other.left + other.width > self.left + 0.5
            && self.top + self.height > other.top + 0.5
            && other.top + other.height > self.top + 0.5
    }
}

fn controls(screen: &Screen) -> Vec<Control> {
    let mut controls: Vec<Control> = Vec::new();
    for element in screen.ui.component().root_element().query_descendants().find_all() {
        let is_control = matches!(
            element.accessible_role(),
            Some(
                AccessibleRole::Button
                    | AccessibleRole::Checkbox
                    | AccessibleRole::RadioButton
                    | AccessibleRole::Switch
            )
        );
        if !is_control {
            continue;
        }
        let (position, size) = (element.absolute_position(), element.size());
        let control = Control {
            label: element.accessible_label().unwrap_or_default().into(),
            left: position.x,
            top: position.y,
            width: size.width,
            height: size.height,
        };
        // A component's own element and the one it is made of both answer; they lie at the same place.
        if !controls.contains(&control) {
            controls.push(control);
        }
    }
    controls
}

/// Every page on this panel in every language.
fn each_page(panel: Panel, mut check: impl FnMut(&str, &View, &Screen)) {
    let pages = preview::pages();
    let fonts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts");
    let screen = Screen::showing(&pages[0].1, &fonts);
    screen.fit(panel);
    for (name, view) in &pages {
        for language in LANGUAGES {
            let mut view = view.clone();
            view.look.language = language.into();
            screen.ui.show(&view);
            screen.draw();
            check(&format!("{name} in {language} on {panel:?}"), &view, &screen);
        }
    }
}

fn what_can_be_touched_is_in_its_place(panel: Panel) {
    let (width, height) = panel.pixels();
    let (width, height) = (width as f32, height as f32);
    let mut problems = Vec::new();
    each_page(panel, |name, view, screen| {
        let controls = controls(screen);
        let is_resting = matches!(view.page, Page::OutOfService(_));
        assert!(is_resting || !controls.is_empty(), "{name} has nothing to touch");
        for (index, control) in controls.iter().enumerate() {
            let Control { label, left, top, .. } = control;
            let inside = *left >= 0.0
                && *top >= 0.0
                && left + control.width <= width + 0.5
                && top + control.height <= height + 0.5;
            if !inside {
                problems.push(format!("{name}: {control:?} is not all on the glass"));
            }
            let mm = (control.width / panel.pixels_per_mm(), control.height / panel.pixels_per_mm());
            let has_letters = match &view.page {
                Page::Comment(_) => true,
                Page::Contact(contact) => contact.channel == Channel::Email,
                _ => false,
            };
            let tray = if view.look.reach { 0.39 } else { 0.44 };
            let is_letter = has_letters && *top > height * tray;
            let smallest = match (is_letter, view.look.reach && panel == Panel::Small) {
                (false, _) => (TARGET_MM, TARGET_MM),
                (true, false) => LETTER_MM,
                (true, true) => LOW_LETTER_MM,
            };
            if mm.0 < smallest.0 || mm.1 < smallest.1 {
                problems.push(format!("{name}: `{label}` is {:.1} x {:.1} mm", mm.0, mm.1));
            }
            if view.look.reach && *top < height * 0.4 {
                problems.push(format!("{name}: `{label}` is out of reach at {top}"));
            }
            for other in &controls[index + 1..] {
                if control.overlaps(other) {
                    problems.push(format!("{name}: `{label}` and `{}` overlap", other.label));
                }
            }
        }
    });
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn what_can_be_touched_on_the_wide_panel_is_in_its_place() {
    what_can_be_touched_is_in_its_place(Panel::Wide);
}

#[test]
fn what_can_be_touched_on_the_small_panel_is_in_its_place() {
    what_can_be_touched_is_in_its_place(Panel::Small);
}

#[test]
fn what_can_be_touched_on_the_tall_panel_is_in_its_place() {
    what_can_be_touched_is_in_its_place(Panel::Tall);
}

/// What a telephone makes of the code on the ticket, in either look.
#[test]
fn the_code_on_the_ticket_can_be_read_on_every_panel() {
    let page = |name| preview::pages().into_iter().find(|(stem, _)| *stem == name).expect("a page").1;
    let pages = [page("kiosk-09-thanks"), page("kiosk-09d-thanks-high-contrast")];
    let screen = Screen::showing(&pages[0], &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"));
    for panel in [Panel::Small, Panel::Tall, Panel::Wide] {
        screen.fit(panel);
        for view in &pages {
            screen.ui.show(view);
            screen.draw();
            let (width, height) = panel.pixels();
            let mut seen =
                rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, |x, y| {
                    screen.pixel(x as u32, y as u32).1
                });
            let codes = seen.detect_grids();
            assert_eq!(codes.len(), 1, "{panel:?}");
            let (_, said) = codes[0].decode().expect("a code that can be read");
            assert_eq!(said, "HARBOUR-STREET/THANKS/7K2M-94QD", "{panel:?}");
        }
    }
}
