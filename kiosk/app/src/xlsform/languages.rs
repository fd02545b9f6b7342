//! Which languages a form has, from its headings: `label::English (en)`, `hint::Deutsch`, `label::fr`.

use afterword_model::survey::limits::{LANGUAGE_NAME_GRAPHEMES_MAX, LANGUAGE_TAG_CHARS_MAX, LANGUAGES_MAX};

use super::notes::{Notes, quoted};
use super::table::Table;

/// The language of a form that names none.
const UNNAMED: &str = "en";

/// Tag, own name and English name of languages that headings name without a tag.
const KNOWN: [(&str, &str, &str); 30] = [
    ("en", "English", "English"),
    ("de", "Deutsch", "German"),
    ("fr", "Français", "French"),
    ("es", "Español", "Spanish"),
    ("pl", "Polski", "Polish"),
    ("ar", "العربية", "Arabic"),
    ("it", "Italiano", "Italian"),
    ("pt", "Português", "Portuguese"),
    ("nl", "Nederlands", "Dutch"),
    ("da", "Dansk", "Danish"),
    ("sv", "Svenska", "Swedish"),
    ("nb", "Norsk", "Norwegian"),
    ("fi", "Suomi", "Finnish"),
    ("cs", "Čeština", "Czech"),
    ("sk", "Slovenčina", "Slovak"),
    ("hu", "Magyar", "Hungarian"),
    ("ro", "Română", "Romanian"),
    ("bg", "Български", "Bulgarian"),
    ("el", "Ελληνικά", "Greek"),
    ("tr", "Türkçe", "Turkish"),
    ("uk", "Українська", "Ukrainian"),
    ("ru", "Русский", "Russian"),
    ("he", "עברית", "Hebrew"),
    ("fa", "فارسی", "Persian"),
    ("hi", "हिन्दी", "Hindi"),
    ("sw", "Kiswahili", "Swahili"),
    ("zh", "中文", "Chinese"),
    ("ja", "日本語", "Japanese"),
    ("ko", "한국어", "Korean"),
    ("vi", "Tiếng Việt", "Vietnamese"),
];

/// A language of the survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Language {
    pub(super) tag: String,
    /// What it calls itself.
    pub(super) name: String,
}

/// The survey's languages; the default one is among them.
#[derive(Debug)]
pub(super) struct Languages {
    pub(super) list: Vec<Language>,
    pub(super) default: String,
}

impl Languages {
    /// Finds them in the headings of both sheets. What cannot be one is named.
    pub(super) fn find(questions: &Table, choices: &Table, default: Option<&str>, notes: &mut Notes) -> Self {
        let headings = questions.headings.iter().chain(&choices.headings);
        let mut headings: Vec<_> =
            headings.filter(|heading| heading.base == "label" || heading.base == "hint").collect();
        headings.dedup();
        let mut list: Vec<Language> = Vec::new();
        let mut refused: Vec<&str> = Vec::new();
        for name in headings.iter().filter_map(|heading| heading.language.as_deref()) {
            match language(name) {
                Some(language) if list.iter().any(|known| known.tag == language.tag) => {}
                Some(language) => list.push(language),
                None if refused.contains(&name) => {}
                None => {
                    refused.push(name);
                    let text = format!(
                        "{} says not which language it is; write a tag behind it, as in label::English (en); left out",
                        quoted(name)
                    );
                    notes.sheet("survey", text);
                }
            }
        }
        let has_plain = list.is_empty() || headings.iter().any(|heading| heading.language.is_none());
        let named = default.and_then(language);
        if let Some(default) = default.filter(|_| named.is_none()) {
            let text = format!(
                "default_language {} is not known as a language; write a tag behind it, as in English (en); left out",
                quoted(default)
            );
            notes.sheet("settings", text);
        }
        let wanted = named.unwrap_or_else(|| language(UNNAMED).expect("it stands in the table"));
        let is_there = list.iter().any(|known| known.tag == wanted.tag);
        let default = match list.first() {
            Some(first) if !is_there && !has_plain => first.tag.clone(),
            _ => {
                if !is_there {
                    list.insert(0, wanted.clone());
                }
                wanted.tag
            }
        };
        // The default language keeps its place among those that stay.
        let mut others = 1;
        list.retain(|language| {
            others += usize::from(language.tag != default);
            let stays = language.tag == default || others <= LANGUAGES_MAX;
            if !stays {
                let text = format!(
                    "{} is one language more than the {LANGUAGES_MAX} of a survey; left out",
                    quoted(&language.name)
                );
                notes.sheet("survey", text);
            }
            stays
        });
        Self { list, default }
    }

    /// The tag of a heading's language; of a heading without one, the default. None where the language is left out.
    pub(super) fn tag_of(&self, heading: Option<&str>) -> Option<&str> {
        let Some(heading) = heading else { return Some(&self.default) };
        let tag = language(heading)?.tag;
        self.list.iter().map(|language| language.tag.as_str()).find(|known| *known == tag)
    }
}

/// `English (en)`, `German`, `Deutsch` or `pt-BR`.
fn language(text: &str) -> Option<Language> {
    let text = text.trim();
    let bracketed = text.rsplit_once('(').and_then(|(name, rest)| {
        let tag = tag(rest.trim_end().strip_suffix(')')?.trim())?;
        Some((name.trim(), tag))
    });
    if let Some((name, tag)) = bracketed {
        return Some(named(tag, name));
    }
    let lower = text.to_lowercase();
    let known =
        KNOWN.iter().find(|(_, own, english)| own.to_lowercase() == lower || english.to_lowercase() == lower);
    match known {
        Some((tag, name, _)) => Some(Language { tag: (*tag).into(), name: (*name).into() }),
        None => tag(text).map(|tag| named(tag, text)),
    }
}

/// The language key shows what the language calls itself, where that is known.
fn named(tag: String, name: &str) -> Language {
    let own = KNOWN.iter().find(|(known, ..)| *known == tag).map(|(_, own, _)| *own);
    let name: String = own.unwrap_or(name).chars().take(LANGUAGE_NAME_GRAPHEMES_MAX).collect();
    Language { name: if name.is_empty() { tag.clone() } else { name }, tag }
}

/// A BCP 47 tag, its first part in lower case as a survey wants it.
fn tag(text: &str) -> Option<String> {
    let (primary, rest) = text.find('-').map_or((text, ""), |hyphen| text.split_at(hyphen));
    let is_tag = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && rest.split('-').skip(1).all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && text.len() <= LANGUAGE_TAG_CHARS_MAX;
    is_tag.then(|| primary.to_lowercase() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_name_languages_in_several_ways() {
        for (heading, tag, name) in [
            ("English (en)", "en", "English"),
            ("German (DE)", "de", "Deutsch"),
            ("français", "fr", "Français"),
            ("Brasileiro (pt-BR)", "pt-BR", "Brasileiro"),
            ("sw", "sw", "Kiswahili"),
            ("(xx)", "xx", "xx"),
        ] {
            let found = language(heading).unwrap();
            assert_eq!((found.tag.as_str(), found.name.as_str()), (tag, name), "{heading}");
        }
        for nobodys in ["Klingonese", "English (everywhere)", "", "(", "e-n"] {
            assert_eq!(language(nobodys), None, "{nobodys}");
        }
    }
}
