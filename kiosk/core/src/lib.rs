//! The shopper's session as a pure state machine.
//!
//! [`Session::handle`] takes an [`Event`] and the moment it came, and answers with the [`Effect`]s to carry out;
//! [`Session::screen`] says what is to be shown. There is no I/O here, no clock, no Slint and no SQL: the app
//! joins this to the screen and to the store.
//!
//! Invariants, held by property tests:
//! - The first tap on the resting question's scale is answered with [`Effect::Save`] in the same call, before anything else is asked.
//! - What a shopper sees chosen is in the last `Save` or `Freeze`; only words still being typed can be lost, and
//!   only when nobody is there any more or the storage fails.
//! - A phone number or an address is in no effect in the clear, and on no page but the one it is typed on.
//! - A visit that was saved is frozen exactly once, whatever happens.
//! - Thanks is shown only after the store has said that the visit's record is on disk, and with it the follow-up code, which is
//!   in that record.
//! - A kiosk left alone comes to rest with nothing of the last shopper in it.
//!
//! Failure: nothing here fails. A touch that makes no sense on the screen is ignored. When the storage fails, the
//! screen says so and nobody is thanked ([`Event::StorageFailed`] says what becomes of the answers).

mod aids;
mod codes;
mod comment;
mod contact;
mod draws;
mod event;
mod field;
pub mod gate;
mod limits;
mod misuse;
mod screen;
mod seal;
mod session;
pub mod touch_test;
mod visit;

pub use afterword_model::hours::{OpeningHours, read_hours};
pub use aids::{Aid, Aids};
pub use event::{Caret, Effect, Event};
pub use limits::{Asks, Settings, TimeLimits};
pub use misuse::MisuseLimits;
pub use screen::{Flow, Screen};
pub use seal::Seal;
pub use session::Session;
