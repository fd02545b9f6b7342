//! A season begins and ends at the shop's midnight, between two shoppers.

use std::fs;
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_model::ports::{Entropy, ManualClock};
use afterword_protocol::system::SystemEntropy;
use afterword_sim::play::{Script, newest};
use afterword_sim::stage::Stage;
use afterword_ui::fonts;

const WASHROOM: &str = include_str!("../../kiosk/app/surveys/airport-washroom.toml");
/// 2026-12-01 00:00 in London.
const DECEMBER_MS: i64 = 1_796_083_200_000;
const HOUR_MS: u64 = 3_600_000;

#[test]
fn a_season_s_survey_is_asked_on_its_days_and_the_usual_one_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    fonts::install(&folder.path().join("fonts")).unwrap();
    let days = "version = 1\nvalid_from = 2026-12-01\nvalid_until = 2026-12-01\n";
    fs::write(folder.path().join("season.toml"), WASHROOM.replacen("version = 1\n", days, 1)).unwrap();
    let path = folder.path().join("kiosk.toml");
    let text = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\nseasonal = [\"season.toml\"]\n";
    fs::write(&path, text).unwrap();
    let clock = Arc::new(ManualClock::at(DECEMBER_MS - 2 * 3_600_000));
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let device = Device::open(
        Config::read(&path).unwrap(),
        &path,
        &folder.path().join("data"),
        clock.clone(),
        entropy,
    )
    .unwrap();
    let mut stage = Stage::new(&device, clock, None).unwrap();
    let mut visit = |key: &str, hours: u64| {
        Script::parse(&format!("taps {key}\nleaves\n")).unwrap().play(&mut stage, None).unwrap();
        let asked = newest(stage.store()).unwrap().unwrap().draft.survey;
        stage.wait(hours * HOUR_MS).unwrap();
        asked
    };
    assert_eq!(visit("Great", 3), "grocery-exit", "two hours before the season");
    assert_eq!(visit("Very good", 24), "airport-washroom", "in the season");
    assert_eq!(visit("Great", 0), "grocery-exit", "an hour after it");
}
