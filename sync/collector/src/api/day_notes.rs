//! Notes beside days: what people know of a day that no number says.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, named};
use super::caller::Caller;
use super::changes::day;
use super::numbers::{date, days};
use super::problem::Problem;
use super::{moment, sent};
use crate::people::Stores;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage;
use crate::storage::day_notes;

/// Words beside a day, as they stand on charts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayNote {
    /// Its number.
    id: i64,
    /// When it was written.
    #[schema(format = DateTime)]
    added_at: String,
    /// The day, by the stores' own calendar.
    #[schema(format = Date)]
    day: String,
    /// The region or store it is of; of the whole organisation where there is none.
    place: Option<String>,
    /// What it says.
    words: String,
    /// Who wrote it.
    written_by: String,
}

/// Words to be put beside a day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDayNote {
    /// The day, by the stores' own calendar.
    #[schema(format = Date)]
    day: String,
    /// What should be known of it.
    #[schema(max_length = 60, example = "two-till rule")]
    words: String,
    /// The region or store it is of; of the whole organisation when left out, which a token that is bound to a place cannot do.
    place: Option<String>,
}

/// Notes of the organisation, and of regions and stores that the token may see some of; what was written last first.
#[utoipa::path(
    get, path = "/day-notes", tag = "numbers", operation_id = "listDayNotes",
    params(
        ("range" = Option<String>, Query, description = "Which days, as of the overview."),
        ("from" = Option<String>, Query, description = "The first day; goes before `range`.", format = Date),
        ("to" = Option<String>, Query, description = "The last day.", format = Date),
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<DayNote>)),
    security(("token" = ["notes:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NotesRead)?;
    let asked = Asked::of(request.uri(), &["range", "from", "to", "limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.cursor(|id| id.parse::<i64>().ok())?);
    let days = days(&asked, app.context.clock.wall_ms())?;
    let mut rows = app.look_up(move |reader| day_notes::list(reader, days)).await?;
    rows.retain(|row| is_seen(&caller, row) && before.is_none_or(|before| row.id < before));
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    let page = Page::cut(rows, limit, |last| last.id.to_string(), note);
    Ok(answer::page(request.headers(), "/day-notes", &asked, &page))
}

/// One note.
#[utoipa::path(
    get, path = "/day-notes/{id}", tag = "numbers", operation_id = "getDayNote",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 200, description = "The note.", body = DayNote), (status = 404, description = "There is none, or it was taken back.")),
    security(("token" = ["notes:read"])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NotesRead)?;
    Asked::of(request.uri(), &[])?;
    let row = found(&app, id).await?.filter(|row| is_seen(&caller, row)).ok_or(Problem::NotFound)?;
    Ok(answer::json(request.headers(), &note(row)))
}

/// Puts words beside a day.
#[utoipa::path(
    post, path = "/day-notes", tag = "numbers", operation_id = "addDayNote",
    request_body = NewDayNote,
    responses((status = 201, description = "They are put there.", body = DayNote), (status = 409, description = "Too many stand beside that day.")),
    security(("token" = ["notes:write"])),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NotesWrite)?;
    Asked::of(request.uri(), &[])?;
    let NewDayNote { day: on, words, place } = sent::json(request).await?;
    let on = day("day", &on)?;
    if !caller.stores.hold_all_of(place.as_deref(), &caller.tree) {
        let wrong = "this token is bound to a place; name a region or store that lies wholly in it";
        return Err(Problem::unfit("place", wrong));
    }
    let row = app
        .for_program(&caller, move |admin| {
            let id = admin.day_note_add(place.as_deref(), on, &words)?;
            admin.day_note(id)
        })
        .await?;
    Ok(answer::created(&format!("/day-notes/{}", row.id), &note(row)))
}

/// Takes a note back.
#[utoipa::path(
    delete, path = "/day-notes/{id}", tag = "numbers", operation_id = "withdrawDayNote",
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 204, description = "It is taken back."), (status = 404, description = "There is none, or it was taken back before.")),
    security(("token" = ["notes:write"])),
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NotesWrite)?;
    Asked::of(request.uri(), &[])?;
    // What is of others as well is not for a token of one place to take away.
    let row = found(&app, id).await?;
    let row = row.filter(|row| caller.stores.hold_all_of(row.place.as_deref(), &caller.tree));
    let id = row.ok_or(Problem::NotFound)?.id;
    app.for_program(&caller, move |admin| admin.day_note_withdraw(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn found(
    app: &Arc<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Option<storage::DayNote>, Problem> {
    let id = named(id)?.parse().map_err(|_| Problem::NotFound)?;
    app.look_up(move |reader| day_notes::find(reader, id)).await
}

/// Whether it is of anything that the token may see.
fn is_seen(caller: &Caller, row: &storage::DayNote) -> bool {
    let Some(place) = &row.place else { return true };
    let in_place = || caller.tree.stores_in(place).into_iter().any(|store| caller.stores.hold(Some(store)));
    caller.stores == Stores::All || in_place()
}

fn note(row: storage::DayNote) -> DayNote {
    let storage::DayNote { id, added_ms, place, day, words, written_by } = row;
    DayNote { id, added_at: moment(added_ms), day: date(day), place, words, written_by }
}
