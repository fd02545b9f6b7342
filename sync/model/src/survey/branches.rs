//! What follows which answer: conditions that name what they may name, and branches of bearable length.

use super::condition::Condition;
use super::fields::{Node, Report, Span, quoted, suggestion};
use super::kinds::Domain;
use super::limits::{SEARCH_STEPS_MAX, STEPS_AFTER_FIRST_MAX};
use super::question::Variant;
use super::read::Languages;
use super::read_condition::{Asks, ConditionReader, Reference};
use super::search::{self, Found};

/// What the branches need to know of a question, kept even where the question itself has mistakes; or of what a branch ends
/// with on a condition.
pub(super) struct Outline<'t> {
    /// False for what comes after all questions.
    pub(super) is_step: bool,
    pub(super) id: Option<(String, Node<'t>)>,
    /// What it can be answered with; unknown where its kind could not be read.
    pub(super) domain: Option<Domain>,
    /// The field `sample`, where it has one.
    pub(super) sample: Option<Node<'t>>,
    pub(super) show_if: Option<ShowIf<'t>>,
    /// Where the question stands.
    span: Span,
    path: String,
}

pub(super) struct ShowIf<'t> {
    node: Node<'t>,
    /// None where it could not be read; even so the question is not taken for unconditional.
    pub(super) condition: Option<Condition>,
    references: Vec<Reference<'t>>,
}

impl<'t> Outline<'t> {
    pub(super) fn new(entry: &Node<'t>) -> Self {
        let (span, path) = (entry.span.clone(), entry.path.clone());
        Self { is_step: true, id: None, domain: None, sample: None, show_if: None, span, path }
    }

    /// Something that is no question and comes after all of them.
    pub(super) fn after(entry: &Node<'t>) -> Self {
        Self { is_step: false, ..Self::new(entry) }
    }

    /// Reads `show_if`. What it names is checked when all questions are known.
    pub(super) fn read_condition(
        &mut self,
        node: &Node<'t>,
        languages: &Languages,
        report: &mut Report<'_>,
    ) -> Option<Condition> {
        let mut reader = ConditionReader::new(languages);
        let condition = reader.read(node, report);
        let (node, references) = (node.clone(), reader.references);
        self.show_if.insert(ShowIf { node, condition, references }).condition.clone()
    }

    fn is(&self, id: &str) -> bool {
        self.id.as_ref().is_some_and(|(own, _)| own == id)
    }
}

