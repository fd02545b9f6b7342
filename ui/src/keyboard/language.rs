//! The languages that have a keyboard.

/// A language with a keyboard of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Arabic,
    English,
    French,
    German,
    Polish,
    Spanish,
}

impl Language {
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] =
        [Self::Arabic, Self::English, Self::French, Self::German, Self::Polish, Self::Spanish];

    /// The language of a BCP 47 tag such as `de` or `de-AT`, by its first part; English for every other.
    pub(super) fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let known = [Self::Arabic, Self::French, Self::German, Self::Polish, Self::Spanish];
        known
            .into_iter()
            .find(|language| primary.eq_ignore_ascii_case(language.tag()))
            .unwrap_or(Self::English)
    }

    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Polish => "pl",
            Self::Spanish => "es",
        }
    }
}
