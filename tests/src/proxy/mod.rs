//! The line between a device and its collector, with everything that can go wrong on it.
//!
//! A relay on loopback whose behaviour a test changes while connections are open. TLS passes through untouched: the
//! relay tells a request from its answer by who speaks. The collector sends no session tickets, so what a client says
//! first is its hello, what the server says first is its part of the handshake, and every further change of speaker is
//! a request or an answer. Only an [`Impostor`] opens TLS, with a certificate that the test chose.
//!
//! A device is sent through a relay by `afterword-collector serve --advertise`. Dropping the relay ends it.

mod impostor;
mod relay;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub use impostor::{Impostor, Seen, http};

use crate::wait::patiently;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// The ports that lines choose from; Linux gives away those from 32,768 on.
const FIRST_PORT: u16 = 20_000;
/// How many there are.
const PORTS: u16 = 12_000;

/// Until the next try to bind a port that is still held.
const BIND_AGAIN: Duration = Duration::from_millis(1);

/// What the line does.
#[derive(Clone)]
pub enum Behaviour {
    /// Carries everything.
    Pass,
    /// Nobody listens; open connections are cut.
    Refuse,
    /// The next request is cut off before a byte of it has reached the collector.
    FailBefore,
    /// The next request reaches the collector; its answer is swallowed and the connection cut.
    FailAfter,
    /// Requests reach the collector; answers are held until the behaviour changes.
    HoldAnswers,
    /// Every answer comes so much later.
    Delay(Duration),
    /// Answers are cut off after so many bytes, TLS's own included.
    Truncate(usize),
    /// The collector hears that the client says no more as soon as a request has begun; answers pass.
    HalfClose,
    /// Half-open TCP: connections stand, nothing passes in either direction.
    BlackHole,
    /// Somebody else answers; open connections are cut.
    Answer(Arc<Impostor>),
}

/// A relay; see the module.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

/// What all connections of a relay share.
struct Line {
    behaviour: watch::Sender<Behaviour>,
    target: watch::Sender<Option<SocketAddr>>,
    faults: watch::Sender<u64>,
    cuts: watch::Sender<()>,
}

/// Makes a line come and go until it is dropped; then it carries again.
pub struct Flapping {
    line: Arc<Line>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens a port of loopback. Where it leads is told later: the collector has to know this port at its start.
    ///
    /// # Errors
    /// When no port can be opened.
    pub fn open() -> Result<Self> {
        let (socket, address) = port_of_its_own()?;
        let line = Arc::new(Line {
            behaviour: watch::Sender::new(Behaviour::Pass),
            target: watch::Sender::new(None),
            faults: watch::Sender::new(0),
            cuts: watch::Sender::new(()),
        });
        let task = tokio::spawn(accept(socket, address, Arc::clone(&line)));
        Ok(Self { address, line, task })
    }

    /// Where it leads from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.line.target.send_replace(Some(target));
    }

    /// The port devices come to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes what the line does, also on open connections.
    pub fn set(&self, behaviour: Behaviour) {
        self.line.behaviour.send_replace(behaviour);
    }

    /// Cuts every open connection and goes on as before.
    pub fn cut(&self) {
        self.line.cuts.send_replace(());
    }

    /// How often the line has done harm, as its behaviour says.
    #[must_use]
    pub fn faults(&self) -> u64 {
        *self.line.faults.borrow()
    }

    /// Waits until it has done so much harm.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn faults_reach(&self, count: u64) -> Result<()> {
        let mut faults = self.line.faults.subscribe();
        let reached = faults.wait_for(|&faults| faults >= count);
        patiently("the line does its harm", reached).await??;
        Ok(())
    }

    /// The line is up and down in turns, each for `half`, beginning with up.
    #[must_use]
    pub fn flap(&self, half: Duration) -> Flapping {
        let line = Arc::clone(&self.line);
        let flapping = Arc::clone(&self.line);
        let task = tokio::spawn(async move {
            let mut turns = tokio::time::interval(half);
            for is_up in [true, false].into_iter().cycle() {
                turns.tick().await;
                if is_up {
                    flapping.behaviour.send_replace(Behaviour::Pass);
                } else {
                    flapping.behaviour.send_replace(Behaviour::Refuse);
                    flapping.count();
                }
            }
        });
        Flapping { line, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.line.behaviour.send_replace(Behaviour::Refuse);
    }
}

impl Drop for Flapping {
    fn drop(&mut self) {
        self.task.abort();
        self.line.behaviour.send_replace(Behaviour::Pass);
    }
}

impl Line {
    fn count(&self) {
        self.faults.send_modify(|faults| *faults += 1);
    }
}

/// A port below those that systems give away by themselves. A port that is bound and not listened on, as while a line
/// refuses, can be given to another socket as well; only nobody who asks for any port gets one of these.
fn port_of_its_own() -> Result<(TcpSocket, SocketAddr)> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Test processes that run at the same time begin at other places.
    let begin = std::process::id().wrapping_mul(97);
    for _ in 0..PORTS {
        let number = begin.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)) % u32::from(PORTS);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + u16::try_from(number)?));
        // Without sharing, so that one which another test has bound is not taken.
        let is_free = TcpSocket::new_v4()?.bind(address).is_ok();
        if let Some(socket) = is_free.then(|| bound(address).ok()).flatten() {
            return Ok((socket, address));
        }
    }
    bail!("no port of loopback is free from {FIRST_PORT} on")
}

/// A port that is taken and not listened on: whoever connects is refused.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The same port once more. While a program is being started beside this, its half-made process still holds a copy of
/// every socket there was, and the port is free only when it has become that program.
async fn until_done<T>(mut attempt: impl FnMut() -> io::Result<T>) -> T {
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(_) => sleep(BIND_AGAIN).await,
        }
    }
}

async fn accept(socket: TcpSocket, address: SocketAddr, line: Arc<Line>) {
    let mut behaviour = line.behaviour.subscribe();
    let mut socket = Some(socket);
    loop {
        let listens = |behaviour: &Behaviour| !matches!(behaviour, Behaviour::Refuse);
        if behaviour.wait_for(listens).await.is_err() {
            return;
        }
        let listen = || socket.take().map_or_else(|| bound(address), Ok)?.listen(BACKLOG);
        let listener = until_done(listen).await;
        accept_until_refused(&listener, &line, &mut behaviour).await;
        drop(listener);
        socket = Some(until_done(|| bound(address)).await);
    }
}

async fn accept_until_refused(
    listener: &TcpListener,
    line: &Arc<Line>,
    behaviour: &mut watch::Receiver<Behaviour>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(relay::serve(client, Arc::clone(line)));
                }
            }
            _ = behaviour.wait_for(|behaviour| matches!(behaviour, Behaviour::Refuse)) => return,
        }
    }
}
