//! Moving SQLite's log into the database beside the writer.
//!
//! A commit appends to the log; once it is long, its pages have to be written to their places, which takes some tens of milliseconds with
//! all the waiting for the disk. Done within a commit, as SQLite does it by itself, every device that delivers just then waits for it. Here a
//! thread of its own moves pages while the writer goes on. Once the log has reached [`super::CHECKPOINT_PAGES`] it is asked no more, and SQLite
//! does what is left within the next commit, with the waiting for the disk: only between two transactions can the log begin anew.
//!
//! On failure the log is longer than it need be, and SQLite moves it as it would without this.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::sql::{Connection, LogPages};
use super::{CHECKPOINT_PAGES, Database};

/// So many pages that wait are worth the trouble. Not a divisor of the whole, so that the last move before the log is full leaves little of it.
const DUE_PAGES: u32 = CHECKPOINT_PAGES * 3 / 16;

/// The way to the thread, which ends with it.
pub(super) struct LogMover {
    due: SyncSender<()>,
}

impl LogMover {
    /// Starts the thread.
    pub(super) fn start(database: Database) -> io::Result<(Self, JoinHandle<()>)> {
        // Asked again while it is at work, it looks once more when it is done.
        let (due, asked) = sync_channel(1);
        let thread = std::thread::Builder::new().name("collector-log".into());
        let thread = thread.spawn(move || move_until_closed(&database, &asked))?;
        Ok((Self { due }, thread))
    }

    /// Has pages moved where there are enough of them. For after a commit; takes microseconds.
    pub(super) fn committed(&self, writer: &Connection) {
        if writer.own().log_pages().is_ok_and(is_due) {
            // A full channel has been asked already; one without a thread leaves it to SQLite.
            let _ = self.due.try_send(());
        }
    }
}

/// A move that is under way keeps SQLite from its own: asked without end, the log would never begin anew.
fn is_due(pages: LogPages) -> bool {
    pages.all < CHECKPOINT_PAGES && pages.wait >= DUE_PAGES
}

fn move_until_closed(database: &Database, asked: &Receiver<()>) {
    let (mut kept, mut is_failing) = (None, false);
    while asked.recv().is_ok() {
        let moved = kept.take().map_or_else(|| database.reader(), Ok).and_then(|connection: Connection| {
            connection.own().move_log()?;
            Ok(connection)
        });
        if let Err(error) = &moved
            && !is_failing
        {
            tracing::warn!(%error, "the database's log cannot be moved beside the writer, which does it itself");
        }
        is_failing = moved.is_err();
        kept = moved.ok();
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};
    use tempfile::TempDir;

    use super::super::sql::values;
    use super::super::writer::{Writer, WritingConnection};
    use super::*;
    use crate::metrics::database::DatabaseMeters;

    /// A new database, and a table for what fills the log.
    fn database() -> (TempDir, Database, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::of(folder.path(), None);
        let writer = database.create(&ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        writer.batch("create table filler (bytes blob)").unwrap();
        (folder, database, writer)
    }

    fn fill(writer: &Connection, pages: u32) {
        writer.execute("insert into filler values (zeroblob(?1))", values![i64::from(pages) * 4096]).unwrap();
    }

    #[test]
    fn pages_are_moved_once_there_are_enough_of_them_and_not_before() {
        let (_folder, database, writer) = database();
        // What waits in the log after so many more pages, with a mover that has done all that it was asked.
        let waits_after = |pages| {
            let (mover, thread) = LogMover::start(database.clone()).unwrap();
            fill(&writer, pages);
            mover.committed(&writer);
            drop(mover);
            thread.join().unwrap();
            writer.own().log_pages().unwrap().wait
        };
        assert!(waits_after(16) >= 16, "it was moved at once");
        assert_eq!(waits_after(DUE_PAGES), 0);
    }

    #[test]
    fn a_full_log_is_left_to_sqlite() {
        assert!(is_due(LogPages { all: CHECKPOINT_PAGES - 1, wait: DUE_PAGES }));
        assert!(!is_due(LogPages { all: CHECKPOINT_PAGES, wait: DUE_PAGES }));
    }

    #[tokio::test]
    async fn the_writer_has_its_log_moved() {
        let (_folder, database, connection) = database();
        let looker = database.reader().unwrap();
        let writing = WritingConnection::new(connection, database, DatabaseMeters::default());
        let (writer, threads) = Writer::start(writing).unwrap();
        let filled = writer.run(None, |connection| {
            fill(connection, DUE_PAGES);
            Ok(())
        });
        filled.await.unwrap();
        // Whoever looks is the last to close the database: closing it moves everything as well.
        drop(writer);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(looker.own().log_pages().unwrap().wait, 0);
    }

    #[test]
    fn who_cuts_the_log_waits_for_who_moves_it() {
        let (_folder, database, writer) = database();
        let reader = database.reader().unwrap();
        fill(&writer, 16);
        // It reads what is in the log, so that who cuts the log waits for it, and keeps others from moving the log meanwhile.
        reader.batch("begin; select count(*) from filler").unwrap();
        fill(&writer, 16);
        let cut = || {
            let connection = database.reopen().unwrap();
            std::thread::spawn(move || connection.own().wipe())
        };
        let (first, second) = (cut(), cut());
        for _ in 0..10_000 {
            std::thread::yield_now();
        }
        reader.batch("rollback").unwrap();
        for done in [first, second] {
            assert!(done.join().unwrap().unwrap(), "what was erased is still in the log");
        }
    }
}
