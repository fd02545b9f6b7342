//! The screen sleeps while the shop is closed.

use std::sync::Arc;

use afterword_kiosk_core::{Event, OpeningHours, Screen, Session, Settings};
use afterword_model::response::{ClockQuality, Stamp};

use crate::support::{settings, survey};

const OPENS_MIN: u64 = 8 * 60;

/// A kiosk that is switched on at midnight before a day on which the shop is open from eight to half past.
struct Day {
    session: Session,
}

fn minute(minute: u64) -> Stamp {
    let mono_ms = minute * 60_000;
    // Thursday 2026-11-05.
    let wall_ms = 1_793_836_800_000 + i64::try_from(mono_ms).expect("tests are short");
    Stamp { wall_ms, offset_min: 0, boot: 1, mono_ms, clock: ClockQuality::Free }
}

impl Day {
    fn begins() -> Self {
        let mut hours = OpeningHours::default();
        hours.week[3] = vec![(480, 510)];
        let settings = Settings { hours: Some(hours), ..settings(250) };
        Self { session: Session::new(survey(), settings) }
    }

    /// Lets time pass as the host does, which only ever comes at a deadline.
    fn comes_to(&mut self, until: &Stamp) {
        while let Some(due_ms) = self.session.deadline_ms().filter(|due_ms| *due_ms <= until.mono_ms) {
            let now = Stamp {
                mono_ms: due_ms,
                wall_ms: minute(0).wall_ms + i64::try_from(due_ms).expect("tests are short"),
                ..*until
            };
            assert_eq!(self.session.handle(Event::Tick, now), []);
        }
    }

    fn sleeps(&self, now: &Stamp) -> bool {
        self.session.screen(now.mono_ms) == Screen::Asleep
    }
}

#[test]
fn it_sleeps_until_the_shop_opens_and_again_when_it_closes() {
    let mut day = Day::begins();
    for (now, sleeps) in [
        (1, true),
        (OPENS_MIN - 1, true),
        (OPENS_MIN + 1, false),
        (OPENS_MIN + 29, false),
        (OPENS_MIN + 31, true),
    ] {
        day.comes_to(&minute(now));
        assert_eq!(day.sleeps(&minute(now)), sleeps, "minute {now}");
    }
}

#[test]
fn a_touch_wakes_it_and_rates_nothing_and_a_minute_later_it_sleeps_again() {
    let mut day = Day::begins();
    day.comes_to(&minute(5));
    assert_eq!(day.session.handle(Event::Rate(1), minute(5)), [], "nobody saw a question");
    assert!(!day.sleeps(&minute(5)));
    let second_tap = Stamp { mono_ms: minute(5).mono_ms + 100, ..minute(5) };
    assert_eq!(day.session.handle(Event::Rate(1), second_tap), []);
    let meant = Stamp { mono_ms: minute(5).mono_ms + 2_000, ..minute(5) };
    assert_eq!(day.session.handle(Event::Rate(1), meant).len(), 1, "whoever is there is asked");

    let mut day = Day::begins();
    day.comes_to(&minute(5));
    let _nothing = day.session.handle(Event::Wake, minute(5));
    day.comes_to(&minute(7));
    assert!(day.sleeps(&minute(7)));
}

#[test]
fn the_screen_stays_awake_from_the_last_touch_on() {
    let mut day = Day::begins();
    day.comes_to(&minute(5));
    let after = |ms: u64| Stamp { mono_ms: minute(5).mono_ms + ms, ..minute(5) };
    for (ms, event) in [(0, Event::Wake), (50_000, Event::EasierToUse), (65_000, Event::Done)] {
        assert_eq!(day.session.handle(event, after(ms)), []);
        day.comes_to(&after(ms));
        assert!(!day.sleeps(&after(ms)), "{ms} ms after it was woken");
    }
    day.comes_to(&after(130_000));
    assert!(day.sleeps(&after(130_000)));
}

#[test]
fn nobody_is_put_to_sleep_in_the_middle_of_an_answer() {
    let mut day = Day::begins();
    day.comes_to(&minute(OPENS_MIN + 29));
    let tap = Stamp { mono_ms: minute(OPENS_MIN + 30).mono_ms - 1_000, ..minute(OPENS_MIN + 29) };
    assert_eq!(day.session.handle(Event::Rate(2), tap).len(), 1);
    let held = Stamp { mono_ms: tap.mono_ms + 400, ..tap };
    let _goes_on = day.session.handle(Event::Tick, held);
    let later = Stamp { mono_ms: tap.mono_ms + 20_000, ..minute(OPENS_MIN + 30) };
    let _nothing = day.session.handle(Event::Tick, later);
    assert!(matches!(day.session.screen(later.mono_ms), Screen::Reasons { .. }));
}

#[test]
fn other_hours_hold_at_once_and_a_kiosk_that_has_none_any_more_wakes() {
    let mut day = Day::begins();
    day.comes_to(&minute(5));
    assert!(day.sleeps(&minute(5)));
    let mut until_ten_past = OpeningHours::default();
    until_ten_past.week[3] = vec![(0, 10)];
    day.session.open_at(Some(until_ten_past.clone()));
    day.comes_to(&minute(6));
    assert!(!day.sleeps(&minute(6)));
    day.session.open_at(Some(OpeningHours::default()));
    day.comes_to(&minute(7));
    assert!(day.sleeps(&minute(7)));
    day.session.open_at(None);
    assert!(!day.sleeps(&minute(7)));
    // Somebody is there: what they see stays.
    let after_settling = Stamp { mono_ms: minute(7).mono_ms + 2_000, ..minute(7) };
    assert_eq!(day.session.handle(Event::Rate(2), after_settling).len(), 1);
    let before = day.session.clone();
    day.session.open_at(Some(until_ten_past));
    assert_eq!(day.session, before);
}

#[test]
fn a_clock_that_was_never_set_keeps_nobody_out() {
    let mut day = Day::begins();
    let unset = |at: u64| Stamp { clock: ClockQuality::Unset, ..minute(at) };
    day.comes_to(&unset(10));
    assert!(!day.sleeps(&unset(10)));
}

#[test]
fn a_kiosk_without_hours_waits_for_nothing() {
    let session = Session::new(Arc::clone(&survey()), settings(250));
    assert_eq!(session.deadline_ms(), None);
}
