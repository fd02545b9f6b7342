//! A running collector.
//!
//! Start order: both ports are bound before anything is written, so that a port in use leaves no trace; then
//! the folder, the keys, the database, the writer. While they are made, a lock on the folder keeps a second
//! start from making them too. End order: no new connections, requests under way finish within the shutdown
//! limit, then the writer empties its queue and closes the database. A process that is killed instead loses
//! nothing that was acknowledged.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use afterword_model::ports::{Clock, Entropy};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::{Config, database_path, https_url, pki_path};
use crate::limits::{BATCHES_IN_FLIGHT_MAX, LISTEN_BACKLOG};
use crate::listen::{Port, tls};
use crate::load::Load;
use crate::pki::{Pki, PkiError};
use crate::routes::{self, App};
use crate::storage::readers::Readers;
use crate::storage::writer::Writer;
use crate::storage::{OpenError, open_or_create, read_server, write_urls};
use crate::throttle::Throttle;

/// Why a collector does not start. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program has the port.
    #[error("port {port} of {address} is in use by another program, perhaps another afterword-collector; stop that one, or choose another port with {option}",
        port = .address.port(), address = .address.ip())]
    PortInUse {
        /// Which.
        address: SocketAddr,
        /// The option that sets it.
        option: &'static str,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {reason}; give an address of this machine and a port this user may open with {option}"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The option that sets it.
        option: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// The data folder cannot be made or written.
    #[error("cannot use the data folder {path}: {reason}; name one with --data that this user may write")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The address given to devices is not one.
    #[error("`{0}` cannot be advertised to devices; give --advertise as in https://collector.example:8443")]
    Advertise(String),
    /// Keys or certificates.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// TLS refused keys and certificates that were read.
    #[error("TLS cannot be set up from the keys in {path}: {reason}; restore that folder from a backup")]
    Tls {
        /// The folder of keys.
        path: PathBuf,
        /// What rustls said.
        reason: String,
    },
    /// The system gives no thread.
    #[error("cannot start the writer: {0}; the system is out of threads or memory")]
    Writer(io::Error),
}

/// A collector that serves until it is shut down. Dropping it cuts its connections without a word, as a kill
/// would; what was acknowledged is stored in either case.
pub struct Collector {
    device_address: SocketAddr,
    enrol_address: SocketAddr,
    device_url: String,
    enrol_url: String,
    ending: watch::Sender<bool>,
    ports: JoinSet<()>,
    app: Option<Arc<App>>,
    writer_thread: Option<JoinHandle<()>>,
    shutdown_limit: std::time::Duration,
}

impl Collector {
    /// Binds both ports, opens or creates keys and database, and serves from then on.
    ///
    /// Blocks on the disk while it starts. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// [`StartError`]; nothing is half-written then.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let (device_listener, device_address) = bind(config.device_listen, "--listen")?;
        let (enrol_listener, enrol_address) = bind(config.enrol_listen, "--enrol-listen")?;
        let (device_url, enrol_url) = urls(&config, device_address, enrol_address)?;

        let names = config.certificate_names();
        let database = database_path(&config.data);
        let locked = prepare_folder(&config.data)?;
        let pki = Arc::new(Pki::open_or_create(&pki_path(&config.data), &names, &clock, &entropy)?);
        let connection = open_or_create(&database, &clock, &entropy)?;
        let failed =
            |error: rusqlite::Error| OpenError::Failed { path: database.clone(), reason: error.to_string() };
        let server = read_server(&connection).map_err(failed)?;
        write_urls(&connection, &device_url, &enrol_url).map_err(failed)?;
        drop(locked);

        let tls_failed = |error: tls::TlsError| StartError::Tls {
            path: pki_path(&config.data),
            reason: error.to_string(),
        };
        let device_tls = tls::device_port(&pki, Arc::clone(&clock)).map_err(tls_failed)?;
        let enrol_tls = tls::enrol_port(&pki, Arc::clone(&clock)).map_err(tls_failed)?;
        let (writer, writer_thread) =
            Writer::start(connection, database.clone()).map_err(StartError::Writer)?;
        let limits = config.limits;
        let app = Arc::new(App {
            clock,
            entropy,
            pki,
            readers: Readers::new(database),
            writer,
            throttle: Throttle::default(),
            server_epoch: server.server_epoch,
            device_url: device_url.clone(),
            load: Load::default(),
            in_flight: Semaphore::new(limits.batches_in_flight.clamp(1, BATCHES_IN_FLIGHT_MAX)),
            cores: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            limits: limits.clone(),
        });

