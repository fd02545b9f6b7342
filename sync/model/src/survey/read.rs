//! The small parts that recur all over a survey: ids, icons, languages, and texts in every language.

use super::fields::{Fields, Node, Report, quoted, suggestion};
use super::limits::{ID_CHARS_MAX, LANGUAGE_NAME_GRAPHEMES_MAX, LANGUAGE_TAG_CHARS_MAX, LANGUAGES_MAX};
use super::question::ICONS;
use super::text::{Language, Text, graphemes, is_blank, is_refused};

const TEXT_HINT: &str = "give it per language: title.en = \"…\"";
const LANGUAGES_HINT: &str = "write [[languages]] with tag = \"en\" and name = \"English\"";

/// The survey's languages, as far as they could be read.
pub(super) struct Languages {
    pub(super) default: String,
    pub(super) list: Vec<Language>,
    /// False where their own section has mistakes; texts are then not held against it.
    pub(super) whole: bool,
}

/// Reads `default_language` and `[[languages]]`.
pub(super) fn languages(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Languages {
    let default = fields.required("default_language", "write default_language = \"en\"", report);
    let default = default.as_ref().and_then(|node| node.string(report).map(|text| (node.clone(), text)));
    let mut list: Vec<Language> = Vec::new();
    let mut whole = true;
    let node = fields.required("languages", LANGUAGES_HINT, report);
    for entry in node.as_ref().and_then(|node| node.list(LANGUAGES_HINT, report)).unwrap_or_default() {
        match language(&entry, &list, report) {
            Some(language) => list.push(language),
            None => whole = false,
        }
    }
    if let Some(node) = node.filter(|_| whole && list.len() > LANGUAGES_MAX) {
        let message = format!("{} languages, at most {LANGUAGES_MAX} are possible", list.len());
        report.mistake(&node.span, &node.path, message, "leave out the least used");
    }
    whole &= !list.is_empty() && default.is_some();
    let known = || list.iter().map(|language| language.tag.as_str());
    if let Some((node, tag)) =
        default.as_ref().filter(|(_, tag)| whole && !known().any(|known| known == *tag))
    {
        let hint = format!("{}; or add it to [[languages]]", suggestion(tag, known().collect::<Vec<_>>()));
        report.mistake(&node.span, &node.path, format!("{} is not one of the languages", quoted(tag)), hint);
        whole = false;
    }
    Languages { default: default.map(|(_, tag)| tag.to_owned()).unwrap_or_default(), list, whole }
}

fn language(entry: &Node<'_>, before: &[Language], report: &mut Report<'_>) -> Option<Language> {
    let mut fields = entry.fields(LANGUAGES_HINT, report)?;
    let tag = fields.required("tag", "write tag = \"en\"", report);
    let tag = tag.and_then(|node| language_tag(&node, before, report));
    let name = fields.required("name", "the language's name in itself: name = \"Deutsch\"", report);
    let name = name.and_then(|node| wording(&node, LANGUAGE_NAME_GRAPHEMES_MAX, report));
    fields.finish(report);
    Some(Language { tag: tag?, name: name? })
}

fn language_tag(node: &Node<'_>, before: &[Language], report: &mut Report<'_>) -> Option<String> {
    let tag = node.string(report)?;
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let well_formed = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && tag.len() <= LANGUAGE_TAG_CHARS_MAX;
    if !well_formed {
        let message = format!("{} is not a language tag", quoted(tag));
        report.mistake(&node.span, &node.path, message, "use a BCP 47 tag such as en, de or pt-BR");
        return None;
    }
    if before.iter().any(|language| language.tag.eq_ignore_ascii_case(tag)) {
        let message = format!("{} is listed twice", quoted(tag));
        report.mistake(&node.span, &node.path, message, "keep one of the two");
        return None;
    }
    Some(tag.to_owned())
}

/// Whether a word can be an id.
pub(super) fn is_id(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=ID_CHARS_MAX).contains(&word.len()) && word.bytes().all(allowed)
}

/// An id: lower-case letters, digits and hyphens.
pub(super) fn id(node: &Node<'_>, report: &mut Report<'_>) -> Option<String> {
    let id = node.string(report)?;
    if !is_id(id) {
        let hint = format!("use 1 to {ID_CHARS_MAX} lower-case letters, digits and hyphens");
        report.mistake(&node.span, &node.path, format!("{} cannot be an id", quoted(id)), hint);
        return None;
    }
    Some(id.to_owned())
}

