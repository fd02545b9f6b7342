//! The commands: `enrol`, `run`, `status`, `network-test` and, in its own file, `courier`. They only put the library's parts
//! together.
//!
//! Each failure is one sentence that says what happened, where, and what to do; nothing is half-written.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use afterword_agent::errands::{Collector, Errands};
use afterword_agent::files::{LockError, StateLock};
use afterword_agent::https::Timeouts;
use afterword_agent::identity::keep_in;
use afterword_agent::network_test::{Machine, Target, Tester};
use afterword_agent::status::keep_file;
use afterword_agent::{
    Agent, EnrolError, Enrolment, HttpsTransport, Identity, IdentityError, SocketQueue, Status, Timing,
    Transport as _, enrol, run, tls,
};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::network_test::{Finding, Step, words};
use afterword_protocol::queue::Queue as _;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

mod courier;

const STATE_DIR: &str = "/var/lib/afterword/sync";
const SOCKET: &str = "/run/afterword/kiosk.sock";

/// Looks at the lock before giving up: `status` may hold it for a moment, another agent holds it for good.
const LOCK_TRIES: u32 = 5;
const LOCK_RETRY: Duration = Duration::from_millis(200);

/// Bring a kiosk's responses to the collector, and the collector's receipts back.
#[derive(Debug, Parser)]
#[command(
    name = "afterword-sync",
    version,
    after_help = "\
A new device is made known once, then the program runs for ever:

  afterword-sync enrol --collector https://collector.example:8444 \\
      --code K7QM-2XJP-9WTD --ca server-ca.pem
  afterword-sync run
  afterword-sync status

The code comes from `afterword-collector device add`, which also names the CA
file: server-ca.pem in the folder pki of the collector's data, and after a
rotation a later one, such as server-ca-2.pem. Nothing is lost while there is
no connection: the kiosk keeps every response until the collector has signed
for it.

Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong use."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this device known to a collector, with a one-time code
    #[command(after_help = "\
The device's key is made here and never leaves it. If the answer gets lost,
run the same command again: the same key and code are used.

Example:
  afterword-sync enrol --collector https://192.168.1.10:8444 \\
      --code K7QM-2XJP-9WTD --ca ./server-ca.pem --state ./state

Exit codes: 0 enrolled, 1 not enrolled, 2 wrong use.")]
    Enrol(EnrolArguments),
    /// Bring records over, until it is stopped with SIGTERM or Ctrl-C
    #[command(after_help = "\
With --collector and --ca it may be started before the device is enrolled: it
waits until somebody types the code on the kiosk's screen, or runs
`afterword-sync enrol`, and then brings records over. Once the device is
enrolled both are ignored.

Examples:
  afterword-sync run --state ./state --socket ./kiosk.sock
  afterword-sync run --collector https://192.168.1.10:8444 --ca ./server-ca.pem

How much it says is set by RUST_LOG, as in RUST_LOG=debug.

Exit codes: 0 stopped as asked, 1 could not start, 2 wrong use.")]
    Run(RunArguments),
    /// Test the way to the collector, step by step, and say where it ends
    #[command(after_help = "\
Link, address, DNS, TCP, TLS, identity, clock: after the first that fails the
others are not tried. A device that is not enrolled yet is tested up to TLS,
when it is told its collector.

Examples:
  afterword-sync network-test
  afterword-sync network-test --json | jq '.steps[] | {step, outcome}'
  afterword-sync network-test --collector https://192.168.1.10:8444 \\
      --ca ./server-ca.pem

Exit codes: 0 nothing failed, 1 something did, 2 wrong use.")]
    NetworkTest(NetworkTestArguments),
    /// Say what the agent is doing, and what is wrong
    #[command(after_help = "\
Examples:
  afterword-sync status
  afterword-sync status --json | jq .unsent

Exit codes: 0 shown (also when something is wrong), 1 not enrolled, 2 wrong use.")]
    Status(StatusArguments),
    /// Bring records to the collector on a stick, and its receipts back, where there is no network
    #[command(subcommand)]
    Courier(courier::CourierCommand),
}

