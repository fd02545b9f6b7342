//! The collector's pages in a real browser: what people do with them from their first link on, with kiosks that are real programs.

mod accessible;
mod at_work;
mod visit;
mod without_scripts;
