//! The sheet `settings`: what the survey is called, its version, and the language it rests in.

use super::notes::{Notes, quoted, shown};
use super::table::Table;

/// Columns that say something to a survey.
const KNOWN: [&str; 6] = ["form_title", "title", "form_id", "id_string", "version", "default_language"];

/// The settings, with what stands in for those that are missing.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) title: Option<String>,
    /// As the form has it, not yet an id.
    pub(super) form_id: String,
    /// From 1.
    pub(super) version: u32,
    pub(super) default_language: Option<String>,
}

impl Settings {
    /// Reads the first row; a form has no other.
    pub(super) fn read(table: &Table, file_stem: &str, notes: &mut Notes) -> Self {
        let row = table.rows.first();
        let text = |base: &str| row.and_then(|row| row.text(base)).map(str::to_owned);
        let default_language = text("default_language").filter(|language| language != "default");
        let mut settings = Self {
            title: text("form_title").or_else(|| text("title")),
            form_id: text("form_id").or_else(|| text("id_string")).unwrap_or_else(|| file_stem.into()),
            version: 1,
            default_language,
        };
        let Some(row) = row else { return settings };
        if let Some((heading, error)) = row.error() {
            notes.row(
                "settings",
                row.number,
                &heading,
                format!("holds the error {}; left out", shown(error)),
            );
        }
        if let Some(version) = row.text("version") {
            match version.parse().ok().filter(|version| *version > 0) {
                Some(version) => settings.version = version,
                None => {
                    let text = format!(
                        "{} is no whole number from 1 to {}, so the survey begins with version 1; left out",
                        quoted(version),
                        u32::MAX
                    );
                    notes.row("settings", row.number, "version", text);
                }
            }
        }
        for heading in row.headings().filter(|heading| !KNOWN.contains(&heading.base.as_str())) {
            let text = "a survey has no such setting; left out";
            notes.row("settings", row.number, &heading.shown(), text);
        }
        settings
    }
}