#[derive(Debug, Args)]
struct StateArgument {
    /// Directory with this device's identity
    #[arg(long, value_name = "DIR", default_value = STATE_DIR)]
    state: PathBuf,
}

#[derive(Debug, Args)]
struct EnrolArguments {
    /// The collector's enrolment address
    #[arg(long, value_name = "URL", value_parser = address)]
    collector: String,
    /// The one-time code; case, spaces and hyphens do not matter
    #[arg(long, value_name = "CODE", value_parser = code)]
    code: String,
    /// The collector's CA, the file that `afterword-collector device add` names: only a server it vouches for is
    /// spoken to
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    #[command(flatten)]
    state: StateArgument,
    /// For programs: one JSON object that says who the device is now
    #[arg(long)]
    json: bool,
}

/// The collector of a device that is not enrolled yet.
#[derive(Debug, Args)]
struct CollectorArguments {
    /// The enrolment address of the collector, for a device that is not enrolled yet
    #[arg(long, value_name = "URL", value_parser = address, requires = "ca")]
    collector: Option<String>,
    /// That collector's CA, the file that `afterword-collector device add` names
    #[arg(long, value_name = "FILE", requires = "collector")]
    ca: Option<PathBuf>,
}

impl CollectorArguments {
    /// As it was named, with its CA.
    fn read(&self) -> anyhow::Result<Option<Collector>> {
        let (Some(url), Some(ca)) = (&self.collector, &self.ca) else { return Ok(None) };
        let collector = Collector { url: url.clone(), ca_pem: read_ca(ca)? };
        tls::roots(&collector.ca_pem).map_err(EnrolError::Ca).context(ca.display().to_string())?;
        Ok(Some(collector))
    }
}

