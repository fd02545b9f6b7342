//! Responses as a table: all that are asked for in one answer, sent while it is made.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::asked::Asked;
use super::caller::{AnyCaller, takes};
use super::problem::Problem;
use super::responses;
use crate::export::Format;
use crate::export::sending::{self, Wish};
use crate::people::api_token::Scope;
use crate::routes::App;

/// Seconds after which somebody else's export may have ended.
const WAIT_S: u64 = 30;

/// Responses as one table: CSV, lines of JSON, or Parquet.
///
/// A row is a response as `/responses` shows it, flat: `id`, `device`, `store`, `received_at`, the shopper's own `local_day` and `local_time`, the first
/// rating, `answers` as JSON and so on; `afterword-collector export --help` lists all columns. Without `until`, those that were received before
/// this request are sent. The answer is sent while it is made and has no `Content-Length`; a connection that breaks off before its end means that there
/// is more. Each export is put down in the audit log.
#[utoipa::path(
    get, path = "/exports/responses", tag = "responses", operation_id = "exportResponses",
    params(
        ("format" = String, Query, description = "As what: `csv`, `ndjson` or `parquet`.", pattern = "^(csv|ndjson|parquet)$"),
        ("since" = Option<String>, Query, description = "Those received at this moment or after it, by the collector's clock.", format = DateTime),
        ("until" = Option<String>, Query, description = "Those received before this moment.", format = DateTime),
        ("store" = Option<String>, Query, description = "Those of kiosks that stand in this store."),
        ("device" = Option<String>, Query, description = "Those of the kiosk of this id.", pattern = "^[0-9a-f]{32}$"),
    ),
    responses(
        (status = 200, description = "The table.", content(
            (String = "text/csv"), (String = "application/x-ndjson"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 503, description = "As many exports as go at once are being made; `Retry-After` says when to ask again."),
    ),
    security(("token" = ["responses:read"])),
)]
pub(super) async fn responses(
    State(app): State<Arc<App>>,
    AnyCaller(caller): AnyCaller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ResponsesRead)?;
    let asked = Asked::of(request.uri(), &["format", "since", "until", "store", "device"])?;
    let format = asked.text("format").and_then(Format::named);
    let format = format.ok_or_else(|| Problem::unfit("format", "it is csv, ndjson or parquet; give one"))?;
    takes(request.headers(), format.media_type())?;
    let mut selection = responses::selection(&caller, &asked)?;
    // What comes while it is made would else come too, or not, as it happens.
    selection.until_ms = selection.until_ms.min(app.context.clock.wall_ms().saturating_add(1));
    let place = app.desk.export().ok_or(Problem::Crowded { wait_s: WAIT_S })?;
    let wish = Wish { selection, fits: Box::new(|_| true), format, with_mark: false };
    let (store, words) = (wish.selection.store.clone().unwrap_or_default(), wish.words());
    app.for_program(&caller, move |admin| admin.note_export(&store, &words)).await?;
    Ok(sending::answer(&app, place, wish))
}
