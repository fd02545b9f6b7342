//! Follow-ups: what has to come of one unhappy shopper or one alert.

use std::sync::Arc;

use afterword_model::case::{CaseId, Held, Said, Step};
use afterword_model::hex::Hex;
use afterword_model::record::DeviceId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::Asked;
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, sent, word};
use crate::admin::casing::{CaseRow, StepWish, short};
use crate::people::api_token::Scope;
use crate::routes::App;

/// A follow-up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Case {
    /// Its whole name: the epoch of the response or alert that it is of, and its number.
    #[schema(example = "5f0c2a915f0c2a915f0c2a915f0c2a91/7")]
    id: String,
    /// Its name as people type it.
    #[schema(example = "5f0c2a91/7")]
    name: String,
    /// Whose it is.
    device: String,
    /// What people call that kiosk.
    device_name: String,
    /// The store it stands in.
    store: Option<String>,
    /// How far it has come: `opened`, `acknowledged`, `acted` or `verified`.
    stage: String,
    /// Whether it is closed.
    is_closed: bool,
    /// What it is about, as in `waiting`; nothing where its beginning is not here.
    category: Option<String>,
    /// How much it hurries: `critical` or `normal`.
    tier: String,
    /// Why it was opened, as in `low_score_with_comment`.
    reasons: Vec<String>,
    /// What the shopper said; nothing for an alert, and where the response is not here or was erased.
    said: Option<CaseSaid>,
    /// What was done, in order.
    steps: Vec<CaseStep>,
}

/// What the shopper said who is behind a follow-up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseSaid {
    /// When the visit began, by the kiosk's clock.
    #[schema(format = DateTime)]
    started_at: String,
    /// The survey's id.
    survey: String,
    /// Where the kiosk stands.
    touchpoint: Option<String>,
    /// In which language.
    language: String,
    /// The first rating.
    rating: Option<u8>,
    /// Its scale, as in `faces`.
    scale: Option<String>,
    /// The comment, with what was masked in it.
    words: Option<String>,
    /// Whether a reply is wished for. To whom is nowhere in this interface.
    contact_wanted: bool,
}

/// One step of a follow-up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseStep {
    /// When, by the clock of whoever took it.
    #[schema(format = DateTime)]
    at: String,
    /// In which role, as in `manager` or `head_office`.
    role: String,
    /// A short name, where one was given.
    by: Option<String>,
    /// What: `opened`, `acknowledged`, `acted`, `verified`, `reopened` or `noted`.
    step: String,
    /// What it came from, of an act.
    root_cause: Option<String>,
    /// What was done, of an act.
    action: Option<String>,
    /// More, in words.
    words: Option<String>,
}

