//! A sheet as rows whose cells are asked for by heading, in whatever order the columns stand.

use std::rc::Rc;

use super::error::ImportError;
use super::workbook::{Cell, Cells};

/// Headings under other names that pyxform, ODK's own reader, knows.
const ALIASES: [(&str, &str); 7] = [
    ("relevance", "relevant"),
    ("caption", "label"),
    ("command", "type"),
    ("tag", "name"),
    ("value", "name"),
    ("readonly", "read_only"),
    ("list", "list_name"),
];

/// Headings before which `bind` or `media` may stand, and ones that a single colon may part from a language.
const PREFIXES: [&str; 3] = ["bind", "media", "control"];
const PER_LANGUAGE: [&str; 8] =
    ["label", "hint", "guidance_hint", "image", "audio", "video", "caption", "big-image"];

/// What a column holds, and in which language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) base: String,
    /// As it stands there: `English (en)`.
    pub(super) language: Option<String>,
}

/// A row that is not empty.
#[derive(Debug)]
pub(super) struct Row {
    /// As a spreadsheet program counts, from 1.
    pub(super) number: u32,
    cells: Vec<(Rc<Heading>, Cell)>,
}

/// A sheet.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) headings: Vec<Rc<Heading>>,
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// Takes the first row that is not empty for the headings.
    ///
    /// # Errors
    /// [`ImportError::NoColumn`] and [`ImportError::TwoColumns`].
    pub(super) fn read(
        sheet: &'static str,
        cells: Cells,
        required: &[&'static str],
    ) -> Result<Self, ImportError> {
        let mut cells = cells.into_iter();
        let columns = cells.next().map(|(_, headings)| headings).unwrap_or_default();
        let headings: Vec<(u32, Rc<Heading>)> = columns
            .into_iter()
            .filter_map(|(column, cell)| match cell {
                Cell::Text(text) => Some((column, Rc::new(Heading::read(&text)))),
                Cell::Error(_) => None,
            })
            .collect();
        for (index, (_, heading)) in headings.iter().enumerate() {
            if headings[..index].iter().any(|(_, before)| before == heading) {
                return Err(ImportError::TwoColumns { sheet, heading: heading.shown() });
            }
        }
        if let Some(heading) = required.iter().find(|name| !headings.iter().any(|(_, it)| it.base == **name))
        {
            return Err(ImportError::NoColumn { sheet, heading });
        }
        let rows = cells.filter_map(|(index, mut row)| {
            let cells = headings
                .iter()
                .filter_map(|(column, heading)| row.remove(column).map(|cell| (Rc::clone(heading), cell)));
            let cells: Vec<_> = cells.collect();
            (!cells.is_empty()).then(|| Row { number: index.saturating_add(1), cells })
        });
        let rows = rows.collect();
        Ok(Self { headings: headings.into_iter().map(|(_, heading)| heading).collect(), rows })
    }
}

impl Row {
    /// The text under a heading.
    pub(super) fn text(&self, base: &str) -> Option<&str> {
        self.per_language(base).next().map(|(_, text)| text)
    }

    /// The texts under a heading, with the languages as they stand there.
    pub(super) fn per_language<'r>(&'r self, base: &str) -> impl Iterator<Item = (Option<&'r str>, &'r str)> {
        self.cells.iter().filter(move |(heading, _)| heading.base == base).filter_map(|(heading, cell)| {
            match cell {
                Cell::Text(text) => Some((heading.language.as_deref(), text.as_str())),
                Cell::Error(_) => None,
            }
        })
    }

    /// The first cell with an error: its column and the error. Nobody can say what was meant to stand there.
    pub(super) fn error(&self) -> Option<(String, &str)> {
        self.cells.iter().find_map(|(heading, cell)| match cell {
            Cell::Error(error) => Some((heading.shown(), error.as_str())),
            Cell::Text(_) => None,
        })
    }

    /// The headings with something under them.
    pub(super) fn headings(&self) -> impl Iterator<Item = &Heading> {
        self.cells.iter().map(|(heading, _)| &**heading)
    }
}

impl Heading {
    fn read(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split("::").map(str::trim).collect();
        if let [only] = parts[..]
            && let Some((base, language)) = only.split_once(':')
            && PER_LANGUAGE.into_iter().chain(PREFIXES).any(|known| known == normal(base))
        {
            parts = vec![base.trim(), language.trim()];
        }
        if parts.len() > 1 && PREFIXES.contains(&normal(parts[0]).as_str()) {
            parts.remove(0);
        }
        let base = normal(parts[0]);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == base).map(|(_, name)| (*name).to_owned());
        let language = (parts.len() > 1).then(|| parts[1..].join("::"));
        Self { base: alias.unwrap_or(base), language }
    }

    /// As it can be shown.
    pub(super) fn shown(&self) -> String {
        let language = self.language.iter().map(|language| format!("::{language}"));
        super::notes::shown(&std::iter::once(self.base.clone()).chain(language).collect::<String>())
    }
}

fn normal(heading: &str) -> String {
    heading.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_under_every_way_to_write_them() {
        for (text, base, language) in [
            ("Label::English (en)", "label", Some("English (en)")),
            ("label : Deutsch", "label", Some("Deutsch")),
            ("media::image::English (en)", "image", Some("English (en)")),
            ("bind::relevant", "relevant", None),
            ("bind:relevant", "relevant", None),
            ("Relevance", "relevant", None),
            ("List Name", "list_name", None),
            ("jr:count", "jr:count", None),
        ] {
            let heading = Heading::read(text);
            assert_eq!((heading.base.as_str(), heading.language.as_deref()), (base, language), "{text}");
        }
    }
}
