//! The pages, one file each.

mod api;
mod audit;
mod board;
mod cases;
mod day_notes;
mod device;
mod enrol;
mod figures;
mod fleet;
mod oidc;
mod overview;
mod people;
mod privacy;
mod questions;
mod responses;
mod retention;
mod settings;
mod sign_in;
mod store;
mod tokens;
mod webhook;
mod webhooks;
mod welcome;

use std::sync::Arc;

use axum::Router;

use super::frame::Foot;
use super::mishap::Mishap;
use super::visitor::Visitor;
use super::words;
use crate::kept::ByStore;
use crate::routes::App;
use crate::storage::{fleet as fleet_storage, read_server};

pub(crate) use self::fleet::health_word;

/// All of them.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(overview::routes())
        .merge(store::routes())
        .merge(day_notes::routes())
        .merge(sign_in::routes())
        .merge(oidc::routes())
        .merge(welcome::routes())
        .merge(fleet::routes())
        .merge(device::routes())
        .merge(enrol::routes())
        .merge(questions::routes())
        .merge(responses::routes())
        .merge(cases::routes())
        .merge(people::routes())
        .merge(privacy::routes())
        .merge(retention::routes())
        .merge(settings::routes())
        .merge(tokens::routes())
        .merge(webhooks::routes())
        .merge(webhook::routes())
        .merge(audit::routes())
        .merge(api::routes())
}

/// What stands in the rail for this visitor: beside the ways to go, and at its foot.
async fn foot(app: &Arc<App>, visitor: &Visitor) -> Result<Foot, Mishap> {
    let seen = visitor.stores();
    let organisation = app.read(|reader| Ok(read_server(reader)?.organisation)).await?;
    let kiosks = app.kept.kiosks.or_reckon(app, fleet_storage::enrolled).await?;
    let now_ms = app.context.clock.wall_ms();
    let to_look_at =
        app.kept.to_look_at.or_reckon(app, move |reader| fleet::to_look_at(reader, now_ms)).await?;
    let [to_acknowledge, ..] = app.follow_ups().await?.waiting(|store| seen.hold(store));
    let here = |by_store: &ByStore| -> u64 {
        by_store.iter().filter(|(store, _)| seen.hold(store.as_deref())).map(|(_, count)| count).sum()
    };
    let count = visitor.tree.stores().filter(|store| seen.hold(Some(store))).count();
    let stores = format!("{} {}", words::count(count as u64), words::plural(count, "store", "stores"));
    let kiosks = here(&kiosks);
    let kiosks = format!("{} {}", words::count(kiosks), words::plural(kiosks as usize, "kiosk", "kiosks"));
    Ok(Foot {
        organisation,
        lines: vec![format!("{stores}, {kiosks}")],
        to_acknowledge: to_acknowledge.open,
        to_look_at: here(&to_look_at),
    })
}
