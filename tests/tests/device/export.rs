//! A manager with a stick at the kiosk's screen: the real kiosk program on the simulated panel, the real agent beside it, and the real
//! collector at the other end of the way that the stick is carried.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::{Device, make_data_folder};
use afterword_kiosk::socket::Socket;
use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_model::ports::{Clock as _, ManualClock};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_sim::stick::Slot;
use afterword_tests::wait::until;
use afterword_tests::{Desk, Program};
use afterword_ui::fonts;
use afterword_ui::view::Page;
use afterword_ui::view::export::{ExportFailure, ExportSaid};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const CONFIG: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";

/// A kiosk with its screen, its socket and a slot for sticks.
struct Shop {
    stage: Stage,
    slot: Slot,
    device: Device,
    _socket: Socket,
}

impl Shop {
    fn open(desk: &Desk) -> Result<Self> {
        let (path, data) = (desk.path("kiosk.toml"), desk.path("kiosk"));
        std::fs::write(&path, CONFIG)?;
        fonts::install(&desk.path("fonts"))?;
        make_data_folder(&data)?;
        Pins::of(&data).set(Role::Manager, "314159", &SystemEntropy)?;
        let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
        let mut device =
            Device::open(Config::read(&path)?, &path, &data, clock.clone(), Arc::new(SystemEntropy))?;
        let slot = Slot::in_folder(&desk.path("sticks"))?;
        device.sticks = Arc::new(slot.clone());
        let socket = Socket::of_device(&desk.socket(), &device)?;
        let stage = Stage::new(&device, clock, None)?.with_slot(slot.clone());
        Ok(Self { stage, slot, device, _socket: socket })
    }

    fn play(&mut self, lines: &str) -> Result<()> {
        Script::parse(lines)?.play(&mut self.stage, None)?;
        Ok(())
    }

    /// What the page says once what was asked for is over.
    async fn said(&mut self) -> Result<ExportSaid> {
        until("what was asked for is over", || {
            // The shop's clock moves by hand, the agent's by itself.
            self.stage.wait(1)?;
            match self.stage.view().context("a page")?.page {
                Page::Export(page) => {
                    Ok(Some(page.said).filter(|said| !page.is_busy && *said != ExportSaid::Nothing))
                }
                other => anyhow::bail!("{other:?}"),
            }
        })
        .await
    }

    /// The files on the stick that end so, wherever it is.
    fn files(&self, ending: &str) -> Result<Vec<PathBuf>> {
        let entries =
            std::fs::read_dir(self.slot.content("HARBOUR"))?.collect::<std::io::Result<Vec<_>>>()?;
        let paths = entries.into_iter().map(|entry| entry.path());
        Ok(paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect())
    }
}

const TO_THE_PAGE: &str = "knocks\nstrikes 3\nstrikes 1\nstrikes 4\nstrikes 1\nstrikes 5\nstrikes 9\nstrikes Return\n\
                           sees numbers\ntaps Export\nsees export\nstick in HARBOUR\n";

fn import(desk: &Desk, bundle: &Path) -> Result<Value> {
    let bundle = bundle.to_str().context("a path of letters")?;
    let output = desk.run("afterword-collector", &["import", bundle, "--json", "--data", "collector"])?;
    ensure!(output.code == Some(0), "{}", output.everything());
    serde_json::from_str(&output.stdout).with_context(|| output.everything())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_goes_to_head_office_and_what_comes_back_is_taken_with_the_next_one() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    // From here on the shop is on its own.
    collector.terminate()?;
    let mut shop = Shop::open(&desk)?;
    for _ in 0..3 {
        shop.play("taps Great\nsees thanks\nleaves\n")?;
    }
    let agent = desk.agent()?;
    shop.play(TO_THE_PAGE)?;
    shop.play("taps Parcel for head office\n")?;
    let said = shop.said().await?;
    let ExportSaid::Parcel { file, files: 1, entries: 3, confirmed: 0, refused: false } = said else {
        anyhow::bail!("{said:?}, agent: {}", agent.errors())
    };
    shop.play("stick out\n")?;
    let bundles = shop.files("courier")?;
    ensure!(bundles.len() == 1 && bundles[0].ends_with(&file), "{bundles:?} {file}");

    let imported = import(&desk, &bundles[0])?;
    ensure!(imported["records"] == 3 && imported["new"] == 3, "{imported}");

    // The stick comes back with the receipt, and somebody else has been there meanwhile.
    shop.play("taps Lock\nleaves\ntaps Poor\nleaves\n")?;
    shop.play(TO_THE_PAGE)?;
    shop.play("taps Parcel for head office\n")?;
    let said = shop.said().await?;
    let ExportSaid::Parcel { files: 1, entries, confirmed: 3, refused: false, .. } = said else {
        anyhow::bail!("{said:?}, agent: {}", agent.errors())
    };
    ensure!(shop.device.store.position()?.acknowledged_seq == 3, "the receipt is kept");
    ensure!(shop.files("courier")?.len() == 2 && entries >= 1, "{entries}");

    // Head office again, and then there is nothing to take along. A receipt that is none is told of.
    let newest =
        shop.files("courier")?.into_iter().find(|path| !path.ends_with(&file)).context("a second one")?;
    let imported = import(&desk, &newest)?;
    ensure!(imported["new"] == entries, "{imported}");
    std::fs::write(shop.slot.content("HARBOUR").join("other.receipt"), "rubbish")?;
    shop.play("taps Parcel for head office\n")?;
    let said = shop.said().await?;
    let nothing =
        ExportSaid::Parcel { file: String::new(), files: 0, entries: 0, confirmed: entries, refused: true };
    ensure!(said == nothing, "{said:?}");
    let leftovers = shop.files("part")?;
    ensure!(leftovers.is_empty(), "{leftovers:?}");
    agent.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_nobody_knows_packs_no_parcel_and_says_so() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let (_code, ca_file) = desk.add_device("Exit")?;
    let mut agent = desk.agent_command();
    agent.arg("--brisk").args(["--collector", &desk.enrolment_url()?, "--ca"]).arg(ca_file);
    let agent = Program::start(agent)?;
    let mut shop = Shop::open(&desk)?;
    shop.play("taps Great\nsees thanks\nleaves\n")?;
    shop.play(TO_THE_PAGE)?;
    shop.play("taps Parcel for head office\n")?;
    let said = shop.said().await?;
    ensure!(said == ExportSaid::Failed(ExportFailure::NotEnrolled), "{said:?}, agent: {}", agent.errors());
    let files = shop.files("courier")?;
    ensure!(files.is_empty(), "{files:?}");
    agent.terminate()?;
    collector.terminate()?;
    Ok(())
}
