//! Looking, beside the ports, at the records that came, for what other programs are to be told of them (see `storage::told`).

use std::sync::Arc;

use crate::beside::keep_up;
use crate::routes::App;
use crate::storage::{StorageError, told};

/// Writes down what is to be told, until it is dropped.
pub(crate) async fn keep_telling(app: Arc<App>) {
    keep_up(app, "what came is not told to other programs yet", tell_part).await;
}

/// Looks at a bounded part of what is new. Whether there was anything.
async fn tell_part(app: Arc<App>) -> Result<bool, StorageError> {
    let pending = app.looked_up(told::pending).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    let now_ms = app.context.clock.wall_ms();
    app.writer.run(None, move |writer| Ok(told::apply(writer, &pending, now_ms)?)).await?;
    Ok(true)
}
