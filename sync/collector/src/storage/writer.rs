//! Writing: a thread that takes whatever is waiting into one durable transaction.
//!
//! Each job runs in a savepoint of its own, so that one that fails does not spoil the others; each is answered
//! only after the commit of all (`synchronous=FULL`), so that nothing is acknowledged that a power cut could
//! take back. When a commit fails, every job of the group is told that nothing was stored, and the connection
//! is opened anew: what it believes about the database is no longer to be trusted. That a commit may have been made of which
//! nothing was heard costs nothing: what is sent again is known.
//!
//! SQLite has one thread. PostgreSQL has several, and jobs of one device go to the same; a group begins by taking the locks of those of its
//! devices that nobody else has, and waits for none while it has some, so that neither two threads nor two collectors wait for each other.
//! The jobs of a device that somebody else has come after the others, wait a moment for that one lock, and are told to come later when it is
//! not to be had. A job whose device is not known before it runs takes the lock itself, and is a group by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use afterword_model::record::DeviceId;
use afterword_protocol::limits::{BATCHES_IN_FLIGHT_MAX, ENROL_CONNECTIONS_MAX};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::log_mover::LogMover;
use super::sql::{Connection, SqlError, SqlFault, SqlResult};
use super::{Database, StorageError, in_savepoint};
use crate::metrics::database::DatabaseMeters;

/// Jobs that wait for the writer: every batch in flight, and as many enrolments as there are connections.
const WRITER_QUEUE_MAX: usize = BATCHES_IN_FLIGHT_MAX + ENROL_CONNECTIONS_MAX;
/// Batches in one transaction. One fsync for 32 of them already costs each next to nothing, and a transaction
/// stays below some 8 MiB.
const GROUP_MAX: usize = 32;

/// What is to be done in a transaction.
struct Job {
    /// Of whom something is changed, where that is known.
    device: Option<DeviceId>,
    work: Work,
}

/// Runs in the transaction, or hears that there is none for it, and gives what is to be done when it is over.
type Work = Box<dyn FnOnce(Result<&Connection, StorageError>) -> Afterwards + Send>;
/// Hears whether the transaction is durable.
type Afterwards = Box<dyn FnOnce(Result<(), SqlError>) + Send>;

/// What a group does about devices that somebody else has.
#[derive(Clone, Copy)]
enum Locks {
    /// It leaves their jobs.
    Free,
    /// It waits for them a moment.
    Soon,
}

/// A handle to the writers; their threads end when the last handle is dropped and their queues are empty.
#[derive(Clone)]
pub(crate) struct Writer {
    queues: Vec<mpsc::Sender<Job>>,
}

impl Writer {
    /// Starts the threads, the first with this connection.
    pub(crate) fn start(writing: WritingConnection) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let further = (1..writing.database.writers()).map(|_| writing.another());
        let further: Vec<WritingConnection> = further.collect();
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for mut writing in std::iter::once(writing).chain(further) {
            if writing.database.has_log() {
                let (mover, thread) = LogMover::start(writing.database.clone())?;
                writing.log_mover = Some(mover);
                threads.push(thread);
            }
            let (jobs, queue) = mpsc::channel(WRITER_QUEUE_MAX);
            let thread = std::thread::Builder::new().name("collector-writer".into());
            threads.push(thread.spawn(move || write_until_closed(writing, queue))?);
            queues.push(jobs);
        }
        Ok((Self { queues }, threads))
    }

    /// Runs `work`, which changes nothing but what is held of this device where one is given, in a durable transaction, and gives its
    /// result after the commit. The work is carried out even when the caller stops waiting.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        device: Option<DeviceId>,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        // What it logs is of whoever asked.
        let span = tracing::Span::current();
        let (job, answer) = job(device, move |connection| span.in_scope(|| work(connection)));
        let number = device.map_or(0, |device| usize::from(device.as_bytes()[0]));
        self.queues[number % self.queues.len()].try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => StorageError::NoWriter,
        })?;
        answer.await.map_err(|_| StorageError::NoWriter)?
    }
}

/// The connection that writes, and the way to a new one.
pub(crate) struct WritingConnection {
    /// None while there is none that can be trusted.
    connection: Option<Connection>,
    database: Database,
    meters: DatabaseMeters,
    /// Where there is a log to be moved, and somebody who does it.
    log_mover: Option<LogMover>,
}

impl WritingConnection {
    /// Takes a connection to the database.
    pub(crate) fn new(connection: Connection, database: Database, meters: DatabaseMeters) -> Self {
        Self { connection: Some(connection), database, meters, log_mover: None }
    }

    /// Another one to the same database, not opened yet.
    fn another(&self) -> Self {
        let (database, meters) = (self.database.clone(), self.meters.clone());
        Self { connection: None, database, meters, log_mover: None }
    }