        let (ending, ended) = watch::channel(false);
        let mut ports = JoinSet::new();
        let device_port = Port {
            listener: device_listener,
            tls: device_tls,
            router: routes::device_port(Arc::clone(&app)),
            connections_max: limits.device_connections.max(1),
            limits: limits.clone(),
            load: app.load.clone(),
        };
        let enrol_port = Port {
            listener: enrol_listener,
            tls: enrol_tls,
            router: routes::enrol_port(Arc::clone(&app)),
            connections_max: limits.enrol_connections.max(1),
            limits: limits.clone(),
            load: app.load.clone(),
        };
        ports.spawn(device_port.serve(ended.clone()));
        ports.spawn(enrol_port.serve(ended));
        Ok(Self {
            device_address,
            enrol_address,
            device_url,
            enrol_url,
            ending,
            ports,
            app: Some(app),
            writer_thread: Some(writer_thread),
            shutdown_limit: limits.shutdown,
        })
    }

    /// Where enrolled devices deliver, with the port that was given for 0.
    #[must_use]
    pub fn device_address(&self) -> SocketAddr {
        self.device_address
    }

    /// Where new devices enrol, with the port that was given for 0.
    #[must_use]
    pub fn enrol_address(&self) -> SocketAddr {
        self.enrol_address
    }

    /// `https://host:port` that devices are told to deliver to.
    #[must_use]
    pub fn device_url(&self) -> &str {
        &self.device_url
    }

    /// `https://host:port` for `afterword-sync enrol --collector`.
    #[must_use]
    pub fn enrol_url(&self) -> &str {
        &self.enrol_url
    }

    /// Ends in order: answers what is under way, then closes the database. Takes at most twice the shutdown
    /// limit; what isn't done by then is cut off.
    pub async fn shutdown(mut self) {
        // Nobody listening any more is as good as told.
        let _ = self.ending.send(true);
        while self.ports.join_next().await.is_some() {}
        self.app = None;
        if let Some(thread) = self.writer_thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join());
            if tokio::time::timeout(self.shutdown_limit, joined).await.is_err() {
                tracing::warn!("the database did not close in time; it recovers at the next start");
            }
        }
    }
}

fn bind(address: SocketAddr, option: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |reason: io::Error| match reason.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse { address, option },
        _ => StartError::Listen { address, option, reason },
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(failed)?;
    // As the standard library has it: a restart is not to wait until the kernel has forgotten old connections.
    socket.set_reuseaddr(true).map_err(failed)?;
    socket.bind(address).map_err(failed)?;
    let listener = socket.listen(LISTEN_BACKLOG).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// What devices are told to deliver to, and where they enrol: the same host, each with its port.
fn urls(config: &Config, device: SocketAddr, enrol: SocketAddr) -> Result<(String, String), StartError> {
    let names = config.certificate_names();
    let host = names.first().map_or("localhost", String::as_str);
    let Some(advertised) = &config.advertise else {
        return Ok((https_url(host, device.port()), https_url(host, enrol.port())));
    };
    let wrong = || StartError::Advertise(advertised.clone());
    let uri: http::Uri = advertised.parse().map_err(|_| wrong())?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority =
        uri.authority().filter(|_| bare && uri.scheme_str() == Some("https")).ok_or_else(wrong)?;
    let enrol_host = authority.host().trim_matches(['[', ']']);
    Ok((format!("https://{authority}"), https_url(enrol_host, enrol.port())))
}

/// Creates the folder where it is missing, proves that it can be written, and locks it until dropped.
fn prepare_folder(data: &Path) -> Result<File, StartError> {
    let failed = |reason| StartError::Folder { path: data.to_owned(), reason };
    if !data.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    } else if !fs::metadata(data).map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).open(data.join("collector.lock"));
    let lock = lock.map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}
