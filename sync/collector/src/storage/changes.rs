//! "You said → we did": what was added for which devices, and what a device is to show of it.
//!
//! Rows are never deleted: a change that is withdrawn says when. Invariant: what is stored has passed
//! [`Change::check`], and a row that has not, because another hand wrote it, is passed over; it costs no heartbeat.

use afterword_model::record::DeviceId;
use afterword_protocol::changes::{Change, Changes, Words};
use afterword_protocol::limits::CHANGES_SHOWN_MAX;

use super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, values};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How far, in milliseconds, the last place on Earth is behind UTC: until then a day may still be somebody's today.
const LAST_ZONE_MS: i64 = 12 * 60 * 60 * 1_000;

/// For whom a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    Everybody,
    Store(String),
    Device(DeviceId),
}

/// A change as it was added. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number, by which it is withdrawn.
    pub id: i64,
    /// When it was added.
    pub added_ms: i64,
    /// The store whose devices show it, where it is for one.
    pub store: Option<String>,
    /// The device that shows it, where it is for one.
    pub device: Option<DeviceId>,
    /// What people call that device.
    pub device_name: Option<String>,
    /// What is shown.
    pub change: Change,
    /// Whether its last day is over everywhere.
    pub is_over: bool,
}

/// The day that it still is somewhere on Earth: what was over before it is over everywhere.
pub(crate) fn last_today(now_ms: i64) -> i64 {
    now_ms.saturating_sub(LAST_ZONE_MS).div_euclid(DAY_MS)
}

/// Adds a change and gives its number.
pub(crate) fn add(
    connection: &Connection,
    change: &Change,
    audience: &Audience,
    now_ms: i64,
) -> SqlResult<i64> {
    let (store, device) = match audience {
        Audience::Everybody => (None, None),
        Audience::Store(store) => (Some(store), None),
        Audience::Device(device) => (None, Some(device.as_bytes())),
    };
    let (said, did) = (json(&change.said), json(&change.did));
    connection.query_one(
        "insert into changes (added_ms, store, device_id, day, until_day, said, did)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) returning change_id",
        values![now_ms, store, device, change.day, change.until_day, &said, &did],
        |row| row.get(0),
    )
}

/// How many are neither withdrawn nor over.
pub(crate) fn open(connection: &Connection, now_ms: i64) -> SqlResult<i64> {
    let count =
        "select count(*) from changes where withdrawn_ms is null and (until_day is null or until_day >= ?1)";
    connection.query_one(count, values![last_today(now_ms)], |row| row.get(0))
}

/// Takes a change off the screens. `None` when there is none of this number; else whether it had been withdrawn before.
pub(crate) fn withdraw(connection: &Connection, id: i64, now_ms: i64) -> SqlResult<Option<bool>> {
    let was_withdrawn = connection.query_opt(
        "select withdrawn_ms is not null from changes where change_id = ?1",
        values![id],
        |row| row.get(0),
    )?;
    connection.execute(
        "update changes set withdrawn_ms = coalesce(withdrawn_ms, ?2) where change_id = ?1",
        values![id, now_ms],
    )?;
    Ok(was_withdrawn)
}

/// Whether a device that is or may be in use stands in this store.
pub(crate) fn is_store(connection: &Connection, store: &str) -> SqlResult<bool> {
    let exists = "select exists (select 1 from devices where store = ?1 and retired_ms is null)";
    connection.query_one(exists, values![store], |row| row.get(0))
}

/// All that were not withdrawn, the newest first.
pub(crate) fn list(connection: &Connection, now_ms: i64) -> SqlResult<Vec<ChangeRow>> {
    let query =
        "select change_id, added_ms, changes.store, changes.device_id, name, day, until_day, said, did
         from changes left join devices using (device_id)
         where withdrawn_ms is null order by day desc, change_id desc";
    let today = last_today(now_ms);
    let mut found = Vec::new();
    connection.each(query, &[], |row| {
        let Some(change) = change(row, 5)? else { return Ok::<_, SqlError>(()) };
        found.push(ChangeRow {
            id: row.get(0)?,
            added_ms: row.get(1)?,
            store: row.get(2)?,
            device: row.get::<Option<HexColumn<16, _>>>(3)?.map(|column| column.0),
            device_name: row.get(4)?,
            is_over: change.is_over(today),
            change,
        });
        Ok(())
    })?;
    Ok(found)
}

/// What a device shows: the newest of what is for it, for its store and for everybody. What is over everywhere makes room
/// for what is not; whether it is over where the device stands, the device knows.
pub(crate) fn for_device(connection: &Connection, device: &DeviceId, now_ms: i64) -> SqlResult<Changes> {
    let limit = i64::try_from(CHANGES_SHOWN_MAX).unwrap_or(i64::MAX);
    let items = connection.query_all(
        "select day, until_day, said, did from changes
         where withdrawn_ms is null and (until_day is null or until_day >= ?2)
             and ((store is null and device_id is null) or device_id = ?1
                 or store = (select store from devices where device_id = ?1))
         order by day desc, change_id desc limit ?3",
        values![device.as_bytes(), last_today(now_ms), limit],
        |row| change(row, 0),
    )?;
    Ok(Changes::of(items.into_iter().flatten().collect()))
}

/// The change in the four columns from this one on; `None` where it is not fit to be shown.
fn change(row: &Row<'_>, at: usize) -> SqlResult<Option<Change>> {
    let words = |column: usize| -> SqlResult<Option<Words>> {
        Ok(serde_json::from_str(&row.get::<String>(column)?).ok())
    };
    let (Some(said), Some(did)) = (words(at + 2)?, words(at + 3)?) else { return Ok(None) };
    let change = Change { said, did, day: row.get(at)?, until_day: row.get(at + 1)? };
    Ok(change.check().is_ok().then_some(change))
}

fn json(words: &Words) -> String {
    serde_json::to_string(words).expect("words are texts by name")
}
