//! Every kind of question, and what can be wrong with it.

use super::*;
use crate::contact::Channel;

/// A survey of these questions, in two languages.
pub(super) fn survey_of(questions: &str) -> String {
    format!(
        "format = 1\nid = \"t\"\nversion = 1\ndefault_language = \"en\"\n\
         languages = [{{ tag = \"en\", name = \"English\" }}, {{ tag = \"de\", name = \"Deutsch\" }}]\n\
         {questions}\n\
         [thanks]\ntitle = {{ en = \"T\", de = \"D\" }}\nmessage = {{ en = \"M\", de = \"N\" }}\n"
    )
}

/// A question of that kind; the fields begin in its fourth line.
pub(super) fn question(id: &str, kind: &str, fields: &str) -> String {
    format!(
        "[[questions]]\nid = \"{id}\"\nkind = \"{kind}\"\n{fields}\ntitle = {{ en = \"?\", de = \"?\" }}\n"
    )
}

/// Everything said about these questions.
pub(super) fn said_of(questions: &str) -> Vec<String> {
    let found = match parse(&survey_of(questions)) {
        Ok(parsed) => parsed.warnings,
        Err(found) => found,
    };
    found.iter().map(ToString::to_string).collect()
}

/// The one complaint about a single question of that kind.
fn complaint_of(kind: &str, fields: &str) -> String {
    let mut found = said_of(&question("q", kind, fields));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn kind_of(questions: &str, index: usize) -> QuestionKind {
    parse(&survey_of(questions)).unwrap().survey.questions[index].kind.clone()
}

const ENDS: &str = "ends = { en = [\"No\", \"Yes\"], de = [\"Nein\", \"Ja\"] }";
const TWO: &str = "words = { en = [\"No\", \"Yes\"], de = [\"Nein\", \"Ja\"] }";
const FOUR: &str = "words = { en = [\"1\", \"2\", \"3\", \"4\"], de = [\"a\", \"b\", \"c\", \"d\"] }";
const CONTACT: &str = "channels = [\"phone\", \"email\"]\nconsent_version = 2\n\
                       consent = { en = \"You may call.\", de = \"Sie dürfen anrufen.\" }";

#[test]
fn every_scale_can_be_the_first_question_and_shows_its_words_where_they_belong() {
    let labels = |kind: &str, fields: &str| {
        let QuestionKind::Scale(scale) = kind_of(&question("q", kind, fields), 0) else { panic!("{kind}") };
        let labels: Vec<_> = scale
            .values()
            .map(|(value, label)| {
                format!("{value}{}", label.map(|text| text.in_language("de")).unwrap_or_default())
            })
            .collect();
        (scale.kind, labels.join(" "))
    };
    assert_eq!(labels("faces", FOUR), (ScaleKind::Faces4, "1a 2b 3c 4d".into()));
    assert_eq!(labels("stars", ""), (ScaleKind::Stars, "1 2 3 4 5".into()));
    assert_eq!(labels("nps", ENDS), (ScaleKind::Nps, "0Nein 1 2 3 4 5 6 7 8 9 10Ja".into()));
    assert_eq!(labels("effort", ENDS), (ScaleKind::Effort, "1Nein 2 3 4 5 6 7Ja".into()));
    assert_eq!(labels("thumbs", TWO), (ScaleKind::Thumbs, "0Nein 1Ja".into()));
}

#[test]
fn labels_are_as_many_as_the_scale_has_room_for() {
    assert_eq!(
        complaint_of("nps", "ends = { en = [\"No\"], de = [\"Nein\", \"Ja\"] }"),
        "9:15: questions[0].ends.en: 1 words for 2 ends \
         (give two words, the worst first: ends.en = [\"Not likely\", \"Very likely\"])"
    );
    assert_eq!(
        complaint_of("faces", "words = { en = [\"1\", \"2\", \"3\", \"4\"], de = [\"1\", \"2\"] }"),
        "9:43: questions[0].words.de: 2 words for 4 faces \
         (give five words, or four, as many in every language, from worst to best: words.en = [\"Awful\", …])"
    );
    let two_faces = said_of(&question("q", "faces", TWO));
    assert!(two_faces.len() == 2 && two_faces[0].contains("2 words for 5 faces"), "{two_faces:#?}");
    assert!(complaint_of("thumbs", "").contains("questions[0].words: missing (give two words"));
    assert!(complaint_of("effort", "").contains("questions[0].ends: missing"));
    assert!(complaint_of("thumbs", "words = 2").contains("expected a table, found a whole number"));
    assert!(
        complaint_of("effort", "ends = { en = \"Hard\", de = [\"a\", \"b\"] }").contains("expected a list")
    );
    assert!(complaint_of("stars", TWO).contains("questions[0].words: unknown field"));
    let misspelt = said_of(&question("q", "nps", &ENDS.replace("ends", "end"))).join("; ");
    assert!(misspelt.contains("questions[0].end: unknown field (did you mean `ends`?)"), "{misspelt}");
    let long = ENDS.replace("\"No\"", &format!("\"{}\"", "n".repeat(31)));
    assert!(complaint_of("nps", &long).contains("31 characters, at most 30 fit"));
    let blank = ENDS.replace("\"Ja\"", "\" \"");
    assert!(complaint_of("nps", &blank).contains("questions[0].ends.de[1]: is blank"));
    let untranslated = "ends = { en = [\"No\", \"Yes\"] }";
    assert!(complaint_of("nps", untranslated).contains("questions[0].ends.de: not translated"));
    let default_missing = "ends = { de = [\"Nein\", \"Ja\"] }";
    assert!(complaint_of("nps", default_missing).contains("questions[0].ends.en: missing"));
}

#[test]
fn an_unknown_kind_names_the_nearest() {
    assert!(complaint_of("star", "").ends_with("no kind `star` (did you mean `stars`?)"));
    assert!(complaint_of("slider", "").contains("known here: faces, stars, nps, effort, thumbs, choices"));
}

#[test]
fn choices_are_many_unless_one_is_asked_for() {
    let options = "options = [{ id = \"a\", icon = \"other\", label = { en = \"A\", de = \"A\" } }]";
    let picked = |pick: &str| {
        let two = [question("v", "stars", ""), question("q", "choices", &format!("{pick}\n{options}"))];
        said_of(&two.concat())
    };
    let pick_of = |pick: &str| {
        let two = [question("v", "stars", ""), question("q", "choices", &format!("{pick}\n{options}"))];
        let QuestionKind::Choices { pick, .. } = kind_of(&two.concat(), 1) else { panic!("choices") };
        pick
    };
    assert_eq!(pick_of(""), Pick::Multi);
    assert_eq!(pick_of("pick = \"multi\""), Pick::Multi);
    assert_eq!(pick_of("pick = \"single\""), Pick::Single);
    assert_eq!(
        picked("pick = \"singel\""),
        ["14:8: questions[1].pick: no pick `singel` (did you mean `single`?)"]
    );
    assert!(picked("pick = 1")[0].contains("questions[1].pick: expected a text in quotes"));
}

#[test]
fn contact_asks_for_ways_to_reply_and_for_consent_of_a_version() {
    let with =
        |fields: &str| said_of(&[question("v", "stars", ""), question("q", "contact", fields)].concat());
    let two = [question("v", "stars", ""), question("q", "contact", CONTACT)].concat();
    let QuestionKind::Contact { channels, consent, consent_version } = kind_of(&two, 1) else {
        panic!("contact")
    };
    assert_eq!((channels, consent_version), (vec![Channel::Phone, Channel::Email], 2));
    assert_eq!(consent.in_language("de"), "Sie dürfen anrufen.");

    let changed = |from: &str, to: &str| with(&CONTACT.replace(from, to)).join("; ");
    assert!(
        changed("\"phone\"", "\"fone\"").contains("channels[0]: no channel `fone` (did you mean `phone`?)")
    );
    assert!(changed("\"email\"", "\"phone\"").contains("channels[1]: `phone` is listed twice"));
    assert!(changed("[\"phone\", \"email\"]", "[]").contains("channels: no channel"));
    assert!(changed("[\"phone\", \"email\"]", "\"phone\"").contains("channels: expected a list"));
    assert!(changed("\"email\"", "5").contains("channels[1]: expected a text"));
    assert!(changed("= 2", "= 0").contains("consent_version: `0` is out of range"));
    assert!(changed("consent_version = 2\n", "").contains("questions[1].consent_version: missing"));
    assert!(changed("consent = {", "consnet = {").contains("questions[1].consent: missing"));
    assert!(changed("consent = {", "consnet = {").contains("did you mean `consent`?"));
    assert!(changed("You may call.", &"x".repeat(241)).contains("241 characters, at most 240"));
    assert!(changed("channels", "chanels").contains("questions[1].channels: missing"));
}

#[test]
fn only_what_one_tap_answers_can_be_first() {
    for (kind, fields) in [("comment", ""), ("contact", CONTACT)] {
        let found = complaint_of(kind, fields);
        assert!(
            found.starts_with("6:1: questions[0].kind: the first question must be answered with one tap"),
            "{found}"
        );
    }
}
