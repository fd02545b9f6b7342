//! `afterword-sim kiosk`: the kiosk's program as a process of its own, on the simulated panel.
//!
//! It answers on the device's socket like the real one, so `afterword-sync` works beside it, and it can be killed
//! at any moment and started again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_kiosk::device::{Device, make_data_folder};
use afterword_kiosk::socket::Socket;
use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_ui::fonts;
use anyhow::{Context, Result};
use clap::Args;

use super::shop_config;
use crate::shopper::Crowd;
use crate::stage::Stage;

/// Run only a kiosk on the simulated panel, with scripted shoppers and the device's socket for `afterword-sync`.
#[derive(Debug, Args)]
#[command(
    after_help = "Prints `ready`, then `thanked N` with the newest record after each thanks, then `rests`.\n\nExit codes: 0 ended, 1 failed, 2 wrong use."
)]
pub(super) struct KioskOnly {
    /// The folder of the database.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to open the device's socket.
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
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
        make_data_folder(&self.data)?;
        fonts::install(&self.data.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; name another --data", self.data.display())
        })?;
        let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
        let config = Path::new("examples/kiosk.toml");
        let device =
            Device::open(shop_config()?, config, &self.data, clock.clone(), Arc::new(SystemEntropy))?;
        let socket = Socket::serve(&self.socket, &device.store)?;
        let mut stage = Stage::new(&device, clock, None)?;
        let mut crowd = Crowd::of_seed(self.seed);
        println!("ready");
        for _ in 0..self.shoppers {
            let before = stage.thanked();
            stage.serve(&crowd.next_shopper())?;
            // Whoever watches counts the promises made before a kill.
            if stage.thanked() > before {
                println!("thanked {}", device.store.position()?.last_seq);
            }
        }
        println!("rests");
        if self.stay {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        }
        drop(socket);
        device.store.close()?;
        Ok(())
    }
}
