//! What is decided for kiosks, layer by layer. What is asked, the survey, is one of the settings.
//!
//! Nothing that is decided here goes out before a roll-out.

use std::collections::BTreeMap;
use std::sync::Arc;

use afterword_model::record::DeviceId;
use afterword_model::settings::{Merged, Settings};
use afterword_model::survey::limits::FILE_BYTES_MAX;
use afterword_protocol::settings::version;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize as _, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Page};
use super::asked::{Asked, named};
use super::caller::Caller;
use super::problem::Problem;
use super::{moment, sent};
use crate::admin::setting::{DecidedFor, DeviceSettings};
use crate::people::Stores;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::settings::{self, Layer, LayerRow};
use crate::storage::{PlaceKind, devices};

/// Bytes of a body at most: a survey's file, with all of its line ends and quotation marks written as JSON has them.
const BODY_BYTES_MAX: usize = 2 * FILE_BYTES_MAX;

/// A layer, as it is decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingsLayer)]
pub(super) struct Decided {
    /// What it is for.
    kind: Kind,
    /// The name of the region or store, or the id of the kiosk; none of the organisation.
    name: Option<String>,
    /// The number of the version; 0 where nothing was ever decided.
    version: i64,
    /// What is decided, by the names of kiosk.toml, as `afterword-collector settings set --help` has them: `store_name`, `survey` (the whole
    /// text of its file), `hours`, `languages`, `ask`, `times`, `brand`, `alerts`, `follow_ups`. What is left out is as the layers around it have it, and at last the
    /// kiosk's own file.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    settings: Settings,
    /// Who decided it, where that was said.
    by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
}

/// For whom a layer is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SettingsLayerName)]
pub(super) struct Named {
    /// What it is for.
    kind: Kind,
    /// The name of the region or store, or the id of the kiosk; none of the organisation.
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SettingsLayerKind)]
pub(super) enum Kind {
    Organisation,
    Region,
    Store,
    Device,
}

/// What comes of the layers for a kiosk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceSettings)]
pub(super) struct OfDevice {
    /// The kiosk's id.
    device: String,
    /// The version of the layers that it goes by; 0 where nothing was sent out yet.
    version: i64,
    /// What it is to have now.
    now: Together,
    /// What it would have after a roll-out of what is decided by now.
    next: Together,
    /// Name of the settings that it runs, as it said last; nothing where it never has.
    runs: Option<String>,
    /// Why it did not take what it is to have, in its words.
    refused: Option<String>,
}

/// Layers put together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MergedSettings)]
pub(super) struct Together {
    /// Name of these settings, the same for the same settings.
    name: String,
    /// Field by field, what is decided furthest in.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    settings: Settings,
    /// From which layer each field comes.
    from: BTreeMap<String, Named>,
}

/// A layer that is named in an address.
type Names = Result<Path<(String, String)>, PathRejection>;

/// Layers for which something is decided, the newest first. A token that is bound to a place sees those of regions, stores and kiosks there.
#[utoipa::path(
    get, path = "/settings", tag = "settings", operation_id = "listSettings",
    params(
        ("limit" = Option<usize>, Query, description = "How many at most.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "Where the page before ended: its `next`.", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "A page of them.", body = Page<Decided>)),
    security(("token" = ["settings:read"])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::SettingsRead)?;
    let asked = Asked::of(request.uri(), &["limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.cursor(|version| version.parse::<i64>().ok())?);
    let (mut rows, places) =
        app.look_up(|reader| Ok((settings::newest_of_each(reader)?, devices::list(reader)?))).await?;
    let store_of = |id: DeviceId| {
        places.iter().find(|device| device.device == id).and_then(|device| device.store.as_deref())
    };
    rows.retain(|row| {
        let is_seen = match &row.layer {
            Layer::Device(id) => caller.stores.hold(store_of(*id)),
            layer => caller.reaches(layer),
        };
        is_seen && !row.settings.is_empty() && before.is_none_or(|before| row.version < before)
    });
    let page = Page::cut(rows, limit, |last| last.version.to_string(), decided);
    Ok(answer::page(request.headers(), "/settings", &asked, &page))
}

/// What is decided for all kiosks there are, and all that come.
#[utoipa::path(
    get, path = "/settings/organisation", tag = "settings", operation_id = "getOrganisationSettings",
    responses((status = 200, description = "The layer.", body = Decided)),
    security(("token" = ["settings:read"])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect_everywhere(Scope::SettingsRead)?;
    Asked::of(request.uri(), &[])?;
    answered(&app, request.headers().clone(), Layer::Organisation).await
}

/// What is decided for a region, a store or a kiosk by itself.
#[utoipa::path(
    get, path = "/settings/{kind}/{name}", tag = "settings", operation_id = "getLayerSettings",
    params(
        ("kind" = String, Path, description = "`regions`, `stores` or `devices`.", pattern = "^(regions|stores|devices)$"),
        ("name" = String, Path, description = "The name of the region or store, or the id of the kiosk."),
    ),
    responses((status = 200, description = "The layer.", body = Decided), (status = 404, description = "There is no such place or kiosk.")),
    security(("token" = ["settings:read"])),
)]
pub(super) async fn show_named(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: Names,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::SettingsRead)?;
    Asked::of(request.uri(), &[])?;
    let layer = layer(&app, &caller, names).await?;
    answered(&app, request.headers().clone(), layer).await
}

