//! Names of a form as ids of a survey: lower-case letters, digits and hyphens, each once.

use afterword_model::survey::limits::ID_CHARS_MAX;

/// The id for a name, which is none of those taken; `fallback` where nothing of the name can stand in one.
pub(super) fn id(name: &str, fallback: &str, taken: &[String]) -> String {
    let words = name.to_lowercase();
    let words = words.split(|character: char| !character.is_ascii_lowercase() && !character.is_ascii_digit());
    let joined = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let base = if joined.is_empty() { fallback } else { &joined };
    let with = |ending: &str| {
        let cut: String = base.chars().take(ID_CHARS_MAX - ending.len()).collect();
        format!("{}{ending}", cut.trim_end_matches('-'))
    };
    let numbered = (2_u32..).map(|number| with(&format!("-{number}")));
    std::iter::once(with(""))
        .chain(numbered)
        .find(|id| !taken.contains(id))
        .expect("fewer ids are taken than there are numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_converted_shortened_and_kept_apart() {
        assert_eq!(id("Q1_Overall Visit", "q", &[]), "q1-overall-visit");
        assert_eq!(id("出口", "question", &[]), "question");
        let taken = ["a".repeat(ID_CHARS_MAX), "q1".to_owned()];
        assert_eq!(id(&"A".repeat(99), "q", &taken), format!("{}-2", "a".repeat(ID_CHARS_MAX - 2)));
        assert_eq!(id("Q1", "q", &taken), "q1-2");
    }
}
