//! DNS, TCP and TLS towards the collector, one after the other, on one connection.
//!
//! A certificate whose dates do not fit is looked at a second time, at a moment at which they do: if whoever has it is then
//! the collector, its own clock tells which of the two is wrong. Nothing but this sentence is believed from that second look.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::network_test::{Finding, Outcome, finding_text};
use reqwest::Url;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::acquaintance::{Acquaintance, collectors_time};
use super::{Found, Target, not_needed, timed_out, within_step};
use crate::https::cause_of_tls;
use crate::tls::{self, FlooredTime, TlsError};
use crate::transport::Cause;

/// Addresses of one name that are tried: two kinds of two lines. All of them share the time of the step.
const ADDRESSES_MAX: usize = 4;

/// A way to the collector, as far as it has been gone.
pub(super) struct Reach<'a> {
    url: Url,
    target: Target<'a>,
    clock: Arc<dyn Clock>,
    addresses: Vec<SocketAddr>,
    stream: Option<TcpStream>,
}

/// Whether the collector is on this very machine, on a desk as a rule: then no network leads there.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = host(url);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host without the brackets of an IPv6 address.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

impl<'a> Reach<'a> {
    pub(super) fn new(url: Url, target: Target<'a>, clock: Arc<dyn Clock>) -> Self {
        Self { url, target, clock, addresses: Vec::new(), stream: None }
    }

    fn host(&self) -> String {
        finding_text(host(&self.url))
    }

    pub(super) async fn resolve(&mut self) -> Found {
        let port = self.url.port_or_known_default().unwrap_or(443);
        if let Ok(address) = host(&self.url).parse::<IpAddr>() {
            self.addresses = vec![SocketAddr::new(address, port)];
            return not_needed();
        }
        let Some(looked_up) = within_step(tokio::net::lookup_host((host(&self.url), port))).await else {
            return timed_out();
        };
        self.addresses = looked_up.map(|found| found.take(ADDRESSES_MAX).collect()).unwrap_or_default();
        match self.addresses.first() {
            Some(address) => (Outcome::Ok, Finding::Resolved { host: self.host(), address: address.ip() }),
            None => (Outcome::Failed, Finding::NameNotFound { host: self.host() }),
        }
    }

