//! `afterword-collector serve`.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;

use afterword_collector::{Collector, Config};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Data, ports, print_json};

const EXAMPLES: &str = "\
Examples:
  # On this machine alone, to try it out; the system chooses the ports and they are printed.
  afterword-collector serve --data ./collector --listen 127.0.0.1:0 --enrol-listen 127.0.0.1:0

  # For a chain of shops, reached under two names.
  afterword-collector serve --data /var/lib/afterword --host collector.example --host 192.0.2.7

When both ports are open, one line on standard output says so. The log goes to standard error; RUST_LOG
sets how much of it (error, warn, info, debug). SIGTERM or Ctrl-C ends the server in order within 20 s;
killing it loses nothing that was acknowledged.

Exit codes: 0 ended in order, 1 it could not start, 2 wrong use of the command line";

/// Runs the server.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Where enrolled devices deliver; only a device's certificate opens a connection here.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where new devices enrol.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8444")]
    enrol_listen: SocketAddr,
    /// Name or address that devices reach this server under; may be given more than once. Stands in the
    /// server's certificate. Without it: localhost, 127.0.0.1 and ::1.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Where devices are told to deliver, when it isn't https://<first host>:<port>, as behind a forwarder.
    #[arg(long, value_name = "URL")]
    advertise: Option<String>,
    /// Say that the server is ready as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Ready<'a> {
    device_address: SocketAddr,
    enrol_address: SocketAddr,
    device_url: &'a str,
    enrol_url: &'a str,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .with_ansi(stderr().is_terminal())
            .init();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = runtime.block_on(self.serve());
        // Whoever still waits for a database that says nothing is not waited for.
        runtime.shutdown_background();
        served?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(self) -> anyhow::Result<()> {
        // Before anything is started, so that an early signal is not lost.
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
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
        let (clock, entropy) = ports();
        let collector = Collector::start(config, clock, entropy).await?;
        announce(&collector, self.json)?;
        tokio::select! {
            _ = terminated.recv() => tracing::info!("told to end"),
            _ = interrupted.recv() => tracing::info!("interrupted"),
        }
        collector.shutdown().await;
        tracing::info!("ended in order");
        Ok(())
    }
}

/// The one line that says both ports are open, for whoever started this program and waits.
fn announce(collector: &Collector, json: bool) -> anyhow::Result<()> {
    let (device_address, enrol_address) = (collector.device_address(), collector.enrol_address());
    if json {
        let (device_url, enrol_url) = (collector.device_url(), collector.enrol_url());
        print_json(&Ready { device_address, enrol_address, device_url, enrol_url })?;
    } else {
        println!("afterword-collector is ready: devices {device_address}, enrolment {enrol_address}");
    }
    Ok(stdout().flush()?)
}
