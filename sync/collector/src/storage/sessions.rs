//! Who is signed in: of each session the SHA-256 of its secret, whose it is, and when it was last seen.

use super::sql::{Connection, SqlResult, values};

/// A session ends when nothing was asked in it for so long: a forgotten screen in an office is no open door the next morning.
pub(crate) const SESSION_IDLE_MS: i64 = 8 * 60 * 60 * 1_000;
/// A session ends in any case after so long.
pub(crate) const SESSION_LIFE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// That a session was seen is written down once in so long: a page is not worth a write each.
pub(crate) const SEEN_EVERY_MS: i64 = 60 * 1_000;

/// A session that holds.
pub(crate) struct Session {
    pub(crate) person: [u8; 16],
    pub(crate) seen_ms: i64,
}

/// Begins one.
pub(crate) fn begin(
    connection: &Connection,
    digest: &[u8; 32],
    person: &[u8; 16],
    now_ms: i64,
) -> SqlResult<()> {
    connection.execute(
        "insert into sessions (digest, person_id, created_ms, seen_ms) values (?1, ?2, ?3, ?3)",
        values![digest, person, now_ms],
    )?;
    let over = "delete from sessions where seen_ms <= ?1 or created_ms <= ?2";
    connection.execute(over, values![now_ms - SESSION_IDLE_MS, now_ms - SESSION_LIFE_MS]).map(drop)
}

/// The session of this digest, unless it is over.
pub(crate) fn find(connection: &Connection, digest: &[u8; 32], now_ms: i64) -> SqlResult<Option<Session>> {
    connection.query_opt(
        "select person_id, seen_ms from sessions where digest = ?1 and seen_ms > ?2 and created_ms > ?3",
        values![digest, now_ms - SESSION_IDLE_MS, now_ms - SESSION_LIFE_MS],
        |row| Ok(Session { person: row.get(0)?, seen_ms: row.get(1)? }),
    )
}

/// Notes that it was seen.
pub(crate) fn seen(connection: &Connection, digest: &[u8; 32], now_ms: i64) -> SqlResult<()> {
    connection
        .execute("update sessions set seen_ms = ?2 where digest = ?1", values![digest, now_ms])
        .map(drop)
}

/// Ends one.
pub(crate) fn end(connection: &Connection, digest: &[u8; 32]) -> SqlResult<()> {
    connection.execute("delete from sessions where digest = ?1", values![digest]).map(drop)
}

/// Ends all of a person.
pub(crate) fn end_all_of(connection: &Connection, person: &[u8; 16]) -> SqlResult<()> {
    connection.execute("delete from sessions where person_id = ?1", values![person]).map(drop)
}
