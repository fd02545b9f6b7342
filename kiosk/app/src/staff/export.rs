//! Somebody stands there with a stick: which one it is, a table of the days that are shown, a parcel for head office.
//!
//! While the page is shown it is looked now and then which sticks are in, aside, as everything is that touches one. A table is written
//! here, a parcel by the agent, which has the key; the page says what became of either to who asked, and to nobody after them.
//! Invariants: nothing is written while there is not exactly one stick; one thing at a time.

pub(crate) mod page;

use std::io;
use std::sync::Arc;

use afterword_kiosk_store::Store;
use afterword_model::response::Stamp;
use afterword_protocol::errand::{PACK_MAX_MS, TAKEN_WITHIN_MS};
use afterword_ui::intent::ExportIntent;
use afterword_ui::view::export::{ExportFailure, ExportSaid, StickState};
use anyhow::Result;

use crate::aside::Aside;
use crate::config::Config;
use crate::dates::date_of;
use crate::device_status::Sources;
use crate::errands::{Errands, ParcelState};
use crate::export::{responses, table};
use crate::kiosk::Wake;
use crate::sticks::{Stick, Sticks, write_table};
use page::{failure, parcel};

/// How often it is looked which sticks are in, in milliseconds: whoever puts one in sees it before they wonder.
const LOOK_EVERY_MS: u64 = 1_500;

/// The desk stays open so long for who waits, in milliseconds: a parcel is over by then, and a stick that is not hangs.
const AWAITED_MAX_MS: u64 = TAKEN_WITHIN_MS + PACK_MAX_MS;

/// Letters of a store's name in the name of a file.
const NAME_LETTERS_MAX: usize = 40;

enum News {
    Looked(io::Result<Vec<Stick>>),
    /// For this visit.
    Written(u64, ExportSaid),
}

/// See the module.
pub(crate) struct ExportDesk {
    store: Store,
    errands: Errands,
    sticks: Arc<dyn Sticks>,
    /// What a file's name begins with: whose it is.
    of: String,
    aside: Aside<News>,
    /// Who comes next is another one.
    visit: u64,
    /// The sticks that were in when it was looked last; none before the first look, and when it cannot be told.
    found: Option<Vec<Stick>>,
    looks: bool,
    next_look_ms: u64,
    /// Whether a table is being written.
    writes: bool,
    /// Whether whoever is here waits for a parcel.
    packs: bool,
    said: ExportSaid,
    /// Since when whoever is here waits.
    awaited_since_ms: Option<u64>,
}

impl ExportDesk {
    pub(crate) fn new(sources: &Sources, wake: Wake) -> Self {
        Self {
            store: sources.store.clone(),
            errands: sources.errands.clone(),
            sticks: Arc::clone(&sources.sticks),
            of: whose(&sources.config),
            aside: Aside::new("export", wake),
            visit: 0,
            found: None,
            looks: false,
            next_look_ms: 0,
            writes: false,
            packs: false,
            said: ExportSaid::Nothing,
            awaited_since_ms: None,
        }
    }

    /// Goes by another configuration from now on.
    pub(crate) fn go_by(&mut self, config: &Config) {
        self.of = whose(config);
    }

    /// Somebody came to the page.
    pub(crate) fn open(&mut self, now: &Stamp) {
        self.close();
        self.look(now.mono_ms);
    }

    /// Nobody is there any more. What is being written is written to its end.
    pub(crate) fn close(&mut self) {
        self.visit += 1;
        (self.packs, self.said, self.found) = (false, ExportSaid::Nothing, None);
    }

    /// `days` are the first and the last of those that are shown.
    pub(crate) fn intend(&mut self, intent: ExportIntent, days: (i64, i64)) {
        if self.is_busy() {
            return;
        }
        let Some(stick) = self.stick().filter(|stick| stick.is_writable).cloned() else { return };
        self.said = ExportSaid::Nothing;
        match intent {
            ExportIntent::Table => {
                let (store, sticks) = (self.store.clone(), Arc::clone(&self.sticks));
                let (visit, name) = (self.visit, file_name(&self.of, days));
                self.writes = self
                    .aside
                    .run(move || News::Written(visit, export_table(&store, &*sticks, &stick, days, &name)));
                if !self.writes {
                    let none = "no thread is left to write a table; restart the kiosk";
                    self.said = ExportSaid::Failed(ExportFailure::Other(none.into()));
                }
            }
            ExportIntent::Parcel => match stick.folder.to_str() {
                Some(folder) => {
                    self.packs = true;
                    self.errands.pack(folder.to_owned(), stick.file_system);
                }
                None => {
                    let odd = "the stick's name has letters that are none; give it another name";
                    self.said = ExportSaid::Failed(ExportFailure::Other(odd.into()));
                }
            },
        }
    }

