//! The OpenAPI description: made from the handlers and types that serve it, so that it cannot say anything else.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::response::Response;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::problem::{Problem, ProblemBody};
use super::{
    BASE, answer, cases, changes, day_notes, devices, exports, numbers, people, places, privacy, responses,
    settings, webhooks,
};

/// What every address may answer, with when it does.
pub(crate) const EVERYWHERE: [(&str, &str); 6] = [
    ("401", "There is no token that holds."),
    ("403", "The token lacks the scope."),
    ("406", "`Accept` does not allow what is answered."),
    ("422", "A parameter or member is unknown, or not as it has to be; `parameter` names it."),
    (
        "429",
        "The token asks too much at once, or too many that are none of ours came from there; `Retry-After` says when to go on.",
    ),
    ("500", "The collector's own fault; nothing was changed."),
];
/// What may be answered besides where something is sent.
pub(crate) const OF_BODIES: [(&str, &str); 3] = [
    ("400", "The body is no JSON."),
    ("413", "The body is too large."),
    ("415", "`Content-Type` is not JSON."),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Afterword",
        description = "What a collector of Afterword knows and can be told. Moments are RFC 3339 in UTC. Lists come in pages: `next` of an answer goes into `cursor`, and `Link` says \
                       the same. Answers have an `ETag`; `If-None-Match` with it is answered by 304 where nothing changed. A token that is bound to a region or store sees and \
                       does nothing elsewhere. Members may be added to answers; what is there keeps its meaning.",
        version = "1"
    ),
    servers((url = "/api/v1")),
    paths(
        devices::list, devices::add, devices::show, devices::revoke, places::list, changes::list, changes::add, changes::show,
        changes::withdraw, cases::list, cases::step, responses::list, exports::responses, numbers::overview, numbers::store,
        day_notes::list, day_notes::add, day_notes::show, day_notes::withdraw,
        webhooks::list, webhooks::add, webhooks::show, webhooks::remove, webhooks::deliveries, webhooks::resend,
        people::list, settings::list, settings::show, settings::set, settings::show_named, settings::set_named, settings::of_device,
        privacy::export, privacy::erase,
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "fleet", description = "Kiosks"),
        (name = "places", description = "Regions and stores"),
        (name = "changes", description = "You said, we did"),
        (name = "cases", description = "Follow-ups"),
        (name = "responses", description = "What shoppers answered"),
        (name = "numbers", description = "What it comes to"),
        (name = "settings", description = "What is decided for kiosks, layer by layer; what is asked is in it"),
        (name = "privacy", description = "What is held of one shopper's answer"),
        (name = "people", description = "Who has an account"),
        (name = "webhooks", description = "What programs are told without asking"),
    ),
    modifiers(&Common),
)]
struct Described;

/// What is the same at all addresses.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("awt_…")
            .description(Some("A token that an admin makes on the page /settings/tokens, or with `afterword-collector token add`."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for path in document.paths.paths.values_mut() {
            let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
            for operation in operations.into_iter().flatten() {
                let takes_a_body = operation.request_body.is_some();
                let of_bodies = OF_BODIES.iter().filter(|_| takes_a_body);
                let answers = &mut operation.responses.responses;
                for (status, when) in EVERYWHERE.iter().chain(of_bodies) {
                    let answer = ResponseBuilder::new().description(*when);
                    let answer = match *status {
                        "429" => answer.header(
                            "Retry-After",
                            HeaderBuilder::new().description(Some("Seconds.")).build(),
                        ),
                        _ => answer,
                    };
                    answers.insert((*status).into(), RefOr::T(answer.build()));
                }
                if let Some(RefOr::T(ok)) = answers.get_mut("200") {
                    let etag =
                        HeaderBuilder::new().description(Some("Tells this answer from any other.")).build();
                    ok.headers.insert("ETag".into(), etag);
                    let unchanged = ResponseBuilder::new().description("It is what `If-None-Match` named.");
                    answers.insert("304".into(), RefOr::T(unchanged.build()));
                }
                for (status, answer) in answers.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
                    let RefOr::T(answer) = answer else { continue };
                    debug_assert!(status.len() == 3, "{status}");
                    let problem =
                        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                    answer.content.insert("application/problem+json".into(), problem);
                }
            }
        }
    }
}

static DOCUMENT: LazyLock<serde_json::Value> =
    LazyLock::new(|| serde_json::to_value(Described::openapi()).expect("the description is plain data"));

/// The description.
pub(crate) fn document() -> &'static serde_json::Value {
    &DOCUMENT
}

/// Where it is.
pub(crate) fn path() -> String {
    format!("{BASE}/openapi.json")
}

/// Answers it to anybody: it says nothing of what is here.
pub(super) async fn show(request: Request) -> Result<Response, Problem> {
    super::asked::Asked::of(request.uri(), &[])?;
    Ok(answer::json(request.headers(), document()))
}
