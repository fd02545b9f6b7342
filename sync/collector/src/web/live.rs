//! News of a page while it is open: server-sent events, each with the part of the page that has changed.
//!
//! A stream ends before the connection's own idle limit would cut it; the browser asks again by itself, and whoever is let in no more is
//! turned away then, within a minute.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use maud::Markup;
use tokio::time::{Instant, Interval, interval};

use super::mishap::Mishap;

/// Well within the idle limit of a connection.
const STREAM_LIFE: Duration = Duration::from_secs(50);

struct Watch<D> {
    draw: D,
    shown: String,
    look: Interval,
    ends: Instant,
}

/// Draws the part so often, and sends it when it has changed; first of all as it is now.
pub(super) fn stream<D, F>(every: Duration, draw: D) -> Sse<impl Stream<Item = Result<Event, Infallible>>>
where
    D: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Markup, Mishap>> + Send + 'static,
{
    let watch =
        Watch { draw, shown: String::new(), look: interval(every), ends: Instant::now() + STREAM_LIFE };
    Sse::new(unfold(watch, |mut watch| async move {
        loop {
            watch.look.tick().await;
            if Instant::now() >= watch.ends {
                return None;
            }
            let now = (watch.draw)().await.ok()?.into_string();
            if now != watch.shown {
                watch.shown.clone_from(&now);
                return Some((Ok(Event::default().event("part").data(now)), watch));
            }
        }
    }))
}
