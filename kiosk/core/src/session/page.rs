//! What a touch on the page of a question makes of the visit, by the kind of the question.

use std::sync::Arc;

use afterword_model::response::{AnswerValue, Stamp};
use afterword_model::scale::ScaleKind;
use afterword_model::survey::QuestionKind;

use super::{Session, rated};
use crate::event::{Effect, Event};

impl Session {
    pub(super) fn touch_page(&mut self, touch: Event, now: Stamp) -> Vec<Effect> {
        if self.aid(&touch) {
            return self.edit(now, |_, _| ());
        }
        let survey = Arc::clone(&self.survey);
        let Some(visit) = self.visit_mut() else { return Vec::new() };
        let follows = visit.at > 0;
        match (touch, &visit.question(&survey).kind) {
            // Stars fill up to the one that was tapped, and can be set anew before going on.
            (Event::Rate(value), kind @ QuestionKind::Scale(scale))
                if follows && scale.kind == ScaleKind::Stars =>
            {
                let Some(answer) = rated(kind, value) else { return Vec::new() };
                visit.touched(now.mono_ms);
                self.change(|visit, survey, language| {
                    visit.answer(Some(answer), survey, language, now);
                    true
                })
            }
            (Event::Rate(value), kind) => {
                rated(kind, value).map(|answer| self.hold(answer, now)).unwrap_or_default()
            }
            (Event::Choose(option), QuestionKind::Choices { .. }) => {
                let chosen = visit.single_choice(option, &survey).map(AnswerValue::Choices);
                chosen.map(|answer| self.hold(answer, now)).unwrap_or_default()
            }
            (Event::ToggleOption(option), QuestionKind::Choices { .. }) => {
                let Some(chosen) = visit.toggled(option, &survey) else { return Vec::new() };
                visit.touched(now.mono_ms);
                self.change(|visit, survey, language| {
                    visit.answer(Some(AnswerValue::Choices(chosen)), survey, language, now);
                    true
                })
            }
            (Event::Type(typed), &QuestionKind::Comment { limit }) => {
                self.edit(now, |visit, _| visit.field.0.type_in(&typed, limit))
            }
            (Event::Backspace, QuestionKind::Comment { .. }) => {
                self.edit(now, |visit, _| visit.field.0.backspace())
            }
            (Event::Delete, QuestionKind::Comment { .. }) => {
                self.edit(now, |visit, _| visit.field.0.delete())
            }
            (Event::MoveCaret(caret), QuestionKind::Comment { .. }) => {
                self.edit(now, |visit, _| visit.field.0.move_caret(caret))
            }
            (Event::Done, QuestionKind::Comment { .. }) => self.go_on(now),
            (contact, QuestionKind::Contact { .. }) if is_for_contact(&contact) => {
                self.touch_contact(contact, now)
            }
            (Event::Next | Event::Skip, _) if follows => self.go_on(now),
            (Event::Back, _) if follows => {
                let previous = visit.previous(&survey).unwrap_or(0);
                self.go_back_to(previous, now)
            }
            (Event::Change, _) if follows => self.go_back_to(0, now),
            (Event::Finish, _) => self.finish(now),
            _ => Vec::new(),
        }
    }

    fn touch_contact(&mut self, touch: Event, now: Stamp) -> Vec<Effect> {
        match touch {
            Event::Type(typed) => self.edit(now, |visit, _| visit.contact.type_in(&typed)),
            Event::Backspace => self.edit(now, |visit, _| visit.contact.backspace()),
            Event::Delete => self.edit(now, |visit, _| visit.contact.delete()),
            Event::MoveCaret(caret) => self.edit(now, |visit, _| visit.contact.move_caret(caret)),
            Event::Channel(channel) => self.edit(now, |visit, survey| {
                if matches!(&visit.question(survey).kind,
                    QuestionKind::Contact { channels, .. } if channels.contains(&channel))
                {
                    visit.contact.turn_to(channel);
                }
            }),
            Event::Consent(given) => {
                self.edit(now, |_, _| ());
                self.change(|visit, survey, language| visit.consent(given, survey, language, now))
            }
            _ => self.send(now),
        }
    }

    /// Seals what was typed and goes on; stays where there is nothing to send, or where it cannot be sealed.
    fn send(&mut self, now: Stamp) -> Vec<Effect> {
        let (survey, sealer) = (Arc::clone(&self.survey), self.sealer.clone());
        let Some((visit, seal)) = self.visit_mut().zip(sealer.0) else { return Vec::new() };
        visit.touched(now.mono_ms);
        let Some(answer) = visit.sealed(&survey, &*seal) else { return Vec::new() };
        let effects = self.change(|visit, survey, language| {
            visit.answer(Some(answer), survey, language, now);
            true
        });
        self.go_on_after(effects, now)
    }
}

fn is_for_contact(event: &Event) -> bool {
    matches!(
        event,
        Event::Type(_)
            | Event::Backspace
            | Event::Delete
            | Event::MoveCaret(_)
            | Event::Channel(_)
            | Event::Consent(_)
            | Event::Send
            | Event::Done
    )
}
