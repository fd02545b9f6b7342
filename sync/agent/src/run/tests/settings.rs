//! Head office's settings on their way to the kiosk.

use afterword_model::record::DeviceId;
use afterword_model::settings::Settings;
use afterword_protocol::settings::{Envelope, SignedSettings};

use super::super::*;
use super::world::*;
use crate::testing::{COLLECTOR_SEED, key};

const HOUR: Duration = Duration::from_secs(3_600);

fn named(name: &str) -> Envelope {
    let settings = Settings { store_name: Some(name.to_owned()), ..Settings::default() };
    Envelope::pack(&settings, DeviceId::new([1; 16]), 0).unwrap()
}

fn signed(name: &str) -> SignedSettings {
    named(name).sign(&key(COLLECTOR_SEED))
}

fn hearing(settings: SignedSettings) -> Shared {
    let world = world(1);
    world.with(|world| {
        world.hears = true;
        world.settings = Some(settings);
    });
    world
}

fn refused(world: &Shared) -> Option<String> {
    world.with(|world| world.heard.last()?.1.settings_refused.clone()).map(|refused| refused.reason)
}

#[tokio::test(start_paused = true)]
async fn what_head_office_decided_is_handed_to_the_kiosk_once_and_again_when_it_changes() {
    let world = hearing(signed("Mill Lane"));
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    world.with(|world| world.settings = Some(signed("Quayside")));
    tokio::time::sleep(HOUR).await;
    let decided = world.with(|world| world.decided.clone());
    assert_eq!(decided.unwrap(), [signed("Mill Lane"), signed("Quayside")]);
    assert_eq!(refused(&world), None);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_head_office_has_not_signed_for_this_device_never_reaches_the_kiosk() {
    let other = Envelope { device: DeviceId::new([2; 16]), ..named("Mill Lane") };
    let changed = Envelope { packed: named("Quayside").packed, ..named("Mill Lane") };
    for (settings, told) in [
        (other.sign(&key(COLLECTOR_SEED)), "not for this one"),
        (named("Mill Lane").sign(&key(COLLECTOR_SEED + 1)), "not signed by the collector"),
        (SignedSettings { envelope: changed, ..signed("Mill Lane") }, "not signed by the collector"),
    ] {
        let world = hearing(settings);
        let mut shop = open(&world);
        shop.all_sent().await;
        tokio::time::sleep(HOUR / 2).await;
        assert_eq!(world.with(|world| world.decided.clone()).unwrap(), []);
        let reason = refused(&world).unwrap();
        assert!(reason.contains(told), "{reason}");
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_kiosk_refuses_is_told_to_head_office_and_tried_again_an_hour_later() {
    let world = hearing(signed("Mill Lane"));
    world.with(|world| world.undecided = Some("the disk is full"));
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR / 2).await;
    assert_eq!(refused(&world).as_deref(), Some("the disk is full"));
    world.with(|world| world.undecided = None);
    tokio::time::sleep(HOUR / 4).await;
    assert_eq!(world.with(|world| world.decided.clone()).unwrap(), [], "it is not asked all the time");
    tokio::time::sleep(HOUR).await;
    assert_eq!(world.with(|world| world.decided.clone()).unwrap(), [signed("Mill Lane")]);
    assert_eq!(refused(&world), None);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_knows_no_settings_is_given_none() {
    let world = hearing(signed("Mill Lane"));
    world.with(|world| world.decided = None);
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    assert!(world.with(|world| world.heard.len()) > 10, "heartbeats go on");
    shop.close().await;
}
