//! Courier bundles: the same records, once, whether a stick or the network brings them.

use std::path::PathBuf;

use afterword_collector::{ImportError, Imported};
use afterword_model::record::StoreEpoch;
use afterword_protocol::courier::{CourierError, CourierKey, CourierOpeningKey, CourierWriter};
use afterword_protocol::problem::ProblemType;
use afterword_protocol::receipt::SignedReceipt;
use afterword_protocol::system::SystemEntropy;

use crate::command_line::{collector, json, stderr};
use crate::support::{Device, Server};

impl Device {
    /// A bundle of these batches, each from one record to another, sealed to this key.
    fn bundle_for(&self, key: &CourierKey, batches: &[(u64, u64)]) -> Vec<u8> {
        let mut writer = CourierWriter::begin(Vec::new(), self.enrolled.device, key, &SystemEntropy).unwrap();
        for &(first, last) in batches {
            writer.batch(&self.batch(first, last)).unwrap();
        }
        writer.finish(&self.key).unwrap()
    }

    fn bundle(&self, batches: &[(u64, u64)]) -> Vec<u8> {
        self.bundle_for(self.enrolled.courier_key.as_ref().unwrap(), batches)
    }
}

impl Server {
    fn stick(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("a.courier");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, bytes: &[u8]) -> Result<Imported, ImportError> {
        self.admin().import(&self.stick(bytes))
    }

    fn held(&self) -> u64 {
        self.verify().records()
    }
}

#[tokio::test]
async fn a_bundle_comes_in_once_however_often_it_is_imported() {
    let mut server = Server::start().await;
    let device = server.device("Exit").await.with_records(9);
    let bundle = device.bundle(&[(1, 4), (5, 6)]);
    let first = server.import(&bundle).unwrap();
    assert_eq!((first.name.as_str(), first.first_seq, first.last_seq, first.new), ("Exit", 1, 6, 6));
    assert!(first.receipt.is_signed_by(&device.enrolled.receipt_key));
    assert_eq!(
        (first.receipt.receipt.through_seq, first.receipt.receipt.device),
        (6, device.enrolled.device)
    );
    server.clock.advance_ms(60_000);
    let again = server.import(&bundle).unwrap();
    assert_eq!(again, Imported { new: 0, ..first }, "the receipt is the same, byte for byte");
    assert_eq!(server.held(), 6);
    // The network goes on where the stick left off, and the other way round.
    device.send(device.batch(7, 8)).await.receipt();
    assert_eq!(server.import(&device.bundle(&[(5, 8), (9, 9)])).unwrap().new, 1);
    device.send(device.batch(8, 9)).await.receipt();
    server.stop().await;
    assert_eq!(server.import(&bundle).unwrap().new, 0, "also while nobody serves");
    assert_eq!((server.held(), server.verify().receipts()), (9, 4));
}

#[tokio::test]
async fn a_bundle_that_is_not_whole_leaves_nothing() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(6);
    let whole = device.bundle(&[(1, 3), (4, 6)]);
    for length in (0..whole.len()).step_by(29) {
        assert!(matches!(server.import(&whole[..length]), Err(ImportError::Bundle { .. })), "{length}");
    }
    for at in (0..whole.len()).step_by(31) {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        // A changed name of the device is another device.
        let refused = server.import(&changed).unwrap_err();
        assert!(
            matches!(refused, ImportError::Bundle { .. } | ImportError::UnknownDevice { .. }),
            "{at}: {refused}"
        );
    }
    assert_eq!(server.held(), 0, "the first batch was whole each time, and was not stored");
}

#[tokio::test]
async fn a_bundle_is_for_its_collector_and_from_a_device_that_may_deliver() {
    let (server, other) = (Server::start().await, Server::start().await);
    let device = server.device("Exit").await.with_records(3);
    let bundle = device.bundle(&[(1, 3)]);
    let foreign = other.import(&bundle).unwrap_err();
    assert!(
        matches!(&foreign, ImportError::Bundle { error: CourierError::OtherCollector(_), .. }),
        "{foreign}"
    );
    let stranger = other.device("Exit").await.with_records(3);
    let unknown =
        server.import(&stranger.bundle_for(device.enrolled.courier_key.as_ref().unwrap(), &[(1, 3)]));
    assert!(matches!(unknown, Err(ImportError::UnknownDevice { .. })), "{unknown:?}");

    // Enrolled anew with another key: what the old one signed is nobody's.
    let code = server.admin().device_replace("Exit", None).unwrap().code.to_string();
    let anew = device.enrol_anew(&server.enrolment_url(), &server.ca_pem(), &code).await;
    let old_key = server.import(&bundle).unwrap_err().to_string();
    assert!(old_key.contains("signed with its device's key"), "{old_key}");
    let bundle = anew.bundle(&[(1, 3)]);
    server.admin().device_revoke("Exit", None).unwrap();
    let revoked = server.import(&bundle).unwrap_err();
    assert!(matches!(revoked, ImportError::NotAllowed { what: "revoked", .. }), "{revoked}");
    server.admin().device_retire("Exit", true, None).unwrap();
    let retired = server.import(&bundle).unwrap_err();
    assert!(matches!(retired, ImportError::NotAllowed { what: "retired", .. }), "{retired}");
    assert_eq!((server.held(), other.held()), (0, 0));
}

