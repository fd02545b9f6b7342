//! What some days' cells add up to, as far as a summary needs it. Cells that are packed are added as they are.

use std::collections::BTreeMap;

use super::{Ask, weekday};
use crate::tally::packed::{Damaged, merge_packed_hours};
use crate::tally::{Cell, HourTally, Tally, named};

/// A [`Cell`], the flag aside, whose names are elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Place<'n> {
    /// As [`Cell::day`].
    pub day: i64,
    /// As [`Cell::survey`].
    pub survey: &'n str,
    /// As [`Cell::touchpoint`].
    pub touchpoint: &'n str,
    /// As [`Cell::language`].
    pub language: &'n str,
}

/// The sums of what was asked for.
#[derive(Debug, Default)]
pub struct Sums {
    /// Flagged responses, also where they are to be left out.
    pub(super) flagged: u64,
    /// Everything of one survey; the hours of all are in `hours`.
    pub(super) surveys: BTreeMap<String, Tally>,
    pub(super) hours: BTreeMap<u8, HourTally>,
    pub(super) weekdays: BTreeMap<u8, HourTally>,
    pub(super) touchpoints: BTreeMap<String, HourTally>,
    pub(super) languages: BTreeMap<String, HourTally>,
}

impl Sums {
    /// Of these cells, those that are asked for.
    #[must_use]
    pub fn of(ask: &Ask, cells: &[(Cell, Tally)]) -> Self {
        let mut sums = Self::default();
        for (cell, tally) in cells.iter().filter(|(cell, _)| ask.wants(&cell.touchpoint, &cell.language)) {
            if cell.flagged {
                sums.add_flagged(tally.outcomes.total());
            }
            if !(ask.without_flagged && cell.flagged) {
                sums.add(cell, tally);
            }
        }
        sums
    }

    /// So many of a cell's responses carry a flag, whether they are added or not.
    pub fn add_flagged(&mut self, responses: u64) {
        self.flagged = self.flagged.saturating_add(responses);
    }

    /// Adds a cell as [`Tally::packed`] left it, and where they are wanted its hours as [`Tally::packed_hours`] did.
    ///
    /// # Errors
    /// When these have not.
    pub fn add_packed(
        &mut self,
        place: Place<'_>,
        counts: &[u8],
        hours: Option<&[u8]>,
    ) -> Result<(), Damaged> {
        named(&mut self.surveys, place.survey).merge_packed(counts)?;
        if let Some(hours) = hours {
            merge_packed_hours(&mut self.hours, hours)?;
            let mut day = HourTally::default();
            day.merge_packed_day(hours)?;
            self.add_day(place, &day);
        }
        Ok(())
    }

    /// Takes away what was added to another one, too.
    pub fn take_away(&mut self, other: &Self) {
        for (survey, other) in &other.surveys {
            named(&mut self.surveys, survey).take_away(other);
        }
        self.surveys.retain(|_, tally| tally.outcomes.total() > 0);
        take_away(&mut self.hours, &other.hours);
        take_away(&mut self.weekdays, &other.weekdays);
        take_away(&mut self.touchpoints, &other.touchpoints);
        take_away(&mut self.languages, &other.languages);
    }

    fn add(&mut self, cell: &Cell, tally: &Tally) {
        let Cell { day, survey, touchpoint, language, .. } = cell;
        named(&mut self.surveys, survey).combine(tally, u64::saturating_add);
        let mut whole = HourTally::default();
        for (hour, tally) in &tally.hours {
            self.hours.entry(*hour).or_default().merge(tally);
            whole.merge(tally);
        }
        self.add_day(Place { day: *day, survey, touchpoint, language }, &whole);
    }

    /// All hours of a cell together.
    fn add_day(&mut self, place: Place<'_>, day: &HourTally) {
        self.weekdays.entry(weekday(place.day)).or_default().merge(day);
        named(&mut self.touchpoints, place.touchpoint).merge(day);
        named(&mut self.languages, place.language).merge(day);
    }
}

fn take_away<N: Ord + Clone>(parts: &mut BTreeMap<N, HourTally>, other: &BTreeMap<N, HourTally>) {
    for (name, other) in other {
        let part = parts.entry(name.clone()).or_default();
        part.combine(other, u64::saturating_sub);
        part.ratings.retain(|_, counts| counts.iter().any(|count| *count > 0));
    }
    parts.retain(|_, part| part.responses > 0);
}
