//! News of the fleet while its page is open: server-sent events, each with the part of the page that has changed.
//!
//! A stream ends before the connection's own idle limit would cut it; the browser asks again by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::{Instant, Interval, interval};

use super::Choice;
use crate::routes::App;
use crate::web::visitor::Visitor;

/// Heartbeats come every five minutes; a person who has just enrolled a kiosk looks at the page.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Well within the idle limit of a connection.
const STREAM_LIFE: Duration = Duration::from_secs(50);

struct Watch {
    app: Arc<App>,
    visitor: Visitor,
    choice: Choice,
    shown: String,
    look: Interval,
    ends: Instant,
}

/// The stream of what changes.
pub(super) async fn part(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ends = Instant::now() + STREAM_LIFE;
    let watch = Watch { app, visitor, choice, shown: String::new(), look: interval(LOOK_EVERY), ends };
    Sse::new(unfold(watch, |mut watch| async move {
        loop {
            watch.look.tick().await;
            if Instant::now() >= watch.ends {
                return None;
            }
            // Whoever is signed out meanwhile is so at the next stream at the latest, within a minute.
            let Ok(now) = super::part(&watch.app, &watch.visitor, &watch.choice).await else { return None };
            let now = now.into_string();
            if now != watch.shown {
                watch.shown.clone_from(&now);
                return Some((Ok(Event::default().event("part").data(now)), watch));
            }
        }
    }))
}
