//! Kiosks that fall silent and come back, as a receiver is told of them.

use afterword_collector::EventType;
use afterword_model::ports::Clock as _;

use super::receiver::{Receiver, Says};
use super::{HOUR_MS, kinds, messages, server, told};
use crate::api::device_in;

const MINUTE_MS: u64 = 60_000;

fn moment(at_ms: i64) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(at_ms).unwrap();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[tokio::test]
async fn a_silence_is_told_once_and_its_end_once_and_an_outage_of_the_collector_is_none() {
    let mut server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::DeviceSilent, EventType::DeviceBack], None);
    let device = device_in(&server, "Exit", "Quayside").await;
    let beat = async |server: &crate::support::Server, device: &crate::support::Device| {
        let said = device.heartbeat(0, server.clock.wall_ms());
        assert_eq!(device.beat(&said).await.status, 200);
        server.clock.wall_ms()
    };
    server.device("Revoked").await;
    server.admin().device_revoke("Revoked", None).unwrap();
    let heard_ms = beat(&server, &device).await;
    server.clock.advance_ms(HOUR_MS - 1);
    // What is sent after a look that found nothing comes after it.
    server.admin().webhook_test(webhook).unwrap();
    receiver.wait_for(1).await;
    server.clock.advance_ms(2 * MINUTE_MS);
    let got = receiver.wait_for(2).await;
    assert_eq!(kinds(&got), ["device.silent", "webhook.test"]);
    let silent = got.iter().find(|one| one.kind() == "device.silent").unwrap();
    assert_eq!(silent.body["data"]["device"], device.enrolled.device.to_string());
    assert_eq!(silent.body["data"]["store"], "Quayside");
    assert_eq!(silent.body["data"]["silent_since"], moment(heard_ms));
    // It goes on, and is nothing new.
    server.clock.advance_ms(5 * HOUR_MS);
    server.admin().webhook_test(webhook).unwrap();
    receiver.wait_for(3).await;
    beat(&server, &device).await;
    server.clock.advance_ms(MINUTE_MS);
    let got = receiver.wait_for(4).await;
    let back = got.iter().find(|one| one.kind() == "device.back").unwrap();
    assert_eq!(back.body["data"]["silent_since"], moment(heard_ms));

    // Who was off could hear nobody.
    server.stop().await;
    server.clock.advance_ms(3 * HOUR_MS);
    server.start_again().await;
    let device = device.at(&server);
    server.clock.advance_ms(19 * MINUTE_MS);
    for number in 5..8 {
        server.admin().webhook_test(webhook).unwrap();
        receiver.wait_for(number).await;
    }
    beat(&server, &device).await;
    server.clock.advance_ms(2 * MINUTE_MS);
    server.admin().webhook_test(webhook).unwrap();
    let got = receiver.wait_for(8).await;
    assert_eq!(kinds(&got)[..2], ["device.back", "device.silent"]);
    assert_eq!(messages(&server, webhook).len(), 8);
}
