//! Alerts at a kiosk that is used: they open with the fourth unhappy shopper and not before, are told to a program, outlive the plug,
//! and close by themselves.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_model::alerts::{Alert, Rule};
use afterword_model::ports::ManualClock;
use afterword_model::response::Response;
use afterword_protocol::queue::Take;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_sim::traffic;
use afterword_sim::traffic::shape::Shape;
use afterword_ui::fonts;

/// 2026-11-28 14:30 in London, a Saturday.
const SATURDAY_MS: i64 = 1_795_876_200_000;

/// After this a program that was to be told was told nothing.
const PATIENCE: Duration = Duration::from_secs(60);

const MINUTE_MS: u64 = 60_000;

/// Opens the device in the folder for as long as `live` takes, on a thread of its own, as a platform belongs to the thread that set
/// it; then the plug is pulled.
fn life(folder: &Path, wall_ms: i64, live: impl FnOnce(&mut Stage) + Send) {
    thread::scope(|scope| {
        let life = scope.spawn(|| {
            fonts::install(&folder.join("fonts")).unwrap();
            let path = folder.join("kiosk.toml");
            let config = Config::read(&path).unwrap();
            let clock = Arc::new(ManualClock::at(wall_ms));
            let device =
                Device::open(config, &path, &folder.join("data"), clock.clone(), Arc::new(SystemEntropy))
                    .unwrap();
            live(&mut Stage::new(&device, clock, None).unwrap());
        });
        life.join().unwrap();
    });
}

fn shop(alerts: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\ntouchpoint = \"exit\"\n[alerts]\n{alerts}\n"
    );
    fs::write(folder.path().join("kiosk.toml"), config).unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    folder
}

fn play(stage: &mut Stage, lines: &str) {
    Script::parse(lines).unwrap().play(stage, None).unwrap();
}

/// A shopper who says that and goes.
fn rates(stage: &mut Stage, face: &str) {
    play(stage, &format!("sees question\ntaps {face}\nleaves\nwaits 10\n"));
}

/// When the newest response was begun.
fn begun_ms(stage: &Stage) -> u64 {
    let after_seq = stage.store().position().unwrap().last_seq - 1;
    let take = Take { after_seq, records_max: 1, wait_ms: 0 };
    let run = stage.store().queue().next_blocking(take).unwrap().unwrap();
    Response::from_bytes(run.first_seq, &run.records[0]).unwrap().draft.started.mono_ms
}

fn open(stage: &Stage) -> Vec<Alert> {
    stage.store().alerts(10, true).unwrap()
}

#[test]
fn the_fourth_shopper_opens_it_a_program_is_told_and_the_plug_changes_nothing() {
    let folder = shop("");
    let told = folder.path().join("told");
    let lines = format!(
        "echo $AFTERWORD_ALERT $AFTERWORD_ALERT_UNHAPPY of $AFTERWORD_ALERT_ANSWERS >> {}",
        told.display()
    );
    fs::write(folder.path().join("lamp"), lines).unwrap();
    let command = format!("command = [\"/bin/sh\", \"{}\"]", folder.path().join("lamp").display());
    let config = fs::read_to_string(folder.path().join("kiosk.toml")).unwrap();
    fs::write(folder.path().join("kiosk.toml"), format!("{config}{command}\n")).unwrap();
    let is_told = |lines: &str| {
        let (done, ended) = std::sync::mpsc::channel::<()>();
        // The program is another one: all there is to wait for is what it writes.
        for _ in 0..PATIENCE.as_millis() / 20 {
            if fs::read_to_string(&told).is_ok_and(|told| told == lines) {
                return;
            }
            let _ = ended.recv_timeout(Duration::from_millis(20));
        }
        drop(done);
        panic!("told was {:?}", fs::read_to_string(&told));
    };

    life(folder.path(), SATURDAY_MS, |stage| {
        for face in ["Awful", "Great", "Poor"] {
            rates(stage, face);
            assert_eq!(open(stage), []);
        }
        rates(stage, "Good");
        let alerts = open(stage);
        assert_eq!((alerts.len(), alerts[0].count.answers, alerts[0].count.unhappy), (1, 4, 2));
        assert_eq!((alerts[0].touchpoint.as_str(), alerts[0].cause.rule()), ("exit", Rule::UnhappyShare));
        is_told("opened 2 of 4\n");
    });
    let minute = i64::try_from(MINUTE_MS).unwrap();
    life(folder.path(), SATURDAY_MS + 8 * minute, |stage| {
        assert_eq!(open(stage).len(), 1, "it is still open");
        // At a moment that nothing else wakes for.
        stage.wait(7_777).unwrap();
        rates(stage, "Awful");
        assert_eq!(open(stage).len(), 1, "and is not opened twice");
        assert_eq!(stage.store().alerts(10, false).unwrap().len(), 1);
        // A quarter of an hour after the last unhappy one nobody unhappy is left.
        stage.wait(13 * MINUTE_MS).unwrap();
        assert_eq!(open(stage).len(), 1);
        stage.wait(2 * MINUTE_MS).unwrap();
        assert_eq!(open(stage), []);
        let closed = stage.store().alerts(1, false).unwrap()[0].closed.unwrap();
        assert_eq!(
            closed.mono_ms,
            begun_ms(stage) + 15 * MINUTE_MS,
            "to the millisecond: the kiosk woke for it"
        );
        is_told("opened 2 of 4\nclosed 2 of 4\n");
    });
    life(folder.path(), SATURDAY_MS + 60 * minute, |stage| {
        assert_eq!(open(stage), []);
        assert_eq!(stage.store().alerts(10, false).unwrap().len(), 1);
    });
}

