//! Regions and stores.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, cursor};
use super::caller::Caller;
use super::problem::Problem;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::PlaceKind;

/// A region or a store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    /// Its name, which no other region or store has.
    name: String,
    /// What it is.
    #[schema(example = "store")]
    kind: Kind,
    /// The region around it; none directly under the organisation, and where this token may not see that region.
    within: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlaceKind)]
pub(super) enum Kind {
    Region,
    Store,
}

/// Regions and stores, by name.
#[utoipa::path(
    get, path = "/places", tag = "places", operation_id = "listPlaces",
    params(
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Place>)),
    security(("token" = ["places:read"])),
)]
pub(super) async fn list(
    State(_): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::PlacesRead)?;
    let asked = Asked::of(request.uri(), &["limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor(|name| Some(name.to_owned()))?);
    let own = caller.token.place.as_deref();
    let sees = |name: &str| own.is_none_or(|place| caller.tree.is_in(name, place));
    let all = caller.tree.places().filter(|(name, _)| sees(name));
    let mut left = all.filter(|(name, _)| after.as_deref().is_none_or(|after| *name > after));
    let items: Vec<Place> = left
        .by_ref()
        .take(limit)
        .map(|(name, place)| Place {
            name: name.to_owned(),
            kind: if place.kind == PlaceKind::Region { Kind::Region } else { Kind::Store },
            within: place.within.clone().filter(|within| sees(within)),
        })
        .collect();
    let more = left.next().is_some();
    let next = items.last().filter(|_| more).map(|last| cursor(&last.name));
    Ok(answer::page(request.headers(), "/places", &asked, &Page { items, next }))
}
