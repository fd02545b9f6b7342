//! What an operator does to the keys: new generations of the authorities, a new server certificate. Also while a server
//! runs on them; it notices within seconds and uses them for new connections.
//!
//! Invariant: at every moment the folder holds keys with which a server starts and every device that could connect
//! before still can. On failure what is in use stays in use, and the same command may be given again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::heartbeat::{Fingerprint, fingerprint};
use serde::Serialize;

use super::generations::{Generation, Kind};
use super::{PkiError, SERVER_FILE, authority, in_use, use_from_now_on};
use crate::opened::lock_folder;

/// One generation of the collector's own authority, which devices trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerAuthority {
    /// Its number, from 1.
    pub generation: u32,
    /// SHA-256 of its certificate, as devices name it in their heartbeats.
    pub fingerprint: Fingerprint,
    /// Whether the server's certificate is from it.
    pub in_use: bool,
    /// End of its validity, milliseconds since 1970.
    pub expires_ms: i64,
}

/// An operator's access to a collector's keys.
pub struct KeyRing {
    data: PathBuf,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl KeyRing {
    /// The keys in a collector's data folder.
    #[must_use]
    pub fn of(data: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { data: data.to_owned(), folder: crate::config::pki_path(data), clock, entropy }
    }

    /// The generations of the collector's own authority, the oldest first.
    ///
    /// # Errors
    /// [`PkiError`] when one cannot be read.
    pub fn server_authorities(&self) -> Result<Vec<ServerAuthority>, PkiError> {
        let current = in_use(&self.folder)?;
        let listed = |Generation { number, authority }: Generation| ServerAuthority {
            generation: number,
            fingerprint: fingerprint(authority.certificate()),
            in_use: number == current,
            expires_ms: authority::not_after_ms(authority.certificate()).unwrap_or(0),
        };
        Ok(Kind::Server.read(&self.folder)?.into_iter().map(listed).collect())
    }

    /// Adds a device authority, which signs from now on; certificates of the old ones stay good until their end.
    /// Gives its number.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn rotate_device_authority(&self) -> Result<u32, PkiError> {
        let _lock = self.lock()?;
        Kind::Device.add(&self.folder, self.clock.wall_ms(), &self.entropy)
    }

    /// Adds an authority of the collector's own, to be handed out to devices and not used yet. When one is prepared
    /// already, it stays. Gives its number.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn prepare_server_authority(&self) -> Result<u32, PkiError> {
        let _lock = self.lock()?;
        match self.prepared()? {
            Some(number) => Ok(number),
            None => Kind::Server.add(&self.folder, self.clock.wall_ms(), &self.entropy),
        }
    }

    /// The server's certificate is from the prepared authority from now on; devices that do not trust it can't connect
    /// any more. Gives its number; `None` when none is prepared.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn use_prepared_server_authority(&self) -> Result<Option<u32>, PkiError> {
        let _lock = self.lock()?;
        let prepared = self.prepared()?;
        if let Some(number) = prepared {
            use_from_now_on(&self.folder, number)?;
        }
        Ok(prepared)
    }

    /// A new key and certificate for the server, from the authority in use: the running server issues it as soon as it
    /// finds the old one gone.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn rotate_server_certificate(&self) -> Result<(), PkiError> {
        let _lock = self.lock()?;
        let path = self.folder.join(SERVER_FILE);
        match std::fs::remove_file(&path) {
            Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => {
                Err(PkiError::Files { what: "remove", path, reason })
            }
            _ => Ok(()),
        }
    }

    fn prepared(&self) -> Result<Option<u32>, PkiError> {
        let newest = Kind::Server.read(&self.folder)?.last().map_or(1, |generation| generation.number);
        Ok((newest > in_use(&self.folder)?).then_some(newest))
    }

    fn lock(&self) -> Result<std::fs::File, PkiError> {
        lock_folder(&self.data).map_err(|reason| PkiError::Files {
            what: "lock",
            path: self.data.clone(),
            reason,
        })
    }
}