/// Decides for all kiosks, in place of what was decided for them. Nothing goes out before a roll-out.
#[utoipa::path(
    put, path = "/settings/organisation", tag = "settings", operation_id = "setOrganisationSettings",
    request_body(content = BTreeMap<String, serde_json::Value>, description = "As `settings` of a layer; `{}` decides nothing any more."),
    responses((status = 200, description = "The layer, as it is decided now.", body = Decided)),
    security(("token" = ["settings:write"])),
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect_everywhere(Scope::SettingsWrite)?;
    Asked::of(request.uri(), &[])?;
    decide(&app, &caller, request, Layer::Organisation).await
}

/// Decides for a region, a store or a kiosk, in place of what was decided there. Nothing goes out before a roll-out.
#[utoipa::path(
    put, path = "/settings/{kind}/{name}", tag = "settings", operation_id = "setLayerSettings",
    params(
        ("kind" = String, Path, description = "`regions`, `stores` or `devices`.", pattern = "^(regions|stores|devices)$"),
        ("name" = String, Path, description = "The name of the region or store, or the id of the kiosk."),
    ),
    request_body(content = BTreeMap<String, serde_json::Value>, description = "As `settings` of a layer; `{}` decides nothing any more."),
    responses(
        (status = 200, description = "The layer, as it is decided now.", body = Decided),
        (status = 404, description = "There is no such place or kiosk."),
        (status = 409, description = "The kiosk was retired."),
    ),
    security(("token" = ["settings:write"])),
)]
pub(super) async fn set_named(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: Names,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::SettingsWrite)?;
    Asked::of(request.uri(), &[])?;
    let layer = layer(&app, &caller, names).await?;
    decide(&app, &caller, request, layer).await
}

/// What a kiosk is to have, from which layer each part comes, and what it would have after a roll-out.
#[utoipa::path(
    get, path = "/devices/{id}/settings", tag = "settings", operation_id = "getDeviceSettings",
    params(("id" = String, Path, description = "The device's id, 32 hexadecimal digits.", pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "What comes of the layers.", body = OfDevice), (status = 404, description = "There is no such kiosk.")),
    security(("token" = ["settings:read"])),
)]
pub(super) async fn of_device(
    State(app): State<Arc<App>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::SettingsRead)?;
    Asked::of(request.uri(), &[])?;
    let id = device(&app, &caller, &named(id)?).await?;
    let found = app.for_program(&caller, move |admin| admin.settings_of(&id.to_string())).await?;
    Ok(answer::json(request.headers(), &merged_for(found)))
}

impl Caller {
    /// Whether a layer of places is at this token's own.
    fn reaches(&self, layer: &Layer) -> bool {
        match (layer, &self.token.place) {
            (_, None) => true,
            (Layer::Region(name) | Layer::Store(name), Some(place)) => self.tree.is_in(name, place),
            _ => self.stores == Stores::All,
        }
    }
}

