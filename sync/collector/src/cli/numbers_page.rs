//! The numbers as a page for people.

use std::fmt::Write as _;

use afterword_collector::numbers::{
    DayChart, DayPoint, Holdings, Overview, Reason, Side, StoreFigures, StoreNumbers,
};
use afterword_model::case::ACKNOWLEDGED_TARGET;
use afterword_model::metrics::Share;
use afterword_model::metrics::change::Change;
use afterword_model::metrics::control::Signal;
use afterword_model::summary::{Measure, Measured, Part};
use chrono::{Days, NaiveDate};
use comfy_table::{CellAlignment, Table, presets};

use super::shown;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// First and last day.
type Range = (NaiveDate, NaiveDate);

pub(super) fn overview_page(range: Range, overview: &Overview) -> String {
    let mut page = format!("{}\n{}\n\n", overview.finding, days(range));
    let _ = writeln!(page, "Responses        {} ({} before)", overview.responses, overview.responses_before);
    page += &headline(&overview.happy, &overview.recommend, &overview.completed);
    page += &acknowledged(overview.acknowledged.as_ref());
    page += &flagged(overview.flagged, overview.scope.without_flagged);
    page += &chart_part(&overview.chart);
    page += &stores_part(&overview.stores);
    page += &reasons_part(&overview.reasons);
    page + &holdings_part(&overview.holdings)
}

pub(super) fn store_page(range: Range, figures: &StoreFigures) -> String {
    let summary = &figures.summary;
    let name = if figures.store.is_empty() {
        "devices without a store".into()
    } else {
        shown(&figures.store).to_string()
    };
    let mut page = format!("{name}, {}\n\nResponses        {}", days(range), summary.responses);
    if let Some(usual) = summary.usual {
        // Half a response is none that came.
        let weekday = range.0.format("%A");
        let _ =
            write!(page, ", a usual {weekday} brings {:.0} to {:.0}", usual.low.ceil(), usual.high.floor());
    }
    page.push('\n');
    page += &headline(&figures.happy, &figures.recommend, &summary.completed);
    page += &flagged(summary.flagged, summary.ask.without_flagged);
    page += &chart_part(&figures.chart);
    page += &parts("By hour", &summary.hours, |name| format!("{name}:00"));
    page += &parts("By weekday", &summary.weekdays, |name| {
        let place = name.parse().ok().and_then(|day: usize| WEEKDAYS.get(day.wrapping_sub(1)));
        place.map_or_else(|| name.to_owned(), |day| (*day).to_owned())
    });
    let or_none = |name: &str| if name.is_empty() { "(none)".to_owned() } else { shown(name).to_string() };
    page += &parts("By touchpoint", &summary.touchpoints, or_none);
    page += &parts("By language", &summary.languages, or_none);
    page + &reasons_part(&figures.reasons)
}

fn days((from, to): Range) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

fn headline(happy: &Measured, recommend: &Measured, completed: &Measured) -> String {
    format!(
        "Happy visits     {}\nWould recommend  {}\nCompleted        {}\n",
        measured(happy),
        measured(recommend),
        measured(completed)
    )
}

fn acknowledged(share: Option<&Share>) -> String {
    let words = share.map_or_else(
        || "too few follow-ups yet".into(),
        |share| {
            let measure = Measure::Share(*share);
            let (hits, of) = (share.hits, share.of);
            format!(
                "{} ({hits} of {of} follow-ups), 95 % interval {} %",
                estimate(&measure),
                interval(&measure)
            )
        },
    );
    format!("Seen in time     {words}; {:.0} % is the target\n", ACKNOWLEDGED_TARGET * 100.0)
}

fn flagged(flagged: u64, are_left_out: bool) -> String {
    match (flagged, are_left_out) {
        (0, _) => String::new(),
        (_, true) => format!(
            "Flagged          {flagged} more, as repeated or too many at once; they are left out here\n"
        ),
        (_, false) => format!(
            "Flagged          {flagged} of them, as repeated or too many at once; --without-flagged leaves them out\n"
        ),
    }
}

/// A number, its interval, and how it stands against the days before.
fn measured(measured: &Measured) -> String {
    let Some(now) = &measured.now else { return "not enough answers yet".into() };
    let against = match (&measured.before, measured.change) {
        (Some(before), Some(Change::Up)) => format!("; up from {}", estimate(before)),
        (Some(before), Some(Change::Down)) => format!("; down from {}", estimate(before)),
        (Some(before), _) => format!("; no change from {} that is certain", estimate(before)),
        _ => String::new(),
    };
    let of = match now {
        Measure::Share(share) => format!("{} of {}", share.hits, share.of),
        Measure::Nps(score) | Measure::Mean(score) => format!("{} answers", score.of),
    };
    format!("{} ({of}), 95 % interval {}{}{against}", estimate(now), interval(now), unit(now))
}

fn estimate(measure: &Measure) -> String {
    bare(measure, measure.estimate()) + unit(measure)
}

fn interval(measure: &Measure) -> String {
    let (low, high) = measure.interval();
    format!("{} to {}", bare(measure, low), bare(measure, high))
}

