//! TLS as this program uses it: version 1.3, one pinned CA, no system roots, and a clock with a floor.
//!
//! A device without a battery wakes in 1970, where no certificate is valid yet. This program's build and the device's own
//! certificate show that the time is later than that: while the clock says less, time is taken from there, or from the
//! last receipt. A clock above that floor is believed, until the collector's certificate is not valid yet by it: then a
//! receipt's time that is later is tried instead.
//!
//! Certificate and receipt say what the collector's clock said, and that may have been ahead. So when the collector's
//! certificate has expired by their time, the device's clock is believed alone, with no floor but this program's build.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use afterword_model::ports::Clock;
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::system::CLOCK_FLOOR_MS;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

/// A CA or certificate in PEM that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// Not PEM, or no certificate in it.
    #[error("there is no certificate in PEM in it")]
    NoCertificate,
    /// Something rustls would not take.
    #[error("{0}")]
    Unusable(String),
}

/// A clock for certificates that does not go below what is known.
pub struct FlooredTime {
    clock: Arc<dyn Clock>,
    /// Below this, the clock is not set.
    floor_ms: i64,
    /// The latest time a receipt has vouched for.
    vouched_ms: AtomicI64,
    belief: Mutex<Belief>,
}

/// Which of the times that there are is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// The clock's, when it is above the floor; else the latest that is vouched for.
    ClockAboveFloor,
    /// The later one of the clock's and the latest that is vouched for.
    Vouched,
    /// The clock's.
    Clock,
}

impl FlooredTime {
    /// `floor_ms` is a time that has certainly passed, in milliseconds since 1970; so has the time of this build.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, floor_ms: i64) -> Self {
        let floor_ms = floor_ms.max(CLOCK_FLOOR_MS);
        let belief = Mutex::new(Belief::ClockAboveFloor);
        Self { clock, floor_ms, vouched_ms: AtomicI64::new(floor_ms), belief }
    }

    /// Somebody trusted says that it is at least this late.
    pub fn time_is_at_least(&self, wall_ms: i64) {
        self.vouched_ms.fetch_max(wall_ms, Ordering::Relaxed);
    }

    /// The collector's certificate was not valid yet by this time: a later one is tried from now on, where there is one.
    pub fn was_too_early(&self) {
        self.believe(Belief::Vouched);
    }

    /// The collector's certificate was no longer valid by this time: an earlier one is tried from now on, where there is
    /// one.
    pub fn was_too_late(&self) {
        self.believe(Belief::Clock);
    }

    fn believe(&self, belief: Belief) {
        *self.belief.lock().unwrap_or_else(PoisonError::into_inner) = belief;
    }

    fn belief(&self) -> Belief {
        *self.belief.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Knows from now on what the other one knows.
    pub(crate) fn take_over(&self, other: &Self) {
        self.time_is_at_least(other.vouched_ms.load(Ordering::Relaxed));
        self.believe(other.belief());
    }

    /// The time to check certificates by, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let wall_ms = self.clock.wall_ms();
        let vouched_ms = self.vouched_ms.load(Ordering::Relaxed);
        // A set clock wins, even over a receipt: a collector that was once a year ahead must not leave the
        // device believing for a year that every certificate has expired.
        match self.belief() {
            Belief::ClockAboveFloor if wall_ms >= self.floor_ms => wall_ms,
            Belief::ClockAboveFloor | Belief::Vouched => wall_ms.max(vouched_ms),
            Belief::Clock => wall_ms.max(CLOCK_FLOOR_MS),
        }
    }
}

impl std::fmt::Debug for FlooredTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FlooredTime({} ms)", self.now_ms())
    }
}

impl TimeProvider for FlooredTime {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0));
        Some(UnixTime::since_unix_epoch(since_1970))
    }
}

/// Reads the CA certificates that are to be trusted.
///
/// # Errors
/// [`TlsError`] when there are none, or one cannot be a CA.
pub fn roots(ca_pem: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_pem)? {
        roots.add(certificate).map_err(|error| TlsError::Unusable(error.to_string()))?;
    }
    Ok(roots)
}

