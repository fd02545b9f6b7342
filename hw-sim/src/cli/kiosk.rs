//! `afterword-sim kiosk`: the kiosk's program as a process of its own, on the simulated panel.
//!
//! It answers on the device's socket like the real one, so `afterword-sync` works beside it, and it can be killed
//! at any moment and started again. With `--stay` it does what it reads from standard input (see [`super::hand`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::{Device, make_data_folder};
use afterword_kiosk::housekeeping;
use afterword_kiosk::socket::Socket;
use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_ui::fonts;
use anyhow::{Context, Result};
use clap::Args;

use super::hand::Deed;
use super::shop_config;
use crate::shopper::Crowd;
use crate::stage::Stage;

const HELP: &str = "\
Prints `ready`, then `thanked N` with the newest record after each thanks, then `rests`.

With --stay it then does what it reads, a line each, and answers each line with `at PAGE N`: the page on the
panel and the newest record, everything before being on the disk.

  shopper                    the next scripted shopper comes and goes
  tap X Y                    a finger taps, in pixels from the top left corner
  press X Y | slide X Y | release X Y
  storm X Y N                N taps, one each millisecond
  type \"TEXT\"                a physical keyboard writes; TEXT is a JSON string
  wait MS                    time passes; on its own it never does
  clock MS                   somebody sets the wall clock, to milliseconds since 1970
  act LINE                   a line of a script, as `afterword-sim play` has them: act taps Great
  strip                      somebody reads the strip: prints `strip [SAID, DID, DATE]` first, or `strip null`
  code                       somebody reads the follow-up code: prints `code WORDS` first, or `code null`

Exit codes: 0 ended, 1 failed, 2 wrong use.";

/// Run only a kiosk on the simulated panel, with scripted shoppers and the device's socket for `afterword-sync`.
#[derive(Debug, Args)]
#[command(after_help = HELP, after_long_help = HELP)]
pub(super) struct KioskOnly {
    /// The folder of the database.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to open the device's socket.
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// The kiosk's configuration; an example's when left out.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the wall clock says at the start, in milliseconds since 1970; this machine's time when left out.
    #[arg(long, value_name = "MS")]
    clock: Option<i64>,
    /// How many shoppers come by before it rests.
    #[arg(long, default_value_t = 20, value_name = "N")]
    shoppers: u32,
    /// Decides what they do.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Stay and answer on the socket after the last shopper, until standard input ends.
    #[arg(long)]
    stay: bool,
}

impl KioskOnly {
    pub(super) fn run(self) -> Result<()> {
        let (config_path, config) = match &self.config {
            Some(path) => (path.as_path(), Config::read(path)?),
            None => (Path::new("examples/kiosk.toml"), shop_config()?),
        };
        // As in the real program: a mistake in it is found before anything is written.
        config.agenda(config_path)?;
        make_data_folder(&self.data)?;
        fonts::install(&self.data.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; name another --data", self.data.display())
        })?;
        let now_ms = self.clock.unwrap_or_else(|| SystemClock::start().wall_ms());
        let clock = Arc::new(ManualClock::at(now_ms));
        let device = Device::open(config, config_path, &self.data, clock.clone(), Arc::new(SystemEntropy))?;
        let socket = Socket::of_device(&self.socket, &device)?;
        let housekeeping = housekeeping::start(&device.store)?;
        let mut stage = Stage::new(&device, clock.clone(), None)?;
        let mut crowd = Crowd::of_seed(self.seed);
        println!("ready");
        for _ in 0..self.shoppers {
            happen(Deed::Shopper, &mut stage, &mut crowd, &clock)?;
        }
        println!("rests");
        if self.stay {
            for line in std::io::stdin().lines() {
                happen(Deed::parse(&line?)?, &mut stage, &mut crowd, &clock)?;
                println!("at {} {}", stage.page(), device.store.position()?.last_seq);
            }
        }
        drop((socket, housekeeping));
        device.store.close()?;
        Ok(())
    }
}

fn happen(deed: Deed, stage: &mut Stage, crowd: &mut Crowd, clock: &Arc<ManualClock>) -> Result<()> {
    let before = stage.thanked();
    deed.carry_out(stage, crowd, clock)?;
    // Whoever watches counts the promises made before a kill.
    if stage.thanked() > before {
        println!("thanked {}", stage.store().position()?.last_seq);
    }
    Ok(())
}
