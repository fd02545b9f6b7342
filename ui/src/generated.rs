//! What the Slint compiler makes of `slint/shell.slint`: the window and one adapter a page.
//!
//! Nothing here is written by hand, so the crate's lints do not apply to it.
#![expect(unreachable_pub, clippy::unwrap_used, clippy::todo, reason = "generated code")]

slint::include_modules!();
