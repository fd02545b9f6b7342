//! The harness of the end-to-end and fault tests: a desk with the three real programs on it.
//!
//! Everything is real: separate processes, TLS on loopback, a Unix socket, SQLite files in a folder that goes
//! when the desk does. Waiting is for a condition with a deadline; nothing sleeps. A program that a test started
//! is ended by its own process id, however the test ends.
//!
//! | to | see |
//! |---|---|
//! | start, watch and kill programs | [`desk`], [`program`] |
//! | touch a kiosk's panel | [`hand`] |
//! | let something go wrong on the line | [`proxy`] |
//! | kill one program after another | [`kills`] |
//! | send what no agent would | [`device`] |
//! | have a collector and an agent in the test's own process, with a clock of its own | [`office`] |
//! | have answers to send | [`ratings`] |
//! | have a year of a chain of stores at head office | [`chain`] |
//! | let thousands of devices come back at once | [`herd`] |
//! | cut the power at every operation of a kiosk's disk | [`power_cut`] |
//! | hear what a kiosk says | [`voice`] |
//! | look for what nobody thought of, in a simulated fleet | [`simulation`] |
//! | have a PostgreSQL server | [`cluster`] |
//! | have somebody at a browser | [`chrome`] |
//! | make it silent | [`mute`] |
//! | wait | [`mod@wait`] |

pub mod chain;
pub mod chrome;
pub mod cluster;
pub mod desk;
pub mod device;
pub mod hand;
pub mod herd;
pub mod kills;
pub mod mute;
pub mod office;
pub mod power_cut;
pub mod program;
pub mod proxy;
pub mod ratings;
pub mod simulation;
pub mod voice;
pub mod wait;

pub use desk::Desk;
pub use device::Device;
pub use program::{Output, Program, command};
pub use proxy::{Behaviour, Impostor, Proxy};
