//! A shop on a desk: the real kiosk, agent and collector around simulated hardware.
//!
//! | module | stands for |
//! |---|---|
//! | [`panel`] | the screen and the finger on it |
//! | [`picture`] | what a camera before it would take |
//! | [`shopper`] | the people who come by |
//! | [`stage`] | a whole device: the kiosk's program on the panel, with a clock that can be moved |
//! | [`play`] | a shopper's visit from a script |
//! | [`traffic`] | a year of shoppers |
//! | [`link`] | the line to the world, with a switch |
//! | [`disk`] | the card under the database: cut, lying, full, read-only, rotting |
//! | [`stick`] | a slot with a USB stick: pulled, full, locked |
//! | [`head_office`] | the collector on loopback, and how a device is made known to it |
//! | [`proof`] | what both ends hold, side by side |
//! | [`cli`] | the command line of `afterword-sim` |
//!
//! Invariant: nothing here is imported by a product crate, and nothing here replaces product code. What is
//! simulated is glass, time, wire, disk and stick; sessions, databases, TLS and signatures are the real ones.

pub mod cli;
pub mod disk;
pub mod head_office;
pub mod link;
pub mod panel;
pub mod picture;
pub mod play;
pub mod proof;
pub mod shopper;
pub mod stage;
pub mod stick;
pub mod traffic;
