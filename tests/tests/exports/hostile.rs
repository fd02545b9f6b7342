//! Everything that the description of the interface allows, and much that it does not, sent to a real server by Schemathesis.

use std::process::Command;

use afterword_tests::cluster::Cluster;
use afterword_tests::program::finish;
use anyhow::{Result, ensure};

use super::shelf::{Shelf, Url, chain};

/// What an answer is held against: that it is no fault of the server's, and that its status, media type, headers and body are described;
/// that what the description does not allow is refused, as are methods that it does not name; and that nothing is answered without a token.
/// Not that all it allows is taken: no description says which cursors there are.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth";

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_schemathesis),
    ignore = "needs a Python with schemathesis; AFTERWORD_TEST_PYTHON names it"
)]
async fn nothing_that_is_asked_makes_the_server_fail_or_say_what_is_not_described() -> Result<()> {
    everything_is_asked(None).await
}

/// A server of PostgreSQL takes fewer letters than a file does, and other numbers.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(all(has_schemathesis, has_postgres)),
    ignore = "needs a Python with schemathesis; AFTERWORD_TEST_PYTHON names it; and PostgreSQL's server (apt-get install postgresql)"
)]
async fn nothing_that_is_asked_makes_a_server_on_postgres_fail() -> Result<()> {
    everything_is_asked(Some(&Cluster::shared()?.database()?)).await
}

async fn everything_is_asked(url: Url<'_>) -> Result<()> {
    let shelf = Shelf::open(&chain(300.0, 10), url).await?;
    let mut tool = Command::new(env!("AFTERWORD_TEST_PYTHON_FOUND"));
    tool.args(["-m", "schemathesis.cli", "run"]).arg(format!("{}/openapi.json", shelf.url()));
    tool.args(["-H", &format!("Authorization: Bearer {}", shelf.secret), "--checks", CHECKS]);
    tool.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--generation-deterministic"]);
    // As much as a token may ask, and no longer than somebody waits.
    tool.args(["--rate-limit", "10/s", "--max-time", "60", "--no-color", "--warnings", "off"]);
    // One of the checks makes up a token for each case, and whoever does that too often waits.
    tool.env("SCHEMATHESIS_HOOKS", "elsewhere");
    tool.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports"));
    // It keeps notes where it is started.
    tool.current_dir(&shelf.data);
    let output = tokio::task::spawn_blocking(move || finish(tool)).await??;
    ensure!(output.code == Some(0), "{}", output.everything());
    ensure!(output.stdout.contains("No issues found"), "{}", output.everything());
    ensure!(!output.stdout.contains("Tested: 0"), "{}", output.everything());
    shelf.close().await;
    Ok(())
}
