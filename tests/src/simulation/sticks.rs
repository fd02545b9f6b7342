//! Sticks that go from kiosks to head office and back: at once, years later, twice, and to a card that is another one by then.
//!
//! What a program says to it is an expected outcome, as a refusal over the network is; the invariants say whether it was right. A
//! refusal that the stick itself would be to blame for is none: it is a folder that holds what was written.

use std::fs;
use std::path::PathBuf;

use afterword_agent::courier::{AcceptError, Pack, PackError, accept, pack};
use afterword_collector::ImportError;
use afterword_protocol::courier::CourierError;
use afterword_protocol::receipt::SignedReceipt;
use anyhow::{Result, bail};

use super::network::lock;
use super::world::World;

/// A bundle, and the receipt beside it once it was imported.
pub(super) struct Stick {
    bundle: PathBuf,
    receipt: Option<SignedReceipt>,
}

impl World {
    /// Writes what a device has not sent on a stick.
    pub(super) async fn pack(&mut self, device: usize) -> Result<()> {
        let out = self.folder.path().join(format!("stick {}", self.sticks.len()));
        let Some(packer) = self.devices.get(device) else { return Ok(()) };
        fs::create_dir_all(&out)?;
        let (identity, entropy) = (packer.card.identity()?, packer.chance());
        let order =
            Pack { identity: &identity, entropy: &*entropy, out: &out, after_seq: None, device: None };
        match pack(&mut packer.queue(), order).await {
            Ok(bundles) => {
                for bundle in bundles {
                    packer.say(format_args!("packed {} to {}", bundle.first_seq, bundle.last_seq));
                    self.sticks.push(Stick { bundle: bundle.path, receipt: None });
                }
                Ok(())
            }
            Err(error @ (PackError::Kiosk(_) | PackError::Changed(_))) => {
                packer.say_error("cannot pack", &error);
                Ok(())
            }
            Err(error) => bail!("d{device} cannot pack: {error}"),
        }
    }

    /// Takes a stick in, counted from the newest one.
    pub(super) fn import(&mut self, nth: usize) -> Result<()> {
        let Some(index) = self.stick(nth) else { return Ok(()) };
        let imported = lock(&self.around.office).admin()?.import(&self.sticks[index].bundle);
        match imported {
            Ok(imported) => {
                let (first, last) = (imported.first_seq, imported.last_seq);
                self.around.trace.say(format_args!("imported {first} to {last}, {} new", imported.new));
                self.sticks[index].receipt = Some(imported.receipt);
            }
            Err(
                error @ (ImportError::NotAllowed { .. }
                | ImportError::Missing { .. }
                | ImportError::Conflict { .. }
                // Signed with the key that the device had before it was enrolled again.
                | ImportError::Bundle { error: CourierError::Foreign(1, "signed with its device's key"), .. }),
            ) => {
                let error = error.to_string();
                let words = error.split_whitespace().filter(|word| !word.contains('/'));
                let words: Vec<_> = words.collect();
                self.around.trace.say(format_args!("not imported: {}", words.join(" ")));
            }
            Err(error) => bail!("a bundle is not taken in: {error}"),
        }
        Ok(())
    }

    /// Brings a device a receipt, counted from the newest stick that has one, whoever has packed it.
    pub(super) async fn accept(&mut self, device: usize, nth: usize) -> Result<()> {
        let mut receipts = self.sticks.iter().filter_map(|stick| stick.receipt.as_ref()).collect::<Vec<_>>();
        receipts.reverse();
        let Some(receipt) = receipts.get(nth % receipts.len().max(1)).copied().cloned() else {
            return Ok(());
        };
        let Some(device) = self.devices.get(device) else { return Ok(()) };
        let identity = device.card.identity()?;
        match accept(&mut device.queue(), &identity, &receipt).await {
            Ok(acceptance) => device.say(format_args!("accepts a receipt: {acceptance:?}")),
            Err(error @ (AcceptError::File(_) | AcceptError::NotAReceipt | AcceptError::Unsigned)) => {
                bail!("a receipt is not believed: {error}")
            }
            Err(error) => device.say_error("does not accept a receipt", &error),
        }
        Ok(())
    }

    /// The stick that is so many before the newest, and from the newest again where there are fewer.
    fn stick(&self, nth: usize) -> Option<usize> {
        let count = self.sticks.len();
        (count > 0).then(|| count - 1 - nth % count)
    }
}
