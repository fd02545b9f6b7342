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

/// What stands at the foot of the rail for this visitor.
async fn foot(app: &Arc<App>, visitor: &Visitor) -> Result<Foot, Mishap> {
    let stores = visitor.stores();
    let (organisation, kiosks) = app
        .read(move |reader| {
            let mut kiosks = fleet_storage::kiosks(reader)?;
            kiosks.retain(|kiosk| kiosk.enrolled_ms.is_some() && stores.hold(kiosk.store.as_deref()));
            Ok((read_server(reader)?.organisation, kiosks.len()))
        })
        .await?;
    let seen = visitor.stores();
    let count = visitor.tree.stores().filter(|store| seen.hold(Some(store))).count();
    let stores = format!("{} {}", words::count(count as u64), words::plural(count, "store", "stores"));
    let kiosks = format!("{} {}", words::count(kiosks as u64), words::plural(kiosks, "kiosk", "kiosks"));
    Ok(Foot { organisation, lines: vec![format!("{stores}, {kiosks}")] })
}
