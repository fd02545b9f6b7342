//! Finds out what the machine has beside Rust and gcc. A test that needs more shows as ignored where it is missing.

use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_python)");
    println!("cargo::rustc-check-cfg=cfg(has_postgres)");
    println!("cargo::rustc-check-cfg=cfg(has_chromium)");
    println!("cargo::rustc-check-cfg=cfg(has_citus)");
    println!("cargo::rustc-check-cfg=cfg(has_pyarrow)");
    println!("cargo::rustc-check-cfg=cfg(has_schemathesis)");
    println!("cargo::rerun-if-env-changed=AFTERWORD_TEST_PYTHON");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed=AFTERWORD_TEST_CITUS_URL");
    if std::env::var_os("AFTERWORD_TEST_CITUS_URL").is_some() {
        println!("cargo::rustc-cfg=has_citus");
    }
    // Debian keeps the server's programs out of the way.
    let folder = std::path::Path::new("/usr/lib/postgresql");
    // What is not there would make Cargo ask each time; then what it would appear in is watched.
    let watched = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");
    let kept = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let kept: Vec<_> = kept.map(|version| version.path().join("bin")).collect();
    let is_there = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).chain(kept.iter().cloned()).any(|folder| folder.join(program).is_file())
    };
    if ["initdb", "postgres", "pg_isready", "psql", "setpriv"].into_iter().all(is_there) {
        println!("cargo::rustc-cfg=has_postgres");
    }
    if ["chromium", "chromedriver"].into_iter().all(is_there) {
        println!("cargo::rustc-cfg=has_chromium");
    }
    if can("python3", "import hashlib, json, sqlite3") {
        println!("cargo::rustc-cfg=has_python");
    }
    // Packages that a machine's own Python has not, nor may be given.
    let python = std::env::var("AFTERWORD_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    println!("cargo::rustc-env=AFTERWORD_TEST_PYTHON_FOUND={python}");
    if can(&python, "import pyarrow.dataset, pyarrow.parquet") {
        println!("cargo::rustc-cfg=has_pyarrow");
    }
    if can(&python, "import schemathesis.cli") {
        println!("cargo::rustc-cfg=has_schemathesis");
    }
}

/// Whether this Python can do that.
fn can(python: &str, statement: &str) -> bool {
    let asked =
        Command::new(python).args(["-c", statement]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
