//! What an alert says in the case that it opens: its numbers, in one line of text.
//!
//! A case has room for words, and these have stood in records since there are alerts; so they are written in one way and read
//! back, and a page can say them in any language. What another program wrote is not read, and is shown as it stands.

use std::fmt;

use afterword_model::alerts::{Alert, Cause};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) unhappy: u64,
    /// All ratings, at least one.
    pub(crate) answers: u64,
    pub(crate) over: Over,
}

/// How long the rule looked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// So many minutes.
    Minutes(u32),
    /// An hour by the clock, held against the usual share of unhappy ones, in thousandths.
    Hour { usual_permille: u32 },
}

impl Said {
    pub(crate) fn of(alert: &Alert) -> Self {
        let over = match alert.cause {
            Cause::UnhappyShare { window_min } => Over::Minutes(window_min),
            Cause::HourlyChart { usual_permille, .. } => Over::Hour { usual_permille },
        };
        Self { unhappy: alert.count.unhappy, answers: alert.count.answers, over }
    }

    /// What was written by [`fmt::Display`]; nothing of anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (unhappy, rest) = text.split_once(" / ")?;
        let (answers, over) = rest.split_once(" unhappy, ")?;
        let over = match over.strip_prefix("1 h (usual: ") {
            Some(usual) => {
                let (whole, tenths) = usual.strip_suffix(" %)")?.split_once('.')?;
                let (whole, tenths) = (whole.parse::<u32>().ok()?, tenths.parse::<u32>().ok()?);
                Over::Hour { usual_permille: whole.checked_mul(10)?.checked_add(tenths)? }
            }
            None => Over::Minutes(over.strip_suffix(" min")?.parse().ok()?),
        };
        let said = Self { unhappy: unhappy.parse().ok()?, answers: answers.parse().ok()?, over };
        // Nothing but what is written here: "+6", "06" and the like are somebody else's.
        (said.answers > 0 && said.to_string() == text).then_some(said)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unhappy, answers, over } = self;
        write!(out, "{unhappy} / {answers} unhappy, ")?;
        match over {
            Over::Minutes(minutes) => write!(out, "{minutes} min"),
            Over::Hour { usual_permille } => {
                write!(out, "1 h (usual: {}.{} %)", usual_permille / 10, usual_permille % 10)
            }
        }
    }
}

/// The same as an English sentence part, for a command line; what cannot be read as it stands.
pub(crate) fn sentence(text: &str) -> String {
    match Said::read(text) {
        None => text.to_owned(),
        Some(Said { unhappy, answers, over: Over::Minutes(minutes) }) => {
            format!("{unhappy} of {answers} ratings unhappy within {minutes} min")
        }
        Some(Said { unhappy, answers, over: Over::Hour { usual_permille } }) => format!(
            "{unhappy} of {answers} ratings of an hour unhappy, usual: {}.{} %",
            usual_permille / 10,
            usual_permille % 10
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for over in [Over::Minutes(15), Over::Hour { usual_permille: 113 }, Over::Hour { usual_permille: 0 }]
        {
            let said = Said { unhappy: 6, answers: 11, over };
            assert_eq!(Said::read(&said.to_string()), Some(said), "{said}");
        }
        for other in [
            "",
            "Somebody should look at the tills.",
            "6 / 11",
            "+6 / 11 unhappy, 15 min",
            "6 / 0 unhappy, 15 min",
            "6 / 11 unhappy, 1 h (usual: 11 %)",
            "6 / 11 unhappy, 1 h (usual: 999999999999.9 %)",
        ] {
            assert_eq!(Said::read(other), None, "{other}");
            assert_eq!(sentence(other), other);
        }
        assert_eq!(sentence("6 / 11 unhappy, 15 min"), "6 of 11 ratings unhappy within 15 min");
    }
}
