//! The sheet `survey`, row by row: a group, a question that is offered to the survey, or something that is left out.

use super::adopt::{Adoption, Offer};
use super::choices::Lists;
use super::expression;
use super::groups::Groups;
use super::kinds::{self, Type};
use super::languages::Languages;
use super::notes::{Notes, shown};
use super::show_if;
use super::table::{Row, Table};
use super::wording;

/// Columns of a question that the kiosk has nothing for, and why it does without.
const DROPPED: [(&str, &str); 9] = [
    ("constraint", "the kiosk refuses no answers"),
    ("default", "nothing is answered before a tap"),
    ("guidance_hint", "a question has one hint"),
    ("image", "the kiosk shows no pictures of a form"),
    ("big-image", "the kiosk shows no pictures of a form"),
    ("audio", "the kiosk plays nothing"),
    ("video", "the kiosk plays nothing"),
    ("calculation", "answers come from shoppers only"),
    ("trigger", "answers come from shoppers only"),
];

/// Walks through all rows.
pub(super) fn walk(
    table: &Table,
    lists: &Lists,
    languages: &Languages,
    adoption: &mut Adoption,
    notes: &mut Notes,
) {
    let mut groups = Groups::default();
    let mut required = 0_usize;
    for row in &table.rows {
        let name = row.text("name").unwrap_or_default();
        let kind = Type::read(row.text("type").unwrap_or_default()).base;
        match kind.as_str() {
            "begin_group" => groups.begin(row, false, notes),
            "begin_repeat" => groups.begin(row, true, notes),
            "end_group" => groups.end(row, false, notes),
            "end_repeat" => groups.end(row, true, notes),
            _ => {
                let is_kept = match offer(row, lists, languages, &groups, adoption, notes) {
                    Ok(offer) => adoption.offer(offer, row, notes),
                    Err(why) => {
                        notes.row("survey", row.number, name, format!("{why}; left out"));
                        adoption.leave_out(name);
                        false
                    }
                };
                required += usize::from(is_kept && row.text("required").is_some_and(is_yes));
            }
        }
    }
    groups.finish(notes);
    if required > 0 {
        let text = format!(
            "required, in {required} of the questions kept: shoppers can skip every question after the first; left out"
        );
        notes.sheet("survey", text);
    }
}

/// What forms write for yes.
pub(super) fn is_yes(text: &str) -> bool {
    ["yes", "true", "true()", "1"].contains(&text.to_lowercase().as_str())
}

/// What of the row can be offered.
fn offer(
    row: &Row,
    lists: &Lists,
    languages: &Languages,
    groups: &Groups,
    adoption: &Adoption,
    notes: &mut Notes,
) -> Result<Offer, String> {
    if let Some((heading, error)) = row.error() {
        return Err(format!("{heading} holds the error {}", shown(error)));
    }
    if row.text("type").is_none() {
        return Err("has no type".into());
    }
    if row.text("disabled").is_some_and(is_yes) {
        return Err("is disabled in the form".into());
    }
    // What the kiosk has no kind for is said first: whatever else is wrong with it, that cannot be mended.
    let ways = kinds::ways(row, lists)?;
    let name = row.text("name").ok_or("has no name")?;
    if row.text("read_only").is_some_and(is_yes) {
        return Err("is read_only, so there is nothing to answer".into());
    }
    if row.text("choice_filter").is_some() {
        return Err("choice_filter offers some of the options only, and the kiosk would offer all".into());
    }
    let relevant = row.text("relevant").map(expression::parse).transpose();
    let relevant = relevant.map_err(|why| format!("relevant: {why}"))?;
    let conditions: Result<Vec<_>, String> = groups
        .relevant()?
        .chain(&relevant)
        .map(|expression| show_if::translate(expression, &adoption.known))
        .collect();
    let show_if = show_if::all(conditions.map_err(|why| format!("relevant: {why}"))?);
    let title = wording::texts(row, "label", languages)?;
    if title.is_empty() {
        return Err("has no label".into());
    }
    let hint = wording::texts(row, "hint", languages).unwrap_or_else(|why| {
        notes.row("survey", row.number, name, format!("hint: {why}; left out"));
        Vec::new()
    });
    let has_default = |texts: &wording::Texts| texts.iter().any(|(tag, _)| *tag == languages.default);
    let hint = Some(hint).filter(|hint| !hint.is_empty()).filter(|hint| {
        if !has_default(hint) {
            notes.row("survey", row.number, name, "hint: is not there in the default language; left out");
        }
        has_default(hint)
    });
    Ok(Offer { name: name.into(), title, hint, show_if, ways })
}

/// Names the columns of a question that is kept which the kiosk has nothing for.
pub(super) fn name_dropped_columns(row: &Row, name: &str, kind: &kinds::Kind, notes: &mut Notes) {
    for (base, why) in DROPPED {
        let is_used = base == "constraint" && kinds::uses_constraint(kind);
        if row.text(base).is_some() && !is_used {
            notes.row("survey", row.number, name, format!("{base}: {why}; left out"));
        }
    }
    let is_list = matches!(kind, kinds::Kind::Choices { .. });
    if is_list && row.text("parameters").is_some() {
        notes.row("survey", row.number, name, "parameters: options keep the form's order; left out");
    }
    if is_list && Type::read(row.text("type").unwrap_or_default()).has_other {
        let text = "or_other: the form has no words for that option; write one into the survey; left out";
        notes.row("survey", row.number, name, text);
    }
}
