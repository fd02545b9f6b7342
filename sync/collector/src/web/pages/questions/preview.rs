//! What a shopper will see of a survey: each page as the kiosk's own program draws it, and its words beside it.

use std::sync::Arc;

use afterword_model::settings::{Settings, in_languages};
use afterword_model::survey::{Language, Pick, Question, QuestionKind, Survey};
use data_encoding::BASE64;
use maud::{Markup, html};

use crate::drawing::{NotDrawn, PANELS, Picture};
use crate::routes::App;

/// A survey that can be read, and pictures of it.
pub(super) struct Preview {
    survey: Survey,
    /// Its language that is shown.
    language: String,
    /// And the panel.
    panel: &'static str,
    pictures: Result<Vec<Picture>, NotDrawn>,
}

/// The form whose survey is shown; the keys that choose what of it stand outside.
pub(super) const FORM: &str = "written";

impl Preview {
    /// Has the pages drawn, in the language and on the panel that are asked for, else in the survey's own and on the first.
    pub(super) async fn draw(
        app: &Arc<App>,
        settings: &Settings,
        survey: Survey,
        panel_asked: &str,
        language_asked: &str,
    ) -> Self {
        // They were checked together.
        let offered = settings.languages.as_deref().and_then(|tags| in_languages(&survey, tags).ok());
        let survey = offered.unwrap_or(survey);
        let has = survey.languages.iter().any(|language| language.tag == language_asked);
        let language = if has { language_asked } else { survey.default_language.as_str() }.to_owned();
        let panel = PANELS.into_iter().find(|panel| *panel == panel_asked).unwrap_or(PANELS[0]);
        let pictures = app.drawing.draw(settings, panel, &language).await;
        Self { survey, language, panel, pictures }
    }

    /// What stands beside the words that are written.
    pub(super) fn part(&self) -> Markup {
        let Self { survey, language, panel: drawn_on, pictures } = self;
        let picture = |place: usize| {
            let start = format!("{:02}-", place + 1);
            pictures.as_ref().ok()?.iter().find(|picture| picture.name.starts_with(&start))
        };
        html! {
            div.row {
                label.hidden for="panel" { "Panel" }
                select #panel name="panel" form=(FORM) {
                    @for panel in PANELS { option value=(panel) selected[panel == *drawn_on] { (panel.replace('x', " × ")) } }
                }
                label.hidden for="language" { "Language" }
                select #language name="language" form=(FORM) {
                    @for Language { tag, name, .. } in &survey.languages { option value=(tag) lang=(tag) selected[tag == language] { (name) } }
                }
            }
            p.hint { (survey.id) ", version " (survey.version) "." }
            @if let Err(why) = pictures { p.hint role="status" { (why) "." } }
            ol.preview {
                @for (place, question) in survey.questions.iter().enumerate() {
                    li { (drawn(picture(place), place)) div lang=(language) { (asked(question, language)) } }
                }
                li {
                    (drawn(picture(survey.questions.len()), survey.questions.len()))
                    div lang=(language) { p.title { (survey.thanks.title.in_language(language)) } }
                }
            }
        }
    }
}

fn drawn(picture: Option<&Picture>, place: usize) -> Markup {
    html! {
        @if let Some(Picture { png, .. }) = picture {
            img src={ "data:image/png;base64," (BASE64.encode(png)) } alt={ "Page " (place + 1) " on a kiosk; its words follow" };
        }
    }
}

fn asked(question: &Question, language: &str) -> Markup {
    html! {
        p.title { (question.title.in_language(language)) }
        @if let Some(hint) = &question.hint { p.hint { (hint.in_language(language)) } }
        @match &question.kind {
            QuestionKind::Choices { options, pick } => {
                p.keys { @for option in options { span { (option.label.in_language(language)) } } }
                @if *pick == Pick::Single { p.hint lang="en" { "one of them" } }
            }
            QuestionKind::Comment { limit } => p.hint lang="en" { "a few words, " (limit) " characters at most" },
            QuestionKind::Contact { consent, .. } => p.hint { (consent.in_language(language)) },
            QuestionKind::Scale(scale) => p.keys {
                @for (value, label) in scale.values() {
                    span { @match label { Some(label) => (label.in_language(language)), None => (value) } }
                }
            }
            _ => {}
        }
        @if question.show_if.is_some() { p.hint lang="en" { "only under conditions" } }
    }
}
