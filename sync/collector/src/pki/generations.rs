//! An authority's generations: it can be followed by a new one while certificates of the old one are still about.
//!
//! The first is `device-ca.pem`, the second `device-ca-2.pem`, and so on, each with its key beside it. A generation comes
//! to be when its certificate appears, which is written after its key; none is ever written over. Whoever wants an old
//! one to be trusted no more removes its two files.

use std::fs;
use std::path::Path;

use afterword_model::ports::Entropy;
use afterword_protocol::keys::SigningKey;

use super::PkiError;
use super::authority::{self, Authority};
use super::files::{NamedFile, write_private};

/// A kind of authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Signs devices' certificates.
    Device,
    /// Signs the server's certificate.
    Server,
}

/// One generation of an authority.
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) authority: Authority,
}

impl Kind {
    fn stem(self) -> &'static str {
        match self {
            Self::Device => "device-ca",
            Self::Server => "server-ca",
        }
    }

    fn common_name(self, number: u32) -> String {
        let name = match self {
            Self::Device => "Afterword device CA",
            Self::Server => "Afterword collector CA",
        };
        // Each generation has a name of its own, so that a verifier is never in doubt which one is meant.
        if number == 1 { name.to_owned() } else { format!("{name} {number}") }
    }

    /// The file of a generation's certificate.
    pub(super) fn file(self, number: u32) -> String {
        let stem = self.stem();
        if number == 1 { format!("{stem}.pem") } else { format!("{stem}-{number}.pem") }
    }

    fn number(self, file: &str) -> Option<u32> {
        let rest = file.strip_prefix(self.stem())?.strip_suffix(".pem")?;
        if rest.is_empty() {
            Some(1)
        } else {
            rest.strip_prefix('-')?.parse().ok().filter(|&number| number > 1)
        }
    }

    /// Every generation in the folder, the oldest first; at least one.
    pub(super) fn read(self, folder: &Path) -> Result<Vec<Generation>, PkiError> {
        let failed = |reason| PkiError::Files { what: "read", path: folder.to_owned(), reason };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(name.to_str().and_then(|name| self.number(name)));
        }
        if numbers.is_empty() {
            // Reading the first says by name what is missing.
            numbers.push(1);
        }
        numbers.sort_unstable();
        let read =
            |number| Ok(Generation { number, authority: Authority::read(folder, &self.file(number))? });
        numbers.into_iter().map(read).collect()
    }

    /// Files of a new generation, the key first.
    pub(super) fn make(
        self,
        number: u32,
        now_ms: i64,
        entropy: &impl Entropy,
    ) -> Result<[NamedFile; 2], PkiError> {
        let file = self.file(number);
        let key = SigningKey::generate(entropy);
        let pem = authority::self_signed(&self.common_name(number), &key, now_ms, entropy.bytes())?;
        Ok([
            (authority::key_file(&file), key.to_pem().as_bytes().to_vec().into()),
            (file, pem.into_bytes().into()),
        ])
    }

    /// Adds a generation after the newest there is, and gives its number.
    pub(super) fn add(self, folder: &Path, now_ms: i64, entropy: &impl Entropy) -> Result<u32, PkiError> {
        let newest = self.read(folder)?.last().map_or(0, |generation| generation.number);
        let number = newest + 1;
        for (name, content) in self.make(number, now_ms, entropy)? {
            write_private(&folder.join(name), &content)?;
        }
        Ok(number)
    }
}
