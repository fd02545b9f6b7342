//! What shoppers answered, one by one, the newest first.

mod exporting;

use std::sync::Arc;

use afterword_model::hex::Hex;
use afterword_model::record::DeviceId;
use afterword_model::response::{Answer, AnswerValue, Flag, Response};
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use chrono::{DateTime, NaiveDate};
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use crate::export::moments;
use crate::people::Role;
use crate::routes::App;
use crate::storage::responses::{self, Before, Found, Newest, Place};
use crate::storage::retention::reduce::TAKEN_WORDS;
use crate::web::frame::{self, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::Visitor;
use crate::web::words;

/// Replies on a page.
const PAGE: usize = 50;
const MINUTE_MS: i64 = 60_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/responses", get(show)).merge(exporting::routes())
}

/// Which; what is empty was not chosen.
#[derive(Debug, Clone, Default, Deserialize)]
struct Choice {
    /// A region or store.
    #[serde(default)]
    place: String,
    /// `unhappy`, `comment` or `flagged`.
    #[serde(default)]
    only: String,
    /// Letters of a comment, in whatever case.
    #[serde(default)]
    words: String,
    /// The first day on which they came here, in UTC.
    #[serde(default)]
    from: String,
    /// The last.
    #[serde(default)]
    to: String,
    /// Where the page before ended.
    #[serde(default)]
    before: String,
}

impl Choice {
    /// From which moment on they came, and before which.
    fn moments(&self) -> Result<(i64, i64), Mishap> {
        let day = |text: &str, open: NaiveDate| match text {
            "" => Ok(open),
            text => text.parse().map_err(|_| Mishap::BadForm(format!("`{text}` is no day as in 2026-11-28"))),
        };
        let (from, to) = (day(&self.from, NaiveDate::MIN)?, day(&self.to, NaiveDate::MAX)?);
        if from > to {
            return Err(Mishap::Refused(
                "The first day is after the last; give the earlier one first.".into(),
            ));
        }
        let (since_ms, until_ms) = moments((from, to));
        Ok((if self.from.is_empty() { i64::MIN } else { since_ms }, until_ms))
    }

    fn fits(&self, response: &Response) -> bool {
        let comment = comment(response);
        let is_of_kind = match self.only.as_str() {
            "unhappy" => is_unhappy(response),
            "comment" => comment.is_some(),
            "flagged" => !response.draft.flags.is_empty(),
            _ => true,
        };
        let wanted = self.words.trim().to_lowercase();
        is_of_kind
            && (wanted.is_empty() || comment.is_some_and(|comment| comment.to_lowercase().contains(&wanted)))
    }
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Markup, Mishap> {
    if !visitor.person.is_somewhere(Role::Viewer) {
        return Err(Mishap::NotFound);
    }
    let before = match choice.before.as_str() {
        "" => None,
        text => Some(read_before(text).ok_or_else(|| Mishap::BadForm("the address was cut off".into()))?),
    };
    let (since_ms, until_ms) = choice.moments()?;
    let (stores, wish) = (visitor.stores_at(&choice.place), choice.clone());
    let newest = app
        .read(move |reader| {
            let is_wanted = |_: &DeviceId, store: Option<&str>| stores.hold(store);
            let wanted = responses::Wanted { is_wanted: &is_wanted, since_ms, until_ms };
            responses::newest(reader, &wanted, &|response| wish.fits(response), before, PAGE)
        })
        .await?;
    let foot = foot(&app, &visitor).await?;
    Ok(frame::page(
        &visitor,
        Section::Responses,
        "Replies",
        &foot,
        &html! {
            h1 { "Replies" }
            p.lead { "The newest first, by when they came here. What was masked on the kiosk is masked here; contact details are sealed." }
            (form(&visitor, &choice))
            @if !newest.found.is_empty() { (exporting::form(&visitor, &choice)) }
            section aria-labelledby="replies" {
                h2 #replies { "What shoppers said" small { "each kiosk’s own time" } }
                @if newest.found.is_empty() { p { "There is none of this kind." } }
                @else { (table(&newest)) }
                @if newest.gave_up { p.hint { "Only the newest were looked through; choose a store or a region to go further back." } }
                @if let Some((last, _)) = newest.found.last().filter(|_| newest.has_more) {
                    nav.pager aria-label="Pages of replies" { a href={ "/responses?" (query(&choice, last)) } rel="next" { "Older" } }
                }
            }
        },
    ))
}

fn form(visitor: &Visitor, choice: &Choice) -> Markup {
    let kinds = [
        ("", "All replies"),
        ("unhappy", "Unhappy ones"),
        ("comment", "With words"),
        ("flagged", "Flagged ones"),
    ];
    html! {
        form.choice method="get" action="/responses" {
            label.hidden for="place" { "Region or store" }
            select #place name="place" {
                option value="" { "All stores" }
                @for place in visitor.places() { option value=(place) selected[place == choice.place] { (place) } }
            }
            label.hidden for="only" { "Which" }
            select #only name="only" {
                @for (value, name) in kinds { option value=(value) selected[value == choice.only] { (name) } }
            }
            label.hidden for="words" { "Words in a comment" }
            input #words name="words" value=(choice.words) placeholder="words in a comment" maxlength="80";
            label for="from" { "Came from" }
            input #from type="date" name="from" value=(choice.from);
            label for="to" { "to" }
            input #to type="date" name="to" value=(choice.to);
            button type="submit" { "Show" }
        }
    }
}

