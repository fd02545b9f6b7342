//! Backups, and what comes after one is put back.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

use afterword_collector::{BackupError, Erasure, RetentionField, restore};
use afterword_model::ports::Entropy;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::system::SystemEntropy;

use crate::support::{Device, Server};

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

/// A server that held four records at the time of its backup, and holds ten now.
async fn server_with_backup() -> (Server, Device, std::path::PathBuf) {
    let server = Server::start().await;
    let device = server.device("Exit").await.with_records(10);
    device.send(device.batch(1, 4)).await.receipt();
    let backup = server.folder.path().join("backup.db");
    assert_eq!(server.admin().back_up(&backup).unwrap(), 4);
    device.send(device.batch(5, 10)).await.receipt();
    (server, device, backup)
}

#[tokio::test]
async fn a_restored_collector_has_a_new_epoch_and_asks_for_what_it_lacks() {
    let (mut server, device, backup) = server_with_backup().await;
    let before = server.admin().server_epoch().unwrap();
    let data = server.folder.path().to_owned();
    assert!(matches!(restore(&data, &backup, &entropy()), Err(BackupError::Running(_))));
    server.stop().await;
    let command = server.admin();
    assert!(matches!(restore(&data, &backup, &entropy()), Err(BackupError::Running(_))));
    drop(command);
    let restored = restore(&data, &backup, &entropy()).unwrap();
    assert_eq!(restored.records, 4);
    assert!(restored.set_aside.unwrap().exists(), "nothing is thrown away");
    server.start_again().await;
    assert_ne!(server.admin().server_epoch().unwrap(), before);
    assert_eq!(server.verify().records(), 4);
    let device = device.at(&server);
    assert_eq!(device.send(device.batch(9, 10)).await.problem(ProblemType::NotContiguous).mark, Some(4));
    device.send(device.batch(5, 10)).await.receipt();
    assert_eq!(server.verify().records(), 10);
}

#[tokio::test]
async fn a_database_that_was_copied_back_by_hand_gets_a_new_epoch_as_well() {
    let (mut server, _, backup) = server_with_backup().await;
    let before = server.admin().server_epoch().unwrap();
    server.stop().await;
    let database = server.folder.path().join("collector.db");
    for companion in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{companion}", database.display()));
    }
    std::fs::copy(&backup, &database).unwrap();
    server.start_again().await;
    assert_ne!(server.admin().server_epoch().unwrap(), before);
    let after = server.admin().server_epoch().unwrap();
    server.stop().await;
    server.start_again().await;
    assert_eq!(server.admin().server_epoch().unwrap(), after, "once is enough");
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone_and_what_others_put_there_stays() {
    let (server, _, backup) = server_with_backup().await;
    let mode = std::fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    let theirs = server.folder.path().join("theirs.db");
    symlink("nowhere/at/all", &theirs).unwrap();
    let refused = server.admin().back_up(&theirs).unwrap_err();
    assert!(matches!(&refused, BackupError::Exists(_)), "{refused}");
    assert!(theirs.is_symlink(), "it is not ours to remove");
}

#[tokio::test]
async fn a_backup_writes_over_nothing_and_rubbish_is_not_restored() {
    let (mut server, _, backup) = server_with_backup().await;
    assert!(matches!(server.admin().back_up(&backup), Err(BackupError::Exists(_))));
    server.stop().await;
    let rubbish = server.folder.path().join("rubbish.db");
    std::fs::write(&rubbish, "not a database at all, but long enough to be looked at").unwrap();
    let refused = restore(server.folder.path(), &rubbish, &entropy()).unwrap_err();
    assert!(matches!(&refused, BackupError::Unsound { .. }), "{refused}");
    server.start_again().await;
    assert_eq!(server.verify().records(), 10, "what was there is as it was");
}

#[tokio::test]
async fn what_was_erased_after_the_backup_is_erased_in_the_restored_one_too() {
    let (mut server, mut device, backup) = server_with_backup().await;
    assert_eq!(server.admin().erase("Exit", (device.epoch, 2)).unwrap(), Erasure::Erased { rows: 1 });
    assert_eq!(server.admin().erase("Exit", (device.epoch, 7)).unwrap(), Erasure::Erased { rows: 1 });
    server.stop().await;
    let restored = restore(server.folder.path(), &backup, &entropy()).unwrap();
    assert_eq!(restored.erased_again, Some(1), "the seventh is not in the backup");
    let content = &device.records[1][..];
    let database = std::fs::read(server.folder.path().join("collector.db")).unwrap();
    assert!(!database.windows(content.len()).any(|window| window == content));
    server.start_again().await;
    device = device.at(&server);
    device.send(device.batch(5, 10)).await.receipt();
    let report = server.verify();
    assert_eq!((report.records(), report.stores[0].erased), (10, 2), "nor does it come back from the device");
}

#[tokio::test]
async fn for_how_long_what_is_kept_is_what_was_decided_last() {
    let (mut server, _, backup) = server_with_backup().await;
    let response = RetentionField::Response;
    server.admin().retention_set(&[(response, Some(30))]).unwrap();
    server.clock.advance_ms(31 * 24 * 3_600_000);
    server.stop().await;
    restore(server.folder.path(), &backup, &entropy()).unwrap();
    let mut admin = server.admin();
    assert_eq!(admin.retention().unwrap(), [(response, 30)].into());
    assert_eq!(admin.retain().unwrap(), [(response, 4)].into(), "all that is in the backup is over");
}

#[tokio::test]
async fn where_nothing_can_be_read_nothing_is_known_of_what_was_erased() {
    let (mut server, _, backup) = server_with_backup().await;
    server.stop().await;
    let database = server.folder.path().join("collector.db");
    std::fs::write(&database, "rubbish".repeat(1_000)).unwrap();
    let restored = restore(server.folder.path(), &backup, &entropy()).unwrap();
    assert_eq!(restored.erased_again, None);
    assert!(std::fs::read(restored.set_aside.unwrap()).unwrap().starts_with(b"rubbish"));
    std::fs::remove_file(&database).unwrap();
    let restored = restore(server.folder.path(), &backup, &entropy()).unwrap();
    assert_eq!((restored.erased_again, restored.set_aside), (None, None));
}
