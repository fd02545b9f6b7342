//! When a copy of a device is suspected to be at work, and when no longer.

use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_protocol::problem::ProblemType;

use crate::support::{Device, Server};

const DAY_MS: u64 = 86_400_000;
const OTHER: [u8; 16] = [8; 16];

fn is_suspected(server: &Server) -> bool {
    server.admin().device_list().unwrap()[0].clone_suspected
}

/// The device speaks for this store, a minute after the last word.
async fn speak(server: &Server, device: &mut Device, epoch: StoreEpoch) {
    server.clock.advance_ms(60_000);
    device.epoch = epoch;
    assert_eq!(device.beat(&device.heartbeat(1, 0)).await.status, 200);
}

async fn server_and_device() -> (Server, Device, [StoreEpoch; 2]) {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let epochs = [device.epoch, StoreEpoch::new(OTHER)];
    (server, device, epochs)
}

#[tokio::test]
async fn two_that_speak_in_turns_are_suspected_until_there_is_only_one() {
    let (server, mut device, [left, new]) = server_and_device().await;
    for epoch in [left, left, new, new, left] {
        speak(&server, &mut device, epoch).await;
        assert!(!is_suspected(&server), "a card may have been put back");
    }
    speak(&server, &mut device, new).await;
    assert!(is_suspected(&server));
    server.clock.advance_ms(6 * DAY_MS);
    speak(&server, &mut device, new).await;
    assert!(is_suspected(&server));
    server.clock.advance_ms(DAY_MS);
    assert!(!is_suspected(&server), "one alone has spoken for a week");
}

#[tokio::test]
async fn a_device_that_is_enrolled_anew_is_one_again() {
    let (server, mut device, [left, new]) = server_and_device().await;
    for epoch in [left, new, left, new] {
        speak(&server, &mut device, epoch).await;
    }
    assert!(is_suspected(&server));
    let code = server.admin().device_replace("Exit", None).unwrap().code.to_string();
    assert!(is_suspected(&server), "the code is not used yet");
    let mut device = Device::enrol("Exit", &server.enrolment_url(), &server.ca_pem(), &code).await;
    assert!(!is_suspected(&server));
    for epoch in [left, new] {
        speak(&server, &mut device, epoch).await;
        assert!(!is_suspected(&server));
    }
}

#[tokio::test]
async fn a_single_card_that_was_put_back_raises_nothing() {
    let (server, mut device, [_, new]) = server_and_device().await;
    device = device.with_records(5);
    device.send(device.batch(1, 5)).await.receipt();
    // The card of a time when there were three, with another fourth: a contradiction, and then a new store.
    device.records[3] = device.records[4].clone();
    device.records[3] =
        String::from_utf8(device.records[3].clone()).unwrap().replace("\"seq\":5", "\"seq\":4").into();
    device.send(device.batch(4, 4)).await.problem(ProblemType::ChainConflict);
    device.send(device.batch(4, 4)).await.problem(ProblemType::ChainConflict);
    speak(&server, &mut device, new).await;
    speak(&server, &mut device, new).await;
    assert!(!is_suspected(&server));
}

#[tokio::test]
async fn two_that_contradict_each_other_in_one_store_are_suspected() {
    let (server, device, _) = server_and_device().await;
    let device = device.with_records(9);
    device.send(device.batch(1, 3)).await.receipt();
    for last in 4..=5 {
        assert!(!is_suspected(&server));
        device.send(device.batch(1, last)).await.receipt();
        // The copy has stayed at two, and says so.
        let mut behind = device.heartbeat(2, 0);
        behind.health.position.acknowledged_seq = 2;
        device.beat(&behind).await;
    }
    device.send(device.batch(1, 6)).await.receipt();
    assert!(is_suspected(&server));
}

#[tokio::test]
async fn a_clock_that_is_set_back_raises_nothing() {
    let (server, mut device, [left, new]) = server_and_device().await;
    speak(&server, &mut device, left).await;
    server.clock.jump_to(server.clock.wall_ms() - 3_600_000);
    for _ in 0..100 {
        speak(&server, &mut device, new).await;
    }
    assert!(!is_suspected(&server));
}
