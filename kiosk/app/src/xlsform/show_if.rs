//! From `relevant` to `show_if`, with the same meaning for every answer, no answer included.
//!
//! A comparison is tried on every answer that its question has; what comes out is written as the range or the options for
//! which it holds. In XPath a missing answer is empty text: `!=` holds for it, `<` and `>=` do not. Where it holds, the
//! opposite is written within `not`, which a missing answer satisfies here too.

use std::collections::BTreeMap;

use super::expression::{Comparison, Expression, Term};
use super::notes::quoted;

/// A condition of a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShowIf {
    /// The rating lies within; a bound that the scale has anyway is left out.
    Rating {
        question: String,
        at_least: Option<u8>,
        at_most: Option<u8>,
    },
    Chosen {
        question: String,
        options: Vec<String>,
    },
    Answered {
        question: String,
        answered: bool,
    },
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

/// What a condition needs to know of a question before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Kept as a scale: what the form calls each value, and the value, from worst to best.
    Scale { id: String, values: Vec<(String, u8)> },
    /// Kept as options: what the form calls each, and its id.
    Choices { id: String, options: Vec<(String, String)>, is_single: bool },
    /// Kept as words: there are some, or none.
    Words { id: String },
    /// Not in the survey.
    LeftOut,
    /// Several questions have that name.
    Ambiguous,
}

/// Questions before this one, by the form's names.
pub(super) type KnownQuestions = BTreeMap<String, Known>;

/// Several conditions that all have to hold; none where there are none.
pub(super) fn all(parts: impl IntoIterator<Item = ShowIf>) -> Option<ShowIf> {
    combined(parts, ShowIf::All, |part| match part {
        ShowIf::All(parts) => Ok(parts),
        other => Err(other),
    })
}

fn any(parts: impl IntoIterator<Item = ShowIf>) -> Option<ShowIf> {
    combined(parts, ShowIf::Any, |part| match part {
        ShowIf::Any(parts) => Ok(parts),
        other => Err(other),
    })
}

/// Parts of a part are parts of the whole: the depth of a condition is bounded.
fn combined(
    parts: impl IntoIterator<Item = ShowIf>,
    combine: fn(Vec<ShowIf>) -> ShowIf,
    inner: fn(ShowIf) -> Result<Vec<ShowIf>, ShowIf>,
) -> Option<ShowIf> {
    let mut flat: Vec<ShowIf> = Vec::new();
    for part in parts.into_iter().flat_map(|part| inner(part).unwrap_or_else(|part| vec![part])) {
        if !flat.contains(&part) {
            flat.push(part);
        }
    }
    if flat.len() > 1 { Some(combine(flat)) } else { flat.pop() }
}

fn not(condition: ShowIf) -> ShowIf {
    match condition {
        ShowIf::Not(inner) => *inner,
        ShowIf::Answered { question, answered } => ShowIf::Answered { question, answered: !answered },
        other => ShowIf::Not(Box::new(other)),
    }
}

/// Says an expression as a condition.
///
/// # Errors
/// Why it cannot be said.
pub(super) fn translate(expression: &Expression, known: &KnownQuestions) -> Result<ShowIf, String> {
    let parts =
        |parts: &[Expression]| parts.iter().map(|part| translate(part, known)).collect::<Result<Vec<_>, _>>();
    let never_empty = "an expression has at least one part";
    Ok(match expression {
        Expression::And(list) => all(parts(list)?).expect(never_empty),
        Expression::Or(list) => any(parts(list)?).expect(never_empty),
        Expression::Not(inner) => not(translate(inner, known)?),
        Expression::Selected { question, choice } => {
            compare(question, Comparison::Equal, &Term::Text(choice.clone()), known, true)?
        }
        Expression::Compare { left, comparison, right } => match (left, right) {
            (Term::Question(_), Term::Question(_)) => {
                return Err("show_if cannot compare two questions".into());
            }
            (Term::Question(question), other) => compare(question, *comparison, other, known, false)?,
            (other, Term::Question(question)) => {
                compare(question, comparison.swapped(), other, known, false)?
            }
            _ => return Err("a comparison names no question".into()),
        },
    })
}

