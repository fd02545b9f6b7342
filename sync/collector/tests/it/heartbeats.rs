//! `POST /v1/heartbeats`: what is kept of what a device says, and what it hears.

use afterword_model::ports::Clock as _;
use afterword_model::record::{Head, StoreEpoch, genesis};
use afterword_protocol::heartbeat::{
    HEARTBEAT_ANSWER_MEDIA_TYPE, HEARTBEAT_MEDIA_TYPE, HEARTBEATS_PATH, Heartbeat, HeartbeatAnswer,
    fingerprint,
};
use afterword_protocol::problem::ProblemType;
use afterword_protocol::queue::{BeginReason, FormerEpoch, Health, Position, SeqRange};
use rusqlite::Connection;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::support::{Answer, Device, Server};

impl Device {
    /// What it would say of itself with so many records.
    pub(crate) fn heartbeat(&self, last_seq: u64, wall_ms: i64) -> Heartbeat {
        let position = Position {
            epoch: self.epoch,
            last_seq,
            head: Head::new([1; 32]),
            acknowledged_seq: 0,
            server_epoch: None,
        };
        let health = Health {
            position,
            purged_seq: 0,
            boot: 1,
            oldest_unsent_ms: None,
            disk_free_bytes: Some(u64::MAX),
            former: Vec::new(),
            kiosk_version: "0.1.0".into(),
            changes: None,
            case_mark: None,
            settings: None,
        };
        let authorities = CertificateDer::pem_slice_iter(self.enrolled.collector_ca_pem.as_bytes());
        Heartbeat {
            v: 1,
            device: self.enrolled.device,
            health,
            agent_version: "0.1.0".into(),
            wall_ms,
            certificate_expires_ms: wall_ms + 1,
            trusted: authorities.map(|authority| fingerprint(&authority.unwrap())).collect(),
            courier_key: self.enrolled.courier_key.clone(),
            settings_refused: None,
        }
    }

    pub(crate) async fn beat(&self, said: &Heartbeat) -> Answer {
        let url = format!("{}{HEARTBEATS_PATH}", self.enrolled.collector_url);
        let post = self.client.post(url).header("content-type", HEARTBEAT_MEDIA_TYPE);
        Answer::of(post.body(serde_json::to_vec(said).unwrap())).await
    }
}

pub(crate) fn heard(answer: &Answer) -> HeartbeatAnswer {
    let kind = (answer.status, answer.media_type.as_str());
    assert_eq!(kind, (200, HEARTBEAT_ANSWER_MEDIA_TYPE), "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// A former epoch of which these numbers were lost.
pub(crate) fn former(epoch: StoreEpoch, last_seq: u64, lost: &[(u64, u64)]) -> FormerEpoch {
    let lost = lost.iter().map(|&(first, last)| SeqRange { first, last }).collect();
    FormerEpoch { epoch, last_seq, head: Head::new([2; 32]), reason: BeginReason::Rotted, lost }
}

#[tokio::test]
async fn a_device_hears_how_far_its_store_is_held() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(9);
    let now_ms = server.clock.wall_ms();
    let nothing = heard(&device.beat(&device.heartbeat(9, now_ms)).await);
    let expected = HeartbeatAnswer {
        server_epoch: device.enrolled.server_epoch,
        mark: 0,
        head: genesis(&device.epoch),
        wall_ms: now_ms,
        collector_ca_pem: None,
        changes: None,
        courier_key: None,
        case_steps: None,
        settings: None,
    };
    assert_eq!(nothing, expected);
    let receipt = device.send(device.batch(1, 7)).await.receipt().receipt;
    let held = heard(&device.beat(&device.heartbeat(9, now_ms)).await);
    assert_eq!((held.mark, held.head), (7, receipt.head));
}

#[tokio::test]
async fn what_was_once_heard_of_a_number_or_of_a_loss_is_not_taken_back() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let old = StoreEpoch::new([5; 16]);
    for (last_seq, lost) in [(40, [(3, 4), (9, 9)]), (12, [(1, 1), (2, 2)])] {
        let mut said = device.heartbeat(last_seq, server.clock.wall_ms() + 5_000);
        said.health.former = vec![former(old, 30, &lost)];
        heard(&device.beat(&said).await);
    }
    let database = Connection::open(server.folder.path().join("collector.db")).unwrap();
    let row =
        database.query_row("select last_seq_ever, last_seq, clock_ahead_ms from heartbeats", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
    assert_eq!(row.unwrap(), (40, 12, 5_000));
    let lost: String = database
        .query_row("select group_concat(first_seq || '-' || last_seq) from lost_ranges", [], |row| row.get(0))
        .unwrap();
    assert_eq!(lost, "1-1,2-2,3-4,9-9", "the other card of a twin may have lost something else");
}

#[tokio::test]
async fn other_authorities_are_handed_out_to_whoever_does_not_trust_them() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let mut said = device.heartbeat(0, server.clock.wall_ms());
    said.trusted.clear();
    let answer = heard(&device.beat(&said).await);
    assert_eq!(answer.collector_ca_pem.as_ref(), Some(&device.enrolled.collector_ca_pem));
}

#[tokio::test]
async fn the_courier_s_key_is_handed_out_to_whoever_does_not_name_it() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    assert!(device.enrolled.courier_key.is_some(), "a new device is given it at enrolment");
    let mut said = device.heartbeat(0, server.clock.wall_ms());
    said.courier_key = None;
    assert_eq!(heard(&device.beat(&said).await).courier_key, device.enrolled.courier_key);
}

#[tokio::test]
async fn a_heartbeat_is_the_device_s_own_and_its_numbers_are_a_store_s() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let other = server.device("Checkout").await;
    let now_ms = server.clock.wall_ms();
    device.beat(&other.heartbeat(0, now_ms)).await.problem(ProblemType::NotAllowed);
    device.beat(&device.heartbeat(u64::MAX, now_ms)).await.problem(ProblemType::Malformed);
    let mut said = device.heartbeat(0, now_ms);
    said.health.former = vec![former(device.epoch, 9, &[(4, 3)])];
    device.beat(&said).await.problem(ProblemType::Malformed);
    said.v = 2;
    device.beat(&said).await.problem(ProblemType::Malformed);

    server.admin().device_revoke("Exit", None).unwrap();
    device.beat(&device.heartbeat(0, now_ms)).await.problem(ProblemType::NotAllowed);
    server.clock.advance_ms(100 * 86_400_000);
    other.beat(&other.heartbeat(0, now_ms)).await.problem(ProblemType::NotAuthenticated);
}
