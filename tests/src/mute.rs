//! A line to a PostgreSQL server that a test can make silent: it goes on taking connections and bytes, and nothing comes back.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// The name under which PostgreSQL's programs look for its socket in a folder.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// The line.
pub struct Mute {
    folder: TempDir,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_silent: Mutex<bool>,
    changed: Condvar,
    /// Whether turns are counted.
    counts: AtomicBool,
    /// Parcels that came from clients.
    parcels: AtomicU32,
    /// How many of them had come when something last went back.
    answered: AtomicU32,
    /// Answers that clients had to wait for.
    turns: AtomicU32,
}

impl Mute {
    /// A line to the server of this URL, which names the folder of its socket.
    ///
    /// # Errors
    /// When there is no socket to listen on.
    pub fn before(url: &str) -> Result<Self> {
        let server = host(url)?.join(SOCKET);
        let (folder, state) = (tempfile::tempdir()?, Arc::new(State::default()));
        let listener = UnixListener::bind(folder.path().join(SOCKET))?;
        let pumped = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = UnixStream::connect(&server) else { continue };
                // A thread that cannot be had shows as a line that is silent.
                let _ = pump(&client, &server, &pumped, true)
                    .and_then(|()| pump(&server, &client, &pumped, false));
            }
        });
        Ok(Self { folder, state })
    }

    /// The same database by way of this line.
    ///
    /// # Errors
    /// When the URL names no folder.
    pub fn url(&self, url: &str) -> Result<String> {
        let (server, here) = (host(url)?, self.folder.path());
        Ok(url.replace(&server.display().to_string(), &here.display().to_string()))
    }

    /// How often clients waited for an answer during this work. Whatever they say before they wait is one turn, in however many parcels it
    /// comes: nothing goes back as long as they still say something.
    ///
    /// # Errors
    /// When the work fails.
    pub fn turns_of<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, u32)> {
        let before = self.state.turns.load(Ordering::Relaxed);
        self.state.counts.store(true, Ordering::Relaxed);
        let done = work();
        self.state.counts.store(false, Ordering::Relaxed);
        Ok((done?, self.state.turns.load(Ordering::Relaxed) - before))
    }

    /// From now on nothing comes back.
    pub fn hush(&self) {
        self.state.set(true);
    }

    /// What was held back comes, and whatever follows.
    pub fn speak(&self) {
        self.state.set(false);
    }
}

impl Drop for Mute {
    /// The threads go on, and end with their connections.
    fn drop(&mut self) {
        self.speak();
    }
}

/// A client that says nothing for so long waits.
const QUIET: Duration = Duration::from_millis(20);

impl State {
    /// Waits until clients wait, where turns are counted, and counts one if they said something since the last.
    fn take_turn(&self) {
        if !self.counts.load(Ordering::Relaxed) {
            return;
        }
        let mut said = self.parcels.load(Ordering::Relaxed);
        let mut is_silent = self.is_silent.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.changed.wait_timeout(is_silent, QUIET);
            is_silent = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = self.parcels.load(Ordering::Relaxed);
            if now == said {
                break;
            }
            said = now;
        }
        if self.answered.swap(said, Ordering::Relaxed) != said {
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set(&self, is_silent: bool) {
        *self.is_silent.lock().unwrap_or_else(PoisonError::into_inner) = is_silent;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let is_silent = self.is_silent.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(is_silent, |is_silent| *is_silent));
    }
}

fn pump(from: &UnixStream, to: &UnixStream, state: &Arc<State>, asks: bool) -> std::io::Result<()> {
    let (mut from, mut to, state) = (from.try_clone()?, to.try_clone()?, Arc::clone(state));
    std::thread::Builder::new().spawn(move || {
        let mut bytes = vec![0; 1 << 18];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if asks {
                state.parcels.fetch_add(1, Ordering::Relaxed);
            } else {
                state.take_turn();
            }
            state.wait();
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
        let _ = from.shutdown(std::net::Shutdown::Both);
    })?;
    Ok(())
}

/// The folder with the server's socket.
fn host(url: &str) -> Result<PathBuf> {
    let (_, rest) = url.split_once("host=").context("a URL with the folder of a socket")?;
    Ok(Path::new(rest.split('&').next().unwrap_or(rest)).to_owned())
}
