//! The device's program: the only place that knows the session, the screen and the store.
//!
//! | module | what is in it |
//! |---|---|
//! | [`agenda`] | which survey is asked on which day |
//! | [`alerts`] | alerts on the spot, and the program that is told of them |
//! | [`config`] | the device's configuration file |
//! | [`device`] | configuration, survey and database become the parts of a kiosk |
//! | [`device_status`] | how the device is |
//! | [`errands`] | what the screen has the agent do |
//! | `export` | responses as a table |
//! | [`housekeeping`] | letting go of what head office holds |
//! | [`kiosk`] | the kiosk at work: intents, effects, answers |
//! | `dates` | dates, as they are to be read in a language |
//! | [`pages`], [`present`] | which questions have a page; from the session to one |
//! | [`branding`] | the store's colour and logo |
//! | [`sealing`] | what is left for a reply, sealed to head office |
//! | [`preview`] | every page of a survey as a picture |
//! | [`moments`] | from a till to the session |
//! | [`speech`] | what a shopper hears who goes by a keypad |
//! | [`staff`] | the side that is not the shopper's |
//! | [`follow_ups`] | when answers are followed up, and how soon |
//! | [`strip`] | which of the changes that the collector sent is on the strip |
//! | [`sticks`] | sticks that somebody has put in |
//! | [`stamp`] | what time it is, and how far that can be believed |
//! | [`window`] | the kiosk in a window |
//! | [`socket`], [`ask`] | the device's own socket, both sides |
//! | [`xlsform`] | a survey from a form of ODK or KoboToolbox |
//! | [`cli`] | the command line |
//!
//! What a shopper typed lies in many places on its way to the glass, most of them not ours. In every program with this crate in
//! it, memory is overwritten when it is let go, so that nothing of that stays.
//!
//! Invariants: the screen's thread never waits for disk, socket or network; a thanks is shown only after the
//! store's commit; this process opens no network connection.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

pub mod agenda;
pub mod alerts;
pub(crate) mod aside;
pub mod ask;
pub mod branding;
pub mod cli;
pub mod config;
mod dates;
pub mod device;
pub mod device_status;
pub mod errands;
mod export;
pub mod follow_ups;
pub(crate) mod hours;
pub mod housekeeping;
pub mod kiosk;
pub mod moments;
pub mod own_file;
pub mod pages;
pub mod present;
pub mod preview;
pub mod sealing;
mod shift;
pub mod socket;
pub mod speech;
pub mod staff;
pub mod stamp;
pub mod sticks;
pub mod strip;
pub mod window;
pub mod xlsform;

#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);
