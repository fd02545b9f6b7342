//! What more than one implementation must agree on: every way to the kiosk's queue, and a verifier that is not ours.

mod queue;
mod verifier;
