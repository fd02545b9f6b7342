//! What leaves the collector for other programs: read by readers that are not ours, made in bounded memory, and asked for in ways that
//! nobody thought of.

mod bounded;
mod foreign;
mod hostile;
mod shelf;
