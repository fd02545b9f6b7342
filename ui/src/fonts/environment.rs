//! The one place of this crate with `unsafe`: setting environment variables.
//!
//! `std::env::set_var` is unsafe because another thread may read the environment at the same moment through C, and
//! fontconfig is such a reader. [`crate::fonts::install`] therefore asks to be called before Slint starts and before
//! the program has threads, and is documented so. There is no way around it: fontconfig and Slint both take the place
//! of their fonts from the environment alone. A process that already has threads can set the two variables before it
//! starts instead; `point_at` writes nothing when they already have the right value, which also makes a second call
//! harmless.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Points fontconfig at `configuration`, and Slint's own search at `fonts`.
pub(super) fn point_at(configuration: &Path, fonts: &[PathBuf]) {
    set("FONTCONFIG_FILE", configuration.as_os_str());
    // A directory whose name holds the separator cannot be listed; fontconfig alone has to find the fonts then.
    if let Ok(list) = env::join_paths(fonts) {
        set("SLINT_FONT_PATH", &list);
    }
}

#[expect(unsafe_code, reason = "see the module: called before Slint and before any thread")]
fn set(name: &str, value: &OsStr) {
    if env::var_os(name).as_deref() == Some(value) {
        return;
    }
    // SAFETY: the callers of `install` promise that no other thread reads the environment meanwhile.
    unsafe { env::set_var(name, value) };
}
