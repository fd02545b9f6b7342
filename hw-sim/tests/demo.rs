//! The demo as a newcomer runs it: no display, no fonts, nothing but the program.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

/// A page that has not been drawn by then will not be; a debug build on a busy machine takes seconds.
const LOOKS_MAX: u32 = 1_200;
const LOOK_EVERY: Duration = Duration::from_millis(100);

fn demo(out: &Path, shoppers: u32) -> Command {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_afterword-sim"));
    demo.args(["demo", "--headless", "--seed", "7", "--shoppers", &shoppers.to_string(), "--out"]).arg(out);
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "RUST_LOG", "FONTCONFIG_FILE", "SLINT_FONT_PATH"] {
        demo.env_remove(variable);
    }
    demo
}

fn last_line(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

/// The number of records, from a line that says that all is well.
fn all_is_well(line: &str) -> u64 {
    let words: Vec<&str> = line.split(' ').collect();
    let [collected, "collected,", received, "received,", "chain", "verified"] = words[..] else {
        panic!("not the line that was promised: {line}")
    };
    assert_eq!(collected, received);
    collected.parse().unwrap()
}

/// A killed demo must not go on drawing after the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_shopper_of_a_demo_is_received() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), 12).output().unwrap();
    assert!(all_is_well(&last_line(&output)) >= 12, "every shopper taps at least once: {output:?}");
    for page in ["question", "question-chosen", "reasons", "comment", "thanks"] {
        assert!(folder.path().join(format!("{page}.png")).exists(), "{page} was never drawn");
    }
}

#[tokio::test]
async fn a_demo_that_was_killed_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let killed = Running(demo(folder.path(), u32::MAX).spawn().unwrap());
    let mut look = tokio::time::interval(LOOK_EVERY);
    for _ in 0..LOOKS_MAX {
        look.tick().await;
        if folder.path().join("thanks.png").exists() {
            break;
        }
    }
    assert!(folder.path().join("thanks.png").exists(), "nobody was thanked");
    drop(killed);
    let output = demo(folder.path(), 2).output().unwrap();
    assert!(all_is_well(&last_line(&output)) >= 3, "the first run's records and two more");
}

#[test]
fn every_page_is_drawn_without_a_display() {
    let folder = tempfile::tempdir().unwrap();
    let screens = |panel: &str| {
        let mut screens = Command::new(env!("CARGO_BIN_EXE_afterword-sim"));
        screens.args(["screens", "--panel", panel, "--out"]).arg(folder.path());
        screens.output().unwrap()
    };
    let output = screens("1280x800");
    assert!(output.status.success(), "{output:?}");
    for page in [
        "kiosk-01-idle-rating",
        "kiosk-06-reasons",
        "kiosk-07-comment",
        "kiosk-09-thanks",
        "kiosk-17-still-there",
    ] {
        assert!(folder.path().join(format!("{page}.png")).exists(), "{page} is missing");
    }
    let refused = screens("640x480");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("640x480"), "{refused:?}");
}

#[test]
fn every_page_is_drawn_on_every_panel_in_both_directions_and_both_themes_with_a_sheet_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut screens = Command::new(env!("CARGO_BIN_EXE_afterword-sim"));
    let output = screens.args(["screens", "--all", "--out"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for (panel, (width, height)) in
        [("1280x800", (1280, 800)), ("800x480", (800, 480)), ("720x1280", (720, 1280))]
    {
        for variant in ["en-light", "en-contrast", "ar-light", "ar-contrast"] {
            let page = folder.path().join(format!("{panel}/{variant}/kiosk-08-contact.png"));
            assert_eq!(image::image_dimensions(&page).unwrap(), (width, height), "{}", page.display());
        }
        assert!(folder.path().join(format!("contact-sheet-{panel}.png")).exists());
    }
}
