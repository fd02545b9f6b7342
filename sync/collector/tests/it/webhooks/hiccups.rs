//! Receivers that fail for a while, and collectors that were away: nobody who is well is turned off, and nobody who is not is rushed at.

use afterword_model::ports::Clock as _;
use afterword_protocol::system::SystemClock;

use super::*;

#[tokio::test]
async fn a_collector_that_was_off_for_three_days_gives_a_healthy_receiver_more_than_one_try() {
    let mut server = server().await;
    let receiver = Receiver::start(Says::Status(503)).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    server.stop().await;
    change(&server);
    server.clock.advance_ms(73 * HOUR_MS);
    server.start_again().await;
    let failed = tried(&server, webhook, 1).await;
    assert_eq!(failed.state, DeliveryState::Pending, "one try is not three days of tries");
    assert_eq!(row(&server, webhook).disabled_ms, None);
    receiver.says(Says::Status(204));
    server.clock.advance_ms(u64::try_from(failed.next_ms.unwrap() - server.clock.wall_ms()).unwrap());
    assert_eq!(tried(&server, webhook, 2).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn who_refuses_everything_at_once_does_not_get_the_whole_backlog_at_once() {
    let mut server = server().await;
    let receiver = Receiver::start(Says::Status(500)).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    server.stop().await;
    for _ in 0..50 {
        server.admin().webhook_test(webhook).unwrap();
    }
    server.start_again().await;
    receiver.wait_for(32).await;
    let rests = SystemClock::start();
    let got = receiver.wait_for(33).await;
    assert!(rests.monotonic_ms() > 2_000, "it was left alone for {} ms", rests.monotonic_ms());
    assert!(got.len() < 50);
    receiver.wait_for(50).await;
}
