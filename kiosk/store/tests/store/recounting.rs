//! Cells that a program before has packed: without who was shown a question, and with times added up. What is still here of the
//! records is counted again when they are found; what is purged keeps what that program knew.

use std::path::Path;

use afterword_kiosk_store::Store;
use afterword_model::record::Head;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Flag, Outcome, Passed, Stamp};
use afterword_model::scale::ScaleKind;
use afterword_model::summary::{Ask, Step, Summary};
use afterword_model::tally::Tally;
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, params};

use crate::queue_suite::receipt_at;
use crate::support::{assert_sound, directory, freeze, open};

const DAY_MS: i64 = 86_400_000;

/// A visit that rates, and then answers, passes over or leaves at the reasons and the words.
fn visit(day: i64, face: u8, reasons: u8, words: u8, flagged: bool) -> (Draft, Outcome) {
    let started =
        Stamp { wall_ms: day * DAY_MS, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
    let mut draft = Draft::begun("grocery-exit", 1, "en", started);
    draft.flags.extend(flagged.then_some(Flag::Repeat));
    let mut answer = |question: &str, value, at_ms| {
        draft.answers.push(Answer { question: question.into(), value, at_ms });
    };
    answer("visit", AnswerValue::Face(face), 0);
    let choices = match reasons {
        0 => Some(vec![]),
        1 => Some(vec!["waiting".into()]),
        _ => None,
    };
    if let Some(choices) = choices {
        answer("reasons", AnswerValue::Choices(choices), 3_000 * u64::from(face));
    }
    if words == 1 || words == 3 {
        answer("words", AnswerValue::Comment("slow".into()), 40_000);
    }
    if words == 2 {
        draft.passed.push(Passed { question: "words".into(), at_ms: 45_000 });
    }
    // The third has left where it had answered.
    draft.left_at = (words == 0 || words == 3).then(|| "words".to_owned());
    let outcome = if draft.left_at.is_some() { Outcome::Finished } else { Outcome::Completed };
    (draft, outcome)
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn name(bytes: &mut Vec<u8>, name: &str) {
    number(bytes, name.len() as u64);
    bytes.extend(name.as_bytes());
}

/// As the first form has it: what was shown is not in it, and of the times their sum, which nobody asks for any more.
fn in_the_first_form(tally: &Tally) -> Vec<u8> {
    let mut bytes = vec![1];
    let outcomes = &tally.outcomes;
    for count in [outcomes.completed, outcomes.finished, outcomes.timed_out, outcomes.interrupted] {
        number(&mut bytes, count);
    }
    number(&mut bytes, tally.questions.len() as u64);
    for (id, question) in &tally.questions {
        name(&mut bytes, id);
        for count in [question.answered, question.left, 4_711] {
            number(&mut bytes, count);
        }
        number(&mut bytes, question.ratings.len() as u64);
        for (scale, counts) in &question.ratings {
            assert_eq!(*scale, ScaleKind::Faces, "whose number is 0");
            bytes.push(0);
            number(&mut bytes, counts.len() as u64);
            counts.iter().for_each(|count| number(&mut bytes, *count));
        }
        number(&mut bytes, question.options.len() as u64);
        for (option, count) in &question.options {
            name(&mut bytes, option);
            number(&mut bytes, *count);
        }
    }
    bytes
}

/// Leaves the cells as a program before had them. It did not count a question that was only passed over.
fn as_before(directory: &Path) {
    let connection = Connection::open(directory.join("kiosk.db")).unwrap();
    for column in ["counts", "flagged_counts"] {
        let hours = column.replace("counts", "hours");
        let mut read = connection
            .prepare(&format!("SELECT id, {column}, {hours} FROM cell WHERE {column} IS NOT NULL"))
            .unwrap();
        let rows = read.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        });
        for row in rows.unwrap().collect::<Vec<_>>() {
            let (id, counts, hours) = row.unwrap();
            let mut tally = Tally::unpacked(&counts, &hours).unwrap();
            tally.questions.retain(|_, question| question.answered + question.left > 0);
            connection
                .execute(
                    &format!("UPDATE cell SET {column} = ?2 WHERE id = ?1"),
                    params![id, in_the_first_form(&tally)],
                )
                .unwrap();
        }
    }
}

