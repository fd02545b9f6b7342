//! For how long what is kept, decided for the whole organisation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, html};

use super::foot;
use super::sign_in::sentence;
use crate::admin::retaining::RETENTION_DAYS_MAX;
use crate::people::Role;
use crate::routes::App;
use crate::storage::{RetentionDays, RetentionField};
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/settings/retention", get(show).post(decide))
}

/// Days by the name of their field; what is empty is kept for good.
type Typed = BTreeMap<String, String>;

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    let decided = app.desk.run(visitor.actor(), |admin| admin.retention()).await?;
    let foot = foot(&app, &visitor).await?;
    Ok(page(&visitor, &foot, &typed(&decided), None))
}

fn typed(decided: &RetentionDays) -> Typed {
    decided.iter().map(|(field, days)| (field.name().to_owned(), days.to_string())).collect()
}

fn page(visitor: &Visitor, foot: &Foot, typed: &Typed, wrong: Option<&str>) -> Markup {
    frame::page(
        visitor,
        Section::Settings,
        "Retention",
        foot,
        &html! {
            p.way { a href="/settings" { "Settings" } }
            h1 { "For how long what is kept" }
            p.lead { "Days from when it came to the collector. What is left empty is kept until somebody erases it. What goes does not come back, neither with more days nor when a kiosk sends it again." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            form.narrow method="post" action="/settings/retention" {
                (frame::key(visitor))
                @for field in RetentionField::ALL {
                    label for=(field.name()) { (field.title()) }
                    input id=(field.name()) name=(field.name()) type="number" min="1" max=(RETENTION_DAYS_MAX) inputmode="numeric"
                        placeholder="kept for good" value=(typed.get(field.name()).map_or("", String::as_str))
                        aria-describedby={ (field.name()) "-hint" };
                    p.hint id={ (field.name()) "-hint" } { (sentence(field.meaning())) }
                }
                button.primary type="submit" data-ask="Take away within the hour what is older than that? Nobody can bring it back." { "Decide" }
            }
            p.hint { "Backups made before still hold what was in them." }
        },
    )
}

async fn decide(State(app): State<Arc<App>>, posted: Posted<Typed>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let wishes: Vec<(RetentionField, Option<u32>)> = RetentionField::ALL
        .into_iter()
        .map(|field| match form.get(field.name()).map_or("", |days| days.trim()) {
            "" => (field, None),
            // What is no number is no number of days.
            days => (field, Some(days.parse().unwrap_or(0))),
        })
        .collect();
    let done = app.desk.run(visitor.actor(), move |admin| admin.retention_set(&wishes)).await;
    match done.map_err(Mishap::from) {
        Ok(()) => Ok(Redirect::to("/settings/retention").into_response()),
        Err(Mishap::Refused(reason)) => {
            let foot = foot(&app, &visitor).await?;
            let page = page(&visitor, &foot, &form, Some(&sentence(&reason)));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}
