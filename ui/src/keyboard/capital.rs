//! When a capital is due by itself.

/// Whether a sentence begins after this text: nothing is before it, or a full stop, question or exclamation mark and a
/// space. Quotation marks, brackets and the opening marks of Spanish may stand on either side.
///
/// Ask only where [`super::Layout::makes_capitals`]. A dot after an abbreviation cannot be told from a full stop; the
/// shopper taps shift.
pub(super) fn capital_is_due(before_caret: &str) -> bool {
    let before_opening = before_caret.trim_end_matches(is_opening);
    let before_space = before_opening.trim_end();
    if before_space.is_empty() {
        return true;
    }
    if before_space.len() == before_opening.len() {
        return false;
    }
    let sentence = before_space.trim_end_matches(is_closing);
    // Three dots, or one character of three, are a pause and not an end.
    sentence.ends_with(['?', '!', '.', '؟']) && !sentence.ends_with("..")
}

fn is_opening(character: char) -> bool {
    matches!(character, '"' | '\'' | '(' | '¿' | '¡' | '«' | '»' | '„' | '“' | '‘' | '‚')
}

fn is_closing(character: char) -> bool {
    matches!(character, '"' | '\'' | ')' | '»' | '«' | '”' | '“' | '’')
}

#[cfg(test)]
mod tests {
    use super::capital_is_due;

    #[test]
    fn a_capital_begins_the_text_and_every_sentence() {
        for text in [
            "",
            " ",
            "¿",
            "\"",
            "Slow. ",
            "Why? ",
            "No!  ",
            "He said \"no.\" ",
            "Bueno. ¿",
            "(Closed.) ",
            "Gut. „",
        ] {
            assert!(capital_is_due(text), "{text:?}");
        }
    }

    #[test]
    fn none_is_due_inside_a_sentence_or_before_the_space() {
        for text in
            ["Slow", "Slow.", "slow ", "3.", "www.", "well... ", "well… ", "one, ", "a (", "it'", "¿qué "]
        {
            assert!(!capital_is_due(text), "{text:?}");
        }
    }
}
