//! A survey with every kind of branch, and moments.

use std::sync::Arc;

use afterword_kiosk_core::{Session, Settings, TimeLimits};
use afterword_model::response::{ClockQuality, Stamp};
use afterword_model::survey::{self, Survey};

/// Low: reasons, words. Middle: words alone. High: a second faces question, and words after a low second face.
pub(crate) const SURVEY: &str = r#"
format = 1
id = "test"
version = 7
default_language = "en"
languages = [{ tag = "en", name = "English" }, { tag = "de", name = "Deutsch" }, { tag = "fr", name = "Français" }]

[[questions]]
id = "visit"
kind = "faces"
title = { en = "How was it?" }
words.en = ["Awful", "Poor", "OK", "Good", "Great"]

[[questions]]
id = "reasons"
kind = "choices"
show_if = { question = "visit", at_most = 2 }
title = { en = "What went wrong?" }
options = [
    { id = "staff", icon = "staff", label = { en = "Staff" } },
    { id = "waiting", icon = "waiting", label = { en = "Waiting" } },
    { id = "price", icon = "price", label = { en = "Price" } },
]

[[questions]]
id = "words"
kind = "comment"
limit = 5
show_if = { question = "visit", at_most = 3 }
title = { en = "In your own words?" }

[[questions]]
id = "staff"
kind = "faces"
show_if = { question = "visit", at_least = 4, at_most = 4 }
title = { en = "And our staff?" }
words.en = ["Awful", "Poor", "OK", "Good", "Great"]

[[questions]]
id = "who"
kind = "comment"
show_if = { question = "staff", at_most = 2 }
title = { en = "What happened?" }

[thanks]
title = { en = "Thank you" }
message = { en = "Saved." }
"#;

pub(crate) fn survey() -> Arc<Survey> {
    Arc::new(survey::parse(SURVEY).expect("the test survey is whole").survey)
}

pub(crate) fn settings(settle_ms: u64) -> Settings {
    Settings {
        touchpoint: Some("exit".into()),
        limits: TimeLimits { settle_ms, ..TimeLimits::default() },
        ..Settings::default()
    }
}

/// That monotonic moment; the wall clock runs beside it.
pub(crate) fn at(mono_ms: u64) -> Stamp {
    let wall_ms = 1_795_300_000_000 + i64::try_from(mono_ms).expect("tests are short");
    Stamp { wall_ms, offset_min: 60, boot: 1, mono_ms, clock: ClockQuality::Synced }
}

pub(crate) fn session(settle_ms: u64) -> Session {
    Session::new(survey(), settings(settle_ms))
}
