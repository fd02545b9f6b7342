//! The shipped survey, one test for each class of mistake, and a flood of broken files.

use proptest::prelude::*;

use super::*;
use crate::response::{Answer, AnswerValue, ClockQuality, Draft, Stamp};
use crate::scale::ScaleKind;

mod conditions;
mod follow_up;
mod kinds;
mod shipped;
mod variants;

const SHIPPED: &str = include_str!("../../../../kiosk/app/surveys/grocery-exit.toml");

/// A whole survey of every kind, small enough to be seen at once. Tests break one thing in it.
const SMALL: &str = r#"format = 1
id = "small"
version = 3
default_language = "en"
languages = [{ tag = "en", name = "English" }, { tag = "de", name = "Deutsch" }]

[[questions]]
id = "visit"
kind = "faces"
title.en = "How was it?"
title.de = "Wie war es?"
words.en = ["1", "2", "3", "4", "5"]
words.de = ["eins", "zwei", "drei", "vier", "fünf"]

[[questions]]
id = "why"
kind = "choices"
show_if = { question = "visit", at_most = 2 }
title = { en = "Why?", de = "Warum?" }
[[questions.options]]
id = "queue"
icon = "waiting"
label = { en = "Queue", de = "Schlange" }

[[questions]]
id = "words"
kind = "comment"
title = { en = "Anything else?", de = "Noch etwas?" }
limit = 50

[thanks]
title = { en = "Thanks", de = "Danke" }
message = { en = "Saved.", de = "Gespeichert." }
"#;

/// The mistakes and warnings of `SMALL` with one passage replaced.
fn complaints(from: &str, to: &str) -> Vec<String> {
    assert!(SMALL.contains(from), "{from:?} is not in the file");
    let found = match parse(&SMALL.replacen(from, to, 1)) {
        Ok(parsed) => parsed.warnings,
        Err(found) => found,
    };
    found.iter().map(ToString::to_string).collect()
}

/// The one complaint about that change.
fn complaint(from: &str, to: &str) -> String {
    let mut found = complaints(from, to);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn draft(faces: &[(&str, u8)]) -> Draft {
    let stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
    let answer = |&(question, face): &(&str, u8)| Answer {
        question: question.into(),
        value: AnswerValue::Face(face),
        at_ms: 0,
    };
    Draft { answers: faces.iter().map(answer).collect(), ..Draft::begun("small", 3, "en", stamp) }
}

fn ids(steps: &[&Question]) -> Vec<String> {
    steps.iter().map(|question| question.id.clone()).collect()
}

#[test]
fn every_part_of_a_file_arrives() {
    let Parsed { survey, warnings } = parse(SMALL).unwrap();
    assert_eq!(warnings, []);
    assert_eq!((survey.id.as_str(), survey.version, survey.default_language_index()), ("small", 3, 0));
    assert_eq!(survey.languages[1], Language { tag: "de".into(), name: "Deutsch".into() });
    let QuestionKind::Scale(scale) = &survey.questions[0].kind else { panic!("the visit is rated") };
    assert_eq!(scale.kind, ScaleKind::Faces);
    assert_eq!(scale.label(5).map(|word| word.in_language("de")), Some("fünf"));
    let condition = Condition::Rating { question: "visit".into(), at_least: 0, at_most: 2 };
    assert_eq!(survey.questions[1].show_if.as_ref(), Some(&condition));
    assert!(matches!(survey.questions[2].kind, QuestionKind::Comment { limit: 50 }));
    assert_eq!(survey.thanks.message_for(true).in_language("en"), "Saved.");
    assert_eq!(survey.question("why").map(|question| question.title.in_language("de")), Some("Warum?"));
    assert_eq!(survey.question("unknown"), None);
}

#[test]
fn a_missing_translation_is_a_warning_and_falls_back() {
    let parsed = parse(&SMALL.replace("title.de = \"Wie war es?\"\n", "")).unwrap();
    assert_eq!(parsed.survey.questions[0].title.in_language("de"), "How was it?");
    assert_eq!(parsed.survey.questions[0].title.in_language("tlh"), "How was it?");
    assert_eq!(parsed.warnings[0].severity, Severity::Warning);
    assert_eq!(
        parsed.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10:1: questions[0].title.de: not translated (the kiosk shows the text in `en` instead)"]
    );
}

#[test]
fn the_branch_follows_the_face() {
    let survey = parse(SMALL).unwrap().survey;
    assert_eq!(ids(&survey.steps(&draft(&[]))), ["visit", "words"]);
    assert_eq!(ids(&survey.steps(&draft(&[("visit", 2)]))), ["visit", "why", "words"]);
    assert_eq!(ids(&survey.steps(&draft(&[("visit", 3)]))), ["visit", "words"]);
}

#[test]
fn an_answer_outside_the_branch_opens_nothing() {
    let more = "[[questions]]\nid = \"staff\"\nkind = \"faces\"\ntitle.en = \"Staff?\"\ntitle.de = \"Personal?\"\n\
                words.en = [\"1\", \"2\", \"3\", \"4\", \"5\"]\nwords.de = [\"1\", \"2\", \"3\", \"4\", \"5\"]\n\
                show_if = { question = \"visit\", at_least = 5 }\n\
                [[questions]]\nid = \"who\"\nkind = \"comment\"\ntitle = { en = \"Who?\", de = \"Wer?\" }\n\
                show_if = { question = \"staff\", at_least = 1 }\n[thanks]\n";
    let survey = parse(&SMALL.replace("[thanks]\n", more)).unwrap().survey;
    let branch = |visit| ids(&survey.steps(&draft(&[("visit", visit), ("staff", 2)])));
    assert_eq!(branch(5), ["visit", "words", "staff", "who"]);
    assert_eq!(branch(4), ["visit", "words"]);
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let broken = SMALL
        .replace("version = 3", "version = 0")
        .replace("kind = \"choices\"", "kind = \"choises\"")
        .replace("limit = 50", "limit = 500\nlimt = 5")
        .replace("message = {", "mesage = {");
    let found: Vec<String> = parse(&broken).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "3:11: version: `0` is out of range (allowed: 1 to 4294967295)",
            "17:8: questions[1].kind: no kind `choises` (did you mean `choices`?)",
            "29:9: questions[2].limit: `500` is out of range (allowed: 1 to 200)",
            "30:1: questions[2].limt: unknown field (did you mean `limit`?)",
            "32:1: thanks.message: missing (give it at least in the default language)",
            "34:1: thanks.mesage: unknown field (did you mean `message`?)",
        ]
    );
}

