//! PROTOCOL.md's worked example, computed anew: whoever writes a client checks against that page.

use afterword_model::ports::Entropy;
use afterword_model::record::{DeviceId, ServerEpoch, StoreEpoch, genesis, next_head};
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BATCHES_PATH, decode, encode};
use afterword_protocol::enrolment::{ENROLMENT_PATH, EnrolmentCode};
use afterword_protocol::heartbeat::{HEARTBEAT_ANSWER_MEDIA_TYPE, HEARTBEAT_MEDIA_TYPE, HEARTBEATS_PATH};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::limits;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, ProblemType};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::{Nonce, RECEIPT_MEDIA_TYPE, Receipt};
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, RENEWALS_PATH};

use crate::support::rating;

const PAGE: &str = include_str!("../../../protocol/PROTOCOL.md");

/// "Random" bytes that all say the same, as the page's keys have them.
struct Constant(u8);

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn assert_on_page(text: &str) {
    assert!(PAGE.contains(text), "PROTOCOL.md does not have:\n{text}");
}

#[test]
fn the_worked_example_is_what_the_code_computes() {
    let key = SigningKey::generate(&Constant(0x07));
    let epoch = StoreEpoch::new([0; 16]);
    let records: Vec<Vec<u8>> = [1, 2].map(|seq| rating(seq).to_bytes()).to_vec();
    let head_1 = next_head(&genesis(&epoch), &records[0]);
    let run = Run { epoch, first_seq: 1, previous_head: genesis(&epoch), records };
    let device = DeviceId::new([0x11; 16]);
    let (header, body) = encode(&run, device, Nonce::new([0x22; 16]), &key);
    assert!(decode(&body).is_ok());
    let lines = String::from_utf8(zstd::decode_all(body.as_slice()).unwrap()).unwrap();

    let receipt_key = SigningKey::generate(&Constant(0x09));
    let receipt = Receipt {
        device,
        epoch,
        through_seq: 2,
        head: header.last_head,
        server_epoch: ServerEpoch::new([0x33; 16]),
        nonce: header.nonce,
        received_ms: 1_795_300_200_000,
    };
    let receipt_text = receipt.signed_text();
    let signed = receipt.sign(&receipt_key);
    let code = EnrolmentCode::parse("K7QM-2XJP-9W10").unwrap();
    let digest: String = code.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        key.verifying_key().to_string(),
        head_1.to_string(),
        header.signed_text(),
        lines,
        receipt_key.verifying_key().to_string(),
        receipt_text,
        serde_json::to_string(&signed).unwrap(),
        digest,
        genesis(&epoch).to_string(),
        next_head(&genesis(&epoch), b"{}").to_string(),
    ];
    for text in &expected {
        assert_on_page(text.trim_end());
    }
}

#[test]
fn every_address_media_type_limit_and_problem_is_on_the_page() {
    for text in [
        BATCHES_PATH,
        BATCH_MEDIA_TYPE,
        BATCH_ENCODING,
        ENROLMENT_PATH,
        RECEIPT_MEDIA_TYPE,
        PROBLEM_MEDIA_TYPE,
        HEARTBEATS_PATH,
        HEARTBEAT_MEDIA_TYPE,
        HEARTBEAT_ANSWER_MEDIA_TYPE,
        RENEWALS_PATH,
        RENEWAL_MEDIA_TYPE,
    ] {
        assert_on_page(text);
    }
    for bytes in [
        limits::BATCH_RECORDS_MAX,
        limits::BATCH_BYTES_MAX,
        limits::BATCH_BODY_MAX,
        limits::BATCH_HEADER_MAX,
        limits::ANSWER_BODY_MAX,
        limits::ENROLMENT_BODY_MAX,
        limits::HEARTBEAT_BODY_MAX,
        limits::RENEWAL_BODY_MAX,
        afterword_model::record::RECORD_BYTES_MAX,
    ] {
        assert_on_page(&format!("| {bytes} |"));
    }
    for kind in [
        ProblemType::Malformed,
        ProblemType::TooLarge,
        ProblemType::RecordUnreadable,
        ProblemType::NotContiguous,
        ProblemType::ChainConflict,
        ProblemType::NotAuthenticated,
        ProblemType::NotAllowed,
        ProblemType::NotFound,
        ProblemType::MethodNotAllowed,
        ProblemType::UnsupportedMediaType,
        ProblemType::TimedOut,
        ProblemType::Busy,
        ProblemType::Internal,
    ] {
        let urn = serde_json::to_string(&kind).unwrap();
        let name = urn.trim_matches('"').strip_prefix("urn:afterword:problem:").unwrap();
        assert_on_page(&format!("| `{name}` | {}", kind.status_and_title().0));
    }
}
