//! What the kiosk does once a day beside its shoppers: it lets go of records that head office holds.
//!
//! Only records under a receipt go, and only a month after it; unsent ones stay for as long as it takes. A
//! failure is logged and tried again the next day.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use afterword_kiosk_store::Store;
use anyhow::{Context, Result};

/// A month after its receipt, a record has been in every backup head office makes.
const KEEP_MS: u64 = 30 * 24 * 3_600 * 1_000;

/// Often enough that a busy store's file stays bounded.
const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Ends the housekeeping when dropped.
pub struct Housekeeping {
    _ending: Sender<()>,
}

/// Cleans up now and once a day.
///
/// # Errors
/// When the system gives no thread.
pub fn start(store: &Store) -> Result<Housekeeping> {
    let (ending, ended) = channel::<()>();
    let store = store.clone();
    std::thread::Builder::new()
        .name("housekeeping".into())
        .spawn(move || {
            loop {
                match store.purge(KEEP_MS) {
                    Ok(purged) => tracing::debug!(?purged, "housekeeping done"),
                    Err(error) => tracing::warn!(%error, "housekeeping failed and is tried again tomorrow"),
                }
                if ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })
        .context("cannot start the housekeeping; the system is out of threads")?;
    Ok(Housekeeping { _ending: ending })
}
