//! Where staff are in a store's numbers, and what has to be read for it.
//!
//! Pure: it is told what was tapped and which day it is. What it says is read aside by [`super::desk`].

use afterword_kiosk_store::{Which, WordsAsk};
use afterword_model::summary::Ask;
use afterword_ui::intent::{Browse, Place, RangeEnd};
use afterword_ui::view::parts::PartKind;
use afterword_ui::view::words::{WORDS_ROWS, WordsFilter};

/// Words that are shown beside the numbers, at most.
const NEWEST_WORDS: usize = 3;

/// Days before today that the ranges begin with, in the order of their keys.
const DAYS_BEFORE: [i64; 3] = [0, 6, 29];

/// The key of a range that was set by hand.
pub(crate) const OTHER_DAYS: usize = DAYS_BEFORE.len();

/// Days of the longest range: a year with its leap day. What is read for it is some thousand rows.
pub(crate) const RANGE_DAYS_MAX: i64 = 366;

/// What has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The page it is for.
    pub(crate) place: Place,
    /// The key of the range.
    pub(crate) range: usize,
    pub(crate) ask: Ask,
    pub(crate) filter: WordsFilter,
    /// The page of the words, from 0.
    pub(crate) turn: usize,
    pub(crate) words: WordsAsk,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Browsing {
    pub(crate) place: Place,
    range: usize,
    /// First and last day of the range that was set by hand.
    other: (i64, i64),
    /// The same while it is being set.
    draft: (i64, i64),
    without_flagged: bool,
    filter: WordsFilter,
    pub(crate) kind: PartKind,
    /// The page of what is listed, from 0.
    pub(crate) turn: usize,
}

impl Browsing {
    /// First and last day of what is shown.
    pub(crate) fn days(&self, today: i64) -> (i64, i64) {
        match DAYS_BEFORE.get(self.range) {
            Some(before) => (today.saturating_sub(*before), today),
            None => self.other,
        }
    }

    /// First and last day of the range that is being set.
    pub(crate) fn draft(&self) -> (i64, i64) {
        self.draft
    }

    /// What has to be read for the page of the moment.
    pub(crate) fn wish(&self, today: i64) -> Wish {
        let (first_day, last_day) = self.days(today);
        let (filter, turn, count) = match self.place {
            Place::Words => (self.filter, self.turn, WORDS_ROWS),
            Place::Numbers | Place::Parts | Place::Days | Place::Export => {
                (WordsFilter::All, 0, NEWEST_WORDS)
            }
        };
        Wish {
            place: self.place,
            range: self.range,
            ask: Ask { without_flagged: self.without_flagged, ..Ask::days(first_day, last_day) },
            filter,
            turn,
            words: WordsAsk {
                days: (first_day, last_day),
                which: match filter {
                    WordsFilter::All => Which::All,
                    WordsFilter::Unhappy => Which::Unhappy,
                    WordsFilter::WantsReply => Which::WantsReply,
                    WordsFilter::Hidden => Which::Hidden,
                },
                without_flagged: self.without_flagged,
                skip: turn * count,
                count,
            },
        }
    }

    /// What was read has so many pages; beyond them is nothing, as when the last row of the last one was hidden.
    pub(crate) fn keep_within(&mut self, pages: usize) {
        self.turn = self.turn.min(pages.saturating_sub(1));
    }

    /// One of the first three keys.
    pub(crate) fn range(&mut self, range: usize) {
        self.range = range.min(DAYS_BEFORE.len() - 1);
    }

    /// Whatever was tapped. Hiding is the desk's. `pages` is how many there are of what is listed.
    pub(crate) fn browse(&mut self, browse: Browse, pages: usize, today: i64) {
        match browse {
            Browse::Open(place) => {
                if place == Place::Days {
                    self.draft = self.days(today);
                }
                if place == Place::Words {
                    self.filter = WordsFilter::All;
                }
                (self.place, self.turn) = (place, 0);
            }
            Browse::CountFlagged(counted) => (self.without_flagged, self.turn) = (!counted, 0),
            Browse::Words(filter) => (self.filter, self.turn) = (filter, 0),
            Browse::Parts(kind) => (self.kind, self.turn) = (kind, 0),
            Browse::Turn { forward: true } => self.turn = (self.turn + 1).min(pages.saturating_sub(1)),
            Browse::Turn { forward: false } => self.turn = self.turn.saturating_sub(1),
            Browse::Move { end, days } => self.draft = moved(self.draft, end, days, today),
            Browse::ShowRange => {
                // The clock may have been set back meanwhile.
                let (first, last) = (self.draft.0.min(today), self.draft.1.min(today));
                (self.range, self.other) = (OTHER_DAYS, (first, last));
                (self.place, self.turn) = (Place::Numbers, 0);
            }
            Browse::Hide { .. } => {}
        }
    }
}

