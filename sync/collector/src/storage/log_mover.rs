//! Moving SQLite's log into the database beside the writer.
//!
//! A commit appends to the log; once it is long, its pages have to be written to their places, which takes some tens of milliseconds with
//! all the waiting for the disk. Done within a commit, as SQLite does it by itself, every device that delivers just then waits for it. Here a
//! thread of its own moves pages while the writer goes on. What is left when the log has reached [`super::CHECKPOINT_PAGES`] is little, and
//! SQLite does it within the next commit: only between two transactions can the log begin anew.
//!
//! On failure the log is longer than it need be, and SQLite moves it as it would without this.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::sql::Connection;
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
        if writer.own().log_pages().is_ok_and(|pages| pages >= DUE_PAGES) {
            // A full channel has been asked already; one without a thread leaves it to SQLite.
            let _ = self.due.try_send(());
        }
    }
}

fn move_until_closed(database: &Database, asked: &Receiver<()>) {
    let mut kept = None;
    while asked.recv().is_ok() {
        let moved = kept.take().map_or_else(|| database.reader(), Ok).and_then(|connection: Connection| {
            connection.own().move_log()?;
            Ok(connection)
        });
        match moved {
            Ok(connection) => kept = Some(connection),
            Err(error) => {
                tracing::warn!(%error, "the database's log could not be moved beside the writer, which does it itself")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::super::sql::values;
    use super::*;

    #[test]
    fn pages_are_moved_once_there_are_enough_of_them_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::of(folder.path(), None);
        let writer = database.create(&ManualClock::at(0), &SeededEntropy::new(1)).unwrap();
        writer.batch("create table filler (bytes blob)").unwrap();
        // What is left in the log after so many more bytes, with a mover that has done all that it was asked.
        let left_after = |bytes: u32| {
            let (mover, thread) = LogMover::start(database.clone()).unwrap();
            writer.execute("insert into filler values (zeroblob(?1))", values![i64::from(bytes)]).unwrap();
            mover.committed(&writer);
            drop(mover);
            thread.join().unwrap();
            writer.own().log_pages().unwrap()
        };
        assert!(left_after(64 * 1024) >= 16, "it was moved at once");
        assert_eq!(left_after(DUE_PAGES * 4096), 0);
    }
}
