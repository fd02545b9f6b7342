//! How many come when, and what they answer.

use afterword_model::ports::{Entropy, SeededEntropy};
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Flag, Outcome, Passed, Stamp};
use chrono::{DateTime, Datelike, Days, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// The door is open from this hour on.
pub const OPENS: u32 = 8;

/// How the day's shoppers fall on the hours from then on: a top at noon and one after work.
const HOURS: [f64; 13] = [3.0, 5.0, 7.0, 9.0, 11.0, 11.0, 8.0, 7.0, 8.0, 10.0, 11.0, 7.0, 3.0];

/// Monday to Sunday, against a mean day.
const WEEKDAYS: [f64; 7] = [0.85, 0.82, 0.86, 0.95, 1.2, 1.55, 0.77];

/// January to December.
const MONTHS: [f64; 12] = [0.9, 0.92, 0.97, 1.0, 1.0, 0.98, 0.93, 0.9, 1.0, 1.03, 1.12, 1.25];

/// How often each face is chosen, the worst first.
const MOOD: [f64; 5] = [0.04, 0.07, 0.13, 0.34, 0.42];

/// The same while the incident lasts.
const BAD_MOOD: [f64; 5] = [0.18, 0.21, 0.18, 0.23, 0.20];

const REASONS: [(&str, f64); 6] = [
    ("waiting", 0.45),
    ("checkout", 0.35),
    ("availability", 0.26),
    ("staff", 0.13),
    ("finding", 0.1),
    ("price", 0.2),
];

const BAD_WORDS: [&str; 8] = [
    "Twenty minutes in the queue with one till open.",
    "The shelf price was not the price at the till.",
    "No fresh bread after five again.",
    "Nobody could tell me where the batteries are.",
    "The freezer aisle was blocked by cages.",
    "Self-checkout rejected every second item.",
    "Der Leergutautomat ist seit Tagen kaputt.",
    "Zu wenig Personal an den Kassen.",
];

const GOOD_WORDS: [&str; 4] = [
    "Maya on the fish counter was so helpful today.",
    "Quick and friendly as always.",
    "Love the new bread oven.",
    "Sehr freundlich an der Kasse.",
];

/// What decides everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The last local day.
    pub until: NaiveDate,
    /// How many days in all, one at least.
    pub days: u64,
    /// Shoppers of a mean day.
    pub per_day: f64,
    /// Decides all that is left to chance.
    pub seed: u64,
    /// Where the shop is.
    pub zone: Tz,
}

/// Some days on which more are unhappy than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Its first and its last day.
    pub days: (NaiveDate, NaiveDate),
    /// Its first hour and the one after its last, on each of them.
    pub hours: (u32, u32),
}

impl Shape {
    /// The first and the last local day.
    #[must_use]
    pub fn days(&self) -> (NaiveDate, NaiveDate) {
        (back(self.until, self.days.saturating_sub(1)), self.until)
    }

    /// Three days, after some two thirds of all.
    #[must_use]
    pub fn incident(&self) -> Incident {
        let first = back(self.until, self.days / 3 + 2);
        Incident { days: (first, back(self.until, self.days / 3)), hours: (11, 20) }
    }
}

impl Incident {
    /// Whether it lasts then.
    #[must_use]
    pub fn holds(&self, day: NaiveDate, hour: u32) -> bool {
        (self.days.0..=self.days.1).contains(&day) && (self.hours.0..self.hours.1).contains(&hour)
    }
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// One response, ready to be frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// What was answered.
    pub draft: Draft,
    /// How it ended.
    pub outcome: Outcome,
    /// From the first tap to the end, in milliseconds.
    pub took_ms: u64,
}

/// All of them, the oldest first.
pub struct Visits<'s> {
    shape: &'s Shape,
    dice: SeededEntropy,
    first_ms: i64,
    day: NaiveDate,
    hour: usize,
    /// Minutes of the hour that are over.
    minute: f64,
    /// Shoppers of this day, as expected.
    expected: f64,
}

impl<'s> Visits<'s> {
    /// Of this shape.
    #[must_use]
    pub fn of(shape: &'s Shape) -> Self {
        let (day, _) = shape.days();
        let first_ms = started(shape.zone, day, 0, 0.0).map_or(0, |moment| moment.timestamp_millis());
        let mut visits = Self {
            shape,
            dice: SeededEntropy::new(shape.seed),
            first_ms,
            day,
            hour: 0,
            minute: 0.0,
            expected: 0.0,
        };
        visits.begin_day();
        visits
    }

