//! The harness of the end-to-end tests: a desk with the three real programs on it.
//!
//! Everything is real: separate processes, TLS on loopback, a Unix socket, SQLite files in a folder that goes
//! when the desk does. Waiting is for a condition with a deadline; nothing sleeps. A program that a test started
//! is ended by its own process id, however the test ends.

pub mod desk;
pub mod program;
pub mod simulation;

pub use desk::Desk;
pub use program::{Output, Program, command};