/// Checks the first question, the ids, what each condition names, the length of the longest branch, and that
/// every question can be asked at all.
pub(super) fn check(
    outlines: &[Outline<'_>],
    variants: &[Variant],
    languages: &Languages,
    report: &mut Report<'_>,
) {
    first_question(outlines, report);
    for (index, outline) in outlines.iter().enumerate() {
        duplicate_id(outline, &outlines[..index], report);
        let references = outline.show_if.iter().flat_map(|show_if| &show_if.references);
        for reference in references {
            match &reference.asks {
                Asks::Variant => variant_name(reference, variants, report),
                // The first question has no condition at all; that is said already.
                _ if index == 0 => {}
                _ => question_name(reference, outlines, index, report),
            }
        }
    }
    match search::longest_branch(outlines, variants, languages) {
        Found::Surplus(surplus) => {
            let message = format!("can be step {} after the first tap", STEPS_AFTER_FIRST_MAX + 1);
            let hint = format!(
                "a branch has at most {STEPS_AFTER_FIRST_MAX} steps after the first: leave questions out, or give them show_if"
            );
            report.mistake(&outlines[surplus].span, &outlines[surplus].path, message, hint);
        }
        Found::TooMany => {
            let message = format!("more than {SEARCH_STEPS_MAX} ways through the conditions");
            report.mistake(&(0..0), "questions", message, "make the conditions simpler, or ask less");
        }
        // Mistakes elsewhere can make a condition look as if it never held.
        Found::Never(questions) if !report.has_mistakes() => {
            for show_if in questions.into_iter().filter_map(|index| outlines[index].show_if.as_ref()) {
                let message = "can never hold: no answers and no moment lead here";
                let hint = "check it against the conditions of the questions it names";
                report.mistake(&show_if.node.span, &show_if.node.path, message, hint);
            }
        }
        Found::Never(_) => {}
    }
}

fn first_question(outlines: &[Outline<'_>], report: &mut Report<'_>) {
    let Some(first) = outlines.first() else { return };
    if matches!(first.domain, Some(Domain::Choices { .. } | Domain::Words)) {
        let hint = "put faces, stars, nps, effort or thumbs first: it is what the kiosk shows at rest";
        let path = format!("{}.kind", first.path);
        report.mistake(&first.span, &path, "the first question must be answered with one tap", hint);
    }
    let message = "the first question is always asked";
    if let Some(show_if) = &first.show_if {
        report.mistake(&show_if.node.span, &show_if.node.path, message, "delete show_if here");
    }
    if let Some(sample) = &first.sample {
        report.mistake(&sample.span, &sample.path, message, "delete sample here");
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

fn variant_name(reference: &Reference<'_>, variants: &[Variant], report: &mut Report<'_>) {
    let Reference { name, node, .. } = reference;
    let known = variants.iter().map(|variant| variant.id.as_str());
    if known.clone().any(|known| known == name) {
        return;
    }
    let hint = if variants.is_empty() {
        "write [[variants]] with id and share".to_owned()
    } else {
        suggestion(name, known)
    };
    report.mistake(&node.span, &node.path, format!("the survey has no variant {}", quoted(name)), hint);
}

fn question_name(reference: &Reference<'_>, all: &[Outline<'_>], index: usize, report: &mut Report<'_>) {
    let Reference { name, node, asks } = reference;
    let message = match all[..index].iter().find(|other| other.is(name)) {
        Some(earlier) => return fits(earlier, reference, report),
        None if all[index].is(name) => "is the question itself",
        None if all[index..].iter().any(|other| other.is(name)) => "comes later",
        None => "is no question of this survey",
    };
    let fitting = all[..index].iter().filter(|other| match (&other.domain, asks) {
        (Some(Domain::Scale(_)), Asks::Rating(_)) | (Some(Domain::Choices { .. }), Asks::Options(_)) => true,
        (_, Asks::Rating(_) | Asks::Options(_)) => false,
        _ => true,
    });
    let possible: Vec<_> = fitting.filter_map(|other| other.id.as_ref()).map(|(id, _)| id.as_str()).collect();
    let hint = if possible.is_empty() {
        "a condition names an earlier question".to_owned()
    } else {
        format!("a condition names an earlier question; {}", suggestion(name, possible))
    };
    report.mistake(&node.span, &node.path, format!("{} {message}", quoted(name)), hint);
}

/// Whether the earlier question can be answered in the way the condition asks for.
fn fits(earlier: &Outline<'_>, reference: &Reference<'_>, report: &mut Report<'_>) {
    let Reference { name, node, asks } = reference;
    let mut misfit = |message, hint| {
        report.mistake(&node.span, &node.path, format!("{} {message}", quoted(name)), hint);
    };
    match (asks, &earlier.domain) {
        (Asks::Rating(bounds), Some(Domain::Scale(scale))) => {
            let range = scale.range();
            for (value, node) in bounds.iter().filter(|(value, _)| !range.contains(value)) {
                let message = format!("{} is out of range", quoted(&value.to_string()));
                let hint = format!("allowed: {} to {}", range.start(), range.end());
                report.mistake(&node.span, &node.path, message, hint);
            }
        }
        (Asks::Options(asked), Some(Domain::Choices { options, .. })) => {
            for (id, node) in asked.iter().filter(|(id, _)| !options.contains(id)) {
                let message = format!("{} has no option {}", quoted(name), quoted(id));
                report.mistake(
                    &node.span,
                    &node.path,
                    message,
                    suggestion(id, options.iter().map(String::as_str)),
                );
            }
        }
        (Asks::Rating(_), Some(Domain::Choices { .. })) => {
            misfit("has no rating", "at_least and at_most are for ratings; for options write chosen");
        }
        (Asks::Rating(_), Some(Domain::Words)) => {
            misfit("has no rating", "at_least and at_most are for ratings; here write answered = true");
        }
        (Asks::Options(_), Some(Domain::Scale(_))) => {
            misfit("has no options", "chosen is for options; for a rating write at_least or at_most");
        }
        (Asks::Options(_), Some(Domain::Words)) => {
            misfit("has no options", "chosen is for options; here write answered = true");
        }
        (Asks::Answer | Asks::Variant, _) | (_, None) => {}
    }
}
