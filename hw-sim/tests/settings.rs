//! Head office's settings on a screen that stands in a shop: taken on at once when nobody is there, and taken back whole.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use afterword_kiosk::config::{Config, SHIPPED_SURVEY};
use afterword_kiosk::device::Device;
use afterword_model::hours::HoursTable;
use afterword_model::ports::{ManualClock, SeededEntropy};
use afterword_model::record::DeviceId;
use afterword_model::settings::{AlertSettings, BrandSettings, Settings, TimeSettings};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::settings::{Envelope, SettingsHeld, version};
use afterword_protocol::system::SystemEntropy;
use afterword_sim::stage::Stage;
use afterword_ui::fonts;
use afterword_ui::view::Page;

/// 2026-11-28 14:30 in London, a Saturday.
const SATURDAY_MS: i64 = 1_795_876_200_000;

const FILE: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";

fn decide(stage: &mut Stage, settings: &Settings) {
    let envelope = Envelope::pack(settings, DeviceId::new([1; 16]), 0).unwrap();
    let signed = envelope.sign(&SigningKey::generate(&SeededEntropy::new(1)));
    stage.store().queue().keep_settings_blocking(&signed).unwrap();
    stage.wait(2_000).unwrap();
}

fn held(stage: &Stage) -> SettingsHeld {
    stage.store().queue().health_blocking("1").unwrap().settings.unwrap()
}

fn picture(stage: &Stage, folder: &Path) -> Vec<u8> {
    let path = folder.join("panel.png");
    stage.save_png(&path).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn a_screen_takes_on_what_is_decided_and_looks_as_before_when_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (folder.path().join("kiosk.toml"), folder.path().join("data"));
    fonts::install(&folder.path().join("fonts")).unwrap();
    std::fs::create_dir(&data).unwrap();
    let clock = Arc::new(ManualClock::at(SATURDAY_MS));
    let config = Config::parse(&path, FILE).unwrap();
    let device = Device::open(config, &path, &data, clock.clone(), Arc::new(SystemEntropy)).unwrap();
    let mut stage = Stage::new(&device, clock, None).unwrap();
    stage.wait(2_000).unwrap();
    let before = picture(&stage, folder.path());

    let dressed = Settings {
        store_name: Some("Mill Lane".into()),
        survey: Some(SHIPPED_SURVEY.replacen("How was your visit today?", "How was Mill Lane today?", 1)),
        brand: BrandSettings { accent: Some("#7A1F5C".into()) },
        alerts: AlertSettings { window_min: Some(30), ..AlertSettings::default() },
        ..Settings::default()
    };
    decide(&mut stage, &dressed);
    let decided = version(&dressed);
    assert_eq!(held(&stage), SettingsHeld { kept: decided, runs: decided });
    let after = picture(&stage, folder.path());
    assert!(after != before, "its name, its question and its colour are others");

    // Another language, its words' and its waiting time, from the next look on.
    let german = Settings {
        languages: Some(vec!["de".into(), "fr".into()]),
        times: TimeSettings { idle_s: Some(60), ..TimeSettings::default() },
        ..Settings::default()
    };
    decide(&mut stage, &german);
    let view = stage.view().unwrap();
    assert_eq!(view.look.language, "de");
    let Page::Question(question) = view.page else { panic!("{:?}", view.page) };
    let offered: Vec<_> = question.languages.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(offered, ["Deutsch", "Français"]);

    // What holds is what each field says: the name alone gives the rest back.
    decide(&mut stage, &Settings { store_name: dressed.store_name.clone(), ..Settings::default() });
    let named = picture(&stage, folder.path());
    assert!(named != before && named != after);

    // Saturday is no day on which the shop opens any more; the screen sleeps when the hours are looked at next, and
    // wakes when that is taken back.
    let mondays = HoursTable { mon: vec!["08:00-20:00".into()], ..HoursTable::default() };
    decide(&mut stage, &Settings { hours: Some(mondays), ..Settings::default() });
    stage.wait(60_000).unwrap();
    assert_eq!(stage.page(), "asleep");
    decide(&mut stage, &Settings::default());
    assert_eq!(stage.page(), "question");
    assert_eq!(held(&stage).runs, version(&Settings::default()));
    assert!(picture(&stage, folder.path()) == before, "all of it is as the file has it");
}
