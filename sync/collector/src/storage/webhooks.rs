//! Addresses of other programs that are told what happens.

use std::collections::BTreeSet;

use super::sql::{Connection, Row, SqlError, SqlResult, values};
use crate::webhooks::event::EventType;
use crate::webhooks::secret::WebhookSecret;

/// For how long the secret before signs as well after a change, so that a receiver has time to learn the new one: a day.
pub(crate) const FORMER_SIGNS_MS: i64 = 24 * 60 * 60 * 1_000;

/// What is kept of an address, its secrets apart. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number, which no other one ever has.
    pub id: i64,
    /// Where messages go.
    pub url: String,
    /// What it is told of.
    pub types: BTreeSet<EventType>,
    /// Of which region or store; of everything where there is none.
    pub place: Option<String>,
    /// Since when it is off, where it is.
    pub disabled_ms: Option<i64>,
    /// Why, where nobody wished it.
    pub why: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ms: i64,
    /// When it last took a message.
    pub reached_ms: Option<i64>,
    /// Messages that wait for it.
    pub pending: i64,
    /// Messages that were given up.
    pub parked: i64,
}

/// One that is to be told of what happens from now on.
pub(crate) struct Subscriber {
    pub(crate) id: i64,
    pub(crate) types: BTreeSet<EventType>,
    pub(crate) place: Option<String>,
    pub(crate) since_ms: i64,
}

/// Where messages go, and what they are signed with.
pub(crate) struct Destination {
    pub(crate) url: String,
    pub(crate) secret: WebhookSecret,
    /// The one before, as long as it signs as well.
    pub(crate) former: Option<WebhookSecret>,
}

/// What one is to be.
pub(crate) struct New<'n> {
    pub(crate) url: &'n str,
    pub(crate) types: &'n BTreeSet<EventType>,
    pub(crate) place: Option<&'n str>,
    pub(crate) created_by: &'n str,
}

/// Keeps a new one and gives its number.
pub(crate) fn add(
    connection: &Connection,
    new: &New<'_>,
    secret: &WebhookSecret,
    now_ms: i64,
) -> SqlResult<i64> {
    let names: Vec<&str> = new.types.iter().map(|kind| kind.name()).collect();
    let names = names.join(" ");
    connection.query_one(
        "insert into webhook_endpoints (url, secret, types, place, created_by, created_ms, since_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?6) returning endpoint_id",
        values![new.url, secret.as_bytes(), &names, new.place.unwrap_or(""), new.created_by, now_ms],
        |row| row.get(0),
    )
}

/// All there are, in the order in which they were made.
pub(crate) fn list(connection: &Connection) -> SqlResult<Vec<Webhook>> {
    connection.query_all(
        "select endpoint_id, url, types, place, disabled_ms, why, created_by, created_ms, reached_ms,
             (select count(*) from webhook_messages of
                 where of.endpoint_id = webhook_endpoints.endpoint_id and of.state = 'pending'),
             (select count(*) from webhook_messages of
                 where of.endpoint_id = webhook_endpoints.endpoint_id and of.state = 'parked')
         from webhook_endpoints order by endpoint_id",
        &[],
        |row| {
            Ok(Webhook {
                id: row.get(0)?,
                url: row.get(1)?,
                types: types(row, 2)?,
                place: place(row, 3)?,
                disabled_ms: row.get(4)?,
                why: row.get(5)?,
                created_by: row.get(6)?,
                created_ms: row.get(7)?,
                reached_ms: row.get(8)?,
                pending: row.get(9)?,
                parked: row.get(10)?,
            })
        },
    )
}

/// Those that are on.
pub(crate) fn subscribers(connection: &Connection) -> SqlResult<Vec<Subscriber>> {
    let query = "select endpoint_id, types, place, since_ms from webhook_endpoints where disabled_ms is null";
    connection.query_all(query, &[], |row| {
        Ok(Subscriber {
            id: row.get(0)?,
            types: types(row, 1)?,
            place: place(row, 2)?,
            since_ms: row.get(3)?,
        })
    })
}

/// Whether one that is on is told of what records say, another than this one.
pub(crate) fn any_of_records(connection: &Connection, other_than: Option<i64>) -> SqlResult<bool> {
    let subscribers = subscribers(connection)?;
    Ok(subscribers.iter().any(|one| Some(one.id) != other_than && of_records(&one.types)))
}

/// Whether one of these is found in records.
pub(crate) fn of_records(types: &BTreeSet<EventType>) -> bool {
    types.iter().any(|kind| kind.is_of_records())
}

/// Those that are on and for which a message is due.
pub(crate) fn with_due(connection: &Connection, now_ms: i64) -> SqlResult<Vec<i64>> {
    connection.query_all(
        "select endpoint_id from webhook_endpoints
         where disabled_ms is null and exists (select 1 from webhook_messages of
             where of.endpoint_id = webhook_endpoints.endpoint_id and of.state = 'pending' and of.next_ms <= ?1)
         order by endpoint_id",
        values![now_ms],
        |row| row.get(0),
    )
}

