//! The happy share day by day between its limits: drawn, and as a table.

use std::fmt::Write as _;

use afterword_model::metrics::control::Signal;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::axis::Axis;
use crate::numbers::{DayChart, DayPoint, Side};
use crate::web::words;

const WIDTH: f64 = 716.0;
const HEIGHT: f64 = 262.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 34.0;
/// Dates below the drawing at most.
const DATES: usize = 5;
/// Days up to which each has a dot of its own.
const DOTS_MAX: usize = 62;

/// The section.
pub(in crate::web::pages) fn section(chart: &DayChart) -> Markup {
    let answers: u64 = chart.days.iter().map(|day| day.of).sum();
    let days = chart.days.iter().filter(|day| day.of > 0).count().max(1) as u64;
    html! {
        section.chart aria-labelledby="per-day" {
            h2 #per-day { "Happy visits per day, %"
                @if chart.centre.is_some() { small { "shaded: what chance alone explains (3 sigma, about " (words::count(answers / days)) " replies a day)" } }
            }
            @if chart.centre.is_none() { p { "There are not enough answers yet for a chart." } }
            @else { (drawing(chart)) (sentences(chart)) }
            details { summary { "As a table" } div.wide tabindex="0" role="group" aria-label="Happy visits per day" { (table(chart)) } }
        }
    }
}

/// What stands out, in words.
fn sentences(chart: &DayChart) -> Markup {
    let found: Vec<&DayPoint> = chart.days.iter().filter(|day| is_beyond(day)).collect();
    html! {
        @if !found.is_empty() {
            ul.signals {
                @for day in found.iter().rev().take(4) {
                    li class=(if is_worse(day) { "bad" } else { "good" }) { (date(day.day, "%-d %b")) ": " (signal(day)) }
                }
            }
        }
    }
}

fn drawing(chart: &DayChart) -> Markup {
    let days = &chart.days;
    let drawn = |day: &DayPoint| day.share.map(|share| share.estimate);
    let limits = || days.iter().filter_map(|day| day.limits.filter(|_| day.share.is_some()));
    let axis = Axis::of(
        days.iter()
            .filter_map(drawn)
            .chain(limits().flat_map(|limits| [limits.low, limits.high]))
            .chain(chart.centre),
    );
    let step = (WIDTH - LEFT - RIGHT) / (days.len().max(2) - 1) as f64;
    let x = |index: usize| if days.len() == 1 { WIDTH / 2.0 } else { LEFT + index as f64 * step };
    let y = |share: f64| HEIGHT - BOTTOM - axis.place(share) * (HEIGHT - BOTTOM - TOP);
    let edge = |of: fn(&DayPoint) -> Option<f64>| limit_line(days, step, &x, &y, of);
    let (upper, lower) = (
        edge(|day| day.limits.filter(|_| day.share.is_some()).map(|limits| limits.high)),
        edge(|day| day.limits.filter(|_| day.share.is_some()).map(|limits| limits.low)),
    );
    let points: Vec<(usize, f64)> =
        days.iter().enumerate().filter_map(|(index, day)| Some((index, drawn(day)?))).collect();
    let mut line = String::new();
    for (place, (index, share)) in points.iter().enumerate() {
        let pen = if place == 0 { 'M' } else { 'L' };
        let _ = write!(line, "{pen}{:.1} {:.1}", x(*index), y(*share));
    }
    let every = days.len().div_ceil(DATES).max(1);
    let title = describe(chart);
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            @for percent in axis.lines() {
                path d={ "M" (LEFT) " " (at(y(f64::from(percent) / 100.0))) " H" (WIDTH - 4.0) } stroke="#E4E6E1" stroke-width="1.5" {}
                text x=(LEFT - 8.0) y=(at(y(f64::from(percent) / 100.0) + 5.0)) text-anchor="end" { (percent) }
            }
            @for (high, low) in upper.iter().zip(&lower) {
                path d=(band(high, low)) fill="#EDEFEA" {}
                path d=(path(high)) fill="none" stroke="#717771" stroke-width="1.5" stroke-dasharray="5 4" {}
                path d=(path(low)) fill="none" stroke="#717771" stroke-width="1.5" stroke-dasharray="5 4" {}
            }
            @if let Some(centre) = chart.centre {
                path d={ "M" (LEFT) " " (at(y(centre))) " H" (WIDTH - 4.0) } stroke="#14181A" stroke-width="1.5" {}
            }
            path d=(line) fill="none" stroke="#114599" stroke-width="2.5" stroke-linejoin="round" {}
            @for (index, share) in &points {
                @let (left, top) = (x(*index), y(*share));
                @if is_beyond(&days[*index]) {
                    rect x=(at(left - 6.5)) y=(at(top - 6.5)) width="13" height="13" transform={ "rotate(45 " (at(left)) " " (at(top)) ")" }
                        fill=(if is_worse(&days[*index]) { "#A62B12" } else { "#0A6259" }) stroke="#FAFAF7" stroke-width="2" {}
                } @else if days.len() <= DOTS_MAX {
                    circle cx=(at(left)) cy=(at(top)) r="4.2" fill="#114599" stroke="#FAFAF7" stroke-width="1.5" {}
                }
            }
            @for (index, day) in days.iter().enumerate().filter(|(index, _)| index % every == 0) {
                text x=(at(x(index))) y=(HEIGHT - 8.0) text-anchor="middle" { (date(day.day, "%-d %b")) }
            }
        }
    }
}

