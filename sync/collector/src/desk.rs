//! Where people's wishes are carried out: the same hands that the command line has, each time with a connection of their own.
//!
//! So many at once, whoever waits waits here: neither does a crowd of kiosks take people's places, nor people the kiosks'.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::admin::{Admin, AdminError};
use crate::config::Config;
use crate::people::audit::Actor;
use crate::request_id::spawn_blocking;
use crate::storage::DatabaseUrl;
use crate::throttle::Throttle;

/// Wishes carried out at once. Each may hold Argon2's memory and a connection to the database.
const WISHES_MAX: usize = 4;

/// Pages that are kept up to date at once; each holds a connection. Others are as they were when they were loaded.
const STREAMS_MAX: usize = 100;

/// Exports that are made at once. Each holds a thread, some megabytes, and now and then a connection to the database.
const EXPORTS_MAX: usize = 4;

/// The way to a collector's data for who is signed in.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    data: PathBuf,
    database: Option<DatabaseUrl>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    places: Arc<Semaphore>,
    /// Pages that are kept up to date.
    streams: Arc<Semaphore>,
    /// Exports that are being made.
    exports: Arc<Semaphore>,
    /// Wrong passwords, by where they came from.
    wrong: Throttle,
}

impl Desk {
    /// For the collector with this configuration.
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let (data, database) = (config.data.clone(), config.database.clone());
        Self(Arc::new(Inner {
            data,
            database,
            clock,
            entropy,
            places: Arc::new(Semaphore::new(WISHES_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            wrong: Throttle::default(),
        }))
    }

    /// Where the first person of all makes their account; `None` once there is somebody.
    pub(crate) fn first_link(&self, web_url: &str) -> Result<Option<String>, AdminError> {
        let link = self.0.open(Actor::Collector)?.first_link()?;
        Ok(link.map(|link| format!("{web_url}/welcome/{}", link.token.text())))
    }

    /// Places of pages that are kept up to date.
    pub(crate) fn streams(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.streams)
    }

    /// A place for an export; none where so many are being made already.
    pub(crate) fn export(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.exports).try_acquire_owned().ok()
    }

    /// Counts a sign-in from this address before it is tried, so that neither many at once nor those that are broken off are free; or
    /// says after how many seconds one is tried again. `now_ms` is monotonic.
    pub(crate) fn try_from(&self, address: IpAddr, now_ms: u64) -> Result<(), u64> {
        self.0.wrong.take(address, now_ms)
    }

    /// That one was right.
    pub(crate) fn was_right(&self, address: IpAddr) {
        self.0.wrong.give_back(address);
    }

    /// Carries a wish out, away from the threads that serve connections.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        actor: Actor,
        wish: impl FnOnce(&mut Admin) -> Result<T, AdminError> + Send + 'static,
    ) -> Result<T, AdminError> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.expect("the semaphore is never closed");
        let inner = Arc::clone(&self.0);
        // The work goes on when whoever asked has hung up; so its place goes with it.
        let work = spawn_blocking(move || {
            let _place = place;
            wish(&mut inner.open(actor)?)
        });
        // A panic is the program's fault; its message is in the log.
        work.await.unwrap_or_else(|_| Err(AdminError::Storage(crate::storage::StorageError::NoWriter)))
    }
}

impl Inner {
    fn open(&self, actor: Actor) -> Result<Admin, AdminError> {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        Ok(Admin::open_beside(&self.data, self.database.as_ref(), clock, entropy)?.acting_as(actor))
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::*;

    #[test]
    fn so_many_exports_are_made_at_once_and_a_place_comes_back() {
        let config = Config::loopback("nowhere");
        let desk = Desk::new(&config, Arc::new(ManualClock::at(0)), Arc::new(SeededEntropy::new(1)));
        let mut places: Vec<_> = (0..EXPORTS_MAX).filter_map(|_| desk.export()).collect();
        assert_eq!(places.len(), EXPORTS_MAX);
        assert!(desk.export().is_none());
        places.pop();
        assert!(desk.export().is_some());
    }
}
