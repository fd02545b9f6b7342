//! A view of every page, with sample content.
//!
//! For drawing pages without a kiosk behind them: screenshots, golden screens, tests. What is on a page and how it is drawn
//! are apart: [`contents`] has every page in one language, a [`Variant`] says in which and how, and [`pages`] is the
//! selection that a reviewer would look through. The names are those of the pictures. Everything here is invented.

mod browse;
mod code;
mod contents;
mod device;
mod follow_ups;
mod staff;
mod words;

use crate::view::{Look, Page, View};

/// A language with sample content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The language the pages are designed in.
    English,
    /// Long words.
    German,
    /// From right to left.
    Arabic,
}

impl Language {
    /// Its BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }
}

/// A way in which every page is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// Which words.
    pub language: Language,
    /// See [`Look::high_contrast`].
    pub high_contrast: bool,
    /// See [`Look::reach`].
    pub reach: bool,
}

impl Variant {
    /// Both directions of reading in both themes, and in reach once in each: what a change to any page has to be looked at in.
    pub const ALL: [Self; 6] = [
        Self { language: Language::English, high_contrast: false, reach: false },
        Self { language: Language::English, high_contrast: true, reach: false },
        Self { language: Language::English, high_contrast: true, reach: true },
        Self { language: Language::Arabic, high_contrast: false, reach: false },
        Self { language: Language::Arabic, high_contrast: true, reach: false },
        Self { language: Language::Arabic, high_contrast: false, reach: true },
    ];

    /// Its name in a file's: `en-light`, `ar-contrast`, `en-contrast-reach`.
    #[must_use]
    pub fn name(self) -> String {
        let theme = if self.high_contrast { "contrast" } else { "light" };
        format!("{}-{theme}{}", self.language.tag(), if self.reach { "-reach" } else { "" })
    }

    /// Every page in this way, by the stem of its picture's file name.
    #[must_use]
    pub fn pages(self) -> Vec<(&'static str, View)> {
        let view = |mut page| {
            if let Page::Easier(easier) = &mut page {
                (easier.high_contrast, easier.reach) = (self.high_contrast, self.reach);
            }
            View { page, look: self.look() }
        };
        contents(self.language).into_iter().map(|(stem, page)| (stem, view(page))).collect()
    }

    fn look(self) -> Look {
        let Self { language, high_contrast, reach } = self;
        Look { high_contrast, reach, language: language.tag().into(), ..Look::default() }
    }
}

/// What is on every page, by the stem of its picture's file name, in the order a shopper meets them.
#[must_use]
pub fn contents(language: Language) -> Vec<(&'static str, Page)> {
    let words = match language {
        Language::English => &words::ENGLISH,
        Language::German => &words::GERMAN,
        Language::Arabic => &words::ARABIC,
    };
    let mut pages = contents::of(words);
    pages.extend(staff::of(words));
    pages
}

/// How a picture of [`PICKED`] differs from the page in the light theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    Nothing,
    Contrast,
    Reach,
    ContrastInReach,
    Back,
}

