//! From what is known of a stick to the page.

use std::io;

use afterword_protocol::errand::{PackFailure, Parcel};
use afterword_ui::view::export::{ExportFailure, ExportPage, ExportSaid};

use super::ExportDesk;
use crate::errands::ParcelState;
use crate::staff::device::page::{bytes, sentence};

/// The page, for these days in words.
pub(crate) fn page(desk: &ExportDesk, days: String) -> ExportPage {
    let stick = desk.stick();
    ExportPage {
        days,
        stick: desk.stick_state(),
        name: stick.map(|stick| stick.name.clone()).unwrap_or_default(),
        free: stick.and_then(|stick| stick.free_bytes).map(bytes).unwrap_or_default(),
        is_busy: desk.is_busy(),
        said: desk.said.clone(),
    }
}

/// What became of a table.
pub(super) fn failure(error: &io::Error) -> ExportFailure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ExportFailure::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => ExportFailure::ReadOnly,
        _ => ExportFailure::Other(format!("The table could not be written ({error}). Try another stick.")),
    }
}

/// What became of a parcel; nothing while it is under way.
pub(super) fn parcel(state: &ParcelState) -> Option<ExportSaid> {
    Some(match state {
        ParcelState::Never | ParcelState::UnderWay => return None,
        ParcelState::Packed(Parcel { files, records, confirmed, refused }) => ExportSaid::Parcel {
            file: files.first().cloned().unwrap_or_default(),
            files: files.len() as u64,
            entries: *records,
            confirmed: *confirmed,
            refused: *refused > 0,
        },
        ParcelState::NotPacked { reason, detail } => ExportSaid::Failed(match reason {
            PackFailure::NotEnrolled => ExportFailure::NotEnrolled,
            PackFailure::NoKey => ExportFailure::NoKey,
            PackFailure::Gone => ExportFailure::Gone,
            PackFailure::Full => ExportFailure::Full,
            PackFailure::ReadOnly => ExportFailure::ReadOnly,
            PackFailure::TooLong | PackFailure::Other => ExportFailure::Other(sentence(detail)),
        }),
        ParcelState::AgentAway { .. } => ExportSaid::Failed(ExportFailure::AgentAway),
    })
}