    /// Takes what has come.
    pub(crate) fn pump(&mut self, is_shown: bool, now: &Stamp) {
        while let Some(news) = self.aside.take() {
            match news {
                News::Looked(found) => {
                    self.looks = false;
                    self.found = found
                        .inspect_err(|error| tracing::error!(%error, "it cannot be told which sticks are in"))
                        .ok();
                }
                News::Written(visit, said) => {
                    self.writes = false;
                    if visit == self.visit {
                        self.said = said;
                    }
                }
            }
        }
        self.awaited_since_ms =
            if self.writes || self.packs { self.awaited_since_ms.or(Some(now.mono_ms)) } else { None };
        if !is_shown {
            return;
        }
        if self.packs
            && let Some(said) = parcel(&self.errands.parcel())
        {
            (self.packs, self.said) = (false, said);
        }
        if now.mono_ms >= self.next_look_ms {
            self.look(now.mono_ms);
        }
    }

    /// When [`Self::pump`] is due without being woken: for the next look, and when nobody has come for an errand.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let errand = if self.packs { self.errands.deadline_ms() } else { None };
        [Some(self.next_look_ms), errand].into_iter().flatten().min()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.aside.is_settled()
    }

    /// Whether whoever is here waits for what they asked for, as long as anybody would.
    pub(crate) fn is_awaited(&self, now: &Stamp) -> bool {
        self.awaited_since_ms.is_some_and(|since_ms| now.mono_ms < since_ms.saturating_add(AWAITED_MAX_MS))
    }

    /// Whether something is being written, by whomever it was asked for.
    fn is_busy(&self) -> bool {
        self.writes || self.errands.parcel() == ParcelState::UnderWay
    }

    /// The stick, if there is exactly one.
    fn stick(&self) -> Option<&Stick> {
        match self.found.as_deref() {
            Some([stick]) => Some(stick),
            _ => None,
        }
    }

    fn stick_state(&self) -> StickState {
        match self.found.as_deref() {
            None => StickState::Looking,
            Some([]) => StickState::None,
            Some([stick]) if !stick.is_writable => StickState::ReadOnly,
            Some([_]) => StickState::Ready,
            Some(_) => StickState::Several,
        }
    }

    fn look(&mut self, now_ms: u64) {
        self.next_look_ms = now_ms.saturating_add(LOOK_EVERY_MS);
        // One that hangs is waited for, and no second thread hangs beside it.
        if self.looks {
            return;
        }
        let sticks = Arc::clone(&self.sticks);
        self.looks = self.aside.run(move || News::Looked(sticks.look()));
    }
}

/// Reads and writes the table.
fn export_table(
    store: &Store,
    sticks: &dyn Sticks,
    stick: &Stick,
    days: (i64, i64),
    name: &str,
) -> ExportSaid {
    let read = || -> Result<_> {
        let times = store.boot_times()?;
        let next = |take| Ok(store.queue().next_blocking(take)?);
        let found = responses(&store.hidden_words()?, Some(days), |stamp| times.known(stamp), next)?;
        Ok((found.len(), table(&found)?))
    };
    let (count, table) = match read() {
        Ok(read) => read,
        Err(error) => {
            // What it comes from may quote a record, and no log does.
            tracing::error!(%error, "the responses could not be read for a table");
            return ExportSaid::Failed(ExportFailure::Unread);
        }
    };
    match write_table(sticks, stick, name, &table) {
        Ok(file) => {
            tracing::info!(file, count, "a table was written to a stick");
            ExportSaid::Table { file, responses: count as u64 }
        }
        Err(error) => {
            tracing::warn!(%error, folder = %stick.folder.display(), "a table could not be written to a stick");
            let is_there = sticks.look().is_ok_and(|found| {
                found
                    .iter()
                    .any(|other| other.file_system == stick.file_system && other.folder == stick.folder)
            });
            ExportSaid::Failed(if is_there { failure(&error) } else { ExportFailure::Gone })
        }
    }
}

/// Store and touchpoint, in letters that every file system takes.
fn whose(config: &Config) -> String {
    let name = std::iter::once(config.store_name.as_str()).chain(config.touchpoint.as_deref());
    let words = name.flat_map(|part| part.split(|letter: char| !letter.is_ascii_alphanumeric()));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("-").chars().take(NAME_LETTERS_MAX).collect()
}

/// Without what comes behind the last dot.
fn file_name(of: &str, (first, last): (i64, i64)) -> String {
    let day = |day| date_of(day).map_or_else(|| day.to_string(), |date| date.format("%Y-%m-%d").to_string());
    let days = if first == last { day(first) } else { format!("{}-to-{}", day(first), day(last)) };
    let parts = ["afterword", of, &days].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_file_s_name_says_whose_it_is_and_of_which_days() {
        let config = |name: &str, rest: &str| {
            let text = format!("format = 1\nstore_name = \"{name}\"\ntime_zone = \"Europe/London\"\n{rest}");
            whose(&Config::parse(Path::new("kiosk.toml"), &text).unwrap())
        };
        let of = config("Harbour Street / 7", "touchpoint = \"fitting-room\"\n");
        assert_eq!(file_name(&of, (0, 0)), "afterword-harbour-street-7-fitting-room-1970-01-01");
        assert_eq!(file_name(&config("متجر", ""), (0, 27)), "afterword-1970-01-01-to-1970-01-28");
        assert_eq!(config(&"x".repeat(99), "").len(), NAME_LETTERS_MAX);
    }
}
