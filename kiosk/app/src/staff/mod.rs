//! The side of the kiosk that is not the shopper's.
//!
//! | module | what is in it |
//! |---|---|
//! | `desk` | the gate, and what is read behind it |
//! | `numbers` | from what was counted to the page of numbers |
//! | [`pins`] | who has a PIN, and how often a wrong one was tried |

pub(crate) mod desk;
pub(crate) mod numbers;
pub mod pins;
