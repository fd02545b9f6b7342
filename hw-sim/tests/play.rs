//! The visits that come with the program, played as somebody at a terminal would.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use afterword_sim::play::SHIPPED;
use std::process::{Command, Output};

fn play(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afterword-sim")).arg("play").args(arguments).output().unwrap()
}

fn goes_as_written_on(panel: &str) {
    let output = play(&["--panel", panel]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.ends_with("as written")).count(), SHIPPED.len(), "{said}");
}

#[test]
fn every_visit_goes_as_written_on_the_wide_panel() {
    goes_as_written_on("1280x800");
}

#[test]
fn every_visit_goes_as_written_on_the_small_panel() {
    goes_as_written_on("800x480");
}

#[test]
fn every_visit_goes_as_written_on_the_tall_panel() {
    goes_as_written_on("720x1280");
}

#[test]
fn a_visit_that_goes_otherwise_names_its_line_and_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let script = |text: &str| {
        let path = folder.path().join("visit.txt");
        std::fs::write(&path, text).unwrap();
        let output = play(&["--panel", "800x480", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap() + std::str::from_utf8(&output.stderr).unwrap()
    };
    let no_key = script("sees question\n\ntaps Wonderful\n");
    assert!(
        no_key.contains("line 3: taps Wonderful") && no_key.contains("Awful | Poor | OK | Good | Great"),
        "{no_key}"
    );
    let other_page = script("taps Poor\nsees thanks\n");
    assert!(
        other_page.contains("line 2: sees thanks") && other_page.contains("the page is reasons"),
        "{other_page}"
    );
    let kept = script("taps Great\nkept 1 completed en face=4\n");
    assert!(kept.contains("the newest reads: completed en face=5"), "{kept}");
    let verb = script("jumps\n");
    assert!(verb.contains("line 1: jumps") && verb.contains("a script says: "), "{verb}");
}