/// A limit as steps, one for each day; a piece for each run of days that have one.
fn limit_line(
    days: &[DayPoint],
    step: f64,
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
    of: fn(&DayPoint) -> Option<f64>,
) -> Vec<Vec<(f64, f64)>> {
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    for (index, day) in days.iter().enumerate() {
        match of(day) {
            Some(limit) => {
                let half = if days.len() == 1 { 40.0 } else { step / 2.0 };
                let left = (x(index) - half).max(LEFT);
                let right = (x(index) + half).min(WIDTH - RIGHT);
                piece.extend([(left, y(limit)), (right, y(limit))]);
            }
            None if !piece.is_empty() => pieces.push(std::mem::take(&mut piece)),
            None => {}
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
    }
    path
}

fn band(high: &[(f64, f64)], low: &[(f64, f64)]) -> String {
    let around: Vec<(f64, f64)> = high.iter().chain(low.iter().rev()).copied().collect();
    format!("{}Z", path(&around))
}

fn table(chart: &DayChart) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Day" } th.n scope="col" { "Happy, %" } th.n scope="col" { "Replies" } th.n scope="col" { "Chance alone, %" } th scope="col" { "What stands out" } } }
            tbody {
                @for day in &chart.days {
                    tr {
                        th scope="row" { (date(day.day, "%a %-d %b %Y")) }
                        td.n { @match day.share { Some(share) => (format!("{:.1}", share.estimate * 100.0)), None => "–" } }
                        td.n { (words::count(day.of)) }
                        td.n { @match day.limits { Some(limits) => (format!("{:.1} to {:.1}", limits.low * 100.0, limits.high * 100.0)), None => "–" } }
                        td { @if day.signal.is_some() { (signal(day)) } }
                    }
                }
            }
        }
    }
}

fn describe(chart: &DayChart) -> String {
    let days = chart.days.len();
    let centre = chart.centre.map_or_else(String::new, |centre| format!(" around {:.1} %", centre * 100.0));
    let beyond = chart.days.iter().filter(|day| is_beyond(day)).count();
    let beyond = match beyond {
        0 => "no day lies outside what chance explains".to_owned(),
        1 => "one day lies outside what chance explains".to_owned(),
        several => format!("{several} days lie outside what chance explains"),
    };
    format!(
        "The share of happy visits on each of {days} days{centre}; {beyond}. The table below says it day by day."
    )
}

/// Whether it is the point itself that stands out.
fn is_beyond(day: &DayPoint) -> bool {
    day.share.is_some() && day.signal.is_some_and(|signal| signal.rule == Signal::BeyondLimits)
}

fn is_worse(day: &DayPoint) -> bool {
    day.signal.is_some_and(|signal| signal.side == Side::Worse)
}

fn signal(day: &DayPoint) -> String {
    let Some(found) = day.signal else { return String::new() };
    let side = if found.side == Side::Worse { "fewer happy visits" } else { "more happy visits" };
    match found.rule {
        Signal::BeyondLimits => format!("{side} than chance explains"),
        Signal::TwoOfThree => format!("{side} on two of three days than chance explains"),
        Signal::FourOfFive => format!("{side} on four of five days than chance explains"),
        Signal::EightInARow => format!("{side} than usual for eight days in a row"),
    }
}

fn date(day: i64, form: &str) -> String {
    let date =
        u64::try_from(day).ok().and_then(|days| NaiveDate::default().checked_add_days(Days::new(days)));
    date.map_or_else(|| format!("day {day}"), |date| date.format(form).to_string())
}

fn at(number: f64) -> String {
    format!("{number:.1}")
}
