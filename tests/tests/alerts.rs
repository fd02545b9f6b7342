//! How often the rules of alerts err: false alarms on a made-up shop where nothing ever happens, by how many come and how many of
//! them are unhappy as a rule, and how soon an incident is told.
//!
//! Shoppers come as in `hw-sim/src/traffic`, by weekday, hour and season; whether one is unhappy is a coin of its own, so that what
//! opens is chance alone. Seeded: the numbers are the same everywhere. They are in ARCHITECTURE.md and `afterword-kiosk alerts --help`;
//! `cargo test -p afterword-tests --test alerts -- --nocapture` prints them.

use std::collections::BTreeMap;

use afterword_kiosk::alerts::config::Alerting;
use afterword_model::alerts::chart::{BASE_DAYS, Hours};
use afterword_model::alerts::window::{Rating, Window};
use afterword_model::alerts::{Count, judged};
use afterword_model::ports::SeededEntropy;
use afterword_sim::traffic::shape::{Shape, Visits};
use anyhow::{Context, Result, ensure};

const DAYS: u64 = 365;
const WEEKS: f64 = DAYS as f64 / 7.0;

/// Of a hundred, by rows of the tables.
const UNHAPPY: [u64; 6] = [5, 8, 10, 15, 20, 30];

/// Shoppers of a mean day, by columns.
const PER_DAY: [f64; 4] = [50.0, 100.0, 300.0, 600.0];

fn shape(per_day: f64) -> Shape {
    let until = "2026-11-28".parse().expect("a day");
    Shape { until, days: DAYS, per_day, seed: 7, zone: chrono_tz::Europe::London }
}

/// A rating of the year, with its local hour since 1970-01-01.
#[derive(Clone, Copy)]
struct Given {
    rating: Rating,
    hour: i64,
}

/// Everybody who came, as they rated.
fn year(shape: &Shape) -> Vec<Given> {
    let given = Visits::of(shape).filter_map(|visit| {
        let (stamp, is_unhappy) = (visit.draft.started, judged(&visit.draft)?);
        let hour = stamp.local_day() * 24 + i64::from(stamp.local_hour());
        Some(Given { rating: Rating { at_ms: stamp.wall_ms, is_unhappy }, hour })
    });
    given.collect()
}

/// The same shoppers, each of them unhappy with this chance.
fn tossed(year: &[Given], percent: u64) -> Vec<Given> {
    let coin = SeededEntropy::new(percent);
    let tossed = year.iter().map(|given| {
        let is_unhappy = coin.next_u64() % 100 < percent;
        Given { rating: Rating { is_unhappy, ..given.rating }, ..*given }
    });
    tossed.collect()
}

/// When the rule of the last minutes opens an alert.
fn openings(year: &[Given], rules: &Alerting) -> Vec<i64> {
    let (mut window, threshold) = (Window::new(rules.window_ms()), rules.threshold());
    let (mut opened, mut is_open) = (Vec::new(), false);
    let mut look = |window: &mut Window, now_ms| {
        let count = window.count(now_ms);
        let opens = !is_open && threshold.opens(count);
        is_open = if is_open { !threshold.closes(count) } else { opens };
        opened.extend(opens.then_some(now_ms));
    };
    for Given { rating, .. } in year {
        while let Some(edge_ms) = window.next_edge_ms().filter(|edge_ms| *edge_ms <= rating.at_ms) {
            look(&mut window, edge_ms);
        }
        window.add(*rating);
        look(&mut window, rating.at_ms);
    }
    opened
}

/// When the chart opens an alert, as local hours; and how many of the hours that were looked at signal.
fn charted(year: &[Given]) -> (Vec<i64>, f64) {
    let mut hours: BTreeMap<i64, Count> = BTreeMap::new();
    let mut days: BTreeMap<i64, Count> = BTreeMap::new();
    for Given { rating, hour } in year {
        for (counts, key) in [(&mut hours, *hour), (&mut days, hour.div_euclid(24))] {
            let count = counts.entry(key).or_default();
            *count = count.and(rating.is_unhappy);
        }
    }
    let first = days.keys().next().copied().unwrap_or(0);
    let (mut opened, mut is_open, mut signals, mut looks) = (Vec::new(), false, 0_u32, 0_u32);
    for hour in hours.keys().copied().filter(|hour| hour.div_euclid(24) >= first + BASE_DAYS) {
        let today = hour.div_euclid(24);
        let mut base = Count::default();
        for (_, count) in days.range(today - BASE_DAYS..today) {
            base.answers += count.answers;
            base.unhappy += count.unhappy;
        }
        // Each hour of three days, those without anybody too.
        let newest = (hour - 71..=hour).map(|hour| hours.get(&hour).copied().unwrap_or_default());
        let has_signal = Hours { base, hours: newest.collect() }.signal().is_some();
        // At night everything that is open has closed.
        is_open &= hours.contains_key(&(hour - 1));
        opened.extend((has_signal && !is_open).then_some(hour));
        is_open = has_signal;
        signals += u32::from(has_signal);
        looks += 1;
    }
    (opened, f64::from(signals) / f64::from(looks.max(1)))
}

