//! What staff see of the range of days that the numbers are of.

/// The page on which the range is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaysPage {
    /// The first day.
    pub first: DayEnd,
    /// The last day, included.
    pub last: DayEnd,
    /// How many days that are.
    pub days: u64,
}

/// An end of the range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayEnd {
    /// The day, to be read.
    pub date: String,
    /// Whether it can be earlier.
    pub can_go_back: bool,
    /// Whether it can be later.
    pub can_go_on: bool,
}
