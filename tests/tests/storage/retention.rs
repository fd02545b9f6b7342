//! What was kept long enough goes, whatever comes again; what a shopper asks for is found, given out and erased; on every database there is.

use afterword_collector::{Erasure, Retained, RetentionField};
use afterword_model::case::{
    Action, Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, Category, Reason, Role, RootCause,
    Step, Tier, Wish,
};
use afterword_model::contact::{Channel, ConsentGiven, Contact};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::ports::Clock as _;
use afterword_model::record::{Seq, StoreEpoch};
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Stamp};
use afterword_protocol::problem::ProblemType;
use afterword_protocol::seal::OpeningKey;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::cluster::psql;
use anyhow::{Context as _, Result, bail, ensure};

use super::counts::{carried, counted, recounted};
use super::place::{Place, Till, problem, rating};

/// What nobody may find any more.
const SECRET: &str = "my neighbour Mrs Applewhite";
const NUMBER: &str = "+44 7700 900142";
const CODE: &str = "harbor-maple-tide";
const DAY_MS: u64 = 86_400_000;

/// Eight records, of which the second says all there is to say.
fn till(place: &Place, key: &OpeningKey) -> Result<Till> {
    let mut till = place.device("Exit", 8)?;
    till.records[1] = telling(2, key)?;
    Ok(till)
}

fn telling(seq: Seq, key: &OpeningKey) -> Result<Vec<u8>> {
    let mut response = rating(seq);
    let draft = &mut response.draft;
    draft.follow_up_code = Some(FollowUpCode::parse(CODE)?);
    let given = ConsentGiven {
        survey: &draft.survey.clone(),
        survey_version: draft.survey_version,
        question: "reply",
        consent: 2,
        channel: Channel::Phone,
    };
    let sealed = key.public().seal(NUMBER, &given.to_bytes(), &SystemEntropy)?;
    let contact = AnswerValue::Contact(Contact { channel: Channel::Phone, consent: 2, sealed });
    for (question, value) in [("words", AnswerValue::Comment(SECRET.into())), ("reply", contact)] {
        draft.answers.push(Answer { question: question.into(), value, at_ms: 1_500 });
    }
    Ok(response.to_bytes())
}

fn key() -> OpeningKey {
    OpeningKey::generate(&SystemEntropy)
}

fn keep(place: &Place, field: RetentionField, days: u32) -> Result<()> {
    Ok(place.admin()?.retention_set(&[(field, Some(days))])?)
}

fn days_pass(place: &Place, days: u64) {
    place.clock.advance_ms(days * DAY_MS);
}

/// How many rows something is taken of now.
fn taken(place: &Place) -> Result<u64> {
    let taken: Retained = place.admin()?.retain()?;
    Ok(taken.values().sum())
}

/// Everything that is held of a record, as a text.
fn told(place: &Place, record: (StoreEpoch, Seq)) -> Result<String> {
    let export = place.admin()?.subject_export("Exit", record, None)?.context("it is held")?;
    Ok(serde_json::to_string(&export)?)
}

