//! The report: one file for whoever helps from afar, with how the device is and nothing of the people in front of it.
//!
//! It is made of the checks' names, states and values, which are numbers and names of the device's own. A check's sentence is in
//! it only where it is made of this program's words and the configuration's: what a database or a collector says of a record
//! may quote the record. No record is opened for it. An existing file is never written over.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Check, is_healthy};

/// The form of the file.
const REPORT_VERSION: u8 = 1;

/// Checks whose sentences may be passed on.
const WITH_SENTENCE: [&str; 9] =
    ["configuration", "survey", "brand", "spoken prompts", "clock", "display", "panel", "touch", "version"];

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report {path}: {reason}; name a file that is not there yet, in a folder that this user may write", path = path.display())]
pub struct ReportError {
    path: PathBuf,
    reason: io::Error,
}

/// What the report says, of a device whose clock is at `now_ms`, in milliseconds since 1970.
#[must_use]
pub fn report(checks: &[Check], now_ms: i64) -> Value {
    let checks: Vec<Value> = checks.iter().map(shared).collect();
    json!({
        "report": REPORT_VERSION,
        "made_ms": now_ms,
        "kiosk_version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "processor": std::env::consts::ARCH,
        "healthy": checks.iter().all(|check| check["state"] != "failed"),
        "checks": checks,
    })
}

/// Writes it, readable by this user alone.
///
/// # Errors
/// [`ReportError`]; what of it was written is removed again.
pub fn write(path: &Path, checks: &[Check], now_ms: i64) -> Result<(), ReportError> {
    debug_assert_eq!(report(checks, now_ms)["healthy"], is_healthy(checks));
    let failed = |reason| ReportError { path: path.to_owned(), reason };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let text = format!("{:#}\n", report(checks, now_ms));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|reason| {
        // Half a report would be taken for a whole one.
        let _ = std::fs::remove_file(path);
        failed(reason)
    })
}

fn shared(check: &Check) -> Value {
    let mut shared = json!({ "name": check.name, "state": check.state, "values": check.values });
    if WITH_SENTENCE.contains(&check.name) {
        shared["detail"] = check.detail.clone().into();
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_says_of_a_record_is_not_passed_on() {
        let checks = [
            Check::failed("database", "record 3: invalid type: string \"my name is Violet\"")
                .with("problems_count", 1),
            Check::warning("agent", "the collector did not take \"my name is Violet\""),
            Check::warning("clock", "plausible"),
        ];
        let report = report(&checks, 5);
        assert!(!report.to_string().contains("Violet"), "{report}");
        assert_eq!(report["checks"][0]["values"]["problems_count"], 1);
        assert_eq!(report["checks"][2]["detail"], "plausible");
        assert_eq!(report["healthy"], false);
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        write(&path, &[], 5).unwrap();
        let error = write(&path, &[], 6).unwrap_err().to_string();
        assert!(error.contains("report.json") && error.contains("not there yet"), "{error}");
        let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(kept["made_ms"], 5);
    }
}