fn compare(
    name: &str,
    comparison: Comparison,
    with: &Term,
    known: &KnownQuestions,
    is_selected: bool,
) -> Result<ShowIf, String> {
    let question = match known.get(name) {
        None => return Err(format!("{} is no question before it", quoted(name))),
        Some(Known::LeftOut) => return Err(format!("{} is left out", quoted(name))),
        Some(Known::Ambiguous) => return Err(format!("several questions are called {}", quoted(name))),
        Some(question) => question,
    };
    if let (Known::Scale { id, .. } | Known::Choices { id, .. } | Known::Words { id }, Term::Text(text)) =
        (question, with)
        && text.is_empty()
        && !is_selected
    {
        let answered = |answered| Ok(ShowIf::Answered { question: id.clone(), answered });
        return match comparison {
            Comparison::Equal => answered(false),
            Comparison::Unequal => answered(true),
            _ => Err("nothing is more or less than ''".into()),
        };
    }
    let tried = |id: &str, names: Vec<&str>, write: &dyn Fn(&[usize]) -> ShowIf| {
        try_all(id, name, &names, comparison, with, write)
    };
    match question {
        Known::Scale { id, values } => {
            let names = values.iter().map(|(name, _)| name.as_str()).collect();
            tried(id, names, &|inside| ratings(id, values, inside))
        }
        Known::Choices { id, options, is_single } if *is_single || is_selected => {
            let names = options.iter().map(|(name, _)| name.as_str()).collect();
            tried(id, names, &|inside| ShowIf::Chosen {
                question: id.clone(),
                options: inside.iter().map(|place| options[*place].1.clone()).collect(),
            })
        }
        Known::Choices { .. } => {
            Err(format!("several options of {} can be chosen; write selected(…)", quoted(name)))
        }
        _ => Err(format!("the words of {} can only be compared with ''", quoted(name))),
    }
}

/// Tries a comparison on every answer, and writes down the places of those for which it holds. Of a comparison that holds
/// without an answer too, the places of the others are written, and the whole is turned round.
fn try_all(
    id: &str,
    name: &str,
    names: &[&str],
    comparison: Comparison,
    with: &Term,
    write: &dyn Fn(&[usize]) -> ShowIf,
) -> Result<ShowIf, String> {
    let is_for_empty = comparison == Comparison::Unequal;
    let holds: Vec<bool> = names.iter().map(|answer| holds(answer, comparison, with)).collect();
    let is_same = holds.windows(2).all(|pair| pair[0] == pair[1]);
    match holds.first().filter(|_| is_same) {
        Some(&holds) if holds != is_for_empty => {
            return Ok(ShowIf::Answered { question: id.into(), answered: holds });
        }
        Some(true) => return Err(format!("it holds whatever {} is answered with", quoted(name))),
        Some(false) => return Err(format!("it holds for no answer of {}", quoted(name))),
        None => {}
    }
    let inside: Vec<usize> = (0..names.len()).filter(|place| holds[*place] != is_for_empty).collect();
    let condition = write(&inside);
    Ok(if is_for_empty { not(condition) } else { condition })
}

/// As XPath compares: with a number as numbers, with text as text, and by size always as numbers.
fn holds(answer: &str, comparison: Comparison, with: &Term) -> bool {
    let number = |text: &str| text.trim().parse().unwrap_or(f64::NAN);
    match (comparison, with) {
        (Comparison::Equal, Term::Text(text)) => answer == text,
        (Comparison::Unequal, Term::Text(text)) => answer != text,
        (_, Term::Text(text)) => comparison.holds(number(answer), number(text)),
        (_, Term::Number(with)) => comparison.holds(number(answer), *with),
        (_, Term::Question(_) | Term::Itself) => false,
    }
}

/// The values at these places as ranges.
fn ratings(id: &str, values: &[(String, u8)], inside: &[usize]) -> ShowIf {
    let runs = inside.chunk_by(|before, after| before + 1 == *after);
    let last = values.len().saturating_sub(1);
    let ranges = runs.map(|run| {
        let (from, to) = (run[0], run[run.len() - 1]);
        ShowIf::Rating {
            question: id.into(),
            at_least: (from > 0).then_some(values[from].1),
            at_most: (to < last).then_some(values[to].1),
        }
    });
    any(ranges).expect("a comparison that holds for no answer has returned before")
}

#[cfg(test)]
mod tests {
    use super::super::expression::parse;
    use super::*;

    fn known() -> KnownQuestions {
        let numbers = |from: u8, to: u8| (from..=to).map(|value| (value.to_string(), value)).collect();
        let option = |name: &str| (name.to_owned(), name.replace('_', "-"));
        let thumbs = vec![("no".to_owned(), 0), ("yes".to_owned(), 1)];
        BTreeMap::from([
            ("visit".into(), Known::Scale { id: "visit".into(), values: numbers(1, 5) }),
            ("again".into(), Known::Scale { id: "again".into(), values: thumbs }),
            (
                "reasons".into(),
                Known::Choices {
                    id: "reasons".into(),
                    options: ["staff", "long_wait", "price"].map(option).into(),
                    is_single: false,
                },
            ),
            (
                "age".into(),
                Known::Choices {
                    id: "age".into(),
                    options: ["1", "2", "9"].map(option).into(),
                    is_single: true,
                },
            ),
            ("words".into(), Known::Words { id: "words".into() }),
            ("photo".into(), Known::LeftOut),
            ("twice".into(), Known::Ambiguous),
        ])
    }

