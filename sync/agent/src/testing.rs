//! What the unit tests of this crate share: keys, an identity, answers.

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, ServerEpoch};
use afterword_protocol::enrolment::Enrolled;
use afterword_protocol::keys::SigningKey;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem};
use afterword_protocol::receipt::{RECEIPT_MEDIA_TYPE, SignedReceipt};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::identity::Identity;
use crate::transport::RawAnswer;

/// The seed of the key that signs receipts in [`enrolled`].
pub(crate) const COLLECTOR_SEED: u64 = 99;

pub(crate) fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(seed))
}

/// A certificate for this key, signed with it: from the year 2023 to the beginning of this one.
pub(crate) fn certificate(key: &SigningKey, end_year: i32) -> String {
    certificate_of_years(key, 2023, end_year)
}

/// The same between the beginnings of two years.
pub(crate) fn certificate_of_years(key: &SigningKey, first_year: i32, end_year: i32) -> String {
    let der = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(first_year, 1, 1);
    params.not_after = rcgen::date_time_ymd(end_year, 1, 1);
    params.self_signed(&pair).unwrap().pem()
}

/// An identity whose certificate the device signed itself: good enough where nobody speaks TLS.
pub(crate) fn enrolled(key: &SigningKey) -> Enrolled {
    let certificate = certificate(key, 2083);
    Enrolled {
        device: DeviceId::new([1; 16]),
        name: "Counter 3".into(),
        certificate_pem: certificate.clone(),
        collector_ca_pem: certificate,
        receipt_key: self::key(COLLECTOR_SEED).verifying_key(),
        collector_url: "https://collector.example:8443".into(),
        server_epoch: ServerEpoch::new([7; 16]),
        courier_key: None,
    }
}

pub(crate) fn identity(seed: u64) -> Identity {
    let key = key(seed);
    Identity::new(enrolled(&key), key).unwrap()
}

pub(crate) fn problem_answer(problem: &Problem) -> RawAnswer {
    RawAnswer {
        status: problem.status,
        content_type: Some(PROBLEM_MEDIA_TYPE.into()),
        body: serde_json::to_vec(problem).unwrap(),
        ..RawAnswer::default()
    }
}

pub(crate) fn receipt_answer(receipt: &SignedReceipt) -> RawAnswer {
    RawAnswer {
        status: 200,
        content_type: Some(RECEIPT_MEDIA_TYPE.into()),
        body: serde_json::to_vec(receipt).unwrap(),
        ..RawAnswer::default()
    }
}
