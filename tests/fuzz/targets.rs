//! What arrives from outside, given anything at all: each target takes bytes and checks what must hold of them.
//!
//! A target panics when something does not hold. It must not panic on any input otherwise, and never take more memory
//! than the limits allow.

use std::path::Path;

use afterword_agent::RawAnswer;
use afterword_agent::answer::{Answer, classify};
use afterword_kiosk::config::Config;
use afterword_model::carried::{Carried, Origin, wrap};
use afterword_model::case::{Case, CaseRecord};
use afterword_model::content::Content;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, Head, StoreEpoch, next_head};
use afterword_model::response::Response;
use afterword_model::survey::{self, limits as survey_limits};
use afterword_protocol::batch::{self, BATCH_VERSION, BatchHeader};
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::courier::{CourierOpeningKey, CourierReader, CourierWriter};
use afterword_protocol::heartbeat::{Heartbeat, HeartbeatAnswer};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::limits::{
    BATCH_BODY_MAX, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, CASE_STEPS_MAX, CHANGE_TEXT_CHARS_MAX,
    CHANGES_SHOWN_MAX, FRAME_MAX, RECORD_BYTES_MAX,
};
use afterword_protocol::local::{Reply, Request, decode_frame, encode_frame, frame_length};
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem};
use afterword_protocol::queue::Run;
use afterword_protocol::receipt::{Nonce, RECEIPT_MEDIA_TYPE};
use afterword_protocol::renewal::{RenewalRequest, Renewed};

/// The key of the device and of the collector in the corpora.
pub(crate) fn key() -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(7))
}

/// A batch's body, and the same bytes as what a body holds before compression.
pub(crate) fn batch(data: &[u8]) {
    check_batch(data);
    if let Ok(body) = zstd::bulk::compress(data, 1) {
        check_batch(&body);
    }
}

fn check_batch(body: &[u8]) {
    let Ok(batch) = batch::decode(body) else { return };
    let mut head = batch.header.previous_head;
    for record in &batch.records {
        assert!(record.bytes.len() <= RECORD_BYTES_MAX && !record.bytes.contains(&b'\n'));
        head = next_head(&head, &record.bytes);
        assert_eq!(head, record.head, "every head is the chain's");
    }
    assert_eq!(head, batch.header.last_head);
    assert_eq!(batch.records.len(), batch.header.count);
    assert!((1..=BATCH_RECORDS_MAX).contains(&batch.header.count));
    let bytes: usize = batch.records.iter().map(|record| record.bytes.len()).sum();
    assert!(bytes <= BATCH_BYTES_MAX + BATCH_RECORDS_MAX + 1_024);
    let _ = batch.header.is_signed_by(&key().verifying_key());
}

/// The header that the receipts of the corpus answer.
pub(crate) fn sent() -> BatchHeader {
    BatchHeader {
        v: BATCH_VERSION,
        device: DeviceId::new([1; 16]),
        epoch: StoreEpoch::new([2; 16]),
        first_seq: 1,
        count: 3,
        previous_head: Head::new([3; 32]),
        last_head: Head::new([4; 32]),
        nonce: Nonce::new([5; 16]),
        signature: key().sign(b""),
    }
}

/// The body of an answer: as a receipt, and as a problem under every status that means something.
pub(crate) fn receipt(data: &[u8]) {
    let (sent, key) = (sent(), key().verifying_key());
    let answer = |status, media_type: &str| RawAnswer {
        status,
        content_type: Some(media_type.to_owned()),
        body: data.to_vec(),
        retry_after: std::str::from_utf8(data).ok().map(str::to_owned),
        date: std::str::from_utf8(data).ok().map(str::to_owned),
    };
    if let Answer::Receipt(signed) = classify(&answer(200, RECEIPT_MEDIA_TYPE), &sent, &key, 0) {
        assert!(signed.is_signed_by(&key), "an unsigned receipt was believed");
        assert_eq!((signed.receipt.through_seq, signed.receipt.head), (sent.last_seq(), sent.last_head));
    }
    for status in [200, 400, 401, 403, 408, 409, 413, 422, 429, 500, 503] {
        let answered = classify(&answer(status, PROBLEM_MEDIA_TYPE), &sent, &key, 0);
        assert!(!matches!(answered, Answer::Receipt(_)), "a problem was taken for a receipt");
    }
    if let Ok(problem) = serde_json::from_slice::<Problem>(data) {
        let again = serde_json::to_vec(&problem).expect("a problem can be written");
        assert_eq!(serde_json::from_slice::<Problem>(&again).expect("and read"), problem);
    }
}

/// The key that the bundles of the corpus are sealed to.
pub(crate) fn courier_key() -> CourierOpeningKey {
    CourierOpeningKey::generate(&SeededEntropy::new(8))
}

/// A courier bundle, and the same bytes as a batch that somebody has sealed: the key to do so is no secret.
pub(crate) fn courier(data: &[u8]) {
    check_bundle(data);
    if data.len() <= BATCH_BODY_MAX {
        let (device, entropy) = (DeviceId::new([1; 16]), SeededEntropy::new(9));
        let writer = CourierWriter::begin(Vec::new(), device, courier_key().public(), &entropy);
        let mut writer = writer.expect("a vector takes everything");
        writer.batch(data).expect("a vector takes everything");
        check_bundle(&writer.finish(&key()).expect("a vector takes everything"));
    }
}

