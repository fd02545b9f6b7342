//! Sticks that somebody has put in, and what is written to one.
//!
//! Where the sticks are is a port: a test or a desk has a folder in the place of one. The real ones are file systems of a disk of
//! their own that the machine has mounted below the folders of the configuration. Nothing mounts or unmounts here. Invariants: what
//! the device itself lives on is no stick; a file is on a stick whole or not at all.
//!
//! Nothing here is for the screen's thread: a stick may be slow, or dying.

mod mounts;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use afterword_protocol::stick::Unfinished;
use rustix::fs::{Access, access, statvfs};
use serde::Deserialize;

use crate::export::BYTE_ORDER_MARK;
use mounts::Mount;

/// Levels below a folder of the configuration at which sticks are mounted: `/media/STICK` and `/run/media/USER/STICK`.
const LEVELS: usize = 2;

/// Tables of one name on a stick, at most: who writes more takes some away first.
const SAME_NAME_MAX: u32 = 100;

/// Where the machine tells what is mounted.
const MOUNT_TABLE: &str = "/proc/self/mountinfo";

/// `[export]` in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exporting {
    /// The whole paths of folders that sticks are mounted on, or up to two levels below. Empty: nothing is exported from the screen.
    pub folders: Vec<PathBuf>,
}

impl Default for Exporting {
    fn default() -> Self {
        Self { folders: vec!["/media".into(), "/run/media".into()] }
    }
}

impl Exporting {
    /// The field that cannot be used, and why.
    pub(crate) fn mistake(&self) -> Option<(&'static str, String)> {
        let wrong = self.folders.iter().find(|folder| !folder.is_absolute() || folder.parent().is_none())?;
        let wrong = wrong.display();
        Some((
            "folders",
            format!("export.folders has {wrong}, which is no whole path of a folder as in /media"),
        ))
    }
}

/// A stick that is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stick {
    /// What people call it: its label as a rule.
    pub name: String,
    /// Where it is mounted.
    pub folder: PathBuf,
    /// The number of its file system (`st_dev`), by which it is told from the folder that it was mounted on.
    pub file_system: u64,
    /// Bytes that may still be written, where that can be told.
    pub free_bytes: Option<u64>,
    /// Whether this program may write there.
    pub is_writable: bool,
}

/// Where sticks are put in.
pub trait Sticks: Send + Sync {
    /// The sticks that are in now, by name.
    ///
    /// # Errors
    /// When it cannot be told.
    fn look(&self) -> io::Result<Vec<Stick>>;

    /// Writes to a file on one.
    ///
    /// # Errors
    /// What the file system gives.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
}

/// What is really mounted.
#[derive(Debug, Clone)]
pub struct Mounted {
    folders: Vec<PathBuf>,
    /// The folder of the database, whose disk is no stick.
    data: PathBuf,
}

impl Mounted {
    /// Below these folders; `data` is where the database is.
    #[must_use]
    pub fn below(folders: Vec<PathBuf>, data: PathBuf) -> Self {
        Self { folders, data }
    }

    fn is_place_of_sticks(&self, mounted_on: &Path) -> bool {
        self.folders.iter().any(|folder| {
            mounted_on.strip_prefix(folder).is_ok_and(|below| below.components().count() <= LEVELS)
        })
    }

    fn stick(&self, mount: &Mount) -> Option<Stick> {
        // What cannot be looked at cannot be written either.
        let file_system = fs::metadata(&mount.on).ok()?.dev();
        let is_own = |own: &Path| fs::metadata(own).is_ok_and(|found| found.dev() == file_system);
        if is_own(Path::new("/")) || is_own(&self.data) {
            return None;
        }
        Some(Stick {
            name: mount.on.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            folder: mount.on.clone(),
            file_system,
            free_bytes: free_bytes(&mount.on),
            is_writable: mount.is_writable && access(&mount.on, Access::WRITE_OK).is_ok(),
        })
    }
}

