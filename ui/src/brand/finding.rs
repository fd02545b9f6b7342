//! What a check of an accent colour has to say.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The kiosk draws something differently, so that it stays readable. Nobody has to do anything.
    Corrected,
    /// The colour is accepted, and the retailer may want another.
    Warning,
}

/// One finding, for the person who saves the setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule of section 8 of the design tokens, 1 to 6.
    pub rule: u8,
    /// How much it matters.
    pub weight: Weight,
    /// One plain English sentence with its full stop. Ratios are rounded down to two decimals.
    pub sentence: String,
}

impl Finding {
    pub(super) fn corrected(rule: u8, sentence: String) -> Self {
        Self { rule, weight: Weight::Corrected, sentence }
    }

    pub(super) fn warning(rule: u8, sentence: String) -> Self {
        Self { rule, weight: Weight::Warning, sentence }
    }
}
