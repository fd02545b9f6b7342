//! The file that a backup of a PostgreSQL database is: a line that says so, and then, compressed by zstd, a head, the rows of one table
//! after the other as `COPY` gives them, and the SHA-256 of all that.
//!
//! Invariant: what is not the whole file, as it was written, is not read to its end without an error.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::storage::CopiedTable;

/// How it begins.
pub(super) const MAGIC: &[u8; 30] = b"Afterword PostgreSQL backup 1\n";

/// A part is some 1 MiB and its last row; a row is a record at most, written as twice its bytes.
const PART_BYTES_MAX: u32 = 64 << 20;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The last step that the tables had been through.
    pub(super) step: String,
    /// Records that are in it.
    pub(super) records: u64,
    /// When the first and the last of them came, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) received_ms: Option<(i64, i64)>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Head(Head),
    Table(CopiedTable),
    Rows(Vec<u8>),
    /// All of it was read, and is as it was written.
    End,
}

/// A file that is being written.
pub(super) struct Writer {
    to: zstd::Encoder<'static, BufWriter<File>>,
    digest: Sha256,
}

impl Writer {
    pub(super) fn begin(file: File, head: &Head) -> io::Result<Self> {
        let mut file = BufWriter::new(file);
        file.write_all(MAGIC)?;
        let mut writer = Self { to: zstd::Encoder::new(file, 3)?, digest: Sha256::new() };
        writer.part(b'H', &serde_json::to_vec(head)?)?;
        Ok(writer)
    }

    pub(super) fn table(&mut self, table: &CopiedTable) -> io::Result<()> {
        self.part(b'T', &serde_json::to_vec(table)?)
    }

    pub(super) fn rows(&mut self, rows: &[u8]) -> io::Result<()> {
        self.part(b'R', rows)
    }

    /// Writes the end, and gives the file when all of it is durable.
    pub(super) fn end(mut self) -> io::Result<()> {
        let digest = self.digest.clone().finalize();
        self.part(b'E', &digest)?;
        let file = self.to.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        for piece in [&[kind][..], &length.to_le_bytes(), bytes] {
            self.digest.update(piece);
            self.to.write_all(piece)?;
        }
        Ok(())
    }
}

/// A file that is being read.
pub(super) struct Reader {
    from: zstd::Decoder<'static, BufReader<File>>,
    digest: Sha256,
}

/// Whether a file says that it is such a backup.
pub(super) fn is_one(file: &mut File) -> bool {
    let mut begin = [0; MAGIC.len()];
    file.read_exact(&mut begin).is_ok() && begin == *MAGIC
}

impl Reader {
    /// Begins behind the line that [`is_one`] has read.
    pub(super) fn behind(file: File) -> io::Result<Self> {
        Ok(Self { from: zstd::Decoder::new(file)?, digest: Sha256::new() })
    }

    /// The next part. On failure what is wrong with the file.
    pub(super) fn next(&mut self) -> Result<Part, String> {
        let before = self.digest.clone().finalize();
        let mut head = [0; 5];
        self.read(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        if length > PART_BYTES_MAX {
            return Err(changed());
        }
        let mut bytes = vec![0; length as usize];
        self.read(&mut bytes)?;
        match kind {
            b'H' => serde_json::from_slice(&bytes).map(Part::Head).map_err(|_| changed()),
            b'T' => serde_json::from_slice(&bytes).map(Part::Table).map_err(|_| changed()),
            b'R' => Ok(Part::Rows(bytes)),
            b'E' if bytes == before[..] => match self.from.read(&mut [0]) {
                Ok(0) => Ok(Part::End),
                _ => Err("something stands behind its end".to_owned()),
            },
            _ => Err(changed()),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), String> {
        self.from.read_exact(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends in the middle".to_owned(),
            _ => changed(),
        })?;
        self.digest.update(into);
        Ok(())
    }
}

fn changed() -> String {
    "it is not as it was written".to_owned()
}
