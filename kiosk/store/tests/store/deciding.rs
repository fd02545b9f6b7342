//! Head office's settings in the store: durable, whole, and refused without a trace.

use std::sync::mpsc::channel;
use std::time::Duration;

use afterword_kiosk_store::{Decided, StoreError};
use afterword_model::ports::SeededEntropy;
use afterword_model::record::DeviceId;
use afterword_model::settings::Settings;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::settings::{Envelope, NO_SETTINGS, SettingsHeld, SettingsVersion, SignedSettings};
use rusqlite::Connection;

use crate::support::{assert_sound, crash_image, directory, open};

const SOON: Duration = Duration::from_secs(10);

fn named(name: &str) -> Settings {
    Settings { store_name: Some(name.to_owned()), ..Settings::default() }
}

fn signed(settings: &Settings) -> SignedSettings {
    let envelope = Envelope::pack(settings, DeviceId::new([1; 16]), 0).unwrap();
    envelope.sign(&SigningKey::generate(&SeededEntropy::new(1)))
}

#[test]
fn settings_are_kept_as_they_came_and_whoever_goes_by_them_is_told() {
    let directory = directory();
    let (store, _) = open(directory.path());
    let held = || store.queue().health_blocking("1").unwrap().settings;
    assert_eq!(held(), Some(SettingsHeld { kept: NO_SETTINGS, runs: NO_SETTINGS }));
    let (told, heard) = channel();
    store.when_settings_come(move || told.send(()).unwrap());
    let settings = named("Mill Lane");
    store.queue().keep_settings_blocking(&signed(&settings)).unwrap();
    heard.recv_timeout(SOON).expect("whoever goes by them is told");
    let decided = Decided::of(settings);
    assert_eq!(*store.decided(), decided);
    assert_eq!(held(), Some(SettingsHeld { kept: decided.version, runs: NO_SETTINGS }));
    store.runs_settings(decided.version);
    assert_eq!(held(), Some(SettingsHeld { kept: decided.version, runs: decided.version }));
    // Without an orderly end, as when the power goes.
    let image = crash_image(directory.path());
    let (store, _) = open(image.path());
    assert_eq!(*store.decided(), decided);
    assert_sound(&store);
    store.queue().keep_settings_blocking(&signed(&Settings::default())).unwrap();
    assert_eq!(*store.decided(), Decided::nothing());
}

#[test]
fn what_is_refused_leaves_what_was_kept() {
    let directory = directory();
    let (store, _) = open(directory.path());
    store.queue().keep_settings_blocking(&signed(&named("Mill Lane"))).unwrap();
    let broken = Settings { survey: Some("format = 1".into()), ..Settings::default() };
    let other = SettingsVersion::new([7; 16]);
    let torn = SignedSettings {
        envelope: Envelope { version: other, ..signed(&named("Torn")).envelope },
        ..signed(&named("Torn"))
    };
    for refused in [signed(&broken), torn] {
        let error = store.queue().keep_settings_blocking(&refused).unwrap_err();
        assert!(matches!(error, StoreError::NotDecided(_)), "{error}");
        assert!(error.to_string().contains("what holds stays"), "{error}");
    }
    assert_eq!(store.decided().settings, named("Mill Lane"));
    store.close().unwrap();
    let (store, _) = open(directory.path());
    assert_eq!(store.decided().settings, named("Mill Lane"));
}

#[test]
fn what_cannot_be_read_is_as_good_as_none() {
    let directory = directory();
    let (store, _) = open(directory.path());
    store.queue().keep_settings_blocking(&signed(&named("Mill Lane"))).unwrap();
    store.close().unwrap();
    for spoiled in ["{", "{\"of_a_later_program\":1}", "{\"survey\":\"format = 1\"}"] {
        let database = Connection::open(directory.path().join("kiosk.db")).unwrap();
        database.execute("UPDATE settings SET json = ?1", [spoiled]).unwrap();
        database.close().unwrap();
        let (store, _) = open(directory.path());
        assert_eq!(*store.decided(), Decided::nothing(), "{spoiled}");
        store.close().unwrap();
    }
}