    fn said(relevant: &str) -> Result<ShowIf, String> {
        translate(&parse(relevant).unwrap(), &known())
    }

    fn rating(question: &str, at_least: Option<u8>, at_most: Option<u8>) -> ShowIf {
        ShowIf::Rating { question: question.into(), at_least, at_most }
    }

    fn chosen(question: &str, options: &[&str]) -> ShowIf {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        ShowIf::Chosen { question: question.into(), options }
    }

    #[test]
    fn comparisons_become_ranges_and_options() {
        for (relevant, condition) in [
            ("${visit} <= 3", rating("visit", None, Some(3))),
            ("3 < ${visit}", rating("visit", Some(4), None)),
            ("${visit} = '2'", rating("visit", Some(2), Some(2))),
            ("${visit} = 2.0", rating("visit", Some(2), Some(2))),
            ("${again} = 'yes'", rating("again", Some(1), None)),
            ("selected(${again}, 'no')", rating("again", None, Some(0))),
            ("selected(${reasons}, 'long_wait')", chosen("reasons", &["long-wait"])),
            ("${age} = '9'", chosen("age", &["9"])),
            ("${age} >= 2", chosen("age", &["2", "9"])),
            ("${words} != ''", ShowIf::Answered { question: "words".into(), answered: true }),
            ("${visit} >= 1", ShowIf::Answered { question: "visit".into(), answered: true }),
            ("not(${visit} != '')", ShowIf::Answered { question: "visit".into(), answered: false }),
        ] {
            assert_eq!(said(relevant), Ok(condition), "{relevant}");
        }
    }

    #[test]
    fn unequal_holds_for_no_answer_too() {
        let not = |condition| ShowIf::Not(Box::new(condition));
        assert_eq!(said("${age} != '9'"), Ok(not(chosen("age", &["9"]))));
        assert_eq!(said("${visit} != 3"), Ok(not(rating("visit", Some(3), Some(3)))));
        assert_eq!(said("not(${visit} != 3)"), Ok(rating("visit", Some(3), Some(3))));
        assert_eq!(said("not(${visit} >= 4)"), Ok(not(rating("visit", Some(4), None))));
    }

    #[test]
    fn parts_are_joined_flat_and_once() {
        let (low, staff) = (rating("visit", None, Some(2)), chosen("reasons", &["staff"]));
        let (price, yes) = (chosen("reasons", &["price"]), rating("again", Some(1), None));
        assert_eq!(
            said("${visit} < 3 and (${visit} < 3 and selected(${reasons}, 'staff'))"),
            Ok(ShowIf::All(vec![low.clone(), staff.clone()]))
        );
        assert_eq!(
            said("(selected(${reasons}, 'staff') or selected(${reasons}, 'price')) and ${again} = 'yes'"),
            Ok(ShowIf::All(vec![ShowIf::Any(vec![staff, price]), yes]))
        );
        let outside = ShowIf::Any(vec![low.clone(), rating("visit", Some(4), None)]);
        assert_eq!(said("${visit} < 3 or ${visit} > 3"), Ok(outside));
        assert_eq!(all([low.clone(), low.clone()]), Some(low));
        assert_eq!(all([]), None);
    }

    #[test]
    fn what_cannot_be_said_has_a_reason() {
        for (relevant, why) in [
            ("${photo} != ''", "\"photo\" is left out"),
            ("${later} = 1", "\"later\" is no question before it"),
            ("${twice} = 1", "several questions are called \"twice\""),
            ("${reasons} = 'staff'", "several options of \"reasons\" can be chosen; write selected(…)"),
            ("${words} = 'yes'", "the words of \"words\" can only be compared with ''"),
            ("${age} = '7'", "it holds for no answer of \"age\""),
            ("${visit} != 9", "it holds whatever \"visit\" is answered with"),
            ("${visit} >= 'many'", "it holds for no answer of \"visit\""),
            ("${visit} > ''", "nothing is more or less than ''"),
            ("${visit} = ${age}", "show_if cannot compare two questions"),
            (". > 3", "a comparison names no question"),
        ] {
            assert_eq!(said(relevant), Err(why.to_owned()), "{relevant}");
        }
    }
}