    pub(super) async fn connect(&mut self) -> Found {
        let addresses = self.addresses.clone();
        let tried = within_step(async {
            let mut last = None;
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(stream) => return Ok((stream, address)),
                    Err(error) => last = Some((error, address)),
                }
            }
            Err(last)
        });
        let (error, address) = match tried.await {
            None => return timed_out(),
            Some(Ok((stream, address))) => {
                self.stream = Some(stream);
                return (Outcome::Ok, Finding::Connected { address });
            }
            // A name without an address did not come this far.
            Some(Err(None)) => return (Outcome::Failed, Finding::NameNotFound { host: self.host() }),
            Some(Err(Some(failed))) => failed,
        };
        let finding = match error.kind() {
            io::ErrorKind::ConnectionRefused => Finding::Refused { address },
            io::ErrorKind::TimedOut => return timed_out(),
            _ => Finding::Unreachable { address, reason: finding_text(&error.to_string()) },
        };
        (Outcome::Failed, finding)
    }

    pub(super) async fn secure(&mut self) -> Found {
        let Some(stream) = self.stream.take() else {
            return broke_off("there is no connection");
        };
        let (name, tls) = match (ServerName::try_from(host(&self.url).to_owned()), self.tls()) {
            (Ok(name), Ok(tls)) => (name, tls),
            (Err(error), _) => return broke_off(&error.to_string()),
            (_, Err(error)) => return broke_off(&error.to_string()),
        };
        match within_step(TlsConnector::from(Arc::new(tls)).connect(name, stream)).await {
            None => timed_out(),
            Some(Ok(_)) => (Outcome::Ok, Finding::Secured),
            Some(Err(error)) => {
                match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    Some(error) => self.found_in(error).await,
                    None => broke_off(&error.to_string()),
                }
            }
        }
    }

    fn tls(&self) -> Result<ClientConfig, TlsError> {
        match self.target {
            Target::Device(identity) => {
                let floor_ms = identity.certificate_not_before_ms();
                let time = Arc::new(FlooredTime::new(Arc::clone(&self.clock), floor_ms));
                tls::mutual(identity.enrolled(), identity.key(), time)
            }
            Target::Enrolment { ca_pem, .. } => {
                let floor_ms = tls::not_before_ms(ca_pem)?;
                tls::anonymous(ca_pem, Arc::new(FlooredTime::new(Arc::clone(&self.clock), floor_ms)))
            }
            Target::Nobody => Err(TlsError::Unusable("there is no collector".into())),
        }
    }

    async fn found_in(&self, error: &rustls::Error) -> Found {
        let finding = match (cause_of_tls(error), error) {
            (Cause::Expired, _) => {
                return self
                    .dates(valid_at(error), Finding::CertificateExpired { not_after_ms: bound(error) })
                    .await;
            }
            (Cause::NotYetValid, _) => {
                return self
                    .dates(valid_at(error), Finding::CertificateNotYetValid { not_before_ms: bound(error) })
                    .await;
            }
            (Cause::Untrusted, _) => Finding::UnknownCa,
            (Cause::WrongName, _) => Finding::WrongName { host: self.host() },
            (Cause::OwnCertificateRefused, _) => Finding::OwnCertificateRefused,
            (_, rustls::Error::InvalidMessage(_)) => Finding::NotTls,
            _ => return broke_off(&error.to_string()),
        };
        (Outcome::Failed, finding)
    }

    /// The certificate is out of date by this device's clock; `otherwise` says so. Is it by the collector's?
    async fn dates(&self, valid_at_ms: Option<i64>, otherwise: Finding) -> Found {
        if let Some(valid_at_ms) = valid_at_ms
            && let Target::Device(identity) = self.target
        {
            let then: Arc<dyn Clock> = Arc::new(ManualClock::at(valid_at_ms));
            let asked = Acquaintance::ask(identity, &then, None).await;
            let here_ms = self.clock.wall_ms();
            let is_good = |there_ms: &i64| match otherwise {
                Finding::CertificateExpired { not_after_ms: Some(end_ms) } => *there_ms <= end_ms,
                Finding::CertificateNotYetValid { not_before_ms: Some(begin_ms) } => *there_ms >= begin_ms,
                _ => false,
            };
            if let Some(there_ms) = collectors_time(&asked).filter(is_good) {
                return (
                    Outcome::Failed,
                    Finding::ClockSpoilsTls { offset_ms: here_ms.saturating_sub(there_ms) },
                );
            }
        }
        (Outcome::Failed, otherwise)
    }
}

fn broke_off(reason: &str) -> Found {
    (Outcome::Failed, Finding::BrokeOff { reason: finding_text(reason) })
}

/// The end of the validity that is over, or the beginning of the one that has not begun, in milliseconds since 1970.
fn bound(error: &rustls::Error) -> Option<i64> {
    let ms = |time: &UnixTime| i64::try_from(time.as_secs()).ok()?.checked_mul(1_000);
    match error {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            ms(not_after)
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            ms(not_before)
        }
        _ => None,
    }
}

/// A moment at which the certificate is valid: a minute inside its nearer end.
fn valid_at(error: &rustls::Error) -> Option<i64> {
    const INSIDE_MS: i64 = 60_000;
    let bound_ms = bound(error)?;
    match cause_of_tls(error) {
        Cause::Expired => bound_ms.checked_sub(INSIDE_MS),
        _ => bound_ms.checked_add(INSIDE_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_on_this_machine_needs_no_network() {
        let here = |url: &str| is_this_machine(&url.parse().unwrap());
        assert!(
            here("https://localhost:8443") && here("https://127.0.0.1:8443") && here("https://[::1]:8443")
        );
        assert!(!here("https://192.0.2.1:8443") && !here("https://collector.example"));
    }
}
