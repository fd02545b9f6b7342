//! What shoppers of six languages type: every marked span has to go, everything else has to stay.

use afterword_model::mask::{MARK, mask};

/// The comments of a corpus, with the language they are under.
fn comments(corpus: &str) -> Vec<(String, String)> {
    let mut language = String::new();
    let mut found = Vec::new();
    for line in corpus.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            name.clone_into(&mut language);
        } else if !line.is_empty() {
            found.push((language.clone(), line.to_owned()));
        }
    }
    found
}

/// Splits "call «0770…» now" into what was typed and what must be left of it.
fn typed_and_left(line: &str) -> (String, String) {
    let (mut typed, mut left, mut inside) = (String::new(), String::new(), false);
    for ch in line.chars() {
        match ch {
            '«' => {
                inside = true;
                left.push_str(MARK);
            }
            '»' => inside = false,
            _ => {
                typed.push(ch);
                if !inside {
                    left.push(ch);
                }
            }
        }
    }
    (typed, left)
}

const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "pl", "ar"];

fn enough(comments: &[(String, String)]) -> Result<(), String> {
    let mut lines: Vec<&String> = comments.iter().map(|(_, line)| line).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), comments.len(), "no line twice");
    let counts: Vec<(&str, usize)> = LANGUAGES
        .iter()
        .map(|language| (*language, comments.iter().filter(|(under, _)| under == language).count()))
        .collect();
    println!("{} lines: {counts:?}", comments.len());
    let ok = comments.len() >= 320 && counts.iter().all(|(_, count)| *count >= 45);
    if ok { Ok(()) } else { Err(format!("{counts:?}")) }
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} lines wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_marked_span_goes_and_nothing_else() {
    let comments = comments(include_str!("corpus/mask.txt"));
    let mut wrong = Vec::new();
    for (language, line) in &comments {
        let (typed, left) = typed_and_left(line);
        assert!(typed.chars().count() <= 200, "{line}");
        let masked = mask(&typed);
        let spans = masked.spans;
        let count = spans.phones + spans.emails + spans.cards + spans.ibans;
        if masked.text != left || usize::from(count) != line.matches('«').count() {
            wrong.push(format!("{language} typed {typed}\n   want {left}\n   got  {}", masked.text));
        }
    }
    report(&wrong);
    assert_eq!(enough(&comments), Ok(()));
}

#[test]
fn what_is_nobodys_stays() {
    let comments = comments(include_str!("corpus/keep.txt"));
    let mut wrong = Vec::new();
    for (language, line) in &comments {
        assert!(line.chars().count() <= 200, "{line}");
        let masked = mask(line);
        if masked.text != *line {
            wrong.push(format!("{language} typed {line}\n   got  {}", masked.text));
        }
    }
    report(&wrong);
    assert_eq!(enough(&comments), Ok(()));
}