/// Whether the words stand in any file of the collector's folder, or in any row of its database.
fn is_on_disk(place: &Place, words: &str) -> Result<bool> {
    if let Some(url) = &place.url
        && is_in_rows(url, words)?
    {
        return Ok(true);
    }
    for file in std::fs::read_dir(place.folder.path())? {
        let path = file?.path();
        if path.is_file() && std::fs::read(path)?.windows(words.len()).any(|bytes| bytes == words.as_bytes())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every row of every table as a text. Bytes are written as hexadecimal digits there.
fn is_in_rows(url: &str, words: &str) -> Result<bool> {
    let tables = "select quote_ident(table_name) from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE'";
    let digits: String = words.bytes().map(|byte| format!("{byte:02x}")).collect();
    let told: Vec<String> = psql(url, tables)?
        .lines()
        .map(|table| {
            format!(
                "select '{table}' from {table} as told
                 where position('{words}' in told::text) > 0 or position('{digits}' in told::text) > 0"
            )
        })
        .collect();
    ensure!(told.len() > 20, "there are tables: {told:?}");
    Ok(!psql(url, &told.join(" union all "))?.trim().is_empty())
}

fn reduced(place: &Place) -> Result<(u64, u64)> {
    let report = place.verified()?;
    Ok((report.reduced(), report.erased()))
}

pub(crate) fn a_comment_that_was_kept_long_enough_goes_and_its_place_holds(place: &mut Place) -> Result<()> {
    let mut till = till(place, &key())?;
    let receipt = place.receipt(&till, 1, 5)?;
    let before = counted(place)?;
    assert_eq!(place.admin()?.retain()?, Retained::new(), "everything is kept for good");
    keep(place, RetentionField::Comment, 30)?;
    days_pass(place, 30);
    till.records[7] = telling(8, &key())?;
    place.receipt(&till, 6, 8)?;
    assert_eq!(taken(place)?, 0, "to the very day");
    place.clock.advance_ms(1);
    let asked = (till.epoch, 2);
    assert!(told(place, asked)?.contains(SECRET));
    assert!(place.is_in_memory() || is_on_disk(place, SECRET)?, "one would find it");
    assert_eq!(taken(place)?, 1);
    assert_eq!(taken(place)?, 0, "there is no more of it");
    let left = told(place, asked)?;
    assert!(!left.contains(SECRET) && left.contains("\"taken\":[\"comment\"]"), "{left}");
    assert!(left.contains("sealed") && left.contains("\"harbor\""), "only the words go: {left}");
    assert!(told(place, (till.epoch, 8))?.contains(SECRET), "what came later is kept");
    assert_eq!(reduced(place)?, (1, 0));
    place.restart()?;
    // What is counted is what was counted, also from the beginning.
    place.clock.advance_ms(1);
    let after = recounted(place)?;
    assert_eq!((after.responses, after.happy.now), (before.responses + 3, counted(place)?.happy.now));
    // The same batch again is the same receipt, and brings nothing back.
    assert_eq!(place.receipt(&till, 1, 5)?, receipt);
    assert_eq!(place.receipt(&till, 2, 2)?.receipt.through_seq, 2);
    assert_eq!(told(place, asked)?.replace(char::is_numeric, ""), left.replace(char::is_numeric, ""));
    assert_eq!(place.admin()?.erase("Exit", asked)?, Erasure::Erased { rows: 1 }, "it can be erased as ever");
    place.receipt(&till, 1, 8)?;
    assert_eq!(reduced(place)?, (0, 1));
    Ok(())
}

pub(crate) fn what_is_carried_or_contradicts_brings_nothing_back(place: &mut Place) -> Result<()> {
    let mut till = till(place, &key())?;
    place.receipt(&till, 1, 5)?;
    let (first, records) = (till.epoch, till.records.clone());
    // One copy is there before, and goes with it; one comes after.
    let again = carried(&till, 1..=4)?;
    for (field, days) in [(RetentionField::Comment, 10), (RetentionField::Contact, 10)] {
        keep(place, field, days)?;
    }
    days_pass(place, 11);
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), again.clone());
    place.receipt(&till, 1, 2)?;
    assert!(told(place, (till.epoch, 2))?.contains(SECRET));
    assert_eq!(taken(place)?, 4, "of both rows both fields");
    assert!(!told(place, (till.epoch, 2))?.contains(SECRET));
    (till.epoch, till.records) = (StoreEpoch::new([9; 16]), again);
    place.receipt(&till, 1, 4)?;
    assert!(!told(place, (till.epoch, 2))?.contains(SECRET), "it was taken before it was stored");
    assert!(!told(place, (first, 2))?.contains("\"sealed\":\"A"));
    // A batch that contradicts further on keeps aside what differs, and of what was reduced nothing.
    (till.epoch, till.records) = (first, records);
    till.records[4] =
        String::from_utf8(till.records[4].clone())?.replace("completed", "finished").into_bytes();
    problem(&place.send(&till, 1, 5)?, ProblemType::ChainConflict)?;
    let report = place.verified()?;
    assert_eq!((report.reduced(), report.counted()), (3, 5), "{report:?}");
    assert_eq!(report.stores.iter().map(|store| store.quarantined).sum::<u64>(), 1);
    assert_eq!(recounted(place)?.responses, 5);
    assert_eq!(taken(place)?, 0);
    assert!(!is_on_disk(place, SECRET)?);
    // Erased, all of them go.
    assert_eq!(place.admin()?.erase("Exit", (first, 2))?, Erasure::Erased { rows: 3 });
    place.verified()?;
    Ok(())
}