#[derive(Debug, Args)]
struct NetworkTestArguments {
    #[command(flatten)]
    state: StateArgument,
    /// The kiosk program's socket, where it is asked how its store is; without a kiosk the clock is compared to the second
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,
    #[command(flatten)]
    collector: CollectorArguments,
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RunArguments {
    #[command(flatten)]
    state: StateArgument,
    #[command(flatten)]
    collector: CollectorArguments,
    /// The kiosk program's socket
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,
    /// Short waits, for a desk or a test: a fleet of devices needs the long ones
    #[arg(long)]
    brisk: bool,
}

#[derive(Debug, Args)]
struct StatusArguments {
    #[command(flatten)]
    state: StateArgument,
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

fn address(text: &str) -> Result<String, String> {
    let is_address = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    if is_address {
        Ok(text.to_owned())
    } else {
        Err("a collector address is written https://HOST[:PORT]".into())
    }
}

fn code(text: &str) -> Result<String, String> {
    EnrolmentCode::parse(text).map(|code| code.to_string()).map_err(|error| error.to_string())
}

/// Does what was asked for.
pub(crate) fn execute(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let done = match arguments.command {
        Command::Enrol(arguments) => runtime()?.block_on(enrol_command(&arguments)),
        Command::Run(arguments) => runtime()?.block_on(run_command(&arguments)),
        Command::Status(arguments) => status_command(&arguments),
        Command::Courier(command) => runtime()?.block_on(courier::execute(&command)),
        Command::NetworkTest(arguments) => return runtime()?.block_on(network_test_command(&arguments)),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// One thread: the program waits for a network nearly all of its time.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the program cannot start: the system gives it no resources; check memory and open files")
}

async fn enrol_command(arguments: &EnrolArguments) -> anyhow::Result<()> {
    let ca_pem = read_ca(&arguments.ca)?;
    let order = Enrolment {
        collector_url: &arguments.collector,
        code: &arguments.code,
        ca_pem: &ca_pem,
        state_dir: &arguments.state.state,
        timeouts: Timeouts::default(),
    };
    let enrolled = enrol(&order, &SystemEntropy, Arc::new(SystemClock::start())).await;
    let identity = match enrolled {
        Err(error @ EnrolError::Ca(_)) => return Err(error).context(arguments.ca.display().to_string()),
        other => other?,
    };
    let enrolled = identity.enrolled();
    if arguments.json {
        println!("{}", enrolled_json(&identity));
        return Ok(());
    }
    println!("Enrolled as {} ({}).", enrolled.name, enrolled.device);
    println!("Records will go to {}; start with `afterword-sync run`.", enrolled.collector_url);
    Ok(())
}

fn read_ca(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| {
        format!(
            "the CA file {} cannot be read: give the one that `afterword-collector device add` named; it lies in the folder pki of the collector's data",
            path.display()
        )
    })
}

async fn network_test_command(arguments: &NetworkTestArguments) -> anyhow::Result<ExitCode> {
    let collector = arguments.collector.read()?;
    let identity = match Identity::load(&arguments.state.state) {
        Err(IdentityError::Missing(_)) => None,
        loaded => Some(loaded?),
    };
    let target = match (&identity, &collector) {
        (Some(identity), _) => Target::Device(identity),
        (None, Some(Collector { url, ca_pem })) => Target::Enrolment { collector_url: url, ca_pem },
        (None, None) => Target::Nobody,
    };
    // A test does without it.
    let health = SocketQueue::at(arguments.socket.clone()).health().await.ok().flatten();
    let clock = Arc::new(SystemClock::start());
    let tester = Tester { machine: &Machine::default(), target, clock, health };
    let test = tester
        .test(|step| {
            if !arguments.json {
                say(&words::line(step));
            }
        })
        .await;
    if arguments.json {
        let mut json = serde_json::to_value(&test)?;
        json["well"] = test.is_well().into();
        say(&serde_json::to_string_pretty(&json)?);
    } else {
        let untold = |step: &&Step| step.finding == Finding::NotReached;
        test.steps.iter().filter(untold).for_each(|step| say(&words::line(step)));
    }
    Ok(if test.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a line. A reader that has gone, as `head` does, has heard enough; the exit code says the rest.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What `enrol --json` prints. The time is in milliseconds since 1970-01-01T00:00:00Z.
fn enrolled_json(identity: &Identity) -> serde_json::Value {
    let enrolled = identity.enrolled();
    serde_json::json!({
        "device": enrolled.device,
        "name": enrolled.name,
        "collector_url": enrolled.collector_url,
        "certificate_expires_ms": identity.certificate_not_after_ms(),
    })
}

async fn run_command(arguments: &RunArguments) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let state_dir = &arguments.state.state;
    let clock = Arc::new(SystemClock::start());
    let (timing, timeouts) = if arguments.brisk {
        (Timing::brisk(), Timeouts::brisk())
    } else {
        (Timing::default(), Timeouts::default())
    };
    let shutdown = until_asked()?;
    let mut errands = Errands {
        kiosk: SocketQueue::at(arguments.socket.clone()),
        state_dir: state_dir.clone(),
        collector: None,
        timeouts,
        machine: Machine::default(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
        status: None,
    };
    if !Identity::is_in(state_dir) && arguments.collector.collector.is_some() {
        errands.collector = arguments.collector.read()?;
        if !wait_for_enrolment(&mut errands, shutdown.clone()).await {
            return Ok(());
        }
    }
    let identity = Arc::new(Identity::load(state_dir)?);
    let _lock = lock(state_dir).await?;
    let transport = HttpsTransport::new(&identity, clock.clone(), timeouts).with_context(|| {
        format!(
            "the identity in {} cannot be used for TLS: move it away and enrol the device again",
            state_dir.display()
        )
    })?;
    let status = Status::starting(&identity).continued_from(Status::read(state_dir));
    if let Some(receipt_ms) = status.last_receipt_ms {
        transport.time_is_at_least(receipt_ms);
    }
    let (status, changes) = watch::channel(status);
    errands.status = Some(changes.clone());
    let errands = tokio::spawn(errands.forever());
    let file = tokio::spawn(keep_file(changes, state_dir.clone()));
    let agent = Agent {
        queue: SocketQueue::at(arguments.socket.clone()),
        transport,
        identity,
        keep: keep_in(state_dir.clone()),
        timing,
        entropy: Arc::new(SystemEntropy),
        clock,
        status,
    };
    run(agent, shutdown).await;
    errands.abort();
    file.await.context("the last status was not written")?;
    Ok(())
}

/// Does errands for the kiosk until the device is enrolled; `false` when the program is to end first.
async fn wait_for_enrolment(errands: &mut Errands, mut shutdown: watch::Receiver<bool>) -> bool {
    tracing::info!(
        "this device is not enrolled yet; it waits for a code from the kiosk's screen, or from `afterword-sync enrol`"
    );
    tokio::select! {
        _ = shutdown.wait_for(|&asked| asked) => false,
        () = errands.until_enrolled() => true,
    }
}

async fn lock(state_dir: &Path) -> Result<StateLock, LockError> {
    for _ in 1..LOCK_TRIES {
        match StateLock::take(state_dir) {
            Err(LockError::Held(_)) => tokio::time::sleep(LOCK_RETRY).await,
            done => return done,
        }
    }
    StateLock::take(state_dir)
}

/// Turns true on SIGTERM or SIGINT.
fn until_asked() -> anyhow::Result<watch::Receiver<bool>> {
    let no_signals = "the program cannot start: signals cannot be listened to; try again";
    let mut terminate = signal(SignalKind::terminate()).context(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(no_signals)?;
    let (asked, shutdown) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = asked.send(true);
    });
    Ok(shutdown)
}

fn status_command(arguments: &StatusArguments) -> anyhow::Result<()> {
    let state_dir = &arguments.state.state;
    let identity = Identity::load(state_dir)?;
    let status = Status::starting(&identity).continued_from(None);
    let status = Status::read(state_dir).filter(|read| read.device == status.device).unwrap_or(status);
    let running = StateLock::is_held(state_dir);
    if arguments.json {
        let mut json = serde_json::to_value(&status)?;
        json["running"] = running.into();
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        println!("{}", status.lines(running));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_ca_file_is_the_one_that_the_collector_names() {
        // After a rotation it is not server-ca.pem any more, and the old one fails without saying why.
        let whole = Arguments::command().render_long_help().to_string();
        let flat = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("`afterword-collector device add`, which also names the CA file"), "{flat}");
        let enrol = Arguments::command().find_subcommand_mut("enrol").unwrap().render_long_help().to_string();
        let flat = enrol.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("the file that `afterword-collector device add` names"), "{flat}");
        let told = EnrolError::Ca(afterword_agent::tls::TlsError::NoCertificate).to_string();
        assert!(told.contains("`afterword-collector device add` named"), "{told}");
    }

    #[test]
    fn enrolment_is_told_to_programs_in_four_fields() {
        use afterword_model::ports::SeededEntropy;
        use afterword_model::record::{DeviceId, ServerEpoch};
        use afterword_protocol::enrolment::Enrolled;
        use afterword_protocol::keys::SigningKey;

        let key = SigningKey::generate(&SeededEntropy::new(1));
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519).unwrap();
        let mut certificate = rcgen::CertificateParams::default();
        certificate.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let certificate_pem = certificate.self_signed(&pair).unwrap().pem();
        let enrolled = Enrolled {
            device: DeviceId::new([1; 16]),
            name: "Exit".into(),
            collector_ca_pem: certificate_pem.clone(),
            certificate_pem,
            receipt_key: key.verifying_key(),
            collector_url: "https://collector.example:8443".into(),
            server_epoch: ServerEpoch::new([7; 16]),
            courier_key: None,
        };
        let json = enrolled_json(&Identity::new(enrolled, key).unwrap());
        assert_eq!(
            json,
            serde_json::json!({
                "device": "01".repeat(16),
                "name": "Exit",
                "collector_url": "https://collector.example:8443",
                "certificate_expires_ms": 1_798_761_600_000_i64,
            })
        );
    }

    #[test]
    fn wrong_use_is_told_from_failure() {
        let parse = |words: &str| Arguments::try_parse_from(words.split(' '));
        let right = "afterword-sync enrol --collector https://host:1 --code k7qm2xjp9wtd --ca server-ca.pem";
        assert!(parse(right).is_ok());
        for wrong in [
            right.replace("https", "http"),
            right.replace("k7qm2xjp9wtd", "k7qm"),
            right.replace(" --ca server-ca.pem", ""),
            "afterword-sync".into(),
            "afterword-sync fly".into(),
        ] {
            assert_eq!(parse(&wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
