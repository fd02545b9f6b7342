//! A fleet in a simulation: real kiosk stores, real agents and a real collector, joined by a simulated network and
//! clock, and lists of operations that try to make them lose something.
//!
//! | module | what it is |
//! |---|---|
//! | `op`, `wording`, `scenario` | what may happen, and a list of it as a text |
//! | `generate` | such lists, from a seed |
//! | `run` | carries one out and says what came of it |
//! | `shrink` | the shortest list that still fails |
//! | `sticks` | what is carried where there is no network |
//! | `world` | the fleet: `device`, `card`, `rot`, `kiosk`, `shopper`, `network`, `office`, `clock`, `files` |
//! | `truth`, `ledger` | what was given, and what the collector holds |
//! | `check`, `report`, `erasure`, `healing` | the invariants, and the end of every simulation |
//! | `trace` | what happened |
//!
//! Invariants: one thread does everything, in an order that the seed alone decides, so the same seed gives the same
//! trace byte for byte. The stores' own threads work only while that one waits for them. No program is told that it
//! is in a simulation: each sees its clock, its randomness, its disk and its network through the ports it has.
//! A broken invariant ends the run and is reported with everything that led to it; it is never waved through.

mod card;
mod check;
mod clock;
mod device;
mod erasure;
mod files;
pub mod generate;
mod healing;
mod kiosk;
mod ledger;
mod network;
mod office;
pub mod op;
mod report;
mod rot;
pub mod run;
pub mod scenario;
mod shopper;
pub mod shrink;
mod sticks;
mod trace;
mod truth;
mod wording;
mod world;

pub use generate::generate;
pub use office::Sabotage;
pub use op::Op;
pub use run::{Outcome, Tally, run};
pub use scenario::Scenario;
pub use shrink::shrink;