/// Where its messages go; none where it is off or was removed.
pub(crate) fn destination(connection: &Connection, id: i64, now_ms: i64) -> SqlResult<Option<Destination>> {
    connection.query_opt(
        "select url, secret, case when former_until_ms > ?2 then former_secret end from webhook_endpoints
         where endpoint_id = ?1 and disabled_ms is null",
        values![id, now_ms],
        |row| {
            let former: Option<Vec<u8>> = row.get(2)?;
            Ok(Destination {
                url: row.get(0)?,
                secret: secret(row.get(1)?)?,
                former: former.map(secret).transpose()?,
            })
        },
    )
}

/// Gives it another secret; the one before signs for a while as well. Whether there is such a webhook.
pub(crate) fn rotate(
    connection: &Connection,
    id: i64,
    secret: &WebhookSecret,
    now_ms: i64,
) -> SqlResult<bool> {
    let update = "update webhook_endpoints set former_secret = secret, former_until_ms = ?3, secret = ?2
                  where endpoint_id = ?1";
    let until_ms = now_ms.saturating_add(FORMER_SIGNS_MS);
    Ok(connection.execute(update, values![id, secret.as_bytes(), until_ms])? > 0)
}

/// Turns it on: it is told of what happens from now on.
pub(crate) fn enable(connection: &Connection, id: i64, now_ms: i64) -> SqlResult<()> {
    let update = "update webhook_endpoints set disabled_ms = null, why = null, since_ms = ?2
                  where endpoint_id = ?1 and disabled_ms is not null";
    connection.execute(update, values![id, now_ms]).map(drop)
}

/// Turns it off. What waits for it is sent to nobody from now on, and given up by `outbox::give_up`, part by part.
pub(crate) fn disable(connection: &Connection, id: i64, why: Option<&str>, now_ms: i64) -> SqlResult<()> {
    let update = "update webhook_endpoints set disabled_ms = ?2, why = ?3
                  where endpoint_id = ?1 and disabled_ms is null";
    connection.execute(update, values![id, now_ms, why]).map(drop)
}

/// Whether it is off.
pub(crate) fn is_off(connection: &Connection, id: i64) -> SqlResult<bool> {
    let query = "select 1 from webhook_endpoints where endpoint_id = ?1 and disabled_ms is not null";
    connection.exists(query, values![id])
}

/// Those that are off while messages wait for them still: they were turned off by a failure, or whoever did it was stopped.
pub(crate) fn off_with_pending(connection: &Connection) -> SqlResult<Vec<i64>> {
    connection.query_all(
        "select endpoint_id from webhook_endpoints
         where disabled_ms is not null and exists (select 1 from webhook_messages of
             where of.endpoint_id = webhook_endpoints.endpoint_id and of.state = 'pending')
         order by endpoint_id",
        &[],
        |row| row.get(0),
    )
}

/// Turns it off where it has taken nothing since that moment.
pub(crate) fn disable_unreached(
    connection: &Connection,
    id: i64,
    since_ms: i64,
    (why, now_ms): (&str, i64),
) -> SqlResult<bool> {
    let is_unreached = connection.exists(
        "select 1 from webhook_endpoints
         where endpoint_id = ?1 and disabled_ms is null and since_ms <= ?2 and coalesce(reached_ms, since_ms) <= ?2",
        values![id, since_ms],
    )?;
    if is_unreached {
        disable(connection, id, Some(why), now_ms)?;
    }
    Ok(is_unreached)
}

/// Notes that it took a message.
pub(crate) fn reached(connection: &Connection, id: i64, now_ms: i64) -> SqlResult<()> {
    let update = "update webhook_endpoints set reached_ms = ?2 where endpoint_id = ?1";
    connection.execute(update, values![id, now_ms]).map(drop)
}

/// Takes it away. The caller has deleted its messages. Whether there was one.
pub(crate) fn remove(connection: &Connection, id: i64) -> SqlResult<bool> {
    Ok(connection.execute("delete from webhook_endpoints where endpoint_id = ?1", values![id])? > 0)
}

fn secret(bytes: Vec<u8>) -> SqlResult<WebhookSecret> {
    let bytes = bytes.try_into().map_err(|_| SqlError::other("a webhook's secret has another length"))?;
    Ok(WebhookSecret::of(bytes))
}

/// A kind that a newer program knows is none here.
fn types(row: &Row<'_>, column: usize) -> SqlResult<BTreeSet<EventType>> {
    Ok(row.get::<String>(column)?.split(' ').filter_map(EventType::named).collect())
}

fn place(row: &Row<'_>, column: usize) -> SqlResult<Option<String>> {
    Ok(Some(row.get::<String>(column)?).filter(|place| !place.is_empty()))
}
