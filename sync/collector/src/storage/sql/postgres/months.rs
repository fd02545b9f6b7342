//! The parts by month of the tables that grow, made before their time comes.
//!
//! A row of a month that has no part stands in the part for the rest, where it is found as well; so nothing fails when a clock is wrong
//! or nobody made room. When the part of its month is made it is moved there, unless that would take too long.

use chrono::{DateTime, Datelike as _, Months, NaiveDate};

use super::{MOMENT, Postgres, TABLES_LOCK};
use crate::storage::sql::{Sql, SqlFault, SqlResult};

/// The tables that are divided, by when a row was received.
const DIVIDED: [&str; 2] = ["records", "receipts"];

/// This month and the next two: a collector that nobody restarts makes them daily.
const MONTHS_AHEAD: u32 = 3;

/// As long as anybody keeps what shoppers said, and longer.
const MONTHS_MAX: u32 = 600;

/// A part of a table: from this moment to before that one, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, PartialEq, Eq)]
struct Month {
    name: String,
    from_ms: i64,
    before_ms: i64,
}

/// Makes the parts that are missing. Where somebody reads the tables, as a copy of the database does, it is done another day: all who come to
/// a table meanwhile would have to wait as well.
pub(super) fn prepare(database: &Postgres, now_ms: i64) -> SqlResult<()> {
    make_all(database, months(now_ms, MONTHS_AHEAD))
}

/// Makes those of all months between these moments, in milliseconds since 1970-01-01T00:00:00Z, where nobody else has the tables.
pub(super) fn prepare_between(database: &Postgres, first_ms: i64, last_ms: i64) -> SqlResult<()> {
    let until = months(first_ms, MONTHS_MAX).into_iter().take_while(|month| month.from_ms <= last_ms);
    make_all(database, until.collect())
}

fn make_all(database: &Postgres, months: Vec<Month>) -> SqlResult<()> {
    for month in months {
        for table in DIVIDED {
            let part = format!("{table}_{}", month.name);
            if database.finds_table(&part)? {
                continue;
            }
            match make(database, table, &part, &month) {
                Err(error) if error.fault() == SqlFault::Busy => {
                    tracing::warn!(part, %error, "no room was made for this month, another program has the table; rows stand in the part for the rest until it is made, at a start or within a day");
                    return Ok(());
                }
                made => made?,
            }
        }
    }
    Ok(())
}

/// Makes one, unless another collector has just done so.
fn make(database: &Postgres, table: &str, part: &str, month: &Month) -> SqlResult<()> {
    let Month { from_ms, before_ms, .. } = month;
    let create = format!(
        "create table if not exists {part} partition of {table} for values from ({from_ms}) to ({before_ms})"
    );
    match in_part(database, &create) {
        // Rows of it came before it was made. Nobody writes while they are moved.
        Err(error) if error.fault() == SqlFault::Constraint => {
            let of_month =
                format!("{table}_rest where received_ms >= {from_ms} and received_ms < {before_ms}");
            in_part(
                database,
                &format!(
                    "lock table only {table} in access exclusive mode;
                     create temp table afterword_moved on commit drop as select * from {of_month};
                     delete from {of_month};
                     {create};
                     insert into {table} select * from afterword_moved;
                     drop table afterword_moved"
                ),
            )
        }
        made => made,
    }
}

/// Runs statements that change the parts: all of them or none, in a transaction of their own where there is no other, and only where the tables are
/// to be had soon.
fn in_part(database: &Postgres, statements: &str) -> SqlResult<()> {
    let is_own = !database.in_transaction.get();
    if is_own {
        database.begin()?;
    }
    let made = database
        .batch(&format!(
            "savepoint part; set local lock_timeout = '{MOMENT}'; set local statement_timeout = '5s'"
        ))
        .and_then(|()| {
            database.lock_numbers([TABLES_LOCK])?;
            database.batch(statements)
        });
    // What was set ends with the transaction, or with what is taken back.
    let ended = match (&made, is_own) {
        (Ok(()), true) => database.commit(),
        (Ok(()), false) => database.batch("release part; set local lock_timeout = '5s'"),
        (Err(_), true) => database.rollback(),
        (Err(_), false) => database.batch("rollback to part; release part"),
    };
    if is_own && ended.is_err() {
        let _ = database.rollback();
    }
    made.and(ended)
}

fn months(now_ms: i64, count: u32) -> Vec<Month> {
    let today = DateTime::from_timestamp_millis(now_ms).map_or(NaiveDate::MIN, |now| now.date_naive());
    let Some(first) = today.with_day(1) else { return Vec::new() };
    let start_ms = |ahead: u32| {
        let day = first.checked_add_months(Months::new(ahead))?;
        Some((day, day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
    };
    (0..count)
        .filter_map(|ahead| {
            let ((day, from_ms), (_, before_ms)) = (start_ms(ahead)?, start_ms(ahead + 1)?);
            // Years of this era; a clock that says otherwise gets none.
            let is_sound = (1970..=9999).contains(&day.year());
            is_sound.then(|| Month {
                name: format!("{:04}_{:02}", day.year(), day.month()),
                from_ms,
                before_ms,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_on_each_other_without_a_gap_over_the_end_of_a_year() {
        // 2026-11-29T09:20:00Z
        let months = months(1_795_944_000_000, 3);
        let names: Vec<&str> = months.iter().map(|month| month.name.as_str()).collect();
        assert_eq!(names, ["2026_11", "2026_12", "2027_01"]);
        assert!(months.windows(2).all(|pair| pair[0].before_ms == pair[1].from_ms));
        assert_eq!((months[0].from_ms, months[0].before_ms), (1_793_491_200_000, 1_796_083_200_000));
    }

    #[test]
    fn a_clock_that_is_no_clock_makes_no_months() {
        assert_eq!(months(i64::MIN, 3), []);
        assert_eq!(months(i64::MAX, 3), []);
        assert_eq!(months(-10_000_000_000, 3), []);
    }
}
