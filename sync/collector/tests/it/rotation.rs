//! Keys that change while the server runs: nobody who could connect before is locked out by surprise.

use std::sync::Arc;
use std::time::Duration;

use afterword_collector::KeyRing;
use afterword_protocol::system::SystemEntropy;

use crate::support::{Device, PATIENCE, Server, client};

fn keys(server: &Server) -> KeyRing {
    KeyRing::of(server.folder.path(), server.clock.clone(), Arc::new(SystemEntropy))
}

/// The running server looks at its keys every two seconds.
async fn comes_true<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let mut look = tokio::time::interval(Duration::from_millis(100));
    let looks = async {
        loop {
            look.tick().await;
            if condition().await {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looks).await.is_ok(), "{what}: it never comes true");
}

/// Enrols devices until the running server has noticed what changed, and gives the first one that is as wished.
async fn enrolled_until(server: &Server, wish: impl Fn(&Device) -> bool) -> Device {
    let mut look = tokio::time::interval(Duration::from_millis(100));
    for number in 1..=PATIENCE.as_secs() * 10 {
        look.tick().await;
        let device = server.device(&format!("new {number}")).await;
        if wish(&device) {
            return device;
        }
    }
    panic!("the running server never notices");
}

fn authorities_in(pem: &str) -> usize {
    pem.matches("BEGIN CERTIFICATE").count()
}

/// Whether a fresh connection of this device gets through, with the authorities it was given.
async fn delivers(device: &Device) -> bool {
    let fresh =
        client(&device.enrolled.collector_ca_pem, Some((&device.enrolled.certificate_pem, &device.key)));
    device.reaches(&fresh).await
}

#[tokio::test]
async fn a_new_device_authority_signs_and_the_old_certificates_stay_good() {
    let server = Server::start().await;
    let before = server.device("before").await.with_records(2);
    assert_eq!(keys(&server).rotate_device_authority().unwrap(), 2);
    let old_issuer = issuer(&before.enrolled.certificate_pem);
    let after =
        enrolled_until(&server, |device| issuer(&device.enrolled.certificate_pem) != old_issuer).await;
    let after = after.with_records(1);
    assert!(delivers(&before).await && delivers(&after).await);
    server.verify();
}

fn issuer(pem: &str) -> String {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    pem.parse_x509().unwrap().issuer().to_string()
}

#[tokio::test]
async fn a_new_server_authority_is_handed_out_before_it_is_used() {
    let server = Server::start().await;
    let unaware = server.device("unaware").await.with_records(1);
    let ring = keys(&server);
    assert_eq!(ring.prepare_server_authority().unwrap(), 2);
    assert_eq!(ring.prepare_server_authority().unwrap(), 2, "asked again, it is the same");
    let aware =
        enrolled_until(&server, |device| authorities_in(&device.enrolled.collector_ca_pem) == 2).await;
    let aware = aware.with_records(1);
    assert!(delivers(&unaware).await && delivers(&aware).await, "the old one is still in use");

    assert_eq!(ring.use_prepared_server_authority().unwrap(), Some(2));
    comes_true("the server's certificate is from the new authority", || async { !delivers(&unaware).await })
        .await;
    assert!(delivers(&aware).await);
    let listed = ring.server_authorities().unwrap();
    assert_eq!(listed.iter().map(|one| one.in_use).collect::<Vec<_>>(), [false, true]);
    assert_eq!(ring.use_prepared_server_authority().unwrap(), None, "there is none left to use");
}

#[tokio::test]
async fn a_new_server_certificate_goes_unnoticed() {
    let server = Server::start().await;
    let device = server.device("exit").await.with_records(1);
    let path = server.folder.path().join("pki/server.pem");
    let before = std::fs::read(&path).unwrap();
    keys(&server).rotate_server_certificate().unwrap();
    comes_true("there is another certificate", || async {
        std::fs::read(&path).is_ok_and(|now| now != before) && delivers(&device).await
    })
    .await;
}
