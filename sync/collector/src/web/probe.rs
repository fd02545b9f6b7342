//! What a machine asks that watches over this one: whether the program answers, and whether it can do its work.
//!
//! Both say it with a word and a status, to anybody: neither tells anything of what is held.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

use crate::routes::App;
use crate::storage::read_server;

/// `/healthz` and `/readyz`, as orchestrators call them.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(ready))
}

/// Ready is who can read the database, and whose epoch is still the database's: another one signs receipts for a life that is over.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.read(read_server).await {
        Ok(server) if server.server_epoch == app.context.server_epoch => (StatusCode::OK, "ready\n"),
        Ok(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database was put back to an older state; restart this collector\n",
        ),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read; the log says why\n"),
    }
}