    /// Runs one piece of work in a durable transaction, on the caller's own thread.
    pub(crate) fn run<T: Send + 'static>(
        &mut self,
        device: Option<DeviceId>,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (job, mut answer) = job(device, work);
        self.write(vec![job]);
        answer.try_recv().unwrap_or(Err(StorageError::NoWriter))
    }

    /// Carries jobs out: in one transaction, but for those that have to take a lock of which nothing is known yet, and those of devices
    /// that somebody else has.
    fn write(&mut self, jobs: Vec<Job>) {
        let (group, alone): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| job.device.is_some() || !self.database.has_device_locks());
        let mut left = if group.is_empty() { group } else { self.write_group(group, Locks::Free) };
        while let Some(first) = left.first() {
            let device = first.device;
            let (same, others) = left.into_iter().partition(|job| job.device == device);
            self.write_group(same, Locks::Soon);
            left = others;
        }
        for job in alone {
            self.write_group(vec![job], Locks::Free);
        }
    }

    /// Carries a group out in one transaction, and gives the jobs that it left. After one that was not committed the connection is opened
    /// anew.
    fn write_group(&mut self, group: Vec<Job>, locks: Locks) -> Vec<Job> {
        if self.connection.as_ref().is_none_or(|open| open.own().is_broken()) {
            self.reopen();
        }
        let Some(open) = &self.connection else {
            refuse(group, || StorageError::NoDatabase);
            return Vec::new();
        };
        let began = Instant::now();
        let devices: Vec<DeviceId> = group.iter().filter_map(|job| job.device).collect();
        let (group, left): (Vec<Job>, Vec<Job>) = match begin(open, &devices, locks) {
            Ok(held) => {
                let is_free = |job: &Job| job.device.is_none_or(|device| !held.contains(&device));
                group.into_iter().partition(is_free)
            }
            Err(error) => {
                tracing::warn!(%error, "nothing of a transaction was stored; its devices are told and keep their records");
                self.meters.write_failed(error.fault());
                refuse(group, || StorageError::Database(error.clone()));
                if open.own().rollback().is_err() || error.fault() != SqlFault::Busy {
                    self.reopen();
                }
                return Vec::new();
            }
        };
        let jobs = group.len();
        // A panic drops the answers of its group, which their callers see; the next group starts afresh.
        let committed = catch_unwind(AssertUnwindSafe(|| commit_group(open, group)));
        match committed {
            Ok(Ok(())) => {
                self.meters.durable(jobs, began.elapsed());
                if let Some(mover) = &self.log_mover {
                    mover.committed(open);
                }
            }
            Ok(Err(error)) => {
                self.meters.write_failed(error.fault());
                self.reopen();
            }
            Err(_) => {
                self.meters.write_failed(SqlFault::Other);
                self.reopen();
            }
        }
        left
    }

    /// The old connection is closed first, which rolls back what it left open.
    fn reopen(&mut self) {
        self.connection = None;
        match self.database.reopen() {
            Ok(open) => self.connection = Some(open),
            Err(error) => {
                tracing::error!(%error, "the database cannot be opened again; batches are refused until it can");
            }
        }
    }
}

/// A job, and where its result comes once the transaction is over.
fn job<T: Send + 'static>(
    device: Option<DeviceId>,
    work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StorageError>>) {
    let (reply, answer) = oneshot::channel();
    let work: Work = Box::new(move |connection| {
        let result = connection.and_then(|connection| in_savepoint(connection, work));
        Box::new(move |durable: Result<(), SqlError>| {
            let result = durable.map_err(StorageError::NotCommitted).and(result);
            // Whoever asked may have gone; what is stored stays stored.
            let _ = reply.send(result);
        })
    });
    (Job { device, work }, answer)
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

/// Begins a transaction with the locks of these devices, and gives those of which somebody else has it.
fn begin(connection: &Connection, devices: &[DeviceId], locks: Locks) -> SqlResult<Vec<DeviceId>> {
    let own = connection.own();
    own.begin()?;
    match locks {
        Locks::Free => own.lock_free(devices),
        Locks::Soon => own.lock_soon(devices).map(|()| Vec::new()),
    }
}

/// Tells jobs that nothing of them was stored.
fn refuse(jobs: Vec<Job>, why: impl Fn() -> StorageError) {
    for job in jobs {
        (job.work)(Err(why()))(Ok(()));
    }
}

/// Carries a group out in the transaction that has begun, and makes it durable.
fn commit_group(connection: &Connection, group: Vec<Job>) -> SqlResult<()> {
    let mut afterwards = Vec::with_capacity(group.len());
    for job in group {
        afterwards.push((job.work)(Ok(connection)));
        if connection.own().has_lost_transaction() {
            // A full disk or a failing one has rolled everything back; the commit below says so to all.
            break;
        }
    }
    let result = connection.own().commit();
    if let Err(error) = &result {
        tracing::error!(%error, "a transaction was not committed; its devices are told and keep their records");
    }
    for answer in afterwards {
        answer(result.clone());
    }
    result
}
