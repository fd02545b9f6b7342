//! A running collector.
//!
//! Start order: all ports are bound before anything is written, so that a port in use leaves no trace; then
//! the folder with its keys and its database (`opened`), then the writer. End order: no new connections, requests under way finish within the shutdown
//! limit, then the writer empties its queue and closes the database. A process that is killed instead loses
//! nothing that was acknowledged.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::limits::{BATCHES_IN_FLIGHT_MAX, LISTEN_BACKLOG};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::admin::AdminError;
use crate::config::{Config, https_url, pki_path};
use crate::counting::keep_counting;
use crate::desk::Desk;
use crate::drawing::Drawing;
use crate::kept::KeptFigures;
use crate::listen::door::Door;
use crate::listen::web::{WebCertificate, WebTlsError};
use crate::listen::{Port, tls};
use crate::load::Load;
use crate::metrics::{Certificates, Metrics};
use crate::noting::{keep_note, keep_room, note};
use crate::oidc::{BadOidc, Oidc};
use crate::opened::Opened;
use crate::pki::PkiError;
use crate::refresh::Acceptors;
use crate::request_id::RequestIds;
use crate::retaining::keep_retention;
use crate::routes::{self, App};
use crate::silences::keep_silences;
use crate::storage::writer::Writer;
use crate::storage::{OpenError, Urls};
use crate::watching::keep_watching;
use crate::web;
use crate::webhooks::sender::Sender;
use crate::webhooks::sending::keep_sending;
use crate::webhooks::telling::keep_telling;

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
    /// The database is one of collectors with other keys.
    #[error(
        "the database {database} is of a collector with other keys than those in {folder}; stop, and put the folder `pki` of that collector in its place"
    )]
    OtherKeys {
        /// Which, without its password.
        database: String,
        /// The keys that do not fit.
        folder: PathBuf,
    },
    /// The address given to devices is not one.
    #[error("`{0}` cannot be advertised to devices; give --advertise as in https://collector.example:8443")]
    Advertise(String),
    /// The address given to people is not one.
    #[error("`{0}` is no address for people; give --web-url as in https://feedback.example")]
    WebUrl(String),
    /// The organisation's own sign-in.
    #[error(transparent)]
    Oidc(#[from] BadOidc),
    /// Keys or certificates.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// It was opened, and then did not do what it was asked.
    #[error(transparent)]
    Desk(#[from] AdminError),
    /// People's browsers cannot be served.
    #[error(transparent)]
    Web(#[from] WebTlsError),
    /// TLS refused keys and certificates that were read.
    #[error("TLS cannot be set up from the keys in {path}: {reason}; restore that folder from a backup")]
    Tls {
        /// The folder of keys.
        path: PathBuf,
        /// What rustls said.
        reason: String,
    },
    /// Nothing can be sent to other programs.
    #[error(
        "the way out to other programs cannot be set up: {0}; check the certificates that this machine trusts"
    )]
    Outward(String),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}; the system is out of threads or memory")]
    Thread(io::Error),
}

/// A collector that serves until it is shut down. Dropping it cuts its connections without a word, as a kill
/// would; what was acknowledged is stored in either case.
pub struct Collector {
    device_address: SocketAddr,
    enrol_address: SocketAddr,
    web_address: SocketAddr,
    urls: Urls,
    first_link: Option<String>,
    ending: watch::Sender<bool>,
    ports: JoinSet<()>,
    /// What is done beside the ports.
    chores: [AbortHandle; 9],
    data: PathBuf,
    app: Option<Arc<App>>,
    writer_threads: Vec<JoinHandle<()>>,
    shutdown_limit: std::time::Duration,
    /// Held for its lock.
    _serving: File,
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
        let (web_listener, web_address) = bind(config.web_listen, "--web-listen")?;
        let urls = urls(&config, device_address, enrol_address, web_address)?;
        let oidc = config
            .oidc
            .clone()
            .map(|settings| Oidc::new(settings, &urls.web, Arc::clone(&clock), Arc::clone(&entropy)));
        let oidc = oidc.transpose()?;