#[test]
fn columns_count_characters_and_the_order_is_the_files() {
    assert!(
        complaint("\"vier\", \"fünf\"", "\"fünf\", \"\"")
            .starts_with("13:45: questions[0].words.de[4]: is blank")
    );
    let broken = SMALL.replace("version = 3", "version = 3\ncolour = 1").replace("limit = 50", "limit = 0");
    let lines: Vec<usize> = parse(&broken).unwrap_err().iter().map(|diagnostic| diagnostic.line).collect();
    assert_eq!(lines, [4, 30]);
}

#[test]
fn broken_syntax_is_reported_with_its_place() {
    assert!(complaint("version = 3", "version = ").starts_with("3:11: file: "));
    assert!(complaint("id = \"small\"", "id = \"small").starts_with("2:12: file: "));
    assert!(complaint("version = 3", "version = 3\nversion = 4").starts_with("4:1: file: duplicate key"));
}

#[test]
fn a_format_of_the_future_is_refused_before_anything_else() {
    let found = complaint("format = 1", "format = 2\nnew_field = true");
    assert_eq!(
        found,
        "1:10: format: this program reads format 1, not 2 (write format = 1, or update the program)"
    );
    assert!(complaint("format = 1\n", "").starts_with("1:1: format: missing"));
}

#[test]
fn ids_are_plain_and_unique() {
    assert_eq!(
        complaint("id = \"small\"", "id = \"Small One\""),
        "2:6: id: `Small One` cannot be an id (use 1 to 40 lower-case letters, digits and hyphens)"
    );
    assert!(complaint("id = \"small\"", "id = \"\"").starts_with("2:6: id: `` cannot be an id"));
    assert!(complaint("\"small\"", &format!("\"{}\"", "a".repeat(41))).contains("cannot be an id"));
    assert_eq!(
        complaint("id = \"words\"", "id = \"visit\""),
        "26:6: questions[2].id: `visit` is already a question (give each question an id of its own)"
    );
    let option = "label = { en = \"Queue\", de = \"Schlange\" }\n";
    let twice = format!("{option}[[questions.options]]\nid = \"queue\"\nicon = \"staff\"\n{option}");
    assert!(
        complaint(option, &twice)
            .starts_with("25:6: questions[1].options[1].id: `queue` is already an option of this question")
    );
}

