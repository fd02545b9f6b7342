//! What `show_if` can say, and everything that can be wrong with it.

use std::collections::BTreeMap;

use super::kinds::{question, said_of, survey_of};
use super::*;
use crate::moment::Moment;

/// Stars, options and words, and a last question on that condition, which stands in line 27.
fn on(show_if: &str) -> String {
    let options = "options = [\n{ id = \"queue\", icon = \"waiting\", label = { en = \"A\", de = \"A\" } },\n\
                   { id = \"staff\", icon = \"staff\", label = { en = \"B\", de = \"B\" } },\n]";
    [
        question("visit", "stars", ""),
        question("why", "choices", options),
        question("words", "comment", ""),
        question(
            "last",
            "thumbs",
            &format!("show_if = {show_if}\nwords = {{ en = [\"n\", \"y\"], de = [\"n\", \"j\"] }}"),
        ),
    ]
    .concat()
}

fn complaints_on(show_if: &str) -> Vec<String> {
    said_of(&on(show_if))
}

fn complaint_on(show_if: &str) -> String {
    let mut found = complaints_on(show_if);
    assert_eq!(found.len(), 1, "{show_if}: {found:#?}");
    found.remove(0)
}

fn answered(answers: &[(&str, AnswerValue)]) -> Draft {
    let answer = |(question, value): &(&str, AnswerValue)| Answer {
        question: (*question).into(),
        value: value.clone(),
        at_ms: 0,
    };
    Draft { answers: answers.iter().map(answer).collect(), ..draft(&[]) }
}

/// Whether the last question is asked after that draft.
fn asks(show_if: &str, draft: &Draft) -> bool {
    let parsed = parse(&survey_of(&on(show_if)));
    let survey = parsed.unwrap_or_else(|found| panic!("{show_if}: {}", found[0])).survey;
    ids(&survey.steps(draft)).contains(&"last".to_owned())
}

fn stars(value: u8) -> Draft {
    answered(&[("visit", AnswerValue::Stars(value))])
}

#[test]
fn a_rating_is_held_against_a_range() {
    let range = "{ question = \"visit\", at_least = 2, at_most = 3 }";
    let held: Vec<u8> = (1..=5).filter(|&value| asks(range, &stars(value))).collect();
    assert_eq!(held, [2, 3]);
    assert!(!asks(range, &draft(&[])), "no answer is no rating");
    assert!(!asks("{ question = \"visit\", at_most = 5 }", &stars(0)), "no star is none of the values");
}

#[test]
fn options_are_held_against_a_list() {
    let why = |ids: &[&str]| {
        answered(&[("why", AnswerValue::Choices(ids.iter().map(|id| (*id).into()).collect()))])
    };
    let queue = "{ question = \"why\", chosen = \"queue\" }";
    assert!(
        asks(queue, &why(&["queue", "staff"])) && !asks(queue, &why(&["staff"])) && !asks(queue, &why(&[]))
    );
    assert!(asks("{ question = \"why\", chosen = [\"staff\", \"queue\"] }", &why(&["staff"])));
}

#[test]
fn an_answer_or_the_lack_of_one_can_be_asked_for() {
    let (with, without) =
        ("{ question = \"words\", answered = true }", "{ question = \"words\", answered = false }");
    let said = answered(&[("words", AnswerValue::Comment("slow".into()))]);
    assert!(asks(with, &said) && !asks(with, &draft(&[])));
    assert!(asks(without, &draft(&[])) && !asks(without, &said));
    let left_empty = answered(&[("why", AnswerValue::Choices(Vec::new()))]);
    assert!(asks("{ question = \"why\", answered = false }", &left_empty));
}

#[test]
fn the_language_is_that_of_the_first_tap() {
    let german = "{ language = [\"de\", \"en\"], not = { language = \"en\" } }";
    let begun = |language: &str, at_first: Option<&str>| Draft {
        language: language.into(),
        language_at_first: at_first.map(Into::into),
        ..draft(&[])
    };
    assert!(asks(german, &begun("de", None)) && !asks(german, &begun("en", None)));
    assert!(asks(german, &begun("en", Some("de"))) && !asks(german, &begun("de", Some("en"))));
}

