//! The device's networked program: takes batches from the kiosk's queue, sends them to the collector over
//! mutual TLS, and hands the collector's signed receipts back.
//!
//! Invariants: nothing but a receipt that passes every check in [`answer`] counts as an acknowledgement; the
//! bytes of a batch do not change between its first and its last attempt; the device's key never leaves the
//! device; no failure ends the loop in [`run`](mod@run), it only waits longer; only the pinned CA is trusted.
//! What goes wrong is told to people through [`status`].
//!
//! | to | see |
//! |---|---|
//! | make a device known to a collector | [`enrol`](mod@enrol), [`identity`] |
//! | bring records over | [`run`](mod@run), [`plan`], [`backoff`], [`timing`] |
//! | bring them over on a stick | [`courier`] |
//! | keep in contact, and the certificate fresh | `run::contact`, `heartbeat`, `run::renewing`, `renewal` |
//! | reach the collector | [`transport`], [`https`], [`tls`] |
//! | understand its answers | [`answer`], [`retry_after`] |
//! | reach the kiosk | [`socket_queue`] |
//! | do what the kiosk's screen wants done | [`errands`] |
//! | say where the way to the collector ends | [`network_test`] |
//! | keep files and locks on the device | [`files`] |

pub mod answer;
pub mod backoff;
pub mod courier;
pub mod enrol;
pub mod errands;
pub mod files;
mod heartbeat;
pub mod https;
pub mod identity;
pub mod network_test;
pub mod plan;
mod renewal;
mod report;
pub mod retry_after;
pub mod run;
pub mod socket_queue;
pub mod status;
pub mod timing;
pub mod tls;
pub mod transport;

#[cfg(test)]
mod testing;

pub use enrol::{EnrolError, Enrolment, enrol};
pub use https::HttpsTransport;
pub use identity::{Identity, IdentityError};
pub use run::{Agent, Ended, run};
pub use socket_queue::SocketQueue;
pub use status::{State, Status};
pub use timing::Timing;
pub use transport::{Cause, Message, RawAnswer, Transport, TransportFailure};
