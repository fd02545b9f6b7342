//! The table `[hours]` of a configuration.

use afterword_kiosk_core::OpeningHours;
use afterword_model::hours::HoursTable;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Reads it.
///
/// # Errors
/// What is wrong, for the message with its line.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OpeningHours>, D::Error> {
    HoursTable::deserialize(deserializer)?.read().map(Some).map_err(D::Error::custom)
}
