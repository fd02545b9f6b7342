//! The command line of `afterword-kiosk`.
//!
//! Exit codes: 0 all is well; 1 it failed, or what was checked has mistakes; 2 the command was misspelt.

mod alerts;
mod doctor;
mod export;
mod follow_ups;
mod moment;
mod pin;
mod run;
mod source;
mod summary;
mod summary_csv;
mod summary_page;
mod survey_check;
mod survey_import;
mod survey_preview;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::config::{Config, beside};

/// What a command ends with when it ran and found something wrong.
const FOUND_MISTAKES: u8 = 1;

/// Afterword's kiosk: asks shoppers, keeps their answers, shows the store its numbers. Works without a network.
#[derive(Debug, Parser)]
#[command(
    name = "afterword-kiosk",
    version,
    after_help = "Exit codes: 0 all is well, 1 failed or mistakes found, 2 wrong use.\n\nStart with:  afterword-kiosk survey check my-survey.toml\n             afterword-kiosk run --config kiosk.toml --data ./data --socket ./kiosk.sock"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    /// Work with survey files.
    Survey {
        #[command(subcommand)]
        command: SurveyCommand,
    },
    Summary(summary::SummaryCommand),
    Alerts(alerts::AlertsCommand),
    FollowUps(follow_ups::FollowUpsCommand),
    Pin(pin::PinCommand),
    Export(export::ExportCommand),
    Moment(moment::MomentCommand),
    Doctor(doctor::Doctor),
}

#[derive(Debug, Subcommand)]
enum SurveyCommand {
    Check(survey_check::SurveyCheck),
    Import(survey_import::SurveyImport),
    Preview(survey_preview::SurveyPreview),
}

/// Where a kiosk keeps its things.
#[derive(Debug, Clone, Args)]
struct Places {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "/etc/afterword/kiosk.toml")]
    config: PathBuf,
    /// The folder of the database, where it is not the one that the configuration names or /var/lib/afterword/kiosk. One kiosk
    /// at a time may use it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The socket for `afterword-sync` and for this command line, where it is not the one that the configuration names or
    /// /run/afterword/kiosk.sock.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

impl Places {
    /// The folder of the database; without a configuration, because it has mistakes, as if it named none.
    fn data(&self, config: Option<&Config>) -> PathBuf {
        let configured = config.and_then(|config| config.data.as_ref());
        self.named(self.data.as_ref(), configured, "/var/lib/afterword/kiosk")
    }

    /// The socket; as [`Self::data`].
    fn socket(&self, config: Option<&Config>) -> PathBuf {
        let configured = config.and_then(|config| config.socket.as_ref());
        self.named(self.socket.as_ref(), configured, "/run/afterword/kiosk.sock")
    }

    fn named(&self, here: Option<&PathBuf>, configured: Option<&PathBuf>, otherwise: &str) -> PathBuf {
        let configured = || configured.map(|named| beside(&self.config, named));
        here.cloned().or_else(configured).unwrap_or_else(|| otherwise.into())
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("afterword-kiosk: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Survey { command: SurveyCommand::Check(command) } => command.run(),
        Command::Survey { command: SurveyCommand::Import(command) } => command.run(),
        Command::Survey { command: SurveyCommand::Preview(command) } => command.run(),
        Command::Summary(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Alerts(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Export(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::FollowUps(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Pin(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Moment(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Doctor(command) => command.run(),
    }
}
