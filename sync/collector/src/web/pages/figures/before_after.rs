//! How often something was named on each day before and after something was done about it: drawn, and as a table.

use maud::{Markup, html};

use super::axis::Axis;
use super::notes::{self, ROW};
use super::{at, date};
use crate::numbers::{Effect, NamedOn};
use crate::web::words;

const WIDTH: f64 = 496.0;
const HEIGHT: f64 = 264.0;
const LEFT: f64 = 36.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
/// Characters of what was done that are drawn beside its line.
const WORDS_MAX: usize = 40;

/// The drawing; `done` is what was done, in words.
pub(in crate::web::pages) fn drawing(effect: &Effect, done: &str) -> Markup {
    let (first, last) = ends(effect);
    let step = (WIDTH - LEFT - RIGHT) / (last - first).max(1) as f64;
    let x = |day: i64| LEFT + (day - first) as f64 * step;
    let cut = match done.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", done[..end].trim_end()),
        None => done.to_owned(),
    };
    let label = [(x(effect.acted_day), cut)];
    let placed = notes::place(&label, (LEFT, WIDTH - 2.0));
    let top = TOP + placed.len() as f64 * ROW;
    let shares = effect.days.iter().filter_map(NamedOn::share);
    let axis = Axis::of(shares.chain([0.0, effect.before.high, effect.after.high]));
    let y = |share: f64| HEIGHT - BOTTOM - axis.place(share) * (HEIGHT - BOTTOM - top);
    let sides = [
        (first, effect.acted_day - 1, &effect.before, "#14181A", "#E4E6E1"),
        (effect.acted_day + 1, last, &effect.after, "#114599", "#DCE6F5"),
    ];
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(describe(effect)) {
            @for percent in axis.lines() {
                @let height = at(y(f64::from(percent) / 100.0));
                path d={ "M" (LEFT) " " (height) " H" (WIDTH - 2.0) } stroke=(if percent == 0 { "#14181A" } else { "#E4E6E1" }) stroke-width="1.5" {}
                text x=(LEFT - 8.0) y=(at(y(f64::from(percent) / 100.0) + 5.0)) text-anchor="end" { (percent) }
            }
            @for (from, to, share, colour, tint) in sides {
                @let (left, right) = (x(from) - 5.0, x(to) + 5.0);
                rect x=(at(left)) width=(at((right - left).max(1.0))) y=(at(y(share.high))) height=(at((y(share.low) - y(share.high)).max(1.0))) fill=(tint) {}
                path d={ "M" (at(left)) " " (at(y(share.estimate))) " H" (at(right)) } stroke=(colour) stroke-width="2.5" {}
            }
            @let line = x(effect.acted_day);
            path d={ "M" (at(line)) " " (at(4.0 + if placed.iter().any(notes::Placed::stands_over) { ROW } else { 0.0 })) " V" (HEIGHT - BOTTOM) } stroke="#14181A" stroke-width="1.5" {}
            @for one in &placed {
                @let (from, end) = one.anchor();
                text.note x=(at(from)) y="16" text-anchor=(end) { (label[one.note].1) }
            }
            @for on in effect.days.iter().filter(|on| on.day != effect.acted_day) {
                @if let Some(share) = on.share() {
                    @if on.day < effect.acted_day { circle cx=(at(x(on.day))) cy=(at(y(share))) r="4.6" fill="#FAFAF7" stroke="#14181A" stroke-width="2.4" {} }
                    @else { circle cx=(at(x(on.day))) cy=(at(y(share))) r="5" fill="#114599" {} }
                }
            }
            @for (day, end) in [(first, "start"), (effect.acted_day, "middle"), (last, "end")] {
                text x=(at(x(day) + match end { "start" => -8.0, "end" => 8.0, _ => 0.0 })) y=(HEIGHT - 8.0) text-anchor=(end) { (date(day, "%-d %b")) }
            }
        }
    }
}

/// What is drawn, day by day.
pub(in crate::web::pages) fn table(effect: &Effect) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Day" } th.n scope="col" { "Named it" } th.n scope="col" { "Replies" } th.n scope="col" { "%" } } }
            tbody {
                @for on in &effect.days {
                    tr {
                        th scope="row" { (date(on.day, "%a %-d %b %Y")) @if on.day == effect.acted_day { span.quiet { " (done on this day)" } } }
                        td.n { (words::count(on.hits)) }
                        td.n { (words::count(on.of)) }
                        td.n { @match on.share() { Some(share) => (format!("{:.1}", share * 100.0)), None => "–" } }
                    }
                }
            }
        }
    }
}

fn ends(effect: &Effect) -> (i64, i64) {
    let day = |found: Option<&NamedOn>| found.map_or(effect.acted_day, |on| on.day);
    (day(effect.days.first()), day(effect.days.last()))
}

fn describe(effect: &Effect) -> String {
    let (first, last) = ends(effect);
    format!(
        "The share of visits that named it on each day from {} to {}: {:.1} % before {}, {:.1} % after. The table below says it day by day.",
        date(first, "%-d %b"),
        date(last, "%-d %b"),
        effect.before.estimate * 100.0,
        date(effect.acted_day, "%-d %b"),
        effect.after.estimate * 100.0,
    )
}
