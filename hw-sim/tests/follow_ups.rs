//! What comes of an unhappy shopper: it stands in the list, every step is kept, and nobody closes it too early.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::path::Path;
use std::sync::Arc;

use afterword_kiosk::follow_ups::FollowUps as Rules;
use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_model::case::{Action, RootCause, Step};
use afterword_model::ports::ManualClock;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::stage::Stage;
use afterword_ui::view::Page;
use afterword_ui::view::follow_ups::{Act, FollowUps, Stage as How};
use support::{SATURDAY_MS, device, pin, play};

const UNHAPPY: &str = "sees question\ntaps Awful\nsees reasons\ntaps Waiting\ntaps Next\nsees comment\nwrites Too slow\ntaps Done\nsees thanks\nleaves\n";

fn shop(folder: &Path) {
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(folder.join("kiosk.toml"), config).unwrap();
    let data = folder.join("data");
    std::fs::create_dir(&data).unwrap();
    Pins::of(&data).set(Role::Manager, "314159", &SystemEntropy).unwrap();
    Pins::of(&data).set(Role::Staff, "271828", &SystemEntropy).unwrap();
}

fn list(stage: &Stage) -> FollowUps {
    match stage.view().unwrap().page {
        Page::FollowUps(list) => *list,
        other => panic!("{other:?}"),
    }
}

fn act(stage: &Stage) -> Act {
    match stage.view().unwrap().page {
        Page::Act(act) => *act,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_manager_acknowledges_acts_and_verifies_a_week_later() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock.clone(), None).unwrap();
    play(&mut stage, UNHAPPY);
    play(&mut stage, &format!("knocks\n{}sees numbers\ntaps Follow-ups\nsees follow-ups\n", pin("314159")));
    let page = list(&stage);
    assert_eq!((page.open, page.overdue, page.bar.open, page.items.len()), (1, 0, 1, 1));
    let item = &page.items[0];
    assert_eq!((item.face, item.icon.as_str(), item.topic.as_str()), (Some(1), "waiting", "Waiting"));
    assert_eq!((item.words.as_str(), item.stage), ("“Too slow”", How::Opened));
    assert!(item.clock.as_ref().unwrap().left_min > 200, "{item:?}");

    // What is tapped in the moment in which the list came was meant for another.
    play(&mut stage, "waits 1\ntaps Acknowledge\n");
    assert_eq!(list(&stage).items[0].stage, How::Acknowledged);
    play(&mut stage, "waits 1\ntaps Mark acted\nsees act\n");
    assert_eq!((act(&stage).cause, act(&stage).words), (None, "“Too slow”".to_owned()));
    // Without what it came from nothing is kept.
    play(&mut stage, "taps Put right\ntaps Cancel\nsees follow-ups\n");
    assert_eq!(list(&stage).items[0].stage, How::Acknowledged);
    play(
        &mut stage,
        "waits 1\ntaps Mark acted\ntaps Too few people\ntaps Changed the rota\ntaps Mark acted\nsees follow-ups\n",
    );
    let item = list(&stage).items[0].clone();
    assert_eq!(item.stage, How::Acted);
    assert_eq!(item.clock.unwrap().verify_from.as_deref(), Some("5 Dec"));
    play(&mut stage, "taps Lock\nsees question\n");

    let now = device.stamper().now();
    let ask = Rules::default().ask(now, chrono_tz::Europe::London);
    let case = device.store.cases(&ask).unwrap().cases.remove(0);
    let acted = case.steps.iter().find_map(|held| match &held.event.step {
        Step::Acted { root_cause, action, .. } => Some((*root_cause, *action)),
        _ => None,
    });
    assert_eq!(acted, Some((RootCause::Staffing, Action::ChangedStaffing)));
    // Response and three steps are records, and wait to be sent.
    assert_eq!(device.store.position().unwrap().last_seq, 4);

    clock.advance_ms(8 * 24 * 3_600_000);
    play(
        &mut stage,
        &format!("knocks\n{}taps Follow-ups\nsees follow-ups\nwaits 1\ntaps Verify\n", pin("314159")),
    );
    let page = list(&stage);
    assert_eq!((page.open, page.verified, page.items.len()), (0, 1, 0));
}

#[test]
fn staff_see_to_shoppers_and_not_to_the_device() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(&mut stage, UNHAPPY);
    play(
        &mut stage,
        &format!("knocks\n{}sees numbers\ntaps Follow-ups\nwaits 1\ntaps Acknowledge\n", pin("271828")),
    );
    assert!(!list(&stage).bar.has_device);
    assert_eq!(list(&stage).items[0].stage, How::Acknowledged);
    play(&mut stage, "waits 61\nsees question\n");
}