fn unit(measure: &Measure) -> &'static str {
    if matches!(measure, Measure::Share(_)) { " %" } else { "" }
}

fn bare(measure: &Measure, value: f64) -> String {
    match measure {
        Measure::Share(_) => format!("{:.1}", value * 100.0),
        Measure::Nps(_) => format!("{value:+.0}"),
        Measure::Mean(_) => format!("{value:.2}"),
    }
}

/// The days that chance does not explain.
fn chart_part(chart: &DayChart) -> String {
    let found: Vec<&DayPoint> = chart.days.iter().filter(|day| day.signal.is_some()).collect();
    if found.is_empty() {
        return match chart.centre {
            Some(_) if chart.days.len() > 1 => "No day lies outside what chance alone explains\n".into(),
            _ => String::new(),
        };
    }
    let mut table = plain_table();
    for point in found {
        let day = Days::new(point.day.unsigned_abs());
        let day = NaiveDate::default().checked_add_days(day).map_or_else(String::new, |day| day.to_string());
        let percent = |share: f64| format!("{:.1}", share * 100.0);
        let share = point.share.map_or_else(String::new, |share| format!("{} %", percent(share.estimate)));
        let limits = point.limits.map_or_else(String::new, |limits| {
            format!("chance leaves {} to {}", percent(limits.low), percent(limits.high))
        });
        let why = point.signal.map_or("", |signal| match (signal.rule, signal.side) {
            (Signal::BeyondLimits, Side::Worse) => "below",
            (Signal::BeyondLimits, Side::Better) => "above",
            (_, Side::Worse) => "ends a run of worse days",
            (_, Side::Better) => "ends a run of better days",
        });
        table.add_row([day, share, limits, why.to_owned()]);
    }
    format!("\nDays that chance does not explain\n{table}\n")
}

fn stores_part(stores: &[StoreNumbers]) -> String {
    if stores.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    table.add_row(["place", "store", "responses", "happy", "95 % interval", "change"].map(String::from));
    for store in stores {
        let places = store.places.map_or_else(
            || "–".to_owned(),
            |places| match places.best == places.worst {
                true => places.best.to_string(),
                false => format!("{}–{}", places.best, places.worst),
            },
        );
        let name = if store.store.is_empty() { "(none)".to_owned() } else { shown(&store.store).to_string() };
        let (happy, within) = match &store.happy.now {
            Some(now) => (estimate(now), interval(now)),
            None => ("not enough answers yet".into(), String::new()),
        };
        table.add_row([places, name, store.responses.to_string(), happy, within, change(&store.happy)]);
    }
    for column in [2, 3, 5] {
        align_right(&mut table, column);
    }
    format!("\nStores; where intervals overlap, places cannot be told apart\n{table}\n")
}

/// Points of a hundred, in words only where it is a change.
fn change(measured: &Measured) -> String {
    let (Some(now), Some(before)) = (&measured.now, &measured.before) else { return String::new() };
    // As it is printed, so that what rounds to nothing has no sign of its own.
    let points = ((now.estimate() - before.estimate()) * 1_000.0).round() / 10.0 + 0.0;
    match measured.change {
        Some(Change::Up) => format!("up {points:+.1}"),
        Some(Change::Down) => format!("down {points:+.1}"),
        _ => format!("{points:+.1}"),
    }
}

fn reasons_part(reasons: &[Reason]) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    table.add_row(["", "chosen", "of those asked", "change"].map(String::from));
    for reason in reasons {
        let name = format!("{} / {} / {}", reason.survey, reason.question, reason.option);
        let share = reason.share.now.as_ref().map_or_else(|| "–".to_owned(), estimate);
        table.add_row([shown(&name).to_string(), reason.count.to_string(), share, change(&reason.share)]);
    }
    (1..4).for_each(|column| align_right(&mut table, column));
    format!("\nWhy visits went wrong\n{table}\n")
}

fn holdings_part(holdings: &Holdings) -> String {
    let lines = [
        (holdings.waiting, "records came and are not counted yet"),
        (holdings.parked, "records can be read by no version of this program; kept, and not counted"),
        (holdings.quarantined, "records contradict what is held; kept aside, and not counted"),
        (holdings.undated, "responses came from devices that do not know the day yet"),
    ];
    let mut page = String::new();
    for (count, what) in lines.into_iter().filter(|(count, _)| *count > 0) {
        let _ = writeln!(page, "{count} {what}");
    }
    if page.is_empty() { page } else { format!("\n{page}") }
}

fn parts(title: &str, parts: &[Part], name: impl Fn(&str) -> String) -> String {
    if parts.len() < 2 {
        return String::new();
    }
    let mut table = plain_table();
    for part in parts {
        let measure = part
            .measure
            .as_ref()
            .map_or_else(String::new, |measure| format!("{} ({})", estimate(measure), interval(measure)));
        table.add_row([name(&part.name), part.responses.to_string(), measure]);
    }
    align_right(&mut table, 1);
    format!("\n{title}\n{table}\n")
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