#[test]
fn the_place_and_what_brought_the_shopper_can_be_asked_for() {
    let at = |touchpoint: Option<&str>| Draft { touchpoint: touchpoint.map(Into::into), ..draft(&[]) };
    assert!(asks("{ touchpoint = \"exit\" }", &at(Some("exit"))));
    assert!(
        !asks("{ touchpoint = \"exit\" }", &at(Some("cafe")))
            && !asks("{ touchpoint = \"exit\" }", &at(None))
    );

    let brought_by = |name: &str, lane: &str| {
        let context = BTreeMap::from([("lane".to_owned(), lane.to_owned())]);
        Draft { moment: Some(Moment::new(name, context).unwrap()), ..draft(&[]) }
    };
    let checkout = "{ moment = [\"checkout\", \"self-checkout\"] }";
    assert!(asks(checkout, &brought_by("checkout", "3")) && !asks(checkout, &brought_by("return", "3")));
    assert!(!asks(checkout, &draft(&[])));
    let lane = "{ moment = \"checkout\", context = { lane = [\"3\", \"4\"] } }";
    assert!(asks(lane, &brought_by("checkout", "4")));
    assert!(!asks(lane, &brought_by("checkout", "5")) && !asks(lane, &brought_by("return", "4")));
    assert!(!asks(lane, &draft(&[])));
}

fn begun_at(day: i64, minute: i64, clock: ClockQuality) -> Draft {
    let mut draft = draft(&[]);
    // Two hours east: the local day and time count.
    draft.started = Stamp {
        wall_ms: day * 86_400_000 + (minute - 120) * 60_000,
        offset_min: 120,
        clock,
        ..draft.started
    };
    draft
}

#[test]
fn a_time_of_day_is_local_and_may_go_over_midnight() {
    let at =
        |show_if, hour: i64, minute| asks(show_if, &begun_at(20_000, hour * 60 + minute, ClockQuality::Free));
    let evening = "{ time = [\"17:00\", \"20:00\"] }";
    assert!(!at(evening, 16, 59) && at(evening, 17, 0) && at(evening, 19, 59) && !at(evening, 20, 0));
    let night = "{ time = [\"22:00\", \"06:30\"] }";
    assert!(
        !at(night, 21, 59) && at(night, 22, 0) && at(night, 0, 0) && at(night, 6, 29) && !at(night, 6, 30)
    );
    let late = "{ time = [\"22:00\", \"24:00\"] }";
    assert!(at(late, 23, 59) && !at(late, 0, 0));
}

#[test]
fn weekdays_are_local() {
    let weekend = "{ weekday = [\"sat\", \"sun\"] }";
    // 2026-11-24 is a Tuesday, and day 20,781.
    let held: Vec<i64> =
        (0..7).filter(|day| asks(weekend, &begun_at(20_781 + day, 60, ClockQuality::Synced))).collect();
    assert_eq!(held, [4, 5], "Saturday and Sunday, one hour after local midnight");
}

#[test]
fn a_kiosk_whose_clock_is_certainly_wrong_is_at_no_time() {
    let unset = begun_at(20_781, 18 * 60, ClockQuality::Unset);
    for show_if in ["{ time = [\"17:00\", \"20:00\"] }", "{ weekday = \"tue\" }"] {
        assert!(!asks(show_if, &unset) && asks(&format!("{{ not = {show_if} }}"), &unset), "{show_if}");
        assert!(asks(show_if, &begun_at(20_781, 18 * 60, ClockQuality::Free)));
    }
}

#[test]
fn conditions_in_one_table_must_all_hold_and_can_be_combined() {
    let low_in_german = "{ question = \"visit\", at_most = 2, language = \"de\" }";
    let in_german = |value| Draft { language: "de".into(), ..stars(value) };
    assert!(asks(low_in_german, &in_german(2)) && !asks(low_in_german, &stars(2)));
    assert!(!asks(low_in_german, &in_german(3)));
    let any = "{ any = [{ question = \"visit\", at_most = 1 }, { all = [{ language = \"de\" }, { not = { question = \"visit\", at_most = 4 } }] }] }";
    let held: Vec<u8> = (1..=5).filter(|&value| asks(any, &in_german(value))).collect();
    assert_eq!(held, [1, 5]);
    let held: Vec<u8> = (1..=5).filter(|&value| asks(any, &stars(value))).collect();
    assert_eq!(held, [1]);
}

