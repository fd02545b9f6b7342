//! News of a page while it is open: server-sent events, each with the part of the page that has changed.
//!
//! A stream ends before the connection's own idle limit would cut it; the browser asks again by itself, and whoever is let in no more is
//! turned away then, within a minute.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use futures_util::stream::unfold;
use http::StatusCode;
use http::header::RETRY_AFTER;
use maud::Markup;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Interval, interval};

use super::mishap::Mishap;

/// Well within the idle limit of a connection.
const STREAM_LIFE: Duration = Duration::from_secs(50);

struct Watch<D> {
    _place: OwnedSemaphorePermit,
    draw: D,
    shown: String,
    look: Interval,
    ends: Instant,
}

/// Draws the part so often, and sends it when it has changed; first of all as it is now. Where too many listen, the page stays as it was.
pub(super) fn stream<D, F>(places: &Arc<Semaphore>, every: Duration, draw: D) -> Response
where
    D: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Markup, Mishap>> + Send + 'static,
{
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "60")]).into_response();
    };
    let watch = Watch {
        _place: place,
        draw,
        shown: String::new(),
        look: interval(every),
        ends: Instant::now() + STREAM_LIFE,
    };
    Sse::new(unfold(watch, |mut watch| async move {
        loop {
            watch.look.tick().await;
            if Instant::now() >= watch.ends {
                return None;
            }
            let now = (watch.draw)().await.ok()?.into_string();
            if now != watch.shown {
                watch.shown.clone_from(&now);
                return Some((Ok::<_, Infallible>(Event::default().event("part").data(now)), watch));
            }
        }
    }))
    .into_response()
}
