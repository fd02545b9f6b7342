//! For how long what is kept: deciding it, and taking away what was kept for so long.
//!
//! It is done in parts, each a transaction of a few hundred rows under the lock of one device, so that whoever delivers meanwhile waits for
//! no more than that, and several collectors of one database may do it at once. Whoever is killed in between goes on where he was. A part that
//! fails is tried again, and at last its field is left to the next time: the others do not wait for it.

use std::collections::{BTreeMap, VecDeque};

use afterword_model::record::{DeviceId, StoreEpoch};

use super::{Admin, AdminError};
use crate::storage::retention::{self, AsidePlace, RetentionDays, RetentionField};
use crate::storage::{audit, cases};

/// Days that can be decided at most.
pub const RETENTION_DAYS_MAX: u32 = 36_500;

/// Entries of the audit log that are forgotten in one transaction.
const ENTRIES_MAX: i64 = 1_000;

/// Failures in a row after which a field is left to the next time.
const FAILURES_MAX: u32 = 3;

const DAY_MS: i64 = 24 * 3_600_000;

/// Why nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionRefusal {
    /// No number of days.
    #[error(
        "nothing was decided: {0} is kept for 1 to {RETENTION_DAYS_MAX} days, or for good; give a number of days, or `keep`"
    )]
    Days(&'static str),
}

/// What was taken away, by field: rows of records, of steps and of the log.
pub type Retained = BTreeMap<RetentionField, u64>;

/// What is still to be looked at.
pub(crate) struct RetentionWork {
    now_ms: i64,
    fields: VecDeque<(RetentionField, i64)>,
    stores: Vec<(DeviceId, StoreEpoch)>,
    cases: Option<Vec<cases::Known>>,
    /// How far what was kept aside has been gone through, and for which field.
    aside: Option<(RetentionField, AsidePlace)>,
    pub(crate) taken: Retained,
    /// Parts that failed since the last that did not.
    failures: u32,
    /// Why the first field was left that was.
    left: Option<AdminError>,
}

impl RetentionWork {
    /// That a part failed. It is tried again with the next one, or the field is left.
    pub(crate) fn failed(&mut self, error: AdminError) {
        self.failures += 1;
        if self.failures == FAILURES_MAX {
            self.left.get_or_insert(error);
            self.next_field();
        }
    }

    fn next_field(&mut self) {
        self.fields.pop_front();
        (self.stores, self.cases, self.aside, self.failures) = (Vec::new(), None, None, 0);
    }
}

impl Admin {
    /// For how many days what is kept. A field that is missing is kept for good.
    ///
    /// # Errors
    /// The database.
    pub fn retention(&self) -> Result<RetentionDays, AdminError> {
        Ok(retention::decided(&self.connection)?)
    }