#[test]
fn conditions_name_an_earlier_question_and_what_it_can_be_answered_with() {
    let naming = |name| complaint_on(&format!("{{ question = \"{name}\", at_most = 2 }}"));
    assert_eq!(
        naming("visitt"),
        "27:24: questions[3].show_if.question: `visitt` is no question of this survey \
         (a condition names an earlier question; did you mean `visit`?)"
    );
    assert!(naming("last").contains("`last` is the question itself"));
    assert!(
        naming("why")
            .contains("`why` has no rating (at_least and at_most are for ratings; for options write chosen)")
    );
    assert!(naming("words").contains("`words` has no rating"));
    assert!(complaint_on("{ question = \"visit\", chosen = \"queue\" }").contains("`visit` has no options"));
    assert!(complaint_on("{ question = \"words\", chosen = \"queue\" }").contains("`words` has no options"));
    assert_eq!(
        complaint_on("{ question = \"why\", chosen = [\"staff\", \"queu\"] }"),
        "27:50: questions[3].show_if.chosen[1]: `why` has no option `queu` (did you mean `queue`?)"
    );
    let later = [
        question("visit", "stars", "show_if = { language = \"de\" }"),
        question("b", "comment", "show_if = { question = \"c\", answered = true }"),
        question("c", "comment", ""),
    ]
    .concat();
    let found = said_of(&later);
    assert!(
        found.iter().any(|line| line.contains("`c` comes later (a condition names an earlier question")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|line| line.contains("questions[0].show_if: the first question is always asked")),
        "{found:#?}"
    );
}

#[test]
fn bounds_are_those_of_the_scale() {
    assert_eq!(
        complaint_on("{ question = \"visit\", at_most = 6 }"),
        "27:43: questions[3].show_if.at_most: `6` is out of range (allowed: 1 to 5)"
    );
    assert!(complaint_on("{ question = \"visit\", at_least = 0 }").contains("allowed: 1 to 5"));
    assert!(complaint_on("{ question = \"visit\", at_least = 11 }").contains("allowed: 0 to 10"));
    assert!(complaint_on("{ question = \"visit\", at_most = \"2\" }").contains("expected a whole number"));
}

#[test]
fn a_condition_says_when_it_holds() {
    assert!(complaint_on("{ question = \"visit\" }").contains("show_if: says for no answer when it holds"));
    assert!(complaint_on("{}").contains("show_if: does not say when it holds"));
    assert!(complaint_on("{ at_most = 2 }").contains("show_if.question: missing"));
    assert!(
        complaint_on("{ question = \"visit\", atmost = 2, at_least = 1 }")
            .contains("did you mean `at_most`?")
    );
    assert!(complaint_on("true").contains("expected a table, found true or false"));
    assert!(complaint_on("{ question = 1, at_most = 2 }").contains("show_if.question: expected a text"));
    assert!(
        complaint_on("{ question = \"words\", answered = \"yes\" }")
            .contains("answered: expected true or false")
    );
    for empty in ["any", "all"] {
        assert!(
            complaint_on(&format!("{{ {empty} = [] }}")).contains(&format!("show_if.{empty}: no condition"))
        );
        assert!(complaint_on(&format!("{{ {empty} = true }}")).contains("expected a list"));
    }
    assert!(complaint_on("{ not = [] }").contains("show_if.not: expected a table"));
    assert!(complaint_on("{ any = [{ language = \"de\" }, { langage = \"de\" }] }").contains("any[1]"));
}