pub(crate) fn an_original_that_comes_after_its_copy_was_reduced_brings_nothing_back(
    place: &mut Place,
) -> Result<()> {
    let mut till = till(place, &key())?;
    let (first, records) = (till.epoch, till.records.clone());
    let again = carried(&till, 1..=4)?;
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), again);
    place.receipt(&till, 1, 4)?;
    keep(place, RetentionField::Comment, 10)?;
    days_pass(place, 11);
    assert_eq!(taken(place)?, 1);
    (till.epoch, till.records) = (first, records);
    place.receipt(&till, 1, 5)?;
    let original = told(place, (first, 2))?;
    assert!(!original.contains(SECRET) && original.contains("\"harbor\""), "only the words go: {original}");
    assert_eq!((reduced(place)?, recounted(place)?.responses), ((2, 0), 5));
    assert!(!is_on_disk(place, SECRET)?);
    // One that contradicts where it first stood is another record, and is kept aside as it is told.
    till.records[1] = telling(2, &key())?;
    problem(&place.send(&till, 1, 5)?, ProblemType::ChainConflict)?;
    place.verified()?;
    Ok(())
}

pub(crate) fn what_was_kept_aside_goes_as_well(place: &mut Place) -> Result<()> {
    let key = key();
    let mut till = till(place, &key)?;
    let told_first = till.records.clone();
    till.records[1] = rating(2).to_bytes();
    place.receipt(&till, 1, 5)?;
    till.records = told_first;
    problem(&place.send(&till, 1, 5)?, ProblemType::ChainConflict)?;
    keep(place, RetentionField::Comment, 10)?;
    days_pass(place, 11);
    assert_eq!(taken(place)?, 1);
    problem(&place.send(&till, 1, 5)?, ProblemType::ChainConflict)?;
    assert_eq!(taken(place)?, 0, "it is kept aside once");
    assert!(!is_on_disk(place, SECRET)?);
    keep(place, RetentionField::Response, 20)?;
    days_pass(place, 10);
    // Five records, and the other story of the second.
    assert_eq!(taken(place)?, 6);
    problem(&place.send(&till, 1, 5)?, ProblemType::ChainConflict)?;
    let report = place.verified()?;
    assert_eq!((report.erased(), report.stores[0].quarantined), (5, 0), "{report:?}");
    Ok(())
}

pub(crate) fn words_of_a_step_that_was_kept_aside_go_by_when_it_came(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 3)?;
    place.receipt(&till, 1, 3)?;
    for seq in [2, 3] {
        let step = Step::Noted { words: format!("the shop of {SECRET}") };
        let (of, by) = (CaseId { epoch: till.epoch, seq: 1 }, Author::nameless(Role::Manager));
        let case = CaseEvent { of, at: stamp(place, seq), by, step, masked: Default::default() };
        till.records[usize::try_from(seq)? - 1] = CaseRecord { v: CASE_EVENT_VERSION, seq, case }.to_bytes();
    }
    problem(&place.send(&till, 1, 3)?, ProblemType::ChainConflict)?;
    keep(place, RetentionField::CaseWords, 10)?;
    keep(place, RetentionField::Comment, 10)?;
    days_pass(place, 10);
    assert_eq!(taken(place)?, 0, "to the very day");
    place.clock.advance_ms(1);
    assert_eq!(taken(place)?, 2);
    assert_eq!(taken(place)?, 0);
    assert!(!is_on_disk(place, SECRET)?);
    problem(&place.send(&till, 1, 3)?, ProblemType::ChainConflict)?;
    assert_eq!(taken(place)?, 0, "it is kept aside once");
    assert_eq!(place.verified()?.stores[0].quarantined, 2);
    Ok(())
}

pub(crate) fn a_whole_response_goes_as_an_erased_one_does(place: &mut Place) -> Result<()> {
    let mut till = till(place, &key())?;
    till.records[4] = b"{}".to_vec();
    place.receipt(&till, 1, 4)?;
    place.receipt(&till, 5, 5)?;
    assert_eq!(counted(place)?.responses, 4);
    keep(place, RetentionField::Comment, 5)?;
    keep(place, RetentionField::Response, 40)?;
    days_pass(place, 6);
    assert_eq!(taken(place)?, 1);
    days_pass(place, 35);
    place.receipt(&till, 6, 8)?;
    assert_eq!(taken(place)?, 5, "what nobody can read goes too");
    assert_eq!(reduced(place)?, (0, 5));
    place.receipt(&till, 1, 4)?;
    assert_eq!(recounted(place)?.responses, 3);
    // Carried from before, it comes in erased.
    let again = carried(&till, 1..=4)?;
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), again);
    place.receipt(&till, 1, 4)?;
    assert_eq!(reduced(place)?, (0, 9));
    assert_eq!(recounted(place)?.responses, 3);
    assert!(!is_on_disk(place, SECRET)?);
    Ok(())
}

