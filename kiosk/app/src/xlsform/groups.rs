//! The groups that a row stands in: what their conditions ask for, and whether a kiosk can ask within them at all.

use super::expression::{self, Expression};
use super::limits::GROUP_DEPTH_MAX;
use super::notes::{Notes, quoted, shown};
use super::table::Row;

/// The groups that are open, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Groups {
    open: Vec<Group>,
    /// Groups begun beyond the depth that is looked at.
    beyond: usize,
}

#[derive(Debug)]
struct Group {
    name: String,
    row: u32,
    is_repeat: bool,
    relevant: Result<Option<Expression>, String>,
}

impl Groups {
    /// A group or a repeat begins.
    pub(super) fn begin(&mut self, row: &Row, is_repeat: bool, notes: &mut Notes) {
        let name = row.text("name").unwrap_or_default();
        if self.open.len() >= GROUP_DEPTH_MAX {
            self.beyond += 1;
            let text = format!("groups stand more than {GROUP_DEPTH_MAX} deep; what is in it is left out");
            return notes.row("survey", row.number, name, text);
        }
        let relevant = match row.error() {
            Some((heading, error)) => Err(format!("{heading} holds the error {}", shown(error))),
            None if row.text("disabled").is_some_and(super::rows::is_yes) => {
                Err("it is disabled in the form".into())
            }
            None => row.text("relevant").map(expression::parse).transpose(),
        };
        let text = match (&relevant, is_repeat) {
            (_, true) => {
                "the kiosk asks nothing twice, so a repeat is left out with all that is in it".to_owned()
            }
            (Err(why), false) => format!("left out with all that is in it: {why}"),
            (Ok(None), false) => {
                "a group has no page of its own; left out, its questions are kept".to_owned()
            }
            (Ok(Some(_)), false) => {
                "a group has no page of its own; left out, its questions are kept with its condition"
                    .to_owned()
            }
        };
        notes.row("survey", row.number, name, text);
        self.open.push(Group { name: name.into(), row: row.number, is_repeat, relevant });
    }

    /// A group or a repeat ends.
    pub(super) fn end(&mut self, row: &Row, is_repeat: bool, notes: &mut Notes) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let kind = if is_repeat { "repeat" } else { "group" };
        match self.open.last() {
            Some(group) if group.is_repeat == is_repeat => {
                self.open.pop();
            }
            _ => {
                let text =
                    format!("a {kind} ends here that has not begun; write begin_{kind} above; left out");
                notes.row("survey", row.number, row.text("name").unwrap_or_default(), text);
            }
        }
    }

    /// What all groups ask for.
    ///
    /// # Errors
    /// Why nothing in here can be asked.
    pub(super) fn relevant(&self) -> Result<impl Iterator<Item = &Expression>, String> {
        if self.beyond > 0 {
            return Err(format!("it stands more than {GROUP_DEPTH_MAX} groups deep"));
        }
        for group in &self.open {
            if group.is_repeat {
                return Err(format!("it stands in the repeat {}", quoted(&group.name)));
            }
            if let Err(why) = &group.relevant {
                return Err(format!(
                    "it stands in the group {}, whose condition cannot be said: {why}",
                    quoted(&group.name)
                ));
            }
        }
        Ok(self.open.iter().filter_map(|group| group.relevant.as_ref().ok()?.as_ref()))
    }

    /// Names the groups that never end.
    pub(super) fn finish(self, notes: &mut Notes) {
        for group in self.open {
            let kind = if group.is_repeat { "repeat" } else { "group" };
            let text = format!(
                "never ends, so all that follows was taken as part of it; write end_{kind} behind its last question"
            );
            notes.row("survey", group.row, &group.name, text);
        }
    }
}
