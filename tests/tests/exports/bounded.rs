//! A table is made in the same memory, however long it is.

use std::path::Path;
use std::process::Command;

use afterword_tests::program::{command, finish};
use anyhow::{Context as _, Result, ensure};

use super::shelf::{chain, until};

/// What five times as many rows may take more in one stream, in kilobytes: a fraction of what they are as text.
const MORE_KB_MAX: u64 = 8 * 1024;
/// And in a folder, of whose open files 20,000 rows lie in memory, which some ten thousand responses do not fill; all of them would be some
/// eighty megabytes.
const MORE_KB_MAX_IN_FOLDER: u64 = 32 * 1024;

/// Runs a program and says the most memory that it had, in kilobytes.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// Exports all there is; gives the most memory that this took.
fn peak_kb(data: &Path, format: &str, out: &Path) -> Result<u64> {
    let export = command("afterword-collector");
    let mut measured = Command::new("python3");
    measured.args(["-c", PEAK]).arg(export.get_program());
    let since = (until() - chrono::Days::new(70)).to_string();
    measured.args(["export", "--format", format, "--since", &since, "--out"]).arg(out);
    measured.arg("--data").arg(data);
    let output = finish(measured)?;
    ensure!(output.code == Some(0), "{}", output.everything());
    output.last_line().parse().with_context(|| output.everything())
}

#[test]
#[cfg_attr(not(has_python), ignore = "needs python3, which can say how much memory a program had")]
fn memory_does_not_grow_with_the_table() -> Result<()> {
    let mut peaks = Vec::new();
    for responses in [10_000.0, 50_000.0] {
        let folder = tempfile::tempdir()?;
        let data = chain(responses, 60).fill(folder.path(), None)?.data;
        let tree = folder.path().join("tree");
        std::fs::create_dir(&tree)?;
        let dash = Path::new("-");
        for (format, out) in [("csv", dash), ("ndjson", dash), ("parquet", dash), ("parquet", tree.as_path())]
        {
            let more_max = if out == dash { MORE_KB_MAX } else { MORE_KB_MAX_IN_FOLDER };
            peaks.push((format!("{format} to {}", out.display()), peak_kb(&data, format, out)?, more_max));
        }
    }
    let (few, many) = peaks.split_at(peaks.len() / 2);
    for ((what, few, more_max), (_, many, _)) in few.iter().zip(many) {
        println!("{what}: {few} KB, then {many} KB");
        ensure!(*many < few + more_max, "{what}: {few} KB, then {many} KB for five times as many rows");
    }
    Ok(())
}
