//! What follows which answer: conditions that name what they may name, and branches of bearable length.

use super::fields::{Node, Report, Span, quoted, suggestion};
use super::limits::{FACES, STEPS_AFTER_FIRST_MAX};
use super::question::Condition;

const CONDITION_HINT: &str = "write show_if = { question = \"visit\", at_most = 3 }";

/// What the branches need to know of a question, kept even where the question itself has mistakes.
pub(super) struct Outline<'t> {
    pub(super) id: Option<(String, Node<'t>)>,
    /// Whether it is a faces question; unknown where its kind could not be read.
    pub(super) faces: Option<bool>,
    /// Where the question stands.
    span: Span,
    path: String,
    show_if: Option<ShowIf<'t>>,
}

struct ShowIf<'t> {
    node: Node<'t>,
    /// The question it names, and where.
    question: Option<(String, Node<'t>)>,
    /// Lowest and highest face; none where they could not be read.
    faces: Option<(u8, u8)>,
}

impl<'t> Outline<'t> {
    pub(super) fn new(entry: &Node<'t>) -> Self {
        Self { id: None, faces: None, span: entry.span.clone(), path: entry.path.clone(), show_if: None }
    }

    /// Reads `show_if`. What it names is checked when all questions are known.
    pub(super) fn read_condition(&mut self, node: &Node<'t>, report: &mut Report<'_>) -> Option<Condition> {
        // An unreadable condition still is one: the question is not taken for unconditional.
        let show_if = self.show_if.insert(ShowIf { node: node.clone(), question: None, faces: None });
        let mut fields = node.fields(CONDITION_HINT, report)?;
        if let Some(named) = fields.required("question", CONDITION_HINT, report) {
            show_if.question = named.string(report).map(|id| (id.to_owned(), named));
        }
        let highest = i64::try_from(FACES).unwrap_or(i64::MAX);
        let mut bound = |name| {
            let node = fields.optional(name);
            node.map(|node| node.integer(1..=highest, report).and_then(|face| u8::try_from(face).ok()))
        };
        let (at_least, at_most) = (bound("at_least"), bound("at_most"));
        if at_least.is_none() && at_most.is_none() {
            report.mistake(&node.span, &node.path, "says for no answer when it holds", CONDITION_HINT);
        }
        let (low, high) = (at_least.unwrap_or(Some(1)), at_most.unwrap_or(Some(FACES as u8)));
        fields.finish(report);
        if let (Some(low), Some(high)) = (low, high) {
            if low > high {
                let message = format!("can never hold: at_least {low} is above at_most {high}");
                report.mistake(&node.span, &node.path, message, "swap the two numbers");
            }
            show_if.faces = Some((low, high));
        }
        let (at_least, at_most) = show_if.faces?;
        Some(Condition { question: show_if.question.as_ref()?.0.clone(), at_least, at_most })
    }
}

/// Checks the first question, the ids, what each condition names, and the length of the longest branch.
pub(super) fn check(outlines: &[Outline<'_>], report: &mut Report<'_>) {
    first_question(outlines, report);
    for (index, outline) in outlines.iter().enumerate() {
        duplicate_id(outline, &outlines[..index], report);
        condition_names(outline, outlines, index, report);
    }
    if let Some(surplus) = surplus_step(outlines, 0, 0, &mut Vec::new()) {
        let message = format!("can be step {} after the first tap", STEPS_AFTER_FIRST_MAX + 1);
        let hint = format!(
            "a branch has at most {STEPS_AFTER_FIRST_MAX} steps after the first: leave questions out, or give them show_if"
        );
        report.mistake(&outlines[surplus].span, &outlines[surplus].path, message, hint);
    }
}

fn first_question(outlines: &[Outline<'_>], report: &mut Report<'_>) {
    let Some(first) = outlines.first() else { return };
    if first.faces == Some(false) {
        let hint = "put the question with the faces first: it is what the kiosk shows at rest";
        report.mistake(
            &first.span,
            &format!("{}.kind", first.path),
            "the first question must be faces",
            hint,
        );
    }
    if let Some(show_if) = &first.show_if {
        let message = "the first question is always asked";
        report.mistake(&show_if.node.span, &show_if.node.path, message, "delete show_if here");
    }
}

fn duplicate_id(outline: &Outline<'_>, before: &[Outline<'_>], report: &mut Report<'_>) {
    if let Some((id, node)) = &outline.id
        && before.iter().any(|other| other.is(id))
    {
        let message = format!("{} is already a question", quoted(id));
        report.mistake(&node.span, &node.path, message, "give each question an id of its own");
    }
}

fn condition_names(outline: &Outline<'_>, all: &[Outline<'_>], index: usize, report: &mut Report<'_>) {
    let Some((id, node)) = outline.show_if.as_ref().and_then(|show_if| show_if.question.as_ref()) else {
        return;
    };
    if index == 0 {
        return;
    }
    let earlier = all[..index].iter().find(|other| other.is(id));
    let message = match earlier {
        Some(other) if other.faces == Some(false) => "is not a faces question",
        Some(_) => return,
        None if all[index].is(id) => "is the question itself",
        None if all[index..].iter().any(|other| other.is(id)) => "comes later",
        None => "is no question of this survey",
    };
    let possible = all[..index].iter().filter(|other| other.faces == Some(true));
    let possible: Vec<_> =
        possible.filter_map(|other| other.id.as_ref()).map(|(id, _)| id.as_str()).collect();
    let hint = if possible.is_empty() {
        "a condition names an earlier faces question".to_owned()
    } else {
        format!("a condition names an earlier faces question; {}", suggestion(id, possible))
    };
    report.mistake(&node.span, &node.path, format!("{} {message}", quoted(id)), hint);
}

impl Outline<'_> {
    fn is(&self, id: &str) -> bool {
        self.id.as_ref().is_some_and(|(own, _)| own == id)
    }
}

/// The first question that some answers make one step too many.
///
/// Walks every combination of faces. A walk ends at the first surplus step, so it meets at most six faces
/// questions and 6⁶ ends: small, whatever the file says.
fn surplus_step<'o>(
    outlines: &'o [Outline<'_>],
    from: usize,
    mut steps: usize,
    faces: &mut Vec<(&'o str, u8)>,
) -> Option<usize> {
    for (index, outline) in outlines.iter().enumerate().skip(from) {
        let shown = outline.show_if.as_ref().is_none_or(|show_if| {
            // What could not be read is taken as not shown: its own mistake is reported already.
            let (Some((named, _)), Some((low, high))) = (&show_if.question, show_if.faces) else {
                return false;
            };
            faces.iter().any(|(id, face)| id == named && (low..=high).contains(face))
        });
        if !shown {
            continue;
        }
        steps += 1;
        if steps > STEPS_AFTER_FIRST_MAX + 1 {
            return Some(index);
        }
        if let (Some((id, _)), Some(true)) = (&outline.id, outline.faces) {
            // Face 0 is no answer.
            return (0..=FACES as u8).find_map(|face| {
                faces.push((id, face));
                let surplus = surplus_step(outlines, index + 1, steps, faces);
                faces.pop();
                surplus
            });
        }
    }
    None
}
