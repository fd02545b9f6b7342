//! Notices that the keys have changed, and serves new connections with the new ones; no restart, and open connections
//! go on as they are.
//!
//! The folder's own time of change is looked at every few seconds, and everything is read again once a day, so that the
//! server's certificate is renewed in time however long the server runs. On failure the keys that were in use stay in
//! use, and the log says why at every try.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::listen::tls::{self, TlsError};
use crate::listen::web::{WebCertificate, WebTlsError};
use crate::pki::PkiError;
use crate::requests::Context;

/// An operator who has rotated something looks at the clock, not at the process list.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks after which everything is read again: once a day.
const LOOKS_PER_READ: u32 = 24 * 3_600 / 2;

/// The TLS of all ports, as it is for the next connection.
pub(crate) struct Acceptors {
    devices: watch::Sender<TlsAcceptor>,
    enrolment: watch::Sender<TlsAcceptor>,
    web: Option<WebTls>,
}

/// What people's browsers are served with.
struct WebTls {
    certificate: WebCertificate,
    acceptor: watch::Sender<TlsAcceptor>,
}

impl Acceptors {
    /// From the keys as they are now.
    pub(crate) fn new(context: &Context) -> Result<Self, TlsError> {
        let (devices, enrolment) = acceptors(context)?;
        Ok(Self { devices: watch::Sender::new(devices), enrolment: watch::Sender::new(enrolment), web: None })
    }

    /// The same, with TLS for browsers by this certificate.
    pub(crate) fn with_web(
        self,
        certificate: WebCertificate,
        context: &Context,
    ) -> Result<Self, WebTlsError> {
        let acceptor = watch::Sender::new(certificate.acceptor(&context.clock)?);
        Ok(Self { web: Some(WebTls { certificate, acceptor }), ..self })
    }

    /// For the device port.
    pub(crate) fn devices(&self) -> watch::Receiver<TlsAcceptor> {
        self.devices.subscribe()
    }

    /// For the enrolment port.
    pub(crate) fn enrolment(&self) -> watch::Receiver<TlsAcceptor> {
        self.enrolment.subscribe()
    }

    /// For the port that people come in by; none where that speaks no TLS.
    pub(crate) fn web(&self) -> Option<watch::Receiver<TlsAcceptor>> {
        self.web.as_ref().map(|web| web.acceptor.subscribe())
    }

    /// Keeps up with the folder until it is dropped.
    pub(crate) async fn follow(self, context: Arc<Context>) {
        let mut seen = context.keys.changed_at();
        let mut seen_web = self.web.as_ref().map(|web| web.certificate.changed_at());
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut looks = 0;
        loop {
            look.tick().await;
            looks += 1;
            if let Some(web) = &self.web {
                let now = Some(web.certificate.changed_at());
                if now != seen_web || looks >= LOOKS_PER_READ {
                    seen_web = now;
                    web.read_again(&context).await;
                }
            }
            let now = context.keys.changed_at();
            if now == seen && looks < LOOKS_PER_READ {
                continue;
            }
            let reading = Arc::clone(&context);
            let read = tokio::task::spawn_blocking(move || reload(&reading));
            match read.await {
                Ok(Ok((devices, enrolment))) => {
                    self.devices.send_replace(devices);
                    self.enrolment.send_replace(enrolment);
                    tracing::info!("the keys were read again");
                    // Not the time after reading: what came meanwhile is still news.
                    seen = now;
                    looks = 0;
                }
                Ok(Err(error)) => complain(&error),
                Err(panicked) => complain(&panicked),
            }
        }
    }
}

impl WebTls {
    /// On failure the one before stays in use; it is tried again when the files change once more.
    async fn read_again(&self, context: &Arc<Context>) {
        let (certificate, clock) = (self.certificate.clone(), Arc::clone(&context.clock));
        match tokio::task::spawn_blocking(move || certificate.acceptor(&clock)).await {
            Ok(Ok(acceptor)) => {
                self.acceptor.send_replace(acceptor);
                tracing::info!("the certificate for browsers was read again");
            }
            Ok(Err(error)) => complain(&error),
            Err(panicked) => complain(&panicked),
        }
    }
}

fn complain(error: &dyn std::fmt::Display) {
    tracing::error!(%error, "the keys cannot be read again; the ones before stay in use");
}

/// Why the keys were not read again.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error(transparent)]
    Pki(#[from] PkiError),
    #[error("TLS refuses them: {0}")]
    Tls(#[from] TlsError),
}

fn reload(context: &Context) -> Result<(TlsAcceptor, TlsAcceptor), NotRead> {
    context.keys.reload(&context.clock, &context.entropy)?;
    Ok(acceptors(context)?)
}

fn acceptors(context: &Context) -> Result<(TlsAcceptor, TlsAcceptor), TlsError> {
    let pki = context.keys.now();
    let clock = || Arc::clone(&context.clock);
    Ok((tls::device_port(&pki, clock())?, tls::enrol_port(&pki, clock())?))
}
