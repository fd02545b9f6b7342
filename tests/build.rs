//! Finds out what the machine has beside Rust and gcc. A test that needs more shows as ignored where it is missing.

use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_python)");
    println!("cargo::rerun-if-env-changed=PATH");
    let asked =
        Command::new("python3").args(["-c", "import hashlib, json, sqlite3"]).stdout(Stdio::null()).status();
    if asked.is_ok_and(|status| status.success()) {
        println!("cargo::rustc-cfg=has_python");
    }
}
