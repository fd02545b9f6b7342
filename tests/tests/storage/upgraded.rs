//! What a program could not read, a later one takes away of it when it was kept long enough.

use afterword_collector::{DatabaseUrl, RetentionField};
use afterword_model::response::{Answer, AnswerValue};
use afterword_tests::cluster::{Cluster, psql};
use anyhow::Result;

use super::place::{Place, rating};

const SECRET: &str = "my neighbour Mrs Applewhite";
const DAY_MS: u64 = 86_400_000;

/// `say` carries out a statement in the database; `bytes` is how it writes the bytes of these hexadecimal digits.
fn a_later_program_begins_again_at_what_none_could_read(
    place: &Place,
    bytes: impl Fn(&str) -> String,
    say: impl Fn(&str) -> Result<()>,
) -> Result<()> {
    let mut till = place.device("Exit", 5)?;
    let mut response = rating(2);
    response.draft.answers.push(Answer {
        question: "words".into(),
        value: AnswerValue::Comment(SECRET.into()),
        at_ms: 1_500,
    });
    let whole = response.to_bytes();
    till.records[1].clone_from(&whole);
    place.receipt(&till, 1, 5)?;
    let put = |content: &[u8]| {
        let digits: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
        say(&format!("update records set bytes = {} where seq = 2", bytes(&digits)))
    };
    let taken = || -> Result<u64> { Ok(place.admin()?.retain()?.values().sum()) };
    // As it is to a program that does not know its version.
    put(&String::from_utf8(whole.clone())?.replace("{\"v\":1", "{\"v\":99").into_bytes())?;
    place.admin()?.retention_set(&[(RetentionField::Comment, Some(10))])?;
    place.clock.advance_ms(11 * DAY_MS);
    assert_eq!(taken()?, 0);
    put(&whole)?;
    assert_eq!(taken()?, 0, "the same program does not look again");
    say("update retained set unread_by = 0")?;
    assert_eq!(taken()?, 1);
    assert_eq!(taken()?, 0);
    let left = place.admin()?.subject_export("Exit", (till.epoch, 2), None)?;
    let left = serde_json::to_string(&left)?;
    assert!(!left.contains(SECRET) && left.contains("\"taken\":[\"comment\"]"), "{left}");
    place.verified()?;
    Ok(())
}

#[test]
fn a_later_program_begins_again_in_a_file() -> Result<()> {
    let place = Place::in_file()?;
    let file = rusqlite::Connection::open(place.folder.path().join("collector.db"))?;
    a_later_program_begins_again_at_what_none_could_read(
        &place,
        |digits| format!("x'{digits}'"),
        |statement| Ok(file.execute_batch(statement)?),
    )
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_later_program_begins_again_in_postgres() -> Result<()> {
    let url = Cluster::shared()?.database()?;
    a_later_program_begins_again_at_what_none_could_read(
        &Place::on(Some(DatabaseUrl::parse(&url)?))?,
        |digits| format!("'\\x{digits}'"),
        |statement| psql(&url, statement).map(drop),
    )
}