fn stamp(place: &Place, seq: Seq) -> Stamp {
    let wall_ms = place.clock.wall_ms();
    Stamp { wall_ms, offset_min: 60, boot: 1, mono_ms: seq * 61_007, clock: ClockQuality::Synced }
}

pub(crate) fn words_in_closed_follow_ups_go_and_those_in_open_ones_stay(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 2)?;
    for (case, seq) in [(1, 3), (2, 4)] {
        let (reasons, category, tier) = (vec![Reason::LowScoreWithComment], Category::Clean, Tier::Normal);
        let step = Step::Opened { reasons, category, tier, words: None };
        let of = CaseId { epoch: till.epoch, seq: case };
        let by = Author::nameless(Role::Manager);
        let event = CaseEvent { of, at: stamp(place, seq), by: by.clone(), step, masked: Default::default() };
        till.records.push(CaseRecord { v: CASE_EVENT_VERSION, seq, case: event.clone() }.to_bytes());
        let noted = CaseEvent { step: Step::Noted { words: format!("the shop of {SECRET}") }, ..event };
        till.records.push(CaseRecord { v: CASE_EVENT_VERSION, seq: seq + 2, case: noted }.to_bytes());
    }
    till.records.swap(3, 4);
    place.receipt(&till, 1, 6)?;
    let name = |case: Seq| format!("{}/{case}", till.epoch);
    let act = Wish::Act {
        root_cause: RootCause::ALL[0],
        action: Action::ALL[0],
        words: format!("called {SECRET}"),
    };
    for case in [1, 2] {
        let mut admin = place.admin()?;
        admin.case_step(&name(case), &Wish::Acknowledge, None)?;
        admin.case_step(&name(case), &act, Some("Ana"))?;
    }
    place.admin()?.case_step(&name(1), &Wish::Verify { words: "it holds".into() }, None)?;
    keep(place, RetentionField::CaseWords, 30)?;
    days_pass(place, 30);
    assert_eq!(taken(place)?, 0);
    days_pass(place, 1);
    // The shop's note, and head office's act and verification.
    assert_eq!(taken(place)?, 3);
    assert_eq!(taken(place)?, 0);
    let case =
        |case: Seq| -> Result<String> { Ok(serde_json::to_string(&place.admin()?.case(&name(case))?)?) };
    let (closed, open) = (case(1)?, case(2)?);
    assert!(
        !closed.contains(SECRET) && closed.contains("Ana") && closed.contains(RootCause::ALL[0].id()),
        "{closed}"
    );
    assert_eq!(open.matches(SECRET).count(), 2, "{open}");
    assert_eq!(reduced(place)?, (1, 0));
    place.receipt(&till, 1, 6)?;
    assert_eq!(case(1)?, closed, "it does not come back");
    Ok(())
}

/// A step of the shop: the case that this record opened, or more about it.
fn shop_step(till: &Till, case: Seq, at: Stamp, step: Step) -> Vec<u8> {
    let seq = till.records.len() as Seq + 1;
    let (of, by) = (CaseId { epoch: till.epoch, seq: case }, Author::nameless(Role::Manager));
    let case = CaseEvent { of, at, by, step, masked: Default::default() };
    CaseRecord { v: CASE_EVENT_VERSION, seq, case }.to_bytes()
}

/// Closes a case at head office with words.
fn close(place: &Place, name: &str) -> Result<()> {
    let (root_cause, action, words) = (RootCause::ALL[0], Action::ALL[0], format!("called {SECRET}"));
    let mut admin = place.admin()?;
    admin.case_step(name, &Wish::Acknowledge, None)?;
    admin.case_step(name, &Wish::Act { root_cause, action, words }, Some("Ana"))?;
    admin.case_step(name, &Wish::Verify { words: String::new() }, None)?;
    Ok(())
}

fn opened() -> Step {
    let (reasons, category, tier) = (vec![Reason::LowScoreWithComment], Category::Clean, Tier::Normal);
    Step::Opened { reasons, category, tier, words: None }
}