/// The layer of an address, where the token may see what it is for.
async fn layer(app: &Arc<App>, caller: &Caller, names: Names) -> Result<Layer, Problem> {
    let Path((kind, name)) = names.map_err(|_| Problem::NotFound)?;
    let is = |kind| caller.tree.find(&name).is_some_and(|place| place.kind == kind);
    let layer = match kind.as_str() {
        "regions" if is(PlaceKind::Region) => Layer::Region(name),
        "stores" if is(PlaceKind::Store) => Layer::Store(name),
        "devices" => return device(app, caller, &name).await.map(Layer::Device),
        _ => return Err(Problem::NotFound),
    };
    if caller.reaches(&layer) { Ok(layer) } else { Err(Problem::NotFound) }
}

async fn device(app: &Arc<App>, caller: &Caller, id: &str) -> Result<DeviceId, Problem> {
    let id = DeviceId::parse(id).map_err(|_| Problem::NotFound)?;
    let found = app.look_up(move |reader| devices::find(reader, &id.to_string())).await?;
    let found = found.into_iter().find(|found| found.device == id).ok_or(Problem::NotFound)?;
    if caller.stores.hold(found.store.as_deref()) { Ok(id) } else { Err(Problem::NotFound) }
}

async fn answered(app: &Arc<App>, headers: HeaderMap, layer: Layer) -> Result<Response, Problem> {
    let wanted = layer.clone();
    let rows = app.look_up(settings::newest_of_each).await?;
    let row = rows.into_iter().find(|row| row.layer == wanted);
    let nothing = || LayerRow { version: 0, layer, settings: Settings::default(), by_whom: None, set_ms: 0 };
    Ok(answer::json(&headers, &decided(row.unwrap_or_else(nothing))))
}

async fn decide(
    app: &Arc<App>,
    caller: &Caller,
    request: Request,
    layer: Layer,
) -> Result<Response, Problem> {
    // A list would do as well, as far as serde goes.
    let wish: serde_json::Map<String, serde_json::Value> = sent::json_of(request, BODY_BYTES_MAX).await?;
    let wish = Settings::deserialize(serde_json::Value::Object(wish))
        .map_err(|error| Problem::Unfit { parameter: None, detail: format!("{error}; correct the body") })?;
    let (by, decided_layer) = (caller.token.name.clone(), layer.clone());
    let kept = app.for_program(caller, move |admin| {
        let device = if let Layer::Device(id) = &layer { id.to_string() } else { String::new() };
        let decided_for = match &layer {
            Layer::Organisation => DecidedFor::Organisation,
            Layer::Region(name) => DecidedFor::Region(name),
            Layer::Store(name) => DecidedFor::Store(name),
            Layer::Device(_) => DecidedFor::Device(&device),
        };
        let version = admin.settings_set(decided_for, &wish, Some(&by))?;
        Ok(admin.settings_newest()?.into_iter().find(|row| row.version == version))
    });
    let row = kept.await?.filter(|row| row.layer == decided_layer).ok_or(Problem::Failed)?;
    Ok(answer::changed(&decided(row)))
}

fn decided(row: LayerRow) -> Decided {
    let Named { kind, name } = name(&row.layer);
    Decided {
        kind,
        name,
        version: row.version,
        settings: row.settings,
        by: row.by_whom,
        decided_at: (row.version > 0).then(|| moment(row.set_ms)),
    }
}

fn name(layer: &Layer) -> Named {
    let (kind, name) = match layer {
        Layer::Organisation => (Kind::Organisation, None),
        Layer::Region(name) => (Kind::Region, Some(name.clone())),
        Layer::Store(name) => (Kind::Store, Some(name.clone())),
        Layer::Device(id) => (Kind::Device, Some(id.to_string())),
    };
    Named { kind, name }
}

fn merged_for(found: DeviceSettings) -> OfDevice {
    let together = |merged: Merged, layers: &[Layer]| Together {
        name: version(&merged.settings).to_string(),
        from: merged
            .from
            .iter()
            .filter_map(|(field, &at)| Some((field.clone(), name(layers.get(at)?))))
            .collect(),
        settings: merged.settings,
    };
    OfDevice {
        device: found.device.to_string(),
        version: found.version,
        now: together(found.now, &found.layers),
        next: together(found.next, &found.next_layers),
        runs: found.said.as_ref().map(|said| said.held.runs.to_string()),
        refused: found.said.and_then(|said| said.refused).map(|refused| refused.reason),
    }
}
