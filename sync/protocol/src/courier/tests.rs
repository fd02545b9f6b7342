//! A bundle that is anything but what its device wrote is refused.

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{Head, ServerEpoch, StoreEpoch, genesis};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::batch::{Batch, encode};
use crate::keys::{SigningKey, VerifyingKey};
use crate::queue::Run;
use crate::receipt::Nonce;

const EPOCH: StoreEpoch = StoreEpoch::new([9; 16]);
const DEVICE: DeviceId = DeviceId::new([1; 16]);

fn device_key() -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(1))
}

fn collector(seed: u64) -> CourierOpeningKey {
    CourierOpeningKey::generate(&SeededEntropy::new(seed))
}

/// Three runs of one chain, of two records each.
fn runs() -> Vec<Run> {
    let (mut previous_head, mut runs) = (genesis(&EPOCH), Vec::new());
    for first_seq in [1, 3, 5] {
        let record = |seq: u64| format!("{{\"seq\":{seq}}}").into_bytes();
        let records = vec![record(first_seq), record(first_seq + 1)];
        let run = Run { epoch: EPOCH, first_seq, previous_head, records };
        previous_head = run.last_head();
        runs.push(run);
    }
    runs
}

fn body(run: &Run, device: DeviceId, key: &SigningKey) -> Vec<u8> {
    encode(run, device, Nonce::new([2; 16]), key).1
}

fn bundle_of(bodies: &[Vec<u8>]) -> Vec<u8> {
    let entropy = SeededEntropy::new(5);
    let mut writer = CourierWriter::begin(Vec::new(), DEVICE, collector(7).public(), &entropy).unwrap();
    for body in bodies {
        writer.batch(body).unwrap();
    }
    writer.finish(&device_key()).unwrap()
}

fn bundle() -> Vec<u8> {
    bundle_of(&runs().iter().map(|run| body(run, DEVICE, &device_key())).collect::<Vec<_>>())
}

fn read(bytes: &[u8], key: &CourierOpeningKey) -> Result<Vec<Batch>, CourierError> {
    let mut reader = CourierReader::open(bytes, key)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch(&device_key().verifying_key())? {
        batches.push(batch);
    }
    Ok(batches)
}

fn refusal(bytes: &[u8]) -> CourierError {
    read(bytes, &collector(7)).unwrap_err()
}

/// Where each frame begins, its length included, and where the end does.
fn borders(bytes: &[u8]) -> Vec<usize> {
    let mut at = HEAD_BYTES;
    let mut borders = vec![at];
    loop {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if length == 0 {
            return borders;
        }
        at += 4 + length;
        borders.push(at);
    }
}

#[test]
fn what_was_packed_comes_out_byte_for_byte() {
    let batches = read(&bundle(), &collector(7)).unwrap();
    let records: Vec<_> =
        batches.iter().flat_map(|batch| &batch.records).map(|record| &record.bytes).collect();
    let runs = runs();
    assert_eq!(records, runs.iter().flat_map(|run| &run.records).collect::<Vec<_>>());
}

/// Written from the page alone by a program that shares no code with this one: page and code say the same.
#[test]
fn what_another_program_wrote_opens() {
    let key = CourierOpeningKey::from_pem(include_str!("tests/key.pem")).unwrap();
    assert_eq!(key.public().to_string(), "UKYUCbHd0DJemxa3AOcZ6XcsBwALG9d4bpB8ZT0gSV0=");
    let device: VerifyingKey = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=".parse().unwrap();
    let mut reader = CourierReader::open(&include_bytes!("tests/another.courier")[..], &key).unwrap();
    assert_eq!(reader.device(), DeviceId::new([0x11; 16]));
    let first = reader.next_batch(&device).unwrap().unwrap();
    let second = reader.next_batch(&device).unwrap().unwrap();
    assert!(reader.next_batch(&device).unwrap().is_none());
    assert_eq!((first.header.last_seq(), second.header.last_seq()), (1, 2));
    let head = "b77e9d367abdb798b2da84daf4e4879a916285694de26886e1185c58c88fd9d7";
    assert_eq!(second.header.last_head.to_string(), head, "that of the page's example");
}