#[test]
fn happy_shoppers_close_it() {
    let folder = shop("answers_min = 2");
    life(folder.path(), SATURDAY_MS, |stage| {
        for _ in 0..2 {
            rates(stage, "Awful");
        }
        for happy in 0..5 {
            assert_eq!(open(stage).len(), 1, "two of {} are unhappy", happy + 2);
            rates(stage, "Great");
        }
        assert_eq!(open(stage), []);
    });
}

/// The alert of a place, or of a rule, that is no more: nothing else would close it.
#[test]
fn what_is_switched_off_or_left_behind_closes() {
    for (before, after) in [("", "enabled = false"), ("", "")] {
        let folder = shop(&format!("answers_min = 1\n{before}"));
        life(folder.path(), SATURDAY_MS, |stage| {
            rates(stage, "Awful");
            assert_eq!(open(stage).len(), 1);
        });
        let path = folder.path().join("kiosk.toml");
        let config = fs::read_to_string(&path).unwrap();
        let config =
            if after.is_empty() { config.replace("exit", "checkout") } else { format!("{config}{after}\n") };
        fs::write(&path, config).unwrap();
        life(folder.path(), SATURDAY_MS + 10_000, |stage| assert_eq!(open(stage), []));
    }
}

/// Twelve weeks of a shop, with an incident after some two thirds of them; the kiosk wakes up in the middle of it.
#[test]
fn a_bad_hour_opens_an_alert_on_the_hour_and_one_without_anybody_closes_it() {
    let folder = tempfile::tempdir().unwrap();
    let until = "2026-11-28".parse().unwrap();
    let shape = Shape { until, days: 60, per_day: 300.0, seed: 7, zone: chrono_tz::Europe::London };
    let noon = shape.incident().days.0.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp_millis();
    traffic::make(folder.path(), &shape, noon).unwrap();
    let charted = |stage: &Stage| -> usize {
        open(stage).iter().filter(|alert| alert.cause.rule() == Rule::HourlyChart).count()
    };
    let minute = i64::try_from(MINUTE_MS).unwrap();
    life(folder.path(), noon + minute, |stage| {
        assert_eq!(charted(stage), 0, "who came just before the hour may not be done");
        stage.wait(2 * MINUTE_MS).unwrap();
        assert_eq!(charted(stage), 1, "{:?}", stage.store().alerts(10, false));
        assert!(open(stage)[0].count.unhappy * 4 > open(stage)[0].count.answers);
    });
    life(folder.path(), noon + 50 * minute, |stage| {
        assert_eq!(charted(stage), 1, "the plug changes nothing");
        stage.wait(30 * MINUTE_MS).unwrap();
        assert_eq!(charted(stage), 0, "nobody came in the hour after");
        assert_eq!(stage.store().alerts(10, true).unwrap(), []);
    });
}
