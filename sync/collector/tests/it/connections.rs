//! What lies below the routes: who gets a connection, how long it may take, and when it ends.

use std::time::Duration;

use afterword_collector::Limits;
use afterword_model::ports::{Clock as _, SeededEntropy};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::ProblemType;
use rcgen::{CertificateParams, DnType};

use crate::support::{Line, PATIENCE, Server, batch_head, key_pair, tls};

/// Short enough for a test, long enough for a busy machine's handshake.
const SHORT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn without_a_certificate_of_the_device_authority_there_is_no_connection() {
    let server = Server::start().await;
    let (url, ca_pem) = (server.collector().device_url(), server.ca_pem());
    let key = SigningKey::generate(&SeededEntropy::new(1));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "01".repeat(16));
    let self_made = params.self_signed(&key_pair(&key)).unwrap().pem();
    for identity in [None, Some((self_made.as_str(), &key))] {
        let request = crate::support::client(&ca_pem, identity).post(format!("{url}/v1/batches")).send();
        assert!(tokio::time::timeout(PATIENCE, request).await.unwrap().is_err());
        // In TLS 1.3 the client is done before the server looks at it: the refusal is what it reads first.
        if let Ok(mut line) = Line::connect(url, tls(&ca_pem, identity)).await {
            assert_eq!(line.read_to_end().await, "");
        }
    }
}

#[tokio::test]
async fn f37_a_revoked_device_is_refused_on_its_open_connection() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(2);
    let mut line = device.connect().await;
    assert_eq!(line.send_batch(&device.batch(1, 1)).await, 200);
    server.admin().device_revoke("Exit", Some("stolen")).unwrap();
    assert_eq!(line.send_batch(&device.batch(2, 2)).await, 403);
    device.send(device.batch(2, 2)).await.problem(ProblemType::NotAllowed);
    assert_eq!(server.verify().records(), 1);
}

#[tokio::test]
async fn an_expired_certificate_ends_an_open_connection_s_rights() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(2);
    let mut line = device.connect().await;
    assert_eq!(line.send_batch(&device.batch(1, 1)).await, 200);
    server.clock.advance_ms(91 * 86_400_000);
    assert_eq!(line.send_batch(&device.batch(2, 2)).await, 401);
}

#[tokio::test]
async fn f33_whoever_dribbles_is_dropped_while_others_are_served() {
    let limits = Limits { header: SHORT, body: SHORT, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let device = server.device("Exit").await.with_records(1);
    let (mut slow_header, mut slow_body) = (device.connect().await, device.connect().await);
    slow_header.write(b"POST /v1/bat").await;
    slow_body.write(batch_head(1_000).as_bytes()).await;
    slow_body.write(b"a few bytes").await;

    device.send(device.batch(1, 1)).await.receipt();
    assert_eq!(slow_header.read_to_end().await, "");
    let answer = slow_body.read_to_end().await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("urn:afterword:problem:timed-out"),
        "{answer}"
    );
    device.send(device.batch(1, 1)).await.receipt();
}

#[tokio::test]
async fn silence_ends_a_connection_before_and_after_its_handshake() {
    let limits = Limits { handshake: SHORT, idle: SHORT, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let device = server.device("Exit").await;
    let mut line = device.connect().await;
    assert_eq!(line.read_to_end().await, "");

    let mut bare = tokio::net::TcpStream::connect(server.collector().device_address()).await.unwrap();
    let mut rest = Vec::new();
    let end = tokio::io::AsyncReadExt::read_to_end(&mut bare, &mut rest);
    assert_eq!(tokio::time::timeout(PATIENCE, end).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn when_all_places_are_taken_the_next_one_waits_for_a_place() {
    let limits = Limits { device_connections: 1, idle: SHORT, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let device = server.device("Exit").await.with_records(1);
    let _first = device.connect().await;
    // Gets its turn when the first, silent one is dropped.
    device.send(device.batch(1, 1)).await.receipt();
}

#[tokio::test]
async fn in_a_crowd_whoever_is_silent_or_has_had_a_turn_makes_room_and_the_others_stay() {
    // Four places, all taken: that is a crowd.
    let server = Server::start_with(Limits { device_connections: 4, ..Limits::default() }).await;
    let device = server.device("Exit").await.with_records(8);
    let (mut small, mut silent) = (device.connect().await, device.connect().await);
    let (mut large, _fourth) = (device.connect().await, device.connect().await);
    assert_eq!(silent.send_batch(&device.batch(1, 1)).await, 200);
    for seq in 1..=8 {
        let body = device.batch(seq, seq);
        small.write(&[batch_head(body.len()).as_bytes(), &body].concat()).await;
        let answer = small.read_answer().await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && !answer.contains("close"),
            "it keeps its place: {answer}"
        );
    }
    assert_eq!(silent.read_to_end().await, "", "half a second without a word is long in a crowd");

    let _fourth_again = device.connect().await;
    let mut answer = String::new();
    for _ in 0..5 {
        large.write(batch_head(250_000).as_bytes()).await;
        large.write(&[b'x'; 250_000]).await;
        answer = large.read_answer().await;
    }
    assert!(answer.to_lowercase().contains("connection: close"), "a mebibyte is a turn: {answer}");
    assert_eq!(large.read_to_end().await, "");
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_off() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let mut line = device.connect().await;
    line.write(b"POST /v1/batches HTTP/1.1\r\nX-Padding: ").await;
    line.write(&[b'x'; 20_000]).await;
    let answer = line.read_to_end().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_idle_connections() {
    let mut server = Server::start().await;
    let device = server.device("Exit").await.with_records(1);
    let (_fresh, mut used) = (device.connect().await, device.connect().await);
    assert_eq!(used.send_batch(&device.batch(1, 1)).await, 200);
    let before = afterword_protocol::system::SystemClock::start();
    server.restart().await;
    assert!(before.monotonic_ms() < 5_000, "an idle connection held up the end");
    assert_eq!(server.verify().records(), 1);
}
