//! The one writer: a thread that takes whatever is waiting into one durable transaction.
//!
//! Each job runs in a savepoint of its own, so that one that fails does not spoil the others; each is answered
//! only after the commit of all (`synchronous=FULL`), so that nothing is acknowledged that a power cut could
//! take back. When a commit fails, every job of the group is told that nothing was stored, and the connection
//! is opened anew: what it believes about the file is no longer to be trusted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread::JoinHandle;

use afterword_protocol::limits::{BATCHES_IN_FLIGHT_MAX, ENROL_CONNECTIONS_MAX};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{OpenError, StorageError, in_savepoint, open_existing};

/// Jobs that wait for the writer: every batch in flight, and as many enrolments as there are connections.
const WRITER_QUEUE_MAX: usize = BATCHES_IN_FLIGHT_MAX + ENROL_CONNECTIONS_MAX;
/// Batches in one transaction. One fsync for 32 of them already costs each next to nothing, and a transaction
/// stays below some 8 MiB.
const GROUP_MAX: usize = 32;

/// Runs in the transaction and gives what is to be done when it is over.
type Job = Box<dyn FnOnce(&Connection) -> Afterwards + Send>;
/// Hears whether the transaction is durable.
type Afterwards = Box<dyn FnOnce(Result<(), String>) + Send>;

/// A handle to the writer; the thread ends when the last handle is dropped and its queue is empty.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread with this connection.
    pub(crate) fn start(writing: WritingConnection) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel(WRITER_QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("collector-writer".into())
            .spawn(move || write_until_closed(writing, queue))?;
        Ok((Self { jobs }, thread))
    }

    /// Runs `work` in a durable transaction and gives its result after the commit. The work is carried out
    /// even when the caller stops waiting.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (job, answer) = job(work);
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => StorageError::NoWriter,
        })?;
        answer.await.map_err(|_| StorageError::NoWriter)?
    }
}

/// The connection that writes, and the way to a new one.
pub(crate) struct WritingConnection {
    connection: Result<Connection, OpenError>,
    path: PathBuf,
}

impl WritingConnection {
    /// Takes a connection to the database at `path`.
    pub(crate) fn new(connection: Connection, path: PathBuf) -> Self {
        Self { connection: Ok(connection), path }
    }

    /// Runs one piece of work in a durable transaction, on the caller's own thread.
    pub(crate) fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (job, mut answer) = job(work);
        self.write(vec![job]);
        answer.try_recv().unwrap_or(Err(StorageError::NoWriter))
    }

    /// Carries a group out in one transaction. After one that was not committed the connection is opened anew.
    fn write(&mut self, group: Vec<Job>) {
        // A panic drops the answers of its group, which their callers see; the next group starts afresh.
        let committed = match &self.connection {
            Ok(open) => catch_unwind(AssertUnwindSafe(|| write_group(open, group))).unwrap_or(false),
            Err(_) => false,
        };
        if !committed {
            self.reopen();
        }
    }

    /// The old connection is closed first, which rolls back what it left open.
    fn reopen(&mut self) {
        self.connection = Err(OpenError::Missing(self.path.clone()));
        self.connection = open_existing(&self.path);
        if let Err(error) = &self.connection {
            tracing::error!(%error, "the database cannot be opened again; batches are refused until it can");
        }
    }
}

/// A job, and where its result comes once the transaction is over.
fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StorageError>>) {
    let (reply, answer) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let result = in_savepoint(connection, work);
        Box::new(move |durable: Result<(), String>| {
            let result = durable.map_err(StorageError::NotCommitted).and(result);
            // Whoever asked may have gone; what is stored stays stored.
            let _ = reply.send(result);
        })
    });
    (job, answer)
}

fn write_until_closed(mut writing: WritingConnection, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        writing.write(group);
    }
}

/// Whether the group is durable.
fn write_group(connection: &Connection, group: Vec<Job>) -> bool {
    let mut afterwards = Vec::with_capacity(group.len());
    let result = connection.execute_batch("begin immediate").and_then(|()| {
        for job in group {
            afterwards.push(job(connection));
            if connection.is_autocommit() {
                // A full disk or a failing one has rolled everything back; the commit below says so to all.
                break;
            }
        }
        connection.execute_batch("commit")
    });
    if let Err(error) = &result {
        tracing::error!(%error, "a transaction was not committed; its devices are told and keep their records");
    }
    for answer in afterwards {
        answer(result.as_ref().copied().map_err(ToString::to_string));
    }
    result.is_ok()
}
