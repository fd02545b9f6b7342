//! "Did it work?": how often visits named the reason of a follow-up before and after something was done about it.

use std::sync::Arc;

use afterword_model::case::{Category, Said, Step};
use afterword_model::metrics::ANSWERS_MIN;
use afterword_model::response::{ClockQuality, Stamp};
use maud::{Markup, html};

use super::plain;
use crate::admin::casing::CaseRow;
use crate::numbers::{DAYS_MIN, Effect, effect, whole_days_after};
use crate::routes::App;
use crate::storage::numbers::stood;
use crate::web::icon::Icon;
use crate::web::mishap::Mishap;
use crate::web::pages::figures::{before_after, date, reasons};
use crate::web::words;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Of a follow-up about which something was done: what came of it, or why that cannot be said.
enum Found {
    /// Nothing that is counted stands behind it.
    NoReason,
    /// The kiosk stood in no store then.
    NoStore,
    /// The kiosk did not know the time when it was done.
    NoDay,
    /// So many whole days are over, and more are needed.
    TooEarly { days: i64 },
    /// So many visits on the two sides: one of them too few.
    TooFew { before: u64, after: u64 },
    /// This.
    Is(Box<Effect>),
}

/// The section; none before something was done.
pub(super) async fn section(app: &Arc<App>, row: &CaseRow) -> Result<Markup, Mishap> {
    let Some((acted, done)) = act(row) else { return Ok(html! {}) };
    let now_ms = app.context.clock.wall_ms();
    // Head office stamps in UTC; the day is the shop's own, by the clock on its wall when the follow-up was opened.
    let offset_min = row.view.said.as_ref().map_or(acted.offset_min, |said| said.started.offset_min);
    let day_of = |wall_ms: i64| Stamp { wall_ms, offset_min, ..acted }.local_day();
    let acted_day = day_of(acted.wall_ms);
    let option = row.view.said.as_ref().and_then(reason).map(str::to_owned);
    let days = whole_days_after(acted_day, day_of(now_ms));
    let device = row.device;
    let store = app.read(move |reader| stood(reader, &device, acted.wall_ms)).await?;
    let found = match &option {
        None => Found::NoReason,
        Some(_) if acted.clock == ClockQuality::Unset => Found::NoDay,
        Some(_) if days < DAYS_MIN => Found::TooEarly { days },
        Some(option) => match store {
            None => Found::NoStore,
            Some(store) => {
                let option = option.clone();
                let found =
                    app.read(move |reader| effect(reader, (&store, &option), acted_day, days)).await?;
                match found.difference {
                    Some(_) => Found::Is(Box::new(found)),
                    None => Found::TooFew { before: found.before.of, after: found.after.of },
                }
            }
        },
    };
    let reason = option.as_deref().map(reasons::title);
    Ok(html! {
        section.chart aria-labelledby="effect" {
            h2 #effect { "Did it work?" @if let Some(reason) = &reason { small { "visits naming “" (reason) "”, %" } } }
            @match &found {
                Found::NoReason => p { "The shopper chose no reason that others choose too, so that there is nothing to count before and after." },
                Found::NoStore => p { "The kiosk stood in no store when it was done, so that there is nothing to count before and after." },
                Found::NoDay => p { "The kiosk did not know the time when it was done, so that there is no before and after." },
                Found::TooEarly { days } => p {
                    b { "Not yet: it needs " (DAYS_MIN) " whole days." } " "
                    @if *days == 0 { "None is over" } @else { (words::spelled(usize::try_from(*days).unwrap_or(0))) " " (words::plural(usize::try_from(*days).unwrap_or(0), "is", "are")) " over" }
                    "; on " (day(acted_day + DAYS_MIN + 1)) " it can be said."
                },
                Found::TooFew { before, after } => p {
                    "Too few replies to say: " (words::count(*before)) " in the two weeks before, " (words::count(*after)) " after, and " (ANSWERS_MIN) " are needed on either side."
                },
                Found::Is(effect) => (told(effect, &done)),
            }
        }
    })
}

fn told(effect: &Effect, done: &str) -> Markup {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let (points, likely) = moved(effect);
    html! {
        p.effect {
            b { (percent(effect.before.estimate)) }
            (Icon::Arrow.sized(28)) span.hidden { "to" }
            b.after { (percent(effect.after.estimate)) }
            span { strong { (points) } br; span.quiet { (likely) } }
        }
        (before_after::drawing(effect, done))
        p.hint {
            "Bands show the likely range of each average. Before: " (words::count(effect.before.of)) " replies. After: " (words::count(effect.after.of))
            ". The day itself, " (date(effect.acted_day, "%-d %b")) ", counts for neither: " (done) "."
        }
        details { summary { "As a table" } div.wide tabindex="0" role="group" aria-label="Visits that named it, day by day" { (before_after::table(effect)) } }
    }
}

/// By how much it moved, in points of a hundred, and where that likely lies.
fn moved(effect: &Effect) -> (String, String) {
    let Some(difference) = effect.difference else { return (String::new(), String::new()) };
    let points = |share: f64| format!("{:.1}", share.abs() * 100.0);
    let (low, high) = (difference.low, difference.high);
    if high < 0.0 {
        (
            format!("{} points fewer", points(difference.estimate)),
            format!("likely {} to {}", points(high), points(low)),
        )
    } else if low > 0.0 {
        (
            format!("{} points more", points(difference.estimate)),
            format!("likely {} to {}", points(low), points(high)),
        )
    } else {
        let range = format!("likely {} fewer to {} more", points(low), points(high));
        ("No more than chance would make".into(), range)
    }
}

/// When something was last done, of what counts, and what it was.
fn act(row: &CaseRow) -> Option<(Stamp, String)> {
    let status = &row.view.status;
    let acts = row.view.steps.iter().filter(|held| status.acts.contains(&held.id));
    let last = acts.max_by_key(|held| held.event.at.wall_ms)?;
    let Step::Acted { action, words, .. } = &last.event.step else { return None };
    Some((last.event.at, words.clone().unwrap_or_else(|| plain(action.id()))))
}

/// The option that names what it is about: the first that is of its category, which is something.
fn reason(said: &Said) -> Option<&str> {
    let category = said.category();
    let mut options = said.reasons.iter().filter(|option| *option != Category::Other.id());
    options.find(|option| Category::of_option(option) == category).map(String::as_str)
}

fn day(day: i64) -> String {
    words::day(day.saturating_mul(DAY_MS))
}
