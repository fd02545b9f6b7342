//! What a technician does with a device before it opens: tests its network, enrols it, looks how it is; and what a manager takes away
//! from it on a stick.
//!
//! The collector is a real one over real TLS on loopback; what stands in its place is a socket of the test's own.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod errands;
mod export;
mod network;
