//! The words on a scale of a survey.

use super::text::Text;
use crate::scale::ScaleKind;

/// What the labels of a scale stand at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    /// At every value: the field `words`.
    Each,
    /// At the worst and at the best value: the field `ends`.
    Ends,
    /// Nowhere; stars speak for themselves.
    None,
}

impl Labels {
    pub(super) fn of(kind: ScaleKind) -> Self {
        match kind {
            ScaleKind::Faces | ScaleKind::Faces4 | ScaleKind::Thumbs => Self::Each,
            ScaleKind::Nps | ScaleKind::Effort => Self::Ends,
            ScaleKind::Stars => Self::None,
        }
    }
}

/// A scale with its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Which values there are, and what they mean.
    pub kind: ScaleKind,
    labels: Vec<Text>,
}

impl Scale {
    /// A scale; the labels are one for each value, or two for the ends, or none, as [`Labels::of`] says.
    pub(super) fn new(kind: ScaleKind, labels: Vec<Text>) -> Self {
        Self { kind, labels }
    }

    /// The values from worst to best, each with its label where it has one.
    pub fn values(&self) -> impl Iterator<Item = (u8, Option<&Text>)> {
        self.kind.range().map(|value| (value, self.label(value)))
    }

    /// The label at that value, where there is one.
    #[must_use]
    pub fn label(&self, value: u8) -> Option<&Text> {
        let range = self.kind.range();
        match Labels::of(self.kind) {
            Labels::Each => self.labels.get(usize::from(value.checked_sub(*range.start())?)),
            Labels::Ends if value == *range.start() => self.labels.first(),
            Labels::Ends if value == *range.end() => self.labels.last(),
            Labels::Ends | Labels::None => None,
        }
    }
}
