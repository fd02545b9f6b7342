//! Which questions there is a page for. A survey that asks another one is refused before anything is written.

use afterword_model::survey::{QuestionKind, Survey};

/// The first question of a survey that this version has no page for, with what to do.
///
/// Faces are the resting page; asked again later they would stand there without Skip and Finish.
#[must_use]
pub fn without_a_page(survey: &Survey) -> Option<String> {
    let later = survey.questions.iter().enumerate().skip(1);
    later.into_iter().find(|(_, question)| matches!(question.kind, QuestionKind::Faces { .. })).map(|(index, question)| {
        format!(
            "questions[{index}].kind: this version shows faces as the first question only (make `{}` a choices question)",
            question.id
        )
    })
}
