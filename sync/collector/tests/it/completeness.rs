//! What the device list says of how complete things are, and of copies.

use afterword_model::carried::{Origin, wrap};
use afterword_model::ports::Clock as _;
use afterword_model::record::StoreEpoch;
use afterword_protocol::heartbeat::Fingerprint;
use afterword_protocol::limits::EPOCHS_HEARD_MAX;
use afterword_protocol::queue::SeqRange;

use crate::heartbeats::{former, heard};
use crate::support::Server;

fn range(first: u64, last: u64) -> SeqRange {
    SeqRange { first, last }
}

#[tokio::test]
async fn what_is_missing_is_named_number_for_number() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(20);
    device.send(device.batch(1, 12)).await.receipt();
    let row = || server.admin().device_list().unwrap().remove(0).stores.remove(0);
    assert_eq!((row().collected, row().received, row().last_heard_ms), (12, 12, None));

    let mut said = device.heartbeat(20, server.clock.wall_ms());
    said.health.oldest_unsent_ms = Some(77);
    heard(&device.beat(&said).await);
    assert_eq!((row().collected, row().received, row().missing), (20, 12, vec![range(13, 20)]));
    assert_eq!((row().oldest_unsent_ms, row().clock_ahead_ms), (Some(77), Some(0)));
    device.send(device.batch(13, 20)).await.receipt();
    assert_eq!((row().received, row().missing), (20, vec![]));
}

#[tokio::test]
async fn numbers_that_were_carried_are_received_and_lost_ones_are_named() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(10);
    device.send(device.batch(1, 4)).await.receipt();
    server.clock.advance_ms(1_000);
    let before = device.epoch;
    device.records = (1..)
        .zip([3, 5, 8])
        .map(|(seq, origin)| {
            wrap(
                seq,
                Origin { epoch: before, seq: origin },
                &device.records[usize::try_from(origin).unwrap() - 1],
            )
            .unwrap()
        })
        .collect();
    device.epoch = StoreEpoch::new([8; 16]);
    device.send(device.batch(1, 3)).await.receipt();
    let mut said = device.heartbeat(3, server.clock.wall_ms());
    said.health.former = vec![former(before, 10, &[(6, 6)])];
    heard(&device.beat(&said).await);

    let row = server.admin().device_list().unwrap().remove(0);
    let [left, current] = row.stores.try_into().unwrap();
    assert_eq!((left.collected, left.received, left.is_former), (10, 6, true));
    assert_eq!((left.missing, left.lost), (vec![range(7, 7), range(9, 10)], vec![range(6, 6)]));
    assert_eq!((current.collected, current.received), (3, 3));
    assert!(!row.clone_suspected);
}

#[tokio::test]
async fn devices_that_do_not_trust_an_authority_are_named() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    server.device("Silent").await;
    let (known, unknown) = (device.heartbeat(0, 0).trusted[0], Fingerprint::new([1; 32]));
    heard(&device.beat(&device.heartbeat(0, 0)).await);
    assert_eq!(server.admin().active_devices_without(&known).unwrap(), ["Silent"]);
    assert_eq!(server.admin().active_devices_without(&unknown).unwrap(), ["Exit", "Silent"]);
}

#[tokio::test]
async fn a_device_that_invents_epochs_is_remembered_by_few_and_by_those_that_delivered() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(3);
    device.send(device.batch(1, 3)).await.receipt();
    let real = device.epoch;
    heard(&device.beat(&device.heartbeat(5, 0)).await);
    for invented in 0..200_u8 {
        server.clock.advance_ms(1_000);
        device.epoch = StoreEpoch::new([invented; 16]);
        let mut said = device.heartbeat(u64::from(invented), 0);
        said.health.former = vec![former(StoreEpoch::new([invented ^ 0x80; 16]), 9, &[(1, 1), (3, 9)])];
        heard(&device.beat(&said).await);
    }
    let stores = server.admin().device_list().unwrap().remove(0).stores;
    let most = usize::try_from(EPOCHS_HEARD_MAX).unwrap();
    assert!(stores.len() <= 2 * most, "{}", stores.len());
    let kept = stores.iter().find(|store| store.epoch == real).unwrap();
    assert_eq!(kept.missing, [range(4, 5)], "what it said of the store that delivered is still known");
    assert!(stores.iter().any(|store| store.epoch == device.epoch), "and what it said last");
    server.verify();
}
