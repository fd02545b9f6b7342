//! Every page on every panel, in every language: what can be touched is on the glass, large enough, and nobody else's.

mod support;

use std::path::Path;

use afterword_ui::view::{Channel, Contact, Page, View};
use afterword_ui::{Panel, preview};
use i_slint_backend_testing::{ElementHandle, ElementRoot};
use support::Screen;

const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "pl", "ar"];

/// What a finger hits for certain, in millimetres both ways: what can be touched is as large, whatever is drawn.
const FINGER_MM: (f32, f32) = (15.0, 15.0);
/// What staff touch, who take their time.
const STAFF_MM: (f32, f32) = (9.0, 9.0);
/// From a letter to the next; where eleven stand in a row, ten elevenths of that.
const LETTER_MM: (f32, f32) = (8.5, 11.0);
/// Where what can be touched begins in reach, as a share of the height: the lower three fifths, and on the 7-inch panels, which are
/// less far across, the lower two thirds.
fn reach_from(panel: Panel) -> f32 {
    if panel == Panel::Wide { 0.4 } else { 1.0 / 3.0 }
}

/// Left, top, right and bottom, in pixels.
type Place = [f32; 4];

#[derive(Debug, Clone, PartialEq)]
struct Control {
    label: String,
    /// Where it is drawn.
    place: Place,
    /// Where it can be touched.
    touch: Place,
    is_field: bool,
}

impl Control {
    fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.touch, other.touch);
        one[2] > other[0] + 0.5
            && other[2] > one[0] + 0.5
            && one[3] > other[1] + 0.5
            && other[3] > one[1] + 0.5
    }
}

fn place(element: &ElementHandle) -> Place {
    let (corner, size) = (element.absolute_position(), element.size());
    [corner.x, corner.y, corner.x + size.width, corner.y + size.height]
}

fn controls(screen: &Screen) -> Vec<Control> {
    let root = screen.ui.component().root_element();
    let touches: Vec<Place> =
        root.query_descendants().match_inherits("TouchArea").find_all().iter().map(place).collect();
    let mut controls: Vec<Control> = Vec::new();
    for element in root.query_descendants().find_all() {
        let (is_key, is_field) = (support::is_key(&element), support::is_field(&element));
        if !is_key && !is_field {
            continue;
        }
        let place = place(&element);
        let (x, y) = ((place[0] + place[2]) / 2.0, (place[1] + place[3]) / 2.0);
        let is_over = |touch: &&Place| touch[0] <= x && x <= touch[2] && touch[1] <= y && y <= touch[3];
        let area = |touch: &Place| (touch[2] - touch[0]) * (touch[3] - touch[1]);
        let touch = touches.iter().filter(is_over).min_by(|one, other| area(one).total_cmp(&area(other)));
        let touch = *touch.filter(|_| is_key).unwrap_or(&place);
        let control =
            Control { label: element.accessible_label().unwrap_or_default().into(), place, touch, is_field };
        // A component's own element and the one it is made of both answer; they lie at the same place.
        if !controls.contains(&control) {
            controls.push(control);
        }
    }
    controls
}

/// A key of the pad, which the key that erases stands on without a figure.
fn is_of_pad(control: &Control, controls: &[Control]) -> bool {
    let is_figure = |label: &str| label == "+" || label.parse::<u8>().is_ok();
    let zero = controls.iter().find(|other| other.label == "0");
    is_figure(&control.label) || zero.is_some_and(|zero| zero.place[1] == control.place[1])
}

/// How large what can be touched has to be.
fn smallest(panel: Panel, view: &View, control: &Control, controls: &[Control]) -> (f32, f32) {
    let is_low = view.look.reach;
    let by_email = matches!(view.page, Page::Contact(_));
    let keyboard = match panel {
        Panel::Wide if is_low => {
            if by_email {
                414.0
            } else {
                316.0
            }
        }
        Panel::Small if is_low => 166.0,
        Panel::Tall if is_low => {
            if by_email {
                764.0
            } else {
                616.0
            }
        }
        _ => panel.pixels().1 as f32 * 0.44,
    };
    match &view.page {
        Page::Comment(_) | Page::Contact(Contact { channel: Channel::Email, .. })
            if control.place[1] > keyboard =>
        {
            let eleven = matches!(view.look.language.as_str(), "de" | "ar");
            (if eleven { LETTER_MM.0 * 10.0 / 11.0 } else { LETTER_MM.0 }, LETTER_MM.1)
        }
        // A telephone's pad is a keyboard too.
        Page::Contact(_) if is_of_pad(control, controls) => LETTER_MM,
        Page::Pin(_)
        | Page::Numbers(_)
        | Page::FollowUps(_)
        | Page::Act(_)
        | Page::Device(_)
        | Page::Words(_)
        | Page::Parts(_)
        | Page::Days(_)
        | Page::Export(_) => STAFF_MM,
        _ => FINGER_MM,
    }
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
            let Control { label, place, touch, is_field } = control;
            let inside =
                place[0] >= 0.0 && place[1] >= 0.0 && place[2] <= width + 0.5 && place[3] <= height + 0.5;
            if !inside {
                problems.push(format!("{name}: {control:?} is not all on the glass"));
            }
            let mm = |pixels: f32| pixels / panel.pixels_per_mm();
            let (wide, high) = (mm(touch[2] - touch[0]), mm(touch[3] - touch[1]));
            let smallest = smallest(panel, view, control, &controls);
            // Half a pixel is no finger's matter.
            if !is_field && (wide + mm(0.5) < smallest.0 || high + mm(0.5) < smallest.1) {
                problems.push(format!(
                    "{name}: `{label}` can be touched on {wide:.1} x {high:.1} mm, {smallest:?} are needed"
                ));
            }
            // A field above a keyboard is there to be read.
            if view.look.reach && !is_field && place[1] < height * reach_from(panel) {
                problems.push(format!("{name}: `{label}` is out of reach at {}", place[1]));
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

/// Where there are no greys, a key that does nothing now has no lip and a thin line around it.
#[test]
fn a_key_that_does_nothing_is_told_by_its_shape_where_there_are_no_greys() {
    let mut view = support::view("kiosk-14d-manager-act");
    view.look.high_contrast = true;
    let screen = Screen::showing(&view, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"));
    let keys = screen.ui.component().root_element().query_descendants().find_all();
    let white_at_the_foot = |name: &str| {
        let is_meant = |key: &&ElementHandle| {
            support::is_key(key) && key.accessible_label().is_some_and(|label| label == name)
        };
        let key = keys.iter().find(is_meant).expect("the page has this key");
        let (corner, size) = (key.absolute_position(), key.size());
        let (middle, foot) = ((corner.x + size.width / 2.0) as u32, (corner.y + size.height) as u32);
        (1..=12).filter(|up| screen.pixel(middle, foot - up) == (255, 255, 255)).count()
    };
    assert!(white_at_the_foot("Cancel") >= 8, "a line and a lip");
    assert!(white_at_the_foot("Mark acted") <= 2, "a thin line");
}
