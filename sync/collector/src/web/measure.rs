//! Counting what people and programs ask, by the pattern that an address is found under: never by the address itself.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use tokio::time::Instant;

use crate::routes::App;

/// Counts one request.
pub(super) async fn requests(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    // Whoever asks may call a method anything.
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let response = next.run(request).await;
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    // For who looks for a request by its name; never the address itself, in which a link's secret may stand.
    tracing::debug!(method, route, status = response.status().as_u16(), "answered");
    app.metrics.answered(method, route, response.status().as_u16(), began.elapsed());
    response
}
