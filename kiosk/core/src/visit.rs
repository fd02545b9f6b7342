//! One shopper's visit between the first tap and the freeze: the answers, the page, and the page's clock.
//!
//! Invariants: the page shown belongs to the branch the answers lead to; the answers and the questions passed over are in the
//! survey's order and hold nothing of another branch; the words being typed are in `field` or `contact` alone until the page is
//! left.

use afterword_model::contact::{Channel, ConsentGiven, Contact};
use afterword_model::mask::mask;
use afterword_model::response::{Answer, AnswerValue, Draft, Passed, Stamp};
use afterword_model::survey::{Pick, Question, QuestionKind, Survey};

use crate::comment::CommentField;
use crate::contact::ContactField;
use crate::limits::{Asks, TimeLimits};
use crate::screen::{Flow, Screen, share_left};
use crate::seal::Seal;

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) draft: Draft,
    /// Place of the question shown.
    pub(crate) at: usize,
    pub(crate) field: CommentField,
    pub(crate) contact: ContactField,
    /// What may be asked. A number or an address that could not be sealed, and so not kept, is not asked for.
    pub(crate) asks: Asks,
    pub(crate) phase: Phase,
    /// When the freeze was asked for. From then on the page stands still until the store answers.
    pub(crate) finishing_since_ms: Option<u64>,
}

/// What the page is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A key is down; the next page comes at that moment.
    Holding { until_ms: u64 },
    /// The shopper.
    Open { shown_ms: u64, touched_ms: u64 },
    /// An answer to "Still there?".
    Warned { since_ms: u64 },
}

