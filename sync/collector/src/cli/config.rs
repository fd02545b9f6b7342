//! `afterword-collector config`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::config_file;

const EXAMPLES: &str = "\
Examples:
  afterword-collector config example > /etc/afterword/collector.toml
  afterword-collector config check /etc/afterword/collector.toml

Exit codes: 0 it can be used, 1 it cannot (the line and the reason are on standard error), 2 wrong use";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) enum ConfigCommand {
    /// Print a file with every setting, what it is for, and what holds without it.
    Example,
    /// Say whether a server would start with a file, without starting one and without what the environment says.
    Check(Check),
}

#[derive(Args)]
pub(super) struct Check {
    /// The file.
    #[arg(value_name = "FILE", env = "AFTERWORD_CONFIG")]
    file: PathBuf,
}

impl ConfigCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Example => print!("{}", include_str!("../../collector.example.toml")),
            Self::Check(Check { file }) => {
                let (count, serve) = config_file::of_file(&file)?;
                serve.check()?;
                println!("{} can be used: {count} settings.", file.display());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
