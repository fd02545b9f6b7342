//! The fuzz targets under the ordinary test runner: every file of their corpora, and a bounded number of mutants of each.
//!
//! Deterministic: the same seeds give the same mutants on every machine. `cargo fuzz` runs the same targets for as long as
//! one likes (see `tests/fuzz/Cargo.toml`); what it finds goes into the corpus and is replayed here for ever after.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its corpus has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use afterword_model::ports::SeededEntropy;

#[path = "../../fuzz/targets.rs"]
mod targets;

mod seeds;

/// Mutants of each corpus file. With some hundred files this stays within seconds in a debug build.
const MUTANTS: u64 = 300;

/// Bytes and words that parsers stumble over.
const SPICE: [&[u8]; 12] = [
    b"\0",
    b"\xff",
    b"\n",
    b"\"",
    b"{",
    b"}",
    b"[[",
    b"18446744073709551615",
    b"-1",
    b"1e999",
    "\u{202e}".as_bytes(),
    b"\\u0000",
];

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// One to four changes: a bit, a cut, a doubled piece, a foreign piece, a number that grows.
fn mutant(original: &[u8], other: &[u8], dice: &SeededEntropy) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let below = |end: usize| usize::try_from(dice.next_u64() % (end.max(1) as u64)).unwrap();
    for _ in 0..=below(4) {
        let at = below(bytes.len() + 1);
        match below(6) {
            0 if !bytes.is_empty() => {
                let at = below(bytes.len());
                bytes[at] ^= 1 << below(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let end = at + below(bytes.len() - at + 1).min(64);
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let from = below(other.len() + 1);
                let to = from + below(other.len() - from + 1).min(64);
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            4 => drop(bytes.splice(at..at, SPICE[below(SPICE.len())].iter().copied())),
            _ => {
                if let Some(digit) = bytes.iter().skip(at).position(u8::is_ascii_digit) {
                    bytes.splice(at + digit..at + digit, b"99".iter().copied());
                }
            }
        }
    }
    bytes
}

fn replay(name: &str, target: fn(&[u8])) {
    let files = corpus(name);
    for (number, (path, bytes)) in files.iter().enumerate() {
        let run = |bytes: &[u8]| {
            let panicked = std::panic::catch_unwind(|| target(bytes)).is_err();
            if panicked {
                let kept = std::env::temp_dir().join(format!("afterword-fuzz-{name}"));
                fs::write(&kept, bytes).unwrap();
                panic!("{name} fails on a mutant of {}, kept in {}", path.display(), kept.display());
            }
        };
        run(bytes);
        let dice = SeededEntropy::new(number as u64);
        for _ in 0..MUTANTS {
            let other = &files[usize::try_from(dice.next_u64() % files.len() as u64).unwrap()].1;
            run(&mutant(bytes, other, &dice));
        }
    }
}

#[test]
fn batches() {
    replay("batch", targets::batch);
}

#[test]
fn receipts_and_problems() {
    replay("receipt", targets::receipt);
}

#[test]
fn courier_bundles() {
    replay("courier", targets::courier);
}

#[test]
fn survey_files() {
    replay("survey", targets::survey);
}

#[test]
fn configurations() {
    replay("configuration", targets::configuration);
}

#[test]
fn socket_messages() {
    replay("socket", targets::socket);
}

#[test]
fn heartbeats_and_renewals() {
    replay("heartbeat", targets::heartbeat);
}

#[test]
fn records() {
    replay("record", targets::record);
}

/// The first files of each corpus, as the program itself writes them.
#[test]
#[ignore = "writes files: run it with --ignored when a format has changed"]
fn write_the_seeds() {
    for (name, files) in seeds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        fs::create_dir_all(&folder).unwrap();
        for (number, bytes) in files.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), bytes).unwrap();
        }
    }
}
