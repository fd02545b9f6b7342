//! Questions: what kiosks ask and how they are set, decided for the organisation, a region or a store, and sent out in stages.
//!
//! What is written is read as a kiosk reads it, before it is kept; a mistake is shown with its line, and what can be read is shown as a
//! kiosk shows it: while it is written where scripts run, else at the press of a key. Keeping is not sending: what belongs together goes
//! out together.

mod preview;

use std::sync::Arc;

use afterword_model::settings::Settings;
use afterword_model::survey::Survey;
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
use preview::Preview;

/// Hours that the kiosks of a stage are to be well before the next one, as the command has it.
const HEALTHY_HOURS: u32 = 24;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/questions", get(show).post(look))
        .route("/questions/preview", post(draw))
        .route("/questions/send", post(send))
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
    /// The panel and the language that it is to be shown in.
    #[serde(default)]
    panel: String,
    #[serde(default)]
    language: String,
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

    /// What a shopper would see of it; or what is wrong, and where. Nothing where no survey is written.
    async fn show(&self, app: &Arc<App>) -> Result<Option<Preview>, String> {
        let (settings, survey) = self.read()?;
        let Some(survey) = survey else { return Ok(None) };
        Ok(Some(Preview::draw(app, &settings, survey, &self.panel, &self.language).await))
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
    let written = Written { layer: which.layer, survey, settings, ..Written::default() };
    let foot = foot(&app, &visitor).await?;
    let shown = written.show(&app).await;
    Ok(page(&visitor, &foot, &written, None, shown.ok().flatten().as_ref()))
}

async fn look(State(app): State<Arc<App>>, posted: Posted<Written>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Lead)?;
    let foot = foot(&app, &visitor).await?;
    let wrong = |what: &str| {
        let page = page(&visitor, &foot, &form, Some(&sentence(what)), None);
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    };
    if form.deed != "keep" {
        return Ok(match form.show(&app).await {
            Ok(shown) => page(&visitor, &foot, &form, None, shown.as_ref()).into_response(),
            Err(what) => wrong(&what),
        });
    }
    let (settings, _) = match form.read() {
        Ok(read) => read,
        Err(what) => return Ok(wrong(&what)),
    };
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
        Err(Mishap::Refused(reason)) => Ok(wrong(&reason)),
        Err(other) => Err(other),
    }
}

/// The part of the page that shows what is being written.
async fn draw(State(app): State<Arc<App>>, posted: Posted<Written>) -> Result<Markup, Mishap> {
    posted.visitor.expect_everywhere(Role::Lead)?;
    let shown = posted.form.show(&app).await;
    Ok(match &shown {
        Ok(shown) => part(shown.as_ref()),
        Err(what) => html! { p.wrong role="status" { (sentence(what)) } },
    })
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
    shown: Option<&Preview>,
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
            div.desk {
            section aria-labelledby="write" {
                h2 #write { "For " (for_whom(&written.layer)) }
                form #(preview::FORM).write method="post" action="/questions" data-preview="/questions/preview" {
                    (frame::key(visitor))
                    input type="hidden" name="layer" value=(written.layer);
                    label for="survey" { "Survey" }
                    textarea #survey name="survey" rows="22" spellcheck="false" aria-describedby="survey-hint" { (written.survey) }
                    p.hint #survey-hint { "The whole text of a survey’s file. Empty: as the layers around it have it, and at last the kiosk’s own file." }
                    label for="settings" { "Settings" }
                    textarea #settings name="settings" rows="8" spellcheck="false" aria-describedby="settings-hint" { (written.settings) }
                    p.hint #settings-hint { "As in a kiosk’s configuration: " code { "store_name" } ", " code { "languages" } ", " code { "[ask]" } ", " code { "[times]" } ", " code { "[hours]" } ", " code { "[brand] accent" } ", " code { "[alerts]" } ", " code { "[follow_ups]" } "." }
                    div.row {
                        button type="submit" name="deed" value="look" { "Look at it" }
                        button.primary type="submit" name="deed" value="keep" { "Keep" }
                    }
                }
            }
            section aria-labelledby="shown" {
                h2 #shown { "As a kiosk shows it" }
                div #preview { (part(shown)) }
            }
            }
        },
    )
}

fn part(shown: Option<&Preview>) -> Markup {
    match shown {
        Some(shown) => shown.part(),
        None => html! { p.hint { "Nothing is written here that can be shown." } },
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