fn summary(store: &Store) -> Summary {
    store.summary(Ask::days(0, 2)).unwrap()
}

fn step<'s>(summary: &'s Summary, question: &str) -> &'s Step {
    summary.steps.iter().find(|step| step.question == question).unwrap()
}

#[test]
fn what_is_still_here_is_counted_again_and_what_is_purged_keeps_what_was_known() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let heads: Vec<Head> = [0, 1, 2, 3]
        .map(|words| {
            let (draft, outcome) = visit(0, 2, 1, words, false);
            freeze(&store, draft, outcome).unwrap().head
        })
        .into();
    // Each unhappy word opens a case, which is a record of its own.
    let second = store.position().unwrap();
    assert!(second.last_seq > heads.len() as u64);
    let before = summary(&store);
    let words = step(&before, "words");
    assert_eq!((words.shown, words.answered, words.left), (Some(4), 2, 2), "who did both was there once");
    assert!(words.median_ms.is_some());
    assert_eq!((step(&before, "visit").shown, step(&before, "visit").median_ms), (None, None));
    store.close().unwrap();

    as_before(directory.path());
    let (store, _) = open(directory.path());
    assert_eq!(summary(&store), before, "everything is still here");
    assert_sound(&store);
    store
        .queue()
        .accept_blocking(&receipt_at(opened.epoch, second.last_seq, second.head, 1, DAY_MS))
        .unwrap();
    assert!(store.purge(0).unwrap().records > 0);
    assert_eq!(summary(&store), before, "a purge takes no count away");
    store.close().unwrap();

    as_before(directory.path());
    let (store, _) = open(directory.path());
    let after = summary(&store);
    let words = step(&after, "words");
    // One did both and one passed it over: neither was told apart then.
    assert_eq!((words.shown, words.answered, words.left, words.median_ms), (Some(4), 2, 2, None));
    assert_eq!(step(&after, "visit").shown, None, "all have answered it: it may be the one they began with");
    let (draft, outcome) = visit(0, 2, 1, 1, false);
    freeze(&store, draft, outcome).unwrap();
    let words = summary(&store);
    assert_eq!((step(&words, "words").shown, step(&words, "visit").shown), (Some(5), None));
    assert_sound(&store);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_recount_is_what_was_counted_and_what_is_purged_is_not_lost(
        early in vec((0_i64..3, 1_u8..=5, 0_u8..3, 0_u8..4, any::<bool>()), 0..12),
        late in vec((0_i64..3, 1_u8..=5, 0_u8..3, 0_u8..4, any::<bool>()), 0..12),
        purges in any::<bool>(),
    ) {
        let directory = directory();
        let (store, opened) = open(directory.path());
        let come = |visits: &[(i64, u8, u8, u8, bool)]| for (day, face, reasons, words, flagged) in visits {
            let (draft, outcome) = visit(*day, *face, *reasons, *words, *flagged);
            freeze(&store, draft, outcome).unwrap();
        };
        come(&early);
        let position = store.position().unwrap();
        if purges && position.last_seq > 0 {
            let receipt = receipt_at(opened.epoch, position.last_seq, position.head, 1, DAY_MS);
            store.queue().accept_blocking(&receipt).unwrap();
            store.purge(0).unwrap();
        }
        come(&late);
        let before = summary(&store);
        let without = Ask { without_flagged: true, ..Ask::days(0, 2) };
        let before_without = store.summary(without.clone()).unwrap();
        store.close().unwrap();
        as_before(directory.path());
        let (store, _) = open(directory.path());
        assert_sound(&store);
        for (before, mut after) in
            [(before, summary(&store)), (before_without, store.summary(without).unwrap())]
        {
            if purges {
                let known = |step: &Step| (step.question.clone(), step.answered, step.left);
                let had: Vec<_> = before.steps.iter().map(known).filter(|(_, answered, left)| answered + left > 0).collect();
                let has: Vec<_> = after.steps.iter().map(known).filter(|(_, answered, left)| answered + left > 0).collect();
                prop_assert_eq!(has, had);
                after.steps.clone_from(&before.steps);
            }
            prop_assert_eq!(after, before);
        }
    }
}
