//! One suite for every way to the kiosk's queue. The store runs it on itself; here it runs over the real socket.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use afterword_agent::SocketQueue;
use afterword_kiosk::moments::Moments;
use afterword_kiosk::socket::Socket;
use afterword_kiosk_store::{Options, Store};
use afterword_model::ports::ManualClock;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Draft, Outcome, Stamp};
use afterword_protocol::limits::QUEUE_WAIT_MAX_MS;
use afterword_protocol::queue::{BeginReason, Begun, Queue, QueueError, Take};
use afterword_protocol::system::SystemEntropy;

// The suite stands with the store, whose own tests may not reach up here.
#[path = "../../../kiosk/store/tests/queue_suite/mod.rs"]
mod queue_suite;

fn open(folder: &Path) -> Store {
    let options = Options {
        clock: Arc::new(ManualClock::at(1_000)),
        entropy: Arc::new(SystemEntropy),
        opens_cases: true,
    };
    Store::open(folder, options).unwrap().0
}

/// Freezes a face and a comment of so many bytes, and returns when that is durable.
fn add(store: &Store, comment_bytes: usize) {
    let started = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };
    let answer = |question: &str, value| Answer { question: question.into(), value, at_ms: 0 };
    let words = AnswerValue::Comment("x".repeat(comment_bytes));
    let answers = vec![answer("visit", AnswerValue::Face(3)), answer("words", words)];
    let draft = Draft { answers, ..Draft::begun("grocery-exit", 1, "en", started) };
    let (done, frozen) = channel();
    store.freeze(draft, Outcome::Completed, 1, move |result| done.send(result).unwrap());
    frozen.recv().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_is_ended_once_however_often_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add(&store, 1);
    let path = folder.path().join("kiosk.sock");
    let _socket = Socket::serve(&path, &store, &Moments::default()).unwrap();
    // The second agent was started while the first one's wish was still being carried out.
    let mut agents = [SocketQueue::at(path.clone()), SocketQueue::at(path)];
    let mut epochs = Vec::new();
    for agent in &mut agents {
        epochs.push(agent.position().await.unwrap().epoch);
    }
    for agent in &mut agents {
        assert_eq!(agent.begin_anew(BeginReason::Forked).await.unwrap(), Begun::Anew);
        epochs.push(store.position().unwrap().epoch);
    }
    assert!(epochs[0] == epochs[1] && epochs[1] != epochs[2], "{epochs:?}");
    assert_eq!(epochs[2], epochs[3], "the one that was meant had ended");
    // Who knows of the new one can end that.
    agents[1].position().await.unwrap();
    agents[1].begin_anew(BeginReason::Forked).await.unwrap();
    assert_ne!(store.position().unwrap().epoch, epochs[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_a_queue() {
    queue_suite::holds(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let path = folder.path().join("kiosk.sock");
        let socket = Socket::serve(&path, &store, &Moments::default()).unwrap();
        (SocketQueue::at(path), move |comment_bytes| {
            // Folder and socket live as long as the way to add.
            let _ = (&folder, &socket);
            add(&store, comment_bytes);
        })
    })
    .await;
}

#[tokio::test]
async fn a_kiosk_that_restarts_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kiosk.sock");
    let mut queue = SocketQueue::at(path.clone());
    assert!(matches!(queue.position().await, Err(QueueError::Unreachable(_))), "nobody is there yet");
    for seq in 1..=2 {
        let store = open(folder.path());
        let socket = Socket::serve(&path, &store, &Moments::default()).unwrap();
        add(&store, 1);
        // The first request after a restart may find the old connection broken; the second opens a new one.
        let position = match queue.position().await {
            Ok(position) => position,
            Err(_) => queue.position().await.unwrap(),
        };
        assert_eq!(position.last_seq, seq);
        drop(socket);
        store.close().unwrap();
    }
}

#[tokio::test]
async fn rubbish_at_the_socket_disturbs_nobody() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kiosk.sock");
    let store = open(folder.path());
    let _socket = Socket::serve(&path, &store, &Moments::default()).unwrap();
    for rubbish in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0, 0, 0, 4, b'r', b'u', b'b', b'b'], b""] {
        let mut stranger = std::os::unix::net::UnixStream::connect(&path).unwrap();
        stranger.write_all(rubbish).unwrap();
        stranger.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // Closed, perhaps with a reset; what matters is that it ends.
        let _ = stranger.read_to_end(&mut answer);
    }
    add(&store, 1);
    let take = Take { after_seq: 0, records_max: 1, wait_ms: QUEUE_WAIT_MAX_MS };
    let mut queue = SocketQueue::at(path);
    assert_eq!(queue.next(take).await.unwrap().unwrap().records.len(), 1);
}

#[test]
fn the_socket_takes_nobodys_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let file = folder.path().join("precious.toml");
    std::fs::write(&file, "precious").unwrap();
    let refused = Socket::serve(&file, &store, &Moments::default()).err().unwrap().to_string();
    assert!(refused.contains("no socket stands there") && refused.contains("precious.toml"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");

    let path = folder.path().join("kiosk.sock");
    let first = Socket::serve(&path, &store, &Moments::default()).unwrap();
    let refused = Socket::serve(&path, &store, &Moments::default()).err().unwrap().to_string();
    assert!(refused.contains("another running kiosk"), "{refused}");
    drop(first);
    // What a killed kiosk leaves: a socket at which nobody answers.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(Socket::serve(&path, &store, &Moments::default()).unwrap());
    assert!(!path.exists());
}
