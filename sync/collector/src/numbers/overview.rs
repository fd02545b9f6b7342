//! The overview: all stores, or some of them.

use std::collections::BTreeMap;

use afterword_model::metrics::change::{holm, judged};
use afterword_model::metrics::score::Recommending;
use afterword_model::metrics::share::p_of_two_shares;
use afterword_model::metrics::{ANSWERS_MIN, wilson_95};
use afterword_model::scale::ScaleKind;
use afterword_model::summary::{Measure, Measured, compared_with, happy};
use afterword_model::tally::{Cell, Tally};

use super::places::places;
use super::{DayChart, Finding, FollowUps, Overview, Reason, Scope, StoreNumbers};
use crate::storage::numbers::read::{self, Plain};
use crate::storage::sql::{Connection, SqlResult};

/// The numbers of all stores, or of some, at one moment.
pub(crate) fn overview(
    connection: &Connection,
    scope: &Scope,
    follow_ups: &FollowUps,
) -> SqlResult<Overview> {
    let snapshot = connection.snapshot()?;
    let days = (scope.first_day, scope.last_day);
    let days_before = compared_with(scope.first_day, scope.last_day);
    let cells = |days| match &scope.stores {
        None => read::of_all(&snapshot, days),
        Some(stores) => read::of_stores(&snapshot, stores, days),
    };
    let (now, before) = (cells(days)?, cells(days_before)?);
    let plain = |days| -> SqlResult<BTreeMap<String, Plain>> {
        let mut plain = read::plain(&snapshot, days, scope.without_flagged)?;
        if let Some(stores) = &scope.stores {
            plain.retain(|store, _| stores.contains(store));
        }
        Ok(plain)
    };
    let (plain_now, plain_before) = (plain(days)?, plain(days_before)?);
    let holdings = read::holdings(&snapshot)?;
    drop(snapshot);

    let flagged = now.iter().filter(|(cell, _)| cell.flagged).map(|(_, tally)| tally.outcomes.total()).sum();
    let (now, before) = (wanted(now, scope.without_flagged), wanted(before, scope.without_flagged));
    let (sums, sums_before) = (Totals::of(&now), Totals::of(&before));
    let [happy, recommend, completed] = headline(&sums, &sums_before);
    Ok(Overview {
        scope: scope.clone(),
        compared_with: days_before,
        finding: finding(&happy, sums.rated.1),
        happy,
        recommend,
        completed,
        responses: sums.responses,
        responses_before: sums_before.responses,
        flagged,
        acknowledged: follow_ups.acknowledged(scope),
        chart: chart(days, &now),
        stores: stores(&plain_now, &plain_before),
        reasons: reasons(&now, &before),
        holdings,
    })
}

/// Cells, without the flagged ones where these are to be left out.
pub(super) fn wanted(cells: Vec<(Cell, Tally)>, without_flagged: bool) -> Vec<(Cell, Tally)> {
    cells.into_iter().filter(|(cell, _)| !(without_flagged && cell.flagged)).collect()
}

/// What some cells come to.
#[derive(Default)]
pub(super) struct Totals {
    responses: u64,
    completed: u64,
    /// Happy visits, and those that said whether they were.
    pub(super) rated: (u64, u64),
    recommending: Recommending,
}

impl Totals {
    pub(super) fn of(cells: &[(Cell, Tally)]) -> Self {
        let mut totals = Self::default();
        for (_, tally) in cells {
            totals.responses += tally.outcomes.total();
            totals.completed += tally.outcomes.completed;
            let rated = rated(tally);
            totals.rated = (totals.rated.0 + rated.0, totals.rated.1 + rated.1);
            let scored = tally.questions.values().filter_map(|asked| asked.ratings.get(&ScaleKind::Nps));
            for more in scored.map(|counts| Recommending::of(counts)) {
                totals.recommending.promoters += more.promoters;
                totals.recommending.detractors += more.detractors;
                totals.recommending.of += more.of;
            }
        }
        totals
    }
}

/// Happy visits of a cell, and those that said whether they were, by what each began with.
fn rated(tally: &Tally) -> (u64, u64) {
    tally.hours.values().map(|hour| happy(&hour.ratings)).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
}

/// Happy visits, recommendation, completion, judged together.
pub(super) fn headline(now: &Totals, before: &Totals) -> [Measured; 3] {
    let mut family = [
        share(now.rated, before.rated),
        recommend(now.recommending, before.recommending),
        share((now.completed, now.responses), (before.completed, before.responses)),
    ];
    judge(family.iter_mut());
    family
}

/// A share that has not been judged yet.
fn share(now: (u64, u64), before: (u64, u64)) -> Measured {
    let measure = |(hits, of)| (of >= ANSWERS_MIN).then(|| Measure::Share(wilson_95(hits, of)));
    compared(measure(now), measure(before), || p_of_two_shares(now, before))
}

fn recommend(now: Recommending, before: Recommending) -> Measured {
    let measure = |of: Recommending| (of.of >= ANSWERS_MIN).then(|| Measure::Nps(of.score()));
    compared(measure(now), measure(before), || now.p_against(before))
}

