//! Webhooks: which programs are told what, and what became of each message.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Admin, AdminError};
use crate::storage::outbox::{self, DeliveryState, WebhookDelivery};
use crate::storage::sql::Connection;
use crate::storage::webhooks::{self, New, Webhook};
use crate::storage::{places, told};
use crate::webhooks::event::{Event, EventType};
use crate::webhooks::guard::{self, BadUrl};
use crate::webhooks::secret::WebhookSecret;

/// Webhooks of one collector at most: each that is slow takes some connections of its own.
pub const WEBHOOKS_MAX: usize = 50;

/// Why nothing is done about a webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// No address to send to.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// It would be told nothing.
    #[error("the webhook was not made: it is told of nothing; choose at least one kind of event")]
    NoType,
    /// No such place.
    #[error("there is no region or store `{0}`; `afterword-collector place list` shows all")]
    NoSuchPlace(String),
    /// There are too many.
    #[error("the webhook was not made: there are {WEBHOOKS_MAX} already; remove one that nobody needs first")]
    Many,
    /// There is no such webhook.
    #[error("there is no webhook {0}; `afterword-collector webhook list` shows all")]
    NoSuchWebhook(i64),
    /// There is no such message.
    #[error(
        "there is no message {0} any more; `afterword-collector webhook deliveries` shows those that are kept"
    )]
    NoSuchDelivery(i64),
    /// It sends nothing.
    #[error(
        "webhook {0} is off, so that nothing would be sent; turn it on first (`afterword-collector webhook enable {0}`)"
    )]
    IsOff(i64),
}

/// What a webhook is to be.
#[derive(Debug, Clone)]
pub struct WebhookWish {
    /// Where messages go.
    pub url: String,
    /// What it is told of; at least one kind.
    pub types: BTreeSet<EventType>,
    /// Of which region or store; of everything where there is none.
    pub place: Option<String>,
}

/// A webhook that was made. Whoever loses the secret has another one made.
#[derive(Debug)]
pub struct NewWebhook {
    /// Its number.
    pub id: i64,
    /// What its receiver checks signatures with.
    pub secret: WebhookSecret,
}

impl Admin {
    /// Makes a webhook. It is told of what happens from now on.
    ///
    /// # Errors
    /// [`AdminError::Webhook`], or the database.
    pub fn webhook_add(&mut self, wish: &WebhookWish) -> Result<NewWebhook, AdminError> {
        let WebhookWish { url, types, place } = wish;
        let url = guard::parse(url).map_err(WebhookRefusal::Url)?;
        if types.is_empty() {
            return Err(WebhookRefusal::NoType.into());
        }
        let (secret, now_ms) = (WebhookSecret::draw(&self.entropy), self.clock.wall_ms());
        let transaction = self.transaction()?;
        if let Some(place) = place
            && places::tree(&transaction)?.find(place).is_none()
        {
            return Err(WebhookRefusal::NoSuchPlace(place.clone()).into());
        }
        if webhooks::list(&transaction)?.len() >= WEBHOOKS_MAX {
            return Err(WebhookRefusal::Many.into());
        }
        let created_by = self.actor.name();
        let new = New { url: url.as_str(), types, place: place.as_deref(), created_by: &created_by };
        let id = webhooks::add(&transaction, &new, &secret, now_ms)?;
        if webhooks::of_records(types) && !webhooks::any_of_records(&transaction, Some(id))? {
            told::begin(&transaction)?;
        }
        self.note(
            &transaction,
            "webhook.added",
            &id.to_string(),
            &words(url.host_str().unwrap_or_default(), types, place.as_deref()),
        )?;
        transaction.commit()?;
        Ok(NewWebhook { id, secret })
    }

    /// All webhooks, in the order in which they were made.
    ///
    /// # Errors
    /// The database.
    pub fn webhook_list(&self) -> Result<Vec<Webhook>, AdminError> {
        Ok(webhooks::list(&self.connection)?)
    }