fn table(newest: &Newest) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label="Replies" {
            table {
                thead { tr {
                    th scope="col" { "When" }
                    th scope="col" { "Where" }
                    th scope="col" { "Said" }
                    th scope="col" { "Reasons" }
                    th scope="col" { "Words" }
                } }
                tbody { @for (_, found) in &newest.found { (row(found)) } }
            }
        }
    }
}

fn row(found: &Found) -> Markup {
    let draft = &found.response.draft;
    let ratings: Vec<String> = draft.answers.iter().filter_map(|answer| rating(&answer.value)).collect();
    let reasons: Vec<&str> =
        draft.answers.iter().filter_map(|answer| choices(&answer.value)).flatten().collect();
    html! {
        tr {
            th scope="row" { (local(&found.response)) }
            td {
                (found.store.as_deref().unwrap_or("–"))
                @if let Some(touchpoint) = &draft.touchpoint { ", " (touchpoint) }
                " " span.quiet { (found.device_name) }
            }
            td { (ratings.join(", ")) @if !draft.flags.is_empty() { " " span.quiet { (flags(&draft.flags)) } } }
            td { (reasons.join(", ")) }
            td lang=(draft.language) {
                (comment(&found.response).unwrap_or(""))
                @if draft.answers.iter().any(|answer| matches!(answer.value, AnswerValue::Contact(_))) { " " span.quiet { "(left a contact)" } }
            }
        }
    }
}

/// What a shopper rated, in words that say the scale too.
fn rating(value: &AnswerValue) -> Option<String> {
    Some(match value {
        AnswerValue::Face(face) => match face {
            1 => "Awful".into(),
            2 => "Poor".into(),
            3 => "OK".into(),
            4 => "Good".into(),
            _ => "Great".into(),
        },
        AnswerValue::Face4(face) => format!("face {face} of 4"),
        AnswerValue::Stars(stars) => format!("{stars} of 5 stars"),
        AnswerValue::Nps(score) => format!("{score} of 10"),
        AnswerValue::Effort(effort) => format!("effort {effort} of 7"),
        AnswerValue::Thumbs(0) => "thumb down".into(),
        AnswerValue::Thumbs(_) => "thumb up".into(),
        AnswerValue::Choices(_) | AnswerValue::Comment(_) | AnswerValue::Contact(_) => return None,
    })
}

fn choices(value: &AnswerValue) -> Option<impl Iterator<Item = &str>> {
    if let AnswerValue::Choices(ids) = value { Some(ids.iter().map(String::as_str)) } else { None }
}

fn comment(response: &Response) -> Option<&str> {
    response.draft.answers.iter().find_map(|Answer { value, .. }| match value {
        // One that was kept long enough says nothing any more.
        AnswerValue::Comment(words) if words != TAKEN_WORDS => Some(words.as_str()),
        _ => None,
    })
}

/// Whether the first rating is none of the happy ones.
fn is_unhappy(response: &Response) -> bool {
    response.draft.answers.iter().find_map(|answer| match answer.value {
        AnswerValue::Face(face) => Some(face <= 3),
        AnswerValue::Face4(face) => Some(face <= 2),
        AnswerValue::Stars(stars) => Some(stars <= 3),
        AnswerValue::Nps(score) => Some(score <= 6),
        AnswerValue::Effort(effort) => Some(effort <= 3),
        AnswerValue::Thumbs(thumb) => Some(thumb == 0),
        AnswerValue::Choices(_) | AnswerValue::Comment(_) | AnswerValue::Contact(_) => None,
    }) == Some(true)
}

fn flags(flags: &[Flag]) -> String {
    let names = flags.iter().map(|flag| match flag {
        Flag::Repeat => "tapped again at once",
        Flag::Burst => "one of very many",
    });
    names.collect::<Vec<_>>().join(", ")
}

/// When the visit began, as the clock on the wall showed it.
fn local(response: &Response) -> String {
    let started = &response.draft.started;
    let wall_ms = started.wall_ms.saturating_add(i64::from(started.offset_min) * MINUTE_MS);
    let at = DateTime::from_timestamp_millis(wall_ms);
    at.map_or_else(|| words::moment(wall_ms), |at| at.format("%-d %b %Y, %H:%M").to_string())
}

fn query(choice: &Choice, last: &Before) -> String {
    let Place { device, epoch, seq } = last.place;
    let before = format!("{}/{device}/{epoch}/{seq}", last.received_ms);
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("place", &choice.place),
        ("only", &choice.only),
        ("words", &choice.words),
        ("from", &choice.from),
        ("to", &choice.to),
        ("before", &before),
    ] {
        query.append_pair(name, value);
    }
    query.finish()
}

fn read_before(text: &str) -> Option<Before> {
    let mut parts = text.split('/');
    let received_ms = parts.next()?.parse().ok()?;
    let place = Place {
        device: Hex::parse(parts.next()?).ok()?,
        epoch: Hex::parse(parts.next()?).ok()?,
        seq: parts.next()?.parse().ok()?,
    };
    Some(Before { received_ms, place })
}
