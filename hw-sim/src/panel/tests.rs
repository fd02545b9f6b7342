//! What a host can rely on: taps become intents, little is repainted, pictures hold what was drawn.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use afterword_ui::{Intent, KioskUi, fonts, preview};

use super::Panel;

/// A panel that shows the first page of the preview, and the intents it gives.
fn panel(font_dir: &std::path::Path) -> (Panel, KioskUi, Rc<RefCell<Vec<Intent>>>) {
    fonts::install(font_dir).unwrap();
    let panel = Panel::install(1280, 800).unwrap();
    let ui = KioskUi::new().unwrap();
    let intents = Rc::new(RefCell::new(Vec::new()));
    let heard = intents.clone();
    ui.on_intent(move |intent| heard.borrow_mut().push(intent));
    ui.show(&preview::pages()[0].1);
    ui.open().unwrap();
    (panel, ui, intents)
}

/// Kept for the life of the process, because every test's fonts are looked up there.
fn font_dir() -> std::path::PathBuf {
    std::env::temp_dir().join("afterword-sim-test-fonts")
}

#[test]
fn a_tap_on_the_glass_becomes_an_intent_and_repaints_little() {
    let (panel, _ui, intents) = panel(&font_dir());
    assert_eq!(panel.draw().area_px(), 1280 * 800, "the first frame is the whole screen");
    assert!(panel.draw().is_empty(), "nothing has changed since");

    panel.press(154.0, 470.0);
    let held = panel.draw();
    assert!(held.area_px() <= 228 * 376, "{held:?}");
    panel.advance(Duration::from_millis(80));
    panel.release(154.0, 470.0);
    panel.draw();
    assert_eq!(*intents.borrow(), [Intent::Rate(1)]);
    assert_eq!(panel.now(), Duration::from_millis(80));
}

#[test]
fn a_picture_holds_what_was_drawn() {
    let (panel, _ui, _) = panel(&font_dir());
    panel.draw();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page.png");
    panel.save_png(&path).unwrap();
    let picture = image::open(&path).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (1280, 800));
    assert_eq!(picture.get_pixel(10, 10).0, [0xE4, 0xE6, 0xE1], "the ground is stone");
    assert_eq!(picture.get_pixel(640, 790).0, [0x14, 0x18, 0x1A], "the strip is ink");

    let error = panel.save_png(&dir.path().join("missing/page.png")).unwrap_err();
    assert!(error.to_string().contains("missing/page.png"), "{error}");
}

#[test]
fn one_thread_has_one_panel() {
    let _first = Panel::install(1280, 800).unwrap();
    assert!(Panel::install(1280, 800).is_err());
    assert!(Panel::install(0, 800).is_err());
}
