//! What shoppers answered, one by one.

use std::sync::Arc;

use afterword_model::hex::Hex;
use afterword_model::record::{DeviceId, SEQ_MAX};
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, cursor};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, word};
use crate::given::GivenAnswer;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::responses::{Found, Place};
use crate::storage::selection::Selection;

/// One shopper's answers to one survey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Response)]
pub(super) struct Given {
    /// Its name, which no other response ever has: kiosk, epoch, number.
    id: String,
    /// The kiosk.
    device: String,
    /// What people call that kiosk.
    device_name: String,
    /// The store that the kiosk stands in now.
    store: Option<String>,
    /// When it was received, by the collector's clock.
    #[schema(format = DateTime)]
    received_at: String,
    /// When the visit began, by the kiosk's clock.
    #[schema(format = DateTime)]
    started_at: String,
    /// How far the store's own time is ahead of UTC, in minutes.
    utc_offset_min: i16,
    /// How far that clock can be trusted: `synced`, `free` or `unset`.
    clock: String,
    /// The survey's id.
    survey: String,
    /// The survey's version.
    survey_version: u32,
    /// The survey's variant, where it has any.
    variant: Option<String>,
    /// In which language, at the last answer.
    language: String,
    /// Where the kiosk stands, as in `exit`.
    touchpoint: Option<String>,
    /// What brought the shopper to the kiosk, as in `checkout`.
    moment: Option<String>,
    /// How the visit ended: `completed`, `finished`, `timed_out` or `interrupted`.
    outcome: String,
    /// Milliseconds from the first tap to the end.
    took_ms: u64,
    /// Why it may be no shopper's honest word: `repeat`, `burst`.
    flags: Vec<String>,
    /// The question at which the visit ended, where that was not the last step.
    left_at: Option<String>,
    /// The answers, in the survey's order.
    answers: Vec<GivenAnswer>,
}

/// Responses, by kiosk and number. Erased ones are absent, and so are contact details and follow-up codes.
///
/// A kiosk's new responses come after its old ones, but before those of the next kiosk. To fetch what is new, ask with `since`: the moment at which
/// the last round began.
#[utoipa::path(
    get, path = "/responses", tag = "responses", operation_id = "listResponses",
    params(
        ("since" = Option<String>, Query, description = "Those received at this moment or after it, by the collector's clock.", format = DateTime),
        ("until" = Option<String>, Query, description = "Those received before this moment.", format = DateTime),
        ("store" = Option<String>, Query, description = "Those of kiosks that stand in this store."),
        ("device" = Option<String>, Query, description = "Those of the kiosk of this id.", pattern = "^[0-9a-f]{32}$"),
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Given>)),
    security(("token" = ["responses:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::ResponsesRead)?;
    let asked = Asked::of(request.uri(), &["since", "until", "store", "device", "limit", "cursor"])?;
    let (limit, after) = (asked.limit()?, asked.cursor(place)?);
    let selection = selection(&caller, &asked)?;
    let (found, next) = app.look_up(move |reader| selection.page(reader, after, limit)).await?;
    let next = next.map(|at| cursor(&format!("{}/{}/{}", at.device, at.epoch, at.seq)));
    let page = Page { items: found.into_iter().map(given).collect(), next };
    Ok(answer::page(request.headers(), "/responses", &asked, &page))
}

/// Which are asked for by `since`, `until`, `store` and `device`, of those that may be seen.
pub(super) fn selection(caller: &Caller, asked: &Asked) -> Result<Selection, Problem> {
    let device = asked.text("device").map(DeviceId::parse).transpose().map_err(|_| {
        Problem::unfit("device", "an id has 32 hexadecimal digits; give the one that /devices shows")
    })?;
    Ok(Selection {
        stores: caller.stores.clone(),
        store: asked.text("store").map(str::to_owned),
        device,
        since_ms: asked.moment("since")?.unwrap_or(i64::MIN),
        until_ms: asked.moment("until")?.unwrap_or(i64::MAX),
    })
}

fn place(text: &str) -> Option<Place> {
    let mut parts = text.split('/');
    let (device, epoch, seq) = (parts.next()?, parts.next()?, parts.next()?);
    let seq = seq.parse().ok().filter(|seq| *seq <= SEQ_MAX)?;
    Some(Place { device: DeviceId::parse(device).ok()?, epoch: Hex::parse(epoch).ok()?, seq })
}

pub(super) fn given(found: Found) -> Given {
    let id = found.id();
    let response = found.response;
    let draft = response.draft;
    Given {
        id,
        device: found.device.to_string(),
        device_name: found.device_name,
        store: found.store,
        received_at: moment(found.received_ms),
        started_at: moment(draft.started.wall_ms),
        utc_offset_min: draft.started.offset_min,
        clock: word(&draft.started.clock),
        survey: draft.survey,
        survey_version: draft.survey_version,
        variant: draft.variant,
        language: draft.language,
        touchpoint: draft.touchpoint,
        moment: draft.moment.map(|moment| moment.name().to_owned()),
        outcome: word(&response.outcome),
        took_ms: response.took_ms,
        flags: draft.flags.iter().map(word).collect(),
        left_at: draft.left_at,
        answers: draft.answers.iter().map(GivenAnswer::from).collect(),
    }
}
