//! Tallies as bytes, as short as a disk wants them, and added up without being unpacked first.
//!
//! A version, then numbers of seven bits a byte, the lowest first (LEB128), in a fixed order; a name is its length and its UTF-8.
//! The hours are apart from everything else, because most who read need none. What was cut, or says more than it has, is an
//! error; nothing is ever set aside for more than the bytes that are there. What was summed up until then is of no use.
//!
//! Of the buckets of [`Times`] most are empty: a number whose bits say which are not stands before the counts of those. Version 1
//! had the milliseconds of all answers together, from which no median follows, and nothing of what was shown; what it tells is
//! still read, as [`Tally::presume_shown`] takes it.

use std::collections::BTreeMap;

use super::{BUCKETS, HourTally, QuestionTally, Ratings, Tally, Times, named};
use crate::scale::{RATING_MAX, ScaleKind};

/// The form of everything but the hours. Another one gets another number, and this one stays readable.
pub const VERSION: u8 = 2;

/// The form before, without what was shown and with times added up.
const VERSION_OF_SUMS: u8 = 1;

/// The form of the hours, the only one so far.
const VERSION_OF_HOURS: u8 = 1;

/// Values of the scale that has most, 0 to 10.
const VALUES_MAX: u64 = RATING_MAX as u64 + 1;

/// The hours of a day.
const HOURS: u64 = 24;

/// Bytes of the longest number.
const NUMBER_BYTES_MAX: u32 = u64::BITS.div_ceil(7);

/// Bytes that no tally was packed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes hold no counts that this program knows")]
pub struct Damaged;

impl Tally {
    /// Everything but the hours.
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let outcomes = &self.outcomes;
        for count in [outcomes.completed, outcomes.finished, outcomes.timed_out, outcomes.interrupted] {
            put(&mut bytes, count);
        }
        put(&mut bytes, self.questions.len() as u64);
        for (id, question) in &self.questions {
            put_name(&mut bytes, id);
            for count in [question.answered, question.left, question.shown] {
                put(&mut bytes, count);
            }
            put_times(&mut bytes, &question.took);
            put_ratings(&mut bytes, &question.ratings);
            put(&mut bytes, question.options.len() as u64);
            for (option, count) in &question.options {
                put_name(&mut bytes, option);
                put(&mut bytes, *count);
            }
        }
        bytes
    }

    /// The hours.
    #[must_use]
    pub fn packed_hours(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION_OF_HOURS];
        put(&mut bytes, self.hours.len() as u64);
        for (hour, tally) in &self.hours {
            put(&mut bytes, u64::from(*hour));
            put(&mut bytes, tally.responses);
            put_ratings(&mut bytes, &tally.ratings);
        }
        bytes
    }

    /// What [`Self::packed`] and [`Self::packed_hours`] have made of a tally.
    ///
    /// # Errors
    /// When they have not.
    pub fn unpacked(counts: &[u8], hours: &[u8]) -> Result<Self, Damaged> {
        let mut tally = Self::default();
        tally.merge_packed(counts)?;
        merge_packed_hours(&mut tally.hours, hours)?;
        Ok(tally)
    }

    /// Counts what was packed, too. How many responses it had.
    ///
    /// # Errors
    /// When [`Self::packed`] has not made it.
    pub fn merge_packed(&mut self, counts: &[u8]) -> Result<u64, Damaged> {
        let (mut packed, version) = Packed::of_counts(counts)?;
        let mut responses = 0_u64;
        let outcomes = &mut self.outcomes;
        for count in [
            &mut outcomes.completed,
            &mut outcomes.finished,
            &mut outcomes.timed_out,
            &mut outcomes.interrupted,
        ] {
            let by = packed.number()?;
            responses = responses.saturating_add(by);
            *count = count.saturating_add(by);
        }
        for _ in 0..packed.number()? {
            let question = named(&mut self.questions, packed.name()?);
            packed.merge_visits(question, version)?;
            packed.merge_ratings(&mut question.ratings)?;
            for _ in 0..packed.number()? {
                let count = named(&mut question.options, packed.name()?);
                *count = count.saturating_add(packed.number()?);
            }
        }
        packed.end()?;
        Ok(responses)
    }
}

/// Counts each hour that was packed in its own.
///
/// # Errors
/// When [`Tally::packed_hours`] has not made it.
pub fn merge_packed_hours(hours: &mut BTreeMap<u8, HourTally>, packed: &[u8]) -> Result<(), Damaged> {
    let mut packed = Packed::of_hours(packed)?;
    for _ in 0..packed.number()? {
        let hour = packed.hour()?;
        packed.merge_hour(hours.entry(hour).or_default())?;
    }
    packed.end()
}

