//! A manager at the screen: what the page says is what was counted, and nobody gets in by pulling the plug.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use afterword_kiosk::device::Device;
use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_kiosk_store::{Which, WordsAsk};
use afterword_model::ports::ManualClock;
use afterword_model::summary::{Ask, Measure, Summary};
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_sim::traffic;
use afterword_sim::traffic::shape::Shape;
use afterword_ui::view::Page;
use afterword_ui::view::parts::PartsPage;
use afterword_ui::view::staff::{Numbers, PinNotice};
use afterword_ui::view::words::WordsPage;
use support::{SATURDAY_MS, device, pin, play};

/// Its number, counted from 1970-01-01.
const SATURDAY: i64 = 20_785;

fn numbers(stage: &Stage) -> Numbers {
    match stage.view().unwrap().page {
        Page::Numbers(numbers) => *numbers,
        other => panic!("{other:?}"),
    }
}

fn words(stage: &Stage) -> WordsPage {
    match stage.view().unwrap().page {
        Page::Words(words) => words,
        other => panic!("{other:?}"),
    }
}

fn parts(stage: &Stage) -> PartsPage {
    match stage.view().unwrap().page {
        Page::Parts(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn texts(page: &WordsPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.text.as_str()).collect()
}

/// A shop of so many days until that Saturday, with a PIN for each role.
fn shop(folder: &Path, days: u64) {
    let until = "2026-11-28".parse().unwrap();
    let shape = Shape { until, days, per_day: 120.0, seed: 7, zone: chrono_tz::Europe::London };
    traffic::make(folder, &shape, SATURDAY_MS).unwrap();
    let pins = Pins::of(&folder.join("data"));
    pins.set(Role::Manager, "314159", &SystemEntropy).unwrap();
    pins.set(Role::Staff, "271828", &SystemEntropy).unwrap();
}

/// How many words there are of a fortnight.
fn count(device: &Device, which: Which, without_flagged: bool) -> usize {
    let days = (SATURDAY - 13, SATURDAY);
    device.store.words(&WordsAsk { days, which, without_flagged, skip: 0, count: 1 }).unwrap().total
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

#[test]
fn a_manager_hides_words_and_finds_them_under_hidden_alone() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path(), 14);
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    let before = device.store.summary(Ask::days(SATURDAY - 29, SATURDAY)).unwrap();
    play(
        &mut stage,
        &format!("knocks\n{}sees numbers\ntaps 30 days\ntaps All words\nsees words\n", pin("314159")),
    );
    let all = count(&device, Which::All, false);
    let page = words(&stage);
    assert_eq!((page.rows.len(), page.pages, page.can_hide), (4, all.div_ceil(4), true));

    // The newest words are hidden, and gone from every page but one.
    let first = page.rows[0].clone();
    play(&mut stage, &format!("waits 1\ntaps Hide: {}\nsees words\n", first.text));
    let page = words(&stage);
    assert_eq!(count(&device, Which::All, false), all - 1);
    assert_ne!((&page.rows[0].time, &page.rows[0].text), (&first.time, &first.text));
    play(&mut stage, "taps Hidden\nsees words\n");
    let hidden = words(&stage);
    assert_eq!((texts(&hidden), hidden.rows[0].is_hidden), (vec![first.text.as_str()], true));
    play(&mut stage, "taps Back\nsees numbers\n");
    assert_eq!(numbers(&stage).words[0].time, page.rows[0].time, "nor is it among the newest of the numbers");
    let after = device.store.summary(Ask::days(SATURDAY - 29, SATURDAY)).unwrap();
    assert_eq!(after, before, "whoever wrote them is counted");

    // It comes back from there.
    play(&mut stage, "taps All words\ntaps Hidden\nwaits 1\n");
    play(&mut stage, &format!("taps Show: {}\nsees words\n", first.text));
    assert!(words(&stage).rows.is_empty());
    play(&mut stage, "taps Unhappy\n");
    assert_eq!(words(&stage).pages, count(&device, Which::Unhappy, false).div_ceil(4).max(1));
    play(&mut stage, "taps All\n");
    assert_eq!(words(&stage).rows[0], first);
    play(&mut stage, "taps Next\n");
    let second = words(&stage);
    assert_eq!((second.page, second.rows.len()), (2, 4));
    play(&mut stage, "taps Previous\n");
    assert_eq!(words(&stage).rows[0], first);
    play(&mut stage, &format!("taps with {} flagged\n", before.flagged));
    let without = words(&stage);
    assert!(without.without_flagged);
    assert_eq!(without.pages, count(&device, Which::All, true).div_ceil(4));
    play(&mut stage, "taps Back\nsees numbers\n");
    let ask = Ask { without_flagged: true, ..Ask::days(SATURDAY - 29, SATURDAY) };
    let summary = device.store.summary(ask).unwrap();
    assert_eq!(numbers(&stage).tiles[2].value, summary.responses.to_string(), "it holds for every page");
    play(&mut stage, &format!("taps without {} flagged\n", before.flagged));
    assert_eq!(numbers(&stage).tiles[2].value, before.responses.to_string());
}

#[test]
fn staff_read_words_and_are_shown_no_key_that_hides_any() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path(), 3);
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(
        &mut stage,
        &format!("knocks\n{}sees numbers\ntaps 7 days\ntaps All words\nsees words\n", pin("271828")),
    );
    let page = words(&stage);
    assert!(!page.can_hide && !page.rows.is_empty());
    let hide = Script::parse(&format!("taps Hide: {}\n", page.rows[0].text)).unwrap();
    let refused = hide.play(&mut stage, None).unwrap_err();
    assert!(format!("{refused:#}").contains("no key is called"), "{refused:#}");
    assert!(device.store.hidden_words().unwrap().is_empty());
    // A page that nobody touches goes away, whichever it is.
    play(&mut stage, "waits 61\nsees question\n");
}

