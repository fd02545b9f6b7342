//! Which of the changes that the collector sent is on the strip now.
//!
//! One after another, and only while nobody uses the kiosk, so that nothing moves beside a question. A change is over by
//! the store's own calendar; where the clock is known to be wrong, nothing is. What the configuration names is shown while
//! the collector has nothing to show.

use std::sync::Arc;

use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::changes::{Change, Changes};

/// How long each of several is shown, in milliseconds: three times what reading it takes, so that whoever looks up can
/// read it to its end, and the panel is drawn anew four times a minute.
const TURN_MS: u64 = 15_000;

/// How often a kiosk at rest looks whether a change is over, in milliseconds. Nobody sees a minute after midnight.
const LOOK_MS: u64 = 60_000;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The strip; see the module.
pub struct Strip {
    changes: Arc<Changes>,
    /// Those of them that are not over.
    valid: Vec<usize>,
    /// How often the strip has turned to the next one.
    turns: usize,
    /// When it did last, by the monotonic clock.
    turned_ms: u64,
}

impl Strip {
    /// One that has heard of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { changes: Arc::new(Changes::none()), valid: Vec::new(), turns: 0, turned_ms: 0 }
    }

    /// Looks at what there is to show at this moment. Turns on only when `is_resting`; another list begins with its newest.
    pub fn look(&mut self, changes: &Arc<Changes>, now: &Stamp, is_resting: bool) {
        if !Arc::ptr_eq(&self.changes, changes) {
            self.changes = Arc::clone(changes);
            (self.turns, self.turned_ms) = (0, now.mono_ms);
        }
        let today = local_day(now);
        let is_valid = |change: &Change| today.is_none_or(|today| !change.is_over(today));
        let items = self.changes.items.iter().enumerate();
        self.valid = items.filter(|(_, change)| is_valid(change)).map(|(index, _)| index).collect();
        if !is_resting {
            // Whoever comes back to the question finds the words that stood there.
            self.turned_ms = now.mono_ms;
        } else if now.mono_ms.saturating_sub(self.turned_ms) >= TURN_MS {
            self.turns = self.turns.wrapping_add(1);
            self.turned_ms = now.mono_ms;
        }
    }

    /// What is on the strip; `None` when the collector has nothing to show.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        let turn = self.turns.checked_rem(self.valid.len())?;
        self.changes.items.get(self.valid[turn])
    }

    /// When to look again while the kiosk rests, by the monotonic clock; never where nothing can change by itself.
    #[must_use]
    pub fn next_look_ms(&self, now_ms: u64) -> Option<u64> {
        let turn = (self.valid.len() > 1).then(|| self.turned_ms.saturating_add(TURN_MS));
        // A clock that is put back brings one back that was over.
        let may_end = self.changes.items.iter().any(|change| change.until_day.is_some());
        [turn, may_end.then(|| now_ms.saturating_add(LOOK_MS))].into_iter().flatten().min()
    }
}

impl Default for Strip {
    fn default() -> Self {
        Self::new()
    }
}

/// The store's day; `None` while the clock is certainly wrong.
fn local_day(now: &Stamp) -> Option<i64> {
    let local_ms = now.wall_ms.saturating_add(i64::from(now.offset_min) * MINUTE_MS);
    (now.clock != ClockQuality::Unset).then(|| local_ms.div_euclid(DAY_MS))
}

/// What a shopper of this language reads of a change: said, and done, both in one language. Its own, else the same
/// language as it is spoken elsewhere, else the survey's default one, else any there is.
#[must_use]
pub fn in_language<'c>(change: &'c Change, tag: &str, default_tag: &str) -> (&'c str, &'c str) {
    let plain = tag.split('-').next().unwrap_or(tag);
    let language = [tag, plain, default_tag].into_iter().find(|tag| change.said.contains_key(*tag));
    let said = match language {
        Some(tag) => change.said.get_key_value(tag),
        None => change.said.iter().next(),
    };
    let Some((tag, said)) = said else { return ("", "") };
    (said, change.did.get(tag).map_or("", String::as_str))
}

#[cfg(test)]
mod tests {
    use afterword_protocol::changes::Words;

    use super::*;

    /// 2026-11-24.
    const DAY: i64 = 20_781;

    fn words(pairs: &[(&str, &str)]) -> Words {
        pairs.iter().map(|&(tag, text)| (tag.to_owned(), text.to_owned())).collect()
    }

    fn change(said: &str, until_day: Option<i64>) -> Change {
        Change { said: words(&[("en", said)]), did: words(&[("en", "done")]), day: DAY, until_day }
    }

    fn list(items: &[(&str, Option<i64>)]) -> Arc<Changes> {
        Arc::new(Changes::of(items.iter().map(|&(said, until)| change(said, until)).collect()))
    }

