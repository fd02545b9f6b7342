//! Head office's numbers: what the overview and a store's page say, in plain structs.
//!
//! Everything is made of what `storage::numbers` has counted; no response is read again, so that ten million of them take as long
//! as one. Nothing is given without its interval, nothing below [`afterword_model::metrics::ANSWERS_MIN`] answers, and a change is
//! called one only where it is: what is judged together is said at each list.
//!
//! Days are the stores' own local ones, counted from 1970-01-01. Shares are 0 to 1, a net promoter score is -100 to 100; all intervals are at
//! 95 %. What is compared with is the same days of the week before, as in [`afterword_model::summary`].

mod chart;
mod effect;
mod figures;
mod follow_ups;
mod overview;
mod places;
mod range;
mod store;

pub use chart::{DayChart, DayPoint, DaySignal, Side};
pub use figures::{Finding, Holdings, Overview, Reason, Scope, StoreFigures, StoreNumbers};
pub use places::Places;
pub use range::{NoRange, days};

pub(crate) use effect::{DAYS_MIN, Effect, NamedOn, effect, whole_days_after};
pub(crate) use follow_ups::{FollowUps, Waiting};
pub(crate) use overview::overview;
pub(crate) use range::chosen;
pub(crate) use store::store;
