//! Receivers that fail for a while, and collectors that were away: nobody who is well is turned off, and nobody who is not is rushed at.

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
