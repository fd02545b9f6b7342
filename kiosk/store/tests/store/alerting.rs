//! Alerts are opened once and closed once, whatever moment the program stops at, and what the rules go by is what was frozen.

use std::path::Path;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Store, StoreError};
use afterword_model::alerts::window::{Rating, Threshold, Window};
use afterword_model::alerts::{Cause, Count, Rule, Transition, Wish};
use afterword_model::response::{ClockQuality, Draft, Flag, Stamp};
use rusqlite::Connection;

use crate::support::{assert_sound, complete, crash_image, directory, draft, open};

const WIDTH_MS: i64 = 15 * 60_000;

fn stamp(boot: u32, mono_ms: u64, wall_ms: i64) -> Stamp {
    Stamp { wall_ms, offset_min: 0, boot, mono_ms, clock: ClockQuality::Synced }
}

fn opens(at: Stamp) -> Wish {
    let cause = Cause::UnhappyShare { window_min: 15 };
    Wish::Open { touchpoint: "exit".into(), cause, count: Count { answers: 4, unhappy: 3 }, at }
}

fn closes(at: Stamp) -> Wish {
    Wish::Close { touchpoint: "exit".into(), rule: Rule::UnhappyShare, at }
}

fn change(store: &Store, wish: Wish) -> Result<Option<Transition>, StoreError> {
    let (done, answer) = channel();
    store.change_alert(wish, move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

/// A face at the exit, begun then.
fn rated(started: Stamp, face: u8) -> Draft {
    Draft { touchpoint: Some("exit".into()), started, ..draft(0, face) }
}

#[test]
fn an_alert_that_was_committed_is_there_after_a_crash_and_is_not_opened_twice() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let Some(Transition::Opened(alert)) = change(&store, opens(stamp(1, 0, 5_000))).unwrap() else {
        panic!("it did not open")
    };
    assert_eq!((alert.id, alert.count.unhappy, alert.closed), (1, 3, None));
    let image = crash_image(directory.path());

    let (after, _) = open(image.path());
    assert_eq!(after.alerts(10, true).unwrap(), [alert]);
    assert_eq!(change(&after, opens(stamp(2, 0, 6_000))).unwrap(), None, "it is open");
    let closed = change(&after, closes(stamp(2, 1_000, 7_000))).unwrap();
    let Some(Transition::Closed(closed)) = closed else { panic!("{closed:?}") };
    assert_eq!((closed.id, closed.closed), (1, Some(stamp(2, 1_000, 7_000))));
    assert_eq!(change(&after, closes(stamp(2, 2_000, 8_000))).unwrap(), None, "it is closed");
    assert_eq!(after.alerts(10, true).unwrap(), []);
    change(&after, opens(stamp(2, 3_000, 9_000))).unwrap().unwrap();
    let ids: Vec<u64> = after.alerts(10, false).unwrap().iter().map(|alert| alert.id).collect();
    assert_eq!(ids, [2, 1], "the newest first");
    assert_sound(&after);
}

#[test]
fn another_rule_and_another_place_have_an_alert_of_their_own() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let at = stamp(1, 0, 0);
    let elsewhere = Wish::Open {
        touchpoint: String::new(),
        cause: Cause::UnhappyShare { window_min: 15 },
        count: Count::default(),
        at,
    };
    for wish in [opens(at), elsewhere] {
        assert!(change(&store, wish).unwrap().is_some());
    }
    assert_eq!(store.alerts(10, true).unwrap().len(), 2);
    assert_eq!(store.alerts(1, true).unwrap().len(), 1);
}

/// Whoever goes back to this program from a newer one still has a list.
#[test]
fn an_alert_of_a_rule_that_nobody_knows_here_is_left_out() {
    let directory = directory();
    let (store, _) = open(directory.path());
    change(&store, opens(stamp(1, 0, 0))).unwrap().unwrap();
    store.close().unwrap();
    let newer = "INSERT INTO alert (rule, touchpoint, cause, answers, unhappy, opened_ms, opened)
                 SELECT 'tomorrow', touchpoint, '{\"rule\":\"tomorrow\"}', 1, 1, 0, opened FROM alert";
    Connection::open(directory.path().join("kiosk.db")).unwrap().execute_batch(newer).unwrap();
    let (store, _) = open(directory.path());
    assert_eq!(store.alerts(10, true).unwrap().len(), 1);
}

#[test]
fn closed_alerts_are_bounded_and_open_ones_stay() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let at = stamp(1, 0, 0);
    let cause = Cause::UnhappyShare { window_min: 15 };
    let first = Wish::Open { touchpoint: "door".into(), cause, count: Count::default(), at };
    change(&store, first).unwrap().unwrap();
    store.close().unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
                INSERT INTO alert (rule, touchpoint, cause, answers, unhappy, opened_ms, opened, closed_ms, closed)
                SELECT rule, touchpoint, cause, 0, 0, 0, opened, 1, opened FROM alert, n";
    Connection::open(directory.path().join("kiosk.db")).unwrap().execute_batch(many).unwrap();
    let (store, _) = open(directory.path());
    change(&store, opens(at)).unwrap().unwrap();
    let all = store.alerts(u32::MAX, false).unwrap();
    assert_eq!((all.len(), all[0].id, all[all.len() - 1].id), (2_001, 2_501, 1));
}

