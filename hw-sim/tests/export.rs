//! Somebody at the screen with a stick: what is on it afterwards, and what the page says when it is pulled, full, locked or not there.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_kiosk_store::{Which, WordsAsk};
use afterword_model::ports::ManualClock;
use afterword_model::summary::Ask;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_sim::stick::Slot;
use afterword_sim::traffic;
use afterword_sim::traffic::shape::Shape;
use afterword_ui::view::Page;
use afterword_ui::view::export::{ExportFailure, ExportPage, ExportSaid, StickState};
use support::{SATURDAY_MS, device, pin, play};

/// Its number, counted from 1970-01-01.
const SATURDAY: i64 = 20_785;

/// A shop of ten days until that Saturday, with a PIN for each role and a slot for sticks.
fn shop(folder: &Path) -> (Stage, afterword_kiosk::device::Device, Slot) {
    let until = "2026-11-28".parse().unwrap();
    let shape = Shape { until, days: 10, per_day: 60.0, seed: 11, zone: chrono_tz::Europe::London };
    traffic::make(folder, &shape, SATURDAY_MS).unwrap();
    let pins = Pins::of(&folder.join("data"));
    pins.set(Role::Manager, "314159", &SystemEntropy).unwrap();
    pins.set(Role::Staff, "271828", &SystemEntropy).unwrap();
    pins.set(Role::Technician, "161803", &SystemEntropy).unwrap();
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let slot = Slot::in_folder(&folder.join("sticks")).unwrap();
    let mut device = device(folder, &clock);
    device.sticks = Arc::new(slot.clone());
    let stage = Stage::new(&device, clock, None).unwrap().with_slot(slot.clone());
    (stage, device, slot)
}

fn page(stage: &Stage) -> ExportPage {
    match stage.view().unwrap().page {
        Page::Export(page) => page,
        other => panic!("{other:?}"),
    }
}

/// The names of what lies on the stick, in or out.
fn content(slot: &Slot) -> Vec<String> {
    let entries = std::fs::read_dir(slot.content("HARBOUR")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn refused(stage: &mut Stage, line: &str) -> String {
    format!("{:#}", Script::parse(line).unwrap().play(stage, None).unwrap_err())
}

/// What this process says to its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_manager_takes_a_table_of_the_days_that_are_shown_and_no_word_of_it_is_in_a_log() {
    let log = Log::default();
    let to = log.clone();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || to.clone()).init();
    let folder = tempfile::tempdir().unwrap();
    let (mut stage, device, slot) = shop(folder.path());
    play(
        &mut stage,
        &format!("knocks\n{}sees numbers\ntaps 7 days\ntaps Export\nsees export\n", pin("314159")),
    );
    assert_eq!(page(&stage).days, "22 Nov – 28 Nov");
    play(&mut stage, "stick in HARBOUR\ntaps Table (CSV)\n");
    let ExportSaid::Table { file, responses } = page(&stage).said else { panic!("{:?}", page(&stage)) };
    assert!(file.starts_with("afterword-") && file.ends_with("-2026-11-22-to-2026-11-28.csv"), "{file}");
    let summary = device.store.summary(Ask::days(SATURDAY - 6, SATURDAY)).unwrap();
    assert!(responses == summary.responses && responses > 100, "{responses} of {}", summary.responses);

    let table = std::fs::read_to_string(slot.content("HARBOUR").join(&file)).unwrap();
    let table = table.strip_prefix('\u{feff}').unwrap();
    assert!(table.starts_with("number,begun_utc,"), "{table:.60}");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let days: Vec<String> = rows.records().map(|row| row.unwrap()[2][..10].to_owned()).collect();
    assert_eq!(days.len() as u64, responses);
    assert_eq!(
        (days.iter().min().unwrap().as_str(), days.iter().max().unwrap().as_str()),
        ("2026-11-22", "2026-11-28")
    );

    // Asked for again, it takes the place of nothing.
    play(&mut stage, "taps Table (CSV)\n");
    assert_eq!(content(&slot), [file.replace(".csv", "-2.csv"), file.clone()]);
    play(&mut stage, "taps Back\nsees numbers\ntaps Export\n");
    assert_eq!(page(&stage).said, ExportSaid::Nothing, "whoever comes next finds it blank");

    let days = (SATURDAY - 6, SATURDAY);
    let ask = WordsAsk { days, which: Which::All, without_flagged: false, skip: 0, count: 40 };
    let words = device.store.words(&ask).unwrap();
    let texts = words.said.iter().flat_map(|said| &said.response.draft.answers).filter_map(|answer| {
        match &answer.value {
            afterword_model::response::AnswerValue::Comment(text) => Some(text),
            _ => None,
        }
    });
    let texts: Vec<_> = texts.collect();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(texts.len() > 5 && texts.iter().all(|text| table.contains(text.as_str())), "{texts:?}");
    assert!(log.contains("a table was written to a stick"), "{log}");
    let said: Vec<_> = texts.iter().filter(|text| log.contains(text.as_str())).collect();
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn staff_have_no_key_for_it_and_a_technician_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stage, _device, _slot) = shop(folder.path());
    play(&mut stage, &format!("knocks\n{}sees numbers\n", pin("271828")));
    let none = refused(&mut stage, "taps Export\n");
    assert!(none.contains("no key is called `Export`"), "{none}");
    play(
        &mut stage,
        &format!("taps Lock\nknocks\n{}sees device\ntaps Summary\ntaps Export\nsees export\n", pin("161803")),
    );
    // A page that nobody touches goes away, also while it looks for sticks.
    play(&mut stage, "stick in HARBOUR\nwaits 61\nsees question\n");
}

