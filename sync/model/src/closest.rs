//! "Did you mean": the nearest of a few known words.

/// Words further apart than this many edits are not offered: the guess would puzzle more than it helps.
const EDITS_MAX: usize = 2;

/// Longer words are nobody's typing slip, and comparing them would cost time for nothing.
const CHARS_MAX: usize = 64;

/// The known word nearest to `word`, where one is near enough to be meant.
pub(crate) fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.chars().count() > CHARS_MAX {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|&(edits, candidate)| edits <= EDITS_MAX && edits <= candidate.chars().count() / 2)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, row by row; letter case does not count.
fn edits(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, left_char) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right_char) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(left_char != right_char);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let known = ["title", "hint", "options", "id"];
        assert_eq!(closest("titel", known), Some("title"));
        assert_eq!(closest("Option", known), Some("options"));
        assert_eq!(closest("colour", known), None);
        assert_eq!(closest("xy", known), None);
        assert_eq!(closest(&"t".repeat(100_000), known), None);
    }
}