    fn begin_day(&mut self) {
        let weekday = WEEKDAYS[self.day.weekday().num_days_from_monday() as usize];
        let month = MONTHS[self.day.month0() as usize];
        // Weather, holidays and matches: days of one kind differ by more than chance.
        let whim = 1.0 + 0.16 * (self.chance() + self.chance() - 1.0);
        (self.hour, self.minute) = (0, 0.0);
        self.expected = self.shape.per_day * weekday * month * whim;
    }

    fn chance(&mut self) -> f64 {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what a fraction has")]
        let chance = (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64;
        chance
    }

    fn is(&mut self, probability: f64) -> bool {
        self.chance() < probability
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never below 0 and never large"
    )]
    fn below(&mut self, bound: u64) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "bounds are small")]
        let bound = bound as f64;
        (self.chance() * bound) as u64
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let place = self.below(texts.len() as u64);
        usize::try_from(place).ok().and_then(|place| texts.get(place)).copied().unwrap_or_default()
    }

    fn visit(&mut self, moment: DateTime<Tz>) -> Visit {
        let hour = OPENS + u32::try_from(self.hour).unwrap_or(0);
        let is_bad = self.shape.incident().holds(self.day, hour);
        let mut left = self.chance();
        let mood = if is_bad { BAD_MOOD } else { MOOD };
        let mut face = 1;
        for share in &mood[..4] {
            if left < *share {
                break;
            }
            left -= share;
            face += 1;
        }
        let wall_ms = moment.timestamp_millis();
        let since_ms = u64::try_from(wall_ms - self.first_ms).unwrap_or(0);
        let offset_min = i16::try_from(moment.offset().fix().local_minus_utc() / 60).unwrap_or(0);
        let started = Stamp { wall_ms, offset_min, boot: 1, mono_ms: since_ms, clock: ClockQuality::Synced };
        let language = match self.below(10) {
            0..7 => "en",
            7..9 => "de",
            _ => "ar",
        };
        let mut draft =
            Draft { touchpoint: Some("exit".into()), ..Draft::begun("market", 1, language, started) };
        draft.flags.extend(self.is(0.012).then_some(Flag::Repeat));
        self.answers(draft, face)
    }

    fn answers(&mut self, mut draft: Draft, face: u8) -> Visit {
        let mut at_ms = 350;
        let mut answer = |question: &str, value, at_ms| {
            draft.answers.push(Answer { question: question.into(), value, at_ms });
        };
        answer("visit", AnswerValue::Face(face), 0);
        let steps: &[&str] = match face {
            ..=2 => &["reasons", "words", "recommend"],
            3 => &["words", "recommend"],
            _ => &["recommend"],
        };
        let (mut ended, mut passed) = (None, Vec::new());
        for step in steps {
            // Some turn away at each step, most of them without a word.
            if self.is(0.07) {
                ended = Some((*step, if self.is(0.4) { Outcome::Finished } else { Outcome::TimedOut }));
                break;
            }
            at_ms += 1_500 + self.below(9_000);
            let value = match *step {
                "reasons" => {
                    let chosen =
                        REASONS.iter().filter(|(_, share)| self.is(*share)).map(|(id, _)| (*id).to_owned());
                    Some(AnswerValue::Choices(chosen.collect()))
                }
                "words" if self.is(0.22) => {
                    at_ms += 8_000 + self.below(25_000);
                    Some(AnswerValue::Comment(self.pick(&BAD_WORDS).into()))
                }
                "words" => None,
                _ if self.is(0.55) => Some(AnswerValue::Nps(self.recommends(face))),
                _ => None,
            };
            match value {
                Some(value) => answer(step, value, at_ms),
                None => passed.push(Passed { question: (*step).into(), at_ms }),
            }
        }
        if face > 3 && ended.is_none() && self.is(0.01) {
            at_ms += 9_000;
            answer("words", AnswerValue::Comment(self.pick(&GOOD_WORDS).into()), at_ms);
        }
        draft.passed = passed;
        let (outcome, took_ms) = match ended {
            None => (Outcome::Completed, at_ms + 400),
            Some((left_at, outcome)) => {
                draft.left_at = Some(left_at.into());
                (outcome, at_ms + if outcome == Outcome::TimedOut { 50_000 } else { 1_000 })
            }
        };
        Visit { draft, outcome, took_ms }
    }

    fn recommends(&mut self, face: u8) -> u8 {
        let (from, to) = match face {
            1 => (0, 4),
            2 => (1, 6),
            3 => (4, 8),
            4 => (6, 10),
            _ => (8, 10),
        };
        from + u8::try_from(self.below(u64::from(to - from) + 1)).unwrap_or(0)
    }
}