#[tokio::test]
async fn a_bundle_that_comes_before_its_time_says_what_is_missing() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(9);
    let (first, second) = (device.bundle(&[(1, 4)]), device.bundle(&[(5, 9)]));
    let early = server.import(&second).unwrap_err();
    assert!(matches!(early, ImportError::Missing { first_seq: 5, mark: 0, .. }), "{early}");
    assert_eq!(server.held(), 0);
    server.import(&first).unwrap();
    assert_eq!(server.import(&second).unwrap().new, 5);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_parked_alone_and_its_neighbours_are_not() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(7);
    device.records[3] = b"{\"v\":99,\"seq\":4}".to_vec();
    device.records[6] = b"rubbish".to_vec();
    let imported = server.import(&device.bundle(&[(1, 7)])).unwrap();
    assert_eq!((imported.new, imported.receipt.receipt.through_seq), (7, 7));
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].parked), (7, 2));
    assert_eq!(server.import(&device.bundle(&[(1, 7)])).unwrap(), Imported { new: 0, ..imported });
}

#[tokio::test]
async fn another_story_is_kept_aside_and_gets_no_receipt() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(4);
    device.send(device.batch(1, 4)).await.receipt();
    device.records[2] = b"{\"v\":1,\"seq\":3,\"another\":true}".to_vec();
    let refused = server.import(&device.bundle(&[(1, 2), (3, 4)])).unwrap_err();
    assert!(matches!(refused, ImportError::Conflict { seq: 3, mark: 4, .. }), "{refused}");
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].quarantined), (4, 1));
    device.send(device.batch(3, 4)).await.problem(ProblemType::ChainConflict);
}

#[tokio::test]
async fn an_old_stick_is_no_copy_of_the_device() {
    let server = Server::start().await;
    let mut device = server.device("Exit").await.with_records(4);
    let old = device.bundle(&[(1, 4)]);
    server.import(&old).unwrap();
    device.epoch = StoreEpoch::new([8; 16]);
    for last in 1..=4 {
        device.send(device.batch(last, last)).await.receipt();
        assert_eq!(server.import(&old).unwrap().new, 0);
    }
    assert!(!server.admin().device_list().unwrap()[0].clone_suspected);
}

#[tokio::test]
async fn the_command_leaves_a_receipt_beside_the_bundle() {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(5);
    let data = server.folder.path();
    let stick = server.stick(&device.bundle(&[(1, 5)]));
    let run = |path: &std::path::Path, more: &[&str]| {
        collector(&[&["import", path.to_str().unwrap()], more].concat(), data)
    };
    let said = json(&run(&stick, &["--json"]));
    assert_eq!((&said["records"], &said["new"], &said["held_before"]), (&5.into(), &5.into(), &0.into()));
    let receipt = data.join("a.receipt");
    assert_eq!(said["receipt"].as_str(), receipt.to_str());
    let written = std::fs::read(&receipt).unwrap();
    let signed: SignedReceipt = serde_json::from_slice(&written).unwrap();
    assert!(signed.is_signed_by(&device.enrolled.receipt_key) && signed.receipt.through_seq == 5);
    let again = run(&stick, &[]);
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("Exit: 5 records taken in, 1 to 5; 0 are new, 5 were held before."), "{said}");
    assert_eq!(std::fs::read(&receipt).unwrap(), written);

    let nowhere = run(&stick, &["--receipt", "/nonexistent/a.receipt"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("is held, but its receipt cannot be written"), "{}", stderr(&nowhere));
    for (path, complaint) in [
        (data.join("none.courier"), "check the name"),
        (data.to_owned(), "no file"),
        (receipt, "no courier bundle"),
    ] {
        let refused = run(&path, &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains(complaint), "{}", stderr(&refused));
    }
}

#[tokio::test]
async fn the_key_of_an_older_collector_is_made_once_and_one_that_is_lost_is_said() {
    let mut server = Server::start().await;
    let device = server.device("Exit").await.with_records(2);
    let bundle = device.bundle(&[(1, 2)]);
    server.restart().await;
    server.stop().await;
    let key = server.folder.path().join("pki/courier.key");
    let kept = std::fs::read_to_string(&key).unwrap();
    assert!(CourierOpeningKey::from_pem(&kept).is_ok());
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(server.import(&bundle), Err(ImportError::NoKey)));
    server.start_again().await;
    let lost = server.import(&bundle).unwrap_err().to_string();
    assert!(lost.contains("another collector's key"), "{lost}");
    std::fs::write(&key, kept).unwrap();
    assert_eq!(server.import(&bundle).unwrap().new, 2);
}
