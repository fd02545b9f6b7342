//! What head office decides about kiosks: layers with all their versions, and what comes of them for one device.
//!
//! Invariants: rows of layers are only added; what is stored has passed [`Settings::check`], and a row that cannot be read,
//! because another hand or a later program wrote it, stands for no decision; it costs no heartbeat.

use std::collections::BTreeMap;

use afterword_model::record::DeviceId;
use afterword_model::settings::{Merged, Settings, merge};
use afterword_protocol::settings::{SettingsHeld, SettingsRefused, SettingsVersion};

use super::places::{self, Tree};
use super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, values};

/// For whom a layer is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// All devices there are, and all that come.
    Organisation,
    /// Those of all stores in a region, at any depth.
    Region(String),
    /// Those of a store.
    Store(String),
    /// One.
    Device(DeviceId),
}

impl Layer {
    fn columns(&self) -> (&'static str, String) {
        match self {
            Self::Organisation => ("organisation", String::new()),
            Self::Region(name) => ("region", name.clone()),
            Self::Store(name) => ("store", name.clone()),
            Self::Device(device) => ("device", device.to_string()),
        }
    }

    /// The layer of two columns of a row, from this one on; `None` where another program wrote it.
    fn of_columns(row: &Row<'_>, at: usize) -> SqlResult<Option<Self>> {
        let (kind, place): (String, String) = (row.get(at)?, row.get(at + 1)?);
        Ok(match kind.as_str() {
            "organisation" => Some(Self::Organisation),
            "region" => Some(Self::Region(place)),
            "store" => Some(Self::Store(place)),
            _ => place.parse().ok().map(Self::Device),
        })
    }
}

/// A version of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// Its number; a higher one came later.
    pub version: i64,
    /// Of which layer.
    pub layer: Layer,
    /// What was decided; nothing, where the layer was cleared.
    pub settings: Settings,
    /// Who did, as they said.
    pub by_whom: Option<String>,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub set_ms: i64,
}

/// What a device said last of its settings, and what it was to have then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it keeps and runs.
    pub held: SettingsHeld,
    /// What it was to have.
    pub wanted: SettingsVersion,
    /// Since when it is to have that, in milliseconds since 1970.
    pub wanted_ms: i64,
    /// What it did not take, and why.
    pub refused: Option<SettingsRefused>,
}

/// Adds a version of a layer and gives its number.
pub(crate) fn add(
    connection: &Connection,
    layer: &Layer,
    settings: &Settings,
    by_whom: Option<&str>,
    now_ms: i64,
) -> SqlResult<i64> {
    let (kind, place) = layer.columns();
    connection.query_one(
        "insert into setting_layers (kind, place, settings, by_whom, set_ms) values (?1, ?2, ?3, ?4, ?5)
         returning version",
        values![kind, &place, &settings.to_json(), by_whom, now_ms],
        |row| row.get(0),
    )
}

/// The newest version of any layer, 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> SqlResult<i64> {
    connection.query_one("select coalesce(max(version), 0) from setting_layers", &[], |row| row.get(0))
}

/// All versions of all layers, the newest first.
pub(crate) fn history(connection: &Connection) -> SqlResult<Vec<LayerRow>> {
    rows(
        connection,
        "select version, kind, place, settings, by_whom, set_ms from setting_layers order by version desc",
    )
}

/// The newest version of each layer, the newest first.
pub(crate) fn newest_of_each(connection: &Connection) -> SqlResult<Vec<LayerRow>> {
    rows(
        connection,
        "select version, kind, place, settings, by_whom, set_ms from setting_layers
         where version in (select max(version) from setting_layers group by kind, place)
         order by version desc",
    )
}

