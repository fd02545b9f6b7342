//! The search for the longest branch: every answer that makes a difference, in every situation that makes one.
//!
//! It asks the very conditions that the kiosk will ask, on drafts made up for it, so the two cannot disagree. A
//! sampled question is taken as asked, so chance makes no branch longer than the search says. What differs in
//! nothing that a condition asks is tried once; past [`SEARCH_STEPS_MAX`] steps the search gives up.

use super::branches::Outline;
use super::cases;
use super::condition::{Condition, Situation};
use super::kinds::Domain;
use super::limits::{OPTIONS_MAX, SEARCH_STEPS_MAX, STEPS_AFTER_FIRST_MAX};
use super::question::{Pick, Variant};
use super::read::Languages;
use crate::contact::{Channel, Contact};
use crate::response::{Answer, AnswerValue, Draft};
use crate::scale::ScaleKind;

/// What the search came to.
pub(super) enum Found {
    /// The place of a question that can be one step too many.
    Surplus(usize),
    /// No branch is too long; the places of the questions that are never asked.
    Never(Vec<usize>),
    /// There are too many ways to try.
    TooMany,
}

/// Searches all branches. Questions with an unreadable condition are taken as not asked: that mistake is reported.
pub(super) fn longest_branch(outlines: &[Outline<'_>], variants: &[Variant], languages: &Languages) -> Found {
    let mut leaves = Vec::new();
    for condition in outlines.iter().filter_map(|outline| outline.show_if.as_ref()?.condition.as_ref()) {
        condition.leaves(&mut leaves);
    }
    let Some(drafts) = cases::drafts(&leaves, variants, languages) else { return Found::TooMany };
    let answers = outlines.iter().enumerate().map(|(index, outline)| answers(outline, index == 0, &leaves));
    let mut search = Search {
        outlines,
        answers: answers.collect(),
        asked_once: vec![false; outlines.len()],
        steps_left: SEARCH_STEPS_MAX,
    };
    for mut draft in drafts {
        match search.from(0, 0, &mut draft, &mut Vec::new()) {
            Some(End::Surplus(surplus)) => return Found::Surplus(surplus),
            Some(End::TooMany) => return Found::TooMany,
            None => {}
        }
    }
    let asked = search.asked_once.iter().enumerate();
    Found::Never(asked.filter(|(_, asked)| !**asked).map(|(index, _)| index).collect())
}

struct Search<'o, 't> {
    outlines: &'o [Outline<'t>],
    /// For each question every answer that makes a difference later; none is no answer.
    answers: Vec<Vec<Option<AnswerValue>>>,
    asked_once: Vec<bool>,
    steps_left: usize,
}

enum End {
    Surplus(usize),
    TooMany,
}

impl<'o> Search<'o, '_> {
    fn from(
        &mut self,
        first: usize,
        mut steps: usize,
        draft: &mut Draft,
        asked: &mut Vec<&'o str>,
    ) -> Option<End> {
        let asked_before = asked.len();
        for index in first..self.outlines.len() {
            let outline = &self.outlines[index];
            let Some(steps_left) = self.steps_left.checked_sub(1) else { return Some(End::TooMany) };
            self.steps_left = steps_left;
            let now = Situation { draft, asked };
            let is_asked = outline.show_if.as_ref().is_none_or(|show_if| {
                show_if.condition.as_ref().is_some_and(|condition| condition.holds(now))
            });
            if !is_asked {
                continue;
            }
            self.asked_once[index] = true;
            steps += usize::from(outline.is_step);
            if steps > STEPS_AFTER_FIRST_MAX + 1 {
                return Some(End::Surplus(index));
            }
            let Some((id, _)) = &outline.id else { continue };
            asked.push(id);
            if self.answers[index] != [None] {
                let end = (0..self.answers[index].len()).find_map(|which| {
                    let value = self.answers[index][which].clone();
                    let is_answered = value.is_some();
                    draft.answers.extend(value.map(|value| Answer { question: id.clone(), value, at_ms: 0 }));
                    let end = self.from(index + 1, steps, draft, asked);
                    if is_answered {
                        draft.answers.pop();
                    }
                    end
                });
                asked.truncate(asked_before);
                return end;
            }
        }
        asked.truncate(asked_before);
        None
    }
}

/// The answers to a question that some condition tells apart.
fn answers(outline: &Outline<'_>, is_first: bool, leaves: &[&Condition]) -> Vec<Option<AnswerValue>> {
    let (Some((id, _)), Some(domain)) = (&outline.id, &outline.domain) else { return vec![None] };
    let on_it: Vec<&Condition> = leaves.iter().copied().filter(|leaf| names(leaf, id)).collect();
    if on_it.is_empty() {
        return vec![None];
    }
    let answers = match domain {
        Domain::Scale(scale) => ratings(*scale, &on_it),
        Domain::Choices { options, pick } => choices(options, *pick, &on_it),
        Domain::Words => {
            let contact = Contact { channel: Channel::Phone, consent: 1, sealed: String::new() };
            vec![AnswerValue::Contact(contact)]
        }
    };
    // The first question is never left unanswered: its answer begins the visit.
    let unanswered = (!is_first).then_some(None);
    unanswered.into_iter().chain(answers.into_iter().map(Some)).collect()
}

fn names(leaf: &Condition, id: &str) -> bool {
    match leaf {
        Condition::Rating { question, .. }
        | Condition::Chosen { question, .. }
        | Condition::Answered { question, .. } => question == id,
        _ => false,
    }
}

/// The lowest value of each stretch that no condition cuts through.
fn ratings(scale: ScaleKind, on_it: &[&Condition]) -> Vec<AnswerValue> {
    let begins = |value: u8| {
        value == *scale.range().start()
            || on_it.iter().any(|leaf| match leaf {
                Condition::Rating { at_least, at_most, .. } => {
                    value == *at_least || value.checked_sub(1) == Some(*at_most)
                }
                _ => false,
            })
    };
    scale.range().filter(|&value| begins(value)).filter_map(|value| scale.answer(value)).collect()
}

/// Every choice among the options that conditions name, and one that none names.
fn choices(options: &[String], pick: Pick, on_it: &[&Condition]) -> Vec<AnswerValue> {
    let is_named = |id: &String| {
        on_it.iter().any(|leaf| matches!(leaf, Condition::Chosen { options, .. } if options.contains(id)))
    };
    // More options than fit are a mistake of their own.
    let (named, others): (Vec<_>, Vec<_>) =
        options.iter().take(OPTIONS_MAX).cloned().partition(|id| is_named(id));
    let mut choices: Vec<Vec<String>> = match pick {
        Pick::Single => named.into_iter().map(|id| vec![id]).collect(),
        Pick::Multi => (1_usize..1 << named.len())
            .map(|set| {
                let is_in = |place: &usize| set & (1 << place) != 0;
                (0..named.len()).filter(is_in).map(|place| named[place].clone()).collect()
            })
            .collect(),
    };
    choices.extend(others.into_iter().next().map(|id| vec![id]));
    choices.into_iter().map(AnswerValue::Choices).collect()
}