    /// So many minutes after that day began in UTC.
    fn at(minutes: i64, offset_min: i16) -> Stamp {
        let wall_ms = DAY * DAY_MS + minutes * MINUTE_MS;
        Stamp { wall_ms, offset_min, boot: 1, mono_ms: 0, clock: ClockQuality::Free }
    }

    fn said(strip: &Strip) -> Option<&str> {
        strip.change().map(|change| change.said["en"].as_str())
    }

    fn seen(changes: &Arc<Changes>, now: &Stamp) -> Option<String> {
        let mut strip = Strip::new();
        strip.look(changes, now, true);
        said(&strip).map(str::to_owned)
    }

    #[test]
    fn a_change_ends_with_its_last_day_where_the_store_is() {
        let until_today = list(&[("salt", Some(DAY))]);
        let cases = [
            (0, 0, true),
            (24 * 60 - 1, 0, true),
            (24 * 60, 0, false),
            // In Berlin the day is over an hour earlier, in New York five hours later.
            (23 * 60 - 1, 60, true),
            (23 * 60, 60, false),
            (29 * 60 - 1, -300, true),
            (29 * 60, -300, false),
        ];
        for (minutes, offset_min, is_shown) in cases {
            let seen = seen(&until_today, &at(minutes, offset_min));
            assert_eq!(seen.is_some(), is_shown, "{minutes} minutes, {offset_min} from UTC");
        }
        assert!(seen(&list(&[("salt", None)]), &at(i64::from(u32::MAX), 0)).is_some());
    }

    #[test]
    fn nothing_is_over_while_the_clock_is_unset() {
        let over = list(&[("salt", Some(DAY))]);
        let next_year = at(400 * 24 * 60, 0);
        assert_eq!(seen(&over, &next_year), None);
        let unset = Stamp { clock: ClockQuality::Unset, ..next_year };
        assert_eq!(seen(&over, &unset).as_deref(), Some("salt"));
    }

    #[test]
    fn several_take_turns_at_rest_and_only_there() {
        let three = list(&[("salt", None), ("bread", Some(DAY - 1)), ("queues", None)]);
        let mut strip = Strip::new();
        let mut look = |mono_ms, is_resting| {
            strip.look(&three, &Stamp { mono_ms, ..at(600, 0) }, is_resting);
            (said(&strip).unwrap().to_owned(), strip.next_look_ms(mono_ms))
        };
        assert_eq!(look(1_000, true), ("salt".into(), Some(16_000)));
        assert_eq!(look(15_999, true), ("salt".into(), Some(16_000)));
        assert_eq!(look(16_000, true), ("queues".into(), Some(31_000)));
        // Somebody stands there for a minute.
        assert_eq!(look(30_000, false).0, "queues");
        assert_eq!(look(90_000, false).0, "queues");
        assert_eq!(look(91_000, true), ("queues".into(), Some(105_000)));
        assert_eq!(look(105_000, true).0, "salt");
    }

    #[test]
    fn another_list_begins_with_its_newest_and_an_empty_one_leaves_the_strip_to_others() {
        let mut strip = Strip::new();
        assert!(strip.change().is_none() && strip.next_look_ms(0).is_none());
        let two = list(&[("salt", None), ("queues", None)]);
        strip.look(&two, &at(0, 0), true);
        strip.look(&two, &Stamp { mono_ms: 20_000, ..at(0, 0) }, true);
        assert_eq!(said(&strip), Some("queues"));
        let new = list(&[("bread", None), ("salt", None), ("queues", None)]);
        strip.look(&new, &Stamp { mono_ms: 21_000, ..at(0, 0) }, true);
        assert_eq!(said(&strip), Some("bread"));
        strip.look(&Arc::new(Changes::none()), &at(0, 0), true);
        assert!(strip.change().is_none());
        strip.look(&list(&[("salt", None)]), &at(0, 0), true);
        assert_eq!(strip.next_look_ms(0), None, "one without an end needs no look");
        strip.look(&list(&[("salt", Some(DAY))]), &at(0, 0), true);
        assert_eq!(strip.next_look_ms(5), Some(60_005));
    }

    #[test]
    fn both_halves_are_read_in_one_language() {
        let change = Change {
            said: words(&[("de", "Schlangen"), ("en", "queues"), ("pt-BR", "filas")]),
            did: words(&[("de", "Kassen"), ("en", "tills"), ("pt-BR", "caixas")]),
            ..change("", None)
        };
        for (tag, default_tag, expected) in [
            ("de", "en", ("Schlangen", "Kassen")),
            ("de-AT", "en", ("Schlangen", "Kassen")),
            ("pt-BR", "en", ("filas", "caixas")),
            ("pl", "en", ("queues", "tills")),
            ("pl", "fr", ("Schlangen", "Kassen")),
        ] {
            assert_eq!(in_language(&change, tag, default_tag), expected, "{tag}, else {default_tag}");
        }
    }
}
