//! Every fault of the fault table, one test each, named by its id.

mod clock;
mod crowd;
mod database;
mod delivery;
mod disk;
mod endurance;
mod hostile;
mod identity;
mod migration;
mod network;
mod panel;
mod process;
mod shelf;
