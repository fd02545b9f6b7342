//! `/metrics`: the collector's numbers about itself, for Prometheus.
//!
//! On the port that people come in by, with a token as any other program: that port has TLS where it is reached from elsewhere, and
//! Prometheus sends a token as readily as none. A token that was good is believed for a while when the database cannot be asked, since
//! the numbers are wanted just then.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tokio::time::timeout;

use super::caller::{self, secret};
use super::problem::Problem;
use super::rate::Rates;
use crate::listen::Source;
use crate::metrics::Reading;
use crate::people::api_token::Scope;
use crate::request_id::spawn_blocking;
use crate::routes::App;
use crate::web::{came_from, health_word};

/// Prometheus gives up after 10 s where nobody says otherwise; without the database it still gets the rest by then.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers a scrape.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(rates): Extension<Arc<Rates>>,
    Extension(Source(source)): Extension<Source>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let_in(&app, &rates, &headers, came_from(&headers, source)).await?;
    let now_ms = app.context.clock.monotonic_ms();
    if app.metrics.wants_reading(now_ms) {
        let wall_ms = app.context.clock.wall_ms();
        let read =
            app.look_up(move |reader| Reading::of(reader, wall_ms, |kiosk| health_word(kiosk, wall_ms)));
        let reading = timeout(DATABASE_TIMEOUT, read).await.ok().and_then(Result::ok);
        app.metrics.read(reading, now_ms);
    }
    let rendering = Arc::clone(&app);
    let text = spawn_blocking(move || rendering.metrics.text()).await;
    let text = text.map_err(|_| Problem::Failed)?.map_err(|_| Problem::Failed)?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

/// Goes on only with a token that may read these numbers. They are about everything: a token for one place may not.
async fn let_in(app: &Arc<App>, rates: &Rates, headers: &HeaderMap, from: IpAddr) -> Result<(), Problem> {
    let digest = secret(app, rates, headers, from)?.digest();
    let now_ms = app.context.clock.monotonic_ms();
    match timeout(DATABASE_TIMEOUT, caller::token(app, rates, &digest, from)).await {
        Ok(Ok(token)) if token.scopes.contains(&Scope::MetricsRead) && token.place.is_none() => {
            app.metrics.remember(digest, now_ms);
            Ok(())
        }
        Ok(Ok(_)) => {
            app.metrics.forget(&digest);
            Err(Problem::NotAllowed(Scope::MetricsRead))
        }
        Ok(Err(Problem::Failed)) | Err(_) if app.metrics.remembers(&digest, now_ms) => Ok(()),
        Ok(Err(problem)) => {
            if matches!(problem, Problem::NotAuthenticated(_)) {
                app.metrics.forget(&digest);
            }
            Err(problem)
        }
        Err(_) => Err(Problem::Failed),
    }
}