fn check_bundle(bytes: &[u8]) {
    let Ok(mut reader) = CourierReader::open(bytes, &courier_key()) else { return };
    let mut follows = None;
    loop {
        match reader.next_batch(&key().verifying_key()) {
            Ok(Some(batch)) => {
                let header = &batch.header;
                assert_eq!(header.device, reader.device());
                assert!(follows.is_none_or(|head| head == header.previous_head), "a gap was not seen");
                follows = Some(header.last_head);
            }
            Ok(None) => return assert!(follows.is_some(), "a bundle without a batch"),
            Err(error) => {
                let shown = error.to_string();
                assert!(!shown.chars().any(char::is_control), "{shown:?} would play with a terminal");
                return;
            }
        }
    }
}

/// A survey file.
pub(crate) fn survey(data: &[u8]) {
    match survey::parse_bytes(data) {
        Ok(parsed) => {
            assert!(data.len() <= survey_limits::FILE_BYTES_MAX);
            assert!(parsed.survey.questions.len() <= survey_limits::QUESTIONS_MAX);
        }
        Err(found) => {
            assert!(!found.is_empty() && found.len() <= survey_limits::DIAGNOSTICS_MAX + 1);
            for diagnostic in found {
                let shown = diagnostic.to_string();
                assert!(!shown.chars().any(char::is_control), "{shown:?} would play with a terminal");
            }
        }
    }
}

/// A configuration file.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = Config::parse(Path::new("kiosk.toml"), text) {
        let shown = error.to_string();
        assert!(shown.starts_with("kiosk.toml:"), "{shown:?} does not say where");
    }
}

/// What comes over the device's socket, in both directions.
pub(crate) fn socket(data: &[u8]) {
    if let Some(prefix) = data.first_chunk::<4>()
        && let Ok(length) = frame_length(*prefix)
    {
        assert!(length <= FRAME_MAX);
    }
    if let Ok(request) = decode_frame::<Request>(data) {
        if let Request::KeepChanges(changes) = &request {
            check_changes(changes);
        }
        if let Request::KeepCaseSteps(steps) = &request {
            check_case_steps(steps);
        }
        let frame = encode_frame(&request).expect("what fitted a frame fits one");
        assert!(decode_frame::<Request>(&frame[4..]).is_ok());
    }
    if let Ok(Reply::Next { run: Some(frame) }) = decode_frame::<Reply>(data) {
        // Whatever it holds, the agent bounds it before it uses it.
        let _ = Run::try_from(frame);
    }
}

/// Heartbeats and renewals, in both directions.
pub(crate) fn heartbeat(data: &[u8]) {
    let _ = serde_json::from_slice::<RenewalRequest>(data);
    let _ = serde_json::from_slice::<Renewed>(data);
    if let Ok(HeartbeatAnswer { changes, case_steps, .. }) = serde_json::from_slice(data) {
        changes.iter().for_each(check_changes);
        case_steps.iter().for_each(check_case_steps);
    }
    if let Ok(heartbeat) = serde_json::from_slice::<Heartbeat>(data) {
        let again = serde_json::to_vec(&heartbeat).expect("a heartbeat can be written");
        assert_eq!(serde_json::from_slice::<Heartbeat>(&again).expect("and read"), heartbeat);
    }
}

/// Steps that pass are few and short, and say nothing that plays with a screen; whatever they are, a case can be made of them.
fn check_case_steps(steps: &CaseSteps) {
    if steps.check().is_ok() {
        assert!(steps.steps.len() <= CASE_STEPS_MAX);
        let words = steps.steps.iter().filter_map(|held| held.event.step.words());
        assert!(!words.flat_map(str::chars).any(survey::is_refused), "they would play with the screen");
    }
    let case: Case = steps.steps.iter().cloned().collect();
    let status = case.status();
    assert_eq!(status.is_closed(), !status.verifications.is_empty());
}

/// What is shown of a list that passes has nothing in it that plays with a screen, and a message about one that does not
/// has nothing that plays with a terminal.
fn check_changes(changes: &Changes) {
    match changes.check() {
        Ok(()) => {
            assert!(changes.items.len() <= CHANGES_SHOWN_MAX);
            let words = changes.items.iter().flat_map(|item| item.said.values().chain(item.did.values()));
            for text in words {
                assert!(text.chars().count() <= CHANGE_TEXT_CHARS_MAX);
                assert!(!text.chars().any(survey::is_refused), "{text:?} would play with the screen");
            }
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.chars().any(survey::is_refused), "{shown:?} would play with a terminal");
        }
    }
}

/// A record's bytes, plain or carried.
pub(crate) fn record(data: &[u8]) {
    for seq in [1, 7] {
        let _ = Response::from_bytes(seq, data);
        if let Ok(Content::Case(record)) = Content::from_bytes(seq, data) {
            assert!(Response::from_bytes(seq, data).is_err(), "it is read as both");
            let plain = CaseRecord::from_bytes(record.seq, &record.to_bytes());
            assert_eq!(plain.expect("what was read can be read again"), *record);
        }
    }
    let stood_at = Origin { epoch: StoreEpoch::new([9; 16]), seq: 3 };
    let before = Carried::read(data).ok();
    let Ok(wrapped) = wrap(8, stood_at, data) else { return };
    let carried = Carried::read(&wrapped).expect("what was wrapped can be read");
    match before {
        Some(before) => assert_eq!((carried.origin, carried.record), (before.origin, before.record)),
        None => assert_eq!((carried.origin, carried.record), (stood_at, data), "byte for byte"),
    }
}
