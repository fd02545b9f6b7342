//! The tables, read by Python's own readers and by Apache Arrow, and held against what the interface for programs says.

use std::process::Command;

use afterword_tests::cluster::Cluster;
use afterword_tests::program::{command, finish};
use anyhow::{Result, ensure};

use super::shelf::{Shelf, Url, chain, until};

const DAYS: u64 = 40;

#[tokio::test]
#[cfg_attr(not(has_pyarrow), ignore = "needs a Python with pyarrow; AFTERWORD_TEST_PYTHON names it")]
async fn other_readers_find_in_the_tables_what_the_interface_says() -> Result<()> {
    the_tables_agree_with_the_interface(None).await
}

#[tokio::test]
#[cfg_attr(
    not(all(has_pyarrow, has_postgres)),
    ignore = "needs a Python with pyarrow; AFTERWORD_TEST_PYTHON names it; and PostgreSQL's server (apt-get install postgresql)"
)]
async fn other_readers_find_in_the_tables_from_postgres_what_the_interface_says() -> Result<()> {
    the_tables_agree_with_the_interface(Some(&Cluster::shared()?.database()?)).await
}

async fn the_tables_agree_with_the_interface(url: Url<'_>) -> Result<()> {
    let shelf = Shelf::open(&chain(3_000.0, DAYS), url).await?;
    let folder = shelf.data.parent().unwrap_or(&shelf.data);
    let items = shelf.all("/responses").await?;
    ensure!(items.len() > 2_500, "only {} responses were made up", items.len());
    let expected = folder.join("items.json");
    std::fs::write(&expected, serde_json::to_vec(&items)?)?;
    let first = until() - chrono::Days::new(DAYS + 2);
    let (since, last) = (first.to_string(), (until() + chrono::Days::new(2)).to_string());
    let mut files = Vec::new();
    for (format, name) in [("parquet", "tree"), ("csv", "table.csv"), ("ndjson", "table.ndjson")] {
        let file = folder.join(name);
        if format == "parquet" {
            std::fs::create_dir(&file)?;
        }
        let mut export = command("afterword-collector");
        export.args(["export", "--format", format, "--since", &since, "--until", &last, "--out"]).arg(&file);
        let output = finish({
            export.arg("--data").arg(&shelf.data).envs(url.map(|url| ("AFTERWORD_DATABASE_URL", url)));
            export
        })?;
        ensure!(output.code == Some(0), "{}", output.everything());
        ensure!(output.stdout.starts_with(&format!("{} responses in ", items.len())), "{}", output.stdout);
        files.push(file);
    }
    let sent = folder.join("sent.parquet");
    std::fs::write(&sent, shelf.get("/exports/responses?format=parquet").await?.bytes().await?)?;
    let mut reader = Command::new(env!("AFTERWORD_TEST_PYTHON_FOUND"));
    reader.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/foreign.py"));
    reader.arg(&expected).args(&files).arg(&sent);
    let output = finish(reader)?;
    ensure!(output.code == Some(0), "{}", output.everything());
    ensure!(output.last_line() == format!("{} responses agree", items.len()), "{}", output.everything());
    shelf.close().await;
    Ok(())
}
