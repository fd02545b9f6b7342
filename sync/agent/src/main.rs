//! `afterword-sync`: the device's networked program on the command line.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong use. What failed is one sentence on standard error.

use std::process::ExitCode;

use clap::Parser as _;

mod command;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    match command::execute(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("afterword-sync: {error:#}");
            ExitCode::FAILURE
        }
    }
}
