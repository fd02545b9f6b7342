//! The fields of a TOML table, each with its place and path, and the report that collects what is wrong.
//!
//! Reading never stops at a mistake: a reader returns `None`, has reported why, and its caller goes on with
//! the next field, so that one run finds everything.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::day::day_number;
use super::diagnostic::{Diagnostic, Severity};
use super::limits::{CONDITION_LIST_MAX, DIAGNOSTICS_MAX};
use super::share::Share;
use crate::closest::closest;

/// Words quoted from the file are cut after this many characters, so that a message stays one line.
const QUOTED_CHARS_MAX: usize = 40;

/// Bytes of the file, from and up to.
pub(super) type Span = Range<usize>;

/// What has been found so far.
pub(super) struct Report<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    found: Vec<(usize, Diagnostic)>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { text, line_starts, found: Vec::new() }
    }

    pub(super) fn mistake(
        &mut self,
        at: &Span,
        field: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Mistake, at, field, message.into(), hint.into());
    }

    pub(super) fn warning(
        &mut self,
        at: &Span,
        field: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Warning, at, field, message.into(), hint.into());
    }

    fn add(&mut self, severity: Severity, at: &Span, field: &str, message: String, hint: String) {
        let (line, column) = self.place(at.start);
        self.found
            .push((at.start, Diagnostic { severity, line, column, field: field.into(), message, hint }));
    }

    pub(super) fn has_mistakes(&self) -> bool {
        self.found.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Mistake)
    }

    /// Everything found, in the order of the file; where there is too much, mistakes are kept before warnings.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if self.found.len() > DIAGNOSTICS_MAX {
            self.found.sort_by_key(|(at, diagnostic)| (diagnostic.severity, *at));
            self.found.truncate(DIAGNOSTICS_MAX);
        }
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }

    /// Line and column, both from 1, of a byte.
    fn place(&self, byte: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= byte).max(1);
        let before = self.text.get(self.line_starts[line - 1]..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// A word of the file as it can be shown: shortened, on one line, without control characters.
fn shown(word: &str) -> String {
    let mut shown: String = word.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if word.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// The same between backticks, for messages.
pub(super) fn quoted(word: &str) -> String {
    format!("`{}`", shown(word))
}

/// "did you mean", else what is known.
pub(super) fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    closest(word, known.clone()).map_or_else(
        || format!("known here: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    )
}

/// A value, where it stands and how it is called.
#[derive(Debug, Clone)]
pub(super) struct Node<'t> {
    pub(super) value: &'t DeValue<'t>,
    pub(super) span: Span,
    pub(super) path: String,
}

impl<'t> Node<'t> {
    pub(super) fn string(&self, report: &mut Report<'_>) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type("a text in quotes", "write it as \"…\"", report),
        }
    }

    /// A whole number in that range.
    pub(super) fn integer(
        &self,
        range: std::ops::RangeInclusive<i64>,
        report: &mut Report<'_>,
    ) -> Option<i64> {
        let DeValue::Integer(number) = self.value else {
            return self.wrong_type("a whole number", "write it in digits, without quotes", report);
        };
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
        if value.is_none_or(|value| !range.contains(&value)) {
            let (low, high) = range.into_inner();
            let message = format!("{} is out of range", quoted(&number.to_string()));
            report.mistake(&self.span, &self.path, message, format!("allowed: {low} to {high}"));
            return None;
        }
        value
    }

    /// A number above 0 and up to 1.
    pub(super) fn share(&self, report: &mut Report<'_>) -> Option<Share> {
        let digits = match self.value {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => return self.wrong_type("a number", "write a part of 1, as in 0.25", report),
        };
        let share = digits.replace('_', "").parse().ok().and_then(Share::new);
        if share.is_none() {
            let message = format!("{} is out of range", quoted(digits));
            report.mistake(&self.span, &self.path, message, "allowed: above 0, up to 1 for all");
        }
        share
    }

    pub(super) fn truth(&self, report: &mut Report<'_>) -> Option<bool> {
        match self.value {
            DeValue::Boolean(truth) => Some(*truth),
            _ => self.wrong_type("true or false", "write it without quotes", report),
        }
    }

    /// A calendar day, as days since 1970-01-01.
    pub(super) fn day(&self, report: &mut Report<'_>) -> Option<i64> {
        const HINT: &str = "write year, month and day without quotes: 2026-11-24";
        let DeValue::Datetime(moment) = self.value else { return self.wrong_type("a day", HINT, report) };
        let day = moment.date.filter(|_| moment.time.is_none() && moment.offset.is_none());
        let day = day.and_then(|date| day_number(date.year, date.month, date.day));
        if day.is_none() {
            let message = format!("{} is no day", quoted(&moment.to_string()));
            report.mistake(&self.span, &self.path, message, HINT);
        }
        day
    }

    /// One text, or a list of some, each with its place.
    pub(super) fn one_or_more(&self, report: &mut Report<'_>) -> Option<Vec<(String, Self)>> {
        let items = match self.value {
            DeValue::String(_) => vec![self.clone()],
            DeValue::Array(_) => self.list("", report)?,
            _ => {
                return self.wrong_type("a text in quotes or a list of them", "write [\"…\", \"…\"]", report);
            }
        };
        let message = match items.len() {
            0 => "is empty, so it can never hold".to_owned(),
            count if count > CONDITION_LIST_MAX => {
                format!("{count} entries, at most {CONDITION_LIST_MAX} are possible")
            }
            _ => {
                let texts = items.into_iter().map(|item| Some((item.string(report)?.to_owned(), item)));
                // All are read before the first that is none ends it, so that each is reported.
                return texts.collect::<Vec<_>>().into_iter().collect();
            }
        };
        report.mistake(&self.span, &self.path, message, "name what it is to hold for");
        None
    }

    pub(super) fn list(&self, hint: &str, report: &mut Report<'_>) -> Option<Vec<Node<'t>>> {
        let DeValue::Array(items) = self.value else { return self.wrong_type("a list", hint, report) };
        let node = |(index, item): (usize, &'t toml::Spanned<DeValue<'t>>)| Node {
            value: item.get_ref(),
            span: item.span(),
            path: format!("{}[{index}]", self.path),
        };
        Some(items.iter().enumerate().map(node).collect())
    }

    pub(super) fn fields(&self, hint: &str, report: &mut Report<'_>) -> Option<Fields<'t>> {
        match self.value {
            DeValue::Table(table) => {
                Some(Fields { table, span: self.span.clone(), path: self.path.clone(), known: Vec::new() })
            }
            _ => self.wrong_type("a table", hint, report),
        }
    }

    pub(super) fn wrong_type<T>(&self, expected: &str, hint: &str, report: &mut Report<'_>) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        report.mistake(&self.span, &self.path, format!("expected {expected}, found {found}"), hint);
        None
    }
}

/// A table whose fields are taken one by one; what nobody has taken is unknown.
pub(super) struct Fields<'t> {
    table: &'t DeTable<'t>,
    /// Where the table stands.
    pub(super) span: Span,
    /// Its path; empty for the whole file.
    pub(super) path: String,
    known: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub(super) fn root(table: &'t DeTable<'t>) -> Self {
        Self { table, span: 0..0, path: String::new(), known: Vec::new() }
    }

    /// The path of a field of this table.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    /// The field, where it is there.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<Node<'t>> {
        self.known.push(name);
        let (_, value) = self.table.iter().find(|(key, _)| key.get_ref() == name)?;
        Some(Node { value: value.get_ref(), span: value.span(), path: self.path_of(name) })
    }

    /// The field, which must be there.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        hint: &str,
        report: &mut Report<'_>,
    ) -> Option<Node<'t>> {
        let node = self.optional(name);
        if node.is_none() {
            report.mistake(&self.span, &self.path_of(name), "missing", hint);
        }
        node
    }

    /// Every key with its place and value, for tables whose keys are the writer's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, Span, Node<'t>)> {
        let path = self.path.clone();
        self.table.iter().map(move |(key, value)| {
            let node = Node {
                value: value.get_ref(),
                span: value.span(),
                path: format!("{path}.{}", shown(key.get_ref())),
            };
            (key.get_ref().as_ref(), key.span(), node)
        })
    }

    /// Reports every field that nobody asked for. Whether there was one.
    pub(super) fn finish(self, report: &mut Report<'_>) -> bool {
        let mut is_unknown = false;
        for (key, _) in self.table.iter().filter(|(key, _)| !self.known.contains(&key.get_ref().as_ref())) {
            is_unknown = true;
            let hint = suggestion(key.get_ref(), self.known.iter().copied());
            report.mistake(&key.span(), &self.path_of(&shown(key.get_ref())), "unknown field", hint);
        }
        is_unknown
    }
}
