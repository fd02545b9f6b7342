//! `afterword-kiosk`: the device's program for shopper, screen and database.

use std::process::ExitCode;

fn main() -> ExitCode {
    afterword_kiosk::cli::main()
}
