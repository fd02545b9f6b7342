//! Text in the cells of a table that people open with a spreadsheet.

/// The text as a cell that no spreadsheet takes for a formula: one that begins as a formula does has an apostrophe before it, which
/// spreadsheets do not show (OWASP, "CSV Injection"). All else is as it is.
#[must_use]
pub fn safe(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_a_formula_does_not_any_more() {
        for text in ["=1+1", "+44 7700", "-2", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1"] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        for text in ["", "Great", "2 = 2", "'quoted", "a@b.example", "كيف"] {
            assert_eq!(safe(text), text);
        }
    }
}
