//! A question is kept if the survey with it is still one that the kiosk can use. The survey's parser is the judge.

use std::collections::btree_map::Entry;

use afterword_model::survey::{self, Diagnostic, Severity};

use super::draft::{Draft, DraftQuestion};
use super::ids;
use super::kinds::Way;
use super::limits::TRIES_MAX;
use super::notes::Notes;
use super::rows::name_dropped_columns;
use super::show_if::{Known, KnownQuestions, ShowIf};
use super::survey_text;
use super::table::Row;
use super::wording::Texts;

/// A question that could be kept.
pub(super) struct Offer {
    /// What the form calls it.
    pub(super) name: String,
    pub(super) title: Texts,
    pub(super) hint: Option<Texts>,
    pub(super) show_if: Option<ShowIf>,
    /// The best first, at least one.
    pub(super) ways: Vec<Way>,
}

/// The survey so far, and what conditions can name in it.
pub(super) struct Adoption {
    pub(super) draft: Draft,
    pub(super) known: KnownQuestions,
    tries: usize,
}

impl Adoption {
    pub(super) fn begin(draft: Draft) -> Self {
        Self { draft, known: KnownQuestions::new(), tries: 0 }
    }

    /// Keeps the question, or names it with the reason. Whether it was kept.
    pub(super) fn offer(&mut self, offer: Offer, row: &Row, notes: &mut Notes) -> bool {
        let taken: Vec<String> = self.draft.questions.iter().map(|question| question.id.clone()).collect();
        let id = ids::id(&offer.name, "question", &taken);
        let mut refusals: Vec<String> = Vec::new();
        for way in &offer.ways {
            let hint_refused = match self.hold_somehow(&id, &offer, way) {
                Ok(hint_refused) => hint_refused,
                Err(why) => {
                    refusals.push(why);
                    continue;
                }
            };
            let scale_refused = refusals.first().map(|why| format!("kept as options, not as a scale: {why}"));
            let hint_refused = hint_refused.map(|why| format!("{why}; left out"));
            for text in scale_refused.into_iter().chain(hint_refused).chain(way.remark.clone()) {
                notes.row("survey", row.number, &offer.name, text);
            }
            name_dropped_columns(row, &offer.name, &way.kind, notes);
            self.learn(offer.name, way.known(&id));
            return true;
        }
        // Options can never be first, so what stood against the scale is what somebody can change there.
        let is_first = self.draft.questions.is_empty();
        let why = if is_first { refusals.first() } else { refusals.last() };
        let why = why.map_or("there is no way to ask it", String::as_str);
        notes.row("survey", row.number, &offer.name, format!("{why}; left out"));
        self.leave_out(&offer.name);
        false
    }

    /// Holds the question, without its hint if that alone stands against it: why the hint does, where it does.
    fn hold_somehow(&mut self, id: &str, offer: &Offer, way: &Way) -> Result<Option<String>, String> {
        match self.hold(id, offer, offer.hint.as_ref(), way) {
            Ok(()) => Ok(None),
            Err((field, why)) if field.starts_with("hint") => {
                self.hold(id, offer, None, way).map(|()| Some(why)).map_err(|(_, why)| why)
            }
            Err((_, why)) => Err(why),
        }
    }

    /// Conditions cannot name it.
    pub(super) fn leave_out(&mut self, name: &str) {
        self.learn(name.into(), Known::LeftOut);
    }

    fn learn(&mut self, name: String, known: Known) {
        match self.known.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(known);
            }
            Entry::Occupied(mut entry) => {
                entry.insert(Known::Ambiguous);
            }
        }
    }

    /// Adds the question, and takes it out again if the survey has a mistake with it: the field and the reason.
    fn hold(
        &mut self,
        id: &str,
        offer: &Offer,
        hint: Option<&Texts>,
        way: &Way,
    ) -> Result<(), (String, String)> {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            let why = format!(
                "{TRIES_MAX} questions before it were tried already, and a kiosk asks few; move it up"
            );
            return Err((String::new(), why));
        }
        let index = self.draft.questions.len();
        self.draft.questions.push(DraftQuestion {
            id: id.into(),
            title: offer.title.clone(),
            hint: hint.cloned(),
            show_if: offer.show_if.clone(),
            kind: way.kind.clone(),
        });
        let Err(found) = survey::parse(&survey_text::write(&self.draft)) else { return Ok(()) };
        self.draft.questions.pop();
        let mistake = found.into_iter().find(|one| one.severity == Severity::Mistake);
        Err(mistake.map_or_else(Default::default, |mistake| reason(&mistake, index)))
    }
}

/// The field within the question, and the mistake with it. Lines and columns are of a file that nobody has.
fn reason(mistake: &Diagnostic, index: usize) -> (String, String) {
    let field = mistake.field.strip_prefix(&format!("questions[{index}]")).unwrap_or(&mistake.field);
    let field = field.trim_start_matches('.').to_owned();
    let Diagnostic { message, hint, .. } = mistake;
    let why =
        if field.is_empty() { format!("{message} ({hint})") } else { format!("{field}: {message} ({hint})") };
    (field, why)
}