pub(crate) fn words_of_follow_ups_go_by_when_they_came_whatever_the_kiosks_clock_said(
    place: &mut Place,
) -> Result<()> {
    let mut till = place.device("Exit", 2)?;
    let now = stamp(place, 3);
    let ahead = Stamp { wall_ms: now.wall_ms + 4_000 * 86_400_000, ..now };
    for (case, at) in [(1, now), (2, ahead)] {
        let record = shop_step(&till, case, at, opened());
        till.records.push(record);
    }
    place.receipt(&till, 1, 4)?;
    for case in [1, 2] {
        close(place, &format!("{}/{case}", till.epoch))?;
    }
    keep(place, RetentionField::CaseWords, 30)?;
    days_pass(place, 20);
    // By a clock that stands at its beginning, about the first.
    let behind = Stamp { wall_ms: 0, clock: ClockQuality::Unset, ..now };
    let record = shop_step(&till, 1, behind, Step::Noted { words: format!("the shop of {SECRET}") });
    till.records.push(record);
    place.receipt(&till, 5, 5)?;
    days_pass(place, 11);
    assert_eq!(taken(place)?, 1, "of the second the act, however far ahead the shop was");
    days_pass(place, 20);
    assert_eq!(taken(place)?, 2, "of the first the act, and the note that came late");
    assert_eq!(reduced(place)?, (1, 0));
    assert!(!is_on_disk(place, SECRET)?);
    Ok(())
}

/// One case, closed with words, and nothing that is kept longer than they are.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn words_that_were_taken_are_not_between_the_rows_of_the_tables_files_either() -> Result<()> {
    let mut place = Place::in_postgres()?;
    let url = place.url.clone().context("it is on PostgreSQL")?;
    let mut till = place.device("Exit", 1)?;
    let record = shop_step(&till, 1, stamp(&place, 2), opened());
    till.records.push(record);
    place.receipt(&till, 1, 2)?;
    close(&place, &format!("{}/1", till.epoch))?;
    place.restart()?;
    let is_in_file = || -> Result<bool> {
        psql(&url, "checkpoint")?;
        let file = "select current_setting('data_directory') || '/' || pg_relation_filepath('case_steps')";
        let bytes = std::fs::read(psql(&url, file)?.trim())?;
        Ok(bytes.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()))
    };
    assert!(is_in_file()?, "one would find it");
    keep(&place, RetentionField::CaseWords, 1)?;
    days_pass(&place, 2);
    assert_eq!(taken(&place)?, 1);
    assert!(!is_in_file()?);
    Ok(())
}

pub(crate) fn the_oldest_entries_of_the_audit_log_go_and_the_rest_proves_itself(
    place: &mut Place,
) -> Result<()> {
    place.device("Exit", 1)?;
    days_pass(place, 30);
    keep(place, RetentionField::Audit, 20)?;
    let before = place.admin()?.audit_check()?;
    assert!(before.entries >= 2 && before.forgotten == 0, "{before:?}");
    assert_eq!(taken(place)?, before.entries - 1);
    let after = place.admin()?.audit_check()?;
    assert_eq!((after.forgotten, after.first_break), (before.entries - 1, None));
    assert_eq!(after.entries, before.entries + 1, "that it was done is put down");
    let shown = place.admin()?.audit(None, 10)?;
    let deeds: Vec<&str> = shown.iter().map(|(_, entry)| entry.what.as_str()).collect();
    assert_eq!(deeds, ["retention.done", "retention.set"]);
    place.verified()?;
    Ok(())
}

/// Two hands take at the same time what devices went on sending, in small parts.
pub(crate) fn several_take_away_at_once_and_nothing_is_passed_over(place: &mut Place) -> Result<()> {
    const RECORDS: u64 = 40;
    let mut tills = [place.device("Exit", RECORDS)?, place.device("Door", RECORDS)?];
    let key = key();
    for till in &mut tills {
        for seq in 1..=RECORDS {
            till.records[usize::try_from(seq)? - 1] = telling(seq, &key)?;
        }
        for first in (1..=RECORDS).step_by(10) {
            place.receipt(till, first, first + 9)?;
        }
    }
    keep(place, RetentionField::Comment, 1)?;
    days_pass(place, 2);
    let place = &*place;
    taken_by(3, place)?;
    taken(place)?;
    assert_eq!(reduced(place)?, (2 * RECORDS, 0));
    assert!(!is_on_disk(place, SECRET)?);
    Ok(())
}

/// What each of so many takes away at once. Somebody else may hold the database for longer than one waits; then one tries again.
fn taken_by(hands: usize, place: &Place) -> Result<Vec<u64>> {
    const TRIES: usize = 20;
    let hand = || {
        let tried = (1..TRIES).map(|_| taken(place)).find(Result::is_ok);
        tried.unwrap_or_else(|| taken(place)).context("a hand never came to its end")
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(hand)).collect();
        hands.into_iter().map(|hand| hand.join().expect("a hand does not panic")).collect()
    })
}

