//! The happy share day by day between its limits: drawn, and as a table.

use std::fmt::Write as _;

use afterword_model::metrics::control::Signal;
use maud::{Markup, html};

use super::axis::Axis;
use super::notes::{self, ROW};
use super::{at, date};
use crate::numbers::{DayChart, DayPoint, Side};
use crate::storage::DayNote;
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
pub(in crate::web::pages) fn section(chart: &DayChart, notes: &[DayNote]) -> Markup {
    let answers: u64 = chart.days.iter().map(|day| day.of).sum();
    let days = chart.days.iter().filter(|day| day.of > 0).count().max(1) as u64;
    html! {
        section.chart aria-labelledby="per-day" {
            h2 #per-day { "Happy visits per day, %"
                @if chart.centre.is_some() { small { "shaded: what chance alone explains (3 sigma, about " (words::count(answers / days)) " replies a day)" } }
            }
            @if chart.centre.is_none() { p { "There are not enough answers yet for a chart." } }
            @else { (drawing(chart, notes)) (sentences(chart)) }
            details { summary { "As a table" } div.wide tabindex="0" role="group" aria-label="Happy visits per day" { (table(chart, notes)) } }
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

fn drawing(chart: &DayChart, notes: &[DayNote]) -> Markup {
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
    let marks = Marks::of(days, notes, &x);
    let (top, height) = (TOP + marks.above, HEIGHT + marks.above);
    let y = |share: f64| height - BOTTOM - axis.place(share) * (height - BOTTOM - top);
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
    let title = describe(chart, marks.lines.len());
    html! {
        div.wide.drawn tabindex="0" role="group" aria-labelledby="per-day" { svg.plot viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(title) {
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
            (marks.drawn(height - BOTTOM))
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
                text x=(at(x(index))) y=(height - 8.0) text-anchor="middle" { (date(day.day, "%-d %b")) }
            }
        } }
    }
}

/// Notes as they are drawn: a line at each day that has some, with words above where there is room for them.
struct Marks {
    /// Pixels that the words take above the drawing.
    above: f64,
    /// From where each line goes down.
    lines: Vec<(f64, f64)>,
    /// Where words are drawn, by which end, and whether the day is a bad one.
    words: Vec<(f64, f64, &'static str, bool, String)>,
}

impl Marks {
    fn of(days: &[DayPoint], notes: &[DayNote], x: &impl Fn(usize) -> f64) -> Self {
        let place = |note: &DayNote| days.iter().position(|day| day.day == note.day);
        // The newest days win: what is on somebody's mind.
        let mut noted: Vec<(usize, &DayNote)> =
            notes.iter().filter_map(|note| Some((place(note)?, note))).collect();
        noted.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
        let wanted: Vec<(f64, String)> = noted
            .iter()
            .map(|(index, note)| (x(*index), format!("{}: {}", date(note.day, "%-d %b"), note.words)))
            .collect();
        let placed = notes::place(&wanted, (LEFT, WIDTH - 4.0));
        let rows = placed.iter().map(|one| one.row + 1).max().unwrap_or(0);
        let above = rows as f64 * ROW;
        let mut lines: Vec<(f64, f64)> = Vec::new();
        for (left, _) in &wanted {
            let own = placed.iter().filter(|one| (one.x - left).abs() < 0.5);
            let tops = own.map(|one| (one.row + usize::from(one.stands_over())) as f64 * ROW);
            let top = tops.fold(above, f64::min) + 4.0;
            if lines.last().is_none_or(|(last, _)| (last - left).abs() >= 0.5) {
                lines.push((*left, top));
            }
        }
        let words = placed.into_iter().map(|one| {
            let (from, end) = one.anchor();
            let day = &days[noted[one.note].0];
            let is_bad = is_beyond(day) && is_worse(day);
            (from, one.row as f64 * ROW + 16.0, end, is_bad, wanted[one.note].1.clone())
        });
        Self { above, words: words.collect(), lines }
    }

    fn drawn(&self, bottom: f64) -> Markup {
        html! {
            @for (x, top) in &self.lines { path d={ "M" (at(*x)) " " (at(*top)) " V" (bottom) } stroke="#14181A" stroke-width="1.5" {} }
            @for (x, y, end, is_bad, words) in &self.words {
                text.note.bad[*is_bad] x=(at(*x)) y=(at(*y)) text-anchor=(end) { (words) }
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

fn table(chart: &DayChart, notes: &[DayNote]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Day" } th.n scope="col" { "Happy, %" } th.n scope="col" { "Replies" } th.n scope="col" { "Chance alone, %" } th scope="col" { "What stands out" } @if !notes.is_empty() { th scope="col" { "Noted" } } } }
            tbody {
                @for day in &chart.days {
                    tr {
                        th scope="row" { (date(day.day, "%a %-d %b %Y")) }
                        td.n { @match day.share { Some(share) => (format!("{:.1}", share.estimate * 100.0)), None => "–" } }
                        td.n { (words::count(day.of)) }
                        td.n { @match day.limits { Some(limits) => (format!("{:.1} to {:.1}", limits.low * 100.0, limits.high * 100.0)), None => "–" } }
                        td { @if day.signal.is_some() { (signal(day)) } }
                        @if !notes.is_empty() {
                            td { @for (place, note) in notes.iter().filter(|note| note.day == day.day).enumerate() { @if place > 0 { br; } (note.words) } }
                        }
                    }
                }
            }
        }
    }
}

fn describe(chart: &DayChart, noted: usize) -> String {
    let days = chart.days.len();
    let centre = chart.centre.map_or_else(String::new, |centre| format!(" around {:.1} %", centre * 100.0));
    let beyond = chart.days.iter().filter(|day| is_beyond(day)).count();
    let beyond = match beyond {
        0 => "no day lies outside what chance explains".to_owned(),
        1 => "one day lies outside what chance explains".to_owned(),
        several => format!("{several} days lie outside what chance explains"),
    };
    let noted = match noted {
        0 => String::new(),
        1 => "; one day has a note".to_owned(),
        several => format!("; {several} days have notes"),
    };
    format!(
        "The share of happy visits on each of {days} days{centre}; {beyond}{noted}. The table below says it day by day."
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
