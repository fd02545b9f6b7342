//! The question page's adapter.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::generated::{LanguageItem, QuestionAdapter, Shell};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::{place, update};
use crate::scale::{self, value};
use crate::view::{Look, Question};

/// The page's lists.
pub(crate) struct Rows {
    scale: scale::Rows,
    languages: Rc<VecModel<LanguageItem>>,
}

impl Rows {
    /// Hangs the lists into the page and sends its keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let rows = Self { scale: scale::Rows::new(), languages: Rc::default() };
        let adapter = shell.global::<QuestionAdapter<'_>>();
        adapter.set_languages(ModelRc::from(rows.languages.clone()));
        adapter.on_rated({
            let intents = intents.clone();
            move |rated| intents.send(Intent::Rate(value(rated)))
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

    pub(crate) fn show(&self, shell: &Shell, page: &Question, look: &Look) {
        let adapter = shell.global::<QuestionAdapter<'_>>();
        adapter.set_store_name(page.store_name.as_str().into());
        adapter.set_title(page.title.as_str().into());
        adapter.set_hint(page.hint.as_str().into());
        adapter.set_scale(self.scale.data(&page.scale));
        adapter.set_is_eased(look.high_contrast || look.bigger_words || look.reach);
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
