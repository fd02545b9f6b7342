//! `afterword-collector backup` and `afterword-collector restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use afterword_collector::{DatabaseUrl, restore, restore_into};
use clap::Args;
use serde_json::json;

use super::{Data, ports, print_json};

const BACKUP_EXAMPLES: &str = "\
Example:
  afterword-collector backup --to /backup/collector-2026-11-24.db --data /var/lib/afterword

One consistent state, made while the server goes on. The keys in DATA/pki are not part of it: back that folder up
by itself, and keep it where others can't read it. On PostgreSQL the file is this program's own and holds all tables as of one
moment; none of PostgreSQL's programs is needed. Who has much in there and wants each minute back archives its log as well
(pg_basebackup, WAL archiving).

Exit codes: 0 written, 1 it failed (the reason is on standard error), 2 wrong use";

const RESTORE_EXAMPLES: &str = "\
Example:
  systemctl stop afterword-collector
  afterword-collector restore --from /backup/collector-2026-11-24.db --data /var/lib/afterword
  systemctl start afterword-collector

The database that is there is kept under another name, not deleted, and what was erased in it is erased in the
restored one too. The restored one gets a new server epoch, by which devices
notice and send again what came after the backup; they keep everything for a month after its receipt. A backup
that is older than that leaves a gap, which `device list` names.

On PostgreSQL a backup is put into a database without a collector, and the one before stays as it is:
  createdb afterword_restored
  AFTERWORD_FORMER_DATABASE_URL=postgres://db.example/afterword \
    afterword-collector restore --from FILE --data DIR --database-url postgres://db.example/afterword_restored

Exit codes: 0 restored, 1 it failed (the reason is on standard error), 2 wrong use";

/// Write a copy of the database, also while the server runs.
#[derive(Args)]
#[command(after_help = BACKUP_EXAMPLES, after_long_help = BACKUP_EXAMPLES)]
pub(super) struct Backup {
    /// The file to write; it must not be there.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Put a backup in the place of the database; no server may run.
#[derive(Args)]
#[command(after_help = RESTORE_EXAMPLES, after_long_help = RESTORE_EXAMPLES)]
pub(super) struct Restore {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// PostgreSQL alone: the database that was used so far, where it can still be read. What was erased there is erased in the restored one, and for how long what is kept is decided as there.
    #[arg(long, value_name = "URL", env = "AFTERWORD_FORMER_DATABASE_URL", hide_env_values = true)]
    former_database_url: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let records = self.data.open()?.back_up(&self.to)?;
        if self.json {
            print_json(&json!({ "file": self.to, "records": records }))?;
        } else {
            println!("{} holds {records} records. DATA/pki is not part of it.", self.to.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (clock, entropy) = ports();
        let restored = match self.data.database()? {
            None => restore(&self.data.data, &self.from, &entropy)?,
            Some(database) => {
                let former = self.former_database_url.as_deref().filter(|url| !url.is_empty());
                let former = former.map(DatabaseUrl::parse).transpose()?;
                restore_into(&self.data.data, &database, &self.from, former.as_ref(), &clock, &entropy)?
            }
        };
        if self.json {
            print_json(&json!({
                "records": restored.records,
                "set_aside": restored.set_aside,
                "erased_again": restored.erased_again,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        println!("{} records are restored; devices send again what came after them.", restored.records);
        match restored.erased_again {
            Some(0) => {}
            Some(1) => println!("1 record that was erased after the backup is erased again."),
            Some(rows) => println!("{rows} records that were erased after the backup are erased again."),
            None => println!(
                "No database that can be read was there: what was erased after the backup is not known, erase it again."
            ),
        }
        if let Some(aside) = restored.set_aside {
            println!("The database that was there is now {}.", aside.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}