/// Follow-ups, by kiosk and name.
#[utoipa::path(
    get, path = "/cases", tag = "cases", operation_id = "listCases",
    params(
        ("closed" = Option<bool>, Query, description = "`true` for those as well that are closed."),
        ("store" = Option<String>, Query, description = "Those of this store alone."),
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Case>)),
    security(("token" = ["cases:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::CasesRead)?;
    let asked = Asked::of(request.uri(), &["closed", "store", "limit", "cursor"])?;
    let (closed_too, limit, after) = (asked.flag("closed")?, asked.limit()?, asked.cursor(place)?);
    let (stores, store) = (caller.stores.clone(), asked.text("store").map(str::to_owned));
    let list = app.for_program(&caller, move |admin| {
        admin.case_list_at(closed_too, |device, of| {
            // Those of kiosks that come before were on earlier pages.
            after.is_none_or(|(last, _)| *device >= last)
                && stores.hold(of)
                && store.as_deref().is_none_or(|store| of == Some(store))
        })
    });
    let mut rows = list.await?;
    rows.retain(|row| after.is_none_or(|after| (row.device, row.view.id) > after));
    rows.sort_unstable_by_key(|row| (row.device, row.view.id));
    let at = |row: &CaseRow| format!("{}/{}/{}", row.device, row.view.id.epoch, row.view.id.seq);
    let page = Page::cut(rows, limit, at, case);
    Ok(answer::page(request.headers(), "/cases", &asked, &page))
}

/// A step of head office.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStep {
    /// What: `acknowledged`, `acted`, `verified`, `reopened` or `noted`.
    #[schema(example = "acted")]
    step: String,
    /// What it came from, of an act: `staffing`, `training`, `process`, `supply`, `equipment`, `information`, `outside` or `other`.
    root_cause: Option<String>,
    /// What was done, of an act: `put_right`, `changed_process`, `trained`, `changed_staffing`, `ordered_or_repaired`, `replied`, `passed_on` or `other`.
    action: Option<String>,
    /// More about it; needed for a note, and where the cause or the action is `other`.
    words: Option<String>,
    /// A short name of whoever takes it, for those who read it.
    by: Option<String>,
}

/// Takes a step of a follow-up. The kiosk hears of it at its next heartbeat.
#[utoipa::path(
    post, path = "/cases/{epoch}/{seq}/steps", tag = "cases", operation_id = "takeCaseStep",
    params(
        ("epoch" = String, Path, description = "What stands in its name before the slash; at least six digits of it."),
        ("seq" = u64, Path, description = "What stands after the slash."),
    ),
    request_body = NewStep,
    responses((status = 201, description = "It is put down; the follow-up as it stands then.", body = Case), (status = 404, description = "There is none of this name."), (status = 409, description = "It does not stand so that this can be done.")),
    security(("token" = ["cases:write"])),
)]
pub(super) async fn step(
    State(app): State<Arc<App>>,
    caller: Caller,
    name: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::CasesWrite)?;
    Asked::of(request.uri(), &[])?;
    let Path((epoch, seq)) = name.map_err(|_| Problem::NotFound)?;
    let name = format!("{epoch}/{seq}");
    let found = {
        let name = name.clone();
        app.for_program(&caller, move |admin| admin.case(&name)).await
    };
    // Whatever names no follow-up that this token may see is not there.
    let found = found
        .map_err(|problem| if matches!(problem, Problem::Failed) { problem } else { Problem::NotFound })?;
    if !caller.stores.hold(found.store.as_deref()) {
        return Err(Problem::NotFound);
    }
    let NewStep { step, root_cause, action, words, by } = sent::json(request).await?;
    let (root_cause, action) = (root_cause.unwrap_or_default(), action.unwrap_or_default());
    let wish = StepWish { step, root_cause, action, words: words.unwrap_or_default() };
    let row =
        app.for_program(&caller, move |admin| admin.case_step(&name, &wish.wish()?, by.as_deref())).await?;
    app.kept.follow_ups.forget();
    let path = format!("/cases/{}/{}/steps", row.view.id.epoch, row.view.id.seq);
    Ok(answer::created(&path, &case(row)))
}

fn place(text: &str) -> Option<(DeviceId, CaseId)> {
    let mut parts = text.split('/');
    let (device, epoch, seq) = (parts.next()?, parts.next()?, parts.next()?);
    let id = CaseId { epoch: Hex::parse(epoch).ok()?, seq: seq.parse().ok()? };
    Some((DeviceId::parse(device).ok()?, id))
}

fn case(row: CaseRow) -> Case {
    let CaseRow { device, device_name, store, view } = row;
    Case {
        id: format!("{}/{}", view.id.epoch, view.id.seq),
        name: short(view.id),
        device: device.to_string(),
        device_name,
        store,
        stage: word(&view.status.stage),
        is_closed: view.status.is_closed(),
        category: view.status.category.as_ref().map(word),
        tier: word(&view.status.tier),
        reasons: view.status.reasons.iter().map(word).collect(),
        said: view.said.map(said),
        steps: view.steps.into_iter().map(taken).collect(),
    }
}

fn said(said: Said) -> CaseSaid {
    CaseSaid {
        started_at: moment(said.started.wall_ms),
        survey: said.survey,
        touchpoint: said.touchpoint,
        language: said.language,
        rating: said.score.map(|(_, value)| value),
        scale: said.score.as_ref().map(|(scale, _)| word(scale)),
        words: said.words,
        contact_wanted: said.contact_wanted,
    }
}

fn taken(held: Held) -> CaseStep {
    let event = held.event;
    let (step, root_cause, action, words) = match event.step {
        Step::Opened { words, .. } => ("opened", None, None, words),
        Step::Acknowledged => ("acknowledged", None, None, None),
        Step::Acted { root_cause, action, words } => {
            ("acted", Some(word(&root_cause)), Some(word(&action)), words)
        }
        Step::Verified { words, .. } => ("verified", None, None, words),
        Step::Reopened { words, .. } => ("reopened", None, None, words),
        Step::Noted { words } => ("noted", None, None, Some(words)),
    };
    CaseStep {
        at: moment(event.at.wall_ms),
        role: word(&event.by.role),
        by: event.by.name,
        step: step.into(),
        root_cause,
        action,
        words,
    }
}
