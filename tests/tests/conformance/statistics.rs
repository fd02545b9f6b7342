//! Every number of a summary, and the limits of a control chart, as scipy and statsmodels have them: to 1e-9, on a table that
//! `statistics.py` has written.

use std::collections::BTreeMap;

use afterword_model::metrics::change::holm;
use afterword_model::metrics::control::limits;
use afterword_model::metrics::score::{Mean, Recommending};
use afterword_model::metrics::share::{difference_95, p_of_two_shares, wilson_95};
use afterword_model::metrics::usual::usual;

const TABLE: &str = include_str!("statistics.csv");

/// Of 1, or of the number itself where that is more: net promoter scores go to 100, days to hundreds.
const TOLERANCE: f64 = 1e-9;

fn counts(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| *number as u64).collect()
}

fn found(formula: &str, given: &[f64]) -> Vec<f64> {
    let whole = counts(given);
    match (formula, whole.as_slice()) {
        ("wilson", &[hits, of]) => {
            let share = wilson_95(hits, of);
            vec![share.low, share.high]
        }
        ("two shares", &[hits, of, other_hits, other_of]) => {
            vec![p_of_two_shares((hits, of), (other_hits, other_of))]
        }
        ("difference", &[hits, of, other_hits, other_of]) => {
            let difference = difference_95((hits, of), (other_hits, other_of));
            vec![difference.estimate, difference.low, difference.high]
        }
        ("nps", counts) => {
            let score = Recommending::of(counts).score();
            vec![score.estimate, score.low, score.high]
        }
        ("two nps", counts) => {
            let (one, other) = counts.split_at(11);
            vec![Recommending::of(one).p_against(Recommending::of(other))]
        }
        ("mean", counts) => {
            let score = Mean::of(counts, 1).score(1, 7);
            vec![score.estimate, score.low, score.high]
        }
        ("two means", counts) => {
            let (one, other) = counts.split_at(7);
            vec![Mean::of(one, 1).p_against(Mean::of(other, 1))]
        }
        ("holm", _) => holm(given),
        ("usual", days) => {
            let usual = usual(days).expect("enough days");
            vec![usual.low, usual.high]
        }
        ("limits", &[_, of]) => {
            let limits = limits(given[0], of);
            vec![limits.low, limits.high]
        }
        _ => panic!("no such formula: {formula} of {given:?}"),
    }
}

#[test]
fn all_formulas_agree_with_the_reference() {
    let numbers = |field: &str| -> Vec<f64> {
        field.split(' ').map(|number| number.parse().expect("a number")).collect()
    };
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(',');
        let (Some(formula), Some(given), Some(expected)) = (fields.next(), fields.next(), fields.next())
        else {
            panic!("not a row: {line}");
        };
        let (given, expected) = (numbers(given), numbers(expected));
        let found = found(formula, &given);
        let is_close = |(one, other): (&f64, &f64)| (one - other).abs() <= TOLERANCE * other.abs().max(1.0);
        if found.len() != expected.len() || !found.iter().zip(&expected).all(is_close) {
            problems.push(format!("{formula} of {given:?} is {found:?}, the reference has {expected:?}"));
        }
        *rows.entry(formula).or_default() += 1;
    }
    assert!(rows.len() == 10 && rows.values().all(|rows| *rows >= 15), "{rows:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
