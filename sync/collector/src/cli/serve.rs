//! `afterword-collector serve`.

use std::io::{Write as _, stdout};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use afterword_collector::{Collector, Config, OidcRole, OidcSettings, PrivateNetworks};
use anyhow::bail;
use clap::Args;
use ipnet::IpNet;
use tokio::signal::unix::{SignalKind, signal};

use super::log::LogOptions;
use super::{Data, ports, print_json};

const EXAMPLES: &str = "\
Examples:
  # To try it out: keeps its data in ./afterword-data and prints where to go.
  afterword-collector serve

  # On this machine alone; the system chooses the ports and they are printed.
  afterword-collector serve --data ./collector --listen 127.0.0.1:0 --enrol-listen 127.0.0.1:0 --web-listen 127.0.0.1:0

  # For a chain of shops, reached under two names.
  afterword-collector serve --data /var/lib/afterword --host collector.example --host 192.0.2.7

  # With its settings in a file, which `afterword-collector config example` begins.
  afterword-collector serve --config /etc/afterword/collector.toml

What stands on the command line goes before the environment, that before the file, and that before the defaults.
When all ports are open, one line on standard output says so. The log goes to standard error. SIGTERM or Ctrl-C ends the server in order within 20 s;
killing it loses nothing that was acknowledged.

Exit codes: 0 ended in order, 1 it could not start, 2 wrong use of the command line";

/// Runs the server.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Where enrolled devices deliver; only a device's certificate opens a connection here.
    #[arg(long, value_name = "ADDRESS:PORT", env = "AFTERWORD_LISTEN", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where new devices enrol.
    #[arg(long, value_name = "ADDRESS:PORT", env = "AFTERWORD_ENROL_LISTEN", default_value = "0.0.0.0:8444")]
    enrol_listen: SocketAddr,
    /// Where people come in: plain HTTP on a loopback address, for a browser on this machine or a forwarder that ends TLS; on any
    /// other address TLS.
    #[arg(long, value_name = "ADDRESS:PORT", env = "AFTERWORD_WEB_LISTEN", default_value = "127.0.0.1:8445")]
    web_listen: SocketAddr,
    /// Where people are told to come in, when it isn't this machine or https://<first host>:<port>.
    #[arg(long, value_name = "URL", env = "AFTERWORD_WEB_URL")]
    web_url: Option<String>,
    /// Certificate chain in PEM that browsers know, read again when it changes. Without it: one that they warn of.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_WEB_CERTIFICATE")]
    web_certificate: Option<PathBuf>,
    /// The private key to it.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_WEB_KEY")]
    web_key: Option<PathBuf>,
    /// The kiosk's program, which draws what shoppers will see of a survey. Without it: the afterword-kiosk beside this program, where
    /// there is one.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_KIOSK_PROGRAM")]
    kiosk_program: Option<PathBuf>,
    #[command(flatten)]
    oidc: OidcOptions,
    /// A network of one's own that webhooks may go to, also over http://, as in 10.20.0.0/16; may be given more than once. Without any they
    /// go to the internet alone, so that nobody who sets up a webhook reaches what is inside.
    #[arg(long = "webhooks-allow-private", value_name = "NETWORK", env = "AFTERWORD_WEBHOOKS_ALLOW_PRIVATE", value_delimiter = ',', value_parser = network)]
    webhooks_allow_private: Vec<IpNet>,
    /// Name or address that devices reach this server under; may be given more than once. Stands in the
    /// server's certificate. Without it: localhost, 127.0.0.1 and ::1.
    #[arg(long = "host", value_name = "NAME", env = "AFTERWORD_HOSTS", value_delimiter = ',')]
    hosts: Vec<String>,
    /// Where devices are told to deliver, when it isn't https://<first host>:<port>, as behind a forwarder.
    #[arg(long, value_name = "URL", env = "AFTERWORD_ADVERTISE")]
    advertise: Option<String>,
    #[command(flatten)]
    log: LogOptions,
    /// Say that the server is ready as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The organisation's own sign-in.
#[derive(Args)]
struct OidcOptions {
    /// Let people come in by the organisation's own sign-in (OpenID Connect): the address below which its
    /// .well-known/openid-configuration is. It has to know <the address for people>/sign-in/oidc/answer, and
    /// …/sign-in as an address after signing out.
    #[arg(long, value_name = "URL", env = "AFTERWORD_OIDC_ISSUER")]
    oidc_issuer: Option<String>,
    /// Who this server is to that sign-in.
    #[arg(long, value_name = "ID", env = "AFTERWORD_OIDC_CLIENT_ID")]
    oidc_client_id: Option<String>,
    /// By which that sign-in knows this server. Whoever can list processes sees what stands on a command line; the variable is for that.
    #[arg(long, value_name = "SECRET", env = "AFTERWORD_OIDC_CLIENT_SECRET", hide_env_values = true)]
    oidc_client_secret: Option<String>,
    /// File that holds nothing but that secret.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_OIDC_CLIENT_SECRET_FILE")]
    oidc_client_secret_file: Option<PathBuf>,
    /// What it is called on the page: "Sign in with NAME".
    #[arg(long, value_name = "NAME", env = "AFTERWORD_OIDC_NAME", default_value = "your organisation")]
    oidc_name: String,
    /// What a group lets its people do, as in shops-cx=lead or managers-north=manager@North; may be given more than once. With any,
    /// groups decide at each sign-in; without, people come by links, and what they may do is said here.
    #[arg(long = "oidc-role", value_name = "GROUP=ROLE[@PLACE]", env = "AFTERWORD_OIDC_ROLES", value_delimiter = ';', value_parser = OidcRole::parse)]
    oidc_roles: Vec<OidcRole>,
    /// The claim that names somebody's groups.
    #[arg(long, value_name = "CLAIM", env = "AFTERWORD_OIDC_GROUPS_CLAIM", default_value = "groups")]
    oidc_groups_claim: String,
}

