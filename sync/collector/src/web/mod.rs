//! The pages that people have on their screens: rendered here, useful without a script, and styled by one sheet.
//!
//! | module | what it is |
//! |---|---|
//! | `visitor` | who asks: the session behind a cookie, and what forms have to bring along |
//! | `guard` | the headers that keep other pages out of ours |
//! | `frame` | what is around each page |
//! | `live` | what has changed, sent to a page that is open |
//! | `icon`, `words` | drawings and figures as all pages have them |
//! | `mishap` | what is shown when something goes wrong |
//! | `measure` | what is asked is counted |
//! | `assets` | style, script and fonts |
//! | `pages` | one file for each page |
//! | `probe` | whether the program answers and can work, for machines that ask |
//!
//! Invariants: nothing is changed by a GET; a form is taken only from a page of ours and only in the session that it was shown in; what a
//! person may not see is answered as if it were not there.

mod assets;
mod frame;
mod guard;
mod icon;
mod live;
mod measure;
mod mishap;
mod pages;
mod probe;
mod visitor;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::routes::App;

pub(crate) use pages::health_word;
pub(crate) use visitor::came_from;

/// The addresses of the port that people come in by.
pub(crate) fn port(app: Arc<App>) -> Router {
    let pages = Router::new().merge(pages::routes()).fallback(mishap::nothing_here);
    Router::new()
        .merge(assets::routes())
        .merge(probe::routes())
        .merge(crate::api::routes())
        .merge(pages)
        .layer(from_fn_with_state(Arc::clone(&app), measure::requests))
        .layer(from_fn(guard::headers))
        .with_state(app)
}
