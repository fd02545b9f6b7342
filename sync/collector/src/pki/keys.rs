//! The keys that are in use now. They are read again when the folder has changed; whoever is at work with the old ones
//! goes on with them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use afterword_model::ports::{Clock, Entropy};

use super::{Pki, PkiError};

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

    /// Reads the folder again. When that fails, what was read before stays in use.
    pub(crate) fn reload(&self, clock: &dyn Clock, entropy: &impl Entropy) -> Result<(), PkiError> {
        let pki = Pki::open_or_create(&self.folder, &self.names, clock, entropy)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pki);
        Ok(())
    }
}