#[test]
fn any_range_is_set_with_keys_and_told_apart_by_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path(), 21);
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(&mut stage, &format!("knocks\n{}sees numbers\ntaps Days…\nsees days\n", pin("271828")));
    let later = Script::parse("taps To: + 1 day\n").unwrap();
    assert!(later.play(&mut stage, None).is_err(), "there is no tomorrow");
    play(
        &mut stage,
        "taps From: − 1 week\ntaps From: − 1 week\ntaps To: − 1 day\ntaps Show numbers\nsees numbers\n",
    );
    let summary = device.store.summary(Ask::days(SATURDAY - 14, SATURDAY - 1)).unwrap();
    let page = numbers(&stage);
    assert_eq!((page.range, page.days.as_str()), (3, "14/11 –\n27/11"));
    assert_eq!(page.tiles[2].value, summary.responses.to_string());
    assert!(page.hours.iter().all(|hour| !hour.is_now), "none of its hours is still running");
    let newest = device.store.words(&WordsAsk {
        days: (SATURDAY - 14, SATURDAY - 1),
        which: Which::All,
        without_flagged: false,
        skip: 0,
        count: 3,
    });
    assert_eq!(page.words.len(), newest.unwrap().said.len(), "the words are of those days");

    play(&mut stage, "taps Breakdown\nsees parts\n");
    let shown = parts(&stage);
    let names: Vec<_> = shown.parts.iter().map(|part| (part.name.as_str(), part.responses.clone())).collect();
    assert_eq!(names[0], ("Monday", summary.weekdays[0].responses.to_string()));
    assert_eq!((names.len(), shown.days.as_str()), (7, "14 Nov – 27 Nov"));
    assert!(shown.parts[0].range.is_some() && shown.parts[0].value.ends_with(" %"));
    play(&mut stage, "taps Language\n");
    assert_eq!(parts(&stage).parts.len(), summary.languages.len());
    play(&mut stage, "taps Step by step\n");
    let steps = parts(&stage).steps;
    let visit = summary.steps.iter().find(|step| step.question == "visit").unwrap();
    assert_eq!(
        (steps[0].answered.clone(), steps[0].left.clone()),
        (visit.answered.to_string(), visit.left.to_string()),
        "in the order in which they are asked"
    );
    play(&mut stage, "taps Back\nsees numbers\ntaps Today\n");
    assert_eq!((numbers(&stage).range, numbers(&stage).days.as_str()), (0, ""));
}
