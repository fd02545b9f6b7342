//! Backups of a PostgreSQL database: made while devices deliver, put into another one, and refused when they are not whole.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use afterword_collector::{
    Admin, BackupError, Config, DatabaseUrl, Erasure, InProcess, RetentionField, restore, restore_into,
};
use afterword_model::ports::{Clock, Entropy};
use afterword_protocol::problem::ProblemType;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::cluster::{Cluster, psql};
use anyhow::{Context, Result, bail};
use std::sync::Arc;

use super::place::{Place, problem, receipt};

const RECORDS: u64 = 400;

/// What a restore is done with.
fn ports(place: &Place) -> (Arc<dyn Clock>, Arc<dyn Entropy>) {
    (place.clock.clone(), Arc::new(SystemEntropy))
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_backup_made_during_ingest_is_one_moment_and_what_came_after_it_comes_again() -> Result<()> {
    let mut place = Place::in_postgres()?;
    let (busy, quiet) = (place.device("Exit", RECORDS)?, place.device("Till", 9)?);
    place.receipt(&quiet, 1, 9)?;
    place.clock.advance_ms(1);
    let file = place.folder.path().join("backup");
    let sent = AtomicU64::new(0);
    let records = std::thread::scope(|scope| -> Result<u64> {
        let sender = scope.spawn(|| -> Result<()> {
            for first in (1..=RECORDS).step_by(2) {
                receipt(&place.send(&busy, first, first + 1)?)?;
                sent.store(first + 1, Ordering::SeqCst);
            }
            Ok(())
        });
        while sent.load(Ordering::SeqCst) < 40 {
            std::thread::yield_now();
        }
        let records = place.admin()?.back_up(&file)?;
        sender.join().unwrap_or_else(|_| bail!("the sender broke down"))?;
        Ok(records)
    })?;
    assert!((49..9 + RECORDS).contains(&records), "{records} are one moment in the middle");
    let erased = |seq| place.admin()?.erase("Exit", (busy.epoch, seq)).map_err(anyhow::Error::from);
    assert_eq!(erased(7)?, Erasure::Erased { rows: 1 });
    assert_eq!(erased(RECORDS)?, Erasure::Erased { rows: 1 });
    let kept = [(RetentionField::Comment, 30), (RetentionField::Audit, 400)];
    place.admin()?.retention_set(&kept.map(|(field, days)| (field, Some(days))))?;
    let before = place.admin()?.server_epoch()?;

    // The database before is there and is no longer used.
    let former = place.database.clone().context("it is on PostgreSQL")?;
    let (clock, entropy) = ports(&place);
    let url = Cluster::shared()?.database()?;
    let into = DatabaseUrl::parse(&url)?;
    let folder = place.folder.path().to_owned();
    let running = restore_into(&folder, &into, &file, Some(&former), &clock, &entropy);
    assert!(matches!(running, Err(BackupError::Running(_))), "{running:?}");
    let taken = restore_into(&folder.join("another"), &former, &file, None, &clock, &entropy);
    assert!(matches!(taken, Err(BackupError::NotEmpty(_))), "{taken:?}");
    // Another folder with the same keys stands for the same one after its collector has ended.
    let again = tempfile::tempdir()?;
    place.copy_keys_to(again.path())?;
    let restored = restore_into(again.path(), &into, &file, Some(&former), &clock, &entropy)?;
    assert_eq!((restored.records, restored.erased_again, restored.set_aside), (records, Some(1), None));
    assert_eq!(psql(&url, "select count(*) from records_rest")?.trim(), "0", "months have their parts");

    let config = Config { database: Some(into.clone()), ..Config::loopback(again.path()) };
    let collector = InProcess::open_with(&config, place.clock.clone(), Arc::new(SystemEntropy))?;
    let admin = Admin::open_with(again.path(), Some(&into), clock, entropy)?;
    assert_ne!(admin.server_epoch()?, before, "devices notice");
    assert_eq!(admin.retention()?, kept.into(), "for how long what is kept is what was decided last");
    let mark = records - 9;
    let gap = problem(&busy.send_to(&collector, RECORDS - 1, RECORDS)?, ProblemType::NotContiguous)?;
    assert_eq!(gap.mark, Some(mark));
    receipt(&busy.send_to(&collector, mark + 1, RECORDS)?)?;
    receipt(&quiet.send_to(&collector, 1, 9)?)?;
    let report = admin.verify()?;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.records(), RECORDS + 9, "each once");
    let erased: u64 = report.stores.iter().map(|store| store.erased).sum();
    assert_eq!(erased, 2, "what was erased stays erased, also where it comes again");
    // Names, codes and numbers go on where they were.
    let mut admin = admin;
    assert!(admin.device_add("Exit", None).is_err(), "the name is in use");
    admin.device_add("Another", None)?;
    place.restart()?;
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn what_is_not_the_whole_file_as_it_was_written_is_refused_and_changes_nothing() -> Result<()> {
    let place = Place::in_postgres()?;
    let till = place.device("Exit", 9)?;
    place.receipt(&till, 1, 9)?;
    let file = place.folder.path().join("backup");
    place.admin()?.back_up(&file)?;
    assert!(matches!(place.admin()?.back_up(&file), Err(BackupError::Exists(_))), "nothing is written over");
    let whole = fs::read(&file)?;
    let (clock, entropy) = ports(&place);
    let url = Cluster::shared()?.database()?;
    let into = DatabaseUrl::parse(&url)?;
    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken");
    let refusal = |bytes: &[u8]| -> Result<String> {
        fs::write(&broken, bytes)?;
        let restored = restore_into(folder.path(), &into, &broken, None, &clock, &entropy);
        let refused = restored.err().context("it is not to be restored")?;
        assert!(matches!(refused, BackupError::Unsound { .. }), "{refused}");
        Ok(refused.to_string())
    };
    for kept in [whole.len() - 1, whole.len() / 2, 31, 30] {
        assert!(refusal(&whole[..kept])?.contains("(it ends in the middle)"), "{kept} bytes");
    }
    for place in [30, 60, whole.len() / 3, whole.len() / 2, whole.len() - 40, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        refusal(&changed)?;
    }
    assert!(refusal(&[&whole[..], b"more"].concat())?.contains("behind its end"));
    assert!(refusal(b"SQLite format 3")?.contains("none of a database on PostgreSQL"));
    assert_eq!(psql(&url, "select count(*) from pg_class where relname = 'records'")?.trim(), "0");
    let of_a_file = restore(folder.path(), &file, &entropy).err().context("it is no file's")?;
    assert!(of_a_file.to_string().contains("--database-url"), "{of_a_file}");
    restore_into(folder.path(), &into, &file, None, &clock, &entropy)?;
    Ok(())
}

#[test]
#[cfg_attr(
    not(has_citus),
    ignore = "needs a Citus coordinator's empty database, named by AFTERWORD_TEST_CITUS_URL"
)]
fn a_backup_of_a_cluster_is_put_into_one() -> Result<()> {
    let place = Place::in_citus()?;
    let tills = [place.device("Exit", 9)?, place.device("Door", 5)?, place.device("Till", 4)?];
    for till in &tills {
        place.receipt(till, 1, 4)?;
    }
    let file = place.folder.path().join("backup");
    assert_eq!(place.admin()?.back_up(&file)?, 12);
    place.empty()?;
    let (again, into) = (tempfile::tempdir()?, place.database.clone().context("it is on PostgreSQL")?);
    place.copy_keys_to(again.path())?;
    let (clock, entropy) = ports(&place);
    assert_eq!(restore_into(again.path(), &into, &file, None, &clock, &entropy)?.records, 12);
    let mut admin = Admin::open_with(again.path(), Some(&into), clock, entropy)?;
    admin.distribute()?;
    let config = Config { database: Some(into), ..Config::loopback(again.path()) };
    let collector = InProcess::open_with(&config, place.clock.clone(), Arc::new(SystemEntropy))?;
    receipt(&tills[0].send_to(&collector, 3, 9)?)?;
    receipt(&tills[1].send_to(&collector, 5, 5)?)?;
    let report = admin.verify()?;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.records(), report.receipts()), (18, 5));
    assert!(admin.device_add("Exit", None).is_err(), "the name is in use");
    admin.device_add("Another", None)?;
    Ok(())
}
