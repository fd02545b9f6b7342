//! `afterword-sim demo`: a shop from the first tap to the last receipt.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use afterword_collector::Admin;
use afterword_kiosk::device::Device;
use afterword_kiosk::window;
use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_ui::{KioskUi, fonts};
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::temporary::TemporaryFolder;
use super::{make_folder, shop_config};
use crate::head_office::HeadOffice;
use crate::proof::Proof;
use crate::shopper::Crowd;
use crate::stage::Stage;

/// One shopper in so many meets a link that goes down or comes back.
const LINK_CHANGES_ONE_IN: u32 = 6;

/// The progress bar shows at most this often, in hertz; a terminal over a slow line keeps up.
const PROGRESS_HZ: u8 = 10;

/// Run a shop from the first tap to the last receipt, and prove that nothing was lost.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The last line is computed from both databases. With --out, pictures of the pages and both databases stay in that folder (kiosk/kiosk.db, collector/collector.db), and a run that was killed is gone on with.\n\nExit codes: 0 everything that was collected was received, 1 it was not or something failed, 2 wrong use."
)]
pub(super) struct Demo {
    /// Script the shoppers, even where there is a display.
    #[arg(long)]
    headless: bool,
    /// How many scripted shoppers come by.
    #[arg(long, default_value_t = 20, value_name = "N")]
    shoppers: u32,
    /// Decides what the scripted shoppers do and when the link drops.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Keep pictures and databases in this folder; without it they go when the demo ends.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Demo {
    /// Whether everything that was collected was received.
    pub(super) fn run(self) -> Result<bool> {
        let temporary = TemporaryFolder::default();
        let folder = match &self.out {
            Some(folder) => folder.clone(),
            None => temporary.make()?,
        };
        make_folder(&folder)?;
        // First of all: laying out fonts sets variables of this process, which only a single thread may do.
        fonts::install(&folder.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; name another --out", folder.display())
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let is_headless = self.headless || !window::has_display();
        if is_headless && !self.headless {
            println!("No display found, so the shoppers are scripted; run it on a desk to tap yourself.");
        }
        if is_headless { self.scripted(&folder, &runtime) } else { live(&folder, &runtime) }
    }

    fn scripted(&self, folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<bool> {
        let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
        let device = open_device(folder, clock.clone())?;
        let office = runtime.block_on(open_office(folder, &device))?;
        let mut stage = Stage::new(&device, clock, self.out.clone())?;
        let mut crowd = Crowd::of_seed(self.seed);
        let bar = progress_bar(self.shoppers);
        for _ in 0..self.shoppers {
            if crowd.below(LINK_CHANGES_ONE_IN) == 0 {
                let link = office.link();
                link.set_up(!link.is_up());
            }
            stage.serve(&crowd.next_shopper())?;
            bar.set_message(if office.link().is_up() { "link up" } else { "link down" });
            bar.inc(1);
        }
        bar.finish();
        println!("{} shoppers came, {} were thanked.", self.shoppers, stage.thanked());
        for (page, path) in stage.pictures() {
            println!("  {page:<16} {}", path.display());
        }
        office.link().set_up(true);
        conclude(folder, &device, office, runtime)
    }
}

/// A window for a person to tap in.
fn live(folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<bool> {
    let device = open_device(folder, Arc::new(SystemClock::start()))?;
    let office = runtime.block_on(open_office(folder, &device))?;
    println!("The kiosk is open. Tap as a shopper would; close the window to see what head office received.");
    let ui = KioskUi::new().context("cannot open a window; try --headless")?;
    window::run(device.parts(ui, window::wake()))?;
    conclude(folder, &device, office, runtime)
}

fn open_device(folder: &Path, clock: Arc<dyn Clock>) -> Result<Device> {
    let config = Path::new("examples/kiosk.toml");
    Device::open(shop_config()?, config, &folder.join("kiosk"), clock, Arc::new(SystemEntropy))
}

async fn open_office(folder: &Path, device: &Device) -> Result<HeadOffice> {
    HeadOffice::open(&folder.join("collector"), &folder.join("sync"), &device.store).await
}

/// Lets the agent finish, ends everything in order, and compares both ends.
fn conclude(
    folder: &Path,
    device: &Device,
    office: HeadOffice,
    runtime: &tokio::runtime::Runtime,
) -> Result<bool> {
    let last_seq = device.store.position()?.last_seq;
    runtime.block_on(async {
        office.drained(last_seq).await?;
        office.close().await
    })?;
    let admin =
        Admin::open(&folder.join("collector"), Arc::new(SystemClock::start()), Arc::new(SystemEntropy))?;
    let report = admin.verify()?;
    for held in &report.stores {
        println!("The collector's chain holds {} records up to head {}.", held.records, held.head);
    }
    let proof = Proof::of(&device.store, &report, &folder.join("collector"))?;
    device.store.clone().close()?;
    for contradiction in &proof.contradictions {
        println!("contradiction: {contradiction}");
    }
    println!("{proof}");
    Ok(proof.holds())
}

fn progress_bar(shoppers: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} shoppers, {msg}, {elapsed}");
    let bar = ProgressBar::new(u64::from(shoppers));
    bar.set_draw_target(indicatif::ProgressDrawTarget::stderr_with_hz(PROGRESS_HZ));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