/// Whoever comes second to a row goes by what the first has left of it, and takes nothing that is gone.
pub(crate) fn several_take_from_what_was_kept_aside_and_each_thing_is_taken_once(
    place: &mut Place,
) -> Result<()> {
    const RECORDS: u64 = 40;
    let key = key();
    let mut till = place.device("Exit", RECORDS)?;
    place.receipt(&till, 1, RECORDS)?;
    for seq in 1..=RECORDS {
        till.records[usize::try_from(seq)? - 1] = telling(seq, &key)?;
    }
    problem(&place.send(&till, 1, RECORDS)?, ProblemType::ChainConflict)?;
    assert_eq!(place.verified()?.stores[0].quarantined, RECORDS);
    keep(place, RetentionField::Comment, 1)?;
    keep(place, RetentionField::Contact, 1)?;
    days_pass(place, 2);
    let place = &*place;
    let hands = taken_by(4, place)?;
    // What a hand took that then had to begin again is in nobody's sum.
    ensure!(hands.iter().sum::<u64>() + taken(place)? <= 2 * RECORDS, "{hands:?}");
    ensure!(!is_on_disk(place, SECRET)?, "a comment was put back");
    assert_eq!(place.verified()?.stores[0].quarantined, RECORDS, "they are still kept aside");
    let left = till.records.iter().try_fold(0, |left, record| {
        let words = String::from_utf8(record.clone())?;
        let sealed = words.split("\"sealed\":\"").nth(1).and_then(|rest| rest.get(..24)).context("sealed")?;
        Ok::<_, anyhow::Error>(left + u64::from(is_on_disk(place, sealed)?))
    })?;
    assert_eq!(left, 0, "a contact was put back");
    Ok(())
}

pub(crate) fn an_answer_is_found_by_its_words_given_out_and_erased(place: &mut Place) -> Result<()> {
    let key = key();
    let mut till = till(place, &key)?;
    place.receipt(&till, 1, 5)?;
    let (first, records) = (till.epoch, till.records.clone());
    let again = carried(&till, 2..=2)?;
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), again.clone());
    place.receipt(&till, 1, 1)?;
    assert_eq!(counted(place)?.responses, 5);
    let code = FollowUpCode::parse(CODE)?;
    let found = place.admin()?.subjects(&code)?;
    let [subject] = &found[..] else { bail!("{found:?}") };
    assert_eq!((subject.first.epoch, subject.first.seq, subject.rows.len()), (first, 2, 2));
    assert!(subject.has_comment() && subject.has_contact() && !subject.is_erased());
    assert_eq!(subject.store.as_deref(), Some("Harbour Street"));
    // Sealed without the key, opened with it, and each in the log.
    let sealed = told(place, (first, 2))?;
    assert!(sealed.contains(SECRET) && !sealed.contains("7700"), "{sealed}");
    let opened = place.admin()?.subject_export("Exit", (first, 2), Some(&key))?.context("it is held")?;
    assert_eq!(opened.contacts[0].details.as_deref(), Some(NUMBER));
    let deeds: Vec<String> =
        place.admin()?.audit(None, 3)?.into_iter().map(|(_, entry)| entry.what).collect();
    assert_eq!(deeds, ["contact.opened", "subject.exported", "subject.exported"]);
    assert_eq!(place.admin()?.erase("Exit", (first, 2))?, Erasure::Erased { rows: 2 });
    assert!(place.admin()?.subjects(&code)?.is_empty());
    assert_eq!(recounted(place)?.responses, 4);
    // However it comes again, it stays erased; what is given out of it is its place alone.
    place.receipt(&till, 1, 1)?;
    (till.epoch, till.records) = (StoreEpoch::new([9; 16]), again);
    place.receipt(&till, 1, 1)?;
    (till.epoch, till.records) = (first, records);
    place.receipt(&till, 1, 5)?;
    assert!(place.admin()?.subjects(&code)?.is_empty());
    let left = place.admin()?.subject_export("Exit", (first, 2), Some(&key))?.context("its place is held")?;
    assert!(left.subject.is_erased() && left.contacts.is_empty(), "{left:?}");
    assert_eq!(left.subject.rows.len(), 3, "wherever it was carried");
    assert!(left.subject.rows.iter().all(|row| row.erased_ms.is_some()));
    assert!(place.admin()?.subject_export("Exit", (first, 99), None)?.is_none());
    place.verified()?;
    Ok(())
}
