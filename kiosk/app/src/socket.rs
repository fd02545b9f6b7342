//! The kiosk's side of the device's own socket: the agent and the command line ask, the store answers.
//!
//! One thread for each connection, at most ten; a connection that sends rubbish or nothing is
//! closed, the others never notice. The socket is readable by its group alone, so that only the agent's user
//! gets at the records. Nothing that arrives here can make the kiosk stop collecting.

use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use afterword_kiosk_store::{Store, StoreError, StoreQueue};
use afterword_model::case::Overview;
use afterword_model::record::StoreEpoch;
use afterword_protocol::limits::ALERTS_LISTED_MAX;
use afterword_protocol::limits::FRAME_MAX;
use afterword_protocol::local::{
    FrameError, LOCAL_VERSION, Reply, Request, decode_frame, encode_frame, frame_length,
};
use afterword_protocol::queue::{BeginReason, Begun};
use afterword_protocol::settings::SignedSettings;

use crate::device::Device;
use crate::device_status::facts;
use crate::errands::Errands;
use crate::moments::Moments;
use crate::own_file::OwnFile;

/// The agent, which has two and a third while it packs onto a stick, a summary, a doctor, and one more of each that is just going
/// away.
const CONNECTIONS_MAX: usize = 10;

/// An asker that is silent for longer than this is gone; the agent asks every half minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// Until the next try after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A frame is a few hundred kilobytes on the same machine; one that takes longer is stuck.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a frame around what it carries: its length and the name of the reply.
const FRAME_ENVELOPE_BYTES_MAX: usize = 256;

/// Who is asked.
#[derive(Clone)]
struct Office {
    queue: StoreQueue,
    store: Store,
    moments: Moments,
    errands: Option<Errands>,
    /// What head office's settings have to go together with.
    own: Option<OwnFile>,
    /// When the database was checked last: at its opening, just before; milliseconds since 1970.
    opened_ms: i64,
}

/// A socket that is being served. Dropping it removes the file, takes no new connections and answers no more.
pub struct Socket {
    path: PathBuf,
    /// Tells our file from one that another kiosk has put there since.
    inode: u64,
    stopped: Arc<AtomicBool>,
}

/// The socket cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the socket {path}: {reason}; make its folder writable for this user or name another with --socket", path = path.display())]
pub struct SocketError {
    path: PathBuf,
    reason: io::Error,
}

impl Socket {
    /// Begins to answer at `path`. A socket that a kiosk left there when it was killed is replaced.
    ///
    /// # Errors
    /// [`SocketError`] when the path cannot be used: a file that is no socket stands there, or a running kiosk
    /// answers at it.
    pub fn serve(path: &Path, store: &Store, moments: &Moments) -> Result<Self, SocketError> {
        let (store, moments) = (store.clone(), moments.clone());
        Self::open(
            path,
            Office { queue: store.queue(), store, moments, errands: None, own: None, opened_ms: 0 },
        )
    }

    /// The same for a whole device, whose screen has errands for the agent.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub fn of_device(path: &Path, device: &Device) -> Result<Self, SocketError> {
        let (store, moments) = (device.store.clone(), device.moments.clone());
        let (errands, opened_ms) = (Some(device.errands.clone()), device.opened_ms());
        let own = Some(device.own_file().clone());
        Self::open(path, Office { queue: store.queue(), store, moments, errands, own, opened_ms })
    }

    fn open(path: &Path, office: Office) -> Result<Self, SocketError> {
        let failed = |reason| SocketError { path: path.to_owned(), reason };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        remove_abandoned(path).map_err(failed)?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        let inode = std::fs::symlink_metadata(path).map_err(failed)?.ino();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        std::thread::Builder::new()
            .name("socket".into())
            .spawn(move || accept(&listener, &office, &stop))
            .map_err(failed)?;
        Ok(Self { path: path.to_owned(), inode, stopped })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The thread sits in `accept`; one last connection lets it see that it is over.
        drop(UnixStream::connect(&self.path));
        if std::fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            // Gone already, or not removable: the next kiosk replaces it either way.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes a socket at which nobody answers any more, and nothing else.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let file = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !file.file_type().is_socket() {
        return Err(io::Error::other("a file that is no socket stands there"));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::other("another running kiosk answers there"));
    }
    std::fs::remove_file(path)
}

