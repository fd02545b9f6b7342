//! Frozen records: one unbroken chain, and hours that add up to it.

use std::collections::BTreeMap;

use afterword_kiosk_store::StoreError;
use afterword_model::record::{RECORD_BYTES_MAX, genesis, next_head};
use afterword_model::response::{
    Answer, AnswerValue, ClockQuality, Draft, Flag, Outcome, RESPONSE_VERSION, Response, Stamp,
};
use afterword_model::scale::ScaleKind;
use afterword_model::summary::{Ask, Measure};
use afterword_model::tally::Tally;
use afterword_protocol::queue::Take;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{assert_sound, complete, directory, draft, freeze, open, save, with_comment};

#[test]
fn the_chain_is_what_anyone_can_compute() {
    let directory = directory();
    let (store, opened) = open(directory.path());
    let mut head = genesis(&opened.epoch);
    for (seq, face) in (1..).zip([5, 1, 3]) {
        let draft = draft(20_000, face);
        let frozen = freeze(&store, draft.clone(), Outcome::TimedOut).unwrap();
        let response =
            Response { v: RESPONSE_VERSION, seq, draft, outcome: Outcome::TimedOut, took_ms: 1_500 };
        head = next_head(&head, &response.to_bytes());
        assert_eq!((frozen.seq, frozen.head), (seq, head));
    }
    assert_eq!(store.position().unwrap().head, head);
    let verified = store.verify().unwrap();
    assert_eq!((verified.records, verified.first_seq, verified.last_seq, verified.head), (3, 1, 3, head));
    assert_sound(&store);
}

#[test]
fn a_response_that_was_never_saved_can_be_frozen() {
    let directory = directory();
    let (store, _) = open(directory.path());
    save(&store, draft(0, 1)).unwrap();
    assert_eq!(complete(&store, draft(0, 2)).seq, 1);
    assert_eq!(complete(&store, draft(0, 3)).seq, 2);
    assert_eq!(store.summary(Ask::days(0, 0)).unwrap().questions[0].counts, [0, 1, 1, 0, 0]);
}

#[test]
fn a_record_that_is_too_long_is_refused_while_it_can_be_shortened() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let long = with_comment(RECORD_BYTES_MAX);
    assert!(
        matches!(save(&store, long.clone()), Err(StoreError::TooLong(bytes)) if bytes > RECORD_BYTES_MAX)
    );
    assert!(matches!(freeze(&store, long, Outcome::Completed), Err(StoreError::TooLong(_))));
    // The longest that is saved can be frozen too.
    let fits = (0..3_000).find(|less| save(&store, with_comment(RECORD_BYTES_MAX - less)).is_ok()).unwrap();
    drop(store);
    assert_eq!(open(directory.path()).1.interrupted, Some(1), "{fits} bytes below the limit");
}

#[test]
fn days_are_the_stores_local_days() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let at = |wall_ms: i64, offset_min: i16| {
        let mut draft = draft(0, 4);
        draft.started = Stamp { wall_ms, offset_min, ..draft.started };
        draft
    };
    complete(&store, at(23 * 3_600_000, 0));
    complete(&store, at(23 * 3_600_000, 60));
    complete(&store, at(0, -60));
    let responses = |first, last| store.summary(Ask::days(first, last)).unwrap().responses;
    assert_eq!((responses(-1, -1), responses(0, 0), responses(1, 1), responses(-1, 1)), (1, 1, 1, 3));
    let backwards = store.summary(Ask::days(1, -1)).unwrap();
    assert_eq!((backwards.responses, backwards.questions), (0, vec![]));
}

#[test]
fn a_clock_that_jumps_disturbs_neither_order_nor_days() {
    let directory = directory();
    let (store, _) = open(directory.path());
    for day in [20_000, 23_650, 0, 20_000] {
        complete(&store, draft(day, 5));
    }
    let summary = store.summary(Ask::days(20_000, 20_000)).unwrap();
    assert_eq!(summary.responses, 2);
    assert_sound(&store);
}

