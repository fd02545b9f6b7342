//! What staff see of what shoppers wrote.

use super::staff::Words;

/// Rows of the page; all of them have room for the longest words on every panel.
pub const WORDS_ROWS: usize = 4;

/// A page of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WordsPage {
    /// Whether there are any yet; else the page says that they are on their way.
    pub is_read: bool,
    /// Whether they could not be read, or not be hidden.
    pub failed: bool,
    /// The days they are of, to be read.
    pub days: String,
    /// Which are shown.
    pub filter: WordsFilter,
    /// See [`super::staff::Numbers::flagged`].
    pub flagged: u64,
    /// See [`super::staff::Numbers::without_flagged`].
    pub without_flagged: bool,
    /// The newest first, at most [`WORDS_ROWS`].
    pub rows: Vec<Words>,
    /// Whether this person may hide words and show them again.
    pub can_hide: bool,
    /// The page's number, from 1.
    pub page: usize,
    /// How many there are, at least 1.
    pub pages: usize,
    /// Whether there may be older ones, which were not looked for.
    pub is_partial: bool,
}

/// Which words are shown. All but the last leave out what is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordsFilter {
    /// All.
    #[default]
    All,
    /// Those of unhappy visits.
    Unhappy,
    /// Those of who left a way to reach them.
    WantsReply,
    /// The hidden ones.
    Hidden,
}

impl WordsFilter {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::All, Self::Unhappy, Self::WantsReply, Self::Hidden];
}