/// The name of an icon.
pub(super) fn icon(node: &Node<'_>, report: &mut Report<'_>) -> Option<String> {
    let icon = node.string(report)?;
    if !ICONS.contains(&icon) {
        report.mistake(&node.span, &node.path, format!("no icon {}", quoted(icon)), suggestion(icon, ICONS));
        return None;
    }
    Some(icon.to_owned())
}

/// A text in every language.
pub(super) fn text(
    node: &Node<'_>,
    graphemes_max: usize,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Text> {
    let (default, translations) = per_language(node, TEXT_HINT, languages, report, |node, report| {
        wording(node, graphemes_max, report)
    })?;
    Some(Text::new(default, translations))
}

/// How many texts a list per language holds, what they are called, and how long each may be.
pub(super) struct Row {
    pub(super) count: usize,
    /// As in "4 words for 5 faces".
    pub(super) counted: &'static str,
    pub(super) graphemes_max: usize,
    pub(super) hint: &'static str,
}

/// A row of texts in every language, all of the same length.
pub(super) fn row(
    node: &Node<'_>,
    row: &Row,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Vec<Text>> {
    let (default, translations) =
        per_language(node, row.hint, languages, report, |node, report| row_of(node, row, report))?;
    let text = |(place, default): (usize, String)| {
        let translated = translations.iter().map(|(tag, texts)| (tag.clone(), texts[place].clone()));
        Text::new(default, translated.collect())
    };
    Some(default.into_iter().enumerate().map(text).collect())
}

fn row_of(node: &Node<'_>, row: &Row, report: &mut Report<'_>) -> Option<Vec<String>> {
    let items = node.list(row.hint, report)?;
    let texts: Vec<_> = items.iter().map(|item| wording(item, row.graphemes_max, report)).collect();
    if texts.len() != row.count {
        let message = format!("{} {}", texts.len(), row.counted);
        report.mistake(&node.span, &node.path, message, row.hint);
        return None;
    }
    texts.into_iter().collect()
}

/// Reads a table of one value per language. A missing default language is a mistake, a missing other a warning.
fn per_language<T>(
    node: &Node<'_>,
    hint: &str,
    languages: &Languages,
    report: &mut Report<'_>,
    mut read: impl FnMut(&Node<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<(T, Vec<(String, T)>)> {
    let fields = node.fields(hint, report)?;
    let mut default = None;
    let mut default_given = false;
    let mut others = Vec::new();
    for (tag, span, entry) in fields.entries() {
        let value = read(&entry, report);
        if tag == languages.default {
            default_given = true;
            default = value;
        } else if languages.whole && !languages.list.iter().any(|language| language.tag == tag) {
            let tags: Vec<_> = languages.list.iter().map(|language| language.tag.as_str()).collect();
            let hint = format!("{}; or add it to [[languages]]", suggestion(tag, tags));
            report.mistake(&span, &entry.path, format!("the survey has no language {}", quoted(tag)), hint);
        } else {
            others.push((tag.to_owned(), value));
        }
    }
    if languages.whole && !default_given {
        let default = &languages.default;
        let hint = format!("every text must be there in the default language: add .{default}");
        report.mistake(&node.span, &fields.path_of(default), "missing", hint);
    }
    let missing = languages.list.iter().filter(|language| {
        language.tag != languages.default && !others.iter().any(|(tag, _)| *tag == language.tag)
    });
    for language in missing.filter(|_| languages.whole) {
        let hint = format!("the kiosk shows the text in {} instead", quoted(&languages.default));
        report.warning(&node.span, &fields.path_of(&language.tag), "not translated", hint);
    }
    let others = others.into_iter().map(|(tag, value)| Some((tag, value?))).collect::<Option<Vec<_>>>()?;
    Some((default?, others))
}

/// One wording: visible, on one line, not too long, and saying what it seems to say.
fn wording(node: &Node<'_>, graphemes_max: usize, report: &mut Report<'_>) -> Option<String> {
    let text = node.string(report)?;
    let mistake = if let Some(character) = text.chars().find(|&character| is_refused(character)) {
        let code = u32::from(character);
        Some((
            format!("holds the control character U+{code:04X}"),
            "delete it; a text is one line and reads in its own direction".to_owned(),
        ))
    } else if is_blank(text) {
        Some(("is blank".to_owned(), "write the text, or leave out the field".to_owned()))
    } else {
        let length = graphemes(text);
        (length > graphemes_max).then(|| {
            (
                format!("{length} characters, at most {graphemes_max} fit on the screen"),
                "shorten it".to_owned(),
            )
        })
    };
    if let Some((message, hint)) = mistake {
        report.mistake(&node.span, &node.path, message, hint);
        return None;
    }
    Some(text.to_owned())
}
