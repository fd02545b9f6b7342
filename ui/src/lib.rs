//! The shopper's pages in Slint, and the thin Rust seam in front of them.
//!
//! | module | what is in it |
//! |---|---|
//! | [`view`] | what a page shows: plain data in |
//! | [`intent`] | what the shopper wants: plain data out |
//! | [`KioskUi`] | the one window: `show` a view, receive intents |
//! | [`spoken`] | what a voice says of a page, and of what a keypad does on it |
//! | [`panel`] | the panels the pages are drawn for |
//! | [`fonts`] | the bundled fonts, laid out where Slint finds them |
//! | [`preview`] | a view of every page with sample content |
//!
//! Invariants: this crate decides nothing and knows no database, no network and no survey file. A page is a function of
//! the last view, except for what only the screen can know (which key is held, the keyboard's shift). Showing the same
//! view twice repaints nothing; showing one that differs in a letter repaints that letter's field.
//!
//! Failure: only creating the window can fail. Views never do; see [`view`].

mod asleep;
pub mod brand;
mod browse;
mod comment;
mod contact;
mod days;
mod device;
mod easier;
mod export;
mod flow;
mod focus;
mod follow_ups;
pub mod fonts;
mod generated;
pub mod intent;
mod intents;
mod keyboard;
mod keys;
mod kiosk_ui;
mod numbers;
mod out_of_service;
pub mod panel;
mod parts;
mod pin;
pub mod preview;
mod qr;
mod question;
mod rating;
mod reasons;
mod rows;
mod scale;
pub mod spoken;
mod staff_bar;
mod still_there;
mod thanks;
pub mod view;
mod words;

pub use intent::Intent;
pub use kiosk_ui::KioskUi;
pub use panel::Panel;
pub use view::View;
