//! `afterword-collector distribute`.

use std::process::ExitCode;

use clap::Args;

use super::Data;

const EXAMPLES: &str = "\
Examples:
  # What would be run, in any PostgreSQL database.
  afterword-collector distribute --print --data /var/lib/afterword --database-url postgres://db.example/afterword

  # In the database of a Citus coordinator that has its workers, while no collector serves from it.
  afterword-collector distribute --data /var/lib/afterword --database-url postgres://coordinator.example/afterword

Each device's rows stand on one worker then; devices, and what is of no one device, on all of them. What was done
is passed over, so that a run that broke off is run again. It cannot be taken back but by copying the data out.

Exit codes: 0 done, 1 it failed, 2 wrong use of the command line";

/// Divides the tables among the servers of a Citus cluster.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Distribute {
    #[command(flatten)]
    data: Data,
    /// Show the statements that are still to be run, and run none.
    #[arg(long)]
    print: bool,
}

impl Distribute {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut admin = self.data.open()?;
        let statements = if self.print { admin.distribution()? } else { admin.distribute()? };
        for statement in &statements {
            println!("{statement};");
        }
        if statements.is_empty() {
            println!("-- Everything has its place already.");
        }
        Ok(ExitCode::SUCCESS)
    }
}