/// Begin of the validity of the first certificate, in milliseconds since 1970: a time that has passed, since
/// somebody holds the file.
///
/// # Errors
/// [`TlsError`] when there is no certificate.
pub fn not_before_ms(pem: &str) -> Result<i64, TlsError> {
    let der = certificates(pem)?.remove(0);
    let (_, certificate) =
        x509_parser::parse_x509_certificate(&der).map_err(|error| TlsError::Unusable(error.to_string()))?;
    Ok(certificate.validity().not_before.timestamp().saturating_mul(1_000))
}

/// TLS towards an enrolment port: the server is checked, the client has no certificate yet.
///
/// # Errors
/// [`TlsError`].
pub fn anonymous(ca_pem: &str, time: Arc<FlooredTime>) -> Result<ClientConfig, TlsError> {
    Ok(builder(ca_pem, time)?.with_no_client_auth())
}

/// TLS towards a device port: both ends are checked.
///
/// # Errors
/// [`TlsError`].
pub fn mutual(
    enrolled: &Enrolled,
    key: &SigningKey,
    time: Arc<FlooredTime>,
) -> Result<ClientConfig, TlsError> {
    let chain = certificates(&enrolled.certificate_pem)?;
    let key = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
    builder(&enrolled.collector_ca_pem, time)?
        .with_client_auth_cert(chain, key.into())
        .map_err(|error| TlsError::Unusable(error.to_string()))
}

fn builder(
    ca_pem: &str,
    time: Arc<FlooredTime>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, TlsError> {
    // Given by hand, so that no other crate's choice of provider can change what is used here.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| TlsError::Unusable(error.to_string()))?;
    Ok(builder.with_root_certificates(roots(ca_pem)?))
}

/// All certificates in a PEM text; at least one.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found.ok().filter(|certificates| !certificates.is_empty()).ok_or(TlsError::NoCertificate)
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::ManualClock;

    use super::*;

    #[test]
    fn an_unset_clock_is_lifted_and_a_set_one_believed() {
        let floor_ms = CLOCK_FLOOR_MS + 1_000_000;
        let clock = Arc::new(ManualClock::at(0));
        let time = FlooredTime::new(clock.clone(), floor_ms);
        assert_eq!(time.now_ms(), floor_ms);
        time.time_is_at_least(floor_ms + 5_000_000);
        time.time_is_at_least(floor_ms + 2_000_000);
        assert_eq!(time.now_ms(), floor_ms + 5_000_000);
        clock.jump_to(floor_ms + 1);
        assert_eq!(time.now_ms(), floor_ms + 1);
        time.was_too_early();
        assert_eq!(time.now_ms(), floor_ms + 5_000_000);
        time.was_too_late();
        assert_eq!(time.now_ms(), floor_ms + 1);
    }

    #[test]
    fn a_certificate_of_a_collector_that_was_ahead_does_not_hold_a_set_clock_up_for_ever() {
        let now_ms = CLOCK_FLOOR_MS + 1_000_000;
        let clock = Arc::new(ManualClock::at(now_ms));
        let time = FlooredTime::new(clock.clone(), now_ms + 400 * 86_400_000);
        assert_eq!(time.now_ms(), now_ms + 400 * 86_400_000);
        time.was_too_late();
        assert_eq!(time.now_ms(), now_ms, "the collector was set right");
        clock.jump_to(0);
        assert_eq!(time.now_ms(), CLOCK_FLOOR_MS);
        time.was_too_early();
        assert_eq!(time.now_ms(), now_ms + 400 * 86_400_000);
    }

    #[test]
    fn nothing_is_earlier_than_this_build() {
        assert_eq!(FlooredTime::new(Arc::new(ManualClock::at(0)), 5).now_ms(), CLOCK_FLOOR_MS);
    }

    #[test]
    fn a_file_that_is_no_ca_says_so() {
        assert_eq!(roots("").unwrap_err(), TlsError::NoCertificate);
        assert_eq!(roots("-----BEGIN CERTIFICATE-----\nrubbish").unwrap_err(), TlsError::NoCertificate);
        assert!(roots("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }
}
