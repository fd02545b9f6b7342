//! `afterword-kiosk survey import` as somebody meets it who has a form of ODK or KoboToolbox.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use afterword_model::scale::ScaleKind;
use afterword_model::survey::{self, Condition, Pick, QuestionKind, Survey, limits};
use rust_xlsxwriter::{Formula, Workbook, Worksheet};

use support::kiosk;

/// A sheet: its name, its headings, its rows.
type Sheet<'s> = (&'s str, &'s [&'s str], &'s [&'s [&'s str]]);

/// Writes a form. A cell that reads as a number is one, as a spreadsheet program makes it.
fn form(path: &Path, sheets: &[Sheet<'_>]) {
    let mut workbook = Workbook::new();
    for (name, headings, rows) in sheets {
        let sheet = workbook.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in std::iter::once(headings).chain(rows.iter()).enumerate() {
            fill(sheet, u32::try_from(row).unwrap(), cells);
        }
    }
    workbook.save(path).unwrap();
}

fn fill(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        let column = u16::try_from(column).unwrap();
        match cell.parse::<f64>() {
            Ok(number) => sheet.write_number(row, column, number).unwrap(),
            Err(_) => sheet.write_string(row, column, *cell).unwrap(),
        };
    }
}

fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(str::to_owned).collect()
}

/// Imports `FORM.xlsx` of that folder.
fn import(folder: &Path) -> Output {
    kiosk(folder, &["survey", "import", "FORM.xlsx", "--out", "survey.toml"])
}

