//! Whether what was done about a follow-up worked: how often its reason was named before and after.

use afterword_model::metrics::share::{Difference, difference_95};
use afterword_model::metrics::{ANSWERS_MIN, Share, wilson_95};
use afterword_model::tally::{Cell, Tally};

use crate::storage::numbers::read;
use crate::storage::sql::{Connection, SqlResult};

/// Days on either side that are looked at: each day of the week twice.
const DAYS_MAX: i64 = 14;
/// Whole days afterwards before anything is said: each day of the week once, as in [`afterword_model::case::VERIFY_AFTER_MS`].
pub(crate) const DAYS_MIN: i64 = 7;

/// How often a reason was named in a store, around the day on which something was done about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effect {
    /// The day on which it was done. Nobody knows which of its visits came before; it counts for neither side.
    pub(crate) acted_day: i64,
    /// Every day from the first before it to the last whole one after it, the oldest first.
    pub(crate) days: Vec<NamedOn>,
    /// The share of visits that named it in all days before.
    pub(crate) before: Share,
    /// The same after.
    pub(crate) after: Share,
    /// After less before; none where either has fewer than [`ANSWERS_MIN`] visits.
    pub(crate) difference: Option<Difference>,
}

/// One local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedOn {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Visits that named the reason.
    pub(crate) hits: u64,
    /// All visits.
    pub(crate) of: u64,
}

impl NamedOn {
    /// The share of its visits; none below [`ANSWERS_MIN`].
    pub(crate) fn share(&self) -> Option<f64> {
        (self.of >= ANSWERS_MIN).then(|| wilson_95(self.hits, self.of).estimate)
    }
}

/// How many whole days after the acting there are before `today`, as far as they are looked at.
pub(crate) fn whole_days_after(acted_day: i64, today: i64) -> i64 {
    (today - 1 - acted_day).clamp(0, DAYS_MAX)
}

/// What an act of that day came to, with so many days after it, for an option of any of the store's surveys.
pub(crate) fn effect(
    connection: &Connection,
    (store, option): (&str, &str),
    acted_day: i64,
    days_after: i64,
) -> SqlResult<Effect> {
    let (first, last) = (acted_day - DAYS_MAX, acted_day + days_after);
    Ok(Effect::of(&read::of_store(connection, store, (first, last))?, option, (first, acted_day, last)))
}

impl Effect {
    fn of(cells: &[(Cell, Tally)], option: &str, (first, acted_day, last): (i64, i64, i64)) -> Self {
        let named = |tally: &Tally| -> u64 {
            let options = tally.questions.values().filter_map(|asked| asked.options.get(option));
            // Who named it in two questions named it once.
            options.sum::<u64>().min(tally.outcomes.total())
        };
        let on = |day: i64| {
            let cells = cells.iter().filter(|(cell, _)| cell.day == day);
            let (hits, of) =
                cells.fold((0, 0), |sum, (_, tally)| (sum.0 + named(tally), sum.1 + tally.outcomes.total()));
            NamedOn { day, hits, of }
        };
        let days: Vec<NamedOn> = (first..=last).map(on).collect();
        let side = |is_in: &dyn Fn(i64) -> bool| {
            let days = days.iter().filter(|on| is_in(on.day));
            let (hits, of) = days.fold((0, 0), |sum, on| (sum.0 + on.hits, sum.1 + on.of));
            wilson_95(hits, of)
        };
        let (before, after) = (side(&|day| day < acted_day), side(&|day| day > acted_day));
        let is_enough = before.of.min(after.of) >= ANSWERS_MIN;
        let counts = |side: &Share| (side.hits, side.of);
        let difference = is_enough.then(|| difference_95(counts(&after), counts(&before)));
        Self { acted_day, days, before, after, difference }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::tally::{Outcomes, QuestionTally};

    use super::*;

    fn cell(day: i64, named: u64, visits: u64) -> (Cell, Tally) {
        let survey = "grocery-exit".to_owned();
        let cell = Cell { day, survey, touchpoint: String::new(), language: String::new(), flagged: false };
        let options = [("waiting".to_owned(), named), ("price".to_owned(), visits)].into();
        let why = QuestionTally { answered: visits, options, ..QuestionTally::default() };
        let outcomes = Outcomes { completed: visits, ..Outcomes::default() };
        (cell, Tally { outcomes, questions: [("why".to_owned(), why)].into(), hours: [].into() })
    }

    #[test]
    fn the_day_of_acting_counts_for_neither_side() {
        let cells: Vec<_> = [(86, 12, 100), (99, 12, 100), (100, 90, 100), (101, 6, 100), (107, 2, 60)]
            .into_iter()
            .map(|(day, named, visits)| cell(day, named, visits))
            .collect();
        let effect = Effect::of(&cells, "waiting", (86, 100, 107));
        assert_eq!((effect.days.len(), effect.days[14].hits), (22, 90));
        assert_eq!((effect.before.hits, effect.before.of), (24, 200));
        assert_eq!((effect.after.hits, effect.after.of), (8, 160));
        let difference = effect.difference.unwrap();
        assert!((difference.estimate - (8.0 / 160.0 - 24.0 / 200.0)).abs() < 1e-12, "{difference:?}");
        assert!(difference.low < difference.estimate && difference.high < 0.0, "{difference:?}");
        assert_eq!(Effect::of(&cells[..3], "waiting", (86, 100, 107)).difference, None, "nothing came after");
    }

    #[test]
    fn only_whole_days_count_and_two_weeks_of_them() {
        assert_eq!([100, 101, 102, 108, 200].map(|today| whole_days_after(100, today)), [0, 0, 1, 7, 14]);
    }
}
