//! The wire: what a device and the collector say to each other, and what the device's two programs say
//! over their socket. `PROTOCOL.md` beside this crate describes the same for people.
//!
//! Invariants: everything that arrives is hostile until decoded here, and every decoder is bounded by
//! [`limits`]; a record's bytes pass through unchanged; nothing here opens a connection or a database.
//! Decoders give errors that name the field; they never panic.

pub mod batch;
pub mod case_steps;
pub mod changes;
pub mod courier;
pub mod device_facts;
pub mod enrolment;
pub mod errand;
pub mod heartbeat;
pub mod keys;
pub mod limits;
pub mod local;
pub mod network_test;
pub mod problem;
pub mod queue;
pub mod receipt;
pub mod renewal;
pub mod seal;
pub mod settings;
pub mod stick;
pub mod system;