/// Imports these sheets: the survey, and every line on standard error.
fn imported(sheets: &[Sheet<'_>]) -> (Survey, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    form(&folder.path().join("FORM.xlsx"), sheets);
    let output = import(folder.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = fs::read_to_string(folder.path().join("survey.toml")).unwrap();
    let parsed = survey::parse(&text).unwrap_or_else(|found| panic!("{found:#?}\n{text}"));
    (parsed.survey, lines(&output.stderr))
}

/// Imports these sheets in vain: every line on standard error.
fn refused(sheets: &[Sheet<'_>]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    form(&folder.path().join("FORM.xlsx"), sheets);
    refused_as_it_is(folder.path())
}

fn refused_as_it_is(folder: &Path) -> Vec<String> {
    let output = import(folder);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(!folder.join("survey.toml").exists(), "nothing is half-made");
    let told = lines(&output.stderr);
    assert!(!told.iter().any(|line| line.contains("panicked")), "{told:#?}");
    told
}

const HEADINGS: &[&str] = &["type", "name", "label", "relevant", "appearance", "parameters"];
const LISTS: &[&str] = &["list_name", "name", "label"];
const STARS: &[&str] = &["range", "stars", "How many stars?", "", "", "start=1 end=5"];

/// A form as a shop might have it after years with paper and tablets: two languages, groups, and everything in it that a
/// kiosk has nothing for.
#[rustfmt::skip]
const SHOP: &[Sheet<'_>] = &[
    (
        "survey",
        &["Label::English (en)", "type", "NAME", "label::Deutsch (de)", "hint::English (en)", "hint::Deutsch (de)", "relevant", "appearance", "parameters", "constraint", "required", "media::image::English (en)", "choice_filter"],
        &[
            &["", "start", "start"],
            &["", "deviceid", "deviceid"],
            &["Thank you for taking part!", "note", "intro", "Danke fürs Mitmachen!"],
            &["Your age group?", "select_one ages", "age", "Ihr Alter?"],
            &["**How** was your\nvisit?", "select_one five", "Overall_Visit", "Wie war Ihr Einkauf?", "One tap is enough.", "Einmal tippen genügt.", "", "likert", "", "", "yes"],
            &[],
            &["What went wrong?", "begin group", "bad", "Was war los?", "", "", "${Overall_Visit} <= 3"],
            &["What was it?", "select_multiple reasons or_other", "reasons", "Woran lag es?", "", "", "", "", "", "", "yes"],
            &["Which till?", "select_one tills", "till", "Welche Kasse?", "", "", "selected(${reasons}, 'long_wait') and not(${Overall_Visit} = 1)"],
            &["Take a picture", "image", "photo", "Machen Sie ein Foto"],
            &["Why that picture?", "text", "why_photo", "Warum dieses Foto?", "", "", "${photo} != ''"],
            &["", "end group"],
            &["Would you recommend us?", "range", "recommend", "Würden Sie uns empfehlen?", "", "", "${Overall_Visit} > 3", "", "start=0;end=10;step=1"],
            &["How easy was it?", "integer", "effort", "Wie leicht war es?", "", "", "${Overall_Visit} != 3 and ${recommend} >= 9", "", "", ". >= 1 and . <= 7"],
            &["How old is your car?", "integer", "car", "Wie alt ist Ihr Auto?", "", "", "", "", "", ". < 30"],
            &["", "calculate", "score"],
            &["Your e-mail address", "text", "address", "Ihre E-Mail-Adresse"],
            &["Anything else?", "text", "more", "Sonst noch etwas?", "", "", "", "multiline", "", "string-length(.) < 100", "", "pen.png"],
            &["Which shop?", "select_one shops", "shop", "Welcher Laden?", "", "", "", "", "", "", "", "", "town = ${town}"],
            &["Which town?", "select_one towns", "town", "Welche Stadt?"],
            &["", "begin_repeat", "products"],
            &["Which product?", "text", "product", "Welches Produkt?"],
            &["", "end_repeat"],
            &["Did ${till} work?", "select_one yn", "worked", "Ging es?"],
            &["Will you return?", "select_one yn", "again", "Kommen Sie wieder?", "", "", "count-selected(${reasons}) > 1"],
            &["Where are you?", "geopoint", "place", "Wo sind Sie?"],
            &["Scan your card", "barcode", "card", "Scannen Sie Ihre Karte"],
        ],
    ),
    (
        "choices",
        &["list name", "name", "label::English (en)", "label::Deutsch (de)"],
        &[
            &["ages", "young", "Below 40", "Unter 40"],
            &["ages", "old", "40 and more", "40 und mehr"],
            &["five", "5", "Great", "Super"],
            &["five", "4", "Good", "Gut"],
            &["five", "3", "OK", "Okay"],
            &["five", "2", "Poor", "Schlecht"],
            &["five", "1", "Awful", "Schlimm"],
            &["reasons", "staff", "Staff", "Personal"],
            &["reasons", "long_wait", "Waiting", "Wartezeit"],
            &["tills", "a", "Self-checkout", "Selbstbedienung"],
            &["tills", "b", "Staffed till", "Kasse mit Personal"],
            &["tills", "c", "Both", "Beide"],
            &["yn", "1", "Yes", "Ja"],
            &["yn", "2", "No", "Nein"],
            &["towns", "t1", "A", "A"], &["towns", "t2", "B", "B"], &["towns", "t3", "C", "C"],
            &["towns", "t4", "D", "D"], &["towns", "t5", "E", "E"], &["towns", "t6", "F", "F"],
            &["towns", "t7", "G", "G"], &["towns", "t8", "H", "H"], &["towns", "t9", "I", "I"],
            &["shops", "s1", "One", "Eins"],
        ],
    ),
    (
        "settings",
        &["form_title", "form_id", "version", "default_language", "style"],
        &[&["Harbour Street: exit", "Harbour_Exit", "2026110301", "English (en)", "pages"]],
    ),
    ("notes to self", &["anything"], &[]),
];

#[test]
fn a_form_of_a_shop_becomes_a_survey() {
    let (survey, _) = imported(SHOP);
    assert_eq!((survey.id.as_str(), survey.version), ("harbour-exit", 2_026_110_301));
    let languages: Vec<_> =
        survey.languages.iter().map(|language| (language.tag.as_str(), language.name.as_str())).collect();
    assert_eq!(languages, [("en", "English"), ("de", "Deutsch")]);
    let ids: Vec<_> = survey.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, ["overall-visit", "reasons", "till", "recommend", "effort", "more"]);

    let visit = &survey.questions[0];
    assert_eq!(visit.title.in_language("en"), "How was your visit?");
    assert_eq!(visit.hint.as_ref().unwrap().in_language("de"), "Einmal tippen genügt.");
    let scale = visit.scale().unwrap();
    assert_eq!(scale.kind, ScaleKind::Faces);
    let words: Vec<_> = scale.values().map(|(_, word)| word.unwrap().in_language("de")).collect();
    assert_eq!(words, ["Schlimm", "Schlecht", "Okay", "Gut", "Super"]);
    assert_eq!(visit.show_if, None);

    let rating =
        |at_least, at_most| Condition::Rating { question: "overall-visit".into(), at_least, at_most };
    let QuestionKind::Choices { options, pick } = &survey.questions[1].kind else { panic!("{survey:#?}") };
    let options: Vec<_> = options.iter().map(|option| (option.id.as_str(), option.icon.as_str())).collect();
    assert_eq!((options, *pick), (vec![("staff", "staff"), ("long-wait", "other")], Pick::Multi));
    assert_eq!(survey.questions[1].show_if, Some(rating(0, 3)), "a group's condition is its questions'");

    let long_wait = Condition::Chosen { question: "reasons".into(), options: vec!["long-wait".into()] };
    let not_one = Condition::Not(Box::new(rating(0, 1)));
    assert_eq!(survey.questions[2].show_if, Some(Condition::All(vec![rating(0, 3), long_wait, not_one])));
    assert!(matches!(survey.questions[2].kind, QuestionKind::Choices { pick: Pick::Single, .. }));

    assert_eq!(survey.questions[3].scale().unwrap().kind, ScaleKind::Nps);
    assert_eq!(survey.questions[3].show_if, Some(rating(4, 10)));
    assert_eq!(survey.questions[4].scale().unwrap().kind, ScaleKind::Effort);
    let nine = Condition::Rating { question: "recommend".into(), at_least: 9, at_most: 10 };
    let not_three = Condition::Not(Box::new(rating(3, 3)));
    assert_eq!(survey.questions[4].show_if, Some(Condition::All(vec![not_three, nine])));
    assert!(matches!(survey.questions[5].kind, QuestionKind::Comment { .. }));
    assert_eq!(survey.thanks.title.in_language("de"), "Danke");
}

#[test]
fn everything_that_did_not_fit_is_named_with_its_row() {
    let (_, told) = imported(SHOP);
    let scale = "taken as a scale from \"Awful\", the worst, to \"Great\", the best; if the form means it the other way, turn the words round in the survey, and the numbers in show_if with them";
    let ends = |to: &str| {
        format!(
            "the form has no words for the two ends, so {to} stand there; write words into ends in the survey"
        )
    };
    let expected = [
        "notes to self: the kiosk reads the sheets survey, choices and settings; left out".to_owned(),
        "settings row 2: \"style\": a survey has no such setting; left out".to_owned(),
        "survey row 2: \"start\": start is not a kind the kiosk has; left out".to_owned(),
        "survey row 3: \"deviceid\": deviceid is not a kind the kiosk has; left out".to_owned(),
        "survey row 4: \"intro\": note is not a kind the kiosk has; left out".to_owned(),
        "survey row 5: \"age\": kind: the first question must be answered with one tap (put faces, stars, nps, effort or thumbs first: it is what the kiosk shows at rest); left out".to_owned(),
        format!("survey row 6: \"Overall_Visit\": {scale}"),
        "survey row 8: \"bad\": a group has no page of its own; left out, its questions are kept with its condition".to_owned(),
        "survey row 9: \"reasons\": or_other: the form has no words for that option; write one into the survey; left out".to_owned(),
        "survey row 11: \"photo\": image is not a kind the kiosk has; left out".to_owned(),
        "survey row 12: \"why_photo\": relevant: \"photo\" is left out; left out".to_owned(),
        format!("survey row 14: \"recommend\": {}", ends("0 and 10")),
        format!("survey row 15: \"effort\": {}", ends("1 and 7")),
        "survey row 16: \"car\": the kiosk has numbers from 0 to 10, 1 to 5, 1 to 7, in steps of 1, and nothing says that these are asked; left out".to_owned(),
        "survey row 17: \"score\": calculate is not a kind the kiosk has; left out".to_owned(),
        "survey row 18: \"address\": asks how to reach somebody, which needs a text that the shopper agrees to; write a question of kind \"contact\" into the survey by hand, with consent and channels; left out".to_owned(),
        "survey row 19: \"more\": constraint: the kiosk refuses no answers; left out".to_owned(),
        "survey row 19: \"more\": image: the kiosk shows no pictures of a form; left out".to_owned(),
        "survey row 20: \"shop\": choice_filter offers some of the options only, and the kiosk would offer all; left out".to_owned(),
        format!("survey row 21: \"town\": 9 options, at most {} fit on the screen; left out", limits::OPTIONS_MAX),
        "survey row 22: \"products\": the kiosk asks nothing twice, so a repeat is left out with all that is in it".to_owned(),
        "survey row 23: \"product\": it stands in the repeat \"products\"; left out".to_owned(),
        "survey row 25: \"worked\": its label puts in an answer with ${…}, which the kiosk cannot; left out".to_owned(),
        "survey row 26: \"again\": relevant: show_if cannot say \"count-selected()\"; left out".to_owned(),
        "survey row 27: \"place\": geopoint is not a kind the kiosk has; left out".to_owned(),
        "survey row 28: \"card\": barcode is not a kind the kiosk has; left out".to_owned(),
        "survey: required, in 2 of the questions kept: shoppers can skip every question after the first; left out".to_owned(),
    ];
    for (place, line) in told.iter().enumerate() {
        assert_eq!(Some(line), expected.get(place).map(|line| format!("FORM.xlsx: {line}")).as_ref());
    }
    assert_eq!(told.len(), expected.len());
}

#[test]
fn what_is_written_passes_the_check_and_is_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    form(&folder.path().join("FORM.xlsx"), SHOP);
    let output = import(folder.path());
    assert_eq!(
        lines(&output.stdout),
        [
            "survey.toml: written. harbour-exit version 2026110301; questions: overall-visit, reasons, till, recommend, effort, more; languages: English, Deutsch; 27 lines above say what did not fit or needs a look."
        ]
    );
    let check = kiosk(folder.path(), &["survey", "check", "survey.toml"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    assert!(!String::from_utf8_lossy(&check.stdout).contains("warning"), "{check:?}");
    let text = fs::read_to_string(folder.path().join("survey.toml")).unwrap();
    assert!(text.starts_with("# Harbour Street: exit, made from an XLSForm.\n"), "{text}");
    assert!(text.contains("show_if = { question = \"overall-visit\", at_most = 3 }\n"), "{text}");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    form(&folder.path().join("FORM.xlsx"), SHOP);
    let (form, out) = (folder.path().join("FORM.xlsx"), folder.path().join("survey.toml"));
    fs::write(&out, "mine").unwrap();
    let output = import(folder.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        lines(&output.stderr),
        [
            "afterword-kiosk: survey.toml is there already; name another file with --out, or replace it with --force"
        ]
    );
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");

    let forced = kiosk(folder.path(), &["survey", "import", "FORM.xlsx", "--out", "survey.toml", "--force"]);
    assert_eq!(forced.status.code(), Some(0), "{forced:?}");
    assert!(fs::read_to_string(&out).unwrap().contains("harbour-exit"));

    let before = fs::read(&form).unwrap();
    let itself = kiosk(folder.path(), &["survey", "import", "FORM.xlsx", "--out", "./FORM.xlsx", "--force"]);
    assert_eq!(itself.status.code(), Some(1), "{itself:?}");
    assert!(lines(&itself.stderr)[0].contains("is the form itself"), "{itself:?}");
    assert_eq!(fs::read(&form).unwrap(), before);
}

#[test]
fn nowhere_to_write_leaves_nothing_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    form(&folder.path().join("FORM.xlsx"), SHOP);
    let output = kiosk(folder.path(), &["survey", "import", "FORM.xlsx", "--out", "none/survey.toml"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = lines(&output.stderr);
    assert!(told.last().unwrap().contains("cannot write none/survey.toml; check the folder"), "{told:#?}");
}

#[test]
fn at_most_five_steps_follow_and_the_rest_is_named() {
    let rows: Vec<[String; 3]> =
        (0..8).map(|n| ["text".into(), format!("q{n}"), format!("Question {n}?")]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = std::iter::once(STARS).chain(rows.iter().map(Vec::as_slice)).collect();
    let (survey, told) = imported(&[("survey", HEADINGS, &rows)]);
    assert_eq!(survey.questions.len(), limits::STEPS_AFTER_FIRST_MAX + 1);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(
        told[0].starts_with("FORM.xlsx: survey row 8: \"q5\": can be step 6 after the first tap ("),
        "{told:#?}"
    );
    assert!(told.iter().all(|line| line.ends_with("; left out")), "{told:#?}");
    // A form without settings is called as its file.
    assert_eq!((survey.id.as_str(), survey.version, survey.default_language.as_str()), ("form", 1, "en"));
}

#[test]
fn scales_are_known_by_numbers_by_looks_and_by_yes_and_no() {
    let likert: &[&[&str]] = &[
        &["likert", "sd", "Strongly no"],
        &["likert", "d", "Rather no"],
        &["likert", "a", "Rather yes"],
        &["likert", "sa", "Strongly yes"],
        &["yn", "1", "Yes"],
        &["yn", "2", "No"],
        &["long", "1", "One that is far too long for a face"],
        &["long", "2", "Two"],
        &["long", "3", "Three"],
        &["long", "4", "Four"],
    ];
    let rows: &[&[&str]] = &[
        &["select_one long", "first", "Never first?"],
        &["select_one likert", "agree", "Do you agree?", "", "likert"],
        &["select_one likert", "listed", "Which of these?", "${agree} = 'sd'"],
        &["select_one yn", "again", "Will you return?", "${agree} != 'sd'"],
        &["select_one long", "words", "Which word?", "${again} = '2'"],
        &["range", "wait", "How long?", "", "", "start=0 end=60 step=5"],
    ];
    let (survey, told) = imported(&[("survey", HEADINGS, rows), ("choices", LISTS, likert)]);
    let kinds: Vec<_> =
        survey.questions.iter().map(|question| question.scale().map(|scale| scale.kind)).collect();
    assert_eq!(kinds, [Some(ScaleKind::Faces4), None, Some(ScaleKind::Thumbs), None]);
    let up = survey.questions[2].scale().unwrap().label(1).unwrap();
    assert_eq!(up.in_language("en"), "Yes");
    let no = Condition::Rating { question: "again".into(), at_least: 0, at_most: 0 };
    assert_eq!(survey.questions[3].show_if, Some(no), "2 is no, and no is the thumb down");
    for (place, part) in [
        (0, "\"first\": words.en[0]: 35 characters, at most 16 fit on the screen (shorten it); left out"),
        (1, "\"agree\": taken as a scale from \"Strongly no\", the worst,"),
        (2, "\"words\": kept as options, not as a scale: words.en[0]: 35 characters"),
        (3, "\"wait\": the kiosk has numbers from 0 to 10, 1 to 5, 1 to 7, in steps of 1"),
    ] {
        assert!(told[place].contains(part), "{told:#?}");
    }
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn texts_that_do_not_fit_cost_a_hint_or_a_question() {
    let long = "x".repeat(limits::HINT_GRAPHEMES_MAX + 1);
    let headings = &["type", "name", "label", "hint", "label::Klingonese", "parameters"];
    let rows: &[&[&str]] = &[
        &["range", "stars", "How many stars?", &long, "", "start=1 end=5"],
        &["text", "long", &long],
        &["text", "silent"],
        &["text", "", "Who am I?"],
        &["text", "stars", "Again?"],
    ];
    let (survey, told) = imported(&[("survey", headings, rows)]);
    assert_eq!(survey.questions[0].hint, None);
    let ids: Vec<_> = survey.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, ["stars", "stars-2"]);
    let expected = [
        "survey: \"Klingonese\" says not which language it is; write a tag behind it, as in label::English (en); left out",
        "survey row 2: \"stars\": hint.en: 161 characters, at most 160 fit on the screen (shorten it); left out",
        "survey row 3: \"long\": title.en: 161 characters, at most 120 fit on the screen (shorten it); left out",
        "survey row 4: \"silent\": has no label; left out",
        "survey row 5: has no name; left out",
    ];
    assert_eq!(told, expected.map(|line| format!("FORM.xlsx: {line}")));
}

#[test]
fn a_group_that_cannot_be_asked_takes_its_questions_with_it() {
    let rows: &[&[&str]] = &[
        STARS,
        &["begin_group", "late", "", "today() > '2026-01-01'"],
        &["begin_group", "inner"],
        &["text", "inside", "Inside?"],
        &["end_group"],
        &["end_group"],
        &["end_repeat", "lost"],
        &["text", "outside", "Outside?"],
        &["begin_group", "open"],
    ];
    let (survey, told) = imported(&[("survey", HEADINGS, rows)]);
    let ids: Vec<_> = survey.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, ["stars", "outside"]);
    let expected = [
        "survey row 3: \"late\": left out with all that is in it: show_if cannot say \"today()\"",
        "survey row 4: \"inner\": a group has no page of its own; left out, its questions are kept",
        "survey row 5: \"inside\": it stands in the group \"late\", whose condition cannot be said: show_if cannot say \"today()\"; left out",
        "survey row 8: \"lost\": a repeat ends here that has not begun; write begin_repeat above; left out",
        "survey row 10: \"open\": a group has no page of its own; left out, its questions are kept",
        "survey row 10: \"open\": never ends, so all that follows was taken as part of it; write end_group behind its last question",
    ];
    assert_eq!(told, expected.map(|line| format!("FORM.xlsx: {line}")));
}

#[test]
fn a_language_without_words_of_thanks_is_named() {
    let headings = &["type", "name", "label::Danish (da)", "parameters"];
    let rows: &[&[&str]] = &[&["range", "stars", "Hvor mange stjerner?", "start=1 end=5"]];
    let (survey, told) = imported(&[("SURVEY", headings, rows)]);
    assert_eq!((survey.default_language.as_str(), survey.languages[0].name.as_str()), ("da", "Dansk"));
    assert_eq!(survey.thanks.title.in_language("da"), "Thank you");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("there are none in da, so they stand in English"), "{told:#?}");
}

#[test]
fn cells_that_are_formulas_or_errors_are_taken_as_they_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("survey").unwrap();
    let rows: &[&[&str]] = &[
        HEADINGS,
        STARS,
        &["text", "why", "Why?"],
        &["text", "broken", "Broken?"],
        &["select_one list", "chosen", "Which?"],
    ];
    for (row, cells) in rows.iter().enumerate() {
        fill(sheet, u32::try_from(row).unwrap(), cells);
    }
    let relevant = Formula::new("=\"${stars} \"&\"< 3\"").set_result("${stars} < 3");
    sheet.write_formula(2, 3, relevant).unwrap();
    sheet.write_formula(3, 3, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    let sheet = workbook.add_worksheet().set_name("choices").unwrap();
    for (row, cells) in [LISTS, &["list", "1.0", "One"], &["list", "1", "One again"]].iter().enumerate() {
        fill(sheet, u32::try_from(row).unwrap(), cells);
    }
    workbook.save(folder.path().join("FORM.xlsx")).unwrap();
    let output = import(folder.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = fs::read_to_string(folder.path().join("survey.toml")).unwrap();
    let survey = survey::parse(&text).unwrap().survey;
    let low = Condition::Rating { question: "stars".into(), at_least: 0, at_most: 2 };
    assert_eq!(survey.question("why").unwrap().show_if, Some(low));
    let told = lines(&output.stderr);
    assert_eq!(
        told,
        [
            "FORM.xlsx: survey row 4: \"broken\": relevant holds the error #DIV/0!; left out",
            "FORM.xlsx: survey row 5: \"chosen\": the list \"list\" cannot be used whole: choices row 3: \"1\" is listed twice; left out",
        ]
    );
}

#[test]
fn a_form_without_a_first_question_says_what_is_needed() {
    let rows: &[&[&str]] = &[&["text", "why", "Why?"]];
    let told = refused(&[("survey", HEADINGS, rows)]);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("FORM.xlsx: survey row 2: \"why\": kind: the first question must"),
        "{told:#?}"
    );
    assert!(
        told[1].starts_with("afterword-kiosk: FORM.xlsx: no question could be kept, because"),
        "{told:#?}"
    );
}

#[test]
fn a_workbook_that_is_no_form_says_what_is_missing() {
    for (sheets, told) in [
        (&[("Sheet1", HEADINGS, &[STARS][..])][..], "it has no sheet called survey"),
        (&[("survey", &["name", "label"][..], &[STARS][..])][..], "the sheet survey has no column type"),
        (
            &[("survey", &["type", "name", "relevant", "Relevance"][..], &[STARS][..])][..],
            "two columns relevant",
        ),
        (
            &[("survey", HEADINGS, &[STARS][..]), ("choices", &["name"][..], &[][..])][..],
            "choices has no column list_name",
        ),
        (&[("survey", &[][..], &[][..])][..], "the sheet survey has no column type"),
    ] {
        let found = refused(sheets);
        assert!(found.last().unwrap().contains(told), "{found:#?}");
    }
}