impl Sticks for Mounted {
    fn look(&self) -> io::Result<Vec<Stick>> {
        let table = fs::read(MOUNT_TABLE)?;
        let mut mounts = mounts::of_disks(&table);
        mounts.retain(|mount| self.is_place_of_sticks(&mount.on));
        let mut sticks: Vec<_> = mounts.iter().filter_map(|mount| self.stick(mount)).collect();
        sticks.sort_by(|one, other| one.folder.cmp(&other.folder));
        Ok(sticks)
    }
}

/// Bytes that may still be written to where this folder is, where that can be told.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Writes a table under this name, or under the first one like it that is free: what is on a stick stays. Gives the file's name.
///
/// # Errors
/// What the file system gives; there is no such file then.
pub(crate) fn write_table(
    sticks: &dyn Sticks,
    stick: &Stick,
    name: &str,
    table: &[u8],
) -> io::Result<String> {
    let (unfinished, mut file) =
        Unfinished::begin(&stick.folder, "afterword-table-", "new", Some(stick.file_system))?;
    sticks.write(&mut file, BYTE_ORDER_MARK.as_bytes())?;
    sticks.write(&mut file, table)?;
    let names = (1..=SAME_NAME_MAX)
        .map(|number| if number == 1 { format!("{name}.csv") } else { format!("{name}-{number}.csv") });
    let free = names.into_iter().find(|name| !stick.folder.join(name).exists());
    let free = free.ok_or_else(|| {
        io::Error::other(format!("{SAME_NAME_MAX} tables of these days are on the stick: take some away"))
    })?;
    unfinished.finish(&file, &free)?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_whole_paths_and_not_the_root() {
        assert_eq!(Exporting::default().mistake(), None);
        for wrong in ["media", "/"] {
            let (field, what) = Exporting { folders: vec![wrong.into()] }.mistake().unwrap();
            assert!(field == "folders" && what.contains(wrong), "{what}");
        }
    }

    #[test]
    fn a_stick_lies_on_a_folder_of_sticks_or_up_to_two_levels_below() {
        let mounted = Mounted::below(Exporting::default().folders, "/var/lib/afterword".into());
        for (place, is_one) in [
            ("/media", true),
            ("/media/STICK", true),
            ("/media/kiosk/STICK", true),
            ("/run/media/kiosk/STICK", true),
            ("/media/kiosk/STICK/below", false),
            ("/mediathek", false),
            ("/mnt", false),
            ("/", false),
        ] {
            assert_eq!(mounted.is_place_of_sticks(Path::new(place)), is_one, "{place}");
        }
    }

    #[test]
    fn a_folder_on_the_device_s_own_disk_is_no_stick() {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Mounted::below(vec![folder.path().into()], folder.path().into());
        assert_eq!(mounted.look().unwrap(), [], "nothing is mounted there");
        let mount = Mount { on: folder.path().into(), is_writable: true };
        assert_eq!(mounted.stick(&mount), None, "even if it looked as if");
    }

    struct Folder;

    impl Sticks for Folder {
        fn look(&self) -> io::Result<Vec<Stick>> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_table_takes_the_place_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let stick = Stick {
            name: "STICK".into(),
            folder: folder.path().into(),
            file_system: fs::metadata(folder.path()).unwrap().dev(),
            free_bytes: None,
            is_writable: true,
        };
        let write = || write_table(&Folder, &stick, "exit", b"number\n").unwrap();
        assert_eq!(
            (write(), write(), write()),
            ("exit.csv".into(), "exit-2.csv".into(), "exit-3.csv".into())
        );
        assert_eq!(fs::read(folder.path().join("exit-3.csv")).unwrap(), "\u{feff}number\n".as_bytes());
        let other = Stick { file_system: stick.file_system + 1, ..stick.clone() };
        assert_eq!(
            write_table(&Folder, &other, "exit", b"number\n").unwrap_err().kind(),
            io::ErrorKind::NotFound,
            "the folder is there, the stick is not"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