    /// Decides for how many days fields are kept, 1 to [`RETENTION_DAYS_MAX`]; `None` is for good. What is over by then is taken away within an hour by a
    /// server that runs, or by [`Self::retain`], and does not come back when more is decided later.
    ///
    /// # Errors
    /// [`RetentionRefusal`], and nothing was decided; or the database.
    pub fn retention_set(&mut self, wishes: &[(RetentionField, Option<u32>)]) -> Result<(), AdminError> {
        let is_wrong =
            |days: &Option<u32>| days.is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days));
        if let Some((field, _)) = wishes.iter().find(|(_, days)| is_wrong(days)) {
            return Err(RetentionRefusal::Days(field.name()).into());
        }
        let transaction = self.transaction()?;
        let before = retention::decided(&transaction)?;
        for (field, days) in wishes.iter().filter(|(field, days)| before.get(field) != days.as_ref()) {
            retention::decide(&transaction, *field, *days)?;
            let more = days.map_or_else(|| "kept for good".to_owned(), |days| format!("{days} days"));
            self.note(&transaction, "retention.set", field.name(), &more)?;
        }
        Ok(transaction.commit()?)
    }

    /// Takes away all that was kept long enough. A database in a file is then written anew, so that nothing of it lies between its rows.
    ///
    /// # Errors
    /// [`AdminError::StillInLog`] while somebody reads; or the database: what was taken until then is gone, and asking again goes on.
    pub fn retain(&mut self) -> Result<Retained, AdminError> {
        let mut work = self.retention_work()?;
        loop {
            match self.retain_part(&mut work) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => work.failed(error),
            }
        }
        let ended = self.retain_end(&mut work);
        let wiped = self.connection.own().wipe();
        ended?;
        if !wiped? {
            return Err(AdminError::StillInLog);
        }
        Ok(work.taken)
    }

    /// What there is to be done now.
    pub(crate) fn retention_work(&self) -> Result<RetentionWork, AdminError> {
        let now_ms = self.clock.wall_ms();
        let before = |days| now_ms.saturating_sub(i64::from(days) * DAY_MS);
        let decided = retention::decided(&self.connection)?;
        let fields = decided.into_iter().map(|(field, days)| (field, before(days))).collect();
        let (stores, taken) = (Vec::new(), Retained::new());
        Ok(RetentionWork { now_ms, fields, stores, cases: None, aside: None, taken, failures: 0, left: None })
    }

    /// Does a bounded part of it. Whether there may be more. After a failure [`RetentionWork::failed`] says what is next.
    pub(crate) fn retain_part(&mut self, work: &mut RetentionWork) -> Result<bool, AdminError> {
        let Some((field, before_ms)) = work.fields.front().copied() else { return Ok(false) };
        let (rows, is_done) = match field {
            RetentionField::Audit => self.forget_entries(before_ms)?,
            RetentionField::CaseWords => self.take_words(work, before_ms)?,
            _ => self.take_records(work, field, before_ms)?,
        };
        *work.taken.entry(field).or_default() += rows;
        work.failures = 0;
        if is_done {
            work.next_field();
        }
        Ok(true)
    }

    /// Puts down how much was taken, where it was any. What was taken goes out of the database's log, also what others took who were killed
    /// before they came to it.
    ///
    /// # Errors
    /// The database; or why a field was left.
    pub(crate) fn retain_end(&mut self, work: &mut RetentionWork) -> Result<(), AdminError> {
        let taken: Vec<String> = work.taken.iter().filter(|(_, rows)| **rows > 0).map(said).collect();
        if !taken.is_empty() {
            let transaction = self.transaction()?;
            self.note(&transaction, "retention.done", "", &taken.join(", "))?;
            transaction.commit()?;
        }
        self.connection.own().settle_log()?;
        work.left.take().map_or(Ok(()), Err)
    }

    fn take_records(
        &mut self,
        work: &mut RetentionWork,
        field: RetentionField,
        before_ms: i64,
    ) -> Result<(u64, bool), AdminError> {
        if work.stores.is_empty() {
            work.stores = retention::due(&self.connection, field, before_ms)?;
        }
        let Some((device, epoch)) = work.stores.pop() else { return self.take_aside(work, field, before_ms) };
        let transaction = self.connection.transaction()?;
        transaction.own().lock(&[device])?;
        let rows = retention::take_part(&transaction, (&device, &epoch), field, before_ms, work.now_ms)?;
        transaction.commit()?;
        Ok((rows, false))
    }

    fn take_aside(
        &mut self,
        work: &mut RetentionWork,
        field: RetentionField,
        before_ms: i64,
    ) -> Result<(u64, bool), AdminError> {
        let after = work.aside.as_ref().filter(|(of, _)| *of == field).map(|(_, place)| place);
        let mut places = retention::next_aside(&self.connection, before_ms, after)?;
        let Some(device) = places.first().map(|place| place.device) else { return Ok((0, true)) };
        let transaction = self.connection.transaction()?;
        transaction.own().lock(&[device])?;
        let rows = retention::take_aside(&transaction, field, &places)?;
        transaction.commit()?;
        work.aside = places.pop().map(|last| (field, last));
        Ok((rows, false))
    }

    fn take_words(&mut self, work: &mut RetentionWork, before_ms: i64) -> Result<(u64, bool), AdminError> {
        if work.cases.is_none() {
            work.cases = Some(retention::closed(&self.connection, before_ms)?);
        }
        let Some(known) = work.cases.as_mut().and_then(Vec::pop) else {
            return self.take_aside(work, RetentionField::CaseWords, before_ms);
        };
        let taken = self.take_words_of(&known, before_ms);
        if let (Err(_), Some(cases)) = (&taken, &mut work.cases) {
            // After the others.
            cases.insert(0, known);
        }
        Ok((taken?, false))
    }

    fn take_words_of(&self, known: &cases::Known, before_ms: i64) -> Result<u64, AdminError> {
        let transaction = self.connection.transaction()?;
        transaction.own().lock(&[known.device])?;
        let rows = retention::take_words(&transaction, known, before_ms)?;
        transaction.commit()?;
        Ok(rows)
    }

    fn forget_entries(&mut self, before_ms: i64) -> Result<(u64, bool), AdminError> {
        let transaction = self.transaction()?;
        let entries = audit::forget(&transaction, before_ms, ENTRIES_MAX)?;
        transaction.commit()?;
        Ok((entries, entries == 0))
    }
}

fn said((field, rows): (&RetentionField, &u64)) -> String {
    format!("{} {rows}", field.name())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::*;
    use crate::storage::open::open_or_create;

    /// Somebody took it and was killed before he came to its end.
    #[test]
    fn the_log_is_cut_off_also_by_who_found_nothing_to_take() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy) = (Arc::new(ManualClock::at(0)), Arc::new(SeededEntropy::new(1)));
        drop(open_or_create(&folder.path().join("collector.db"), &*clock, &*entropy).unwrap());
        let mut admin = Admin::open(folder.path(), clock, entropy).unwrap();
        admin.retention_set(&[(RetentionField::Comment, Some(1))]).unwrap();
        let log = || std::fs::metadata(folder.path().join("collector.db-wal")).unwrap().len();
        assert!(log() > 0);
        let mut work = admin.retention_work().unwrap();
        while admin.retain_part(&mut work).unwrap() {}
        admin.retain_end(&mut work).unwrap();
        assert_eq!(log(), 0);
    }
}
