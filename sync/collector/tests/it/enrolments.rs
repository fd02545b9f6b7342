//! `POST /v1/enrolments`.

use afterword_collector::{AdminError, DeviceState, Revocation};
use afterword_model::ports::SeededEntropy;
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::ProblemType;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::support::{Answer, Device, Server, client, request_enrolment, signing_request};

const HOUR_MS: u64 = 3_600_000;

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(seed))
}

async fn enrol(server: &Server, code: &str, key: &SigningKey) -> Answer {
    request_enrolment(&server.enrolment_url(), &server.ca_pem(), code, &signing_request(key)).await
}

#[tokio::test]
async fn a_code_becomes_an_identity() {
    let server = Server::start().await;
    let added = server.admin().device_add("Exit", Some("main-street")).unwrap();
    let answer = enrol(&server, &added.code.to_string().to_lowercase(), &key(1)).await;
    let enrolled: Enrolled = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, answer.media_type.as_str()), (201, "application/json"));
    assert_eq!((enrolled.device, enrolled.name.as_str()), (added.device, "Exit"));
    assert_eq!(enrolled.collector_url, server.collector().device_url());
    let [row] = server.admin().device_list().unwrap().try_into().unwrap();
    assert_eq!((row.state, row.store.as_deref()), (DeviceState::Active, Some("main-street")));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_to_the_same_key_only() {
    let server = Server::start().await;
    let code = server.admin().device_add("Exit", None).unwrap().code.to_string();
    let first = enrol(&server, &code, &key(1)).await;
    let again = enrol(&server, &code, &key(1)).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    enrol(&server, &code, &key(2)).await.problem(ProblemType::NotAuthenticated);
}

#[tokio::test]
async fn a_code_ends_after_a_day_or_with_a_newer_one_or_with_its_device() {
    let server = Server::start().await;
    let old = server.admin().device_add("Exit", None).unwrap();
    let new = server.admin().device_add("Exit", None).unwrap();
    assert_eq!(old.device, new.device);
    enrol(&server, &old.code.to_string(), &key(1)).await.problem(ProblemType::NotAuthenticated);

    server.clock.advance_ms(24 * HOUR_MS);
    let problem = enrol(&server, &new.code.to_string(), &key(1)).await.problem(ProblemType::NotAuthenticated);
    assert!(problem.detail.contains("too old"), "{}", problem.detail);
    assert_eq!(server.admin().device_list().unwrap()[0].state, DeviceState::CodeExpired);

    let other = server.admin().device_add("Checkout", None).unwrap();
    server.admin().device_revoke("Checkout", Some("ordered one too many")).unwrap();
    enrol(&server, &other.code.to_string(), &key(1)).await.problem(ProblemType::NotAuthenticated);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_code_stays_good() {
    let server = Server::start().await;
    let code = server.admin().device_add("Exit", None).unwrap().code.to_string();
    let (url, ca_pem) = (server.enrolment_url(), server.ca_pem());
    let sound = signing_request(&key(1));

    let elliptic = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let elliptic = CertificateParams::default().serialize_request(&elliptic).unwrap().pem().unwrap();
    let half = sound.len() / 2;
    let changed: String = sound
        .char_indices()
        .map(|(at, c)| if at == half { if c == 'A' { 'B' } else { 'A' } } else { c })
        .collect();
    for signing_request in [elliptic.as_str(), changed.as_str(), "rubbish", ""] {
        request_enrolment(&url, &ca_pem, &code, signing_request).await.problem(ProblemType::Malformed);
    }
    request_enrolment(&url, &ca_pem, "not a code", &sound).await.problem(ProblemType::Malformed);

    let post = || client(&ca_pem, None).post(&url);
    Answer::of(post().body("{}")).await.problem(ProblemType::UnsupportedMediaType);
    let json = || post().header("content-type", "application/json");
    Answer::of(json().body("{}")).await.problem(ProblemType::Malformed);
    Answer::of(json().body(vec![b' '; 9_000])).await.problem(ProblemType::TooLarge);
    assert_eq!(enrol(&server, &code, &key(1)).await.status, 201);
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down() {
    let server = Server::start().await;
    let code = server.admin().device_add("Exit", None).unwrap().code.to_string();
    let guess = "AAAA-AAAA-AAAA";
    for _ in 0..10 {
        enrol(&server, guess, &key(1)).await.problem(ProblemType::NotAuthenticated);
    }
    let throttled = enrol(&server, &code, &key(1)).await;
    assert_eq!((throttled.status, throttled.problem(ProblemType::Busy).status), (429, 429));
    assert_eq!(throttled.retry_after.as_deref(), Some("60"));
    server.clock.advance_ms(60_000);
    assert_eq!(enrol(&server, &code, &key(1)).await.status, 201);
}

#[tokio::test]
async fn names_are_used_once_at_a_time() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let mut admin = server.admin();
    assert!(matches!(admin.device_add("Exit", None), Err(AdminError::NameTaken { .. })));
    for bad in ["", " Exit", "a\nb", &"x".repeat(65)] {
        assert!(matches!(admin.device_add(bad, None), Err(AdminError::BadName)), "{bad}");
    }
    let id = device.enrolled.device;
    assert_eq!(admin.device_revoke(&id.to_string(), None).unwrap(), Revocation::Revoked(id));
    assert_eq!(admin.device_revoke("Exit", None).unwrap(), Revocation::AlreadyRevoked(id));
    assert!(matches!(admin.device_revoke("Entrance", None), Err(AdminError::NoSuchDevice(_))));
    assert_ne!(admin.device_add("Exit", None).unwrap().device, id);
}

async fn enrol_anew(server: &Server, device: &Device) -> Device {
    let code = server.admin().device_replace("Exit", None).unwrap().code.to_string();
    device.enrol_anew(&server.enrolment_url(), &server.ca_pem(), &code).await
}

#[tokio::test]
async fn a_device_enrolled_again_sends_its_history_again_and_nothing_is_held_twice() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(8);
    device.send(device.batch(1, 5)).await.receipt();
    let added = server.admin().device_replace("Exit", None).unwrap();
    assert_eq!(added.device, device.enrolled.device);
    // Until the code is used, the identity there is goes on.
    device.send(device.batch(6, 6)).await.receipt();

    let anew = device.enrol_anew(&server.enrolment_url(), &server.ca_pem(), &added.code.to_string()).await;
    assert_eq!(anew.enrolled.device, device.enrolled.device);
    assert_ne!(anew.enrolled.certificate_pem, device.enrolled.certificate_pem);
    device.send(device.batch(7, 7)).await.problem(ProblemType::NotAuthenticated);
    anew.send(anew.batch(1, 4)).await.receipt();
    anew.send(anew.batch(5, 8)).await.receipt();
    let report = server.verify();
    assert_eq!((report.records(), report.stores.len(), report.stores[0].quarantined), (8, 1, 0));
    enrol(&server, &added.code.to_string(), &key(3)).await.problem(ProblemType::NotAuthenticated);
}