#[test]
fn what_is_named_of_a_visit_is_well_formed() {
    assert_eq!(
        complaint_on("{ language = [\"de\", \"ed\"] }"),
        "27:31: questions[3].show_if.language[1]: the survey has no language `ed` (did you mean `en`?; or add it to [[languages]])"
    );
    assert!(complaint_on("{ language = 5 }").contains("expected a text in quotes or a list of them"));
    assert!(complaint_on("{ language = [] }").contains("language: is empty, so it can never hold"));
    assert!(complaint_on("{ language = [5] }").contains("language[0]: expected a text"));
    let many = format!("{{ touchpoint = [{}] }}", "\"exit\", ".repeat(33));
    assert!(complaint_on(&many).contains("33 entries, at most 32"));
    assert!(complaint_on("{ touchpoint = \"Way out\" }").contains("`Way out` cannot be a touchpoint"));
    assert!(complaint_on("{ moment = \"Check out\" }").contains("`Check out` cannot be a moment"));
    assert!(complaint_on("{ context = {} }").contains("context: names no key"));
    assert!(complaint_on("{ context = \"lane\" }").contains("context: expected a table"));
    assert!(complaint_on("{ context = { Lane = \"3\" } }").contains("context.Lane: `Lane` is no name"));
    assert!(complaint_on("{ context = { lane = [\"3\", \"\"] } }").contains("the value of `lane` is empty"));
    assert!(complaint_on("{ context = { lane = 3 } }").contains("context.lane: expected a text"));
    assert!(
        complaint_on("{ variant = \"warm\" }")
            .contains("the survey has no variant `warm` (write [[variants]]")
    );
}

#[test]
fn times_and_weekdays_are_real() {
    assert!(complaint_on("{ time = [\"17:00\"] }").contains("time: 1 times, a time of day has two"));
    assert!(complaint_on("{ time = \"17:00\" }").contains("time: expected a list"));
    for wrong in ["25:00", "24:01", "12:60", "7:00", "12.30", "+1:00", "1200", ""] {
        let found = complaint_on(&format!("{{ time = [\"06:00\", \"{wrong}\"] }}"));
        assert!(found.contains(&format!("time[1]: `{wrong}` is no time of day")), "{found}");
    }
    assert!(complaint_on("{ time = [\"24:00\", \"06:00\"] }").contains("time[0]: `24:00` is no time of day"));
    assert!(
        complaint_on("{ time = [17, 20] }".replace("17, ", "\"17:00\", ").as_str())
            .contains("time[1]: expected a text")
    );
    assert!(
        complaint_on("{ weekday = [\"sat\", \"sund\"] }")
            .contains("weekday[1]: no weekday `sund` (did you mean `sun`?)")
    );
    assert!(complaint_on("{ weekday = 6 }").contains("weekday: expected a text"));
}

#[test]
fn a_condition_that_can_never_hold_is_a_mistake() {
    assert!(
        complaint_on("{ question = \"visit\", at_least = 3, at_most = 2 }")
            .contains("can never hold: at_least 3 is above at_most 2")
    );
    assert!(
        complaint_on("{ time = [\"06:00\", \"06:00\"] }").contains("can never hold: it ends when it begins")
    );
    for never in [
        "{ question = \"visit\", answered = false }",
        "{ not = { question = \"visit\", at_least = 1 } }",
        "{ all = [{ question = \"visit\", at_most = 2 }, { question = \"visit\", at_least = 3 }] }",
        "{ question = \"words\", answered = true, not = { question = \"words\", answered = true } }",
        "{ language = \"de\", not = { language = [\"de\", \"en\"] } }",
        "{ not = { language = [\"de\", \"en\"] } }",
        "{ touchpoint = \"exit\", not = { touchpoint = [\"exit\", \"cafe\"] } }",
        "{ context = { lane = \"3\" }, not = { context = { lane = [\"3\", \"4\"] } } }",
        "{ weekday = \"sat\", not = { weekday = [\"sat\", \"sun\"] } }",
        "{ time = [\"08:00\", \"12:00\"], all = [{ time = [\"12:00\", \"08:00\"] }] }",
    ] {
        assert_eq!(
            complaint_on(never),
            "27:11: questions[3].show_if: can never hold: no answers and no moment lead here \
             (check it against the conditions of the questions it names)"
        );
    }
    // It takes another question's condition to see this one.
    let low = question("low", "stars", "show_if = { question = \"visit\", at_most = 2 }");
    let high = question(
        "high",
        "comment",
        "show_if = { question = \"low\", answered = true, not = { question = \"visit\", at_most = 3 } }",
    );
    let found = said_of(&[question("visit", "stars", ""), low, high].concat());
    assert!(found[0].contains("questions[2].show_if: can never hold"), "{found:#?}");
}

