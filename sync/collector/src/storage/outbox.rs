//! What other programs are told: a message is written in the transaction that does what it tells of, so that none is lost and none is made up,
//! and stays until it was delivered or given up.
//!
//! A message is one webhook's. Its name is the life of the database in which it was written and its number, so that after a restore no two
//! have one name. Whoever is about to send one claims it first: the try is counted and the next one put off for as long as a try can take,
//! so that of several collectors one sends it, and after a kill another one does. A response is not copied here.

use afterword_model::record::{DeviceId, ServerEpoch, StoreEpoch};

use super::sql::{Connection, HexColumn, Row, SqlResult, values};
use super::webhooks::{self, Subscriber};
use super::{Tree, column_seq, places, read_server, responses, seq_column};
use crate::webhooks::event::{Event, EventType};
use crate::webhooks::schedule::TRIED_FOR_MS;

/// For how long a message is nobody else's once it is claimed: much longer than sending a bundle of them takes.
pub(crate) const CLAIMED_FOR_MS: i64 = 2 * 60 * 1_000;

/// For how long it can be seen what became of a message: 30 days.
pub(crate) const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Messages that are changed or deleted in one transaction: whoever writes next does not wait for a hundred thousand of them.
const PART: i64 = 1_000;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its next try.
    Pending,
    /// The receiver has it.
    Delivered,
    /// It was given up; somebody can send it again.
    Parked,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Parked];

    /// As it is stored, typed and sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A message, as people see it. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its number.
    pub number: i64,
    /// Its name, as the receiver knows it.
    pub id: String,
    /// Whose it is.
    pub webhook: i64,
    /// What it tells of, by its name.
    pub kind: String,
    /// When that happened.
    pub at_ms: i64,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, where it is.
    pub next_ms: Option<i64>,
    /// When it was tried last.
    pub tried_ms: Option<i64>,
    /// The HTTP status that was answered then.
    pub status: Option<i64>,
    /// Why it did not come through, in words.
    pub error: Option<String>,
    /// When it was delivered or given up.
    pub settled_ms: Option<i64>,
}

/// What is said in a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// JSON.
    Data(String),
    /// The response of this row, as it is when the message is sent.
    Response(responses::Place),
}

/// Who is told of what, as things stand in one transaction.
pub(crate) struct Audience {
    subscribers: Vec<Subscriber>,
    server_epoch: ServerEpoch,
    /// Where anybody is told of one place alone.
    tree: Option<Tree>,
}

impl Audience {
    /// None where nobody is told of anything.
    pub(crate) fn of(connection: &Connection) -> SqlResult<Option<Self>> {
        let subscribers = webhooks::subscribers(connection)?;
        if subscribers.is_empty() {
            return Ok(None);
        }
        let is_placed = subscribers.iter().any(|one| one.place.is_some());
        let tree = is_placed.then(|| places::tree(connection)).transpose()?;
        Ok(Some(Self { subscribers, server_epoch: read_server(connection)?.server_epoch, tree }))
    }

    /// Whether anybody is told of this kind, wherever.
    pub(crate) fn hears_of(&self, kind: EventType) -> bool {
        self.subscribers.iter().any(|one| kind.is_told_to(&one.types))
    }

    /// Writes a message to each that is to be told of this.
    pub(crate) fn tell(
        &self,
        connection: &Connection,
        (kind, at_ms): (EventType, i64),
        store: Option<&str>,
        said: &Said,
        now_ms: i64,
    ) -> SqlResult<()> {
        let is_there =
            |place: &str| self.tree.as_ref().zip(store).is_some_and(|(tree, store)| tree.is_in(store, place));
        for one in &self.subscribers {
            if kind.is_told_to(&one.types)
                && at_ms >= one.since_ms
                && one.place.as_deref().is_none_or(is_there)
            {
                insert(connection, one.id, &self.server_epoch, (kind, at_ms), said, now_ms)?;
            }
        }
        Ok(())
    }
}

/// Tells of something that happens in this very transaction.
pub(crate) fn tell(connection: &Connection, event: &Event) -> SqlResult<()> {
    let Some(audience) = Audience::of(connection)? else { return Ok(()) };
    let said = Said::Data(event.data.to_string());
    audience.tell(connection, (event.kind, event.at_ms), event.store.as_deref(), &said, event.at_ms)
}

/// Tells one webhook, whatever it is subscribed to, and gives the message's number.
pub(crate) fn tell_one(connection: &Connection, webhook: i64, event: &Event) -> SqlResult<i64> {
    let server_epoch = read_server(connection)?.server_epoch;
    let said = Said::Data(event.data.to_string());
    insert(connection, webhook, &server_epoch, (event.kind, event.at_ms), &said, event.at_ms)
}