impl Visit {
    /// The question shown.
    pub(crate) fn question<'s>(&self, survey: &'s Survey) -> &'s Question {
        &survey.questions[self.at]
    }

    /// A visit that begins with this draft, on the first question.
    pub(crate) fn begins(draft: Draft, asks: Asks, now_ms: u64) -> Self {
        Self {
            draft,
            at: 0,
            field: CommentField::default(),
            contact: ContactField::new(Channel::Phone),
            asks,
            phase: Phase::Open { shown_ms: now_ms, touched_ms: now_ms },
            finishing_since_ms: None,
        }
    }

    /// The rating given to that question.
    fn rating(&self, question: &Question) -> Option<u8> {
        self.draft.answer(&question.id).and_then(AnswerValue::rating).map(|(_, value)| value)
    }

    /// Whether nothing was said beyond ratings.
    pub(crate) fn is_rating_only(&self) -> bool {
        self.draft.answers.iter().all(|answer| answer.value.rating().is_some() || answer.value.is_empty())
    }

    /// Places of the branch's questions, the first included.
    fn branch(&self, survey: &Survey) -> Vec<usize> {
        let steps = survey.steps(&self.draft);
        let in_branch = |question: &Question| {
            self.asks.allows(&question.kind) && steps.iter().any(|step| step.id == question.id)
        };
        (0..survey.questions.len()).filter(|&at| in_branch(&survey.questions[at])).collect()
    }

    /// The step after this one.
    pub(crate) fn next(&self, survey: &Survey) -> Option<usize> {
        self.branch(survey).into_iter().find(|&at| at > self.at)
    }

    /// The step before this one.
    pub(crate) fn previous(&self, survey: &Survey) -> Option<usize> {
        self.branch(survey).into_iter().rfind(|&at| at < self.at)
    }

    /// Notes that the page shown is left for good or for now, where no answer tells that it was there. The next save has it:
    /// it is no reason for one.
    pub(crate) fn pass(&mut self, survey: &Survey, now_ms: u64) {
        let id = &self.question(survey).id;
        self.draft.passed.retain(|passed| passed.question != *id);
        if self.draft.answer(id).is_none() {
            let at_ms = now_ms.saturating_sub(self.draft.started.mono_ms);
            self.draft.passed.push(Passed { question: id.clone(), at_ms });
        }
        let place = |passed: &Passed| survey.questions.iter().position(|asked| asked.id == passed.question);
        self.draft.passed.sort_by_key(place);
    }

    /// The visit ends on the page shown, before its last step.
    pub(crate) fn left_here(&mut self, survey: &Survey) {
        let id = &self.question(survey).id;
        self.draft.passed.retain(|passed| passed.question != *id);
        self.draft.left_at = Some(id.clone());
    }

    /// Shows that question, with a fresh clock and with the words an earlier stay left there.
    pub(crate) fn go_to(&mut self, at: usize, survey: &Survey, now_ms: u64) {
        self.pass(survey, now_ms);
        self.at = at;
        self.field = match self.draft.answer(&survey.questions[at].id) {
            Some(AnswerValue::Comment(text)) => CommentField::holding(text),
            _ => CommentField::default(),
        };
        self.contact = match &survey.questions[at].kind {
            QuestionKind::Contact { channels, .. } => {
                ContactField::new(channels.first().copied().unwrap_or(Channel::Phone))
            }
            _ => ContactField::new(Channel::Phone),
        };
        // What was sent was sent under a consent, which holds until it is taken back.
        self.contact.consented = self.sent(&survey.questions[at]).is_some();
        self.open(now_ms);
    }

    /// The page waits for the shopper, from now.
    pub(crate) fn open(&mut self, now_ms: u64) {
        self.phase = Phase::Open { shown_ms: now_ms, touched_ms: now_ms };
    }

    /// Somebody touched the page.
    pub(crate) fn touched(&mut self, now_ms: u64) {
        if let Phase::Open { touched_ms, .. } = &mut self.phase {
            *touched_ms = now_ms;
        }
    }

    /// Sets the answer to the question shown, or withdraws it, and drops what the branch no longer shows.
    pub(crate) fn answer(&mut self, value: Option<AnswerValue>, survey: &Survey, language: &str, now: Stamp) {
        let id = &self.question(survey).id;
        self.draft.answers.retain(|answer| answer.question != *id);
        if let Some(value) = value {
            let at_ms = now.mono_ms.saturating_sub(self.draft.started.mono_ms);
            self.draft.answers.push(Answer { question: id.clone(), value, at_ms });
        }
        let first = self.draft.first_language().to_owned();
        self.draft.language_at_first = (first != language).then_some(first);
        language.clone_into(&mut self.draft.language);
        let shown: Vec<&str> =
            survey.steps(&self.draft).iter().map(|question| question.id.as_str()).collect();
        let place = |answer: &Answer| shown.iter().position(|id| *id == answer.question);
        self.draft.answers.retain(|answer| place(answer).is_some());
        self.draft.answers.sort_by_key(place);
        let answers = &self.draft.answers;
        let is_passed =
            |id: &String| shown.contains(&id.as_str()) && answers.iter().all(|answer| answer.question != *id);
        self.draft.passed.retain(|passed| is_passed(&passed.question));
    }

    /// The only choice that this option makes; none where there is no such option, or several may be chosen.
    pub(crate) fn single_choice(&self, option: usize, survey: &Survey) -> Option<Vec<String>> {
        match &self.question(survey).kind {
            QuestionKind::Choices { options, pick: Pick::Single } => {
                Some(vec![options.get(option)?.id.clone()])
            }
            _ => None,
        }
    }

    /// The ids chosen on the question shown once this option is turned over; none where there is no such option.
    pub(crate) fn toggled(&self, option: usize, survey: &Survey) -> Option<Vec<String>> {
        let question = self.question(survey);
        let QuestionKind::Choices { options, pick: Pick::Multi } = &question.kind else { return None };
        let turned = &options.get(option)?.id;
        let chosen = self.chosen(question);
        let stays = |id: &String| chosen.contains(id) != (id == turned);
        Some(options.iter().map(|option| option.id.clone()).filter(stays).collect())
    }

    fn chosen(&self, question: &Question) -> &[String] {
        match self.draft.answer(&question.id) {
            Some(AnswerValue::Choices(chosen)) => chosen,
            _ => &[],
        }
    }

    /// Makes the typed words the answer, as the page is left on purpose. Whether anything has changed.
    pub(crate) fn keep_words(&mut self, survey: &Survey, language: &str, now: Stamp) -> bool {
        if !self.has_unsent_words(survey) {
            return false;
        }
        // Here the words leave the glass: what names a person or an account goes no further.
        let masked = self.field.answer().map(mask);
        let spans = masked.as_ref().map(|masked| masked.spans).unwrap_or_default();
        self.draft.masked = self.draft.masked.and(spans);
        self.answer(masked.map(|masked| AnswerValue::Comment(masked.text)), survey, language, now);
        true
    }

    /// The answer that the contact field makes, sealed. None where nothing can be sent; where sealing fails, the
    /// field says so.
    pub(crate) fn sealed(&mut self, survey: &Survey, seal: &dyn Seal) -> Option<AnswerValue> {
        let question = self.question(survey);
        let QuestionKind::Contact { consent_version, .. } = question.kind else { return None };
        let details = self.contact.sendable()?;
        let channel = self.contact.channel;
        let given = ConsentGiven {
            survey: &self.draft.survey,
            survey_version: self.draft.survey_version,
            question: &question.id,
            consent: consent_version,
            channel,
        };
        let sealed = seal.seal(details, &given.to_bytes());
        self.contact.failed = sealed.is_none();
        Some(AnswerValue::Contact(Contact { channel, consent: consent_version, sealed: sealed? }))
    }

    /// The way to be reached that was sent at that question.
    fn sent(&self, question: &Question) -> Option<Channel> {
        match self.draft.answer(&question.id) {
            Some(AnswerValue::Contact(contact)) => Some(contact.channel),
            _ => None,
        }
    }

    /// Sets the consent. Whether that has withdrawn what was sent under it.
    pub(crate) fn consent(&mut self, given: bool, survey: &Survey, language: &str, now: Stamp) -> bool {
        self.contact.consented = given;
        let withdraws = !given && self.sent(self.question(survey)).is_some();
        if withdraws {
            self.answer(None, survey, language, now);
        }
        withdraws
    }

    /// Whether a field holds something else than the answer.
    fn has_unsent_words(&self, survey: &Survey) -> bool {
        let question = self.question(survey);
        let kept = match self.draft.answer(&question.id) {
            Some(AnswerValue::Comment(text)) => Some(text.as_str()),
            _ => None,
        };
        matches!(question.kind, QuestionKind::Comment { .. }) && self.field.answer() != kept
    }

    /// Leaves the page forwards: keeps the typed words, or notes that options were shown and left empty. Whether
    /// anything has changed.
    pub(crate) fn leave(&mut self, survey: &Survey, language: &str, now: Stamp) -> bool {
        let question = self.question(survey);
        let unanswered = self.draft.answer(&question.id).is_none();
        if unanswered && matches!(question.kind, QuestionKind::Choices { .. }) {
            self.answer(Some(AnswerValue::Choices(Vec::new())), survey, language, now);
            return true;
        }
        self.keep_words(survey, language, now)
    }

    /// When a tick is due.
    pub(crate) fn deadline_ms(&self, limits: &TimeLimits) -> u64 {
        match (self.finishing_since_ms, self.phase) {
            // A store that says nothing for this long will not be waited for: the shopper goes unthanked.
            (Some(since_ms), _) => since_ms.saturating_add(limits.idle_ms),
            (None, Phase::Holding { until_ms }) => until_ms,
            (None, Phase::Open { touched_ms, .. }) => touched_ms.saturating_add(limits.idle_ms),
            (None, Phase::Warned { since_ms }) => since_ms.saturating_add(limits.warning_ms),
        }
    }

    /// Whether touches count: not while a key is held, not before the page has settled, not after the end.
    pub(crate) fn listens(&self, limits: &TimeLimits, now_ms: u64) -> bool {
        let shown_ms = match self.phase {
            Phase::Holding { .. } => return false,
            Phase::Open { shown_ms, .. } => shown_ms,
            Phase::Warned { since_ms } => since_ms,
        };
        self.finishing_since_ms.is_none() && now_ms >= shown_ms.saturating_add(limits.settle_ms)
    }

    pub(crate) fn screen(&self, survey: &Survey, limits: &TimeLimits, now_ms: u64) -> Screen {
        let now_ms = self.finishing_since_ms.unwrap_or(now_ms);
        if let Phase::Warned { since_ms } = self.phase {
            let left_ms = limits.warning_ms.saturating_sub(now_ms.saturating_sub(since_ms));
            return Screen::StillThere {
                seconds_left: left_ms.div_ceil(1_000),
                time_left: share_left(since_ms, limits.warning_ms, now_ms),
                unsent_words: self.has_unsent_words(survey) || !self.contact.text().is_empty(),
            };
        }
        let question = self.question(survey);
        let flow = self.flow(survey, limits, now_ms);
        match &question.kind {
            QuestionKind::Choices { pick, .. } => Screen::Reasons {
                question: self.at,
                chosen: self.chosen(question).to_vec(),
                single: *pick == Pick::Single,
                flow,
            },
            QuestionKind::Contact { .. } => Screen::Contact {
                question: self.at,
                channel: self.contact.channel,
                text: self.contact.text().into(),
                caret: self.contact.caret(),
                count: self.contact.count(),
                consented: self.contact.consented,
                can_send: self.contact.sendable().is_some(),
                sent: self.sent(question),
                failed: self.contact.failed,
                flow,
            },
            QuestionKind::Comment { limit } => Screen::Comment {
                question: self.at,
                text: self.field.0.text().into(),
                caret: self.field.0.caret(),
                count: self.field.0.count(),
                limit: *limit,
                flow,
            },
            // A scale; a kind of the future is not shown by a session of today.
            _ => Screen::Question {
                question: self.at,
                chosen: self.rating(question),
                changing: self.at == 0 && matches!(self.phase, Phase::Open { .. }),
                flow: (self.at > 0).then_some(flow),
            },
        }
    }

    fn flow(&self, survey: &Survey, limits: &TimeLimits, now_ms: u64) -> Flow {
        let branch = self.branch(survey);
        let time_left = match self.phase {
            Phase::Open { touched_ms, .. } => share_left(touched_ms, limits.idle_ms, now_ms),
            _ => 1.0,
        };
        Flow {
            rating: self.rating(&survey.questions[0]).unwrap_or_default(),
            step: branch.iter().take_while(|&&at| at <= self.at).count(),
            steps: branch.len(),
            can_go_back: self.at > 0,
            time_left,
        }
    }
}