impl HourTally {
    /// Counts all hours that were packed here.
    ///
    /// # Errors
    /// When [`Tally::packed_hours`] has not made it.
    pub fn merge_packed_day(&mut self, packed: &[u8]) -> Result<(), Damaged> {
        let mut packed = Packed::of_hours(packed)?;
        for _ in 0..packed.number()? {
            packed.hour()?;
            packed.merge_hour(self)?;
        }
        packed.end()
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn put_name(bytes: &mut Vec<u8>, name: &str) {
    put(bytes, name.len() as u64);
    bytes.extend_from_slice(name.as_bytes());
}

fn put_ratings(bytes: &mut Vec<u8>, ratings: &Ratings) {
    put(bytes, ratings.len() as u64);
    for (scale, counts) in ratings {
        bytes.push(code(*scale));
        put(bytes, counts.len() as u64);
        counts.iter().for_each(|count| put(bytes, *count));
    }
}

fn put_times(bytes: &mut Vec<u8>, times: &Times) {
    let which = times.counted().fold(0_u64, |which, (bucket, _)| which | 1 << bucket);
    put(bytes, which);
    times.counted().for_each(|(_, count)| put(bytes, count));
}

/// A scale's byte on the disk, for ever.
fn code(scale: ScaleKind) -> u8 {
    match scale {
        ScaleKind::Faces => 0,
        ScaleKind::Faces4 => 1,
        ScaleKind::Stars => 2,
        ScaleKind::Nps => 3,
        ScaleKind::Effort => 4,
        ScaleKind::Thumbs => 5,
    }
}

/// What is still to be read.
struct Packed<'b>(&'b [u8]);

impl<'b> Packed<'b> {
    fn of_counts(bytes: &'b [u8]) -> Result<(Self, u8), Damaged> {
        match bytes {
            [version @ (VERSION | VERSION_OF_SUMS), rest @ ..] => Ok((Self(rest), *version)),
            _ => Err(Damaged),
        }
    }