fn window(store: &Store, now: &Stamp) -> Count {
    let mut window = Window::new(WIDTH_MS);
    for rating in store.newest_ratings(now, WIDTH_MS, "exit").unwrap() {
        window.add(rating);
    }
    window.count(i64::try_from(now.mono_ms).unwrap())
}

/// Killed with an alert due, the program that comes next finds the same count, by its own clock.
#[test]
fn the_window_is_the_same_after_a_crash() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let noon_ms = 1_795_000_000_000;
    let minute =
        |minutes: i64| stamp(1, u64::try_from(minutes * 60_000).unwrap(), noon_ms + minutes * 60_000);
    complete(&store, rated(minute(0), 1));
    for (minutes, face) in [(20, 1), (21, 5), (24, 2), (25, 1)] {
        complete(&store, rated(minute(minutes), face));
    }
    let mut flagged = rated(minute(26), 1);
    flagged.flags.push(Flag::Repeat);
    complete(&store, flagged);
    complete(&store, Draft { touchpoint: None, ..rated(minute(27), 1) });
    let before = window(&store, &minute(28));
    assert_eq!(before, Count { answers: 4, unhappy: 3 });
    assert!(Threshold::USUAL.opens(before));

    let image = crash_image(directory.path());
    let (after, opened) = open(image.path());
    let now = |minutes: i64| stamp(opened.boot, 2_000, noon_ms + minutes * 60_000);
    assert_eq!(window(&after, &now(28)), before);
    assert_eq!(window(&after, &now(36)), Count { answers: 2, unhappy: 2 }, "the first two have grown old");
    assert_eq!(window(&after, &now(41)), Count::default());
    // Without a clock, it is as if no time had passed.
    let unset = Stamp { clock: ClockQuality::Unset, wall_ms: 0, ..now(0) };
    assert_eq!(window(&after, &unset), Count { answers: 4, unhappy: 3 });
}

#[test]
fn a_boot_whose_clock_came_late_is_known_afterwards() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let unset = Stamp { clock: ClockQuality::Unset, ..stamp(1, 10_000, 10_000) };
    complete(&store, rated(unset, 1));
    let noon_ms = 1_795_000_000_000;
    complete(&store, rated(stamp(1, 20_000, noon_ms), 5));
    let image = crash_image(directory.path());
    let (after, opened) = open(image.path());
    let ratings = |minutes: i64| {
        let now = stamp(opened.boot, 0, noon_ms + minutes * 60_000);
        after.newest_ratings(&now, WIDTH_MS, "exit").unwrap()
    };
    let found = [Rating { at_ms: -60_000, is_unhappy: false }, Rating { at_ms: -70_000, is_unhappy: true }];
    assert_eq!(ratings(1), found);
    assert_eq!(ratings(16), []);
}

#[test]
fn hours_are_those_of_the_counts_without_flagged_ones_and_other_places() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let hour = |hour: i64, number: u64, face: u8| rated(stamp(1, number, hour * 3_600_000), face);
    for number in 0..3 {
        complete(&store, hour(30 * 24 + 9, number, 1));
        complete(&store, hour(30 * 24 + 10, 10 + number, if number == 0 { 2 } else { 5 }));
        complete(&store, hour(29 * 24 + 10, 20 + number, 4));
        complete(&store, hour(24, 30 + number, 1));
    }
    let mut flagged = hour(30 * 24 + 10, 40, 1);
    flagged.flags.push(Flag::Burst);
    complete(&store, flagged);
    complete(&store, Draft { touchpoint: None, ..hour(30 * 24 + 10, 41, 1) });
    let hours = store.hours(30 * 24 + 10, "exit").unwrap();
    assert_eq!(hours.base, Count { answers: 3, unhappy: 0 }, "that of four weeks, without today");
    let newest: Vec<_> = hours.hours.iter().rev().take(3).copied().collect();
    assert_eq!(
        newest,
        [Count { answers: 3, unhappy: 1 }, Count { answers: 3, unhappy: 3 }, Count::default()]
    );
    assert_eq!(hours.hours[hours.hours.len() - 25], Count { answers: 3, unhappy: 0 }, "yesterday at ten");
}

/// The program before opens what this one has left, and leaves its alerts alone.
#[test]
fn the_schema_before_gains_the_table_and_loses_nothing() {
    let directory = directory();
    let path = directory.path().join("kiosk.db");
    // What is counted has a table of its own since then, so that there is nothing yet to lose by dropping it.
    open(directory.path()).0.close().unwrap();
    let before = |path: &Path| {
        let before = "DROP TABLE alert; DROP TABLE case_step; DROP TABLE case_status; DROP TABLE case_book;
                      DROP TABLE hidden_words; DROP TABLE cell; DROP TABLE settings;
                      DROP TABLE settings_good; DROP TABLE settings_trial; DROP TABLE settings_refused;
                      PRAGMA user_version = 5";
        Connection::open(path).unwrap().execute_batch(before).unwrap();
    };
    before(&path);
    let (store, opened) = open(directory.path());
    assert_eq!((opened.set_aside, store.alerts(10, false).unwrap().len()), (None, 0));
    complete(&store, draft(0, 1));
    assert!(change(&store, opens(stamp(2, 0, 0))).unwrap().is_some());
    assert_sound(&store);
}
