//! A disk that is really full: a file system in memory, filled to its last block.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use afterword_kiosk_store::{Store, StoreError};
use afterword_model::response::Outcome;
use tempfile::TempDir;

use crate::support::{assert_sound, complete, directory, freeze, open, save, with_comment};

/// A small disk, gone when dropped.
struct Disk(TempDir);

impl Disk {
    fn of_megabytes(size: u32) -> Self {
        let directory = directory();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"])
            .arg(directory.path())
            .status()
            .unwrap();
        assert!(mounted.success());
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn fill(&self) {
        let mut file = File::options().append(true).create(true).open(self.path().join("music")).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("music")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What stays mounted goes with the machine.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn probe(store: &Store) -> Result<(), StoreError> {
    let (done, answer) = std::sync::mpsc::channel();
    store.probe(move |result| done.send(result).unwrap());
    answer.recv().unwrap()
}

#[test]
#[ignore = "needs leave to mount a file system"]
fn the_answer_being_given_is_saved_and_nothing_is_lost() {
    let disk = Disk::of_megabytes(24);
    let (store, opened) = open(disk.path());
    assert!(disk.path().join("kiosk.reserve").exists());
    let mut thanked = 0;
    while thanked < 50 {
        thanked = complete(&store, with_comment(20_000)).seq;
    }
    disk.fill();
    while store.short_of_room().is_none() {
        disk.fill();
        save(&store, with_comment(20_000)).unwrap();
        thanked = freeze(&store, with_comment(20_000), Outcome::Completed).unwrap().seq;
    }
    assert!(!disk.path().join("kiosk.reserve").exists());
    assert!(matches!(probe(&store), Err(StoreError::ReserveUsed(_) | StoreError::Full(_))));
    disk.fill();
    while save(&store, with_comment(60_000)).is_ok()
        && freeze(&store, with_comment(60_000), Outcome::Completed).is_ok()
    {
        disk.fill();
        thanked += 1;
    }
    assert!(store.position().unwrap().last_seq >= thanked);
    assert_sound(&store);
    disk.make_room();
    assert_eq!(probe(&store), Ok(()));
    assert_eq!(store.short_of_room(), None);
    assert_eq!((store.position().unwrap().epoch, opened.carried), (opened.epoch, vec![]));
    assert_sound(&store);
}

#[test]
#[ignore = "needs leave to mount a file system"]
fn a_kiosk_starts_on_a_full_disk() {
    let disk = Disk::of_megabytes(24);
    let (store, _) = open(disk.path());
    let seq = complete(&store, with_comment(20_000)).seq;
    store.close().unwrap();
    disk.fill();
    let (store, _) = open(disk.path());
    assert_eq!(store.position().unwrap().last_seq, seq);
    assert!(store.short_of_room().is_some());
    disk.make_room();
    assert_eq!(probe(&store), Ok(()));
    store.close().unwrap();
    assert!(disk.path().join("kiosk.reserve").exists());
}

#[test]
#[ignore = "needs leave to mount a file system"]
fn on_a_small_disk_nothing_is_set_aside() {
    let disk = Disk::of_megabytes(8);
    let (store, _) = open(disk.path());
    assert!(!disk.path().join("kiosk.reserve").exists());
    assert!(store.short_of_room().is_some(), "and the kiosk says that the disk is too full");
    assert_eq!(complete(&store, with_comment(10)).seq, 1);
}