#[test]
fn wrong_types_say_what_was_expected() {
    assert_eq!(
        complaint("version = 3", "version = \"3\""),
        "3:11: version: expected a whole number, found a text (write it in digits, without quotes)"
    );
    assert_eq!(
        complaint("title = { en = \"Why?\", de = \"Warum?\" }", "title = \"Why?\""),
        "19:9: questions[1].title: expected a table, found a text (give it per language: title.en = \"…\")"
    );
    assert!(complaint("\"small\"", "1979-05-27").contains("expected a text in quotes, found a date"));
    assert!(complaint("{ question = \"visit\", at_most = 2 }", "true").contains("found true or false"));
    assert!(complaint("version = 3", "version = 99999999999999999999").contains("is out of range"));
    assert!(complaint("version = 3", "version = 1.5").contains("found a number with a point"));
}

#[test]
fn texts_are_visible_short_and_honest() {
    assert_eq!(
        complaint("title.en = \"How was it?\"", "title.en = \" \u{200B} \""),
        "10:12: questions[0].title.en: is blank (write the text, or leave out the field)"
    );
    assert_eq!(
        complaint("\"Deutsch\"", "\"Deu\u{202E}tsch\""),
        "5:69: languages[1].name: holds the control character U+202E (delete it; a text is one line and reads in its own direction)"
    );
    assert!(complaint("\"How was it?\"", "\"How\\nwas it?\"").contains("control character U+000A"));
    assert!(
        complaint("\"Queue\"", &format!("\"{}\"", "a".repeat(41))).contains("41 characters, at most 40 fit")
    );
    assert!(complaint("\"How was it?\"", &format!("\"{}\"", "ä".repeat(121))).contains("121 characters"));
    assert!(complaints("\"How was it?\"", &format!("\"{}\"", "e\u{301}".repeat(120))).is_empty());
    assert!(complaints("\"How was it?\"", "\"\u{200F}كيف كانت زيارتك؟\"").is_empty());
}

#[test]
fn languages_are_listed_once_and_texts_keep_to_them() {
    assert_eq!(
        complaint("default_language = \"en\"", "default_language = \"fr\""),
        "4:20: default_language: `fr` is not one of the languages (known here: en, de; or add it to [[languages]])"
    );
    assert_eq!(
        complaint("title.de = \"Wie war es?\"", "title.de = \"Wie war es?\"\ntitle.fr = \"Comment ?\""),
        "12:7: questions[0].title.fr: the survey has no language `fr` (known here: en, de; or add it to [[languages]])"
    );
    assert_eq!(
        complaint("title.en = \"How was it?\"\n", ""),
        "10:1: questions[0].title.en: missing (every text must be there in the default language: add .en)"
    );
    assert!(complaint("tag = \"de\"", "tag = \"en\"").contains("languages[1].tag: `en` is listed twice"));
    assert!(complaint("tag = \"de\"", "tag = \"German\"").contains("`German` is not a language tag"));
    assert!(!complaints("languages = [", "language = [").is_empty());
    assert!(complaint("default_language = \"en\"\n", "").contains("default_language: missing"));
}

#[test]
fn a_branch_has_at_most_five_steps_after_the_first() {
    let question = |id: usize, show_if: &str| {
        format!(
            "[[questions]]\nid = \"q{id}\"\nkind = \"comment\"\ntitle = {{ en = \"?\", de = \"?\" }}\n{show_if}\n"
        )
    };
    let with = |count: usize, show_if: &str| {
        let more: String = (0..count).map(|id| question(id, show_if)).collect();
        complaints("[thanks]\n", &format!("{more}[thanks]\n"))
    };
    assert!(with(3, "").is_empty());
    let found = with(4, "");
    assert!(found[0].contains("questions[6]: can be step 6 after the first tap"), "{found:#?}");
    // Two branches of four follow-ups each are eight questions, and still no branch is too long.
    assert!(with(4, "show_if = { question = \"visit\", at_least = 3 }").is_empty());
}

#[test]
fn lists_are_bounded() {
    let option = "[[questions.options]]\nid = \"queue\"\nicon = \"waiting\"\nlabel = { en = \"Queue\", de = \"Schlange\" }\n";
    let options =
        |count: usize| (0..count).map(|n| option.replace("queue", &format!("q{n}"))).collect::<String>();
    assert!(complaints(option, &options(8)).is_empty());
    assert!(complaint(option, &options(9)).contains("9 options, at most 8 fit on the screen"));
    assert!(complaint(option, "options = []\n").contains("questions[1].options: no option"));
    let question = "[[questions]]\nid = \"words\"\nkind = \"comment\"\ntitle = { en = \"?\", de = \"?\" }\n";
    assert!(
        complaints("[thanks]\n", &format!("{}[thanks]\n", question.repeat(30)))[0].contains("at most 25")
    );
}

