//! Settings of the collector: what the organisation is called, and which store is in which region.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::people::Role;
use crate::routes::App;
use crate::storage::{PlaceKind, Tree};
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/organisation", post(organisation))
        .route("/settings/place", post(place))
        .route("/settings/place/remove", post(remove))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct NewPlace {
    name: String,
    kind: String,
    #[serde(default)]
    within: String,
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    visitor.expect_everywhere(Role::Admin)?;
    let foot = foot(&app, &visitor).await?;
    Ok(page(&visitor, &foot, None))
}

fn page(visitor: &Visitor, foot: &Foot, wrong: Option<&str>) -> Markup {
    let regions = || visitor.tree.places().filter(|(_, place)| place.kind == PlaceKind::Region);
    frame::page(
        visitor,
        Section::Settings,
        "Settings",
        foot,
        &html! {
            div.actions {
                a.button href="/settings/retention" { "For how long what is kept" }
                a.button href="/settings/tokens" { "Tokens for programs" }
                a.button href="/settings/webhooks" { "Webhooks" }
            }
            h1 { "Settings" }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            section aria-labelledby="organisation" {
                h2 #organisation { "Organisation" }
                form.narrow method="post" action="/settings/organisation" {
                    (frame::key(visitor))
                    label for="organisation-name" { "Name" }
                    input #organisation-name name="name" value=(foot.organisation.as_deref().unwrap_or("")) maxlength="80" required;
                    button.primary type="submit" { "Save" }
                }
            }
            section aria-labelledby="places" {
                h2 #places { "Regions and stores" small { "what people may see and which settings a kiosk gets follow them" } }
                @if visitor.tree.places().next().is_none() { p { "There are none yet. A store is known as soon as a kiosk stands in it." } }
                (branch(visitor, &visitor.tree, None))
                h3 { "Add one, or move it" }
                form.narrow method="post" action="/settings/place" {
                    (frame::key(visitor))
                    label for="place-name" { "Name" }
                    input #place-name name="name" required maxlength="80";
                    label for="kind" { "It is a" }
                    select #kind name="kind" { option value="store" { "store" } option value="region" { "region" } }
                    label for="within" { "In" }
                    select #within name="within" {
                        option value="" { "the organisation itself" }
                        @for (name, _) in regions() { option value=(name) { (name) } }
                    }
                    button.primary type="submit" { "Save" }
                }
            }
        },
    )
}

/// What is within a place. The tree has no circle and bounded depth.
fn branch(visitor: &Visitor, tree: &Tree, within: Option<&str>) -> Markup {
    let inside: Vec<_> = tree.places().filter(|(_, place)| place.within.as_deref() == within).collect();
    html! {
        @if !inside.is_empty() {
            ul.tree {
                @for (name, place) in inside {
                    li {
                        form.inline method="post" action="/settings/place/remove" {
                            (frame::key(visitor))
                            input type="hidden" name="name" value=(name);
                            b { (name) } " " span.quiet { (place.kind.name()) } " "
                            @if within.is_some() || place.kind == PlaceKind::Region {
                                button.small type="submit" aria-label={ "Take out " (name) } { "Take out" }
                            }
                        }
                        (branch(visitor, tree, Some(name)))
                    }
                }
            }
        }
    }
}

async fn organisation(State(app): State<Arc<App>>, posted: Posted<Named>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let done = app.desk.run(visitor.actor(), move |admin| admin.name_organisation(&form.name)).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

async fn place(State(app): State<Arc<App>>, posted: Posted<NewPlace>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let kind = if form.kind == PlaceKind::Region.name() { PlaceKind::Region } else { PlaceKind::Store };
    let within = Some(form.within).filter(|within| !within.is_empty());
    let name = form.name.trim().to_owned();
    let done =
        app.desk.run(visitor.actor(), move |admin| admin.place_put(&name, kind, within.as_deref())).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

async fn remove(State(app): State<Arc<App>>, posted: Posted<Named>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let done = app.desk.run(visitor.actor(), move |admin| admin.place_remove(&form.name)).await;
    back(&app, &visitor, done.map_err(Mishap::from)).await
}

async fn back(app: &Arc<App>, visitor: &Visitor, done: Result<(), Mishap>) -> Result<Response, Mishap> {
    match done {
        Ok(()) => Ok(Redirect::to("/settings").into_response()),
        Err(Mishap::Refused(reason)) => {
            let foot = foot(app, visitor).await?;
            let page = page(visitor, &foot, Some(&sentence(&reason)));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}
