//! Reads the variants of a survey, `[[variants]]`, and what they say at a question, `[[questions.variants]]`.
//!
//! A survey has one set of variants, so that a difference in the answers has one cause. It stands at the survey, and
//! questions name its variants; or it stands with its shares at the only question that differs.

use super::fields::{Fields, Node, Report, quoted, suggestion};
use super::kinds::ID_HINT;
use super::limits::{HINT_GRAPHEMES_MAX, TITLE_GRAPHEMES_MAX, VARIANTS_MAX};
use super::question::{Variant, Wording};
use super::read::{self, Languages};
use super::share::Share;

const VARIANTS_HINT: &str = "write [[variants]] with id and share";
const WORDINGS_HINT: &str = "write [[questions.variants]] with id, share and title";
const SHARE_HINT: &str = "write share = 0.5 for half of all responses";

/// The survey's variants, as far as they could be read.
#[derive(Default)]
pub(super) struct Variants {
    pub(super) list: Vec<Variant>,
    /// Where they are declared, once they are.
    declared_at: Option<String>,
    /// False where the declaration has mistakes; names are then not held against it.
    whole: bool,
}

/// Reads `[[variants]]`.
pub(super) fn variants(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Variants {
    let Some(node) = fields.optional("variants") else { return Variants::default() };
    let mut variants = Variants { declared_at: Some(node.path.clone()), whole: true, ..Variants::default() };
    let Some(entries) = entries(&node, VARIANTS_HINT, report) else {
        return Variants { whole: false, ..variants };
    };
    for entry in entries {
        let Some(mut fields) = entry.fields(VARIANTS_HINT, report) else {
            variants.whole = false;
            continue;
        };
        let id = fields.required("id", ID_HINT, report);
        let id = id.and_then(|node| read::id(&node, report).map(|id| (id, node)));
        variants.declare(id, &mut fields, report);
        fields.finish(report);
    }
    variants.check_sum(&node, report);
    variants
}

/// Reads `[[questions.variants]]`.
pub(super) fn wordings(
    node: &Node<'_>,
    variants: &mut Variants,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Vec<Wording>> {
    let entries = entries(node, WORDINGS_HINT, report)?;
    let declares = variants.declared_at.is_none();
    if let Some(elsewhere) = variants.declared_at.as_ref().filter(|path| *path != "variants") {
        let message = format!("the survey has variants at {elsewhere} already");
        let hint = "move id and share of them to [[variants]], and name them in both questions";
        report.mistake(&node.span, &node.path, message, hint);
        return None;
    }
    if declares {
        variants.declared_at = Some(node.path.clone());
        variants.whole = true;
    }
    let mut wordings: Vec<Option<Wording>> = Vec::new();
    for entry in entries {
        wordings.push(wording(&entry, declares, &wordings, variants, languages, report));
    }
    if declares {
        variants.check_sum(node, report);
    }
    wordings.into_iter().collect()
}

fn wording(
    entry: &Node<'_>,
    declares: bool,
    before: &[Option<Wording>],
    variants: &mut Variants,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Wording> {
    let mut fields = entry.fields(WORDINGS_HINT, report)?;
    let id = fields.required("id", ID_HINT, report);
    let id = id.and_then(|node| read::id(&node, report).map(|id| (id, node)));
    let variant = id.as_ref().map(|(id, _)| id.clone());
    if declares {
        variants.declare(id, &mut fields, report);
    } else {
        if let Some((id, node)) = &id {
            variants.check_name(id, node, before, report);
        }
        if let Some(share) = fields.optional("share") {
            let message = "the shares stand in [[variants]]";
            report.mistake(&share.span, &share.path, message, "delete share here");
        }
    }
    let title = fields.optional("title");
    let hint = fields.optional("hint");
    if title.is_none() && hint.is_none() {
        report.mistake(&entry.span, &entry.path, "says nothing of its own", "give it a title or a hint");
    }
    let title = title.map(|node| read::text(&node, TITLE_GRAPHEMES_MAX, languages, report));
    let hint = hint.map(|node| read::text(&node, HINT_GRAPHEMES_MAX, languages, report));
    fields.finish(report);
    Some(Wording {
        variant: variant?,
        title: title.map_or(Some(None), |title| title.map(Some))?,
        hint: hint.map_or(Some(None), |hint| hint.map(Some))?,
    })
}

fn entries<'t>(node: &Node<'t>, hint: &str, report: &mut Report<'_>) -> Option<Vec<Node<'t>>> {
    let entries = node.list(hint, report)?;
    if entries.is_empty() {
        report.mistake(&node.span, &node.path, "no variant", hint);
        return None;
    }
    if let Some(surplus) = entries.get(VARIANTS_MAX) {
        let message = format!("{} variants, at most {VARIANTS_MAX} are possible", entries.len());
        report.mistake(&surplus.span, &node.path, message, "leave some out");
        return None;
    }
    Some(entries)
}

impl Variants {
    fn declare(&mut self, id: Option<(String, Node<'_>)>, fields: &mut Fields<'_>, report: &mut Report<'_>) {
        let share = fields.required("share", SHARE_HINT, report).and_then(|node| node.share(report));
        if let Some((id, node)) = &id
            && self.list.iter().any(|variant| variant.id == *id)
        {
            let message = format!("{} is already a variant", quoted(id));
            report.mistake(&node.span, &node.path, message, "give each variant an id of its own");
        }
        match (id, share) {
            (Some((id, _)), Some(share)) => self.list.push(Variant { id, share }),
            _ => self.whole = false,
        }
    }

    fn check_name(&self, id: &str, node: &Node<'_>, before: &[Option<Wording>], report: &mut Report<'_>) {
        if before.iter().flatten().any(|wording| wording.variant == id) {
            let message = format!("{} is already a variant of this question", quoted(id));
            report.mistake(&node.span, &node.path, message, "keep one of the two");
        }
        let known = self.list.iter().map(|variant| variant.id.as_str());
        if self.whole && !known.clone().any(|known| known == id) {
            let hint = suggestion(id, known);
            report.mistake(&node.span, &node.path, format!("the survey has no variant {}", quoted(id)), hint);
        }
    }

    fn check_sum(&self, node: &Node<'_>, report: &mut Report<'_>) {
        let shares = self.list.iter().map(|variant| variant.share);
        if self.whole && Share::exceed_whole(shares.clone()) {
            let sum: f64 = shares.map(Share::as_f64).sum();
            let sum = format!("{sum:.6}");
            let sum = sum.trim_end_matches('0').trim_end_matches('.');
            let message = format!("the shares are {sum} together, more than 1");
            report.mistake(&node.span, &node.path, message, "make them 1 together, or less");
        }
    }
}
