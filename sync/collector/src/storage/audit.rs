//! Where the audit log is kept; see `people::audit` for what its entries are.

use serde::Serialize;

use super::sql::{Connection, SqlError, SqlResult, values};
use crate::people::audit::{AuditEntry, next_head};

/// What an entry is about, apart from when and by whom.
pub(crate) struct Deed<'d> {
    /// As in `device.revoked`.
    pub(crate) what: &'d str,
    pub(crate) on: &'d str,
    pub(crate) more: &'d str,
}

/// What a check of the log found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Entries there are.
    pub entries: u64,
    /// Hash of all of them, 64 hexadecimal digits; empty without entries.
    pub head: String,
    /// Of the oldest ones among them so many were kept long enough: their hashes are left, and who did what is not.
    pub forgotten: u64,
    /// The first that does not follow from the one before it.
    pub first_break: Option<u64>,
}

/// Adds an entry. The caller holds the lock of commands, so that entries come one after the other.
pub(crate) fn append(connection: &Connection, who: String, deed: &Deed<'_>, at_ms: i64) -> SqlResult<()> {
    let last = "select entry_id, head from audit order by entry_id desc limit 1";
    let last = connection.query_opt(last, &[], |row| Ok((row.get::<i64>(0)?, row.get::<[u8; 32]>(1)?)))?;
    let (number, before) = last.unwrap_or((0, [0; 32]));
    let entry = AuditEntry {
        at_ms,
        who,
        what: deed.what.to_owned(),
        on: deed.on.to_owned(),
        more: deed.more.to_owned(),
    };
    let entry = serde_json::to_string(&entry).expect("an entry is numbers and texts");
    let head = next_head(&before, &entry);
    connection
        .execute(
            "insert into audit (entry_id, head, entry) values (?1, ?2, ?3)",
            values![number + 1, &head, &entry],
        )
        .map(drop)
}

/// The newest entries with their numbers, the newest first: so many at most, of those before a number.
pub(crate) fn newest(
    connection: &Connection,
    before: Option<i64>,
    count: i64,
) -> SqlResult<Vec<(i64, AuditEntry)>> {
    let rows = connection.query_all(
        "select entry_id, entry from audit where entry_id < ?1 order by entry_id desc limit ?2",
        values![before.unwrap_or(i64::MAX), count],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    // What cannot be read any more is found by the check.
    Ok(rows
        .into_iter()
        .filter_map(|(number, entry)| Some((number, serde_json::from_str(&entry).ok()?)))
        .collect())
}

/// Forgets what was done before this moment (ms since 1970-01-01T00:00:00Z), the oldest first, so many entries at most. Gives how many. The
/// caller holds the lock of commands.
pub(crate) fn forget(connection: &Connection, before_ms: i64, count: i64) -> SqlResult<u64> {
    let oldest = connection.query_all(
        "select entry_id, entry from audit where entry <> '' order by entry_id limit ?1",
        values![count],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    // One that cannot be read stops it: that is for the check to say.
    let is_over =
        |entry: &str| serde_json::from_str::<AuditEntry>(entry).is_ok_and(|entry| entry.at_ms < before_ms);
    let Some(last) = oldest.iter().take_while(|(_, entry)| is_over(entry)).last() else { return Ok(0) };
    connection.execute("update audit set entry = '' where entry_id <= ?1 and entry <> ''", values![last.0])
}

/// Hashes the log from its beginning.
pub(crate) fn check(connection: &Connection) -> SqlResult<AuditReport> {
    let (mut report, mut head) = (AuditReport::default(), [0; 32]);
    connection.each("select entry_id, head, entry from audit order by entry_id", &[], |row| {
        let number = row.get::<i64>(0)?.unsigned_abs();
        let entry: String = row.get(2)?;
        // Only the oldest are forgotten, so that nobody takes one out from among others.
        let is_forgotten = entry.is_empty() && report.forgotten == report.entries;
        let follows = is_forgotten || next_head(&head, &entry) == row.get::<[u8; 32]>(1)?;
        let follows = follows && number == report.entries + 1;
        report.forgotten += u64::from(is_forgotten);
        if !follows && report.first_break.is_none() {
            report.first_break = Some(number);
        }
        report.entries += 1;
        head = row.get(1)?;
        Ok::<_, SqlError>(())
    })?;
    if report.entries > 0 {
        report.head = data_encoding::HEXLOWER.encode(&head);
    }
    Ok(report)
}