/// The range with one end so many days later, as far as that goes: an end stays on its side of the other, on this side of
/// tomorrow, and within [`RANGE_DAYS_MAX`].
pub(crate) fn moved((first, last): (i64, i64), end: RangeEnd, days: i64, today: i64) -> (i64, i64) {
    match end {
        RangeEnd::First => {
            let earliest = last.saturating_sub(RANGE_DAYS_MAX - 1);
            (first.saturating_add(days).clamp(earliest, last), last)
        }
        RangeEnd::Last => {
            let latest = today.min(first.saturating_add(RANGE_DAYS_MAX - 1)).max(first);
            (first, last.saturating_add(days).clamp(first, latest))
        }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{Entropy, SeededEntropy};

    use super::*;

    #[test]
    fn a_range_that_was_set_is_what_is_read() {
        let mut browsing = Browsing::default();
        browsing.range(1);
        browsing.browse(Browse::Open(Place::Days), 1, 100);
        assert_eq!(browsing.draft(), (94, 100));
        browsing.browse(Browse::Move { end: RangeEnd::Last, days: -7 }, 1, 100);
        assert_eq!(browsing.draft(), (94, 94), "not before it begins");
        browsing.browse(Browse::Move { end: RangeEnd::First, days: -7 }, 1, 100);
        assert_eq!(browsing.wish(100).ask, Ask::days(94, 100), "not before it is to be shown");
        browsing.browse(Browse::ShowRange, 1, 100);
        let wish = browsing.wish(101);
        assert_eq!((wish.place, wish.range, wish.words.days), (Place::Numbers, OTHER_DAYS, (87, 94)));
        assert_eq!(wish.ask, Ask::days(87, 94));
        browsing.range(0);
        assert_eq!(browsing.wish(101).ask, Ask::days(101, 101));
    }

    #[test]
    fn words_are_turned_by_pages_and_begin_anew_with_another_filter() {
        let mut browsing = Browsing::default();
        browsing.browse(Browse::Open(Place::Words), 1, 100);
        browsing.browse(Browse::Turn { forward: true }, 2, 100);
        browsing.browse(Browse::Turn { forward: true }, 2, 100);
        assert_eq!(browsing.wish(100).words.skip, WORDS_ROWS, "there are two pages");
        browsing.browse(Browse::Words(WordsFilter::Unhappy), 2, 100);
        let wish = browsing.wish(100);
        assert_eq!((wish.words.skip, wish.words.which, wish.words.count), (0, Which::Unhappy, WORDS_ROWS));
        browsing.browse(Browse::CountFlagged(false), 2, 100);
        assert!(browsing.wish(100).ask.without_flagged && browsing.wish(100).words.without_flagged);
        browsing.browse(Browse::Open(Place::Numbers), 2, 100);
        let wish = browsing.wish(100);
        assert_eq!((wish.words.which, wish.words.count), (Which::All, NEWEST_WORDS));
        assert!(wish.ask.without_flagged, "that holds for every page");
    }

    /// However its ends are moved, a range has a day, none of the future, and not too many.
    #[test]
    fn a_range_is_always_one() {
        let entropy = SeededEntropy::new(7);
        let (today, mut range) = (20_785, (20_785, 20_785));
        for _ in 0..20_000 {
            let [end, high, low] = entropy.bytes::<3>();
            let days = i64::from(i16::from_be_bytes([high, low])) % 800;
            range = moved(range, if end % 2 == 0 { RangeEnd::First } else { RangeEnd::Last }, days, today);
            assert!(range.0 <= range.1 && range.1 <= today, "{range:?}");
            assert!(range.1 - range.0 < RANGE_DAYS_MAX, "{range:?}");
        }
    }
}