fn insert(
    connection: &Connection,
    webhook: i64,
    server_epoch: &ServerEpoch,
    (kind, at_ms): (EventType, i64),
    said: &Said,
    now_ms: i64,
) -> SqlResult<i64> {
    let (data, place) = match said {
        Said::Data(data) => (Some(data), None),
        Said::Response(place) => (None, Some(place)),
    };
    connection.query_one(
        "insert into webhook_messages (server_epoch, endpoint_id, type, at_ms, data, device_id, epoch, seq, state,
             attempts, next_ms, until_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending', 0, ?9, ?10) returning message_id",
        values![
            server_epoch.as_bytes(),
            webhook,
            kind.name(),
            at_ms,
            data,
            place.map(|place| place.device.as_bytes()),
            place.map(|place| place.epoch.as_bytes()),
            place.map(|place| seq_column(place.seq)),
            now_ms,
            now_ms.saturating_add(TRIED_FOR_MS)
        ],
        |row| row.get(0),
    )
}

/// A message that is to be sent now.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) number: i64,
    /// Its name, as the receiver knows it.
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) at_ms: i64,
    pub(crate) said: Said,
    /// Tries, the one that is to come among them once it is claimed.
    pub(crate) attempts: i64,
    pub(crate) until_ms: i64,
}

/// So many messages of a webhook that are due, the one that has waited longest first.
pub(crate) fn due(connection: &Connection, webhook: i64, now_ms: i64, limit: i64) -> SqlResult<Vec<Due>> {
    connection.query_all(
        "select message_id, server_epoch, type, at_ms, data, device_id, epoch, seq, attempts, until_ms
         from webhook_messages where endpoint_id = ?1 and state = 'pending' and next_ms <= ?2
         order by next_ms, message_id limit ?3",
        values![webhook, now_ms, limit],
        |row| {
            let said = match row.get::<Option<String>>(4)? {
                Some(data) => Said::Data(data),
                None => Said::Response(responses::Place {
                    device: row.get::<HexColumn<16, _>>(5)?.0,
                    epoch: row.get::<HexColumn<16, _>>(6)?.0,
                    seq: column_seq(row.get(7)?),
                }),
            };
            Ok(Due {
                number: row.get(0)?,
                id: name(row, 1, 0)?,
                kind: row.get(2)?,
                at_ms: row.get(3)?,
                said,
                attempts: row.get(8)?,
                until_ms: row.get(9)?,
            })
        },
    )
}

/// Claims messages, each with its try counted; gives those that nobody else has claimed meanwhile.
pub(crate) fn claim(connection: &Connection, due: Vec<Due>, now_ms: i64) -> SqlResult<Vec<Due>> {
    let mut mine = Vec::new();
    for message in due {
        let claimed = connection.execute(
            "update webhook_messages set attempts = attempts + 1, next_ms = ?4, tried_ms = ?3
             where message_id = ?1 and state = 'pending' and attempts = ?2 and next_ms <= ?3",
            values![message.number, message.attempts, now_ms, now_ms.saturating_add(CLAIMED_FOR_MS)],
        )?;
        if claimed == 1 {
            mine.push(Due { attempts: message.attempts + 1, ..message });
        }
    }
    Ok(mine)
}

/// The receiver has it, whoever else may be trying still.
pub(crate) fn delivered(connection: &Connection, number: i64, status: i64, now_ms: i64) -> SqlResult<()> {
    let update = "update webhook_messages set state = 'delivered', status = ?2, error = null, settled_ms = ?3
         where message_id = ?1 and state <> 'delivered'";
    connection.execute(update, values![number, status, now_ms]).map(drop)
}

/// This try failed: it is tried again at that moment, or given up where there is none.
pub(crate) fn failed(
    connection: &Connection,
    (number, attempts): (i64, i64),
    (status, error): (Option<i64>, &str),
    next_ms: Option<i64>,
    now_ms: i64,
) -> SqlResult<()> {
    connection
        .execute(
            "update webhook_messages set status = ?3, error = ?4, next_ms = coalesce(?5, next_ms),
                 state = case when ?6 then 'parked' else state end, settled_ms = ?7
             where message_id = ?1 and attempts = ?2 and state = 'pending'",
            values![
                number,
                attempts,
                status,
                error,
                next_ms,
                next_ms.is_none(),
                next_ms.is_none().then_some(now_ms)
            ],
        )
        .map(drop)
}

/// There is nothing to tell any more: what it told of was erased.
pub(crate) fn withdraw(connection: &Connection, number: i64) -> SqlResult<()> {
    connection.execute("delete from webhook_messages where message_id = ?1", values![number]).map(drop)
}

