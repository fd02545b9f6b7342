//! Settings that a program falls over: counted at each start, given up, and never blamed for an end in order.

use std::path::Path;
use std::sync::mpsc::channel;

use afterword_kiosk_store::{Decided, Store, StoreError, TRIAL_STARTS_MAX};
use afterword_model::ports::SeededEntropy;
use afterword_model::record::DeviceId;
use afterword_model::settings::Settings;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::settings::{Envelope, SettingsVersion, version};
use rusqlite::Connection;

use crate::support::{assert_sound, directory, open};

fn named(name: &str) -> Settings {
    Settings { store_name: Some(name.to_owned()), ..Settings::default() }
}

fn keep(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    let envelope = Envelope::pack(settings, DeviceId::new([1; 16]), 0).unwrap();
    store.queue().keep_settings_blocking(&envelope.sign(&SigningKey::generate(&SeededEntropy::new(1))))
}

/// A start of a program that goes by what is kept.
fn start(directory: &Path) -> Store {
    let store = open(directory).0;
    store.runs_settings(store.decided().version);
    store
}

/// The kiosk lives for as long as a trial lasts.
fn live(store: &Store) {
    let (done, answer) = channel();
    store.outlived_trial(move |result| done.send(result).unwrap());
    answer.recv().unwrap().unwrap();
}

/// So many starts, each of which ends without a word.
fn fall(directory: &Path, times: u32) {
    for _ in 0..times {
        drop(start(directory));
    }
}

fn name(store: &Store) -> Option<String> {
    store.decided().settings.store_name.clone()
}

/// A store whose settings have passed, and other ones that came while it ran.
fn with_good_and_newer(directory: &Path) {
    let store = start(directory);
    keep(&store, &named("Mill Lane")).unwrap();
    store.close().unwrap();
    let store = start(directory);
    live(&store);
    keep(&store, &named("Quayside")).unwrap();
    store.runs_settings(store.decided().version);
    drop(store);
}

#[test]
fn what_too_many_starts_fell_over_is_given_up_for_what_passed_last_and_never_tried_again() {
    let directory = directory();
    with_good_and_newer(directory.path());
    fall(directory.path(), TRIAL_STARTS_MAX - 1);
    let store = start(directory.path());
    assert_eq!(name(&store).as_deref(), Some("Quayside"), "one more try");
    assert!(store.is_on_trial());
    drop(store);
    let store = start(directory.path());
    assert_eq!(name(&store).as_deref(), Some("Mill Lane"));
    assert!(!store.is_on_trial());
    assert_sound(&store);
    let refused = keep(&store, &named("Quayside")).unwrap_err();
    assert_eq!(refused, StoreError::FellOver);
    let told = refused.to_string();
    assert!(told.contains("3 times in a row within 60 s of its start") && told.contains("change"), "{told}");
    assert_eq!(name(&store).as_deref(), Some("Mill Lane"));
    // What passed is not tried again, however often the plug is pulled.
    drop(store);
    fall(directory.path(), 2 * TRIAL_STARTS_MAX);
    let store = start(directory.path());
    assert_eq!(name(&store).as_deref(), Some("Mill Lane"));
    keep(&store, &named("Quayside East")).unwrap();
    drop(store);
    assert_eq!(name(&start(directory.path())).as_deref(), Some("Quayside East"), "a newer one is tried");
}

#[test]
fn where_none_has_passed_the_devices_own_file_is_gone_back_to() {
    let directory = directory();
    let store = start(directory.path());
    keep(&store, &named("Mill Lane")).unwrap();
    // To have gone by them since they came is no proof: it is a start that may fall over them.
    store.runs_settings(version(&named("Mill Lane")));
    live(&store);
    drop(store);
    fall(directory.path(), TRIAL_STARTS_MAX);
    let store = start(directory.path());
    assert_eq!(*store.decided(), Decided::nothing());
    assert_eq!(keep(&store, &named("Mill Lane")), Err(StoreError::FellOver));
}

