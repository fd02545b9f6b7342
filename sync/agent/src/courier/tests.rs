//! Packing and accepting, against a kiosk that holds its records in memory.

use std::fs;
use std::path::Path;

use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, Head, Seq, ServerEpoch, StoreEpoch, genesis, next_head};
use afterword_protocol::batch::Batch;
use afterword_protocol::changes::Changes;
use afterword_protocol::courier::{CourierOpeningKey, CourierReader, courier_nonce};
use afterword_protocol::limits::COURIER_BATCHES_MAX;
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, Health, Position, Queue, QueueError, Run, Take,
};
use afterword_protocol::receipt::{Nonce, Receipt, SignedReceipt};

use super::*;
use crate::identity::Identity;
use crate::testing::{COLLECTOR_SEED, identity, key};

/// What happens to a shop while it is asked for records.
type Mishap = Box<dyn FnMut(&mut Shop) + Send>;

struct Shop {
    position: Position,
    records: Vec<Vec<u8>>,
    /// The chain's head before the first record, and after each that was there at the beginning.
    heads: Vec<Head>,
    /// Records up to here are gone.
    purged: Seq,
    per_run: usize,
    mishap: Option<Mishap>,
    taken: Vec<SignedReceipt>,
}

impl Shop {
    fn with(count: usize) -> Self {
        let epoch = StoreEpoch::new([2; 16]);
        let records: Vec<_> = (1..=count).map(|seq| format!("{{\"seq\":{seq}}}").into_bytes()).collect();
        let mut heads = vec![genesis(&epoch)];
        heads.extend(records.iter().scan(heads[0], |head, bytes| {
            *head = next_head(head, bytes);
            Some(*head)
        }));
        let head = heads[count];
        let last_seq = count as Seq;
        let position = Position { epoch, last_seq, head, acknowledged_seq: 0, server_epoch: None };
        Self { position, records, heads, purged: 0, per_run: 3, mishap: None, taken: Vec::new() }
    }

    fn head(&self, seq: Seq) -> Head {
        let (seq, known) = (usize::try_from(seq).unwrap(), self.heads.len() - 1);
        let later = self.records.get(known..seq).unwrap_or_default();
        later.iter().fold(self.heads[seq.min(known)], |head, bytes| next_head(&head, bytes))
    }

    /// The receipt for everything up to this record, in this life of the collector's database.
    fn receipt(&self, through_seq: Seq, server_epoch: ServerEpoch, nonce: Nonce) -> Receipt {
        Receipt {
            device: DeviceId::new([1; 16]),
            epoch: self.position.epoch,
            through_seq,
            head: self.head(through_seq),
            server_epoch,
            nonce,
            received_ms: 7,
        }
    }

    /// The nonce that a bundle which ends here has, when it is packed now.
    fn nonce(&self, identity: &Identity, last_seq: Seq) -> Nonce {
        let Position { epoch, server_epoch, .. } = self.position;
        courier_nonce(identity.key(), epoch, last_seq, self.head(last_seq), server_epoch)
    }
}

impl Queue for Shop {
    async fn position(&mut self) -> Result<Position, QueueError> {
        Ok(self.position.clone())
    }

    async fn next(&mut self, take: Take) -> Result<Option<Run>, QueueError> {
        if let Some(mut mishap) = self.mishap.take() {
            mishap(self);
            self.mishap = Some(mishap);
        }
        let after = take.after_seq.max(self.purged);
        let from = usize::try_from(after).unwrap();
        let to = (from + self.per_run.min(take.records_max)).min(self.records.len());
        Ok((from < to).then(|| Run {
            epoch: self.position.epoch,
            first_seq: after + 1,
            previous_head: self.head(after),
            records: self.records[from..to].to_vec(),
        }))
    }

    async fn accept(&mut self, receipt: &SignedReceipt) -> Result<Acceptance, QueueError> {
        let Receipt { through_seq, head, server_epoch, .. } = receipt.receipt;
        if through_seq > self.position.last_seq {
            return Ok(Acceptance::WrongStore);
        }
        if head != self.head(through_seq) {
            return Ok(Acceptance::WrongHead);
        }
        (self.position.acknowledged_seq, self.position.server_epoch) = (through_seq, Some(server_epoch));
        self.taken.push(receipt.clone());
        Ok(Acceptance::Stored)
    }

    async fn health(&mut self) -> Result<Option<Health>, QueueError> {
        Ok(None)
    }

