//! A kiosk on the desk for the tests of staff's side: opened in a folder, played by a script, looked at.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_model::ports::ManualClock;
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::Script;
use afterword_sim::stage::Stage;
use afterword_ui::fonts;

/// 2026-11-28 14:30 in London, a Saturday.
pub(crate) const SATURDAY_MS: i64 = 1_795_876_200_000;

/// The device of a folder that has a `kiosk.toml`.
pub(crate) fn device(folder: &Path, clock: &Arc<ManualClock>) -> Device {
    fonts::install(&folder.join("fonts")).unwrap();
    let path = folder.join("kiosk.toml");
    let config = Config::read(&path).unwrap();
    let data = folder.join("data");
    Device::open(config, &path, &data, clock.clone(), Arc::new(SystemEntropy)).unwrap()
}

/// Does what these lines say.
pub(crate) fn play(stage: &mut Stage, lines: &str) {
    Script::parse(lines).unwrap().play(stage, None).unwrap();
}

/// As somebody types these figures and opens.
pub(crate) fn pin(figures: &str) -> String {
    let taps: String = figures.chars().map(|figure| format!("taps {figure}\n")).collect();
    taps + "taps Open\n"
}
