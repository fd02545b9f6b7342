//! Which responses somebody asks for who may see those of some stores.

use afterword_model::record::DeviceId;

use super::responses::{self, Found, Place, Wanted};
use super::sql::{Connection, SqlResult};
use crate::people::Stores;

/// Those of kiosks that stand in these stores now, received from a moment on and before another (milliseconds since 1970-01-01T00:00:00Z).
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// What may be seen.
    pub(crate) stores: Stores,
    /// Of this store alone.
    pub(crate) store: Option<String>,
    /// Of this kiosk alone.
    pub(crate) device: Option<DeviceId>,
    pub(crate) since_ms: i64,
    pub(crate) until_ms: i64,
}

impl Selection {
    /// At most so many of them after a place, and where to go on; `None` at the end. As [`responses::page`].
    pub(crate) fn page(
        &self,
        connection: &Connection,
        after: Option<Place>,
        limit: usize,
    ) -> SqlResult<(Vec<Found>, Option<Place>)> {
        let is_wanted = |id: &DeviceId, of: Option<&str>| {
            self.stores.hold(of)
                && self.device.is_none_or(|device| device == *id)
                && self.store.as_deref().is_none_or(|store| of == Some(store))
        };
        let wanted = Wanted { is_wanted: &is_wanted, since_ms: self.since_ms, until_ms: self.until_ms };
        responses::page(connection, &wanted, after, limit)
    }
}
