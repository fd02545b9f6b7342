//! The log on standard error: lines for people, or JSON for machines.
//!
//! Invariant: neither what shoppers wrote nor a secret stands in it, however much is asked for; libraries that would quote what they
//! carry are kept from it.

use std::io::{IsTerminal as _, stderr};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tracing::{Level, Metadata};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes down the values of each statement from `debug` on, and in them answers and passwords' hashes. A filter of its own keeps it from
/// that, because in one filter the narrower target would win.
const QUOTES_VALUES: &str = "tokio_postgres";

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
        EnvFilter::try_new(&self.log).with_context(|| {
            format!(
                "`{}` is no filter of the log; write as in info or warn,afterword_collector=debug",
                self.log
            )
        })
    }

    /// From now on everything is logged so.
    pub(super) fn begin(&self) -> anyhow::Result<()> {
        let log = layer().with_writer(stderr);
        let registry = tracing_subscriber::registry().with(self.filter()?);
        match self.log_format {
            LogFormat::Text => {
                registry.with(log.with_ansi(stderr().is_terminal()).with_filter(filter_fn(may_stand))).init();
            }
            LogFormat::Json => {
                let log = log.json().flatten_event(true).with_current_span(true).with_span_list(false);
                registry.with(log.with_filter(filter_fn(may_stand))).init();
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

/// Whether such a line may stand in a log at all.
fn may_stand(of: &Metadata<'_>) -> bool {
    *of.level() <= Level::INFO || !of.target().starts_with(QUOTES_VALUES)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_brings_the_values_of_statements_into_the_log() {
        let asked = "trace,tokio_postgres::query=trace";
        let options = LogOptions { log: asked.into(), log_format: LogFormat::Text };
        let lines = Lines::default();
        let to = lines.clone();
        let log = layer().with_writer(move || to.clone()).with_filter(filter_fn(may_stand));
        let registry = tracing_subscriber::registry().with(options.filter().unwrap()).with(log);
        tracing::subscriber::with_default(registry, || {
            tracing::debug!(target: "tokio_postgres::query", "spilt milk");
            tracing::info!(target: "tokio_postgres::connection", "a notice");
            tracing::trace!("our own");
        });
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("a notice") && said.contains("our own"), "{said}");
        assert!(!said.contains("spilt milk"), "{said}");
    }
}
