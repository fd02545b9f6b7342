//! A folder that goes when it is no longer needed.

use std::path::PathBuf;

use anyhow::Result;

use super::make_folder;

/// A folder that goes when the demo ends.
#[derive(Default)]
pub(super) struct TemporaryFolder(std::cell::OnceCell<PathBuf>);

impl TemporaryFolder {
    /// Makes it, at the first call.
    pub(super) fn make(&self) -> Result<PathBuf> {
        let path = std::env::temp_dir().join(format!("afterword-sim-{}", std::process::id()));
        make_folder(&path)?;
        Ok(self.0.get_or_init(|| path).clone())
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Some(path) = self.0.get() {
            // What cannot be removed is left to the system's own cleaning of temporary files.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
