//! The session driven as the app drives it: from outside, by events and moments.

mod aids;
mod asked;
mod ended;
mod follow_up;
mod hours;
mod kinds;
mod place;
mod properties;
mod rest;
mod scenarios;
mod support;
mod watcher;
