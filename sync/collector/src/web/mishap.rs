//! What is shown when a page cannot be: one sentence on what happened and what to do.

use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use maud::html;

use super::frame;
use crate::admin::day_noting::DayNoteRefusal;
use crate::admin::hooking::WebhookRefusal;
use crate::admin::{AdminError, PersonRefusal};
use crate::request_id::RequestId;
use crate::storage::{SqlError, StorageError};

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Mishap {
    /// Nobody is signed in; they are asked to, and come back.
    SignedOut { back_to: String },
    /// There is no such thing, or not for this person.
    NotFound,
    /// The form was not one of ours, or not of this session.
    Forged,
    /// What was filled in cannot be read.
    BadForm(String),
    /// What was wished for is not done; the sentence says why.
    Refused(String),
    /// The collector's own fault.
    Failed,
}

/// What is answered where there is nothing.
pub(super) async fn nothing_here() -> Mishap {
    Mishap::NotFound
}

impl From<AdminError> for Mishap {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Open(_) | AdminError::Storage(_) | AdminError::Pki(_) | AdminError::Database(_) => {
                tracing::error!(%error, "a page failed");
                Self::Failed
            }
            AdminError::Person(PersonRefusal::NoSuchPerson(_))
            | AdminError::Webhook(WebhookRefusal::NoSuchWebhook(_))
            | AdminError::DayNote(DayNoteRefusal::NoSuchNote(_))
            | AdminError::NoSuchDevice(_) => Self::NotFound,
            refusal => Self::Refused(refusal.to_string()),
        }
    }
}

impl From<StorageError> for Mishap {
    fn from(error: StorageError) -> Self {
        AdminError::from(error).into()
    }
}

impl From<SqlError> for Mishap {
    fn from(error: SqlError) -> Self {
        AdminError::from(error).into()
    }
}

impl IntoResponse for Mishap {
    fn into_response(self) -> Response {
        let (status, title, sentence) = match self {
            Self::SignedOut { back_to } => {
                let back_to: String = form_urlencoded::byte_serialize(back_to.as_bytes()).collect();
                return Redirect::to(&format!("/sign-in?to={back_to}")).into_response();
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "It does not exist, or it is not among what you may see; go back to where you came from.".into(),
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "That form is too old",
                "It was shown in another session, or by another page, and nothing was changed; load the page again and repeat it."
                    .into(),
            ),
            Self::BadForm(reason) => (
                StatusCode::BAD_REQUEST,
                "That form cannot be read",
                format!("Nothing was changed: {reason}; load the page again and repeat it."),
            ),
            Self::Refused(sentence) => (StatusCode::CONFLICT, "That was not done", sentence),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The collector failed",
                "Nothing was changed, and the reason is in its log; try again, or ask who runs it.".into(),
            ),
        };
        let page = frame::bare(
            title,
            &html! {
                h1 { (title) }
                p.lead { (sentence) }
                @if let Some(id) = RequestId::now() {
                    p.hint { "If you ask for help, say that this was request " code #request { (id.text()) } "." }
                }
                p { a href="/" { "Back to the overview" } }
            },
        );
        (status, page).into_response()
    }
}
