//! Bits that rot on a card, and what a device owes when they do.
//!
//! A rotted bit may cost what it stood in, and in the log everything after it; no program can help that. But nothing may
//! be gone that the device does not name, by its number in the epoch it stood in, and nothing may come twice. What the
//! hours count is not made good from the records, so what `verify` finds there is no fault of the simulation's.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use afterword_kiosk_store::Store;
use afterword_model::record::Seq;
use afterword_protocol::limits::BEGIN_ANEW_PAUSE_MS;
use afterword_protocol::queue::FormerEpoch;
use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use super::card::Card;
use super::op::Part;
use super::truth::{Frozen, Truth};
use super::world::World;

/// The header of a log, and of each frame in it; a page follows.
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
const PAGE_BYTES: u64 = 4096;

/// A store begins anew at most once in so long because of what has rotted; so often is it waited for.
const HEALINGS: u32 = 3;

impl World {
    /// Kills the kiosk program of a device, lets a bit rot and starts the program. Not on a disk that is in trouble
    /// already: a salvage that has to wait for room has yet to say what is lost.
    pub(super) fn rot(&mut self, device: usize, part: Part, nth: u32) -> Result<()> {
        let Some(rotting) = self.devices.get(device) else { return Ok(()) };
        if rotting.store().is_none() || rotting.card.is_in_trouble() {
            return Ok(());
        }
        // A log that ends earlier looks like a card that was put back.
        self.has_two_lives(device)?;
        self.with(device, |device, truth| {
            device.kill_kiosk()?;
            let place = device.card.rot(part, nth)?;
            device.say(format_args!("a bit rots at {place:?}"));
            device.start_kiosk(truth)
        })
    }

    /// What people do with cards that have rotted: a look at all of it, and another start where something is wrong. Then
    /// everything that is left can be read.
    pub(super) async fn see_to_rotten(&mut self) -> Result<()> {
        for index in 0..self.devices.len() {
            if !self.devices[index].card.is_rotten {
                continue;
            }
            let looked_at = self.devices[index].store().map(|store| store.verify());
            if !looked_at.is_some_and(|found| found.is_ok_and(|found| found.problems.is_empty())) {
                self.with(index, |device, truth| {
                    device.close_kiosk()?;
                    device.start_kiosk(truth)
                })?;
            }
            for healing in 0..=HEALINGS {
                let device = &mut self.devices[index];
                let looked = device.look_at_card(&mut self.truth).and_then(|()| device.read_all());
                match looked {
                    Ok(()) => break,
                    Err(error) if healing == HEALINGS => {
                        return Err(error).context(format!("d{index} cannot be read any more"));
                    }
                    Err(_) => sleep(Duration::from_millis(BEGIN_ANEW_PAUSE_MS + 1)).await,
                }
            }
        }
        Ok(())
    }
}

impl Card {
    /// Turns a bit over, while no program runs; gives the byte's place.
    fn rot(&mut self, part: Part, nth: u32) -> io::Result<Option<u64>> {
        self.is_rotten = true;
        let ending = if part == Part::Database { "kiosk.db" } else { "kiosk.db-wal" };
        let path = self.store_folder().join(ending);
        let Some(at) = place(&path, part, u64::from(nth))? else { return Ok(None) };
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, at)?;
        byte[0] ^= 1 << (nth % 8);
        file.write_all_at(&byte, at)?;
        Ok(Some(at))
    }

    /// Records are gone since a bit has rotted: the device has to name each, by the number it had.
    pub(super) fn was_lost(
        &mut self,
        gone: &BTreeMap<Seq, Frozen>,
        store: &Store,
        truth: &mut Truth,
    ) -> Result<()> {
        let former = store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?.former;
        let Some(epoch) = self.known.epoch else { return Ok(()) };
        let (named, unnamed): (Vec<_>, Vec<_>) = gone
            .iter()
            .partition(|&(&seq, _)| former.iter().any(|former| former.epoch == epoch && names(former, seq)));
        // What was carried on first and rotted there is named by the number it had there.
        let later = former.iter().skip_while(|former| former.epoch != epoch).skip(1);
        let named_later: u64 =
            later.flat_map(|former| &former.lost).map(|run| run.last - run.first + 1).sum();
        ensure!(
            unnamed.len() as u64 <= named_later,
            "{} records from {:?} on have rotted in {epoch}, and the device does not name them",
            unnamed.len(),
            unnamed.first().map(|(seq, _)| seq)
        );
        for (&seq, record) in named.into_iter().chain(unnamed) {
            truth.taken_back(record, (epoch, seq));
        }
        for &open in &self.known.open {
            truth.set_back(open);
        }
        Ok(())
    }
}

fn names(former: &FormerEpoch, seq: Seq) -> bool {
    former.lost.iter().any(|run| (run.first..=run.last).contains(&seq))
}

/// The byte that is meant, where there is one.
fn place(path: &Path, part: Part, nth: u64) -> io::Result<Option<u64>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    match part {
        Part::Database => {
            let set: Vec<u64> = (0..).zip(&bytes).filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
            Ok(nth.checked_rem(set.len() as u64).and_then(|nth| set.get(usize::try_from(nth).ok()?)).copied())
        }
        Part::Log => {
            // Where in its frame the bit stands makes no difference; what the frames' headers hold is never the same.
            let frames =
                (bytes.len() as u64).saturating_sub(LOG_HEADER_BYTES) / (FRAME_HEADER_BYTES + PAGE_BYTES);
            let frame = nth.checked_rem(frames);
            Ok(frame.map(|frame| LOG_HEADER_BYTES + (frame + 1) * (FRAME_HEADER_BYTES + PAGE_BYTES) - 1))
        }
    }
}
