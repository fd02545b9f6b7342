//! Which days, and which stores: the choice at the head of a page of numbers.

use chrono::{DateTime, NaiveDate};
use maud::{Markup, html};
use serde::Deserialize;

use crate::numbers::chosen;
use crate::web::mishap::Mishap;
use crate::web::visitor::Visitor;

/// Ranges that need no typing, and what they are called.
const USUAL: [(&str, &str); 4] =
    [("today", "Today"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("90d", "Last 90 days")];

/// The first and the last day, as days since 1970-01-01, and the two as dates.
type Range = ((i64, i64), (NaiveDate, NaiveDate));

/// What was chosen; what is empty was not.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web::pages) struct Choice {
    /// As `afterword-collector numbers --range` takes it.
    #[serde(default)]
    pub(in crate::web::pages) range: String,
    /// Two days, which go before the range.
    #[serde(default)]
    pub(in crate::web::pages) from: String,
    #[serde(default)]
    pub(in crate::web::pages) to: String,
    /// A region or a store.
    #[serde(default)]
    pub(in crate::web::pages) place: String,
    /// Not empty: what carries a flag is left out.
    #[serde(default)]
    pub(in crate::web::pages) without_flagged: String,
}

impl Choice {
    /// The days that are meant, seen from now.
    pub(in crate::web::pages) fn days(&self, now_ms: i64) -> Result<Range, Mishap> {
        let today = DateTime::from_timestamp_millis(now_ms).ok_or(Mishap::Failed)?.date_naive();
        let range = chosen(&self.range, (&self.from, &self.to), today);
        let range = range.map_err(|error| Mishap::Refused(error.to_string()))?;
        let number = |day: NaiveDate| day.signed_duration_since(NaiveDate::default()).num_days();
        Ok(((number(range.0), number(range.1)), range))
    }

    /// The stores that are wanted and may be looked at; all there are where there is no list.
    pub(in crate::web::pages) fn stores(&self, visitor: &Visitor) -> Option<Vec<String>> {
        visitor.stores_at(&self.place).names()
    }

    pub(in crate::web::pages) fn is_without_flagged(&self) -> bool {
        !self.without_flagged.is_empty()
    }

    /// As it stands in an address, with this place.
    pub(in crate::web::pages) fn query(&self, place: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("range", self.range.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("place", place),
            ("without_flagged", &self.without_flagged),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// The form; of one store, which it brings along, it offers no places.
    pub(in crate::web::pages) fn form(
        &self,
        visitor: &Visitor,
        address: &str,
        store: Option<&str>,
    ) -> Markup {
        let places = if store.is_none() { visitor.places() } else { Vec::new() };
        let range = if self.range.is_empty() { "30d" } else { &self.range };
        let is_own = !self.from.is_empty() || !self.to.is_empty();
        html! {
            form.choice method="get" action=(address) data-at-once {
                @if let Some(store) = store { input type="hidden" name="store" value=(store); }
                @if places.len() > 1 {
                    label.hidden for="place" { "Region or store" }
                    select #place name="place" {
                        option value="" { "All stores" }
                        @for place in places { option value=(place) selected[place == self.place] { (place) } }
                    }
                }
                label.hidden for="range" { "Days" }
                select #range name="range" {
                    @for (value, name) in USUAL { option value=(value) selected[!is_own && value == range] { (name) } }
                    @if is_own { option value="" selected { (self.from) " – " (self.to) } }
                }
                details {
                    summary.button { "More" }
                    div.more {
                        label for="from" { "From" }
                        input #from type="date" name="from" value=(self.from);
                        label for="to" { "To" }
                        input #to type="date" name="to" value=(self.to);
                        label.check {
                            input type="checkbox" name="without_flagged" value="yes" checked[self.is_without_flagged()];
                            " Without flagged replies"
                        }
                        button type="submit" { "Show" }
                    }
                }
                noscript { button type="submit" { "Show" } }
            }
        }
    }
}

/// The days as a heading says them.
pub(in crate::web::pages) fn title((from, to): (NaiveDate, NaiveDate)) -> String {
    if from == to {
        return from.format("%-d %b %Y").to_string();
    }
    let first =
        if from.format("%Y").to_string() == to.format("%Y").to_string() { "%-d %b" } else { "%-d %b %Y" };
    format!("{} – {}", from.format(first), to.format("%-d %b %Y"))
}
