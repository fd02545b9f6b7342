//! Who is given a follow-up code, and what can be wrong with it.

use super::*;

/// The small survey with this under `[thanks]`; it begins in line 34.
fn with(follow_up: &str) -> String {
    format!("{SMALL}{follow_up}\n")
}

fn gives(follow_up: &str, visit: u8) -> bool {
    let parsed = parse(&with(follow_up)).unwrap_or_else(|found| panic!("{follow_up}: {}", found[0]));
    assert_eq!(parsed.warnings, [], "{follow_up}");
    parsed.survey.gives_follow_up_code(&draft(&[("visit", visit)]))
}

fn complaints_with(follow_up: &str) -> Vec<String> {
    let found = match parse(&with(follow_up)) {
        Ok(parsed) => parsed.warnings,
        Err(found) => found,
    };
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_code_is_given_to_whom_the_survey_says() {
    assert!(!gives("", 1), "to nobody, where nothing is said");
    assert!(gives("[thanks.follow_up_code]", 5), "to everybody, where no condition is said");
    let unhappy = "[thanks.follow_up_code]\nshow_if = { question = \"visit\", at_most = 2 }";
    assert_eq!([1, 2, 3].map(|visit| gives(unhappy, visit)), [true, true, false]);
    // The last question is one that a condition here may name.
    let silent = "[thanks.follow_up_code]\nshow_if = { question = \"words\", answered = false }";
    assert!(gives(silent, 5));
    // What is asked of nobody answers nothing.
    let queue = "[thanks.follow_up_code]\nshow_if = { question = \"why\", answered = false }";
    assert!(gives(queue, 5));
}

#[test]
fn what_stands_over_it_is_the_survey_s_own_where_it_says_so() {
    let text =
        "[thanks.follow_up_code]\ntext = { en = \"Ask at the desk:\", de = \"Fragen Sie am Infopunkt:\" }";
    let survey = parse(&with(text)).unwrap().survey;
    let text = survey.thanks.follow_up_code.unwrap().text.unwrap();
    assert_eq!(text.in_language("de"), "Fragen Sie am Infopunkt:");
    let survey = parse(&with("[thanks.follow_up_code]")).unwrap().survey;
    assert_eq!(survey.thanks.follow_up_code.unwrap().text, None);
}

#[test]
fn every_mistake_in_it_is_named_with_its_place() {
    for (follow_up, said) in [
        (
            "follow_up_code = true",
            "34:18: thanks.follow_up_code: expected a table, found true or false (write [thanks.follow_up_code], \
             and under it text and show_if, or neither)",
        ),
        (
            "[thanks.follow_up_code]\nshow_fi = { question = \"visit\", at_most = 2 }",
            "35:1: thanks.follow_up_code.show_fi: unknown field (did you mean `show_if`?)",
        ),
        (
            "[thanks.follow_up_code]\nshow_if = { question = \"vist\", at_most = 2 }",
            "35:24: thanks.follow_up_code.show_if.question: `vist` is no question of this survey \
             (a condition names an earlier question; did you mean `visit`?)",
        ),
        (
            "[thanks.follow_up_code]\nshow_if = { question = \"visit\", at_most = 9 }",
            "35:43: thanks.follow_up_code.show_if.at_most: `9` is out of range (allowed: 1 to 5)",
        ),
        (
            "[thanks.follow_up_code]\nshow_if = { all = [{ question = \"visit\", at_least = 3 }, \
             { question = \"why\", chosen = \"queue\" }] }",
            "35:11: thanks.follow_up_code.show_if: can never hold: no answers and no moment lead here \
             (check it against the conditions of the questions it names)",
        ),
        (
            "[thanks.follow_up_code]\ntext = { en = \"Ask at the desk:\" }",
            "35:8: thanks.follow_up_code.text.de: not translated (the kiosk shows the text in `en` instead)",
        ),
        (
            "[thanks.follow_up_code]\ntext = { en = \"Ask at the desk of this shop or of any other shop of ours:\", \
             de = \"Fragen Sie:\" }",
            "35:15: thanks.follow_up_code.text.en: 58 characters, at most 50 fit on the screen (shorten it)",
        ),
    ] {
        assert_eq!(complaints_with(follow_up), [said]);
    }
}

#[test]
fn beside_a_code_there_is_room_for_one_note() {
    let note = "[[thanks.notes]]\nicon = \"store\"\ntext = { en = \"By the door.\", de = \"An der Tür.\" }\n";
    let two = [note, note].concat();
    assert_eq!(complaints_with(&two), [""; 0]);
    assert_eq!(complaints_with(&[note, "[thanks.follow_up_code]\n"].concat()), [""; 0]);
    assert_eq!(
        complaints_with(&[&two, "[thanks.follow_up_code]\n"].concat()),
        ["37:1: thanks.notes: 2 notes, beside a follow-up code at most 1 fit on the screen (leave some out)"]
    );
}

/// What is given at the end is no page, so a branch of full length may end with it.
#[test]
fn a_code_is_no_step_of_a_branch() {
    let steps: String = (1..=limits::STEPS_AFTER_FIRST_MAX)
        .map(|step| kinds::question(&format!("q{step}"), "comment", ""))
        .collect();
    let stars = kinds::question("visit", "stars", "");
    let survey = kinds::survey_of(&[stars, steps].concat());
    let code = "[thanks.follow_up_code]\nshow_if = { question = \"q5\", answered = true }\n";
    let parsed = parse(&[&survey, code].concat());
    assert!(parsed.is_ok_and(|parsed| parsed.warnings.is_empty()));
}

#[test]
fn the_shipped_survey_gives_one_to_whom_it_asks_why() {
    let survey = parse(SHIPPED).unwrap().survey;
    let given = [1, 2, 3, 4, 5].map(|face| survey.gives_follow_up_code(&draft(&[("visit", face)])));
    assert_eq!(given, [true, true, true, false, false]);
}