    async fn begin_anew(&mut self, _: BeginReason) -> Result<Begun, QueueError> {
        Ok(Begun::Unsupported)
    }

    async fn keep_changes(&mut self, _: &Changes) -> Result<(), QueueError> {
        Ok(())
    }
}

fn courier_key() -> CourierOpeningKey {
    CourierOpeningKey::generate(&SeededEntropy::new(7))
}

fn device() -> Identity {
    identity(1).sealing_to(courier_key().public().clone())
}

async fn packed_after(shop: &mut Shop, out: &Path, after_seq: Option<Seq>) -> Result<Vec<Packed>, PackError> {
    let (identity, entropy) = (device(), SeededEntropy::new(3));
    let order = Pack { identity: &identity, entropy: &entropy, out, after_seq, device: None };
    pack(shop, order).await
}

async fn packed(shop: &mut Shop, out: &Path) -> Result<Vec<Packed>, PackError> {
    packed_after(shop, out, None).await
}

fn opened(bundle: &Packed) -> Vec<Batch> {
    let bytes = fs::read(&bundle.path).unwrap();
    let mut reader = CourierReader::open(&bytes[..], &courier_key()).unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch(&key(1).verifying_key()).unwrap() {
        batches.push(batch);
    }
    batches
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn signed(receipt: Receipt) -> SignedReceipt {
    receipt.sign(&key(COLLECTOR_SEED))
}

const OLD: ServerEpoch = ServerEpoch::new([5; 16]);
const NEW: ServerEpoch = ServerEpoch::new([6; 16]);

#[tokio::test]
async fn what_is_unsent_is_in_one_bundle_byte_for_byte() {
    let stick = tempfile::tempdir().unwrap();
    let mut shop = Shop::with(8);
    (shop.position.acknowledged_seq, shop.position.server_epoch) = (2, Some(OLD));
    let bundles = packed(&mut shop, stick.path()).await.unwrap();
    let name = format!("afterword-{}-3-8.courier", "01".repeat(16));
    assert_eq!(bundles, [Packed { path: stick.path().join(&name), first_seq: 3, last_seq: 8 }]);
    assert_eq!(names(stick.path()), std::slice::from_ref(&name));
    let batches = opened(&bundles[0]);
    let records: Vec<_> =
        batches.iter().flat_map(|batch| &batch.records).map(|record| &record.bytes).collect();
    assert_eq!(records, shop.records[2..].iter().collect::<Vec<_>>());
    assert_eq!(batches.last().unwrap().header.nonce, shop.nonce(&device(), 8));
    assert_eq!(packed(&mut shop, stick.path()).await.unwrap(), bundles, "again as often as wanted");
    assert_eq!(names(stick.path()), [name]);
    let all = packed_after(&mut shop, stick.path(), Some(0)).await.unwrap();
    assert_eq!((all[0].first_seq, all[0].last_seq), (1, 8), "a restored collector asks for more");
}

#[tokio::test]
async fn nothing_unsent_writes_nothing() {
    let stick = tempfile::tempdir().unwrap();
    let mut shop = Shop::with(4);
    shop.position.acknowledged_seq = 4;
    assert_eq!(packed(&mut shop, stick.path()).await.unwrap(), []);
    assert_eq!(packed(&mut Shop::with(0), stick.path()).await.unwrap(), []);
    assert_eq!(names(stick.path()), [""; 0]);
}

#[tokio::test]
async fn what_comes_while_it_packs_has_to_wait_for_the_next_bundle() {
    let stick = tempfile::tempdir().unwrap();
    let mut shop = Shop::with(4);
    shop.mishap = Some(Box::new(|shop| shop.records.push(b"{}".to_vec())));
    let bundles = packed(&mut shop, stick.path()).await.unwrap();
    assert_eq!((bundles.len(), bundles[0].last_seq), (1, 6), "a busy shop comes to an end");
}

#[tokio::test]
async fn a_stick_that_is_pulled_leaves_no_half_bundle() {
    let stick = tempfile::tempdir().unwrap();
    let out = stick.path().join("mounted");
    fs::create_dir(&out).unwrap();
    let (pulled, mut asked) = (out.clone(), 0);
    let mut shop = Shop::with(8);
    shop.mishap = Some(Box::new(move |_| {
        asked += 1;
        if asked == 2 {
            fs::rename(&pulled, pulled.with_file_name("pulled")).unwrap();
        }
    }));
    let error = packed(&mut shop, &out).await.unwrap_err();
    assert!(matches!(error, PackError::Write { .. }), "{error}");
    let left = names(&stick.path().join("pulled"));
    assert!(left.iter().all(|name| name.ends_with(".part")), "{left:?}");
    let gone = packed(&mut shop, &out).await.unwrap_err();
    assert!(matches!(gone, PackError::NoFolder(_)), "{gone}");

    // Put in again, the leftover goes.
    fs::rename(stick.path().join("pulled"), &out).unwrap();
    shop.mishap = None;
    packed(&mut shop, &out).await.unwrap();
    let name = format!("afterword-{}-1-8.courier", "01".repeat(16));
    assert_eq!(names(&out), [name]);
}

#[tokio::test]
async fn a_store_that_changes_meanwhile_is_packed_again() {
    let other_store: Mishap = Box::new(|shop| shop.position.epoch = StoreEpoch::new([9; 16]));
    let received: Mishap = Box::new(|shop| shop.purged = 5);
    let mut asked = 0;
    let received_later: Mishap = Box::new(move |shop| {
        asked += 1;
        shop.purged = if asked < 2 { 0 } else { 5 };
    });
    for (mishap, is_good) in [(other_store, false), (received, true), (received_later, false)] {
        let stick = tempfile::tempdir().unwrap();
        let mut shop = Shop::with(8);
        shop.mishap = Some(mishap);
        match packed(&mut shop, stick.path()).await {
            Ok(bundles) => assert!(is_good && bundles[0].first_seq == 6),
            Err(error) => {
                assert!(!is_good && matches!(error, PackError::Changed(_)), "{error}");
                assert_eq!(names(stick.path()), [""; 0]);
            }
        }
    }
}

#[tokio::test]
async fn more_than_a_bundle_holds_goes_into_several() {
    let stick = tempfile::tempdir().unwrap();
    let most = Seq::from(COURIER_BATCHES_MAX);
    let mut shop = Shop { per_run: 1, ..Shop::with(usize::try_from(most).unwrap() + 2) };
    let bundles = packed(&mut shop, stick.path()).await.unwrap();
    let ranges: Vec<_> = bundles.iter().map(|bundle| (bundle.first_seq, bundle.last_seq)).collect();
    assert_eq!(ranges, [(1, most), (most + 1, most + 2)]);
}

#[tokio::test]
async fn without_the_collectors_key_nothing_is_sealed() {
    let stick = tempfile::tempdir().unwrap();
    let order = Pack {
        identity: &identity(1),
        entropy: &SeededEntropy::new(3),
        out: stick.path(),
        after_seq: None,
        device: None,
    };
    assert!(matches!(pack(&mut Shop::with(1), order).await, Err(PackError::NoKey)));
}

#[tokio::test]
async fn the_receipt_for_what_was_packed_is_handed_on() {
    let mut shop = Shop::with(6);
    let receipt = signed(shop.receipt(5, OLD, shop.nonce(&device(), 5)));
    assert_eq!(accept(&mut shop, &device(), &receipt).await.unwrap(), Acceptance::Stored);
    assert_eq!(accept(&mut shop, &device(), &receipt).await.unwrap(), Acceptance::Stale);
    assert_eq!(shop.taken, [receipt]);
    // Packed before that one was accepted, and imported in the same life of the collector.
    let before = signed(shop.receipt(6, OLD, Nonce::new([1; 16])));
    assert_eq!(accept(&mut shop, &device(), &before).await.unwrap(), Acceptance::Stored);
}

#[tokio::test]
async fn a_receipt_of_anybody_or_anything_else_acknowledges_nothing() {
    let mut shop = Shop::with(6);
    let good = shop.receipt(5, OLD, shop.nonce(&device(), 5));
    let mut changed = signed(good.clone());
    changed.receipt.through_seq = 6;
    let other_head = Receipt { head: Head::new([8; 32]), ..good.clone() };
    let with_its_nonce = |receipt: Receipt| {
        let Receipt { epoch, through_seq, head, .. } = receipt;
        Receipt { nonce: courier_nonce(device().key(), epoch, through_seq, head, None), ..receipt }
    };
    for (receipt, complaint) in [
        (good.clone().sign(&key(2)), "not signed by the collector"),
        (changed, "not signed by the collector"),
        (signed(Receipt { device: DeviceId::new([3; 16]), ..good.clone() }), "another device"),
        (signed(Receipt { epoch: StoreEpoch::new([3; 16]), ..good.clone() }), "has left"),
        (signed(with_its_nonce(other_head)), "other records"),
        (signed(with_its_nonce(Receipt { through_seq: 7, ..good })), "does not have"),
    ] {
        let refused = accept(&mut shop, &device(), &receipt).await.unwrap_err().to_string();
        assert!(refused.contains(complaint), "{refused}");
    }
    assert_eq!(shop.taken, []);
}

#[tokio::test]
async fn a_receipt_from_before_a_restore_lets_nothing_go_once_the_restore_is_known() {
    let mut shop = Shop::with(6);
    (shop.position.acknowledged_seq, shop.position.server_epoch) = (2, Some(OLD));
    let from_before = signed(shop.receipt(6, OLD, shop.nonce(&device(), 6)));
    // The collector is restored, and a bundle that was packed before that is imported by its new life.
    let from_after = signed(shop.receipt(4, NEW, shop.nonce(&device(), 4)));
    assert_eq!(accept(&mut shop, &device(), &from_after).await.unwrap(), Acceptance::Stored);
    assert!(matches!(accept(&mut shop, &device(), &from_before).await, Err(AcceptError::Outdated)));
    let says_nothing_new = signed(shop.receipt(3, OLD, Nonce::new([1; 16])));
    assert_eq!(accept(&mut shop, &device(), &says_nothing_new).await.unwrap(), Acceptance::Stale);
    assert_eq!(shop.taken, [from_after]);
}

#[test]
fn a_stick_is_searched_for_receipts_and_rubbish_is_none() {
    let stick = tempfile::tempdir().unwrap();
    let receipt = signed(Shop::with(1).receipt(1, OLD, Nonce::new([1; 16])));
    let written = serde_json::to_vec(&receipt).unwrap();
    for (name, content) in [
        ("b.receipt", &written[..]),
        ("a.receipt", b"rubbish"),
        ("a.courier", b""),
        ("c.receipt", &[b'x'; 99_999]),
    ] {
        fs::write(stick.path().join(name), content).unwrap();
    }
    let found = receipts_in(stick.path()).unwrap();
    assert_eq!(found, ["a", "b", "c"].map(|name| stick.path().join(format!("{name}.receipt"))));
    assert!(matches!(read_receipt(&found[0]), Err(AcceptError::NotAReceipt)));
    assert_eq!(read_receipt(&found[1]).unwrap(), receipt);
    assert!(matches!(read_receipt(&found[2]), Err(AcceptError::NotAReceipt)));
    assert!(matches!(read_receipt(&stick.path().join("none")), Err(AcceptError::File(_))));
}

#[tokio::test]
async fn with_one_stick_receipts_are_taken_first_and_the_rest_is_packed() {
    let stick = tempfile::tempdir().unwrap();
    let mut shop = Shop::with(6);
    let here = std::os::unix::fs::MetadataExt::dev(&fs::metadata(stick.path()).unwrap());
    let (identity, entropy) = (device(), SeededEntropy::new(3));
    let order = Pack {
        identity: &identity,
        entropy: &entropy,
        out: stick.path(),
        after_seq: None,
        device: Some(here),
    };
    let ours = signed(shop.receipt(4, OLD, shop.nonce(&device(), 4)));
    let theirs = signed(Receipt { device: DeviceId::new([3; 16]), ..ours.receipt.clone() });
    for (name, content) in [
        ("a.receipt", serde_json::to_vec(&ours).unwrap()),
        ("b.receipt", serde_json::to_vec(&theirs).unwrap()),
        ("c.receipt", b"rubbish".to_vec()),
    ] {
        fs::write(stick.path().join(name), content).unwrap();
    }
    let Trip { confirmed, refused, packed } = take_and_pack(&mut shop, order).await.unwrap();
    assert_eq!((confirmed, refused), (4, 1), "the one for another device is left for it");
    assert_eq!(packed.iter().map(|one| (one.first_seq, one.last_seq)).collect::<Vec<_>>(), [(5, 6)]);

    let elsewhere = Pack { device: Some(here + 1), ..order };
    let error = take_and_pack(&mut Shop::with(1), elsewhere).await.unwrap_err();
    assert!(
        matches!(&error, PackError::Write { error, .. } if error.kind() == std::io::ErrorKind::NotFound),
        "the folder is there, the stick is not: {error}"
    );
    let pulled = stick.path().join("pulled");
    let error = take_and_pack(&mut Shop::with(1), Pack { out: &pulled, ..order }).await.unwrap_err();
    assert!(matches!(error, PackError::NoFolder(_)), "{error}");
}
