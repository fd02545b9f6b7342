//! A year of a shop: shoppers by weekday, hour and season, all decided by a seed, and one incident put in.
//!
//! | module | what is in it |
//! |---|---|
//! | [`shape`] | how many come when, and what they answer |
//!
//! The mood is the same all year but in the incident, so that whatever a chart signals elsewhere is chance. Local days are those
//! of the shop's time zone: that of 23 hours has its gap at night, and nobody comes twice on that of 25.

pub mod shape;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Options, Store};
use afterword_model::ports::{ManualClock, SeededEntropy};
use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;

use shape::{Incident, Shape, Visits};

/// The survey that they answer.
pub const SURVEY: &str = include_str!("market.toml");

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Responses in the store.
    pub responses: u64,
    /// Its first and its last local day.
    pub days: (NaiveDate, NaiveDate),
    /// What was put in.
    pub incident: Incident,
}

/// Makes a kiosk's folder in `out`: `kiosk.toml`, its survey, and in `data` a store as an orderly end leaves it. Shoppers come
/// until `before_ms`, milliseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// When something is there already, or cannot be written.
pub fn make(out: &Path, shape: &Shape, before_ms: i64) -> Result<Made> {
    let data = out.join("data");
    ensure!(!data.exists(), "{} is there already; name a folder without one", data.display());
    fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    // Each response is durable before the next one comes: in memory that takes no time, and a disk would take an hour.
    let memory = Memory::make(out)?;
    let responses = fill(&memory.0, shape, before_ms)?;
    fs::create_dir(&data)?;
    for file in fs::read_dir(&memory.0)? {
        let file = file?;
        fs::copy(file.path(), data.join(file.file_name()))?;
    }
    fs::write(out.join("market.toml"), SURVEY)?;
    let zone = shape.zone;
    let config = format!(
        "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"{zone}\"\ntouchpoint = \"exit\"\nsurvey = \"market.toml\"\ndata = \"data\"\nsocket = \"kiosk.sock\"\n"
    );
    fs::write(out.join("kiosk.toml"), config)?;
    Ok(Made { responses, days: shape.days(), incident: shape.incident() })
}

fn fill(folder: &Path, shape: &Shape, before_ms: i64) -> Result<u64> {
    let days = day_number(shape.until).saturating_add(1);
    let clock = Arc::new(ManualClock::at(before_ms.min(days.saturating_mul(86_400_000))));
    let entropy = Arc::new(SeededEntropy::new(shape.seed));
    let (store, _) = Store::open(folder, Options { clock, entropy, opens_cases: false })?;
    let (done, answers) = channel();
    let mut responses = 0;
    for visit in Visits::of(shape).take_while(|visit| visit.draft.started.wall_ms < before_ms) {
        let done = done.clone();
        store.freeze(visit.draft, visit.outcome, visit.took_ms, move |result| {
            // Somebody always listens: the one who asked waits below.
            let _ = done.send(result);
        });
        answers.recv()??;
        responses += 1;
    }
    store.close()?;
    Ok(responses)
}

fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

/// A folder in memory, where the system has one, that goes when it is not needed any more.
struct Memory(PathBuf);

impl Memory {
    fn make(otherwise: &Path) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { otherwise };
        // Two of one process are told apart by where they lead.
        let name = otherwise.file_name().unwrap_or_default().to_string_lossy();
        let path = place.join(format!("afterword-traffic-{}-{name}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