        let hooks = Sender::new(config.webhooks_allow_private.clone())
            .map_err(|error| StartError::Outward(error.to_string()))?;

        let ids = Arc::new(RequestIds::new(&*entropy));
        let opening = Arc::clone(&entropy);
        let Opened { context, readers, writing, serving } =
            Opened::open(&config, &urls, Arc::clone(&clock), opening)?;
        let desk = Desk::new(&config, clock, entropy);
        let first_link = desk.first_link(&urls.web)?;

        let tls_failed = |error: tls::TlsError| StartError::Tls {
            path: pki_path(&config.data),
            reason: error.to_string(),
        };
        let context = Arc::new(context);
        let mut acceptors = Acceptors::new(&context).map_err(tls_failed)?;
        // Nobody is between a browser and a server on one machine.
        let web_certificate = (!web_address.ip().is_loopback()).then(|| WebCertificate::of(&config));
        if let Some(certificate) = &web_certificate {
            acceptors = acceptors.with_web(certificate.clone(), &context)?;
        }
        let web_chain = web_certificate.map(|certificate| certificate.chain().to_owned());
        let certificates = Certificates::new(Arc::clone(&context), web_chain);
        let metrics = Metrics::new(readers.meters(), certificates);
        let (writer, writer_threads) = Writer::start(writing).map_err(StartError::Thread)?;
        let limits = config.limits;
        let app = Arc::new(App {
            context: Arc::clone(&context),
            readers,
            writer,
            load: Load::default(),
            in_flight: Semaphore::new(limits.batches_in_flight.clamp(1, BATCHES_IN_FLIGHT_MAX)),
            cores: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            limits: limits.clone(),
            desk,
            kept: KeptFigures::default(),
            drawing: Drawing::by(config.kiosk_program.clone()),
            oidc,
            hooks,
            metrics,
        });

