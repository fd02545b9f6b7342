//! The table `[alerts]` of a configuration.

use std::path::Path;

use afterword_model::alerts::window::Threshold;
use serde::Deserialize;

/// A longer window would tell of the morning in the evening; four hours are half a shift.
const WINDOW_MIN_MAX: u32 = 240;

/// Who waits for more answers than this within one window wants a report, not an alert.
const ANSWERS_MIN_MAX: u64 = 100;

/// A program with its arguments; a lamp needs three.
const COMMAND_PARTS_MAX: usize = 16;

/// The longest of them, in bytes: a path.
const COMMAND_PART_BYTES_MAX: usize = 1_024;

/// When an alert opens and closes, and who is told. What is left out is as it is usual; so is a table that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerting {
    /// Whether any alert opens at all.
    pub enabled: bool,
    /// Minutes that are looked back, 1 to 240.
    pub window_min: u32,
    /// Fewer ratings than this open nothing, 1 to 100.
    pub answers_min: u64,
    /// An alert opens when so many of a hundred are unhappy, 1 to 100.
    pub unhappy_percent: u64,
    /// It closes below so many, `unhappy_percent` at most.
    pub close_percent: u64,
    /// Whether hours are held against the four weeks before, too.
    pub hourly: bool,
    /// What is run when one opens or closes: the whole path of a program, and its arguments. Nothing when it is empty.
    pub command: Vec<String>,
}

impl Default for Alerting {
    fn default() -> Self {
        let Threshold { answers_min, open_percent, close_percent } = Threshold::USUAL;
        Self {
            enabled: true,
            window_min: 15,
            answers_min,
            unhappy_percent: open_percent,
            close_percent,
            hourly: true,
            command: Vec::new(),
        }
    }
}

impl Alerting {
    /// When an alert opens and closes.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        Threshold {
            answers_min: self.answers_min,
            open_percent: self.unhappy_percent,
            close_percent: self.close_percent,
        }
    }

    /// How wide the window is.
    #[must_use]
    pub fn window_ms(&self) -> i64 {
        i64::from(self.window_min) * 60_000
    }

    /// The field that cannot be used, and why.
    pub(crate) fn mistake(&self) -> Option<(&'static str, String)> {
        if !(1..=WINDOW_MIN_MAX).contains(&self.window_min) {
            return Some(("window_min", format!("alerts.window_min is 1 to {WINDOW_MIN_MAX} minutes")));
        }
        if !(1..=ANSWERS_MIN_MAX).contains(&self.answers_min) {
            return Some(("answers_min", format!("alerts.answers_min is 1 to {ANSWERS_MIN_MAX}")));
        }
        if !(1..=100).contains(&self.unhappy_percent) {
            return Some(("unhappy_percent", "alerts.unhappy_percent is 1 to 100".into()));
        }
        if self.close_percent > self.unhappy_percent {
            let what = format!(
                "alerts.close_percent is {} at most, which is where an alert opens",
                self.unhappy_percent
            );
            return Some(("close_percent", what));
        }
        let command = &self.command;
        let is_bad = |part: &String| part.len() > COMMAND_PART_BYTES_MAX || part.contains('\0');
        if command.len() > COMMAND_PARTS_MAX || command.iter().any(is_bad) {
            let what = format!(
                "alerts.command has at most {COMMAND_PARTS_MAX} parts of {COMMAND_PART_BYTES_MAX} bytes; put more into a script"
            );
            return Some(("command", what));
        }
        if command.first().is_some_and(|program| !Path::new(program).is_absolute()) {
            let what =
                "alerts.command begins with the whole path of a program, from / on, and no shell reads it";
            return Some(("command", what.into()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const BASE: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"UTC\"\n[alerts]\n";

    fn config(lines: &str) -> Result<Config, String> {
        let parsed = Config::parse("kiosk.toml".as_ref(), &format!("{BASE}{lines}"));
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_that_says_little_leaves_the_rest_as_it_is_usual() {
        let alerts = config("answers_min = 6\ncommand = [\"/usr/bin/lamp\", \"--red\"]\n").unwrap().alerts;
        assert_eq!((alerts.window_min, alerts.threshold().answers_min, alerts.hourly), (15, 6, true));
        assert_eq!(alerts.command.len(), 2);
        assert_eq!(config("").unwrap().alerts, super::Alerting::default());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (lines, told) in [
            ("window_min = 0\n", "kiosk.toml:5: alerts.window_min is 1 to 240"),
            ("hourly = false\nanswers_min = 0\n", "kiosk.toml:6: alerts.answers_min is 1 to 100"),
            ("unhappy_percent = 101\n", "kiosk.toml:5: alerts.unhappy_percent"),
            ("close_percent = 60\n", "kiosk.toml:5: alerts.close_percent is 50 at most"),
            ("command = [\"lamp\"]\n", "kiosk.toml:5: alerts.command begins with the whole path"),
            ("lamp = 1\n", "kiosk.toml:5: unknown field `lamp`"),
        ] {
            let error = config(lines).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
        let long = format!("command = [\"/bin/lamp\"{}]\n", ", \"x\"".repeat(16));
        assert!(config(&long).unwrap_err().contains("at most 16 parts"));
        assert!(config("command = [\"/bin/lamp\", \"\\u0000\"]\n").unwrap_err().contains("parts"));
    }
}
