//! Waiting for a condition, with a deadline and without a fixed sleep.

use std::time::Duration;

use anyhow::{Result, bail};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A condition that does not hold by then never will; generous, because a machine may build beside it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks until `look` finds something, and gives it. `what` stands in the error.
///
/// # Errors
/// When it finds nothing within [`PATIENCE`], with what it said last.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut last = String::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            looks.tick().await;
            match look() {
                Ok(Some(found)) => return found,
                Ok(None) => {}
                Err(error) => last = format!("; last: {error:#}"),
            }
        }
    });
    match found.await {
        Ok(found) => Ok(found),
        Err(_) => bail!("waited in vain for this: {what}{last}"),
    }
}

/// A future's result, when it comes within [`PATIENCE`].
///
/// # Errors
/// When it does not.
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => Ok(done),
        Err(_) => bail!("waited in vain for this: {what}"),
    }
}