#[test]
fn icons_are_known_ones() {
    assert!(complaint("\"waiting\"", "\"wating\"").ends_with("no icon `wating` (did you mean `waiting`?)"));
}

#[test]
fn unknown_fields_are_mistakes_at_every_level() {
    assert!(
        complaint("version = 3", "version = 3\ncolour = \"red\"")
            .starts_with("4:1: colour: unknown field (known")
    );
    assert!(
        complaint("tag = \"de\",", "tag = \"de\", rtl = false,").contains("languages[1].rtl: unknown field")
    );
    assert!(complaint("icon = \"waiting\"", "icon = \"waiting\"\nicno = 1").contains("did you mean `icon`?"));
    assert!(complaint("limit = 50", "words = []").contains("questions[2].words: unknown field"));
}

#[test]
fn what_is_quoted_cannot_harm_a_terminal() {
    let found = complaint("id = \"small\"", "id = \"\\u001b[31m\"");
    assert!(found.contains("`\\u{1b}[31m`"), "{found}");
    for key in ["\"\\u001b[31m\" = 1", "title.\"\\u001b[31m\" = \"x\""] {
        let found = complaint("kind = \"faces\"\n", &format!("kind = \"faces\"\n{key}\n"));
        assert!(found.contains("\\u{1b}[31m") && !found.contains('\u{1b}'), "{found}");
    }
}

#[test]
fn a_file_that_is_too_large_or_not_text_is_refused() {
    let large = format!("{SMALL}#{}", "x".repeat(limits::FILE_BYTES_MAX));
    assert!(parse(&large).unwrap_err()[0].to_string().contains("a survey has at most 262144"));
    assert!(parse_bytes(large.as_bytes()).unwrap_err()[0].to_string().starts_with("1:1: file: "));
    let mut bytes = SMALL.as_bytes().to_vec();
    bytes[20] = 0xff;
    assert!(parse_bytes(&bytes).unwrap_err()[0].to_string().starts_with("2:10: file: not UTF-8 from here"));
    assert!(parse_bytes(SMALL.as_bytes()).is_ok());
    assert!(!parse("").unwrap_err().is_empty());
}

#[test]
fn a_flood_of_mistakes_is_cut_and_keeps_the_mistakes() {
    let flood: String = (0..5_000).map(|n| format!("unknown-{n} = 1\n")).collect();
    assert_eq!(parse(&format!("{flood}{SMALL}")).unwrap_err().len(), limits::DIAGNOSTICS_MAX);
}

#[test]
fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
    for deep in [format!("x = {}", "[".repeat(200_000)), format!("{}x = 1", "a.".repeat(100_000))] {
        assert!(parse(&deep).is_err());
    }
}

proptest! {
    /// Whatever happens to a file, reading it ends with a survey that works or with diagnostics inside the file.
    #[test]
    fn a_mutilated_file_never_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, "\\PC{0,6}|[\\[\\]{}=.,\"'\n#0-9a-z]{0,8}"), 1..6),
        small in any::<bool>(),
    ) {
        let mut text: Vec<char> = if small { SMALL } else { SHIPPED }.chars().collect();
        for (at, removed, inserted) in edits {
            let from = at.index(text.len() + 1);
            let to = (from + removed).min(text.len());
            text.splice(from..to, inserted.chars());
        }
        let text: String = text.into_iter().collect();
        match parse(&text) {
            Ok(parsed) => {
                for face in 0..=5 {
                    let steps = parsed.survey.steps(&draft(&[("visit", face)]));
                    prop_assert!(steps.len() <= limits::STEPS_AFTER_FIRST_MAX + 1);
                    for question in steps {
                        prop_assert!(!question.title.in_language("de").trim().is_empty());
                    }
                }
            }
            Err(found) => {
                prop_assert!(found.iter().any(|diagnostic| diagnostic.severity == Severity::Mistake));
                for diagnostic in found {
                    prop_assert!(diagnostic.line >= 1 && diagnostic.line <= text.lines().count() + 1);
                    prop_assert!(diagnostic.column >= 1);
                }
            }
        }
    }

    /// Passages of whole files in any order: structure is broken more often than syntax.
    #[test]
    fn shuffled_lines_never_panic(order in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let lines: Vec<&str> = SMALL.lines().chain(SHIPPED.lines()).collect();
        let text: Vec<&str> = order.iter().map(|at| lines[at.index(lines.len())]).collect();
        let _ = parse(&text.join("\n"));
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_bytes(&bytes);
    }
}