/// Has a message sent again, as if it were new; its name stays.
pub(crate) fn resend(connection: &Connection, number: i64, now_ms: i64) -> SqlResult<()> {
    let update =
        "update webhook_messages set state = 'pending', attempts = 0, next_ms = ?2, until_ms = ?3, settled_ms = null
         where message_id = ?1";
    connection.execute(update, values![number, now_ms, now_ms.saturating_add(TRIED_FOR_MS)]).map(drop)
}

/// The first messages of a webhook in this state after a number: the lowest and the highest of one part; none at the end.
fn part(
    connection: &Connection,
    webhook: i64,
    state: DeliveryState,
    after: i64,
) -> SqlResult<Option<(i64, i64)>> {
    let ends: (Option<i64>, Option<i64>) = connection.query_one(
        "select min(message_id), max(message_id) from
             (select message_id from webhook_messages where endpoint_id = ?1 and state = ?2 and message_id > ?3
                 order by message_id limit ?4) as part",
        values![webhook, state.name(), after, PART],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(ends.0.zip(ends.1))
}

/// The same for the next of a webhook that were given up, after a number. Gives how many, and after which number to go on; none at the end.
pub(crate) fn resend_parked(
    connection: &Connection,
    webhook: i64,
    after: i64,
    now_ms: i64,
) -> SqlResult<Option<(u64, i64)>> {
    let Some((first, last)) = part(connection, webhook, DeliveryState::Parked, after)? else {
        return Ok(None);
    };
    let count = connection.execute(
        "update webhook_messages set state = 'pending', attempts = 0, next_ms = ?2, until_ms = ?3, settled_ms = null
         where endpoint_id = ?1 and state = 'parked' and message_id >= ?4 and message_id <= ?5",
        values![webhook, now_ms, now_ms.saturating_add(TRIED_FOR_MS), first, last],
    )?;
    Ok(Some((count, last)))
}

/// Gives up a part of what waits for a webhook that is off. Whether there was anything.
pub(crate) fn give_up(connection: &Connection, webhook: i64, now_ms: i64) -> SqlResult<bool> {
    if !webhooks::is_off(connection, webhook)? {
        return Ok(false);
    }
    let Some((first, last)) = part(connection, webhook, DeliveryState::Pending, 0)? else {
        return Ok(false);
    };
    connection.execute(
        "update webhook_messages set state = 'parked', settled_ms = ?2,
             error = coalesce(error, 'the webhook was turned off')
         where endpoint_id = ?1 and state = 'pending' and message_id >= ?3 and message_id <= ?4",
        values![webhook, now_ms, first, last],
    )?;
    Ok(true)
}

/// Deletes a part of a webhook's messages. Whether there may be more.
pub(crate) fn forget(connection: &Connection, webhook: i64) -> SqlResult<bool> {
    let deleted = connection.execute(
        "delete from webhook_messages where message_id in
             (select message_id from webhook_messages where endpoint_id = ?1 limit ?2)",
        values![webhook, PART],
    )?;
    Ok(deleted >= PART.unsigned_abs())
}

/// Deletes some of those that were settled long ago. Whether there may be more.
pub(crate) fn tidy(connection: &Connection, now_ms: i64) -> SqlResult<bool> {
    let deleted = connection.execute(
        "delete from webhook_messages where message_id in
             (select message_id from webhook_messages where settled_ms < ?1 order by settled_ms limit ?2)",
        values![now_ms.saturating_sub(KEPT_MS), PART],
    )?;
    Ok(deleted >= PART.unsigned_abs())
}

/// Messages of a webhook, the newest first: so many at most, of those before a number, in this state where one is named.
pub(crate) fn deliveries(
    connection: &Connection,
    webhook: i64,
    state: Option<DeliveryState>,
    (before, limit): (Option<i64>, i64),
) -> SqlResult<Vec<WebhookDelivery>> {
    let states = state.map_or(DeliveryState::ALL.to_vec(), |state| vec![state]);
    let mut found = Vec::new();
    // One state after the other, so that each goes along the index.
    for state in states {
        found.extend(connection.query_all(
            "select message_id, server_epoch, endpoint_id, type, at_ms, state, attempts, next_ms, tried_ms, status,
                 error, settled_ms
             from webhook_messages where endpoint_id = ?1 and state = ?3 and message_id < ?2
             order by message_id desc limit ?4",
            values![webhook, before.unwrap_or(i64::MAX), state.name(), limit],
            delivery,
        )?);
    }
    found.sort_unstable_by_key(|one| std::cmp::Reverse(one.number));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// The message of this number.
pub(crate) fn delivery_of(connection: &Connection, number: i64) -> SqlResult<Option<WebhookDelivery>> {
    connection.query_opt(
        "select message_id, server_epoch, endpoint_id, type, at_ms, state, attempts, next_ms, tried_ms, status,
             error, settled_ms
         from webhook_messages where message_id = ?1",
        values![number],
        delivery,
    )
}

fn delivery(row: &Row<'_>) -> SqlResult<WebhookDelivery> {
    let state = DeliveryState::named(&row.get::<String>(5)?).unwrap_or(DeliveryState::Parked);
    Ok(WebhookDelivery {
        number: row.get(0)?,
        id: name(row, 1, 0)?,
        webhook: row.get(2)?,
        kind: row.get(3)?,
        at_ms: row.get(4)?,
        state,
        attempts: row.get(6)?,
        next_ms: Some(row.get(7)?).filter(|_| state == DeliveryState::Pending),
        tried_ms: row.get(8)?,
        status: row.get(9)?,
        error: row.get(10)?,
        settled_ms: row.get(11)?,
    })
}

/// `msg_`, the life of the database, and the number.
fn name(row: &Row<'_>, epoch: usize, number: usize) -> SqlResult<String> {
    let server_epoch: ServerEpoch = row.get::<HexColumn<16, _>>(epoch)?.0;
    Ok(format!("msg_{server_epoch}_{}", row.get::<i64>(number)?))
}

/// Where a record stands that something is told of.
pub(crate) fn place(device: DeviceId, epoch: StoreEpoch, seq: u64) -> Said {
    Said::Response(responses::Place { device, epoch, seq })
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};
    use serde_json::json;

    use super::super::open::open_or_create;
    use super::super::webhooks::New;
    use super::*;
    use crate::webhooks::secret::WebhookSecret;

    /// A database with one webhook that is told of two kinds.
    fn told() -> (tempfile::TempDir, Connection, i64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.db");
        let connection = open_or_create(&path, &ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        let types = [EventType::ChangePublished, EventType::RolloutDone].into();
        let new = New { url: "https://hooks.example/", types: &types, place: None, created_by: "root" };
        let id = webhooks::add(&connection, &new, &WebhookSecret::of([1; 32]), 1_000).unwrap();
        (folder, connection, id)
    }

    fn event(kind: EventType, at_ms: i64) -> Event {
        Event::of(kind, None, json!({ "id": 1 }), at_ms)
    }

    #[test]
    fn what_is_taken_back_is_told_to_nobody_and_what_is_committed_to_whom_it_is_for() {
        let (_folder, connection, id) = told();
        let transaction = connection.transaction().unwrap();
        tell(&transaction, &event(EventType::RolloutDone, 2_000)).unwrap();
        drop(transaction);
        let waiting = || due(&connection, id, i64::MAX, 10).unwrap();
        assert_eq!(waiting().len(), 0);
        let transaction = connection.transaction().unwrap();
        tell(&transaction, &event(EventType::RolloutDone, 2_000)).unwrap();
        tell(&transaction, &event(EventType::RolloutPaused, 2_000)).unwrap();
        // It happened before anybody was told.
        tell(&transaction, &event(EventType::RolloutDone, 999)).unwrap();
        transaction.commit().unwrap();
        let [message] = &waiting()[..] else { panic!("{:?}", waiting()) };
        assert_eq!((message.kind.as_str(), message.at_ms), ("rollout.done", 2_000));
    }

    #[test]
    fn who_comes_second_claims_nothing_and_a_late_answer_changes_nothing_but_that_it_arrived() {
        let (_folder, connection, id) = told();
        tell(&connection, &event(EventType::RolloutDone, 2_000)).unwrap();
        let found = || due(&connection, id, 2_000, 10).unwrap();
        let (mine, yours) = (found(), found());
        assert_eq!(claim(&connection, mine, 2_000).unwrap().len(), 1);
        assert_eq!(claim(&connection, yours, 2_000).unwrap().len(), 0);
        assert_eq!(found().len(), 0, "it is being sent");
        let later = 2_000 + CLAIMED_FOR_MS;
        let again = claim(&connection, due(&connection, id, later, 10).unwrap(), later).unwrap();
        let [message] = &again[..] else { panic!("{again:?}") };
        assert_eq!(message.attempts, 2);
        // The first one comes back after all: it has failed, which is not the second one's business.
        failed(&connection, (message.number, 1), (None, "late"), None, later).unwrap();
        let now = |number| delivery_of(&connection, number).unwrap().unwrap();
        assert_eq!((now(message.number).state, now(message.number).error), (DeliveryState::Pending, None));
        delivered(&connection, message.number, 200, later).unwrap();
        failed(&connection, (message.number, 2), (None, "later"), None, later).unwrap();
        assert_eq!(now(message.number).state, DeliveryState::Delivered);
    }
}
