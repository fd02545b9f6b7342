//! Texts of a form as a kiosk shows them: one line, without Markdown.

use afterword_model::survey::is_refused;

use super::languages::Languages;
use super::table::Row;

/// A text by language tag.
pub(super) type Texts = Vec<(String, String)>;

/// The texts under a heading, by tag. Texts of languages that were left out are left out with them.
///
/// # Errors
/// Why they cannot be shown as they are.
pub(super) fn texts(row: &Row, base: &str, languages: &Languages) -> Result<Texts, String> {
    let mut texts = Texts::new();
    for (language, text) in row.per_language(base) {
        let Some(tag) = languages.tag_of(language) else { continue };
        let text = plain(text);
        if text.contains("${") {
            return Err(format!("its {base} puts in an answer with ${{…}}, which the kiosk cannot"));
        }
        // A plain `label` and `label::English (en)` may both be there; the one that names its language counts.
        match texts.iter_mut().find(|(known, _)| known == tag) {
            Some(known) if language.is_some() => known.1 = text,
            Some(_) => {}
            None => texts.push((tag.to_owned(), text)),
        }
    }
    Ok(texts)
}

/// No tag of a form is longer.
const TAG_BYTES_MAX: usize = 1_000;

/// Without Markdown, tags, line breaks, and characters that no survey may hold.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        plain.push_str(before);
        let is_tag = tag[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/');
        // Looked for as far as tags go: of a text full of openings each would be followed to the end of all.
        let end = tag.bytes().take(TAG_BYTES_MAX).position(|byte| byte == b'>');
        match end.filter(|_| is_tag) {
            Some(close) => {
                plain.push(' ');
                rest = &tag[close + 1..];
            }
            None => {
                plain.push('<');
                rest = &tag[1..];
            }
        }
    }
    plain.push_str(rest);
    let plain = plain.replace("**", "").replace("__", "").replace("&nbsp;", " ");
    let lines = plain.lines().map(|line| {
        // A heading of Markdown has a space behind its signs; "#1" is a text.
        let rest = line.trim_start().trim_start_matches('#');
        if rest.starts_with(' ') { rest } else { line }
    });
    let visible: String = lines
        .flat_map(|line| line.chars().chain([' ']))
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !is_refused(*character))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_and_line_breaks_go_and_words_stay() {
        assert_eq!(plain("## How was\r\nyour **visit**?"), "How was your visit?");
        assert_eq!(plain("<span style=\"color:red\">Hot</span> & cold, 3 < 4"), "Hot & cold, 3 < 4");
        assert_eq!(plain("#1 in town"), "#1 in town");
        assert_eq!(plain("a\u{202e}b\u{7}c <"), "ab c <");
    }
}
