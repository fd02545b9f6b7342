//! What is said when something is not done: `application/problem+json` (RFC 9457).

use afterword_model::settings::SettingsError;
use afterword_protocol::problem::PROBLEM_MEDIA_TYPE;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::AdminError;
use crate::admin::casing::CaseRefusal;
use crate::admin::changing::ChangeRefusal;
use crate::admin::day_noting::DayNoteRefusal;
use crate::admin::hooking::WebhookRefusal;
use crate::admin::setting::SettingsRefusal;
use crate::people::api_token::Scope;
use crate::request_id::RequestId;

/// Why something is not done.
#[derive(Debug)]
pub(super) enum Problem {
    /// The request cannot be read.
    Malformed(String),
    /// No token, or none that holds.
    NotAuthenticated(&'static str),
    /// The token lacks a scope.
    NotAllowed(Scope),
    /// There is no such thing, or not for this token.
    NotFound,
    /// The address takes another method.
    MethodNotAllowed,
    /// What is answered, of this media type, cannot be read by whoever asks.
    NotAcceptable(&'static str),
    /// It contradicts what is there.
    Conflict(String),
    /// The body is too large.
    TooLarge(usize),
    /// The body is no JSON by its own word.
    UnsupportedType,
    /// Something in it is not as it has to be.
    Unfit { parameter: Option<String>, detail: String },
    /// The token asks too much at once.
    Busy { wait_s: u64 },
    /// Too many tokens that are none came from where this request comes from.
    Throttled { wait_s: u64 },
    /// Others are asking for as much as the collector does at once.
    Crowded { wait_s: u64 },
    /// The collector's own fault.
    Failed,
}

/// The body of an answer that says why something was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// What a program acts on.
    #[serde(rename = "type")]
    #[schema(example = "urn:afterword:problem:not-found")]
    kind: &'static str,
    /// The type in words.
    title: &'static str,
    /// The HTTP status again.
    status: u16,
    /// What happened this time, and what to do.
    detail: String,
    /// The parameter or member that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// Which request it is about: tell it to whoever runs the collector, whose log names it. `X-Request-Id` of each answer ends with the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "urn:afterword:request:7f3a9c21-184")]
    instance: Option<String>,
}

impl Problem {
    /// A parameter of a query, or a member of a body, is not as it has to be.
    pub(super) fn unfit(parameter: &str, detail: impl Into<String>) -> Self {
        Self::Unfit { parameter: Some(parameter.to_owned()), detail: detail.into() }
    }

