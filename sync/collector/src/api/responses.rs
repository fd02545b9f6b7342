//! What shoppers answered, one by one.

use std::sync::Arc;

use afterword_model::hex::Hex;
use afterword_model::record::{DeviceId, SEQ_MAX};
use afterword_model::response::{Answer, AnswerValue};
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, cursor};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, word};
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::responses::{self, Found, Place, Wanted};
use crate::storage::retention::reduce::TAKEN_WORDS;

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

/// The answer to one question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub(super) struct GivenAnswer {
    /// The question's id.
    question: String,
    /// What kind of answer it is: `faces`, `faces4`, `stars`, `nps`, `effort`, `thumbs`, `choices`, `comment` or `contact`. Of a contact
    /// it is only said that there is one.
    kind: String,
    /// The rating, on the scale of that name.
    rating: Option<u8>,
    /// Ids of the chosen options.
    choices: Option<Vec<String>>,
    /// The words, with what was masked in them; nothing once they were kept for as long as they are to be.
    comment: Option<String>,
    /// Milliseconds from the first tap to this answer's last change.
    at_ms: u64,
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
    let (since, until) = (asked.moment("since")?, asked.moment("until")?);
    let device = match asked.text("device") {
        None => None,
        Some(id) => Some(DeviceId::parse(id).map_err(|_| {
            Problem::unfit("device", "an id has 32 hexadecimal digits; give the one that /devices shows")
        })?),
    };
    let (stores, store) = (caller.stores.clone(), asked.text("store").map(str::to_owned));
    let (found, next) = app
        .look_up(move |reader| {
            let is_wanted = |id: &DeviceId, of: Option<&str>| {
                stores.hold(of)
                    && device.is_none_or(|device| device == *id)
                    && store.as_deref().is_none_or(|store| of == Some(store))
            };
            let wanted = Wanted {
                is_wanted: &is_wanted,
                since_ms: since.unwrap_or(i64::MIN),
                until_ms: until.unwrap_or(i64::MAX),
            };
            responses::page(reader, &wanted, after, limit)
        })
        .await?;
    let next = next.map(|at| cursor(&format!("{}/{}/{}", at.device, at.epoch, at.seq)));
    let page = Page { items: found.into_iter().map(given).collect(), next };
    Ok(answer::page(request.headers(), "/responses", &asked, &page))
}

fn place(text: &str) -> Option<Place> {
    let mut parts = text.split('/');
    let (device, epoch, seq) = (parts.next()?, parts.next()?, parts.next()?);
    let seq = seq.parse().ok().filter(|seq| *seq <= SEQ_MAX)?;
    Some(Place { device: DeviceId::parse(device).ok()?, epoch: Hex::parse(epoch).ok()?, seq })
}

fn given(found: Found) -> Given {
    let response = found.response;
    let draft = response.draft;
    Given {
        id: format!("{}/{}/{}", found.device, found.epoch, response.seq),
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
        answers: draft.answers.into_iter().map(answer).collect(),
    }
}

fn answer(answer: Answer) -> GivenAnswer {
    let rated = answer.value.rating();
    let (kind, choices, comment) = match answer.value {
        AnswerValue::Choices(choices) => ("choices".into(), Some(choices), None),
        AnswerValue::Comment(words) => {
            ("comment".into(), None, Some(words).filter(|words| words != TAKEN_WORDS))
        }
        // Never what is sealed in it: that is for who has the key, and is asked for elsewhere.
        AnswerValue::Contact(_) => ("contact".into(), None, None),
        _ => (rated.as_ref().map(|(scale, _)| word(scale)).unwrap_or_default(), None, None),
    };
    let rating = rated.map(|(_, value)| value);
    GivenAnswer { question: answer.question, kind, rating, choices, comment, at_ms: answer.at_ms }
}
