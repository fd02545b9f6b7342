//! Which questions this kiosk cannot ask. It leaves them out, and says so.

use afterword_model::survey::{QuestionKind, Survey};

/// The first question of a survey that a kiosk without a contact key leaves out, with what to do.
#[must_use]
pub fn left_out_without_key(survey: &Survey) -> Option<String> {
    let mut questions = survey.questions.iter().enumerate();
    let is_contact =
        |question: &&afterword_model::survey::Question| matches!(question.kind, QuestionKind::Contact { .. });
    questions.find(|(_, question)| is_contact(question)).map(|(index, question)| {
        format!(
            "questions[{index}].kind: a kiosk whose configuration has no contact_key cannot seal what is left for a reply and leaves `{}` out (`afterword-collector contact new-key` makes a key)",
            question.id
        )
    })
}
