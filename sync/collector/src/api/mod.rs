//! What programs ask: JSON at `/api/v1`, on the port that people come in by.
//!
//! | module | what it is |
//! |---|---|
//! | `caller` | who asks: the token behind `Authorization: Bearer`, its scopes, its place |
//! | `rate` | how much one token may ask |
//! | `asked`, `sent` | parameters and bodies, of which nothing unknown is let pass |
//! | `answer` | pages of a list, and `ETag`s |
//! | `problem` | what is said when something is not done (RFC 9457) |
//! | `scrape` | `/metrics`, which is for Prometheus and stands by itself |
//! | `document` | the OpenAPI description, made from this code |
//! | the others | one file for each thing that can be asked for |
//!
//! Invariants: no cookie opens anything here and no answer sets one; a token sees and does what its scopes say at its place, and what is
//! beyond is answered as if it were not there; contact details and follow-up codes are in no answer, but in what `privacy` gives out of one
//! response, as they are held. Lists are ordered by what never
//! changes, so that a cursor means the same at any time.

mod answer;
mod asked;
mod caller;
mod cases;
mod changes;
mod day_notes;
mod devices;
pub(crate) mod document;
mod exports;
mod numbers;
mod people;
mod places;
mod privacy;
mod problem;
mod rate;
mod responses;
mod scrape;
mod sent;
mod settings;
mod webhooks;

use std::sync::Arc;

use axum::routing::{delete, get, post};
use axum::{Extension, Router};

use self::problem::Problem;
use self::rate::Rates;
use crate::admin::{Admin, AdminError};
use crate::given::{moment, word};
use crate::request_id::spawn_blocking;
use crate::routes::App;
use crate::storage::responses::Found;
use crate::storage::sql::{Connection, SqlResult};

/// Where it begins.
pub(crate) const BASE: &str = "/api/v1";

/// Its addresses.
pub(crate) fn routes() -> Router<Arc<App>> {
    let rates = Extension(Arc::new(Rates::default()));
    let asked_for = Router::new()
        .route("/openapi.json", get(document::show))
        .route("/devices", get(devices::list).post(devices::add))
        .route("/devices/{id}", get(devices::show))
        .route("/devices/{id}/revoke", post(devices::revoke))
        .route("/places", get(places::list))
        .route("/devices/{id}/settings", get(settings::of_device))
        .route("/settings", get(settings::list))
        .route("/settings/organisation", get(settings::show).put(settings::set))
        .route("/settings/{kind}/{name}", get(settings::show_named).put(settings::set_named))
        .route("/people", get(people::list))
        .route("/responses/{device}/{epoch}/{seq}", delete(privacy::erase))
        .route("/responses/{device}/{epoch}/{seq}/export", post(privacy::export))
        .route("/changes", get(changes::list).post(changes::add))
        .route("/changes/{id}", delete(changes::withdraw).get(changes::show))
        .route("/cases", get(cases::list))
        .route("/cases/{epoch}/{seq}/steps", post(cases::step))
        .route("/responses", get(responses::list))
        .route("/exports/responses", get(exports::responses))
        .route("/numbers/overview", get(numbers::overview))
        .route("/numbers/stores/{store}", get(numbers::store))
        .route("/day-notes", get(day_notes::list).post(day_notes::add))
        .route("/day-notes/{id}", delete(day_notes::withdraw).get(day_notes::show))
        .route("/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/webhooks/{id}", delete(webhooks::remove).get(webhooks::show))
        .route("/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route("/webhooks/{id}/deliveries/{number}/resend", post(webhooks::resend))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(rates.clone());
    Router::new().route("/metrics", get(scrape::show).layer(rates)).nest(BASE, asked_for)
}

impl App {
    /// Carries a program's wish out.
    async fn for_program<T: Send + 'static>(
        &self,
        caller: &caller::Caller,
        wish: impl FnOnce(&mut Admin) -> Result<T, AdminError> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.desk.run(caller.actor(), wish).await?)
    }

    /// Runs a query for a program, away from the threads that serve connections.
    async fn look_up<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        let read = spawn_blocking(move || app.readers.read(query)).await;
        Ok(read.map_err(|_| Problem::Failed)?.map_err(AdminError::from)?)
    }
}

/// A response as programs get it, asked for or told.
pub(crate) fn response_json(found: Found) -> serde_json::Value {
    serde_json::to_value(responses::given(found)).expect("a response holds only texts, numbers and lists")
}