    /// Takes a webhook away, with its secret and all that waits for it.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], or the database.
    pub fn webhook_remove(&mut self, id: i64) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        loop {
            let transaction = self.transaction()?;
            if outbox::forget(&transaction, id)? {
                // So that nothing is added behind.
                webhooks::disable(&transaction, id, None, now_ms)?;
                transaction.commit()?;
                continue;
            }
            if !webhooks::remove(&transaction, id)? {
                return Err(WebhookRefusal::NoSuchWebhook(id).into());
            }
            self.note(&transaction, "webhook.removed", &id.to_string(), "")?;
            transaction.commit()?;
            return Ok(());
        }
    }

    /// Turns a webhook on: it is told of what happens from now on. What was given up is sent again only where somebody asks for it.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], or the database.
    pub fn webhook_enable(&mut self, id: i64) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        if find(webhooks::list(&self.connection)?, id)?.disabled_ms.is_some() {
            self.give_up(id, now_ms)?;
        }
        let transaction = self.transaction()?;
        let found = find(webhooks::list(&transaction)?, id)?;
        if found.disabled_ms.is_some() {
            if webhooks::of_records(&found.types) && !webhooks::any_of_records(&transaction, Some(id))? {
                told::begin(&transaction)?;
            }
            webhooks::enable(&transaction, id, now_ms)?;
            self.note(&transaction, "webhook.enabled", &id.to_string(), "")?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Turns a webhook off, and gives up what waits for it.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], or the database.
    pub fn webhook_disable(&mut self, id: i64) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        if find(webhooks::list(&transaction)?, id)?.disabled_ms.is_none() {
            webhooks::disable(&transaction, id, None, now_ms)?;
            self.note(&transaction, "webhook.disabled", &id.to_string(), "")?;
        }
        transaction.commit()?;
        self.give_up(id, now_ms)
    }

    /// Gives up what waits for a webhook that is off.
    fn give_up(&mut self, id: i64, now_ms: i64) -> Result<(), AdminError> {
        loop {
            let transaction = self.transaction()?;
            let has_more = outbox::give_up(&transaction, id, now_ms)?;
            transaction.commit()?;
            if !has_more {
                return Ok(());
            }
        }
    }

    /// Gives a webhook another secret. The one before signs as well for a day, so that its receiver can learn the new one meanwhile.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], or the database.
    pub fn webhook_rotate(&mut self, id: i64) -> Result<WebhookSecret, AdminError> {
        let (secret, now_ms) = (WebhookSecret::draw(&self.entropy), self.clock.wall_ms());
        let transaction = self.transaction()?;
        if !webhooks::rotate(&transaction, id, &secret, now_ms)? {
            return Err(WebhookRefusal::NoSuchWebhook(id).into());
        }
        self.note(&transaction, "webhook.rotated", &id.to_string(), "")?;
        transaction.commit()?;
        Ok(secret)
    }

    /// Has a message sent that says nothing, and gives its number.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], [`WebhookRefusal::IsOff`], or the database.
    pub fn webhook_test(&mut self, id: i64) -> Result<i64, AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        expect_on(&transaction, id)?;
        let data = json!({ "webhook": id });
        let event = Event::of(EventType::WebhookTest, None, data, now_ms);
        let number = outbox::tell_one(&transaction, id, &event)?;
        transaction.commit()?;
        Ok(number)
    }

    /// Messages of a webhook, the newest first: so many at most, of those before a number, in this state where one is named.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], or the database.
    pub fn webhook_deliveries(
        &self,
        id: i64,
        state: Option<DeliveryState>,
        before: Option<i64>,
        count: i64,
    ) -> Result<Vec<WebhookDelivery>, AdminError> {
        find(webhooks::list(&self.connection)?, id)?;
        Ok(outbox::deliveries(&self.connection, id, state, (before, count))?)
    }

    /// The message of this number.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchDelivery`], or the database.
    pub fn webhook_delivery(&self, number: i64) -> Result<WebhookDelivery, AdminError> {
        let found = outbox::delivery_of(&self.connection, number)?;
        Ok(found.ok_or(WebhookRefusal::NoSuchDelivery(number))?)
    }

    /// Has a message sent again, for three days as if it were new. Its name stays, so that a receiver knows it again.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchDelivery`], [`WebhookRefusal::IsOff`], or the database.
    pub fn webhook_resend(&mut self, number: i64) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let found = outbox::delivery_of(&transaction, number)?;
        let found = found.ok_or(WebhookRefusal::NoSuchDelivery(number))?;
        expect_on(&transaction, found.webhook)?;
        outbox::resend(&transaction, number, now_ms)?;
        self.note(&transaction, "webhook.resent", &found.webhook.to_string(), &found.id)?;
        transaction.commit()?;
        Ok(())
    }

    /// The same for all messages of a webhook that were given up. Gives how many.
    ///
    /// # Errors
    /// [`WebhookRefusal::NoSuchWebhook`], [`WebhookRefusal::IsOff`], or the database.
    pub fn webhook_resend_parked(&mut self, id: i64) -> Result<u64, AdminError> {
        let now_ms = self.clock.wall_ms();
        let (mut all, mut after) = (0, 0);
        loop {
            let transaction = self.transaction()?;
            expect_on(&transaction, id)?;
            let Some((count, last)) = outbox::resend_parked(&transaction, id, after, now_ms)? else {
                return Ok(all);
            };
            let more = format!("{count} that were given up");
            self.note(&transaction, "webhook.resent", &id.to_string(), &more)?;
            transaction.commit()?;
            (all, after) = (all + count, last);
        }
    }
}

fn find(all: Vec<Webhook>, id: i64) -> Result<Webhook, WebhookRefusal> {
    all.into_iter().find(|one| one.id == id).ok_or(WebhookRefusal::NoSuchWebhook(id))
}

fn expect_on(connection: &Connection, id: i64) -> Result<(), AdminError> {
    match find(webhooks::list(connection)?, id)?.disabled_ms {
        None => Ok(()),
        Some(_) => Err(WebhookRefusal::IsOff(id).into()),
    }
}

/// What it is told of, and to which host that goes: of many receivers the rest of the address is a secret, and the log is kept for ever.
fn words(host: &str, types: &BTreeSet<EventType>, place: Option<&str>) -> String {
    let names: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
    let place = place.map_or("everywhere".to_owned(), |place| format!("at {place}"));
    format!("{host}: {} {place}", names.join(" "))
}
