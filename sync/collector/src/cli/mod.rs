//! What the command line takes, and what it answers.
//!
//! Exit codes: 0 done, 1 it failed or a verification found a break, 2 wrong use. An error is one sentence on
//! standard error; results go to standard output, as JSON with `--json`.

mod audit;
mod backup;
mod case;
mod change;
mod config;
mod config_file;
mod contact;
mod device;
mod distribute;
mod erase;
mod export;
mod follow_up;
mod import;
mod log;
mod numbers;
mod numbers_page;
mod person;
mod pki;
mod place;
mod retention;
mod rollout;
mod serve;
mod settings;
mod subject;
mod token;
mod verify;
mod webhook;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use afterword_collector::{Admin, DatabaseUrl};
use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat};
use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  # Once, on the server: creates the folder, its keys and its database, and serves.
  afterword-collector serve --data /var/lib/afterword --host collector.example

  # For each new device: prints a code and the command to type on the device.
  afterword-collector device add \"Exit, Main Street\" --data /var/lib/afterword

  # What came from whom, and whether it is still what came.
  afterword-collector device list --data /var/lib/afterword
  afterword-collector verify --data /var/lib/afterword

Exit codes:
  0  done
  1  it failed, or a verification found a break
  2  wrong use of the command line";

/// Takes in what Afterword's devices collect, stores it once, and signs for it.
#[derive(Parser)]
#[command(name = "afterword-collector", version, after_help = EXAMPLES, after_long_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to end (SIGTERM or Ctrl-C).
    Serve(Box<serve::Serve>),
    /// Show and check the file that a server's settings may stand in.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Add, replace, list, revoke and retire devices; also while the server runs.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Write a copy of the database; also while the server runs.
    Backup(backup::Backup),
    /// Put a backup in the place of the database.
    Restore(backup::Restore),
    /// Erase the content of one response for good; also while the server runs.
    Erase(erase::Erase),
    /// Write responses as tables for other programs: CSV, NDJSON, Parquet; also while the server runs.
    Export(export::ExportCommand),
    /// Take in what a device without a network sends on a stick; also while the server runs.
    Import(import::Import),
    /// Open what shoppers left for a reply.
    #[command(subcommand)]
    Contact(contact::ContactCommand),
    /// Find what became of an answer, by the three words that the kiosk gave for it.
    #[command(subcommand)]
    FollowUp(follow_up::FollowUpCommand),
    /// Show, give out or erase what is held of one shopper's answer; also while the server runs.
    #[command(subcommand)]
    Subject(subject::SubjectCommand),
    /// See to what shoppers were not content with; also while the server runs.
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Say on the idle screens what was changed because of feedback; also while the server runs.
    #[command(subcommand)]
    Change(change::ChangeCommand),
    /// Say which stores are in which region; also while the server runs.
    #[command(subcommand)]
    Place(place::PlaceCommand),
    /// Invite people, and say what each may do where; also while the server runs.
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Make and revoke tokens by which programs come in; also while the server runs.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Tell other programs what happens, and see what became of each message; also while the server runs.
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Show what was done by whom.
    Audit(audit::Audit),
    /// The numbers of all stores, or of one; also while the server runs.
    Numbers(numbers::Numbers),
    /// Decide what kiosks ask and show, and send it out in stages; also while the server runs.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Decide for how long what is kept; also while the server runs.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// Show and replace authorities and certificates; also while the server runs.
    #[command(subcommand)]
    Pki(pki::PkiCommand),
    /// Divide a PostgreSQL database among the servers of a Citus cluster.
    Distribute(distribute::Distribute),
    /// Hash every stored record again and compare with what was signed for.
    Verify(verify::Verify),
}

/// Where a collector's data lies.
#[derive(Args)]
struct Data {
    /// TOML file with settings, as `afterword-collector config example` prints it. What is said here or in the environment goes before it.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_CONFIG")]
    config: Option<PathBuf>,
    /// Folder with the collector's database and keys.
    #[arg(long, value_name = "DIR", env = "AFTERWORD_DATA", default_value = "afterword-data")]
    data: PathBuf,
    /// PostgreSQL database to use instead of the file in DIR: postgres://user:password@host:5432/name. Whoever can list
    /// processes sees what stands on a command line; the variable is for that.
    #[arg(long, value_name = "URL", env = "AFTERWORD_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// File that holds nothing but that URL.
    #[arg(long, value_name = "FILE", env = "AFTERWORD_DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
}

impl Data {
    fn open(&self) -> anyhow::Result<Admin> {
        let (clock, entropy) = ports();
        Ok(Admin::open_with(&self.data, self.database()?.as_ref(), clock, entropy)?)
    }

    /// Read here and not with the rest of the command line: what cannot be read is not quoted, it may hold a password.
    fn database(&self) -> anyhow::Result<Option<DatabaseUrl>> {
        let url = secret("database-url", self.database_url.as_deref(), self.database_url_file.as_deref())?;
        Ok(url.as_deref().map(DatabaseUrl::parse).transpose()?)
    }
}

/// What is said directly or stands in a file of its own, as systemd and container runtimes hand secrets over. Empty is nothing.
fn secret(option: &str, said: Option<&str>, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let said = said.filter(|said| !said.is_empty());
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else {
        return Ok(said.map(str::to_owned));
    };
    if said.is_some() {
        bail!(
            "both {option} and {option}-file are given; leave one of them out, here, in the environment or in the configuration"
        );
    }
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "cannot read {}, which {option}-file names; name a file that this user may read",
            file.display()
        )
    })?;
    let text = text.trim();
    if text.is_empty() {
        bail!("{} is empty, which {option}-file names; write the secret into it", file.display());
    }
    Ok(Some(text.to_owned()))
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let result = match config_file::command_line().command {
        Command::Serve(serve) => serve.run(),
        Command::Config(config) => config.run(),
        Command::Device(device) => device.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Erase(erase) => erase.run(),
        Command::Export(export) => export.run(),
        Command::Import(import) => import.run(),
        Command::Contact(contact) => contact.run(),
        Command::FollowUp(follow_up) => follow_up.run(),
        Command::Subject(subject) => subject.run(),
        Command::Case(case) => case.run(),
        Command::Change(change) => change.run(),
        Command::Place(place) => place.run(),
        Command::Person(person) => person.run(),
        Command::Token(token) => token.run(),
        Command::Webhook(webhook) => webhook.run(),
        Command::Audit(audit) => audit.run(),
        Command::Numbers(numbers) => numbers.run(),
        Command::Settings(settings) => settings.run(),
        Command::Retention(retention) => retention.run(),
        Command::Pki(pki) => pki.run(),
        Command::Distribute(distribute) => distribute.run(),
        Command::Verify(verify) => verify.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("afterword-collector: {error:#}");
        ExitCode::FAILURE
    })
}

fn ports() -> (Arc<dyn Clock>, Arc<dyn Entropy>) {
    (Arc::new(SystemClock::start()), Arc::new(SystemEntropy))
}

/// A moment for people, in UTC.
fn moment(wall_ms: i64) -> String {
    DateTime::from_timestamp_millis(wall_ms)
        .map_or_else(|| format!("{wall_ms} ms"), |moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// What a kiosk sent may hold anything; a terminal is shown none of it that it would obey.
fn shown(text: &str) -> impl Display + '_ {
    text.escape_debug()
}

/// One line of JSON on standard output.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}