#[test]
fn what_holds_seldom_is_no_mistake() {
    for seldom in [
        "{ weekday = \"sun\", time = [\"23:00\", \"02:00\"], language = \"de\", touchpoint = \"exit\", moment = \"checkout\", context = { lane = \"3\", till = \"1\" } }",
        "{ question = \"why\", chosen = \"queue\", not = { question = \"why\", chosen = \"staff\" } }",
        "{ question = \"why\", answered = true, not = { question = \"why\", chosen = [\"queue\"] } }",
        "{ not = { question = \"visit\", at_most = 4 } }",
        "{ not = { any = [{ weekday = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"] }] } }",
    ] {
        assert_eq!(complaints_on(seldom), [""; 0]);
    }
}

#[test]
fn conditions_are_of_bearable_size() {
    let nested = |depth: usize| {
        format!("{}{{ language = \"de\" }}{}", "{ not = ".repeat(depth - 1), " }".repeat(depth - 1))
    };
    assert_eq!(complaints_on(&nested(4)), [""; 0]);
    assert!(
        complaint_on(&nested(5)).contains("show_if.not.not.not.not: stands 5 deep, at most 4 are possible")
    );
    let wide = |count: usize| format!("{{ any = [{}] }}", "{ language = \"de\" }, ".repeat(count));
    assert_eq!(complaints_on(&wide(16)), [""; 0]);
    assert!(complaint_on(&wide(17)).contains("17 conditions in one, at most 16 are possible"));
}

/// Five questions after the first, each on one of two conditions that exclude each other, twice.
fn is_short(one: &str, other: &str) -> bool {
    let side = |name: &str, show_if: &str| -> String {
        (0..5)
            .map(|count| question(&format!("{name}{count}"), "comment", &format!("show_if = {show_if}")))
            .collect()
    };
    let first = question("visit", "stars", "");
    let found = said_of(&[first, side("a", one), side("b", other)].concat());
    assert!(found.iter().all(|line| line.contains("can be step 6 after the first tap")), "{found:#?}");
    found.is_empty()
}

#[test]
fn branches_that_exclude_each_other_are_not_added_up() {
    for (one, other) in [
        ("{ question = \"visit\", at_most = 2 }", "{ question = \"visit\", at_least = 3 }"),
        ("{ language = \"de\" }", "{ language = \"en\" }"),
        ("{ weekday = [\"sat\", \"sun\"] }", "{ not = { weekday = [\"sun\", \"sat\"] } }"),
        ("{ time = [\"08:00\", \"12:00\"] }", "{ time = [\"12:00\", \"08:00\"] }"),
        ("{ touchpoint = \"exit\" }", "{ touchpoint = [\"cafe\", \"door\"] }"),
        ("{ moment = \"checkout\" }", "{ not = { moment = \"checkout\" } }"),
        ("{ context = { lane = \"1\" } }", "{ context = { lane = \"2\" } }"),
    ] {
        assert!(is_short(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("{ question = \"visit\", at_most = 3 }", "{ question = \"visit\", at_least = 3 }"),
        ("{ time = [\"08:00\", \"12:01\"] }", "{ time = [\"12:00\", \"13:00\"] }"),
        ("{ language = \"de\" }", "{ touchpoint = \"exit\" }"),
        ("{ moment = \"checkout\" }", "{ context = { lane = \"2\" } }"),
    ] {
        assert!(!is_short(one, other), "{one} {other}");
    }
}

#[test]
fn more_ways_than_can_be_tried_are_refused() {
    let many = |key: usize| {
        let values: String = (0..32).map(|value| format!("\"{value}\", ")).collect();
        format!("k{key} = [{values}]")
    };
    let show_if = format!("{{ context = {{ {}, {}, {}, {} }} }}", many(0), many(1), many(2), many(3));
    assert!(
        complaint_on(&show_if).starts_with("1:1: questions: more than 50000 ways through the conditions")
    );
}
