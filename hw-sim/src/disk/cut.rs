//! What a power cut leaves: everything that is durable, and of the rest what the policy says.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use afterword_model::ports::SeededEntropy;

use super::medium::{Change, Contents, Medium, position};

/// A disk writes whole sectors: of each it holds the old content or the new. SQLite asks for no more than that.
const SECTOR_BYTES: u64 = 512;
/// A sector in which nothing stands.
static ZEROS: [u8; 512] = [0; 512];

/// Which of the changes that were not synced a power cut leaves. The same seed leaves the same ones.
///
/// What people call reordering is here too: a later change is there without an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// None of them.
    Dropped,
    /// All of them.
    Kept,
    /// The first ones, in the order they were made; of the last write only the first sectors.
    Beginning(u64),
    /// Any of them, each whole.
    Scattered(u64),
    /// Any of them, and of each write any of its sectors. Where a file grew and a sector is missing, rubbish may stand
    /// in its place: file systems may write a file's length before its content.
    Torn(u64),
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => write!(f, "unsynced changes dropped"),
            Self::Kept => write!(f, "unsynced changes kept"),
            Self::Beginning(seed) => write!(f, "a beginning of the unsynced changes kept (seed {seed})"),
            Self::Scattered(seed) => write!(f, "some unsynced changes kept (seed {seed})"),
            Self::Torn(seed) => write!(f, "unsynced changes torn (seed {seed})"),
        }
    }
}

/// The files of a directory as a disk holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    files: BTreeMap<String, Arc<Vec<u8>>>,
}

impl Image {
    /// The content of a file.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(|bytes| bytes.as_slice())
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Makes a directory hold exactly these files, and removes every other.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn restore(&self, directory: &Path) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::remove_file(entry.path())?;
            }
        }
        for (name, bytes) in &self.files {
            let mut file = File::create(directory.join(name))?;
            // Reserved room is zeros; a file that ends in a hole reads the same.
            let sectors = bytes.chunks(ZEROS.len());
            let used = sectors.len() - sectors.rev().take_while(|sector| ZEROS.starts_with(sector)).count();
            file.write_all(&bytes[..bytes.len().min(used * ZEROS.len())])?;
            file.set_len(bytes.len() as u64)?;
        }
        Ok(())
    }
}

pub(super) fn image(medium: &Medium, policy: Policy) -> Image {
    let mut contents = medium.durable.clone();
    let mut dice = match policy {
        Policy::Dropped | Policy::Kept => Dice::new(0),
        Policy::Beginning(seed) | Policy::Scattered(seed) | Policy::Torn(seed) => Dice::new(seed),
    };
    let changes = medium.pending.iter().map(|pending| &pending.change);
    match policy {
        Policy::Dropped => {}
        Policy::Kept => changes.for_each(|change| contents.apply(change)),
        Policy::Beginning(_) => {
            let count = dice.below(medium.pending.len() as u64 + 1);
            let mut beginning = changes.take(position(count)).peekable();
            while let Some(change) = beginning.next() {
                match change {
                    Change::Write { .. } if beginning.peek().is_none() => {
                        begin(&mut contents, change, &mut dice);
                    }
                    _ => contents.apply(change),
                }
            }
        }
        Policy::Scattered(_) => {
            changes.filter(|_| dice.keeps()).for_each(|change| contents.apply(change));
        }
        Policy::Torn(_) => changes.for_each(|change| tear(&mut contents, change, &mut dice)),
    }
    let mut files = BTreeMap::new();
    for (name, file) in &contents.names {
        let mut bytes = contents.files.get(file).cloned().unwrap_or_default();
        if medium.is_spoilt(*file) {
            medium.spoil(*file, 0, Arc::make_mut(&mut bytes).as_mut_slice());
        }
        files.insert(name.clone(), bytes);
    }
    Image { files }
}

/// Does the first sectors of a write.
fn begin(contents: &mut Contents, change: &Change, dice: &mut Dice) {
    let sectors = sectors(change);
    let count = dice.below(sectors.len() as u64 + 1);
    sectors.iter().take(position(count)).for_each(|sector| contents.apply(sector));
}

/// Does some sectors of a write, or all or nothing of another change.
fn tear(contents: &mut Contents, change: &Change, dice: &mut Dice) {
    for sector in sectors(change) {
        if dice.keeps() {
            contents.apply(&sector);
        } else if let Change::Write { file, at, bytes } = &sector
            && *at >= contents.files.get(file).map_or(0, |content| content.len() as u64)
            && dice.keeps()
        {
            let rubbish = bytes.iter().map(|_| dice.byte()).collect();
            contents.apply(&Change::Write { file: *file, at: *at, bytes: rubbish });
        }
    }
}

/// A write in pieces that each lie within one sector of the disk; any other change as it is.
fn sectors(change: &Change) -> Vec<Change> {
    let Change::Write { file, at, bytes } = change else { return vec![change.clone()] };
    let mut pieces = Vec::new();
    let mut done = 0;
    while done < bytes.len() {
        let at = at + done as u64;
        let length = position(SECTOR_BYTES - at % SECTOR_BYTES).min(bytes.len() - done);
        pieces.push(Change::Write { file: *file, at, bytes: bytes[done..done + length].to_vec() });
        done += length;
    }
    pieces
}

/// What decides over each change of one cut.
struct Dice {
    entropy: SeededEntropy,
    /// Of eight changes so many are kept: some cuts keep nearly everything and some nearly nothing.
    kept_of_eight: u64,
}

impl Dice {
    fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed);
        let kept_of_eight = 1 + entropy.next_u64() % 7;
        Self { entropy, kept_of_eight }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.entropy.next_u64() % bound
    }

    fn keeps(&mut self) -> bool {
        self.below(8) < self.kept_of_eight
    }

    fn byte(&mut self) -> u8 {
        self.entropy.next_u64().to_le_bytes()[0]
    }
}
