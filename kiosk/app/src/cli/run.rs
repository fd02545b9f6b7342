//! `afterword-kiosk run`: the kiosk in its window.

use std::sync::Arc;

use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_ui::{KioskUi, fonts};
use anyhow::{Context, Result, bail};
use clap::Args;

use super::Places;
use crate::config::Config;
use crate::device::{Device, make_data_folder};
use crate::socket::Socket;
use crate::{housekeeping, window};

const HELP: &str = "\
The database is made at the first start. A configuration needs three lines:

  format = 1
  store_name = \"Harbour Street\"
  time_zone = \"Europe/London\"

These may follow; `touchpoint` is written into every answer:

  touchpoint = \"exit\"
  survey = \"my-survey.toml\"     # beside the configuration; left out: the shipped grocery survey

  languages = [\"de\", \"en\"]     # those of the survey that are offered; it rests in the first; left out: all
  seasonal = [\"christmas.toml\"] # asked in its place while they are valid (`valid_from`, `valid_until`)
  reduced_motion = true          # nothing moves, and rings are numbers of seconds

  contact_key = \"afterword-contact-1-…\"   # from `afterword-collector contact new-key`; left out: nobody is asked
                                           # for a number or an address

  speech = \"off\"                 # spoken prompts for shoppers who go by a keypad: \"off\", or the path of speech-dispatcher's
                                 # socket; left out: where it is as a rule, and silence where it is not

  [ask]                          # what a survey may ask here; left out: all that it does
  comment = false                # nobody is asked for words
  contact = false                # nor for a number or an address

  [times]                        # seconds
  idle_s = 30                    # until the kiosk asks whether somebody is still there, 15 to 120
  thanks_s = 8                   # how long the thanks stand, 4 to 60

  [alerts]                       # all of it may be left out; see `afterword-kiosk alerts --help`
  unhappy_percent = 50           # an alert opens when half of at least 4 ratings within 15 minutes are unhappy,
  answers_min = 4                # and closes by itself
  window_min = 15
  command = [\"/usr/local/bin/lamp\", \"--red\"]   # run when one opens or closes

  [follow_ups]                   # all of it may be left out; hours until somebody has seen one, and has acted
  acknowledge_h = 4
  act_h = 72
  [follow_ups.alert]             # of those that an alert opens; likewise of clean, waiting, checkout, staff, …
  acknowledge_h = 1

  [export]                       # where the machine mounts USB sticks that somebody exports to; what stands here is usual, and
  folders = [\"/media\", \"/run/media\"]   # folders = [] lets nobody export at the screen

  [[changes]]                    # \"you said, we did\", newest first; shown while the collector sends none
  date = 2026-11-12
  said = { en = \"You said: queues too long\" }
  did = { en = \"We opened two more tills\" }

  [voucher]                      # a code to photograph after an answer
  code = \"AFTERWORD-2-OFF\"
  title = { en = \"£2 off next time\" }
  detail = { en = \"Show it at the till until 31 December.\" }

Example:
  afterword-kiosk run --config kiosk.toml --data ./data --socket ./kiosk.sock

Exit codes: 0 ended as asked (window closed, SIGTERM), 1 could not start or broke off, 2 wrong use.";

/// Open the screen and ask shoppers, until the window is closed or SIGTERM comes.
#[derive(Debug, Args)]
#[command(after_help = HELP, after_long_help = HELP)]
pub(super) struct Run {
    #[command(flatten)]
    places: Places,
}

impl Run {
    pub(super) fn run(self) -> Result<()> {
        let config_path = &self.places.config;
        if !window::has_display() {
            bail!(
                "there is no display to open a window on; set DISPLAY or WAYLAND_DISPLAY, or try the kiosk without a screen: afterword-sim demo --headless"
            );
        }
        // Everything that a person may have mistyped is checked before anything is written.
        let config = Config::read(config_path)?;
        config.agenda(config_path)?;
        let (data, socket) = (self.places.data(Some(&config)), self.places.socket(Some(&config)));
        make_data_folder(&data)?;
        // Before the database starts its thread: laying out fonts sets variables of this process.
        fonts::install(&data.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; make the folder writable", data.display())
        })?;
        let ui = KioskUi::new().context("cannot open a window; check DISPLAY or WAYLAND_DISPLAY")?;
        let clock = Arc::new(SystemClock::start());
        let device = Device::open(config, config_path, &data, clock, Arc::new(SystemEntropy))?;
        let ended = Socket::of_device(&socket, &device).map_err(Into::into).and_then(|_socket| {
            let _housekeeping = housekeeping::start(&device.store)?;
            window::run(device.parts(ui, window::wake()))
        });
        device.store.close()?;
        ended
    }
}