impl Iterator for Visits<'_> {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let all: f64 = HOURS.iter().sum();
        while self.day <= self.shape.until {
            let Some(weight) = HOURS.get(self.hour) else {
                self.day = self.day.succ_opt()?;
                self.begin_day();
                continue;
            };
            // Arrivals at a door: the gaps between them are exponential.
            let per_minute = self.expected * weight / all / 60.0;
            self.minute += -(1.0 - self.chance()).ln() / per_minute;
            if self.minute >= 60.0 {
                (self.hour, self.minute) = (self.hour + 1, 0.0);
                continue;
            }
            let hour = OPENS + u32::try_from(self.hour).unwrap_or(0);
            if let Some(moment) = started(self.shape.zone, self.day, hour, self.minute) {
                return Some(self.visit(moment));
            }
        }
        None
    }
}

/// That minute of a local day; none in the gap of a day of 23 hours.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes are 0 to 60")]
fn started(zone: Tz, day: NaiveDate, hour: u32, minute: f64) -> Option<DateTime<Tz>> {
    let millis = (minute * 60_000.0) as u32;
    let time = day.and_hms_milli_opt(hour, millis / 60_000, millis / 1_000 % 60, millis % 1_000)?;
    zone.from_local_datetime(&time).earliest()
}

/// The local day of a moment, in milliseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn day_of(zone: Tz, wall_ms: i64) -> Option<NaiveDate> {
    DateTime::<Utc>::from_timestamp_millis(wall_ms).map(|moment| moment.with_timezone(&zone).date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let until = NaiveDate::from_ymd_opt(2026, 11, 28).unwrap();
        Shape { until, days: 70, per_day: 300.0, seed: 7, zone: chrono_tz::Europe::London }
    }

    #[test]
    fn the_same_seed_makes_the_same_year_and_another_one_does_not() {
        let shape = shape();
        let first: Vec<Visit> = Visits::of(&shape).take(500).collect();
        assert!(Visits::of(&shape).take(500).eq(first.iter().cloned()));
        let other = Shape { seed: 8, ..shape };
        assert!(Visits::of(&other).take(500).ne(first));
    }

    #[test]
    fn saturdays_are_full_nobody_comes_at_night_and_time_goes_on() {
        let shape = shape();
        let visits: Vec<Visit> = Visits::of(&shape).collect();
        let stamps: Vec<Stamp> = visits.iter().map(|visit| visit.draft.started).collect();
        assert!(stamps.is_sorted_by_key(|stamp| stamp.wall_ms));
        assert!(
            stamps.iter().all(|stamp| (8..21).contains(&stamp.local_hour())),
            "through the end of summer time"
        );
        assert!(
            stamps.iter().any(|stamp| stamp.offset_min == 60)
                && stamps.iter().any(|stamp| stamp.offset_min == 0)
        );
        let on = |weekday: i64| {
            stamps.iter().filter(|stamp| (stamp.local_day() + 3).rem_euclid(7) == weekday).count()
        };
        assert!(on(5) * 2 > on(6) * 3, "{} on Saturdays, {} on Sundays", on(5), on(6));
        assert!((15_000..30_000).contains(&visits.len()), "{}", visits.len());
    }

    #[test]
    fn the_incident_is_where_it_is_said_to_be() {
        let shape = shape();
        let incident = shape.incident();
        let mut unhappy = [(0, 0); 2];
        for visit in Visits::of(&shape) {
            let day = day_of(shape.zone, visit.draft.started.wall_ms).unwrap();
            let place = usize::from(incident.holds(day, u32::from(visit.draft.started.local_hour())));
            unhappy[place].1 += 1;
            unhappy[place].0 += u32::from(visit.draft.faces().next().is_some_and(|(_, face)| face <= 2));
        }
        let share = |(hits, of): (u32, u32)| f64::from(hits) / f64::from(of);
        assert!((share(unhappy[0]) - 0.11).abs() < 0.01, "{unhappy:?}");
        assert!((share(unhappy[1]) - 0.39).abs() < 0.05, "{unhappy:?}");
    }
}