#[test]
fn a_stick_that_is_pulled_full_or_locked_keeps_no_half_file_and_the_page_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stage, _device, slot) = shop(folder.path());
    play(&mut stage, &format!("knocks\n{}sees numbers\ntaps Export\n", pin("314159")));
    assert_eq!(page(&stage).stick, StickState::None);
    assert!(refused(&mut stage, "taps Table (CSV)\n").contains("cannot be pressed yet"));

    play(&mut stage, "stick in HARBOUR\n");
    assert_eq!((page(&stage).stick, page(&stage).name.as_str()), (StickState::Ready, "HARBOUR"));
    slot.pull_after(1_000);
    play(&mut stage, "taps Table (CSV)\n");
    assert_eq!(page(&stage).said, ExportSaid::Failed(ExportFailure::Gone));
    assert_eq!(content(&slot), [".afterword-table-new.part"], "what a hand took away is no table");

    play(&mut stage, "stick in HARBOUR\n");
    slot.leave_room(Some(1_000));
    play(&mut stage, "taps Table (CSV)\n");
    assert_eq!(page(&stage).said, ExportSaid::Failed(ExportFailure::Full));
    assert_eq!(content(&slot), [""; 0], "and what was begun is gone");

    play(&mut stage, "stick locked\n");
    assert_eq!(page(&stage).stick, StickState::ReadOnly);
    assert!(refused(&mut stage, "taps Parcel for head office\n").contains("cannot be pressed yet"));
    play(&mut stage, "stick usable\nstick in OTHER\n");
    assert_eq!(page(&stage).stick, StickState::Several);
    assert!(refused(&mut stage, "taps Table (CSV)\n").contains("cannot be pressed yet"));
    play(&mut stage, "stick out\nstick in HARBOUR\ntaps Table (CSV)\n");
    assert!(matches!(page(&stage).said, ExportSaid::Table { .. }), "{:?}", page(&stage));
    assert!(content(&slot).iter().all(|name| Path::new(name).extension().is_some_and(|end| end == "csv")));
}

#[test]
fn where_the_configuration_names_no_folder_nothing_is_exported_from_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n[export]\nfolders = []\n";
    std::fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    Pins::of(&folder.path().join("data")).set(Role::Manager, "314159", &SystemEntropy).unwrap();
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let device = device(folder.path(), &clock);
    let mut stage = Stage::new(&device, clock, None).unwrap();
    play(&mut stage, &format!("knocks\n{}sees numbers\n", pin("314159")));
    assert!(refused(&mut stage, "taps Export\n").contains("no key is called `Export`"));
}
