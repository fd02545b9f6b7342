//! The store seen from outside: what survives, what is refused, what adds up.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

mod alerting;
mod carrying;
mod cases;
mod counting;
mod deciding;
mod freezing;
mod full_disk;
mod hiding;
mod opening;
mod properties;
mod purging;
#[path = "../queue_suite/mod.rs"]
mod queue_suite;
mod queueing;
mod recounting;
mod salvaging;
mod support;
mod survival;
mod taken_back;
mod trying;
