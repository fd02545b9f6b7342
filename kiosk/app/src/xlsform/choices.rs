//! The sheet `choices`: lists of options by name.

use std::collections::BTreeMap;

use super::languages::Languages;
use super::notes::{Notes, quoted, shown};
use super::table::Table;
use super::wording::{self, Texts};

/// Names that say no, and names that say yes, in the languages of the shipped surveys.
const NO: [&str; 9] = ["no", "n", "false", "nein", "non", "nie", "لا", "0", "não"];
const YES: [&str; 11] = ["yes", "y", "true", "ja", "oui", "sí", "si", "tak", "نعم", "1", "sim"];

/// An option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) labels: Texts,
}

/// A list of options.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) choices: Vec<Choice>,
    /// Why no question can use the list: with an option less it would ask something else.
    pub(super) broken: Option<String>,
}

/// All lists by name.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: BTreeMap<String, List>,
}

impl Lists {
    pub(super) fn read(table: &Table, languages: &Languages, notes: &mut Notes) -> Self {
        let mut lists: BTreeMap<String, List> = BTreeMap::new();
        for row in &table.rows {
            let name = row.text("name").unwrap_or_default();
            let Some(list) = row.text("list_name") else {
                notes.row("choices", row.number, name, "says not which list it belongs to; left out");
                continue;
            };
            let list = lists.entry(list.to_owned()).or_default();
            let labels = wording::texts(row, "label", languages);
            let broken = match (row.error(), &labels) {
                (Some((heading, error)), _) => {
                    format!("choices row {}: {heading} holds the error {}", row.number, shown(error))
                }
                (None, Err(why)) => format!("choices row {}: {why}", row.number),
                (None, Ok(_)) if name.is_empty() => format!("choices row {}: has no name", row.number),
                (None, Ok(_)) if list.choices.iter().any(|choice| choice.name == name) => {
                    format!("choices row {}: {} is listed twice", row.number, quoted(name))
                }
                (None, Ok(_)) => {
                    list.choices.push(Choice { name: name.into(), labels: labels.unwrap_or_default() });
                    continue;
                }
            };
            list.broken.get_or_insert(broken);
        }
        Self { lists }
    }

    /// The list of that name.
    pub(super) fn list(&self, name: &str) -> Option<&List> {
        self.lists.get(name)
    }
}

impl List {
    /// The places of the options from worst to best, where the form tells it: numbers that follow on one another, or else,
    /// where they `are_a_scale`, their order.
    pub(super) fn worst_to_best(&self, are_a_scale: bool) -> Option<Vec<usize>> {
        let numbers: Option<Vec<i64>> = self.choices.iter().map(|choice| choice.name.parse().ok()).collect();
        let mut places: Vec<usize> = (0..self.choices.len()).collect();
        if let Some(numbers) = numbers {
            places.sort_by_key(|&place| numbers[place]);
            let follow_on = |pair: &[usize]| numbers[pair[0]].checked_add(1) == Some(numbers[pair[1]]);
            return places.windows(2).all(follow_on).then_some(places);
        }
        are_a_scale.then_some(places)
    }

    /// The places of no and of yes, where these are the two options. A label says it before a name does: many forms have 1
    /// for yes and 2 for no.
    pub(super) fn no_and_yes(&self) -> Option<Vec<usize>> {
        let [first, second] = &self.choices[..] else { return None };
        let by_label = |choice: &Choice, words: &[&str]| {
            choice.labels.iter().any(|(_, label)| words.contains(&label.to_lowercase().as_str()))
        };
        let by_name = |choice: &Choice, words: &[&str]| words.contains(&choice.name.to_lowercase().as_str());
        let places = |is: &dyn Fn(&Choice, &[&str]) -> bool| {
            let (is_ascending, is_descending) =
                (is(first, &NO) && is(second, &YES), is(first, &YES) && is(second, &NO));
            match (is_ascending, is_descending) {
                (true, false) => Some(vec![0, 1]),
                (false, true) => Some(vec![1, 0]),
                _ => None,
            }
        };
        places(&by_label).or_else(|| places(&by_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[(&str, &str)]) -> List {
        let choice = |(name, label): &(&str, &str)| Choice {
            name: (*name).into(),
            labels: vec![("en".into(), (*label).into())],
        };
        List { choices: names.iter().map(choice).collect(), broken: None }
    }

    #[test]
    fn a_scale_is_known_by_its_numbers_or_by_its_looks() {
        let numbered = list(&[("3", "Good"), ("2", "Fair"), ("1", "Bad")]);
        assert_eq!(numbered.worst_to_best(false), Some(vec![2, 1, 0]));
        let gap = list(&[("1", "Bad"), ("2", "Fair"), ("9", "Don't know")]);
        assert_eq!(gap.worst_to_best(true), None, "whoever does not know is not best");
        let named = list(&[("bad", "Bad"), ("good", "Good")]);
        assert_eq!((named.worst_to_best(false), named.worst_to_best(true)), (None, Some(vec![0, 1])));
    }

    #[test]
    fn yes_is_the_thumb_up_whatever_its_number() {
        assert_eq!(list(&[("yes", "Yes"), ("no", "No")]).no_and_yes(), Some(vec![1, 0]));
        assert_eq!(list(&[("1", "Yes"), ("2", "No")]).no_and_yes(), Some(vec![1, 0]));
        assert_eq!(list(&[("0", "Nein"), ("1", "Ja")]).no_and_yes(), Some(vec![0, 1]));
        assert_eq!(list(&[("0", "Yes"), ("1", "No")]).no_and_yes(), Some(vec![1, 0]));
        assert_eq!(list(&[("red", "Red"), ("no", "No")]).no_and_yes(), None);
    }
}