fn accept(listener: &UnixListener, office: &Office, stop: &Arc<AtomicBool>) {
    let open = Arc::new(AtomicUsize::new(0));
    for connection in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = connection else {
            // Out of file descriptors, as a rule; asking again at once would only burn the processor.
            std::thread::park_timeout(ACCEPT_PAUSE);
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::SeqCst);
            tracing::warn!("more than {CONNECTIONS_MAX} programs at the socket, one was turned away");
            continue;
        }
        let (office, count, stop) = (office.clone(), Arc::clone(&open), Arc::clone(stop));
        let served = std::thread::Builder::new().name("socket-client".into()).spawn(move || {
            if let Err(error) = serve_connection(stream, &office, &stop) {
                tracing::debug!(%error, "a connection at the socket ended");
            }
            count.fetch_sub(1, Ordering::SeqCst);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn serve_connection(mut stream: UnixStream, office: &Office, stop: &AtomicBool) -> Result<(), FrameIoError> {
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let first: Request = read_frame(&mut stream)?;
    let Request::Hello { version, program } = first else {
        return write_frame(&mut stream, &refused("the first message must be a hello"));
    };
    if version != LOCAL_VERSION && version.saturating_add(1) != LOCAL_VERSION {
        let detail =
            format!("{program} speaks version {version}, this kiosk {LOCAL_VERSION}; update the older one");
        return write_frame(&mut stream, &refused(&detail));
    }
    let program_version = env!("CARGO_PKG_VERSION").to_owned();
    let errands = office.errands.is_some();
    write_frame(&mut stream, &Reply::Hello { version: LOCAL_VERSION, program_version, errands })?;
    loop {
        let request = read_frame(&mut stream)?;
        // Hanging up sends the asker to the kiosk that comes next; an answer would keep it at this one.
        if stop.load(Ordering::SeqCst) {
            return Ok(());
        }
        let reply = answer(request, office);
        let written = write_frame(&mut stream, &reply);
        if let (Err(_), Reply::Errand { errand: Some(errand) }, Some(desk)) =
            (&written, reply, &office.errands)
        {
            // Its agent was gone already, and another one may be there.
            desk.give_back(errand);
        }
        written?;
    }
}

fn answer(request: Request, office: &Office) -> Reply {
    let Office { queue, store, moments, .. } = office;
    let reply = match request {
        Request::Hello { .. } => return refused("the hello was already said"),
        Request::Position => queue.position_blocking().map(Reply::Position),
        Request::Next(take) => queue.next_blocking(take).map(|run| Reply::Next { run: run.map(Into::into) }),
        Request::Accept(receipt) => {
            queue.accept_blocking(&receipt).map(|acceptance| Reply::Accepted { acceptance })
        }
        Request::Health => queue.health_blocking(env!("CARGO_PKG_VERSION")).map(Reply::Health),
        Request::BeginAnew { of, reason } => {
            begin_anew(queue, of, reason).map(|begun| Reply::BegunAnew { begun })
        }
        Request::KeepChanges(changes) => queue.keep_changes_blocking(&changes).map(|()| Reply::Kept),
        Request::KeepCaseSteps(steps) => queue.keep_case_steps_blocking(&steps).map(|()| Reply::Kept),
        Request::KeepSettings(settings) => {
            if let Err(error) = goes_together(office, &settings) {
                return refused(&error);
            }
            queue.keep_settings_blocking(&settings).map(|()| Reply::Kept)
        }
        Request::FollowUps(ask) => {
            store.cases(&ask).map(|overview| Reply::FollowUps(Box::new(in_a_frame(overview))))
        }
        Request::Moment { moment } => {
            if let Err(error) = moment.check() {
                return refused(&error.to_string());
            }
            moments.tell(moment);
            return Reply::Told;
        }
        Request::Alerts { newest, open_only } => {
            store.alerts(newest.min(ALERTS_LISTED_MAX), open_only).map(|alerts| Reply::Alerts { alerts })
        }
        Request::HiddenWords => {
            store.hidden_words().map(|origins| Reply::HiddenWords { origins: origins.into_iter().collect() })
        }
        Request::Summary(ask) => store.summary(ask).map(|summary| Reply::Summary(Box::new(summary))),
        Request::Device => facts(&office.store, office.errands.as_ref(), office.opened_ms)
            .map(|facts| Reply::Device(Box::new(facts))),
        Request::Errand { .. }
        | Request::ErrandStep { .. }
        | Request::ErrandDone { .. }
        | Request::TestNetwork => return answer_errand(request, office),
    };
    reply.unwrap_or_else(|error| refused(&error.to_string()))
}

fn answer_errand(request: Request, office: &Office) -> Reply {
    let Some(desk) = &office.errands else { return refused("this kiosk has no errands") };
    match request {
        Request::Errand { wait_ms, agent } => return Reply::Errand { errand: desk.take(*agent, wait_ms) },
        Request::ErrandStep { id, step } => desk.step(id, step),
        Request::ErrandDone { id, result } => desk.done(id, *result),
        _ => desk.test_network(),
    }
    Reply::Told
}

/// Whether settings go together with what the device's own file says. Whether they are sound by themselves, the store asks.
fn goes_together(office: &Office, settings: &SignedSettings) -> Result<(), String> {
    let (Some(own), Ok(settings)) = (&office.own, settings.envelope.open()) else { return Ok(()) };
    own.with(&settings)
        .map(drop)
        .map_err(|error| format!("head office's settings were not taken, and what holds stays: {error}"))
}

/// Ends the epoch that is named, and no other: an agent that was killed while its wish was carried out asks again, and the
/// records would be carried a second time.
fn begin_anew(queue: &StoreQueue, of: Option<StoreEpoch>, reason: BeginReason) -> Result<Begun, StoreError> {
    // One after another, so that the second sees what the first has done.
    static BEGINNING: Mutex<()> = Mutex::new(());
    let _beginning = BEGINNING.lock().unwrap_or_else(PoisonError::into_inner);
    if of.is_some_and(|of| queue.position_blocking().is_ok_and(|position| position.epoch != of)) {
        return Ok(Begun::Anew);
    }
    queue.begin_anew_blocking(reason)
}

/// As many of them as a frame holds, where they are long; all stay counted.
fn in_a_frame(mut overview: Overview) -> Overview {
    let bytes = |overview: &Overview| serde_json::to_vec(overview).map_or(usize::MAX, |json| json.len());
    while bytes(&overview) > FRAME_MAX - FRAME_ENVELOPE_BYTES_MAX && overview.cases.pop().is_some() {}
    overview
}

fn refused(detail: &str) -> Reply {
    Reply::Refused { detail: detail.to_owned() }
}

/// A frame that did not come or go.
#[derive(Debug, thiserror::Error)]
pub enum FrameIoError {
    /// The connection broke or was silent too long.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came is not of this protocol.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Writes one message.
///
/// # Errors
/// [`FrameIoError`].
pub fn write_frame(stream: &mut impl Write, message: &impl serde::Serialize) -> Result<(), FrameIoError> {
    stream.write_all(&encode_frame(message)?)?;
    Ok(())
}

/// Reads one message.
///
/// # Errors
/// [`FrameIoError`]; nothing larger than a frame is ever allocated.
pub fn read_frame<T: serde::de::DeserializeOwned>(stream: &mut impl Read) -> Result<T, FrameIoError> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix)?;
    let mut json = vec![0; frame_length(prefix)?];
    stream.read_exact(&mut json)?;
    Ok(decode_frame(&json)?)
}