/// What is worth a look beside the English pages: the picture's name, the page, and how it is drawn.
const PICKED: [(&str, &str, Language, With); 37] = {
    use Language::{Arabic, English, German};
    use With::{Back, Contrast, ContrastInReach, Nothing, Reach};
    [
        ("kiosk-01c-idle-german", "kiosk-01-idle-rating", German, Nothing),
        ("kiosk-04-idle-arabic", "kiosk-01-idle-rating", Arabic, Nothing),
        ("kiosk-04b-reasons-arabic", "kiosk-06-reasons", Arabic, Nothing),
        ("kiosk-05-idle-high-contrast", "kiosk-01-idle-rating", English, ContrastInReach),
        ("kiosk-05b-idle-high-contrast-pressed", "kiosk-01b-idle-pressed", English, ContrastInReach),
        ("kiosk-01r-idle-six-languages-reach", "kiosk-01e-idle-six-languages", English, Reach),
        ("kiosk-10s-idle-nps-reach", "kiosk-10b-idle-nps", English, Reach),
        ("kiosk-10t-idle-nps-six-languages-reach", "kiosk-10c-idle-nps-six-languages", English, Reach),
        ("kiosk-06d-reasons-german", "kiosk-06-reasons", German, Back),
        ("kiosk-06f-reasons-high-contrast", "kiosk-06-reasons", English, Contrast),
        ("kiosk-07d-comment-german", "kiosk-07-comment", German, Back),
        ("kiosk-07e-comment-high-contrast", "kiosk-07-comment", English, Contrast),
        ("kiosk-07f-comment-arabic", "kiosk-07-comment", Arabic, Nothing),
        ("kiosk-08f-contact-email-german", "kiosk-08b-contact-email", German, Back),
        ("kiosk-08g-contact-arabic", "kiosk-08-contact", Arabic, Nothing),
        ("kiosk-08h-contact-email-arabic", "kiosk-08b-contact-email", Arabic, Nothing),
        ("kiosk-08i-contact-email-high-contrast", "kiosk-08b-contact-email", English, Contrast),
        ("kiosk-09c-thanks-german", "kiosk-09b-thanks-plain", German, Nothing),
        ("kiosk-09d-thanks-high-contrast", "kiosk-09-thanks", English, Contrast),
        ("kiosk-09g-thanks-code-german", "kiosk-09f-thanks-code-voucher", German, Nothing),
        ("kiosk-09h-thanks-code-arabic", "kiosk-09f-thanks-code-voucher", Arabic, Nothing),
        ("kiosk-09i-thanks-code-high-contrast", "kiosk-09f-thanks-code-voucher", English, Contrast),
        ("kiosk-16b-easier-high-contrast", "kiosk-16-easier-to-use", English, Contrast),
        ("kiosk-17b-still-there-german", "kiosk-17-still-there", German, Nothing),
        ("kiosk-17c-still-there-high-contrast", "kiosk-17-still-there", English, Contrast),
        ("kiosk-18b-out-of-service-german", "kiosk-18-out-of-service", German, Nothing),
        ("kiosk-18c-out-of-service-high-contrast", "kiosk-18-out-of-service", English, Contrast),
        ("kiosk-06r-reasons-reach", "kiosk-06-reasons", English, Reach),
        ("kiosk-07r-comment-reach", "kiosk-07-comment", English, Reach),
        ("kiosk-07s-comment-reach-arabic", "kiosk-07-comment", Arabic, Reach),
        ("kiosk-08r-contact-reach", "kiosk-08-contact", English, Reach),
        ("kiosk-08s-contact-email-reach", "kiosk-08b-contact-email", English, Reach),
        ("kiosk-08t-contact-reach-high-contrast", "kiosk-08c-contact-empty", English, ContrastInReach),
        ("kiosk-08u-contact-reach-phone-alone", "kiosk-08j-contact-phone-alone", English, Reach),
        ("kiosk-08v-contact-email-reach-alone", "kiosk-08k-contact-email-alone", English, Reach),
        ("kiosk-10r-nps-reach", "kiosk-10-nps", English, Reach),
        ("kiosk-11r-stars-reach", "kiosk-11-stars", English, Reach),
    ]
};

/// Every page in English, and after them what else is worth a look, by the stems of their pictures' file names.
#[must_use]
pub fn pages() -> Vec<(&'static str, View)> {
    let english = Variant { language: Language::English, high_contrast: false, reach: false };
    let mut pages = english.pages();
    for (name, stem, language, with) in PICKED {
        let (_, page) = contents(language)
            .into_iter()
            .find(|(found, _)| *found == stem)
            .unwrap_or_else(|| unreachable!("every language has every page, so {stem} too"));
        let page = if with == With::Back { contents::with_back(page) } else { page };
        let high_contrast = matches!(with, With::Contrast | With::ContrastInReach);
        let reach = matches!(with, With::Reach | With::ContrastInReach);
        pages.push((name, View { page, look: Variant { language, high_contrast, reach }.look() }));
    }
    pages
}
