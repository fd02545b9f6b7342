//! The keys that are in use now. They are read again when the folder has changed; whoever is at work with the old ones
//! goes on with them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use afterword_model::ports::{Clock, Entropy};

use super::{Pki, PkiError};
use crate::opened::lock_folder;

/// The keys of one collector.
pub(crate) struct Keys {
    folder: PathBuf,
    /// Names that the server's certificate has to hold.
    names: Vec<String>,
    current: RwLock<Arc<Pki>>,
}

impl Keys {
    /// Reads the folder, or creates it.
    pub(crate) fn open(
        folder: &Path,
        names: &[String],
        clock: &dyn Clock,
        entropy: &impl Entropy,
    ) -> Result<Self, PkiError> {
        let pki = Pki::open_or_create(folder, names, clock, entropy)?;
        Ok(Self { folder: folder.to_owned(), names: names.to_vec(), current: RwLock::new(Arc::new(pki)) })
    }

    /// The keys as they were read last.
    pub(crate) fn now(&self) -> Arc<Pki> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// When files last came or went in the folder; `None` when that cannot be told. Every file in it is replaced by
    /// renaming, so that no change escapes this.
    pub(crate) fn changed_at(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.folder).and_then(|folder| folder.modified()).ok()
    }

    /// Reads the folder again. When that fails, what was read before stays in use.
    pub(crate) fn reload(&self, clock: &dyn Clock, entropy: &impl Entropy) -> Result<(), PkiError> {
        let data = self.folder.parent().unwrap_or(&self.folder);
        let _lock = lock_folder(data).map_err(|reason| PkiError::Files {
            what: "lock",
            path: data.to_owned(),
            reason,
        })?;
        let pki = Pki::open_or_create(&self.folder, &self.names, clock, entropy)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pki);
        Ok(())
    }
}
