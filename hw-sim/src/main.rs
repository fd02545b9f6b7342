//! `afterword-sim`: a shop on a desk.

use std::process::ExitCode;

fn main() -> ExitCode {
    afterword_sim::cli::main()
}
