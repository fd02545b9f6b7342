//! The surveys that come with the kiosk.

use super::*;

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../../kiosk/app/surveys/", $name, ".toml")))),*]
    };
}

const SURVEYS: [(&str, &str); 6] = shipped![
    "grocery-exit",
    "checkout-moment",
    "fitting-room",
    "pharmacy-nps",
    "airport-washroom",
    "returns-effort",
];

#[test]
fn the_shipped_surveys_have_neither_mistakes_nor_warnings() {
    for (name, text) in SURVEYS {
        match parse(text) {
            Ok(parsed) => {
                assert_eq!(parsed.warnings, [], "{name}");
                assert_eq!(parsed.survey.id, name);
                let tags: Vec<_> =
                    parsed.survey.languages.iter().map(|language| language.tag.as_str()).collect();
                assert_eq!(tags, ["en", "de", "fr", "es", "pl", "ar"], "{name}");
            }
            Err(found) => panic!("{name}: {}", found[0]),
        }
    }
}

#[test]
fn who_was_unhappy_at_the_way_out_is_asked_why() {
    let survey = parse(SHIPPED).unwrap().survey;
    assert_eq!(ids(&survey.steps(&draft(&[("visit", 3)]))), ["visit", "reasons", "comment"]);
    assert_eq!(ids(&survey.steps(&draft(&[("visit", 4)]))), ["visit"]);
    let QuestionKind::Choices { options, pick } = &survey.questions[1].kind else {
        panic!("reasons are choices")
    };
    assert_eq!((options.len(), *pick), (8, Pick::Multi));
    assert_eq!(options[5].label.in_language("de"), "Sauberkeit");
    assert_eq!(survey.thanks.message_for(true).in_language("en"), "Your answer is saved.");
    assert_eq!(survey.thanks.notes[0].icon, "store");
}
