//! Sending what is due, beside the ports: each webhook by itself, so that a slow one holds up no other.
//!
//! On failure of the database nothing is lost: what was claimed is due again in a moment, and what the receiver took twice has the same name.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::event::Body;
use super::schedule::{TRIED_FOR_MS, next_ms};
use super::sender::{Message, Outcome};
use crate::routes::App;
use crate::storage::outbox::{self, Due, Said};
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::webhooks::{self, Destination};
use crate::storage::{StorageError, responses};

/// How often it is looked whether anything is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Messages to one receiver at once.
const AT_ONCE: usize = 4;

/// Messages that are claimed together. At the slowest they take some 40 s, which is well within what a claim holds.
const CLAIMED_AT_ONCE: i64 = 32;

/// How long is waited while the writer's queue is full.
const PAUSE: Duration = Duration::from_millis(200);

/// How long is waited after the database failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Tries in a row that come to nothing after which a receiver is left alone for a while, however much is due to it.
const FAILURES_MAX: usize = 32;

/// For how long: a receiver that refuses at once would otherwise have its whole backlog thrown at it, and each try written down.
const REST: Duration = Duration::from_secs(5);

/// How often it is looked what can be deleted, in milliseconds.
const TIDY_EVERY_MS: u64 = 60 * 60 * 1_000;

/// Why a webhook is turned off by itself.
const UNREACHED: &str = "nothing came through for three days";
const GONE: &str = "the receiver answered 410 Gone: it wants nothing any more";

/// Sends what is due, until it is dropped.
pub(crate) async fn keep_sending(app: Arc<App>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut work: JoinSet<()> = JoinSet::new();
    // Which are being worked off, each with its task.
    let mut busy: HashMap<tokio::task::Id, i64> = HashMap::new();
    let mut tidied_ms = None;
    loop {
        due.tick().await;
        while let Some(ended) = work.try_join_next_with_id() {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            busy.remove(&id);
        }
        let now_ms = app.context.clock.wall_ms();
        let look = app.looked_up(move |reader| {
            Ok((webhooks::with_due(reader, now_ms)?, webhooks::off_with_pending(reader)?))
        });
        match look.await {
            Ok((found, off)) => {
                for webhook in off {
                    give_up(&app, webhook, now_ms).await;
                }
                for webhook in found {
                    if !busy.values().any(|one| *one == webhook) {
                        let task = work.spawn(work_off(Arc::clone(&app), webhook));
                        busy.insert(task.id(), webhook);
                    }
                }
            }
            Err(StorageError::NoWriter) => return,
            Err(error) => {
                tracing::warn!(%error, "what other programs are to be told waits; it is tried again in a moment, and nothing is lost meanwhile");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
        let since_start_ms = app.context.clock.monotonic_ms();
        if tidied_ms.is_none_or(|at| since_start_ms.saturating_sub(at) >= TIDY_EVERY_MS) {
            tidied_ms = Some(since_start_ms);
            tidy(&app).await;
        }
    }
}

/// Deletes what was settled long ago. What cannot be deleted now can in an hour.
async fn tidy(app: &Arc<App>) {
    let now_ms = app.context.clock.wall_ms();
    while let Ok(true) = app.writer.run(None, move |writer| Ok(outbox::tidy(writer, now_ms)?)).await {}
}

/// Gives up a part of what waits for a webhook that is off. What cannot be given up now can in a moment.
async fn give_up(app: &Arc<App>, webhook: i64, now_ms: i64) {
    let done =
        app.writer.run(None, move |writer| Ok(outbox::give_up(writer, webhook, now_ms).map(drop)?)).await;
    if let Err(error) = done {
        tracing::debug!(%error, webhook, "what waits for a webhook that is off is given up in a moment");
    }
}

/// Sends all that is due to one receiver, or until nothing comes through any more.
async fn work_off(app: Arc<App>, webhook: i64) {
    let mut failures = 0;
    loop {
        match bundle(&app, webhook, &mut failures).await {
            // Nobody else begins with it until this ends.
            Ok(true) if failures >= FAILURES_MAX => return tokio::time::sleep(REST).await,
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, webhook, "messages wait; they are sent again in a moment, each by its name");
                return;
            }
        }
    }
}

/// Sends some of what is due, and counts tries in a row that came to nothing. Whether there was anything.
async fn bundle(app: &Arc<App>, webhook: i64, failures: &mut usize) -> Result<bool, StorageError> {
    let now_ms = app.context.clock.wall_ms();
    let found = app
        .looked_up(move |reader| {
            let destination = webhooks::destination(reader, webhook, now_ms)?;
            Ok((destination, outbox::due(reader, webhook, now_ms, CLAIMED_AT_ONCE)?))
        })
        .await?;
    let (Some(destination), due) = found else { return Ok(false) };
    if due.is_empty() {
        return Ok(false);
    }
    let mine = app.writer.run(None, move |writer| Ok(outbox::claim(writer, due, now_ms)?)).await?;
    let (destination, mut mine) = (Arc::new(destination), mine.into_iter());
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(message) = mine.next()
        {
            under_way.spawn(send(Arc::clone(app), webhook, Arc::clone(&destination), message));
        }
        match under_way.join_next().await {
            None => return Ok(true),
            Some(Ok(sent)) => *failures = if sent? { 0 } else { *failures + 1 },
            // It is due again once its claim has run out.
            Some(Err(panicked)) => tracing::error!(%panicked, webhook, "a message was not sent"),
        }
    }
}