    fn of_hours(bytes: &'b [u8]) -> Result<Self, Damaged> {
        match bytes {
            [VERSION_OF_HOURS, rest @ ..] => Ok(Self(rest)),
            _ => Err(Damaged),
        }
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        let (byte, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for place in 0..NUMBER_BYTES_MAX {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has room for one bit.
            if place == NUMBER_BYTES_MAX - 1 && bits > 1 {
                return Err(Damaged);
            }
            number |= bits << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn name(&mut self) -> Result<&'b str, Damaged> {
        let bytes = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        let (name, rest) = self.0.split_at_checked(bytes).ok_or(Damaged)?;
        self.0 = rest;
        std::str::from_utf8(name).map_err(|_| Damaged)
    }

    fn hour(&mut self) -> Result<u8, Damaged> {
        let hour = self.number()?;
        if hour < HOURS { u8::try_from(hour).map_err(|_| Damaged) } else { Err(Damaged) }
    }

    fn merge_hour(&mut self, hour: &mut HourTally) -> Result<(), Damaged> {
        hour.responses = hour.responses.saturating_add(self.number()?);
        self.merge_ratings(&mut hour.ratings)
    }

    fn merge_visits(&mut self, question: &mut QuestionTally, version: u8) -> Result<(), Damaged> {
        let (answered, left, third) = (self.number()?, self.number()?, self.number()?);
        question.answered = question.answered.saturating_add(answered);
        question.left = question.left.saturating_add(left);
        if version == VERSION_OF_SUMS {
            question.shown = question.shown.saturating_add(answered.saturating_add(left));
            return Ok(());
        }
        question.shown = question.shown.saturating_add(third);
        self.merge_times(&mut question.took)
    }

    fn merge_times(&mut self, times: &mut Times) -> Result<(), Damaged> {
        let mut which = self.number()?;
        if which >> BUCKETS > 0 {
            return Err(Damaged);
        }
        if which == 0 {
            return Ok(());
        }
        let counts = times.all();
        while which > 0 {
            let by = self.number()?;
            if let Some(count) = counts.get_mut(which.trailing_zeros() as usize) {
                *count = count.saturating_add(by);
            }
            which &= which - 1;
        }
        Ok(())
    }

    fn merge_ratings(&mut self, ratings: &mut Ratings) -> Result<(), Damaged> {
        for _ in 0..self.number()? {
            let byte = self.byte()?;
            let scale = ScaleKind::ALL.into_iter().find(|scale| code(*scale) == byte).ok_or(Damaged)?;
            let values = self.number()?;
            if values > VALUES_MAX {
                return Err(Damaged);
            }
            let values = usize::try_from(values).map_err(|_| Damaged)?;
            let counts = ratings.entry(scale).or_default();
            if counts.len() < values {
                counts.resize(values, 0);
            }
            for count in counts.iter_mut().take(values) {
                *count = count.saturating_add(self.number()?);
            }
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::tally::Outcomes;

    fn count() -> impl Strategy<Value = u64> {
        prop_oneof![4 => 0_u64..300, 1 => any::<u64>().prop_map(|count| count / 4), 1 => Just(u64::MAX / 2)]
    }

    fn ratings() -> impl Strategy<Value = Ratings> {
        let scale = proptest::sample::select(&ScaleKind::ALL[..]);
        btree_map(scale, vec(count(), 1..=11), 0..3)
    }

    fn times() -> impl Strategy<Value = Times> {
        vec((0_u64..200_000, 1_u64..300), 0..6).prop_map(|counts| {
            let mut times = Times::default();
            counts.into_iter().for_each(|(took_ms, count)| *times.of_ms(took_ms) += count);
            times
        })
    }

    fn questions() -> impl Strategy<Value = BTreeMap<String, QuestionTally>> {
        let counts = (count(), count(), count(), times());
        let question = (counts, ratings(), btree_map("[a-zäß]{0,9}", count(), 0..4));
        let question = question.prop_map(|((answered, left, shown, took), ratings, options)| QuestionTally {
            answered,
            left,
            shown,
            took,
            ratings,
            options,
        });
        btree_map("[a-z]{0,5}", question, 0..4)
    }

    fn tallies() -> impl Strategy<Value = Tally> {
        let hour = (count(), ratings()).prop_map(|(responses, ratings)| HourTally { responses, ratings });
        let outcomes = (count(), count(), count(), count());
        (outcomes, questions(), btree_map(0_u8..24, hour, 0..6)).prop_map(|(outcomes, questions, hours)| {
            let (completed, finished, timed_out, interrupted) = outcomes;
            let outcomes = Outcomes { completed, finished, timed_out, interrupted };
            Tally { outcomes, questions, hours }
        })
    }

    proptest! {
        #[test]
        fn what_is_unpacked_is_what_was_packed_and_adds_up_as_it_would_have(
            one in tallies(),
            other in tallies(),
        ) {
            let (counts, hours) = (other.packed(), other.packed_hours());
            prop_assert_eq!(&Tally::unpacked(&counts, &hours).unwrap(), &other);
            let (mut merged, mut added) = (one.clone(), one);
            merged.merge(&other);
            added.merge_packed(&counts).unwrap();
            merge_packed_hours(&mut added.hours, &hours).unwrap();
            prop_assert_eq!(&added, &merged);
            let (mut day, mut whole) = (HourTally::default(), HourTally::default());
            day.merge_packed_day(&hours).unwrap();
            other.hours.values().for_each(|hour| whole.merge(hour));
            prop_assert_eq!(day, whole);
            // Whatever is cut off or put on is noticed.
            let damaged = |packed: &[u8]| {
                let cut = (0..packed.len()).map(|bytes| packed[..bytes].to_vec());
                let more = packed.iter().copied().chain([0]).collect();
                cut.chain([more]).collect::<Vec<Vec<u8>>>()
            };
            for counts in damaged(&counts) {
                prop_assert_eq!(Tally::default().merge_packed(&counts), Err(Damaged));
            }
            for hours in damaged(&hours) {
                prop_assert_eq!(merge_packed_hours(&mut BTreeMap::new(), &hours), Err(Damaged));
                prop_assert_eq!(HourTally::default().merge_packed_day(&hours), Err(Damaged));
            }
        }

        #[test]
        fn anything_at_all_is_read_or_refused(mut bytes in vec(any::<u8>(), 0..200)) {
            for version in [VERSION, VERSION_OF_SUMS] {
                if let Some(first) = bytes.first_mut() {
                    *first = version;
                }
                let _ = Tally::default().merge_packed(&bytes);
                let _ = merge_packed_hours(&mut BTreeMap::new(), &bytes);
            }
            let _ = HourTally::default().merge_packed_day(&bytes);
        }
    }

    #[test]
    fn what_claims_more_than_it_has_is_refused_at_once() {
        let many = [&[VERSION, 0, 0, 0, 0][..], &[0xFF; 9], &[1]].concat();
        assert_eq!(Tally::default().merge_packed(&many), Err(Damaged));
        let hours = [VERSION_OF_HOURS, 0];
        assert_eq!(Tally::unpacked(&[VERSION + 1, 0, 0, 0, 0, 0], &hours), Err(Damaged));
        assert_eq!(
            Tally::unpacked(&[VERSION, 0, 0, 0, 0, 0], &[VERSION_OF_HOURS, 1, 24, 0, 0]),
            Err(Damaged)
        );
        assert_eq!(Tally::unpacked(&[VERSION, 0, 0, 0, 0, 0], &hours), Ok(Tally::default()));
        // A 38th bucket.
        let buckets = [VERSION, 1, 0, 0, 0, 1, 1, b'q', 1, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04, 1, 0, 0];
        assert_eq!(Tally::unpacked(&buckets, &hours), Err(Damaged));
    }

    #[test]
    fn what_a_program_packed_that_added_times_up_is_read_as_far_as_it_knew() {
        // Two responses, one of them left at "why" by who had answered it; 300 ms in all, one face, one option.
        let counts = [1, 1, 1, 0, 0, 1, 3, b'w', b'h', b'y', 2, 1, 0xAC, 2, 1, 0, 2, 0, 1, 1, 1, b'a', 1];
        let tally = Tally::unpacked(&counts, &[1, 0]).unwrap();
        let why = &tally.questions["why"];
        assert_eq!((tally.outcomes.total(), why.answered, why.left, why.shown), (2, 2, 1, 3));
        assert_eq!((why.took.median_ms(), &why.ratings[&ScaleKind::Faces]), (None, &vec![0, 1]));
        assert_eq!(why.options, BTreeMap::from([("a".into(), 1)]));
    }
}