#[tokio::test]
async fn a_revoked_device_comes_back_only_with_the_new_code() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(3);
    device.send(device.batch(1, 2)).await.receipt();
    server.admin().device_revoke("Exit", Some("lost")).unwrap();
    let void = server.admin().device_replace("Exit", None).unwrap();
    let row = || server.admin().device_list().unwrap().remove(0);
    assert_eq!((row().state, row().code_waits), (DeviceState::Revoked, true));
    assert!(matches!(server.admin().device_add("Exit", None), Err(AdminError::NameTaken { .. })));
    device.send(device.batch(3, 3)).await.problem(ProblemType::NotAllowed);

    server.admin().device_revoke("Exit", None).unwrap();
    enrol(&server, &void.code.to_string(), &key(2)).await.problem(ProblemType::NotAuthenticated);
    let anew = enrol_anew(&server, &device).await;
    assert_eq!((row().state, row().code_waits, row().revoked_reason), (DeviceState::Active, false, None));
    device.send(device.batch(3, 3)).await.problem(ProblemType::NotAuthenticated);
    anew.send(anew.batch(1, 3)).await.receipt();
    assert_eq!(server.verify().records(), 3);
}

#[tokio::test]
async fn a_device_whose_certificate_expired_is_enrolled_again_under_its_id() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    server.clock.advance_ms(91 * 24 * HOUR_MS);
    assert_eq!(enrol_anew(&server, &device).await.enrolled.device, device.enrolled.device);
}

#[tokio::test]
async fn replacing_is_for_a_device_that_can_be_told_by_its_name() {
    let server = Server::start().await;
    let mut admin = server.admin();
    assert!(matches!(admin.device_replace("Exit", None), Err(AdminError::NoSuchDevice(_))));
    let device = server.device("Exit").await;
    let error = admin.device_add("Exit", None).unwrap_err().to_string();
    assert!(error.contains("device replace"), "{error}");

    admin.device_revoke("Exit", None).unwrap();
    let waiting = admin.device_add("Exit", None).unwrap();
    let unclear = admin.device_replace("Exit", None);
    assert!(matches!(unclear, Err(AdminError::NameWaits { waiting: found, .. }) if found == waiting.device));
    admin.device_revoke(&waiting.device.to_string(), None).unwrap();
    assert_eq!(admin.device_replace("Exit", None).unwrap().device, device.enrolled.device);
}
