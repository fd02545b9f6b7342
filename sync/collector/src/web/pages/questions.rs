//! Questions: what kiosks ask and how they are set, decided for the organisation, a region or a store, and sent out in stages.
//!
//! What is written is read as a kiosk reads it, before it is kept; a mistake is shown with its line. Keeping is not sending: what belongs
//! together goes out together.

use std::sync::Arc;

use afterword_model::settings::Settings;
use afterword_model::survey::{Pick, Question, QuestionKind, Survey};
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::setting::DecidedFor;
use crate::people::Role;
use crate::routes::App;
use crate::storage::PlaceKind;
use crate::storage::settings::{self, Layer};
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

/// Hours that the kiosks of a stage are to be well before the next one, as the command has it.
const HEALTHY_HOURS: u32 = 24;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/questions", get(show).post(look)).route("/questions/send", post(send))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    layer: String,
}

/// What somebody wrote.
#[derive(Default, Deserialize)]
struct Written {
    #[serde(default)]
    layer: String,
    #[serde(default)]
    survey: String,
    #[serde(default)]
    settings: String,
    /// `keep`, or only to be looked at.
    #[serde(default)]
    deed: String,
}

#[derive(Deserialize)]
struct Nothing {}

impl Written {
    /// As settings; or what is wrong, and where.
    fn read(&self) -> Result<(Settings, Option<Survey>), String> {
        let survey = self.survey.replace("\r\n", "\n");
        let mut settings = Settings::from_toml(&self.settings.replace("\r\n", "\n"))
            .map_err(|(line, what)| format!("settings, line {line}: {what}"))?;
        if settings.survey.is_some() {
            return Err("settings: the survey has a field of its own; take it out here".into());
        }
        settings.survey = Some(survey).filter(|survey| !survey.trim().is_empty());
        settings.check().map_err(|error| error.to_string())?;
        let survey = settings.read_survey().map_err(|error| error.to_string())?;
        Ok((settings, survey))
    }

    /// For whom it is.
    fn decided_for(&self) -> Option<DecidedFor<'_>> {
        match self.layer.split_once(':') {
            None => Some(DecidedFor::Organisation),
            Some(("region", name)) => Some(DecidedFor::Region(name)),
            Some(("store", name)) => Some(DecidedFor::Store(name)),
            Some(_) => None,
        }
    }
}

async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Lead)?;
    let wanted = which.layer.clone();
    // The newest word of a layer is what holds there.
    let rows = app.read(settings::history).await?;
    let row = rows.into_iter().find(|row| name(&row.layer).is_some_and(|name| name == wanted));
    let kept = row.map(|row| row.settings).unwrap_or_default();
    let (settings, survey) = (kept.to_toml(), kept.survey.unwrap_or_default());
    let written = Written { layer: which.layer, survey, settings, deed: String::new() };
    let foot = foot(&app, &visitor).await?;
    Ok(page(&visitor, &foot, &written, None, None))
}

