//! `afterword-collector`: the command line around the library. See `--help`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
