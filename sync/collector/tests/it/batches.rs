//! `POST /v1/batches`: what is stored, what is signed for, what is refused.

use afterword_collector::Limits;
use afterword_model::ports::{Clock as _, SeededEntropy};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::ProblemType;

use rusqlite::Connection;

use crate::support::{Answer, Server};

#[tokio::test]
async fn a_batch_is_stored_and_signed_for() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(500);
    let signed = device.send(device.batch(1, 500)).await.receipt();
    assert!(signed.is_signed_by(&device.enrolled.receipt_key));
    let receipt = signed.receipt;
    assert_eq!(
        (receipt.device, receipt.epoch, receipt.through_seq),
        (device.enrolled.device, device.epoch, 500)
    );
    assert_eq!(
        (receipt.server_epoch, receipt.received_ms),
        (device.enrolled.server_epoch, server.clock.wall_ms())
    );
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].head), (500, receipt.head));
}

#[tokio::test]
async fn f20_the_same_batch_gets_the_same_receipt_byte_for_byte() {
    let mut server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(9);
    let first = device.send(device.batch(1, 4)).await;
    device.send(device.batch(5, 9)).await.receipt();
    server.clock.advance_ms(5_000);
    assert_eq!(device.send(device.batch(1, 4)).await.body, first.body);

    server.restart().await;
    device.enrolled.collector_url = server.collector().device_url().to_owned();
    assert_eq!(device.send(device.batch(1, 4)).await.body, first.body);
    assert_eq!(server.verify().records(), 9);
}

#[tokio::test]
async fn f18_the_same_batch_at_the_same_moment_is_one_copy() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(300);
    let (one, other) = (device.another_client(), device.another_client());
    let body = device.batch(1, 300);
    let (first, second) = tokio::join!(device.send_with(&one, body.clone()), device.send_with(&other, body));
    assert_eq!(first.receipt(), second.receipt());
    assert_eq!(server.verify().records(), 300);
}

#[tokio::test]
async fn f19_a_gap_is_asked_for_and_an_overlap_is_taken() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(30);
    assert_eq!(device.send(device.batch(5, 9)).await.problem(ProblemType::NotContiguous).mark, Some(0));
    device.send(device.batch(1, 10)).await.receipt();
    assert_eq!(device.send(device.batch(12, 20)).await.problem(ProblemType::NotContiguous).mark, Some(10));
    assert_eq!(device.send(device.batch(6, 20)).await.receipt().receipt.through_seq, 20);
    assert_eq!(device.send(device.batch(21, 30)).await.receipt().receipt.through_seq, 30);
    assert_eq!(server.verify().records(), 30);
}

#[tokio::test]
async fn f21_other_bytes_under_the_same_number_are_kept_aside_and_replace_nothing() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(12);
    device.send(device.batch(1, 10)).await.receipt();
    let held = server.verify().stores[0].head;

    device.records[7] = crate::support::rating(8).to_bytes().to_ascii_uppercase();
    for _ in 0..2 {
        let problem = device.send(device.batch(5, 12)).await.problem(ProblemType::ChainConflict);
        assert_eq!(problem.mark, Some(10));
        assert!(problem.detail.contains("record 8"), "{}", problem.detail);
    }
    // Records 8, 11 and 12 stand on the other chain; 9 and 10 are held byte for byte.
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].head, report.stores[0].quarantined), (10, held, 3));

    // The same fork just past the mark differs only in what came before.
    let problem = device.send(device.batch(11, 12)).await.problem(ProblemType::ChainConflict);
    assert_eq!(problem.mark, Some(10));
    assert_eq!(server.verify().records(), 10);
}

#[tokio::test]
async fn a_chain_that_does_not_begin_at_its_epoch_is_refused() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(3);
    let foreign = device.batch(1, 3);
    device.epoch = afterword_model::record::StoreEpoch::new([9; 16]);
    let lines = String::from_utf8(zstd::decode_all(foreign.as_slice()).unwrap()).unwrap();
    let (header, records) = lines.split_once('\n').unwrap();
    let mut header: afterword_protocol::batch::BatchHeader = serde_json::from_str(header).unwrap();
    header.epoch = device.epoch;
    header.signature = device.key.sign(header.signed_text().as_bytes());
    let forged = format!("{}\n{records}", serde_json::to_string(&header).unwrap());
    let answer = device.send(zstd::bulk::compress(forged.as_bytes(), 3).unwrap()).await;
    assert_eq!(answer.problem(ProblemType::ChainConflict).mark, Some(0));
    assert_eq!(server.verify().records(), 0);
}

