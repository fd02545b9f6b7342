//! The survey that comes of a form, before it is a file.

use afterword_model::survey::{self, Text};

use super::ids;
use super::kinds::Kind;
use super::languages::{Language, Languages};
use super::notes::Notes;
use super::settings::Settings;
use super::show_if::ShowIf;
use super::wording::{Texts, plain};
use crate::config::SHIPPED_SURVEY;

/// A survey with the questions kept so far.
pub(super) struct Draft {
    pub(super) id: String,
    /// The form's title, for people.
    pub(super) title: String,
    pub(super) version: u32,
    pub(super) default_language: String,
    pub(super) languages: Vec<Language>,
    pub(super) questions: Vec<DraftQuestion>,
    pub(super) thanks_title: Texts,
    pub(super) thanks_message: Texts,
}

/// A question that is kept.
pub(super) struct DraftQuestion {
    pub(super) id: String,
    pub(super) title: Texts,
    pub(super) hint: Option<Texts>,
    pub(super) show_if: Option<ShowIf>,
    pub(super) kind: Kind,
}

impl Draft {
    /// A survey without questions. A form has no page of thanks; the words are those of the shipped survey.
    pub(super) fn new(
        settings: &Settings,
        languages: &Languages,
        file_stem: &str,
        notes: &mut Notes,
    ) -> Self {
        let shipped = survey::parse(SHIPPED_SURVEY).expect("the shipped survey is usable").survey;
        let is_shipped = |tag: &str| shipped.languages.iter().any(|language| language.tag == tag);
        if !is_shipped(&languages.default) {
            let text = format!(
                "the form has no words of thanks and there are none in {}, so they stand in English; write them into thanks in the survey",
                languages.default
            );
            notes.sheet("survey", text);
        }
        let words = |text: &Text| -> Texts {
            let tags = languages.list.iter().map(|language| &language.tag);
            let tags = tags.filter(|tag| is_shipped(tag) || **tag == languages.default);
            tags.map(|tag| (tag.clone(), text.in_language(tag).to_owned())).collect()
        };
        let message = shipped.thanks.message_for(true);
        Self {
            id: ids::id(&settings.form_id, "survey", &[]),
            title: plain(settings.title.as_deref().unwrap_or(file_stem)),
            version: settings.version,
            default_language: languages.default.clone(),
            languages: languages.list.clone(),
            questions: Vec::new(),
            thanks_title: words(&shipped.thanks.title),
            thanks_message: words(message),
        }
    }
}
