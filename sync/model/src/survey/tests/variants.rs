//! Sampling, variants and days of validity.

use super::kinds::{question, said_of, survey_of};
use super::*;
use crate::ports::SeededEntropy;

const WORDED: &str = "variants = [\n{ id = \"warm\", share = 0.5, title = { en = \"W\", de = \"W\" } },\n\
                      { id = \"short\", share = 0.25, hint = { en = \"S\", de = \"S\" } },\n]";

/// At the survey two variants, and a question that words them.
fn declared(fields: &str) -> String {
    format!(
        "variants = [{{ id = \"warm\", share = 0.5 }}, {{ id = \"short\", share = 0.25 }}]\n{}",
        question("visit", "stars", fields)
    )
}

fn complaint_about(questions: &str) -> String {
    let mut found = said_of(questions);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn drawn(draw: Option<u32>, variant: Option<&str>) -> Draft {
    Draft { draw, variant: variant.map(Into::into), ..draft(&[]) }
}

#[test]
fn a_sampled_question_is_asked_of_its_share_and_the_same_draw_decides_the_same() {
    let text =
        survey_of(&[question("visit", "stars", ""), question("b", "comment", "sample = 0.25")].concat());
    let survey = parse(&text).unwrap().survey;
    assert!(survey.needs_draw());
    let entropy = SeededEntropy::new(3);
    let draws: Vec<u32> = (0..10_000).map(|_| (entropy.next_u64() >> 32) as u32).collect();
    let asked = |draw| survey.steps(&drawn(Some(draw), None)).len() == 2;
    let count = draws.iter().filter(|&&draw| asked(draw)).count();
    assert!((2_500 - 130..=2_500 + 130).contains(&count), "{count} is further than 3 sigma from 2500");
    assert!(draws.iter().all(|&draw| asked(draw) == asked(draw)));
    assert_eq!(survey.steps(&drawn(None, None)).len(), 1, "without a draw it is not asked");
}

#[test]
fn variants_are_shared_out_and_say_their_own_words() {
    let hinted = format!("{WORDED}\nhint = {{ en = \"H\", de = \"H\" }}");
    let survey = parse(&survey_of(&question("visit", "stars", &hinted))).unwrap().survey;
    assert!(survey.needs_draw());
    let entropy = SeededEntropy::new(3);
    let mut counts = [0_i32; 3];
    for _ in 0..10_000 {
        let variant = survey.variant_for((entropy.next_u64() >> 32) as u32);
        counts[match variant.map(|variant| variant.id.as_str()) {
            Some("warm") => 0,
            Some("short") => 1,
            _ => 2,
        }] += 1;
    }
    // 3 sigma of 5,000, 2,500 and 2,500.
    let near = [(5_000, 150), (2_500, 130), (2_500, 130)];
    assert!(counts.iter().zip(near).all(|(count, (mean, off))| (count - mean).abs() <= off), "{counts:?}");

    let visit = &survey.questions[0];
    let title = |variant| visit.title_for(variant).in_language("en");
    assert_eq!((title(None), title(Some("warm")), title(Some("short"))), ("?", "W", "?"));
    let hint = |variant| visit.hint_for(variant).map(|hint| hint.in_language("de"));
    assert_eq!((hint(None), hint(Some("warm")), hint(Some("short"))), (Some("H"), Some("H"), Some("S")));
    assert!(!parse(SMALL).unwrap().survey.needs_draw());
}

#[test]
fn a_variant_can_be_a_condition() {
    let text = declared("") + &question("b", "comment", "show_if = { variant = \"warm\" }");
    let survey = parse(&survey_of(&text)).unwrap().survey;
    let steps = |variant| survey.steps(&drawn(Some(1), variant)).len();
    assert_eq!((steps(Some("warm")), steps(Some("short")), steps(None)), (2, 1, 1));
    let slip = text.replace("variant = \"warm\"", "variant = \"worm\"");
    assert!(
        complaint_about(&slip)
            .contains("show_if.variant: the survey has no variant `worm` (did you mean `warm`?)")
    );
    let rest = text.replace("{ variant = \"warm\" }", "{ not = { variant = [\"warm\", \"short\"] } }");
    assert_eq!(said_of(&rest), [""; 0], "a quarter is shown no variant");
    let whole = rest.replace("share = 0.25", "share = 0.5");
    assert!(complaint_about(&whole).contains("show_if: can never hold"));
}

#[test]
fn shares_are_parts_of_a_whole() {
    let shared = |share: &str| {
        complaint_about(
            &[question("visit", "stars", ""), question("b", "comment", &format!("sample = {share}"))]
                .concat(),
        )
    };
    assert_eq!(
        shared("0.0"),
        "14:10: questions[1].sample: `0.0` is out of range (allowed: above 0, up to 1 for all)"
    );
    assert!(shared("1.5").contains("`1.5` is out of range"));
    assert!(shared("-0.5").contains("`-0.5` is out of range"));
    assert!(shared("nan").contains("`nan` is out of range"));
    assert!(shared("25").contains("`25` is out of range"));
    assert!(
        shared("\"25%\"").contains("sample: expected a number, found a text (write a part of 1, as in 0.25)")
    );
    assert_eq!(
        said_of(&[question("visit", "stars", ""), question("b", "comment", "sample = 1")].concat()),
        [""; 0]
    );
    assert_eq!(
        complaint_about(&declared("").replace("0.25", "0.6")),
        "6:12: variants: the shares are 1.1 together, more than 1 (make them 1 together, or less)"
    );
    assert!(
        complaint_about(&question("visit", "stars", &WORDED.replace("0.25", "0.75")))
            .contains("questions[0].variants: the shares are 1.25 together")
    );
    assert!(
        complaint_about(&question("visit", "stars", "sample = 0.5"))
            .contains("questions[0].sample: the first question is always asked (delete sample here)")
    );
}

#[test]
fn variants_are_declared_once() {
    assert!(
        complaint_about(&declared("").replace("\"short\"", "\"warm\""))
            .contains("variants[1].id: `warm` is already a variant")
    );
    assert!(
        complaint_about(&declared("").replace(", share = 0.25", "")).contains("variants[1].share: missing")
    );
    assert!(
        complaint_about(&declared("").replace("share = 0.25", "share = 0.25, weight = 1"))
            .contains("variants[1].weight: unknown field")
    );
    assert!(
        complaint_about(&declared("").replace("id = \"short\", ", "")).contains("variants[1].id: missing")
    );
    assert!(
        said_of(&format!("variants = []\n{}", question("visit", "stars", "")))[0]
            .contains("variants: no variant")
    );
    assert!(
        said_of(&format!("variants = 2\n{}", question("visit", "stars", "")))[0]
            .contains("variants: expected a list")
    );
    let five: String = (0..5).map(|count| format!("{{ id = \"v{count}\", share = 0.1 }}, ")).collect();
    assert!(
        said_of(&format!("variants = [{five}]\n{}", question("visit", "stars", "")))[0]
            .contains("5 variants, at most 4")
    );
    let twice = question("visit", "stars", WORDED) + &question("b", "comment", WORDED);
    assert!(
        complaint_about(&twice)
            .contains("questions[1].variants: the survey has variants at questions[0].variants already")
    );
}

#[test]
fn a_question_words_the_variants_of_the_survey() {
    let worded = "variants = [{ id = \"warm\", title = { en = \"W\", de = \"W\" } }]";
    assert_eq!(said_of(&declared(worded)), [""; 0]);
    let changed = |from: &str, to: &str| complaint_about(&declared(&worded.replace(from, to)));
    assert!(
        changed("\"warm\"", "\"warn\"")
            .contains("variants[0].id: the survey has no variant `warn` (did you mean `warm`?)")
    );
    assert!(
        changed("\"warm\",", "\"warm\", share = 0.5,")
            .contains("variants[0].share: the shares stand in [[variants]]")
    );
    assert!(
        changed(", title = { en = \"W\", de = \"W\" }", "").contains("variants[0]: says nothing of its own")
    );
    assert!(changed(", de = \"W\"", "").contains("variants[0].title.de: not translated"));
    let twice = "variants = [{ id = \"warm\", title = { en = \"W\", de = \"W\" } }, { id = \"warm\", title = { en = \"V\", de = \"V\" } }]";
    assert!(
        complaint_about(&declared(twice))
            .contains("variants[1].id: `warm` is already a variant of this question")
    );
}

#[test]
fn a_survey_is_valid_from_its_first_to_its_last_day() {
    let valid = |days: &str| {
        parse(&SMALL.replace("version = 3\n", &format!("version = 3\n{days}\n"))).unwrap().survey
    };
    let days =
        |survey: &Survey| (20_780..=20_784).filter(|&day| survey.is_valid_on(day)).collect::<Vec<i64>>();
    // 2026-11-24 is day 20,781.
    assert_eq!(days(&valid("valid_from = 2026-11-24\nvalid_until = 2026-11-26")), [20_781, 20_782, 20_783]);
    assert_eq!(days(&valid("valid_from = 2026-11-26")), [20_783, 20_784]);
    assert_eq!(days(&valid("valid_until = 2026-11-24")), [20_780, 20_781]);
    assert_eq!(days(&valid("")).len(), 5);
}

#[test]
fn days_of_validity_are_days_in_their_order() {
    let with = |days: &str| complaint("version = 3\n", &format!("version = 3\n{days}\n"));
    assert_eq!(
        with("valid_from = 2026-11-24\nvalid_until = 2026-11-23"),
        "5:15: valid_until: is before valid_from, so the survey is never asked (swap the two days)"
    );
    assert_eq!(
        with("valid_from = \"2026-11-24\""),
        "4:14: valid_from: expected a day, found a text (write year, month and day without quotes: 2026-11-24)"
    );
    assert!(with("valid_from = 2026-11-24T08:00:00").contains("valid_from: `2026-11-24T08:00:00` is no day"));
    assert!(with("valid_until = 08:00:00").contains("valid_until: `08:00:00` is no day"));
    assert!(with("valid_form = 2026-11-24").contains("did you mean `valid_from`?"));
}