fn compared(now: Option<Measure>, before: Option<Measure>, p: impl FnOnce() -> f64) -> Measured {
    Measured { now, before, change: None, p: now.and(before).map(|_| p()) }
}

/// Calls changes what is one, all of these numbers together.
fn judge<'m>(numbers: impl Iterator<Item = &'m mut Measured>) {
    let compared: Vec<&mut Measured> = numbers.filter(|number| number.p.is_some()).collect();
    let p: Vec<f64> = compared.iter().filter_map(|number| number.p).collect();
    for (number, raised) in compared.into_iter().zip(holm(&p)) {
        number.p = Some(raised);
        if let (Some(now), Some(before)) = (number.now, number.before) {
            number.change = Some(judged(now.estimate(), before.estimate(), raised));
        }
    }
}

fn finding(happy: &Measured, answers: u64) -> Finding {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is 0 to 1")]
    let in_hundred = |measure: &Measure| (measure.estimate() * 100.0).round() as u64;
    happy.now.as_ref().map_or(Finding::NotEnough { answers }, |now| Finding::Happy {
        in_hundred: in_hundred(now),
        before: happy.before.as_ref().map(in_hundred),
        change: happy.change,
    })
}

/// The chart of these days.
pub(super) fn chart((first, last): (i64, i64), cells: &[(Cell, Tally)]) -> DayChart {
    let mut points: Vec<(u64, u64)> = (first..=last).map(|_| (0, 0)).collect();
    for (cell, tally) in cells {
        let place = usize::try_from(cell.day.saturating_sub(first)).ok();
        if let Some(point) = place.and_then(|place| points.get_mut(place)) {
            let of = rated(tally);
            *point = (point.0 + of.0, point.1 + of.1);
        }
    }
    DayChart::of(first, &points)
}

fn stores(now: &BTreeMap<String, Plain>, before: &BTreeMap<String, Plain>) -> Vec<StoreNumbers> {
    let nothing = Plain::default();
    let mut stores: Vec<StoreNumbers> = now
        .iter()
        .map(|(store, now)| {
            let before = before.get(store).unwrap_or(&nothing);
            StoreNumbers {
                store: store.clone(),
                responses: now.responses,
                happy: share((now.happy, now.rated), (before.happy, before.rated)),
                places: None,
                recommend: (now.recommending.of >= ANSWERS_MIN).then(|| now.recommending.score()),
                completed: (now.responses >= ANSWERS_MIN).then(|| wilson_95(now.completed, now.responses)),
            }
        })
        .collect();
    judge(stores.iter_mut().map(|store| &mut store.happy));
    let ranked: Vec<&mut StoreNumbers> =
        stores.iter_mut().filter(|store| store.happy.now.is_some()).collect();
    let intervals: Vec<(f64, f64)> =
        ranked.iter().filter_map(|store| store.happy.now.as_ref().map(Measure::interval)).collect();
    for (store, places) in ranked.into_iter().zip(places(&intervals)) {
        store.places = Some(places);
    }
    // Those with too few answers have nothing to be ordered by but their names.
    let order = |store: &StoreNumbers| store.happy.now.map_or(f64::NEG_INFINITY, |now| now.estimate());
    stores.sort_by(|one, other| order(other).total_cmp(&order(one)));
    stores
}

/// What was chosen, and in how many visits of its question; by survey, question and option.
type Chosen<'c> = BTreeMap<(&'c str, &'c str, &'c str), (u64, u64)>;

fn chosen(cells: &[(Cell, Tally)]) -> Chosen<'_> {
    let mut visits: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut chosen = Chosen::new();
    for (cell, tally) in cells {
        for (question, asked) in &tally.questions {
            *visits.entry((&cell.survey, question)).or_default() += asked.answered;
            for (option, count) in &asked.options {
                chosen.entry((&cell.survey, question, option)).or_default().0 += count;
            }
        }
    }
    for ((survey, question, _), (_, of)) in &mut chosen {
        *of = visits.get(&(*survey, *question)).copied().unwrap_or(0);
    }
    chosen
}

/// Why visits were not happy, judged together.
pub(super) fn reasons(now: &[(Cell, Tally)], before: &[(Cell, Tally)]) -> Vec<Reason> {
    let (now, before) = (chosen(now), chosen(before));
    let mut reasons: Vec<Reason> = now
        .iter()
        .map(|(&(survey, question, option), &(count, of))| {
            // What was not chosen then was asked for all the same, in every visit of its question.
            let visits = before
                .range((survey, question, "")..)
                .next()
                .filter(|(key, _)| key.0 == survey && key.1 == question);
            let of_before = visits.map_or(0, |(_, (_, of))| *of);
            let count_before = before.get(&(survey, question, option)).map_or(0, |(count, _)| *count);
            Reason {
                survey: survey.to_owned(),
                question: question.to_owned(),
                option: option.to_owned(),
                count,
                share: share((count, of), (count_before, of_before)),
            }
        })
        .collect();
    judge(reasons.iter_mut().map(|reason| &mut reason.share));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}
