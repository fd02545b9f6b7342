//! Records on a stick: bundles for the collector are written, and the receipts that come back are taken.
//!
//! Works beside a running agent: it reads the device's identity, asks the kiosk as the agent does, and keeps nothing. Invariants: no half
//! bundle stands under a bundle's name; a receipt reaches the kiosk only after its signature, device, store and age have been
//! checked. Failure: every record stays on the kiosk, and everything may be done again.

mod accepting;
mod packing;
mod trip;

use afterword_protocol::queue::QueueError;

pub use accepting::{AcceptError, accept, read_receipt, receipts_in};
pub use packing::{Pack, PackError, Packed, pack};
pub use trip::{Trip, take_and_pack};

/// That the kiosk cannot be asked, to a person who may do something about it; an agent would ask again.
fn not_asked(error: &QueueError) -> String {
    match error {
        QueueError::Unreachable(why) => format!(
            "the kiosk program does not answer ({why}): start `afterword-kiosk run`, or name its socket with --socket, and run this again"
        ),
        QueueError::Refused(_) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