/// Sends one message and writes down what came of it. Whether it is done with.
async fn send(
    app: Arc<App>,
    webhook: i64,
    destination: Arc<Destination>,
    message: Due,
) -> Result<bool, StorageError> {
    let number = message.number;
    let (message, body) =
        app.looked_up(move |reader| Ok((body(reader, &message)?, message))).await.map(flip)?;
    let Some(body) = body else {
        write(&app, move |writer| outbox::withdraw(writer, number)).await?;
        return Ok(true);
    };
    let now_ms = app.context.clock.wall_ms();
    let outcome = app.hooks.send(&destination, Message { id: &message.id, body, now_ms }).await;
    let now_ms = app.context.clock.wall_ms();
    let next = match &outcome {
        Outcome::Failed { put_off_ms, .. } => {
            next_ms(message.attempts, (now_ms, message.until_ms), *put_off_ms, &app.context.entropy)
        }
        Outcome::Delivered(_) | Outcome::Gone => None,
    };
    log(webhook, &message, &outcome, next);
    let attempt = (number, message.attempts);
    let is_delivered = matches!(outcome, Outcome::Delivered(_));
    let outcome = Arc::new(outcome);
    write(&app, move |writer| settle(writer, webhook, attempt, &outcome, next, now_ms)).await?;
    Ok(is_delivered)
}

/// Writes down what came of a try. While the writer's queue is full it waits: what is not written down is sent a second time.
async fn write(
    app: &Arc<App>,
    work: impl Fn(&Connection) -> SqlResult<()> + Clone + Send + 'static,
) -> Result<(), StorageError> {
    loop {
        let once = work.clone();
        match app.writer.run(None, move |writer| Ok(once(writer)?)).await {
            Err(StorageError::QueueFull) => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
}

fn flip<A, B>((first, second): (A, B)) -> (B, A) {
    (second, first)
}

/// What is sent; none where what it tells of was erased.
fn body(connection: &Connection, message: &Due) -> SqlResult<Option<Vec<u8>>> {
    let data = match &message.said {
        Said::Data(data) => serde_json::from_str(data).unwrap_or_default(),
        Said::Response(place) => match responses::at(connection, place)? {
            Some(found) => crate::api::response_json(found),
            None => return Ok(None),
        },
    };
    let body = Body { kind: &message.kind, timestamp: crate::given::moment(message.at_ms), data };
    Ok(Some(serde_json::to_vec(&body).expect("a message holds only texts, numbers and lists")))
}

fn settle(
    connection: &Connection,
    webhook: i64,
    attempt: (i64, i64),
    outcome: &Outcome,
    next_ms: Option<i64>,
    now_ms: i64,
) -> SqlResult<()> {
    match outcome {
        Outcome::Delivered(status) => {
            outbox::delivered(connection, attempt.0, i64::from(*status), now_ms)?;
            webhooks::reached(connection, webhook, now_ms)
        }
        Outcome::Gone => {
            outbox::failed(connection, attempt, (Some(410), GONE), None, now_ms)?;
            webhooks::disable(connection, webhook, Some(GONE), now_ms)?;
            outbox::give_up(connection, webhook, now_ms).map(drop)
        }
        Outcome::Failed { status, why, .. } => {
            outbox::failed(connection, attempt, (status.map(i64::from), why), next_ms, now_ms)?;
            if next_ms.is_none() {
                let since_ms = now_ms.saturating_sub(TRIED_FOR_MS);
                if webhooks::disable_unreached(connection, webhook, since_ms, (UNREACHED, now_ms))? {
                    outbox::give_up(connection, webhook, now_ms)?;
                    tracing::error!(webhook, "a webhook is turned off: {UNREACHED}");
                }
            }
            Ok(())
        }
    }
}

fn log(webhook: i64, message: &Due, outcome: &Outcome, next_ms: Option<i64>) {
    let id = &message.id;
    match outcome {
        Outcome::Delivered(_) => tracing::debug!(webhook, id, "told"),
        Outcome::Gone => tracing::warn!(webhook, id, "a webhook is turned off: {GONE}"),
        Outcome::Failed { why, .. } if next_ms.is_some() => {
            tracing::debug!(
                webhook,
                id,
                attempts = message.attempts,
                why,
                "a message waits for its next try"
            );
        }
        Outcome::Failed { why, .. } => {
            tracing::warn!(
                webhook,
                id,
                attempts = message.attempts,
                why,
                "a message was given up; `afterword-collector webhook resend` sends it again"
            );
        }
    }
}