fn rows(connection: &Connection, query: &'static str) -> SqlResult<Vec<LayerRow>> {
    let mut rows = Vec::new();
    connection.each(query, &[], |row| {
        if let Some(layer) = Layer::of_columns(row, 1)? {
            rows.push(LayerRow {
                version: row.get(0)?,
                layer,
                settings: read(&row.get::<String>(3)?),
                by_whom: row.get(4)?,
                set_ms: row.get(5)?,
            });
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(rows)
}

/// The layers that a device of this store lies in, the outermost first.
fn layers_around(device: &DeviceId, store: Option<&str>, regions: &[impl AsRef<str>]) -> Vec<Layer> {
    let mut layers = vec![Layer::Organisation];
    layers.extend(regions.iter().rev().map(|region| Layer::Region(region.as_ref().to_owned())));
    layers.extend(store.map(|store| Layer::Store(store.to_owned())));
    layers.push(Layer::Device(*device));
    layers
}

/// What comes of all layers for a device as they were at a version, and the layers by their places.
pub(crate) fn for_device(
    connection: &Connection,
    device: &DeviceId,
    version: i64,
) -> SqlResult<(Merged, Vec<Layer>)> {
    if version == 0 {
        return Ok((Merged::default(), Vec::new()));
    }
    let store = connection
        .query_opt("select store from devices where device_id = ?1", values![device.as_bytes()], |row| {
            row.get::<Option<String>>(0)
        })?
        .flatten();
    let regions = store.as_deref().map(|store| places::around(connection, store)).transpose()?;
    let layers = layers_around(device, store.as_deref(), &regions.unwrap_or_default());
    let mut decided = Vec::with_capacity(layers.len());
    for layer in &layers {
        let (kind, place) = layer.columns();
        let json = connection.query_opt(
            "select settings from setting_layers where kind = ?1 and place = ?2 and version <= ?3
             order by version desc limit 1",
            values![kind, &place, version],
            |row| row.get::<String>(0),
        )?;
        decided.push(json.map(|json| read(&json)).unwrap_or_default());
    }
    Ok((merge(&decided), layers))
}

/// All layers as they were at a version, for who asks for many devices.
pub(crate) struct AllLayers(BTreeMap<Layer, Settings>);

impl AllLayers {
    /// Reads them.
    pub(crate) fn at(connection: &Connection, version: i64) -> SqlResult<Self> {
        let mut layers = BTreeMap::new();
        connection.each(
            "select kind, place, settings from setting_layers where version <= ?1 order by version",
            values![version],
            |row| {
                if let Some(layer) = Layer::of_columns(row, 0)? {
                    layers.insert(layer, read(&row.get::<String>(2)?));
                }
                Ok::<_, SqlError>(())
            },
        )?;
        Ok(Self(layers))
    }

    /// What comes of them for a device.
    pub(crate) fn for_device(&self, device: &DeviceId, store: Option<&str>, tree: &Tree) -> Settings {
        let regions = store.map(|store| tree.around(store)).unwrap_or_default();
        let layers = layers_around(device, store, &regions);
        let decided: Vec<_> =
            layers.iter().map(|layer| self.0.get(layer).cloned().unwrap_or_default()).collect();
        merge(&decided).settings
    }
}

/// What a device said last.
pub(crate) fn said(connection: &Connection, device: &DeviceId) -> SqlResult<Option<Said>> {
    connection.query_opt(
        "select kept, runs, wanted, wanted_ms, refused, reason from device_settings where device_id = ?1",
        values![device.as_bytes()],
        |row| {
            let refused = row.get::<Option<HexColumn<16, _>>>(4)?.map(|column| column.0);
            let reason = row.get::<Option<String>>(5)?.unwrap_or_default();
            Ok(Said {
                held: SettingsHeld {
                    kept: row.get::<HexColumn<16, _>>(0)?.0,
                    runs: row.get::<HexColumn<16, _>>(1)?.0,
                },
                wanted: row.get::<HexColumn<16, _>>(2)?.0,
                wanted_ms: row.get(3)?,
                refused: refused.map(|version| SettingsRefused { version, reason }),
            })
        },
    )
}

/// Keeps what a device says, and what it is to have; a heartbeat that says nothing new writes nothing.
pub(crate) fn note(
    connection: &Connection,
    device: &DeviceId,
    held: SettingsHeld,
    wanted: SettingsVersion,
    refused: Option<&SettingsRefused>,
    now_ms: i64,
) -> SqlResult<()> {
    let before = said(connection, device)?;
    let wanted_ms =
        before.as_ref().filter(|before| before.wanted == wanted).map_or(now_ms, |before| before.wanted_ms);
    // What was refused before stays refused until something else is wanted: an agent that was started anew has forgotten it.
    let remembered = before.as_ref().and_then(|before| before.refused.clone());
    let refused =
        refused.cloned().or(remembered).filter(|refused| refused.version == wanted && held.kept != wanted);
    let now = Said { held, wanted, wanted_ms, refused };
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    connection
        .execute(
            "insert into device_settings (device_id, kept, runs, wanted, wanted_ms, refused, reason)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (device_id) do update set kept = excluded.kept,
             runs = excluded.runs, wanted = excluded.wanted, wanted_ms = excluded.wanted_ms,
             refused = excluded.refused, reason = excluded.reason",
            values![
                device.as_bytes(),
                held.kept.as_bytes(),
                held.runs.as_bytes(),
                wanted.as_bytes(),
                wanted_ms,
                now.refused.as_ref().map(|refused| refused.version.as_bytes()),
                now.refused.as_ref().map(|refused| &refused.reason)
            ],
        )
        .map(drop)
}

fn read(json: &str) -> Settings {
    Settings::from_json(json).unwrap_or_else(|error| {
        tracing::warn!(%error, "a version of a layer of settings cannot be read and decides nothing");
        Settings::default()
    })
}
