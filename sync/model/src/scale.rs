//! The ratings that one tap gives: six scales, each with values of its own, all from worst to best.
//!
//! Scales are never mixed: four of five faces is another answer than four of four, so each has its own name in a
//! record. Whoever shows, checks or counts ratings asks the scale and needs no case for each.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::response::AnswerValue;

/// The lowest value on any scale.
pub const RATING_MIN: u8 = 0;

/// The highest value on any scale.
pub const RATING_MAX: u8 = 10;

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleKind {
    /// Five faces, 1 to 5.
    Faces,
    /// Four faces, 1 to 4: no middle to hide in.
    Faces4,
    /// One to five stars.
    Stars,
    /// How likely one would recommend the store, 0 to 10 (Reichheld, "The One Number You Need to Grow", 2003).
    Nps,
    /// How easy something was, 1 to 7 (customer effort score 2.0: 1 is hard, 7 is easy).
    Effort,
    /// Thumb down is 0, thumb up is 1.
    Thumbs,
}

impl ScaleKind {
    /// Every scale.
    pub const ALL: [Self; 6] =
        [Self::Faces, Self::Faces4, Self::Stars, Self::Nps, Self::Effort, Self::Thumbs];

    /// Its values, the worst first.
    #[must_use]
    pub fn range(self) -> RangeInclusive<u8> {
        match self {
            Self::Faces | Self::Stars => 1..=5,
            Self::Faces4 => 1..=4,
            Self::Nps => RATING_MIN..=RATING_MAX,
            Self::Effort => 1..=7,
            Self::Thumbs => 0..=1,
        }
    }

    /// Whether whoever chooses this value is unhappy: the two lowest faces and stars, the lower half of a scale without a middle,
    /// detractors, and what was hard.
    #[must_use]
    pub fn is_unhappy(self, value: u8) -> bool {
        value
            <= match self {
                Self::Faces | Self::Faces4 | Self::Stars => 2,
                Self::Nps => 6,
                Self::Effort => 3,
                Self::Thumbs => 0,
            }
    }

    /// The answer that gives this value; none where the scale does not have it.
    #[must_use]
    pub fn answer(self, value: u8) -> Option<AnswerValue> {
        self.range().contains(&value).then_some(match self {
            Self::Faces => AnswerValue::Face(value),
            Self::Faces4 => AnswerValue::Face4(value),
            Self::Stars => AnswerValue::Stars(value),
            Self::Nps => AnswerValue::Nps(value),
            Self::Effort => AnswerValue::Effort(value),
            Self::Thumbs => AnswerValue::Thumbs(value),
        })
    }
}

impl AnswerValue {
    /// The rating in this answer, where it is one that its scale has.
    #[must_use]
    pub fn rating(&self) -> Option<(ScaleKind, u8)> {
        let (scale, value) = match *self {
            Self::Face(value) => (ScaleKind::Faces, value),
            Self::Face4(value) => (ScaleKind::Faces4, value),
            Self::Stars(value) => (ScaleKind::Stars, value),
            Self::Nps(value) => (ScaleKind::Nps, value),
            Self::Effort(value) => (ScaleKind::Effort, value),
            Self::Thumbs(value) => (ScaleKind::Thumbs, value),
            Self::Choices(_) | Self::Comment(_) | Self::Contact(_) => return None,
        };
        scale.range().contains(&value).then_some((scale, value))
    }

    /// Whether nothing was chosen, written or left: the question was shown, and that is all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Choices(chosen) => chosen.is_empty(),
            Self::Comment(text) => text.is_empty(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_scale_is_an_answer_on_that_scale_and_no_other_value_is() {
        for scale in ScaleKind::ALL {
            for value in 0..=u8::MAX {
                let answer = scale.answer(value);
                assert_eq!(answer.is_some(), scale.range().contains(&value), "{scale:?} {value}");
                assert!(answer.is_none_or(|answer| answer.rating() == Some((scale, value))));
            }
            assert!(*scale.range().end() <= RATING_MAX);
        }
    }

    #[test]
    fn each_scale_has_unhappy_values_and_others() {
        for scale in ScaleKind::ALL {
            let range = scale.range();
            assert!(scale.is_unhappy(*range.start()) && !scale.is_unhappy(*range.end()), "{scale:?}");
        }
        assert!(ScaleKind::Nps.is_unhappy(6) && !ScaleKind::Nps.is_unhappy(7));
        assert!(!ScaleKind::Faces.is_unhappy(3));
    }

    #[test]
    fn a_value_the_scale_does_not_have_is_no_rating() {
        assert_eq!(AnswerValue::Face(0).rating(), None);
        assert_eq!(AnswerValue::Face4(5).rating(), None);
        assert_eq!(AnswerValue::Nps(0).rating(), Some((ScaleKind::Nps, 0)));
        assert_eq!(AnswerValue::Comment("5".into()).rating(), None);
    }
}
