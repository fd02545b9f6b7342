//! Records that a device carried into a later epoch: counted once, whatever comes first.

use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_protocol::problem::ProblemType;

use crate::support::{Device, Server, rating};

/// The same device after it began anew, with these records of its former epoch carried.
fn carrying(before: &Device, seqs: &[u64]) -> (StoreEpoch, Vec<Vec<u8>>) {
    let wrapped = (1..).zip(seqs).map(|(seq, &origin_seq)| {
        let origin = Origin { epoch: before.epoch, seq: origin_seq };
        wrap(seq, origin, &before.records[usize::try_from(origin_seq).unwrap() - 1]).unwrap()
    });
    (StoreEpoch::new([8; 16]), wrapped.collect())
}

#[tokio::test]
async fn what_is_held_and_carried_is_counted_once_in_either_order() {
    for carried_first in [false, true] {
        let server = Server::start().await;
        let mut device = server.device("Exit").await.with_records(6);
        let former = device.batch(1, 4);
        let (epoch, records) = carrying(&device, &[2, 3, 4, 5, 6]);
        (device.epoch, device.records) = (epoch, records);
        let anew = device.batch(1, 5);
        let (first, second) = if carried_first { (anew, former) } else { (former, anew) };
        device.send(first).await.receipt();
        device.send(second).await.receipt();
        let report = server.verify();
        let parked: u64 = report.stores.iter().map(|store| store.parked).sum();
        // 1 to 4 are held; of the five carried ones, 5 and 6 are news.
        assert_eq!((report.records(), report.copies, report.counted(), parked), (9, 3, 6, 0));
    }
}

#[tokio::test]
async fn what_is_carried_twice_is_counted_once_and_other_bytes_are_no_copy() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(3);
    let (epoch, once) = carrying(&device, &[1, 2]);
    let (_, twice) = carrying(&device, &[1, 2]);
    let origin = Origin { epoch: device.epoch, seq: 2 };
    let face_changed = String::from_utf8(rating(2).to_bytes()).unwrap().replace("\"face\":3", "\"face\":5");
    let other = wrap(3, origin, face_changed.as_bytes()).unwrap();
    device.epoch = epoch;
    device.records = once;
    device.send(device.batch(1, 2)).await.receipt();
    device.epoch = StoreEpoch::new([9; 16]);
    device.records = [twice, vec![other]].concat();
    device.send(device.batch(1, 3)).await.receipt();
    let report = server.verify();
    assert_eq!((report.records(), report.copies, report.counted()), (5, 2, 3));
}

#[tokio::test]
async fn a_carried_record_that_cannot_be_read_is_named_then_parked() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(2);
    device.records[1] = b"{\"v\":1}".to_vec();
    let (epoch, records) = carrying(&device, &[1, 2]);
    (device.epoch, device.records) = (epoch, records);
    assert_eq!(device.send(device.batch(1, 2)).await.problem(ProblemType::RecordUnreadable).seq, Some(2));
    device.send(device.batch(1, 1)).await.receipt();
    device.send(device.batch(2, 2)).await.receipt();
    let report = server.verify();
    assert_eq!((report.records(), report.counted(), report.stores[0].parked), (2, 2, 1));
}
