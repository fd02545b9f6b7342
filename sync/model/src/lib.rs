//! What both ends mean: survey, response, record, numbers. Pure.
//!
//! Invariants: nothing here does I/O, reads a clock or draws a random number; time and randomness come
//! in through [`ports`]. The same input gives the same output on a kiosk and on the collector, so both
//! can recompute what the other claims. Nothing here panics on what arrives from outside: it is refused
//! with an error that says where.

pub mod alerts;
pub mod carried;
pub mod case;
pub mod cells;
mod closest;
pub mod contact;
pub mod content;
pub mod follow_up;
pub mod hex;
pub mod hours;
pub mod mask;
pub mod metrics;
pub mod moment;
pub mod ports;
pub mod readable;
pub mod record;
pub mod reduced;
pub mod response;
pub mod scale;
pub mod settings;
pub mod summary;
pub mod survey;
pub mod tally;