        let door = Arc::new(Door::open().map_err(StartError::Thread)?);
        let (ending, ended) = watch::channel(false);
        let mut ports = JoinSet::new();
        let device_port = Port {
            listener: device_listener,
            tls: Some(acceptors.devices()),
            router: routes::device_port(Arc::clone(&app)),
            connections_max: limits.device_connections.max(1),
            makes_room: true,
            limits: limits.clone(),
            load: app.load.clone(),
            door: Arc::clone(&door),
            ids: Arc::clone(&ids),
        };
        let enrol_port = Port {
            listener: enrol_listener,
            tls: Some(acceptors.enrolment()),
            router: routes::enrol_port(Arc::clone(&app)),
            connections_max: limits.enrol_connections.max(1),
            makes_room: true,
            limits: limits.clone(),
            load: app.load.clone(),
            door: Arc::clone(&door),
            ids: Arc::clone(&ids),
        };
        let web_port = Port {
            listener: web_listener,
            tls: acceptors.web(),
            router: web::port(Arc::clone(&app)),
            connections_max: limits.web_connections.max(1),
            makes_room: false,
            limits: limits.clone(),
            load: app.load.clone(),
            door,
            ids,
        };
        ports.spawn(device_port.serve(ended.clone()));
        ports.spawn(enrol_port.serve(ended.clone()));
        ports.spawn(web_port.serve(ended));
        let refresh = tokio::spawn(acceptors.follow(context)).abort_handle();
        let noting = tokio::spawn(keep_note(Arc::clone(&app), config.data.clone())).abort_handle();
        let room = tokio::spawn(keep_room(Arc::clone(&app))).abort_handle();
        let counting = tokio::spawn(keep_counting(Arc::clone(&app))).abort_handle();
        let telling = tokio::spawn(keep_telling(Arc::clone(&app))).abort_handle();
        let sending = tokio::spawn(keep_sending(Arc::clone(&app))).abort_handle();
        let retention = tokio::spawn(keep_retention(Arc::clone(&app))).abort_handle();
        let watching = tokio::spawn(keep_watching(Arc::clone(&app))).abort_handle();
        let silences = tokio::spawn(keep_silences(Arc::clone(&app))).abort_handle();
        Ok(Self {
            device_address,
            enrol_address,
            web_address,
            urls,
            first_link,
            ending,
            ports,
            chores: [refresh, noting, room, counting, telling, sending, retention, watching, silences],
            data: config.data,
            app: Some(app),
            writer_threads,
            shutdown_limit: limits.shutdown,
            _serving: serving,
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
        &self.urls.devices
    }

    /// `https://host:port` for `afterword-sync enrol --collector`.
    #[must_use]
    pub fn enrol_url(&self) -> &str {
        &self.urls.enrolment
    }

    /// Where people come in, with the port that was given for 0.
    #[must_use]
    pub fn web_address(&self) -> SocketAddr {
        self.web_address
    }

    /// `http(s)://host:port` at which people come in.
    #[must_use]
    pub fn web_url(&self) -> &str {
        &self.urls.web
    }

    /// Where the first person of all makes their account; none once there is somebody. Whoever has it runs the collector.
    #[must_use]
    pub fn first_link(&self) -> Option<&str> {
        self.first_link.as_deref()
    }

    /// Ends in order: answers what is under way, then closes the database. Takes at most twice the shutdown
    /// limit; what isn't done by then is cut off.
    pub async fn shutdown(mut self) {
        // Nobody listening any more is as good as told.
        let _ = self.ending.send(true);
        self.chores.iter().for_each(AbortHandle::abort);
        while self.ports.join_next().await.is_some() {}
        // What cannot be noted is noticed by the next start, which then draws an epoch too many.
        let noted = self.app.take().map(|app| {
            let data = self.data.clone();
            tokio::task::spawn_blocking(move || note(&app, &data))
        });
        let threads = std::mem::take(&mut self.writer_threads);
        let closed = async {
            if let Some(noted) = noted {
                let _ = noted.await;
            }
            // The writers end when nobody can give them anything to do any more.
            let _ = tokio::task::spawn_blocking(move || {
                threads.into_iter().for_each(|thread| drop(thread.join()));
            })
            .await;
        };
        if tokio::time::timeout(self.shutdown_limit, closed).await.is_err() {
            tracing::warn!("the database did not close in time; it recovers at the next start");
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.chores.iter().for_each(AbortHandle::abort);
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

/// What devices are told to deliver to, where they enrol, and where people come in: the same host, each with its port.
pub(crate) fn urls(
    config: &Config,
    device: SocketAddr,
    enrol: SocketAddr,
    web: SocketAddr,
) -> Result<Urls, StartError> {
    let names = config.certificate_names();
    let host = names.first().map_or("localhost", String::as_str);
    let web = match &config.web_url {
        Some(given) => {
            let wrong = || StartError::WebUrl(given.clone());
            let uri =
                bare_url(given).filter(|uri| uri.scheme_str() == Some("https") || web.ip().is_loopback());
            let uri = uri.ok_or_else(wrong)?;
            let (scheme, authority) = (uri.scheme_str(), uri.authority());
            scheme
                .zip(authority)
                .map(|(scheme, authority)| format!("{scheme}://{authority}"))
                .ok_or_else(wrong)?
        }
        // The name, because some browsers keep no secure cookie for an address.
        None if web.ip().is_loopback() => format!("http://localhost:{}", web.port()),
        None => https_url(host, web.port()),
    };
    let Some(advertised) = &config.advertise else {
        let (devices, enrolment) = (https_url(host, device.port()), https_url(host, enrol.port()));
        return Ok(Urls { devices, enrolment, web });
    };
    let wrong = || StartError::Advertise(advertised.clone());
    let uri = bare_url(advertised).filter(|uri| uri.scheme_str() == Some("https")).ok_or_else(wrong)?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let enrol_host = authority.host().trim_matches(['[', ']']);
    let enrolment = https_url(enrol_host, enrol.port());
    Ok(Urls { devices: format!("https://{authority}"), enrolment, web })
}

/// An address without a path.
fn bare_url(text: &str) -> Option<http::Uri> {
    let uri: http::Uri = text.parse().ok()?;
    (matches!(uri.path(), "" | "/") && uri.query().is_none()).then_some(uri)
}
