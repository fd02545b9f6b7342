//! Writes a survey's file as the shipped ones are written: for people to read and to change.

use std::fmt::Write;

use afterword_model::scale::ScaleKind;
use afterword_model::survey::limits::FORMAT;

use super::draft::{Draft, DraftQuestion};
use super::kinds::Kind;
use super::languages::Language;
use super::show_if::ShowIf;
use super::wording::Texts;

/// Columns of a line, which a heading is filled up to.
const LINE_CHARS: usize = 114;

/// The whole file.
pub(super) fn write(draft: &Draft) -> String {
    let mut text = String::new();
    if draft.title.is_empty() {
        line(&mut text, "# Made from an XLSForm.");
    } else {
        line(&mut text, &format!("# {}, made from an XLSForm.", draft.title));
    }
    line(&mut text, "#");
    line(
        &mut text,
        "# Check this file with `afterword-kiosk survey check`; look at it with `afterword-kiosk survey preview`. What each",
    );
    line(
        &mut text,
        "# line means, and what else there is, stands in the survey that comes with the kiosk, grocery-exit.toml.",
    );
    line(&mut text, "");
    line(&mut text, &format!("format = {FORMAT}"));
    line(&mut text, &format!("id = {}", quoted(&draft.id)));
    line(&mut text, "");
    line(&mut text, "# Raise this by one whenever words, options or their order change.");
    line(&mut text, &format!("version = {}", draft.version));
    heading(&mut text, "Languages");
    line(&mut text, &format!("default_language = {}", quoted(&draft.default_language)));
    for Language { tag, name } in &draft.languages {
        line(&mut text, &format!("\n[[languages]]\ntag = {}\nname = {}", quoted(tag), quoted(name)));
    }
    heading(&mut text, "Questions");
    let parts: Vec<String> = draft.questions.iter().map(|question| one_question(question, draft)).collect();
    text.push_str(&parts.join("\n"));
    heading(&mut text, "Thanks");
    line(&mut text, "[thanks]");
    texts(&mut text, "title", &draft.thanks_title);
    texts(&mut text, "message", &draft.thanks_message);
    text
}

fn one_question(question: &DraftQuestion, draft: &Draft) -> String {
    let mut text = String::from("[[questions]]\n");
    line(&mut text, &format!("id = {}", quoted(&question.id)));
    line(&mut text, &format!("kind = {}", quoted(kind_name(&question.kind))));
    if let Kind::Choices { is_single: true, .. } = question.kind {
        line(&mut text, "pick = \"single\"");
    }
    if let Some(show_if) = &question.show_if {
        line(&mut text, &format!("show_if = {}", condition(show_if)));
    }
    texts(&mut text, "title", &question.title);
    if let Some(hint) = &question.hint {
        texts(&mut text, "hint", hint);
    }
    match &question.kind {
        Kind::Scale { scale, words } if words.is_empty() => ends(&mut text, *scale, draft),
        Kind::Scale { words, .. } => {
            line(&mut text, "# From the worst to the best.");
            rows(&mut text, "words", words, draft);
        }
        Kind::Choices { options, .. } => {
            for option in options {
                line(&mut text, "\n[[questions.options]]");
                line(&mut text, &format!("id = {}\nicon = {}", quoted(&option.id), quoted(option.icon)));
                texts(&mut text, "label", &option.label);
            }
        }
        Kind::Comment => {}
    }
    text
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Scale { scale: ScaleKind::Faces | ScaleKind::Faces4, .. } => "faces",
        Kind::Scale { scale: ScaleKind::Stars, .. } => "stars",
        Kind::Scale { scale: ScaleKind::Nps, .. } => "nps",
        Kind::Scale { scale: ScaleKind::Effort, .. } => "effort",
        Kind::Scale { scale: ScaleKind::Thumbs, .. } => "thumbs",
        Kind::Choices { .. } => "choices",
        Kind::Comment => "comment",
    }
}

/// The two ends of a scale of numbers; a form has no words for them.
fn ends(text: &mut String, scale: ScaleKind, draft: &Draft) {
    if scale == ScaleKind::Stars {
        return;
    }
    line(
        text,
        "# The form has no words for the two ends. Write some here, as in [\"Not likely\", \"Very likely\"].",
    );
    let range = scale.range();
    for Language { tag, .. } in &draft.languages {
        line(text, &format!("ends.{} = [\"{}\", \"{}\"]", tag, range.start(), range.end()));
    }
}

/// Rows of words; a language that lacks one of them is left to the default language's row.
fn rows(text: &mut String, name: &str, words: &[Texts], draft: &Draft) {
    for Language { tag, .. } in &draft.languages {
        let row = words
            .iter()
            .map(|texts| texts.iter().find(|(known, _)| known == tag).map(|(_, word)| quoted(word)));
        if let Some(row) = row.collect::<Option<Vec<_>>>() {
            line(text, &format!("{name}.{} = [{}]", tag, row.join(", ")));
        }
    }
}

fn texts(text: &mut String, name: &str, texts: &Texts) {
    // A tag is letters, digits and hyphens, which need no quotation marks in a key.
    for (tag, wording) in texts {
        line(text, &format!("{name}.{} = {}", tag, quoted(wording)));
    }
}

fn condition(show_if: &ShowIf) -> String {
    let list = |parts: &[ShowIf]| parts.iter().map(condition).collect::<Vec<_>>().join(", ");
    match show_if {
        ShowIf::Rating { question, at_least, at_most } => {
            let at_least = at_least.map(|value| format!(", at_least = {value}")).unwrap_or_default();
            let at_most = at_most.map(|value| format!(", at_most = {value}")).unwrap_or_default();
            format!("{{ question = {}{at_least}{at_most} }}", quoted(question))
        }
        ShowIf::Chosen { question, options } => {
            let options: Vec<_> = options.iter().map(|option| quoted(option)).collect();
            format!("{{ question = {}, chosen = [{}] }}", quoted(question), options.join(", "))
        }
        ShowIf::Answered { question, answered } => {
            format!("{{ question = {}, answered = {answered} }}", quoted(question))
        }
        ShowIf::All(parts) => format!("{{ all = [{}] }}", list(parts)),
        ShowIf::Any(parts) => format!("{{ any = [{}] }}", list(parts)),
        ShowIf::Not(part) => format!("{{ not = {} }}", condition(part)),
    }
}

fn heading(text: &mut String, name: &str) {
    let begun = format!("# ---- {name} ");
    let rest = "-".repeat(LINE_CHARS.saturating_sub(begun.len()));
    line(text, &format!("\n{begun}{rest}\n"));
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(character)).expect("a String takes everything");
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back_as_it_was() {
        for text in ["plain", "\"quoted\"", "back\\slash", "tab\tand\nline", "ü €", "\u{1}\u{7f}"] {
            let table: toml::Table = format!("text = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["text"].as_str(), Some(text));
        }
    }
}