#[test]
fn what_passed_with_the_program_before_is_on_trial_with_this_one() {
    let directory = directory();
    let store = start(directory.path());
    keep(&store, &named("Mill Lane")).unwrap();
    store.close().unwrap();
    let store = start(directory.path());
    live(&store);
    store.close().unwrap();
    assert!(!start(directory.path()).is_on_trial());
    let file = directory.path().join("kiosk.db");
    Connection::open(&file).unwrap().execute("UPDATE settings_good SET program = '0.0.1'", []).unwrap();
    fall(directory.path(), TRIAL_STARTS_MAX);
    let store = start(directory.path());
    assert_eq!(*store.decided(), Decided::nothing(), "nothing else has passed");
    assert_eq!(keep(&store, &named("Mill Lane")), Err(StoreError::FellOver));
}

#[test]
fn what_head_office_took_back_is_not_gone_back_to() {
    let directory = directory();
    with_good_and_newer(directory.path());
    let store = start(directory.path());
    keep(&store, &Settings::default()).unwrap();
    drop(store);
    fall(directory.path(), 2 * TRIAL_STARTS_MAX);
    let store = start(directory.path());
    assert!(!store.is_on_trial(), "the device's own file is on no trial");
    keep(&store, &named("Harbour Street")).unwrap();
    drop(store);
    fall(directory.path(), TRIAL_STARTS_MAX);
    assert_eq!(*start(directory.path()).decided(), Decided::nothing());
}

#[test]
fn an_end_in_order_is_not_held_against_settings_and_a_start_that_lives_proves_them() {
    let directory = directory();
    with_good_and_newer(directory.path());
    for _ in 0..2 * TRIAL_STARTS_MAX {
        start(directory.path()).close().unwrap();
    }
    fall(directory.path(), TRIAL_STARTS_MAX - 1);
    start(directory.path()).close().unwrap();
    let store = start(directory.path());
    assert_eq!(name(&store).as_deref(), Some("Quayside"), "two ends without a word are not three");
    live(&store);
    drop(store);
    fall(directory.path(), 2 * TRIAL_STARTS_MAX);
    assert_eq!(name(&start(directory.path())).as_deref(), Some("Quayside"));
}

#[test]
fn settings_that_a_start_did_not_go_by_are_neither_proven_nor_blamed() {
    let directory = directory();
    with_good_and_newer(directory.path());
    for _ in 0..2 * TRIAL_STARTS_MAX {
        // They do not go together with the device's own file, which it goes by alone.
        let (store, _) = open(directory.path());
        live(&store);
        drop(store);
    }
    let store = start(directory.path());
    assert_eq!(name(&store).as_deref(), Some("Quayside"));
    // Other ones come within the first minute: those are not what this start went by.
    keep(&store, &named("Pier")).unwrap();
    store.runs_settings(version(&named("Pier")));
    live(&store);
    drop(store);
    fall(directory.path(), TRIAL_STARTS_MAX);
    assert_eq!(name(&start(directory.path())).as_deref(), Some("Mill Lane"));
}

#[test]
fn another_program_tries_what_the_one_before_gave_up() {
    let directory = directory();
    with_good_and_newer(directory.path());
    fall(directory.path(), TRIAL_STARTS_MAX);
    start(directory.path()).close().unwrap();
    let database = Connection::open(directory.path().join("kiosk.db")).unwrap();
    let given_up: Vec<u8> =
        database.query_row("SELECT version FROM settings_refused", [], |row| row.get(0)).unwrap();
    assert_eq!(SettingsVersion::from_slice(&given_up).unwrap(), version(&named("Quayside")));
    database.execute("UPDATE settings_refused SET program = 'an older one'", []).unwrap();
    database.close().unwrap();
    let store = start(directory.path());
    keep(&store, &named("Quayside")).unwrap();
    assert_eq!(name(&store).as_deref(), Some("Quayside"));
}
