//! The log on standard error: lines for people, or JSON for machines.
//!
//! Invariant: neither what shoppers wrote nor a secret stands in it, however much is asked for; libraries that would quote what they
//! carry are kept from it.

use std::io::{IsTerminal as _, stderr};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Writes down the values of each statement from `debug` on, and in them answers and passwords' hashes.
const NEVER_BELOW: &str = "tokio_postgres=info";

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// A line for a person.
    Text,
    /// A line of JSON: timestamp (RFC 3339, UTC), level, target, message, and what it is about.
    Json,
}

/// What is logged, and how.
#[derive(Args)]
pub(super) struct LogOptions {
    /// How much is logged: error, warn, info, debug or trace; of single parts as in info,afterword_collector::listen=debug.
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = "info")]
    log: String,
    /// How it is written.
    #[arg(long, value_enum, env = "AFTERWORD_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

impl LogOptions {
    /// Whether the filter can be read.
    pub(super) fn filter(&self) -> anyhow::Result<EnvFilter> {
        let filter = EnvFilter::try_new(&self.log).with_context(|| {
            format!(
                "`{}` is no filter of the log; write as in info or warn,afterword_collector=debug",
                self.log
            )
        })?;
        Ok(filter.add_directive(NEVER_BELOW.parse().context(NEVER_BELOW)?))
    }

    /// From now on everything is logged so.
    pub(super) fn begin(&self) -> anyhow::Result<()> {
        let log = tracing_subscriber::fmt().with_env_filter(self.filter()?).with_writer(stderr);
        match self.log_format {
            LogFormat::Text => log.with_ansi(stderr().is_terminal()).init(),
            LogFormat::Json => {
                log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
                // A machine that reads lines of JSON is told of that as well.
                std::panic::set_hook(Box::new(|panic| {
                    let place = panic.location().map(ToString::to_string);
                    let said = panic.payload_as_str().unwrap_or("no words");
                    tracing::error!(place, said, "a part of the program broke down");
                }));
            }
        }
        Ok(())
    }
}
