//! `POST /v1/renewals`: who gets a new certificate, and what an expired one can still do.

use afterword_model::ports::SeededEntropy;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, RENEWALS_PATH, RenewalRequest, Renewed};

use crate::support::{Answer, Device, Server, client, signing_request};

const DAY_MS: u64 = 86_400_000;

impl Device {
    /// Asks for a new certificate for this key.
    async fn ask_renewal(&self, key: &SigningKey) -> Answer {
        let request =
            RenewalRequest { signing_request_pem: signing_request(key), agent_version: "9.9.9".into() };
        let url = format!("{}{RENEWALS_PATH}", self.enrolled.collector_url);
        let post = self.client.post(url).header("content-type", RENEWAL_MEDIA_TYPE);
        Answer::of(post.body(serde_json::to_vec(&request).unwrap())).await
    }
}

fn renewed(answer: &Answer) -> Renewed {
    assert_eq!((answer.status, answer.media_type.as_str()), (200, RENEWAL_MEDIA_TYPE), "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn a_renewed_certificate_delivers_and_the_old_one_does_until_its_end() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(2);
    server.clock.advance_ms(60 * DAY_MS);
    let renewed = renewed(&device.ask_renewal(&device.key).await);
    assert_eq!(renewed.collector_ca_pem, device.enrolled.collector_ca_pem);
    let newer = client(&renewed.collector_ca_pem, Some((&renewed.certificate_pem, &device.key)));
    assert!(device.reaches(&device.another_client()).await && device.reaches(&newer).await);

    server.clock.advance_ms(40 * DAY_MS);
    assert!(!device.reaches(&device.client).await, "the old one has ended");
    assert!(device.reaches(&newer).await);
    assert_eq!(server.admin().device_list().unwrap()[0].agent_version.as_deref(), Some("9.9.9"));
}

#[tokio::test]
async fn an_expired_certificate_reaches_renewal_and_nothing_else() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(1);
    server.clock.advance_ms(400 * DAY_MS);
    device.send(device.batch(1, 1)).await.problem(ProblemType::NotAuthenticated);
    let renewed = renewed(&device.ask_renewal(&device.key).await);
    let newer = client(&renewed.collector_ca_pem, Some((&renewed.certificate_pem, &device.key)));
    assert!(device.reaches(&newer).await);
}

#[tokio::test]
async fn a_revoked_device_gets_no_certificate_on_a_connection_that_is_open() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    renewed(&device.ask_renewal(&device.key).await);
    server.admin().device_revoke("Exit", None).unwrap();
    device.ask_renewal(&device.key).await.problem(ProblemType::NotAllowed);
}

#[tokio::test]
async fn another_key_needs_another_enrolment() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let stranger = SigningKey::generate(&SeededEntropy::new(99));
    device.ask_renewal(&stranger).await.problem(ProblemType::Malformed);

    let code = server.admin().device_replace("Exit", None).unwrap().code.to_string();
    device.enrol_anew(&server.enrolment_url(), &server.ca_pem(), &code).await;
    device.ask_renewal(&device.key).await.problem(ProblemType::NotAuthenticated);
}