    fn status_kind_title(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => {
                (StatusCode::BAD_REQUEST, "urn:afterword:problem:malformed", "The request cannot be read")
            }
            Self::NotAuthenticated(_) => {
                (StatusCode::UNAUTHORIZED, "urn:afterword:problem:not-authenticated", "Not authenticated")
            }
            Self::NotAllowed(_) => {
                (StatusCode::FORBIDDEN, "urn:afterword:problem:not-allowed", "Not allowed")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "urn:afterword:problem:not-found", "Nothing is here"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "urn:afterword:problem:method-not-allowed",
                "This address takes another method",
            ),
            Self::NotAcceptable(_) => (
                StatusCode::NOT_ACCEPTABLE,
                "urn:afterword:problem:not-acceptable",
                "Another media type is answered",
            ),
            Self::Conflict(_) => {
                (StatusCode::CONFLICT, "urn:afterword:problem:conflict", "It contradicts what is there")
            }
            Self::TooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "urn:afterword:problem:too-large", "The request is too large")
            }
            Self::UnsupportedType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "urn:afterword:problem:unsupported-media-type",
                "Not the media type this address takes",
            ),
            Self::Unfit { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "urn:afterword:problem:unfit",
                "Something is not as it has to be",
            ),
            Self::Busy { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "urn:afterword:problem:busy", "Too much at once")
            }
            Self::Throttled { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "urn:afterword:problem:throttled",
                "Too many tokens that are none of ours",
            ),
            Self::Crowded { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:afterword:problem:crowded",
                "The collector does as much as it can",
            ),
            Self::Failed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "urn:afterword:problem:internal", "The collector failed")
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Malformed(detail) | Self::Conflict(detail) | Self::Unfit { detail, .. } => detail.clone(),
            Self::NotAuthenticated(detail) => (*detail).to_owned(),
            Self::NotAllowed(scope) => format!(
                "this token lacks the scope {}; ask an admin of the collector for one that has it",
                scope.name()
            ),
            Self::NotFound => "nothing is at this address, or it is not among what this token may see".into(),
            Self::MethodNotAllowed => "the header Allow says which methods this address takes".into(),
            Self::NotAcceptable(media_type) => {
                format!("answers are {media_type}; let Accept allow it, or leave it out")
            }
            Self::TooLarge(bytes_max) => format!("a body has at most {bytes_max} bytes; send less"),
            Self::UnsupportedType => "a body is JSON; send it with Content-Type: application/json".into(),
            Self::Busy { wait_s } => {
                format!("this token has asked too much at once; go on in {wait_s} s, as Retry-After says")
            }
            Self::Throttled { wait_s } => format!(
                "too many tokens that are none of ours came from where you are; check the one you send, and go on in {wait_s} s, as Retry-After says"
            ),
            Self::Crowded { wait_s } => {
                format!(
                    "as many exports as go at once are being made; ask again in {wait_s} s, as Retry-After says"
                )
            }
            Self::Failed => "nothing was changed, and the reason is in the collector's log; try again".into(),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let words = error.to_string();
        match error {
            AdminError::Open(_) | AdminError::Storage(_) | AdminError::Pki(_) | AdminError::Database(_) => {
                tracing::error!(%error, "an answer to a program failed");
                Self::Failed
            }
            AdminError::Webhook(WebhookRefusal::NoSuchWebhook(_) | WebhookRefusal::NoSuchDelivery(_))
            | AdminError::NoSuchDevice(_)
            | AdminError::Change(ChangeRefusal::NoSuchChange(_))
            | AdminError::DayNote(DayNoteRefusal::NoSuchNote(_))
            | AdminError::Case(CaseRefusal::NoSuchCase(_)) => Self::NotFound,
            AdminError::Settings(SettingsRefusal::NoSuchRegion(_) | SettingsRefusal::NoSuchStore(_)) => {
                Self::NotFound
            }
            AdminError::Settings(SettingsRefusal::Unfit(SettingsError { ref field, .. })) => {
                Self::unfit(field, words)
            }
            AdminError::StillInLog
            | AdminError::NameTaken { .. }
            | AdminError::NameWaits { .. }
            | AdminError::IsRetired { .. }
            | AdminError::Webhook(WebhookRefusal::Many | WebhookRefusal::IsOff(_))
            | AdminError::DayNote(DayNoteRefusal::Many)
            | AdminError::Change(ChangeRefusal::Many) => Self::Conflict(words),
            AdminError::Case(CaseRefusal::Step(_)) => Self::Conflict(words),
            AdminError::Case(CaseRefusal::NoStep(member)) => Self::unfit(member, words),
            AdminError::BadName => Self::unfit("name", words),
            AdminError::Webhook(WebhookRefusal::Url(_)) => Self::unfit("url", words),
            AdminError::Webhook(WebhookRefusal::NoType) => Self::unfit("events", words),
            AdminError::Webhook(WebhookRefusal::NoSuchPlace(_))
            | AdminError::DayNote(DayNoteRefusal::NoSuchPlace(_)) => Self::unfit("place", words),
            AdminError::DayNote(DayNoteRefusal::NoDay) => Self::unfit("day", words),
            AdminError::DayNote(_) => Self::unfit("words", words),
            AdminError::Place(_) | AdminError::Change(ChangeRefusal::NoSuchStore(_)) => {
                Self::unfit("store", words)
            }
            _ => Self::Unfit { parameter: None, detail: words },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, kind, title) = self.status_kind_title();
        let detail = self.detail();
        let parameter = if let Self::Unfit { parameter, .. } = &self { parameter.clone() } else { None };
        let instance = RequestId::now().map(|id| id.urn());
        let body = ProblemBody { kind, title, status: status.as_u16(), detail, parameter, instance };
        let json = serde_json::to_vec(&body).expect("a problem holds only texts and numbers");
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        match self {
            Self::NotAuthenticated(_) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"afterword\""));
            }
            Self::Busy { wait_s } | Self::Throttled { wait_s } | Self::Crowded { wait_s } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(wait_s));
            }
            _ => {}
        }
        response
    }
}