fn a_week(openings: usize, weeks: f64) -> f64 {
    f64::from(u32::try_from(openings).unwrap_or(u32::MAX)) / weeks
}

/// Tells as soon of an incident in a shop that is busy, and errs a third as often.
fn steadier() -> Alerting {
    Alerting { answers_min: 6, ..Alerting::default() }
}

/// A slower rule for shops where one in ten is unhappy as a rule.
fn patient() -> Alerting {
    Alerting { answers_min: 8, window_min: 30, ..Alerting::default() }
}

/// What is documented. The usual rule costs a false alarm or two a day where one in ten is unhappy: of four ratings, two are
/// unhappy by chance in one of nineteen cases, and there are many fours in a week. Half of six costs a third of that, half of eight
/// within thirty minutes less than one a week.
#[test]
fn what_the_rule_of_the_last_minutes_costs_is_known() -> Result<()> {
    let years: Vec<Vec<Given>> = PER_DAY.iter().map(|per_day| year(&shape(*per_day))).collect();
    // Most openings a week, whatever shop, at 5, 8, 10, 15, 20 and 30 % unhappy.
    for (rules, bounds) in [
        (Alerting::default(), [5.5, 11.0, 17.0, 36.0, 58.0, 105.0]),
        (steadier(), [1.2, 3.3, 5.8, 17.0, 31.0, 80.0]),
        (patient(), [0.2, 0.5, 1.0, 4.0, 11.0, 35.0]),
    ] {
        let Alerting { answers_min, window_min, .. } = rules;
        println!("openings a week, half of {answers_min} within {window_min} minutes, by shoppers a day");
        println!("unhappy  {PER_DAY:>6?}");
        let mut before = 0.0;
        for (percent, bound) in UNHAPPY.into_iter().zip(bounds) {
            let row = years.iter().map(|year| a_week(openings(&tossed(year, percent), &rules).len(), WEEKS));
            let row: Vec<f64> = row.collect();
            println!("{percent:>5} %  {row:>6.2?}");
            let most = row.iter().copied().fold(0.0, f64::max);
            ensure!(most <= bound, "{most:.2} a week at {percent} %, and {bound} is what is documented");
            ensure!(most > before, "where more are unhappy, more opens");
            before = most;
        }
    }
    Ok(())
}

/// With a centre that it has learned from four weeks; Champ and Woodall 1987 have one signal in about 180 hours for all four rules
/// on one side, and counts of few are skewed to the side that is watched.
#[test]
fn the_chart_signals_in_few_quiet_hours() -> Result<()> {
    println!(
        "chart: openings a week (share of the hours that signal), by shoppers a day\nunhappy  {PER_DAY:?}"
    );
    let years: Vec<Vec<Given>> = PER_DAY.iter().map(|per_day| year(&shape(*per_day))).collect();
    let weeks = WEEKS - BASE_DAYS as f64 / 7.0;
    for percent in UNHAPPY {
        let mut row = String::new();
        for year in &years {
            let (opened, share) = charted(&tossed(year, percent));
            let opened = a_week(opened.len(), weeks);
            row += &format!("{opened:.2} ({:.2} %)  ", share * 100.0);
            ensure!(share < 0.02 && opened < 1.5, "{percent} %: {opened:.2} a week, {share:.4} of the hours");
        }
        println!("{percent:>5} %  {row}");
    }
    Ok(())
}

#[test]
fn an_incident_opens_an_alert_within_the_hour() -> Result<()> {
    let shape = shape(600.0);
    let year = year(&shape);
    let incident = shape.incident();
    let number = incident.days.0.signed_duration_since(chrono::NaiveDate::default()).num_days();
    let begins = number * 24 + i64::from(incident.hours.0);
    let first = year.iter().find(|given| given.hour >= begins).context("an incident")?.rating.at_ms;
    for (rules, minutes_max) in [(Alerting::default(), 30), (steadier(), 30), (patient(), 60)] {
        let opened = openings(&year, &rules);
        let told_ms = opened.iter().find(|at_ms| **at_ms >= first).context("an alert")? - first;
        println!("half of {}: told after {} minutes", rules.answers_min, told_ms / 60_000);
        ensure!(told_ms <= minutes_max * 60_000, "told only after {} minutes", told_ms / 60_000);
    }
    let (charted, _) = charted(&year);
    let charted = charted.iter().find(|hour| **hour >= begins).context("a signal")? - begins;
    println!("by the chart with hour {}", charted + 1);
    ensure!(charted <= 1, "{charted} hours later");
    Ok(())
}
