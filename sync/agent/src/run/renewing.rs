//! A new certificate, or other CAs to trust: tried by a heartbeat, kept when that works, forgotten when not.
//!
//! Invariant: the identity on the disk has worked. Whatever goes wrong here leaves the one that is in use in use.

use std::sync::Arc;

use afterword_protocol::courier::CourierKey;
use afterword_protocol::queue::{Health, Queue};
use afterword_protocol::renewal::RenewalRequest;

use super::contact::beat;
use super::{Restart, Work};
use crate::heartbeat::{Heard, heartbeat};
use crate::identity::Identity;
use crate::renewal;
use crate::transport::{Message, Transport};

impl<Q: Queue, T: Transport> Work<Q, T> {
    /// Renews the certificate, unless that was tried a short while ago. Whether there is a new one.
    pub(super) async fn renew_now(&mut self) -> Result<bool, Restart> {
        if self.now_ms() < self.contact.renewal_pause_until_ms {
            return Ok(false);
        }
        self.contact.renewal_pause_until_ms =
            self.now_ms().saturating_add(self.agent.timing.renewal_retry_ms);
        let health = self.health().await?;
        match self.renew(health).await {
            Ok(()) => {
                self.contact.renewal_due_ms = renewal::due_ms(&self.agent.identity, &*self.agent.entropy);
                tracing::info!("the certificate was renewed");
                Ok(true)
            }
            Err(problem) => {
                tracing::warn!(%problem, "the certificate was not renewed; the old one stays in use");
                Ok(false)
            }
        }
    }

    async fn renew(&mut self, health: Health) -> Result<(), String> {
        let request = RenewalRequest {
            signing_request_pem: self.agent.identity.signing_request(),
            agent_version: env!("CARGO_PKG_VERSION").into(),
        };
        let body = serde_json::to_vec(&request).expect("a request holds only texts");
        let answer = self.agent.transport.post(Message::Renewal, body.into()).await;
        let renewed = renewal::read(&answer.map_err(|failure| failure.to_string())?)?;
        let candidate = self.agent.identity.renewed(renewed.certificate_pem, renewed.collector_ca_pem)?;
        self.change_to(candidate, health).await
    }

    /// Trusts these CAs from now on, when the collector is still reached with them.
    pub(super) async fn trust(&mut self, ca_pem: String, health: &Health) {
        let certificate_pem = self.agent.identity.enrolled().certificate_pem.clone();
        let changed = match self.agent.identity.renewed(certificate_pem, ca_pem) {
            Ok(candidate) => self.change_to(candidate, health.clone()).await,
            Err(problem) => Err(problem),
        };
        match changed {
            Ok(()) => tracing::info!("the collector's CA certificates were taken over"),
            Err(problem) => {
                tracing::warn!(%problem, "the collector's new CA certificates are not usable; the old ones stay trusted");
            }
        }
    }

    /// Keeps what courier bundles are sealed to. There is nothing to try: it comes from the collector that was just spoken to.
    pub(super) fn seal_to(&mut self, courier_key: CourierKey) {
        let candidate = self.agent.identity.sealing_to(courier_key);
        match (self.agent.keep)(&candidate) {
            Ok(()) => self.agent.identity = Arc::new(candidate),
            Err(problem) => {
                tracing::warn!(%problem, "the collector's courier key was not kept; the next heartbeat asks again");
            }
        }
    }

    /// Tries an identity, makes it durable, and uses it from then on.
    async fn change_to(&mut self, candidate: Identity, health: Health) -> Result<(), String> {
        let transport = self.agent.transport.with_identity(&candidate).map_err(|error| error.to_string())?;
        let said = heartbeat(&candidate, health, None, self.agent.clock.wall_ms());
        match beat(&transport, &said).await {
            Heard::Answer(_) => {}
            Heard::NotLetIn(problem) | Heard::Nothing(problem) => return Err(problem),
        }
        (self.agent.keep)(&candidate).map_err(|error| error.to_string())?;
        self.report.certificate_expires(candidate.certificate_not_after_ms());
        self.agent.identity = Arc::new(candidate);
        self.agent.transport = transport;
        Ok(())
    }
}
