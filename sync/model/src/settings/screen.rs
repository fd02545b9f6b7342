//! What is asked on this screen and how long it waits, as a kiosk's file and head office's settings say it beside the survey.
//!
//! A survey is written for many kiosks; which of its languages a shop's people speak, whether it may ask for words or a number at all, and how long
//! a page waits for somebody, are matters of the place.

use serde::{Deserialize, Serialize};

use crate::survey::Survey;

/// More languages than this are on no screen's switch.
pub const LANGUAGES_MAX: usize = 12;

/// How long a page may go untouched, in seconds. Who reads slowly needs a quarter of a minute for a page; after two minutes the next
/// shopper has gone.
pub const IDLE_S: std::ops::RangeInclusive<u64> = 15..=120;

/// How long the thanks page stands, in seconds: long enough to be read, and not so long that the next one finds it.
pub const THANKS_S: std::ops::RangeInclusive<u64> = 4..=60;

/// The table `[ask]`: what a survey may ask on this kiosk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskSettings {
    /// Whether a survey's questions for words are asked; they are where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<bool>,
    /// Whether its questions for a number or an address are; likewise, and never without a key that seals them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<bool>,
}

/// The table `[times]`: how long the screen waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSettings {
    /// Seconds that a page may go untouched before the kiosk asks whether somebody is still there; [`IDLE_S`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<u64>,
    /// Seconds that the thanks page stands; [`THANKS_S`]. One with a code on it stands longer where that is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thanks_s: Option<u64>,
}

impl TimeSettings {
    /// The field within the table that cannot be used, and what is wrong with it.
    #[must_use]
    pub fn mistake(&self) -> Option<(&'static str, String)> {
        [("idle_s", self.idle_s, IDLE_S), ("thanks_s", self.thanks_s, THANKS_S)].into_iter().find_map(
            |(field, seconds, range)| {
                let seconds = seconds.filter(|seconds| !range.contains(seconds))?;
                let (least, most) = (range.start(), range.end());
                let what = format!("it is a number of seconds from {least} to {most}, and this is {seconds}");
                Some((field, what))
            },
        )
    }
}

/// What is wrong with languages that are to be offered.
#[must_use]
pub fn languages_mistake(languages: &[String]) -> Option<String> {
    let is_tag = |tag: &str| {
        tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    if languages.is_empty() || languages.len() > LANGUAGES_MAX {
        return Some(format!(
            "it names 1 to {LANGUAGES_MAX} languages; leave it out to offer all that the survey has"
        ));
    }
    if let Some(tag) = languages.iter().find(|tag| !is_tag(tag)) {
        let shown: String = tag.escape_default().take(40).collect();
        return Some(format!("`{shown}` is no language; write its tag, as in \"en\" or \"pt-BR\""));
    }
    let twice = languages.iter().enumerate().find(|(place, tag)| languages[..*place].contains(tag));
    twice.map(|(_, tag)| format!("`{tag}` stands there twice; name each language once"))
}

/// The survey in these languages alone, as far as it has them, in their order; the kiosk rests in the first of them.
///
/// # Errors
/// What is wrong when it has none of them.
pub fn in_languages(survey: &Survey, languages: &[String]) -> Result<Survey, String> {
    let offered = languages.iter().filter_map(|tag| survey.languages.iter().find(|has| has.tag == *tag));
    let offered: Vec<_> = offered.cloned().collect();
    let Some(first) = offered.first() else {
        let has: Vec<_> = survey.languages.iter().map(|language| language.tag.as_str()).collect();
        return Err(format!(
            "the survey `{}` has none of them, it has {}; name one of these or another survey",
            survey.id,
            has.join(", ")
        ));
    };
    Ok(Survey { default_language: first.tag.clone(), languages: offered, ..survey.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::parse;

    const TWO: &str = include_str!("../../../../kiosk/app/surveys/grocery-exit.toml");

    #[test]
    fn a_survey_rests_in_the_first_language_that_it_has_of_those_named() {
        let survey = parse(TWO).unwrap().survey;
        let tags = |languages: &[&str]| {
            let languages: Vec<_> = languages.iter().map(|tag| (*tag).to_owned()).collect();
            let survey = in_languages(&survey, &languages)?;
            let offered = survey.languages.iter().map(|language| language.tag.clone()).collect::<Vec<_>>();
            Ok::<_, String>((survey.default_language, offered))
        };
        assert_eq!(survey.default_language, "en");
        assert_eq!(tags(&["xx", "de", "en"]).unwrap(), ("de".into(), vec!["de".into(), "en".into()]));
        assert!(tags(&["xx"]).unwrap_err().contains("has none of them, it has en, de"));
        let german = in_languages(&survey, &["de".into()]).unwrap();
        assert_eq!(german.questions[0].title, survey.questions[0].title, "its words are all there");
    }

    #[test]
    fn languages_are_tags_that_stand_there_once() {
        let mistake = |languages: &[&str]| {
            languages_mistake(&languages.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(mistake(&["en", "pt-BR", "zh-Hans"]), None);
        assert!(mistake(&[]).unwrap().contains("1 to 12"));
        assert!(mistake(&["en", "de", "en"]).unwrap().contains("`en` stands there twice"));
        for wrong in ["", "e n", "en-", "en_GB", "\u{202e}", "deutschland"] {
            assert!(mistake(&[wrong]).unwrap().contains("is no language"), "{wrong}");
        }
    }
}