/// Head, two frames and end as they were when the first such file was written: another layout would leave those unread.
#[test]
fn the_layout_is_what_it_was() {
    let bytes = bundle_of(&[b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(bytes.len(), HEAD_BYTES + 2 * (4 + 3 + TAG_BYTES) + 8 + SIGNATURE_BYTES);
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(
        data_encoding::HEXLOWER.encode(&digest),
        "8352d9e3b7081a1ce7b8f76f104a0c96d57a2be34ab212e0fa10dff06106f74e"
    );
}

#[test]
fn nobody_reads_in_it_without_the_collectors_key() {
    let bytes = bundle();
    assert!(!bytes.windows(4).any(|window| window == [0x28, 0xb5, 0x2f, 0xfd]), "zstd's magic shows");
    let refused = read(&bytes, &collector(8)).unwrap_err();
    assert!(matches!(refused, CourierError::OtherCollector(id) if id == collector(7).public().id()));
    // Even when somebody writes the other key's name over it.
    let mut renamed = bytes;
    let at = MAGIC.len() + DEVICE_BYTES;
    renamed[at..at + KEY_ID_BYTES].copy_from_slice(&collector(8).public().id().0);
    assert!(matches!(read(&renamed, &collector(8)), Err(CourierError::Changed(1))));
}

#[test]
fn a_bundle_that_was_cut_anywhere_is_refused() {
    let bytes = bundle();
    for length in 0..bytes.len() {
        let refused = refusal(&bytes[..length]);
        let expected = if length < MAGIC.len() { "no courier bundle" } else { "breaks off" };
        assert!(refused.to_string().contains(expected), "{length}: {refused}");
    }
    // Cut at a border and closed again with the end that the whole has.
    let borders = borders(&bytes);
    let end = *borders.last().unwrap();
    for &border in &borders[..borders.len() - 1] {
        let closed = [&bytes[..border], &bytes[end..]].concat();
        assert!(matches!(refusal(&closed), CourierError::Unsigned), "{border}");
    }
}

#[test]
fn a_bit_that_was_changed_anywhere_is_noticed() {
    let bytes = bundle();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(read(&changed, &collector(7)).is_err(), "byte {at}");
    }
}

#[test]
fn frames_in_another_order_left_out_or_twice_are_refused() {
    let bytes = bundle();
    let borders = borders(&bytes);
    let frame = |index: usize| &bytes[borders[index]..borders[index + 1]];
    let (head, end) = (&bytes[..borders[0]], &bytes[borders[3]..]);
    let with = |frames: &[&[u8]]| [&[head], frames, &[end]].concat().concat();
    assert_eq!(with(&[frame(0), frame(1), frame(2)]), bytes);
    for (frames, number) in [
        (vec![frame(1), frame(0), frame(2)], 1),
        (vec![frame(0), frame(2), frame(1)], 2),
        (vec![frame(0), frame(2)], 2),
        (vec![frame(0), frame(0), frame(1), frame(2)], 2),
    ] {
        let refused = refusal(&with(&frames));
        assert!(matches!(refused, CourierError::Changed(found) if found == number), "{refused}");
    }
}

#[test]
fn what_follows_on_the_end_is_refused() {
    assert!(matches!(refusal(&[bundle(), vec![0]].concat()), CourierError::Trailing));
    assert!(matches!(refusal(&bundle().repeat(2)), CourierError::Trailing));
}

#[test]
fn an_end_that_another_device_signed_is_refused() {
    let stranger = SigningKey::generate(&SeededEntropy::new(2));
    let mut writer =
        CourierWriter::begin(Vec::new(), DEVICE, collector(7).public(), &SeededEntropy::new(5)).unwrap();
    writer.batch(&body(&runs()[0], DEVICE, &device_key())).unwrap();
    assert!(matches!(refusal(&writer.finish(&stranger).unwrap()), CourierError::Unsigned));
}

#[test]
fn a_batch_of_another_device_key_or_place_is_refused() {
    let (runs, stranger) = (runs(), SigningKey::generate(&SeededEntropy::new(2)));
    let (first, third) = (body(&runs[0], DEVICE, &device_key()), body(&runs[2], DEVICE, &device_key()));
    let elsewhere = Run { epoch: StoreEpoch::new([8; 16]), ..runs[1].clone() };
    let other_chain = Run { previous_head: Head::new([3; 32]), ..runs[1].clone() };
    for (second, complaint) in [
        (body(&runs[1], DeviceId::new([4; 16]), &device_key()), "of the device"),
        (body(&runs[1], DEVICE, &stranger), "signed with"),
        (third, "follows on"),
        (body(&elsewhere, DEVICE, &device_key()), "follows on"),
        (body(&other_chain, DEVICE, &device_key()), "follows on"),
        (b"no batch at all".to_vec(), "cannot be read"),
    ] {
        let refused = refusal(&bundle_of(&[first.clone(), second])).to_string();
        assert!(refused.contains("batch 2") && refused.contains(complaint), "{refused}");
    }
}

#[test]
fn a_frame_that_claims_gigabytes_is_refused_by_its_length_alone() {
    let mut bytes = bundle();
    bytes[HEAD_BYTES..HEAD_BYTES + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(refusal(&bytes), CourierError::TooLarge { .. }));
}

#[test]
fn an_empty_bundle_is_none() {
    assert!(matches!(refusal(&bundle_of(&[])), CourierError::Unsigned));
}

#[test]
fn a_bundle_has_an_end_to_its_batches() {
    let run = &runs()[0];
    let mut writer =
        CourierWriter::begin(std::io::sink(), DEVICE, collector(7).public(), &SeededEntropy::new(5)).unwrap();
    let body = body(run, DEVICE, &device_key());
    for _ in 0..crate::limits::COURIER_BATCHES_MAX {
        assert!(!writer.is_full());
        writer.batch(&body).unwrap();
    }
    assert!(writer.is_full());
}

#[test]
fn keys_survive_their_file_and_their_text() {
    let key = collector(7);
    let again = CourierOpeningKey::from_pem(&key.to_pem()).unwrap();
    assert_eq!(again.public(), key.public());
    let json = serde_json::to_string(key.public()).unwrap();
    assert_eq!(serde_json::from_str::<CourierKey>(&json).unwrap(), *key.public());
    assert!(serde_json::from_str::<CourierKey>("\"AAAA\"").is_err());
    assert!(!format!("{key:?}").contains(key.to_pem().lines().nth(1).unwrap()));
}

#[test]
fn a_nonce_is_the_same_again_and_another_elsewhere() {
    let (head, known) = (Head::new([3; 32]), Some(ServerEpoch::new([4; 16])));
    let nonce = courier_nonce(&device_key(), EPOCH, 5, head, known);
    assert_eq!(courier_nonce(&device_key(), EPOCH, 5, head, known), nonce);
    let stranger = SigningKey::generate(&SeededEntropy::new(2));
    for other in [
        courier_nonce(&stranger, EPOCH, 5, head, known),
        courier_nonce(&device_key(), StoreEpoch::new([8; 16]), 5, head, known),
        courier_nonce(&device_key(), EPOCH, 6, head, known),
        courier_nonce(&device_key(), EPOCH, 5, Head::new([2; 32]), known),
        courier_nonce(&device_key(), EPOCH, 5, head, Some(ServerEpoch::new([5; 16]))),
        courier_nonce(&device_key(), EPOCH, 5, head, None),
    ] {
        assert_ne!(other, nonce);
    }
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), cut in 0_usize..2_000) {
        let _ = read(&bytes, &collector(7));
        let whole = bundle();
        let spliced = [&whole[..cut.min(whole.len())], &bytes[..]].concat();
        let _ = read(&spliced, &collector(7));
    }
}
