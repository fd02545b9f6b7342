//! The program, as all tests start it.

use std::path::Path;
use std::process::{Command, Output};

/// Runs it in that folder, with no display and nothing said about logs.
pub(crate) fn kiosk(folder: &Path, arguments: &[&str]) -> Output {
    let mut kiosk = Command::new(env!("CARGO_BIN_EXE_afterword-kiosk"));
    kiosk.args(arguments).current_dir(folder);
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "RUST_LOG"] {
        kiosk.env_remove(variable);
    }
    kiosk.output().unwrap()
}
