//! The command line of `afterword-sim`.
//!
//! Exit codes: 0 everything that was collected was received; 1 it was not, or something failed; 2 wrong use.

mod contact_sheet;
mod demo;
mod generate;
mod hand;
mod kiosk;
mod play;
mod prove;
mod screens;
mod temporary;

use std::path::Path;
use std::process::ExitCode;

use afterword_kiosk::config::Config;
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// The configuration of the shop on the desk; the example that the kiosk's program ships.
const SHOP_CONFIG: &str = include_str!("../../../kiosk/app/examples/kiosk.toml");

/// Afterword on your desk: a whole shop with a real collector, real enrolment and a link that drops.
#[derive(Debug, Parser)]
#[command(
    name = "afterword-sim",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command it is `demo`: with a display a window opens for you to tap in, without one shoppers are scripted.\n\nExit codes: 0 everything that was collected was received, 1 it was not or something failed, 2 wrong use."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::Demo,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Screens(screens::Screens),
    Kiosk(kiosk::KioskOnly),
    Prove(prove::Prove),
    Play(play::Play),
    Generate(generate::Generate),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into()),
        )
        .init();
    let cli = Cli::parse();
    let ran = match cli.command {
        None => cli.demo.run(),
        Some(Command::Demo(demo)) => demo.run(),
        Some(Command::Screens(screens)) => screens.run().map(|()| true),
        Some(Command::Kiosk(kiosk)) => kiosk.run().map(|()| true),
        Some(Command::Prove(prove)) => prove.run(),
        Some(Command::Play(play)) => play.run().map(|()| true),
        Some(Command::Generate(generate)) => generate.run().map(|()| true),
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("afterword-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn shop_config() -> Result<Config> {
    Ok(Config::parse(Path::new("examples/kiosk.toml"), SHOP_CONFIG)?)
}

fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| {
        format!("cannot make the folder {}; name one that this user may write", path.display())
    })
}