impl OidcOptions {
    fn settings(self) -> anyhow::Result<Option<OidcSettings>> {
        let (issuer, client_id) = (self.oidc_issuer, self.oidc_client_id);
        let Some((issuer, client_id)) = both("oidc-issuer", issuer, "oidc-client-id", client_id)? else {
            return Ok(None);
        };
        let (secret, file) = (self.oidc_client_secret, self.oidc_client_secret_file);
        Ok(Some(OidcSettings {
            issuer,
            client_id,
            client_secret: super::secret("oidc-client-secret", secret.as_deref(), file.as_deref())?,
            label: self.oidc_name,
            groups_claim: self.oidc_groups_claim,
            roles: self.oidc_roles,
        }))
    }
}

/// Two settings of which neither means anything without the other.
fn both<T>(one: &str, first: Option<T>, other: &str, second: Option<T>) -> anyhow::Result<Option<(T, T)>> {
    match (first, second) {
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("{one} is given without {other}; give both or neither"),
        (None, Some(_)) => bail!("{other} is given without {one}; give both or neither"),
    }
}

/// A network, or one address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let found = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    found.ok_or_else(|| "it is no network; write one as in 10.20.0.0/16 or fd12:3456::/32".into())
}

#[derive(serde::Serialize)]
struct Ready<'a> {
    device_address: SocketAddr,
    enrol_address: SocketAddr,
    device_url: &'a str,
    enrol_url: &'a str,
    web_address: SocketAddr,
    web_url: &'a str,
    /// Where the first person makes their account.
    first_link: Option<&'a str>,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        self.log.begin()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = runtime.block_on(self.serve());
        // Whoever still waits for a database that says nothing is not waited for.
        runtime.shutdown_background();
        served?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether a server could be started so, as far as that can be said without doing it.
    pub(super) fn check(self) -> anyhow::Result<()> {
        self.log.filter()?;
        Ok(self.settings()?.check()?)
    }

    async fn serve(self) -> anyhow::Result<()> {
        // Before anything is started, so that an early signal is not lost.
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let json = self.json;
        let config = self.settings()?;
        let (clock, entropy) = ports();
        let collector = Collector::start(config, clock, entropy).await?;
        announce(&collector, json)?;
        tokio::select! {
            _ = terminated.recv() => tracing::info!("told to end"),
            _ = interrupted.recv() => tracing::info!("interrupted"),
        }
        collector.shutdown().await;
        tracing::info!("ended in order");
        Ok(())
    }

    /// What it comes to, from wherever it was said. Reads the files of secrets.
    fn settings(self) -> anyhow::Result<Config> {
        let database = self.data.database()?;
        let mut config = Config::new(self.data.data);
        config.database = database;
        if self.hosts.is_empty() && !(self.listen.ip().is_loopback() && self.enrol_listen.ip().is_loopback())
        {
            tracing::warn!(
                "the server's certificate is for this machine alone (localhost, 127.0.0.1, ::1), so that devices \
                 elsewhere will refuse it: give --host with the name or address they reach this server under"
            );
        }
        config.device_listen = self.listen;
        config.enrol_listen = self.enrol_listen;
        config.host_names = self.hosts;
        config.advertise = self.advertise;
        config.web_listen = self.web_listen;
        config.web_url = self.web_url;
        config.oidc = self.oidc.settings()?;
        config.web_certificate = both("web-certificate", self.web_certificate, "web-key", self.web_key)?;
        config.kiosk_program = kiosk_program(self.kiosk_program)?;
        config.webhooks_allow_private = PrivateNetworks::new(self.webhooks_allow_private);
        Ok(config)
    }
}

/// The kiosk's program that was named, wherever it is started from; else the one in the folder of this program.
fn kiosk_program(named: Option<PathBuf>) -> anyhow::Result<Option<PathBuf>> {
    let Some(named) = named.filter(|named| !named.as_os_str().is_empty()) else {
        let beside = std::env::current_exe().ok().map(|own| own.with_file_name("afterword-kiosk"));
        return Ok(beside.filter(|beside| beside.is_file()));
    };
    match named.canonicalize() {
        Ok(path) if path.is_file() => Ok(Some(path)),
        _ => bail!(
            "{} is no program, which kiosk-program names; name afterword-kiosk with its path, or leave it out",
            named.display()
        ),
    }
}

/// What says that all ports are open, for whoever started this program and waits.
fn announce(collector: &Collector, json: bool) -> anyhow::Result<()> {
    let (device_address, enrol_address) = (collector.device_address(), collector.enrol_address());
    if json {
        let (device_url, enrol_url) = (collector.device_url(), collector.enrol_url());
        let (web_address, web_url) = (collector.web_address(), collector.web_url());
        let first_link = collector.first_link();
        print_json(&Ready {
            device_address,
            enrol_address,
            device_url,
            enrol_url,
            web_address,
            web_url,
            first_link,
        })?;
    } else {
        println!(
            "afterword-collector is ready: devices {device_address}, enrolment {enrol_address}, people {}",
            collector.web_url()
        );
        // Whoever waits for the line above may read no further.
        if let Some(link) = collector.first_link() {
            let _ = writeln!(
                stdout(),
                "Nobody has an account yet. Whoever opens this link within a day makes the first one and runs the collector:\n  {link}"
            );
            return Ok(());
        }
    }
    Ok(stdout().flush()?)
}
