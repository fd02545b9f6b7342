//! Who has an account, and may do what.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::Asked;
use super::caller::Caller;
use super::moment;
use super::problem::Problem;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::people;

/// Somebody who has an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    /// What they type at the sign-in, or what their provider calls them.
    login: String,
    /// What they are called.
    name: String,
    /// What they may do, and where.
    roles: Vec<Granted>,
    /// Since when they are let in no more.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
}

/// What somebody may do at a place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
pub(super) struct Granted {
    /// From little to much: `viewer`, `manager`, `lead`, `admin`.
    role: &'static str,
    /// The region or store; everywhere where there is none.
    place: Option<String>,
}

/// People, by login; also those who are let in no more. Never by what they come in.
#[utoipa::path(
    get, path = "/people", tag = "people", operation_id = "listPeople",
    params(
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Person>)),
    security(("token" = ["people:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect_everywhere(Scope::PeopleRead)?;
    let asked = Asked::of(request.uri(), &["limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor(|login| Some(login.to_owned()))?);
    let mut rows = app.look_up(people::list).await?;
    // By their letters here: databases have orders of their own.
    rows.sort_unstable_by(|one, other| one.login.cmp(&other.login));
    rows.retain(|row| after.as_ref().is_none_or(|after| row.login > *after));
    let page = Page::cut(rows, limit, |last| last.login.clone(), person);
    Ok(answer::page(request.headers(), "/people", &asked, &page))
}

fn person(row: crate::people::Person) -> Person {
    let granted = |grant: crate::people::Grant| Granted { role: grant.role.name(), place: grant.place };
    Person {
        login: row.login,
        name: row.name,
        roles: row.grants.into_iter().map(granted).collect(),
        disabled_at: row.disabled_ms.map(moment),
    }
}
