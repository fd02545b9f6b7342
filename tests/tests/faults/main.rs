//! Every fault of the fault table, one test each, named by its id.

mod clock;
mod crowd;
mod delivery;
mod endurance;
mod hostile;
mod network;
mod panel;
mod process;
