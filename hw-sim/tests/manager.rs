//! A manager at the screen: what the page says is what was counted, and nobody gets in by pulling the plug.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::path::Path;
use std::sync::Arc;
use std::thread;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_model::ports::ManualClock;
use afterword_model::summary::{Ask, Measure, Summary};
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_sim::traffic;
use afterword_sim::traffic::shape::Shape;
use afterword_ui::fonts;
use afterword_ui::view::Page;
use afterword_ui::view::staff::{Numbers, PinNotice};

/// 2026-11-28 14:30 in London, a Saturday.
const SATURDAY_MS: i64 = 1_795_876_200_000;
/// Its number, counted from 1970-01-01.
const SATURDAY: i64 = 20_785;

fn device(folder: &Path, clock: &Arc<ManualClock>) -> Device {
    fonts::install(&folder.join("fonts")).unwrap();
    let path = folder.join("kiosk.toml");
    let config = Config::read(&path).unwrap();
    let data = folder.join("data");
    Device::open(config, &path, &data, clock.clone(), Arc::new(SystemEntropy)).unwrap()
}

fn play(stage: &mut Stage, lines: &str) {
    Script::parse(lines).unwrap().play(stage, None).unwrap();
}

/// As somebody types these figures and opens.
fn pin(figures: &str) -> String {
    let taps: String = figures.chars().map(|figure| format!("taps {figure}\n")).collect();
    taps + "taps Open\n"
}

fn numbers(stage: &Stage) -> Numbers {
    match stage.view().unwrap().page {
        Page::Numbers(numbers) => *numbers,
        other => panic!("{other:?}"),
    }
}

fn notice(stage: &Stage) -> PinNotice {
    match stage.view().unwrap().page {
        Page::Pin(pin) => pin.notice,
        other => panic!("{other:?}"),
    }
}

/// The first number of the page, as `summary` has it.
fn csat(summary: &Summary) -> String {
    let visit = summary.questions.iter().find(|question| question.question == "visit").unwrap();
    match visit.measured.now.unwrap() {
        Measure::Share(share) => format!("{:.0}", share.estimate * 100.0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_page_says_what_was_counted_today_and_in_thirty_days() {
    let folder = tempfile::tempdir().unwrap();
    let until = "2026-11-28".parse().unwrap();
    let shape = Shape { until, days: 70, per_day: 200.0, seed: 7, zone: chrono_tz::Europe::London };
    traffic::make(folder.path(), &shape, SATURDAY_MS).unwrap();
    Pins::of(&folder.path().join("data")).set(Role::Manager, "314159", &SystemEntropy).unwrap();
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(&mut stage, &format!("knocks\nsees pin\n{}sees numbers\n", pin("314159")));

    let (today, page) = (device.store.summary(Ask::days(SATURDAY, SATURDAY)).unwrap(), numbers(&stage));
    let values: Vec<_> = page.tiles.iter().map(|tile| tile.value.as_str()).collect();
    assert_eq!((values[0], values[2]), (csat(&today).as_str(), today.responses.to_string().as_str()));
    let usual = page.tiles[2].range.as_ref().unwrap();
    assert!(usual.words.0.parse::<u64>().unwrap() > 50, "eight Saturdays were counted: {usual:?}");
    let shown: u32 = page.hours.iter().flat_map(|hour| hour.counts).sum();
    assert_eq!(u64::from(shown), today.responses);
    assert!(page.hours.iter().any(|hour| hour.is_now && hour.label == "14"), "{:?}", page.hours);
    assert_eq!((page.sent, page.waiting), (None, device.store.position().unwrap().last_seq));
    assert_eq!(page.words.len(), 3);
    let leave = std::env::var_os("AFTERWORD_PICTURES").map(std::path::PathBuf::from);
    if let Some(folder) = &leave {
        stage.save_png(&folder.join("numbers-today.png")).unwrap();
    }

    play(&mut stage, "taps 30 days\nsees numbers\n");
    let month = device.store.summary(Ask::days(SATURDAY - 29, SATURDAY)).unwrap();
    let page = numbers(&stage);
    assert_eq!((page.range, page.tiles[2].value.clone()), (2, month.responses.to_string()));
    assert_eq!(page.reasons[0].count, month.reasons[0].options[0].1);
    if let Some(folder) = &leave {
        stage.save_png(&folder.join("numbers-month.png")).unwrap();
    }
}

#[test]
fn a_lock_outlives_the_program_and_every_change_of_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    std::fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    Pins::of(&data).set(Role::Manager, "314159", &SystemEntropy).unwrap();
    // A platform belongs to the thread that set it: each life of the program has its own.
    let life = |wall_ms: i64, live: fn(&mut Stage)| {
        thread::scope(|scope| {
            let life = scope.spawn(|| {
                let clock = Arc::new(ManualClock::at(wall_ms));
                let device = device(folder.path(), &clock);
                live(&mut Stage::new(&device, clock, None).unwrap());
            });
            life.join().unwrap();
        });
    };
    life(SATURDAY_MS, |stage| {
        play(stage, "knocks\nsees pin\n");
        for left in (1..5).rev() {
            play(stage, &pin("271828"));
            assert_eq!(notice(stage), PinNotice::Wrong(left));
        }
        play(stage, &pin("271828"));
        assert_eq!(notice(stage), PinNotice::Locked(1));
    });
    // Ten years later by the wall clock, and the plug was pulled.
    life(SATURDAY_MS + 315_576_000_000, |stage| {
        play(
            stage,
            "knocks\nsees pin\nstrikes 3\nstrikes 1\nstrikes 4\nstrikes 1\nstrikes 5\nstrikes 9\nstrikes Return\nsees pin\n",
        );
        assert_eq!(notice(stage), PinNotice::Locked(1));
        // Shoppers are not locked out meanwhile.
        play(
            stage,
            "taps Back to shoppers\nsees question\ntaps Great\nsees thanks\nleaves\nwaits 61\nknocks\n",
        );
        play(stage, &pin("000000"));
        assert_eq!(notice(stage), PinNotice::Locked(5), "the sixth in a row");
        play(stage, "taps Back to shoppers\nwaits 301\nknocks\n");
        play(stage, &format!("{}sees numbers\ntaps Lock\nknocks\n", pin("314159")));
        play(stage, &pin("000000"));
        assert_eq!(notice(stage), PinNotice::Wrong(4), "the right one forgave the wrong ones");
    });
}
