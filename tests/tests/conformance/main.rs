//! What more than one implementation must agree on: every way to the kiosk's queue, a verifier that is not ours, and the numbers of a summary.

mod queue;
mod statistics;
mod verifier;
