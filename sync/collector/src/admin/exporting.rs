//! Exports: what is handed out to whom is written down, and at the command line it is written here.

use std::io::Write;
use std::path::Path;

use chrono::NaiveDate;

use super::{Admin, AdminError, placing};
use crate::export::{self, ExportError, Format, PAGE_ROWS, moments};
use crate::people::Stores;
use crate::storage::places;
use crate::storage::selection::Selection;

/// What is handed out.
#[derive(Debug, Clone)]
pub struct Export {
    /// As what.
    pub format: Format,
    /// Of this store alone.
    pub store: Option<String>,
    /// The first and the last day on which responses came, in UTC.
    pub days: (NaiveDate, NaiveDate),
}

impl Export {
    fn selection(&self) -> Selection {
        let (since_ms, until_ms) = moments(self.days);
        Selection { stores: Stores::All, store: self.store.clone(), device: None, since_ms, until_ms }
    }

    fn words(&self) -> String {
        format!("{}, {} to {}", self.format.name(), self.days.0, self.days.1)
    }
}

impl Admin {
    /// Writes down that responses are handed out: of which place ("" for all that whoever asks may see), and which in words. Nothing is
    /// handed out unless this is done.
    ///
    /// # Errors
    /// The database.
    pub fn note_export(&mut self, place: &str, words: &str) -> Result<(), AdminError> {
        let transaction = self.transaction()?;
        // What is no place is what somebody typed, and no words for a log.
        let is_known = place.is_empty() || places::tree(&transaction)?.find(place).is_some();
        let place = if is_known { place } else { "nowhere" };
        self.note(&transaction, "responses.exported", place, words)?;
        Ok(transaction.commit()?)
    }

    /// Writes a table; `with_mark` begins a CSV with a byte order mark. How many rows there are.
    ///
    /// # Errors
    /// [`AdminError::Place`] for a region, [`AdminError::Export`], or the database.
    pub fn export(
        &mut self,
        export: &Export,
        with_mark: bool,
        to: impl Write + Send,
    ) -> Result<u64, AdminError> {
        self.begin(export)?;
        let selection = export.selection();
        let count = export::write(export.format, with_mark, to, |after| {
            Ok(selection.page(&self.connection, after, PAGE_ROWS)?)
        });
        Ok(count?)
    }

    /// The same into a file, which takes the place of what is there once it is whole.
    ///
    /// # Errors
    /// As [`Admin::export`].
    pub fn export_file(&mut self, export: &Export, with_mark: bool, path: &Path) -> Result<u64, AdminError> {
        self.begin(export)?;
        let selection = export.selection();
        let count = export::write_file(export.format, with_mark, path, |after| {
            Ok(selection.page(&self.connection, after, PAGE_ROWS)?)
        });
        Ok(count?)
    }

    /// Writes a folder of Parquet files, one for each day; days that are there are replaced. How many rows there are.
    ///
    /// # Errors
    /// As [`Admin::export`].
    pub fn export_tree(&mut self, export: &Export, folder: &Path) -> Result<u64, AdminError> {
        self.begin(export)?;
        let all = export.selection();
        let count = export::write_tree(folder, export.days, |(since_ms, until_ms), after| {
            Ok(Selection { since_ms, until_ms, ..all.clone() }.page(&self.connection, after, PAGE_ROWS)?)
        });
        Ok(count?)
    }

    fn begin(&mut self, export: &Export) -> Result<(), AdminError> {
        if let Some(store) = &export.store {
            placing::expect_store(&self.connection, store)?;
        }
        self.note_export(export.store.as_deref().unwrap_or_default(), &export.words())
    }
}

impl From<ExportError> for AdminError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Storage(error) => Self::Storage(error),
            ExportError::Write(error) => Self::Export(error),
        }
    }
}
