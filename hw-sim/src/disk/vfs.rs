//! The shim under SQLite, in C's terms.
//!
//! Why `unsafe`: SQLite knows a disk only as tables of C functions, and no safe binding lets a program put its
//! own in front. Everything that decides anything is in the safe modules beside this one; here pointers are turned
//! into slices and handles, and calls are passed on. What is relied on, and who vouches for it:
//!
//! - SQLite's own VFS is found once and never unregistered, so a pointer to it stays good.
//! - Our VFS is a copy of it with two functions, the name and the size changed. Copied functions that look at the
//!   VFS they are called with (for `pAppData`) find in the copy what they find in the original.
//! - For a file under a disk SQLite gives `szOsFile` zeroed bytes, aligned to 8: our [`File`], and behind it the
//!   real one. `pMethods` is set only when the opening has succeeded, and SQLite calls a method only then; each
//!   method therefore finds a [`Handle`] and an opened real file, until `xClose`, which is the last.
//! - SQLite never uses one file on two threads at the same time, and gives buffers as long as it says.
//! - A file of any other directory is opened by the real VFS in place, and never comes by here again.
//!
//! A panic would have to unwind through C; Rust ends the process instead.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::slice;
use std::sync::{Arc, OnceLock};

use rusqlite::ffi;

use super::faults::Refusal;
use super::{Handle, disk_under};

/// SQLite's own VFS.
static REAL: OnceLock<Real> = OnceLock::new();

struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite calls a VFS from any thread itself; it is only read here.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

/// An open file under a disk. The real one follows directly.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

const _: () = assert!(
    size_of::<File>().is_multiple_of(8),
    "the real file behind ours must be aligned as SQLite aligns files"
);

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Without xFetch: no read goes past us.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Puts the shim in front of SQLite's own VFS, once in a process.
pub(super) fn register() {
    REAL.get_or_init(|| {
        // SAFETY: without a name the default VFS is found, which exists for as long as the process.
        unsafe {
            let real = ffi::sqlite3_vfs_find(null());
            assert!(!real.is_null(), "SQLite was built with a VFS");
            let size = c_int::try_from(size_of::<File>()).expect("a few words");
            let ours = ffi::sqlite3_vfs {
                szOsFile: size + (*real).szOsFile,
                pNext: null_mut(),
                zName: c"afterword-lossy".as_ptr(),
                xOpen: Some(open),
                xDelete: Some(delete),
                ..*real
            };
            let registered = ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1);
            assert_eq!(registered, ffi::SQLITE_OK, "a VFS can always be registered");
            Real(real)
        }
    });
}

fn real() -> *mut ffi::sqlite3_vfs {
    REAL.get().expect("only a registered VFS is called").0
}

/// SQLite's answer as a result.
fn done(code: c_int) -> Result<(), c_int> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

/// A result as the answer to SQLite.
fn answer(result: Result<(), Refusal>, error: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(Refusal::Error) => error,
        Err(Refusal::Full) => ffi::SQLITE_FULL,
        Err(Refusal::Code(code)) => code,
    }
}

/// Calls a function of the real file behind ours.
macro_rules! of_real {
    ($method:ident, $file:expr $(, $argument:expr)*) => {{
        let real = real_file($file);
        ((*(*real).pMethods).$method.expect("the unix VFS has it"))(real $(, $argument)*)
    }};
}

/// SAFETY for both: only methods in [`METHODS`] call them, with what SQLite gave them.
unsafe fn real_file(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.byte_add(size_of::<File>()) }
}

unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a Handle {
    unsafe { &*(*file.cast::<File>()).handle }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        let open_real =
            |file, flags| ((*real()).xOpen.expect("every VFS has it"))(real(), name, file, flags, out_flags);
        let Some((disk, own_name)) = path(name).and_then(disk_under) else { return open_real(file, flags) };
        (*file).pMethods = null();
        let may_create = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let is_journal = flags
            & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL)
            != 0;
        let opened = Arc::clone(&disk).open(&own_name, may_create, may_create && is_journal, |read_only| {
            let writing = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE | ffi::SQLITE_OPEN_EXCLUSIVE;
            let flags = if read_only { flags & !writing | ffi::SQLITE_OPEN_READONLY } else { flags };
            done(open_real(real_file(file), flags))
        });
        match opened {
            Ok(handle) => {
                let file = file.cast::<File>();
                (*file).handle = Box::into_raw(Box::new(handle));
                (*file).base.pMethods = &raw const METHODS;
                ffi::SQLITE_OK
            }
            Err(refusal) => answer(Err(refusal), ffi::SQLITE_CANTOPEN),
        }
    }
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    unsafe {
        let delete_real = |sync| ((*real()).xDelete.expect("every VFS has it"))(real(), name, sync);
        let Some((disk, own_name)) = path(name).and_then(disk_under) else { return delete_real(sync) };
        answer(disk.unlink(&own_name, sync != 0, || done(delete_real(0))), ffi::SQLITE_IOERR_DELETE)
    }
}

/// A name as SQLite gives it: a whole path, or nothing for a temporary file.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let code = of_real!(xClose, file);
        drop(Box::from_raw((*file.cast::<File>()).handle));
        (*file).pMethods = null();
        code
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, length: c_int, at: i64) -> c_int {
    unsafe {
        let read = handle(file).read(|| done(of_real!(xRead, file, to, length, at)));
        let code = answer(read, ffi::SQLITE_IOERR_READ);
        if matches!(code, ffi::SQLITE_OK | ffi::SQLITE_IOERR_SHORT_READ) {
            // Filled to its end by now: after a short read with zeros.
            let bytes = slice::from_raw_parts_mut(to.cast::<u8>(), length.unsigned_abs() as usize);
            handle(file).spoil(at.unsigned_abs(), bytes);
        }
        code
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    unsafe {
        let bytes = slice::from_raw_parts(from.cast::<u8>(), length.unsigned_abs() as usize);
        let code = handle(file).write(at.unsigned_abs(), bytes, |fits| {
            let fits = c_int::try_from(fits).expect("no more than SQLite asked for");
            done(of_real!(xWrite, file, from, fits, at))
        });
        answer(code, ffi::SQLITE_IOERR_WRITE)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    unsafe {
        let code = handle(file).truncate(length.unsigned_abs(), || done(of_real!(xTruncate, file, length)));
        answer(code, ffi::SQLITE_IOERR_TRUNCATE)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    unsafe { answer(handle(file).sync(), ffi::SQLITE_IOERR_FSYNC) }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    unsafe { of_real!(xFileSize, file, size) }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { of_real!(xLock, file, level) }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { of_real!(xUnlock, file, level) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    unsafe { of_real!(xCheckReservedLock, file, result) }
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    unsafe { of_real!(xFileControl, file, what, argument) }
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe { of_real!(xSectorSize, file) }
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe { of_real!(xDeviceCharacteristics, file) }
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    place: *mut *mut c_void,
) -> c_int {
    unsafe { of_real!(xShmMap, file, region, size, extend, place) }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    unsafe { of_real!(xShmLock, file, offset, count, flags) }
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    unsafe { of_real!(xShmBarrier, file) }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    unsafe { of_real!(xShmUnmap, file, delete) }
}
