//! Who puts a device up, at its screen.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::sync::Arc;

use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_model::ports::ManualClock;
use afterword_protocol::errand::TAKEN_WITHIN_MS;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::stage::Stage;
use afterword_ui::view::Page;
use afterword_ui::view::device::{Device, Enrol, What};
use support::{SATURDAY_MS, device, pin, play};

fn page(stage: &Stage) -> Device {
    match stage.view().unwrap().page {
        Page::Device(page) => *page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_technician_finds_the_device_first_and_hears_that_nobody_tests_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    Pins::of(&data).set(Role::Technician, "161803", &SystemEntropy).unwrap();
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(&mut stage, &format!("knocks\n{}sees device\n", pin("161803")));
    let shown = page(&stage);
    assert_eq!((shown.enrol, shown.code_length), (Enrol::Impossible, 12));
    assert!(shown.now.ends_with("14:30"), "{}", shown.now);
    assert_eq!((shown.squares.len(), shown.squares.iter().any(|touched| *touched)), (32, false));
    assert!(shown.status.iter().any(|check| check.what == What::Version), "{:?}", shown.status);
    assert!(shown.status.iter().any(|check| check.what == What::Waiting && check.how == "0"));

    play(&mut stage, "taps Test\n");
    assert!(page(&stage).tests);
    play(&mut stage, &format!("waits {}\n", TAKEN_WITHIN_MS / 1_000 + 1));
    let shown = page(&stage);
    assert!(!shown.tests && shown.problem.contains("does not answer"), "{shown:?}");

    play(&mut stage, "taps Write a report\n");
    let path = page(&stage).report;
    let report = std::fs::read_to_string(&path).unwrap();
    assert!(report.contains("\"kiosk_version\""), "{report}");
    play(&mut stage, "taps Summary\nsees numbers\ntaps Device\nsees device\n");
    assert_eq!(page(&stage).report, "", "whoever comes next finds it blank");
    play(&mut stage, "taps Lock\nsees question\n");
}
