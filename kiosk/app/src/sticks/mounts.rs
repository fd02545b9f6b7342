//! What is mounted where, as Linux tells it (`proc_pid_mountinfo(5)`).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// A file system of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// The folder that it is on.
    pub(super) on: PathBuf,
    /// Whether it, and this mount of it, take writes.
    pub(super) is_writable: bool,
}

/// The mounts of whatever lies on a disk: sticks and cards, no memory, no network. Where several lie on one folder, the one on top. A
/// line that says something else than it should is passed over.
pub(super) fn of_disks(table: &[u8]) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for (mount, is_disk) in table.split(|byte| *byte == b'\n').filter_map(mount) {
        mounts.retain(|below| below.on != mount.on);
        if is_disk {
            mounts.push(mount);
        }
    }
    mounts
}

/// One line: `36 35 8:17 / /media/STICK rw,nosuid shared:1 - vfat /dev/sdb1 rw,fmask=0022`.
fn mount(line: &[u8]) -> Option<(Mount, bool)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let (on, options) = (fields.nth(4)?, fields.next()?);
    let mut of_file_system = fields.skip_while(|field| *field != b"-");
    let (source, its_options) = (of_file_system.nth(2)?, of_file_system.next()?);
    let is_writable = |options: &[u8]| options.split(|byte| *byte == b',').any(|option| option == b"rw");
    let on = PathBuf::from(OsString::from_vec(unescaped(on)));
    let mount = Mount { on, is_writable: is_writable(options) && is_writable(its_options) };
    Some((mount, source.starts_with(b"/dev/")))
}

/// A space, a tab, a new line and a backslash stand there as `\` and three octal figures.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| first == b'\\');
        let byte = octal
            .and_then(|octal| std::str::from_utf8(octal).ok())
            .and_then(|octal| u8::from_str_radix(octal, 8).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw
23 22 0:21 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=200k
36 35 8:17 / /media/kiosk/MY\\040STICK rw,nosuid,nodev shared:1 master:2 - vfat /dev/sdb1 rw,fmask=0022
37 35 8:33 / /media/locked rw,nosuid - exfat /dev/sdc1 ro,errors=remount-ro
38 35 8:49 / /media/asked ro,nosuid - fuseblk /dev/sdd1 rw
39 35 0:50 / /media/share rw - cifs //server/share rw
40 35 8:65 / /media/twice rw - vfat /dev/sde1 rw
41 40 0:51 / /media/twice rw - tmpfs tmpfs rw
rubbish
42 35 8:81 / /media/cut rw - vfat
";

    #[test]
    fn disks_are_found_with_what_may_be_done_to_them() {
        let found: Vec<_> = of_disks(TABLE.as_bytes())
            .into_iter()
            .map(|mount| (mount.on.to_string_lossy().into_owned(), mount.is_writable))
            .collect();
        let expected =
            [("/", true), ("/media/kiosk/MY STICK", true), ("/media/locked", false), ("/media/asked", false)];
        assert_eq!(found, expected.map(|(on, is_writable)| (on.to_owned(), is_writable)));
    }

    #[test]
    fn a_backslash_is_one_when_no_figures_follow() {
        assert_eq!(unescaped(b"a\\134b\\0\\9"), b"a\\b\\0\\9");
    }
}
