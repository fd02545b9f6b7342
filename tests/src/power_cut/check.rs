//! Whether the files that a cut left keep what was promised.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Opened, Options, Store};
use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::response::Outcome;
use afterword_model::summary::Ask;
use afterword_sim::disk::Image;
use anyhow::{Result, ensure};

use super::world::{Held, Promise, World, held};
use crate::ratings::Shoppers;

/// How a promise was broken.
pub(super) enum Broken {
    /// Something is missing, damaged or cannot be read.
    Lost(String),
    /// Something is there twice, or was never given.
    Doubled(String),
}

/// What a kiosk finds that starts on these files.
pub(super) struct Recovered {
    opened: Opened,
    records: Vec<Held>,
    world: World,
}

/// Opens the files, in a folder that is cleared for them, and compares.
pub(super) fn check(image: &Image, promise: &Promise, folder: &Path) -> Result<(), Broken> {
    let recovered = recover(image, folder).map_err(|error| Broken::Lost(format!("{error:#}")))?;
    let expected = [promise.before.clone().started(), promise.after.clone().started()];
    let mut seen = HashSet::new();
    for record in &recovered.records {
        let is_given = expected.iter().any(|world| world.records.iter().any(|given| is_same(given, record)));
        if !is_given || !seen.insert(&record.bytes) {
            return Err(Broken::Doubled(format!(
                "nobody gave this: {}",
                String::from_utf8_lossy(&record.bytes)
            )));
        }
    }
    if expected.iter().any(|world| world.is_kept_by(&recovered)) {
        return Ok(());
    }
    Err(Broken::Lost(recovered.beside(&expected)))
}

impl World {
    pub(super) fn is_kept_by(&self, recovered: &Recovered) -> bool {
        let found = &recovered.world;
        let same_records = self.records.len() == recovered.records.len()
            && self.records.iter().zip(&recovered.records).all(|(given, found)| is_same(given, found));
        same_records
            && self.epoch.is_none_or(|epoch| Some(epoch) == found.epoch)
            && (self.last_seq, self.acknowledged_seq, self.counted)
                == (found.last_seq, found.acknowledged_seq, found.counted)
            && self.decided == found.decided
            && found.boot >= self.boot
    }
}

fn is_same(given: &Held, found: &Held) -> bool {
    given.bytes == found.bytes && (given.origin.is_none() || given.origin == found.origin)
}

fn recover(image: &Image, folder: &Path) -> Result<Recovered> {
    image.restore(folder)?;
    let clock = Arc::new(ManualClock::at(2_000));
    let (store, opened) = Store::open(
        folder,
        Options { clock, entropy: Arc::new(SeededEntropy::new(99)), opens_cases: false },
    )?;
    let recovered = Recovered::of(&store, opened)?;
    // And it goes on.
    let visit = Shoppers::of_seed(7).next_visit();
    let (done, answer) = channel();
    store.freeze(visit.draft, Outcome::Completed, 1, move |result| drop(done.send(result)));
    let (next, last_seq) = (answer.recv()??, recovered.world.last_seq);
    ensure!(next.seq == last_seq + 1, "{} came after {last_seq}", next.seq);
    store.close()?;
    Ok(recovered)
}

impl Recovered {
    /// The sentence for a person: what was found, and what should have been.
    pub(super) fn beside(&self, promised: &[World; 2]) -> String {
        let numbers = |world: &World| {
            format!(
                "records {}, last {}, acknowledged {}, counted {}, boot {}, decided {:?}",
                world.records.len(),
                world.last_seq,
                world.acknowledged_seq,
                world.counted,
                world.boot,
                world.decided
            )
        };
        let [before, after] = promised.each_ref().map(numbers);
        let (found, opened) = (numbers(&self.world), &self.opened);
        format!("found {found}; promised {before}, or then {after}; {opened:?}")
    }

    /// What an open store holds; an error when it is not sound.
    pub(super) fn of(store: &Store, opened: Opened) -> Result<Self> {
        ensure!(
            opened.set_aside.is_none() && opened.carried.is_empty() && opened.waiting.is_empty(),
            "a power cut is no damage, but: {opened:?}"
        );
        let verified = store.verify()?;
        ensure!(verified.problems.is_empty(), "{}", verified.problems.join("; "));
        let records = held(store)?;
        let position = store.position()?;
        ensure!(
            verified.records == records.len() as u64,
            "{} of {} are handed out",
            records.len(),
            verified.records
        );
        let last_day = i64::from(i32::MAX);
        let world = World {
            epoch: Some(position.epoch),
            boot: opened.boot,
            last_seq: position.last_seq,
            acknowledged_seq: position.acknowledged_seq,
            counted: store.summary(Ask::days(-last_day, last_day))?.responses,
            decided: store.decided().settings.store_name.clone(),
            records: records.clone(),
            draft: None,
            good: None,
            starts: 0,
        };
        Ok(Self { opened, records, world })
    }
}
