//! Rules of the house that no compiler holds: who may import whom, and how files look.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own repository has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every crate, and all of ours that its product code may import. Imports run downwards only.
const IMPORTS: [(&str, &str, &[&str]); 10] = [
    ("sync/model", "afterword-model", &[]),
    ("sync/protocol", "afterword-protocol", &["afterword-model"]),
    ("sync/agent", "afterword-agent", &["afterword-model", "afterword-protocol"]),
    ("sync/collector", "afterword-collector", &["afterword-model", "afterword-protocol"]),
    ("ui", "afterword-ui", &[]),
    ("kiosk/core", "afterword-kiosk-core", &["afterword-model"]),
    ("kiosk/store", "afterword-kiosk-store", &["afterword-model", "afterword-protocol"]),
    (
        "kiosk/app",
        "afterword-kiosk",
        &[
            "afterword-kiosk-core",
            "afterword-kiosk-store",
            "afterword-model",
            "afterword-protocol",
            "afterword-ui",
        ],
    ),
    (
        "hw-sim",
        "afterword-sim",
        &[
            "afterword-agent",
            "afterword-collector",
            "afterword-kiosk",
            "afterword-kiosk-core",
            "afterword-kiosk-store",
            "afterword-model",
            "afterword-protocol",
            "afterword-ui",
        ],
    ),
    (
        "tests",
        "afterword-tests",
        &[
            "afterword-agent",
            "afterword-collector",
            "afterword-kiosk",
            "afterword-kiosk-core",
            "afterword-kiosk-store",
            "afterword-model",
            "afterword-protocol",
            "afterword-sim",
            "afterword-ui",
        ],
    ),
];

/// Libraries that would break a promise where they are named: the touch process has no network, the network
/// process no database, the pages neither, and the pure crates no input or output at all.
const BANNED: [(&str, &[&str]); 6] = [
    ("sync/model", &["tokio", "rusqlite", "reqwest", "slint", "chrono", "getrandom", "rand_core"]),
    ("sync/protocol", &["tokio", "rusqlite", "reqwest", "slint"]),
    ("sync/agent", &["rusqlite", "slint"]),
    ("ui", &["tokio", "rusqlite", "reqwest", "toml", "serde_json"]),
    ("kiosk/core", &["tokio", "rusqlite", "reqwest", "slint", "chrono"]),
    ("kiosk/app", &["reqwest", "rustls", "axum", "hyper"]),
];

/// Past this many lines a file has a second idea in it.
const RUST_LINES_MAX: usize = 600;
const SLINT_LINES_MAX: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace").to_owned()
}

/// Names in the tables of a manifest, `dev-dependencies` apart.
fn dependencies(folder: &str, with_dev: bool) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let tables = ["dependencies", "build-dependencies", "dev-dependencies"];
    tables[..if with_dev { 3 } else { 2 }]
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = IMPORTS.iter().map(|(folder, ..)| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn imports_run_downwards_only() {
    for (folder, name, allowed) in IMPORTS {
        let ours =
            dependencies(folder, false).into_iter().filter(|dependency| dependency.starts_with("afterword-"));
        for dependency in ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} may not import {dependency}");
        }
    }
}

#[test]
fn the_table_knows_every_crate() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members.iter().filter_map(|member| member.as_str()).collect();
    assert_eq!(members, IMPORTS.iter().map(|(folder, ..)| *folder).collect());
}

/// Follows every path, development dependencies too: a simulator that a product's tests need is a simulator in the product's lock.
#[test]
fn no_product_crate_reaches_the_simulator() {
    let graph: BTreeMap<&str, BTreeSet<String>> =
        IMPORTS.iter().map(|(folder, name, _)| (*name, dependencies(folder, true))).collect();
    for (folder, product, _) in IMPORTS.iter().filter(|(folder, ..)| !["hw-sim", "tests"].contains(folder)) {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![(*product).to_owned()];
        while let Some(name) = ahead.pop() {
            if let Some(next) = graph.get(name.as_str()).filter(|_| reached.insert(name.clone())) {
                ahead.extend(next.iter().cloned());
            }
        }
        assert!(
            !reached.contains("afterword-sim") && !reached.contains("afterword-tests"),
            "{folder} reaches the simulator"
        );
    }
}

#[test]
fn each_process_is_without_what_it_must_not_have() {
    for (folder, banned) in BANNED {
        let named = dependencies(folder, false);
        for library in banned {
            assert!(!named.contains(*library), "{folder} must do without {library}");
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in files("rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}

#[test]
fn a_file_is_one_idea() {
    for (ending, lines_max) in [("rs", RUST_LINES_MAX), ("slint", SLINT_LINES_MAX)] {
        for path in files(ending) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(
                lines <= lines_max,
                "{} has {lines} lines: is there a second idea in it?",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_sleeps_and_nothing_is_waved_through() {
    let here = Path::new(file!()).file_name().unwrap();
    for path in files("rs").into_iter().filter(|path| path.file_name() != Some(here)) {
        let text = fs::read_to_string(&path).unwrap();
        for banned in ["#[allow(", "thread::sleep(", "todo!(", "FIXME"] {
            assert!(!text.contains(banned), "{} contains {banned}", path.display());
        }
    }
}

#[test]
fn the_top_has_its_five_folders_and_no_more() {
    let known = ["kiosk", "sync", "ui", "hw-sim", "tests", "target"];
    for entry in fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_folder = entry.file_type().unwrap().is_dir() && !name.starts_with('.');
        assert!(!is_folder || known.contains(&name.as_str()), "{name} is not one of the house's folders");
    }
}

#[test]
fn wall_time_is_banned_in_clippys_own_words() {
    let text = fs::read_to_string(root().join(".clippy.toml")).unwrap();
    for function in
        ["SystemTime::now", "Instant::now", "Utc::now", "Local::now", "getrandom::fill", "thread::sleep"]
    {
        assert!(text.contains(function), ".clippy.toml no longer bans {function}");
    }
}
