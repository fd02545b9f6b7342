//! Which questions this version cannot ask yet. It leaves them out, and says so where a survey is checked.

use afterword_model::survey::{QuestionKind, Survey};

/// The first question of a survey that is left out, with what to do.
#[must_use]
pub fn left_out(survey: &Survey) -> Option<String> {
    let mut questions = survey.questions.iter().enumerate();
    let is_contact =
        |question: &&afterword_model::survey::Question| matches!(question.kind, QuestionKind::Contact { .. });
    questions.find(|(_, question)| is_contact(question)).map(|(index, question)| {
        format!(
            "questions[{index}].kind: this version cannot seal a number or an address yet and leaves `{}` out (nothing is to be done; a later version asks it)",
            question.id
        )
    })
}
