//! A port: accepts connections, at most so many at once, and serves each until it ends or is late.
//!
//! `axum::serve` has no time-outs, so this loop is our own. Invariants: every stage of a connection has a
//! deadline (see [`deadline`]); a connection holds one place from accept to close, and when all places are
//! taken the next ones wait in the kernel's queue; a crowd of handshakes does not hold up who is inside (see
//! [`turnstile`] and [`door`]); one bad connection never ends the loop.

mod connection;
mod deadline;
pub(crate) mod door;
mod outgoing;
pub(crate) mod tls;
mod turnstile;
pub(crate) mod verifier;
pub(crate) mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use afterword_protocol::limits::CROWDED_SHARE;
use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::door::Door;
use self::turnstile::Turnstile;
use crate::limits::Limits;
use crate::load::Load;
use crate::request_id::RequestIds;

/// A pause after an accept that failed, as it does when the process has no file left: time for one to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One listening port and what is behind it.
pub(crate) struct Port {
    pub(crate) listener: TcpListener,
    /// As it is for the next connection. None on a port of this machine alone, where nobody is between.
    pub(crate) tls: Option<watch::Receiver<TlsAcceptor>>,
    pub(crate) router: Router,
    pub(crate) connections_max: usize,
    /// Whether those that are answered make room for a herd at the door. People's pages are not to be cut short.
    pub(crate) makes_room: bool,
    pub(crate) limits: Limits,
    /// Who goes before its handshakes.
    pub(crate) load: Load,
    /// Where they are worked on.
    pub(crate) door: Arc<Door>,
    /// Who names its requests.
    pub(crate) ids: Arc<RequestIds>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source(pub(crate) SocketAddr);

/// What every connection of a port shares.
struct Shared {
    tls: Option<watch::Receiver<TlsAcceptor>>,
    turnstile: Arc<Turnstile>,
    door: Arc<Door>,
    router: Router,
    limits: Limits,
    places: Arc<Semaphore>,
    connections_max: usize,
    makes_room: bool,
    ending: watch::Receiver<bool>,
    ids: Arc<RequestIds>,
}

impl Shared {
    /// Whether connections should make room for others as soon as they are answered.
    fn is_crowded(&self) -> bool {
        self.makes_room && self.places.available_permits() < self.connections_max / CROWDED_SHARE
    }
}

impl Port {
    /// Serves until `ending` turns true, then lets requests under way finish within the shutdown limit.
    pub(crate) async fn serve(self, mut ending: watch::Receiver<bool>) {
        let shared = Arc::new(Shared {
            tls: self.tls,
            turnstile: Arc::new(Turnstile::before(self.load)),
            door: self.door,
            router: self.router,
            limits: self.limits,
            places: Arc::new(Semaphore::new(self.connections_max)),
            connections_max: self.connections_max,
            makes_room: self.makes_room,
            ending: ending.clone(),
            ids: self.ids,
        });
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                accepted = accept(&self.listener, &shared.places) => match accepted {
                    Ok((place, stream, source)) => {
                        open.spawn(connection::serve(Arc::clone(&shared), place, stream, source));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = open.join_next() => {}
                () = ended(&mut ending) => break,
            }
        }
        drop(self.listener);
        let all_closed = async { while open.join_next().await.is_some() {} };
        if tokio::time::timeout(shared.limits.shutdown, all_closed).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
        }
        // Dropping the set cuts what is left.
    }
}

/// Waits until the collector ends; a collector that was dropped has ended too.
async fn ended(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, source) = listener.accept().await?;
    Ok((place, stream, source))
}