#[test]
fn what_is_flagged_is_counted_and_can_be_left_out() {
    let directory = directory();
    let (store, _) = open(directory.path());
    complete(&store, draft(0, 5));
    for flags in [vec![Flag::Repeat], vec![Flag::Repeat, Flag::Burst]] {
        complete(&store, Draft { flags, ..draft(0, 1) });
    }
    let summary = store.summary(Ask::days(0, 0)).unwrap();
    assert_eq!((summary.responses, summary.flagged), (3, 2));
    assert_eq!(summary.questions[0].counts, [2, 0, 0, 0, 1]);
    let without = store.summary(Ask { without_flagged: true, ..Ask::days(0, 0) }).unwrap();
    assert_eq!((without.responses, without.flagged), (1, 2));
    assert_eq!(without.questions[0].counts, [0, 0, 0, 0, 1]);
    assert_sound(&store);
    store.close().unwrap();

    let connection = rusqlite::Connection::open(directory.path().join("kiosk.db")).unwrap();
    let (counts, hours): (Vec<u8>, Vec<u8>) = connection
        .query_row("SELECT flagged_counts, flagged_hours FROM cell", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let mut tally = Tally::unpacked(&counts, &hours).unwrap();
    tally.questions.get_mut("visit").unwrap().ratings.get_mut(&ScaleKind::Faces).unwrap()[0] = 3;
    connection.execute("UPDATE cell SET flagged_counts = ?1", [tally.packed()]).unwrap();
    drop(connection);
    let problems = open(directory.path()).0.verify().unwrap().problems.join("\n");
    for expected in ["Faces 1: 3 counted, 2 in the records", "flagged true"] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn verification_names_what_was_tampered_with() {
    let directory = directory();
    let (store, _) = open(directory.path());
    for face in 1..=3 {
        complete(&store, draft(0, face));
    }
    store.close().unwrap();
    let connection = rusqlite::Connection::open(directory.path().join("kiosk.db")).unwrap();
    let tampering =
        "UPDATE record SET bytes = CAST(replace(bytes, 'face\":2', 'face\":5') AS BLOB) WHERE seq = 2;
         UPDATE cell SET responses = 4";
    connection.execute_batch(tampering).unwrap();
    drop(connection);
    let (store, _) = open(directory.path());
    let problems = store.verify().unwrap().problems.join("\n");
    for expected in ["record 2 does not hash", "Faces 2: 1 counted, 0 in the records", "do not add up"] {
        assert!(problems.contains(expected), "{problems}");
    }
    // The agent gets what is sound, and never what is not.
    let take = |after_seq| store.queue().next_blocking(Take { after_seq, records_max: 500, wait_ms: 0 });
    assert_eq!(take(0).unwrap().unwrap().records.len(), 1);
    assert_eq!(take(2).unwrap().unwrap().first_seq, 3);
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let value = prop_oneof![
        3 => (0_u8..=7).prop_map(AnswerValue::Face),
        1 => vec("[a-z]{1,8}", 0..3).prop_map(AnswerValue::Choices),
        1 => any::<String>().prop_map(AnswerValue::Comment),
    ];
    let question = prop_oneof![Just("visit".to_owned()), Just("staff".to_owned()), any::<String>()];
    vec((question, value, 0_u64..60_000), 0..5).prop_map(|given| {
        given.into_iter().map(|(question, value, at_ms)| Answer { question, value, at_ms }).collect()
    })
}

fn drafts() -> impl Strategy<Value = (Draft, Outcome)> {
    let stamp = (-3_i64..4, 0_i64..86_400_000, -840_i16..=840).prop_map(|(day, ms, offset_min)| Stamp {
        wall_ms: day * 86_400_000 + ms,
        offset_min,
        boot: 1,
        mono_ms: 0,
        clock: ClockQuality::Free,
    });
    let survey = prop_oneof![Just("exit".to_owned()), Just("checkout".to_owned())];
    let language = prop_oneof![Just("en".to_owned()), Just("de".to_owned())];
    let outcome = prop_oneof![
        Just(Outcome::Completed),
        Just(Outcome::Finished),
        Just(Outcome::TimedOut),
        Just(Outcome::Interrupted)
    ];
    (survey, language, stamp, answers(), outcome).prop_map(|(survey, language, started, answers, outcome)| {
        (Draft { answers, ..Draft::begun(&survey, 1, &language, started) }, outcome)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any answers on any days: the summary of any range equals a count over the responses themselves.
    #[test]
    fn a_summary_equals_a_recount(
        given in vec(drafts(), 0..30),
        first_day in -4_i64..4,
        days in 0_i64..6,
    ) {
        let directory = directory();
        let (store, _) = open(directory.path());
        for (draft, outcome) in &given {
            freeze(&store, draft.clone(), *outcome).unwrap();
        }
        let last_day = first_day + days;
        let within: Vec<_> = given.iter()
            .filter(|(draft, _)| (first_day..=last_day).contains(&draft.started.local_day()))
            .collect();
        let mut faces: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        for (draft, _) in &within {
            for (question, face) in draft.faces().filter(|(_, face)| (1..=5).contains(face)) {
                let counts = faces.entry((draft.survey.clone(), question.to_owned())).or_insert_with(|| vec![0; 5]);
                counts[usize::from(face) - 1] += 1;
            }
        }
        let summary = store.summary(Ask::days(first_day, last_day)).unwrap();
        prop_assert_eq!(summary.responses, within.len() as u64);
        let completed = within.iter().filter(|(_, outcome)| *outcome == Outcome::Completed).count();
        if let Some(Measure::Share(share)) = summary.completed.now {
            prop_assert_eq!((share.hits, share.of), (completed as u64, within.len() as u64));
        }
        let found: BTreeMap<_, _> = summary.questions.into_iter()
            .map(|question| ((question.survey, question.question), question.counts))
            .collect();
        prop_assert_eq!(found, faces);
        prop_assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
    }
}