async fn look(State(app): State<Arc<App>>, posted: Posted<Written>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Lead)?;
    let foot = foot(&app, &visitor).await?;
    let (settings, survey) = match form.read() {
        Ok(read) => read,
        Err(what) => {
            let page = page(&visitor, &foot, &form, Some(&sentence(&what)), None);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    if form.deed != "keep" {
        return Ok(page(&visitor, &foot, &form, None, survey.as_ref()).into_response());
    }
    let (by, layer) = (visitor.person.login.clone(), form.layer.clone());
    let kept = app.desk.run(visitor.actor(), move |admin| {
        let written = Written { layer, ..Written::default() };
        let decided_for = written.decided_for().unwrap_or(DecidedFor::Organisation);
        admin.settings_set(decided_for, &settings, Some(&by))
    });
    match kept.await.map_err(Mishap::from) {
        Ok(_) => {
            let layer: String = form_urlencoded::byte_serialize(form.layer.as_bytes()).collect();
            Ok(Redirect::to(&format!("/questions?layer={layer}")).into_response())
        }
        Err(Mishap::Refused(reason)) => {
            let page = page(&visitor, &foot, &form, Some(&sentence(&reason)), None);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// Sends what is decided by now out, in stages.
async fn send(State(app): State<Arc<App>>, posted: Posted<Nothing>) -> Result<Redirect, Mishap> {
    let Posted { visitor, form: Nothing {} } = posted;
    visitor.expect_everywhere(Role::Lead)?;
    let by = visitor.person.login.clone();
    let sent = app.desk.run(visitor.actor(), move |admin| {
        admin.rollout_start(&[], HEALTHY_HOURS, false, Some(&by)).map(drop)
    });
    sent.await?;
    Ok(Redirect::to("/fleet"))
}

fn page(
    visitor: &Visitor,
    foot: &Foot,
    written: &Written,
    wrong: Option<&str>,
    survey: Option<&Survey>,
) -> Markup {
    let places = || visitor.tree.places();
    frame::page(
        visitor,
        Section::Questions,
        "Questions",
        foot,
        &html! {
            div.actions {
                form method="get" action="/questions" data-at-once {
                    label.hidden for="layer" { "For whom" }
                    select #layer name="layer" {
                        option value="" { "The whole organisation" }
                        @for (name, place) in places() {
                            @let value = format!("{}:{name}", if place.kind == PlaceKind::Region { "region" } else { "store" });
                            option value=(value) selected[value == written.layer] { (name) }
                        }
                    }
                    noscript { button type="submit" { "Show" } }
                }
                form method="post" action="/questions/send" {
                    (frame::key(visitor))
                    button type="submit" data-ask="Send everything that was kept out to the kiosks, in stages?" { "Send out" }
                }
            }
            h1 { "Questions" }
            p.lead {
                "What is decided for a store goes before what is decided for its region, and that before what holds for everybody. Kiosks get nothing of it before it is sent out, and take it on between two shoppers."
            }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) " Nothing was kept." } }
            @if let Some(survey) = survey { (preview(survey)) }
            section aria-labelledby="write" {
                h2 #write { "For " (for_whom(&written.layer)) }
                form.narrow.write method="post" action="/questions" {
                    (frame::key(visitor))
                    input type="hidden" name="layer" value=(written.layer);
                    label for="survey" { "Survey" }
                    textarea #survey name="survey" rows="22" spellcheck="false" aria-describedby="survey-hint" { (written.survey) }
                    p.hint #survey-hint { "The whole text of a survey’s file. Empty: as the layers around it have it, and at last the kiosk’s own file." }
                    label for="settings" { "Settings" }
                    textarea #settings name="settings" rows="8" spellcheck="false" aria-describedby="settings-hint" { (written.settings) }
                    p.hint #settings-hint { "As in a kiosk’s configuration: " code { "store_name" } ", " code { "[hours]" } ", " code { "[brand] accent" } ", " code { "[alerts]" } ", " code { "[follow_ups]" } "." }
                    div.row {
                        button type="submit" name="deed" value="look" { "Look at it" }
                        button.primary type="submit" name="deed" value="keep" { "Keep" }
                    }
                }
            }
        },
    )
}

/// What a shopper will be asked, in the survey's own language.
fn preview(survey: &Survey) -> Markup {
    let language = survey.default_language.as_str();
    html! {
        section aria-labelledby="preview" {
            h2 #preview { "What will be asked" small { (survey.id) ", version " (survey.version) ", in " (survey.languages.len()) " languages; nothing was kept yet" } }
            ol.preview lang=(language) {
                @for question in &survey.questions { li { (asked(question, language)) } }
                li { p.title { (survey.thanks.title.in_language(language)) } }
            }
        }
    }
}

fn asked(question: &Question, language: &str) -> Markup {
    html! {
        p.title { (question.title.in_language(language)) }
        @if let Some(hint) = &question.hint { p.hint { (hint.in_language(language)) } }
        @match &question.kind {
            QuestionKind::Choices { options, pick } => {
                p.keys { @for option in options { span { (option.label.in_language(language)) } } }
                @if *pick == Pick::Single { p.hint lang="en" { "one of them" } }
            }
            QuestionKind::Comment { limit } => p.hint lang="en" { "a few words, " (limit) " characters at most" },
            QuestionKind::Contact { consent, .. } => p.hint { (consent.in_language(language)) },
            QuestionKind::Scale(scale) => p.keys {
                @for (value, label) in scale.values() {
                    span { @match label { Some(label) => (label.in_language(language)), None => (value) } }
                }
            }
            _ => {}
        }
        @if question.show_if.is_some() { p.hint lang="en" { "only under conditions" } }
    }
}

fn for_whom(layer: &str) -> &str {
    layer.split_once(':').map_or("the whole organisation", |(_, name)| name)
}

/// A layer as it stands in an address; none for a single kiosk, which has the command line.
fn name(layer: &Layer) -> Option<String> {
    Some(match layer {
        Layer::Organisation => String::new(),
        Layer::Region(name) => format!("region:{name}"),
        Layer::Store(name) => format!("store:{name}"),
        Layer::Device(_) => return None,
    })
}
