//! Records on a stick: bundles for the collector are written, and the receipts that come back are taken.
//!
//! Works beside a running agent: it reads the device's identity, asks the kiosk as the agent does, and keeps nothing. Invariants: no half
//! bundle stands under a bundle's name; a receipt reaches the kiosk only after its signature, device, store and age have been
//! checked. Failure: every record stays on the kiosk, and everything may be done again.

mod accepting;
mod packing;
mod stick;

#[cfg(test)]
mod tests;

pub use accepting::{AcceptError, accept, read_receipt, receipts_in};
pub use packing::{Pack, PackError, Packed, pack};
