//! The question page's adapter.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, SharedString, VecModel};

use crate::generated::{LanguageItem, QuestionAdapter, Shell};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::{place, update};
use crate::view::Question;

/// The page's lists.
pub(crate) struct Rows {
    words: Rc<VecModel<SharedString>>,
    languages: Rc<VecModel<LanguageItem>>,
}

impl Rows {
    /// Hangs the lists into the page and sends its keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let rows = Self { words: Rc::default(), languages: Rc::default() };
        let adapter = shell.global::<QuestionAdapter<'_>>();
        adapter.set_words(ModelRc::from(rows.words.clone()));
        adapter.set_languages(ModelRc::from(rows.languages.clone()));
        adapter.on_face({
            let intents = intents.clone();
            move |value| intents.send(Intent::Face(u8::try_from(value).unwrap_or_default()))
        });
        adapter.on_language({
            let intents = intents.clone();
            move |index| intents.send(Intent::Language(place(index)))
        });
        adapter.on_easier({
            let intents = intents.clone();
            move || intents.send(Intent::EasierToUse)
        });
        rows
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Question) {
        let adapter = shell.global::<QuestionAdapter<'_>>();
        adapter.set_store_name(page.store_name.as_str().into());
        adapter.set_title(page.title.as_str().into());
        adapter.set_hint(page.hint.as_str().into());
        update(&self.words, page.words.iter().map(SharedString::from));
        adapter.set_chosen(page.chosen.filter(|face| (1..=5).contains(face)).map_or(0, i32::from));
        update(
            &self.languages,
            page.languages
                .iter()
                .map(|key| LanguageItem { name: key.name.as_str().into(), current: key.current }),
        );
        adapter.set_has_strip(page.strip.is_some());
        let strip = page.strip.clone().unwrap_or_default();
        adapter.set_said(strip.said.into());
        adapter.set_did(strip.did.into());
        adapter.set_date(strip.date.into());
    }
}