#[tokio::test]
async fn f23_a_poison_record_is_named_then_parked_and_its_neighbours_pass() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(6);
    device.records[2] = b"\xff poison".to_vec();
    assert_eq!(device.send(device.batch(1, 5)).await.problem(ProblemType::RecordUnreadable).seq, Some(3));
    assert_eq!(server.verify().records(), 0);

    device.send(device.batch(1, 2)).await.receipt();
    assert_eq!(device.send(device.batch(3, 3)).await.receipt().receipt.through_seq, 3);
    device.send(device.batch(4, 5)).await.receipt();
    assert_eq!((server.verify().records(), server.verify().stores[0].parked), (5, 1));
    // Held, it stands in nobody's way.
    assert_eq!(device.send(device.batch(1, 6)).await.receipt().receipt.through_seq, 6);
}

#[tokio::test]
async fn a_device_speaks_for_itself_and_signs_for_it() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(3);
    let other = server.device("Checkout").await.enrolled.device;
    device.send(device.batch_as(other, &device.key, 1, 3)).await.problem(ProblemType::NotAllowed);
    let stranger = SigningKey::generate(&SeededEntropy::new(99));
    let own = device.enrolled.device;
    device.send(device.batch_as(own, &stranger, 1, 3)).await.problem(ProblemType::Malformed);
    assert_eq!(server.verify().records(), 0);
}

#[tokio::test]
async fn when_too_much_is_in_flight_a_device_is_told_when_to_come_back() {
    let server = Server::start_with(Limits { batches_in_flight: 1, ..Limits::default() }).await;
    let device = server.device("Exit").await.with_records(1);
    let another = device.another_client();
    // Somebody else holds the database, so whichever batch comes first waits for it.
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    database.execute_batch("begin immediate").unwrap();
    let mut one = std::pin::pin!(device.send_with(&device.client, device.batch(1, 1)));
    let mut other = std::pin::pin!(device.send_with(&another, device.batch(1, 1)));
    let (refused, waiting) = tokio::select! {
        refused = &mut one => (refused, other),
        refused = &mut other => (refused, one),
    };
    refused.problem(ProblemType::Busy);
    assert_eq!((refused.status, refused.retry_after.as_deref()), (503, Some("2")));
    database.execute_batch("rollback").unwrap();
    waiting.await.receipt();
}

#[tokio::test]
async fn a_batch_under_way_while_its_device_is_enrolled_again_is_not_stored() {
    let server = Server::start_with(Limits { batches_in_flight: 1, ..Limits::default() }).await;
    let device = server.device("Exit").await.with_records(1);
    let another = device.another_client();
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    database.execute_batch("begin immediate").unwrap();
    let mut one = std::pin::pin!(device.send_with(&device.client, device.batch(1, 1)));
    let mut other = std::pin::pin!(device.send_with(&another, device.batch(1, 1)));
    // When one finds no place, the other has one: its key was looked at and was right.
    let waiting = tokio::select! {
        _ = &mut one => other,
        _ = &mut other => one,
    };
    database.execute_batch("update devices set public_key = zeroblob(32); commit").unwrap();
    waiting.await.problem(ProblemType::NotAuthenticated);
    assert_eq!(server.verify().records(), 0);
}

#[tokio::test]
async fn f34_bombs_and_rubbish_are_refused() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(1);
    let bomb = zstd::encode_all(vec![0; 64 << 20].as_slice(), 1).unwrap();
    device.send(bomb).await.problem(ProblemType::TooLarge);
    device.send(vec![0; 300 * 1024]).await.problem(ProblemType::TooLarge);
    device.send(b"rubbish".to_vec()).await.problem(ProblemType::Malformed);
    device.send(Vec::new()).await.problem(ProblemType::Malformed);

    let post = || device.client.post(device.url()).body(device.batch(1, 1));
    Answer::of(post()).await.problem(ProblemType::UnsupportedMediaType);
    let plain = post().header("content-type", BATCH_MEDIA_TYPE);
    Answer::of(plain).await.problem(ProblemType::UnsupportedMediaType);
    let typed = post().header("content-type", "application/json").header("content-encoding", BATCH_ENCODING);
    Answer::of(typed).await.problem(ProblemType::UnsupportedMediaType);
    let get = device.client.get(device.url());
    Answer::of(get).await.problem(ProblemType::MethodNotAllowed);
    let elsewhere = device.client.post(format!("{}/v1/enrolments", device.enrolled.collector_url));
    Answer::of(elsewhere).await.problem(ProblemType::NotFound);
    device.send(device.batch(1, 1)).await.receipt();
}
