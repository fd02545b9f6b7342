//! Numbers as the overview, the stores' list and a store's page show them.
//!
//! Every drawing has its table: what is drawn can be read without seeing it. Nothing is shown without its interval or the size of what it
//! is made of, and nothing below the number of answers that a number needs.

mod axis;
pub(super) mod before_after;
pub(super) mod chart;
mod notes;
pub(super) mod range;
pub(super) mod reasons;
pub(super) mod stores;

use afterword_model::metrics::change::Change;
use afterword_model::summary::{Measure, Measured};
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

/// A number in the line below the headline.
pub(super) fn figure(name: &str, value: &str, more: &str) -> Markup {
    html! { div { dt { (name) } dd { b { (value) } @if !more.is_empty() { span { (more) } } } } }
}

/// A share in per cent, with half of its interval.
pub(super) fn share(measured: &Measured) -> (String, String) {
    match measured.now {
        Some(now) => (format!("{:.1} %", now.estimate() * 100.0), format!("± {:.1}", half(&now) * 100.0)),
        None => ("–".into(), "not enough answers yet".into()),
    }
}

/// A score of -100 to 100, with half of its interval.
pub(super) fn score(measured: &Measured) -> (String, String) {
    match measured.now {
        Some(now) => (signed(now.estimate(), 0), format!("± {:.0}", half(&now).ceil().max(1.0))),
        None => ("–".into(), "not enough answers yet".into()),
    }
}

/// How a share moved, in points of a hundred; strong where it is a change.
pub(super) fn moved(measured: &Measured, decimals: usize) -> Markup {
    let Some((now, before)) = measured.now.zip(measured.before) else {
        return html! { span.quiet { "–" } };
    };
    let points = signed((now.estimate() - before.estimate()) * 100.0, decimals);
    match measured.change {
        Some(Change::Up) => html! { b { (points) } span.hidden { " (up)" } },
        Some(Change::Down) => html! { b { (points) } span.hidden { " (down)" } },
        _ => html! { span.quiet { (points) } span.hidden { " (no more than chance)" } },
    }
}

/// A day as people write it, in this form.
pub(super) fn date(day: i64, form: &str) -> String {
    let date =
        u64::try_from(day).ok().and_then(|days| NaiveDate::default().checked_add_days(Days::new(days)));
    date.map_or_else(|| format!("day {day}"), |date| date.format(form).to_string())
}

/// A place in a drawing.
fn at(number: f64) -> String {
    format!("{number:.1}")
}

fn half(measure: &Measure) -> f64 {
    let (low, high) = measure.interval();
    (high - low) / 2.0
}

/// With a plus, or a real minus.
fn signed(number: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", number.abs());
    let is_zero = digits.chars().all(|digit| matches!(digit, '0' | '.'));
    match (is_zero, number < 0.0) {
        (true, _) => digits,
        (false, true) => format!("−{digits}"),
        (false, false) => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_has_no_sign() {
        assert_eq!([signed(-0.04, 1), signed(2.14, 1), signed(-3.6, 1)], ["0.0", "+2.1", "−3.6"]);
    }
}
