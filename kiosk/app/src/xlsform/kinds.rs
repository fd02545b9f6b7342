//! From a form's type to how the kiosk asks: the ways in which a question could be kept, the best first.

use afterword_model::scale::ScaleKind;
use afterword_model::survey::ICONS;
use afterword_model::survey::limits::OPTIONS_MAX;

use super::choices::{List, Lists};
use super::expression::{self, Comparison, Expression, Term};
use super::ids;
use super::notes::{quoted, shown};
use super::show_if::Known;
use super::table::Row;
use super::wording::Texts;

/// Scales for whole numbers; which numbers they have is the model's.
const NUMBERED: [ScaleKind; 3] = [ScaleKind::Nps, ScaleKind::Stars, ScaleKind::Effort];

/// Scales for a list of options, one word each.
const WORDED: [ScaleKind; 3] = [ScaleKind::Faces, ScaleKind::Faces4, ScaleKind::Thumbs];

/// What `range` means where it does not say, after pyxform.
const RANGE_DEFAULT: (i64, i64) = (1, 10);

/// Words by which a name or a label asks for a way to reach somebody, in the languages of the shipped surveys.
const REACHED_BY: [&str; 24] = [
    "email",
    "mail",
    "phone",
    "phonenumber",
    "telephone",
    "tel",
    "telefon",
    "telefonnummer",
    "mobile",
    "mobilnummer",
    "handynummer",
    "cellphone",
    "whatsapp",
    "courriel",
    "téléphone",
    "telephone_number",
    "teléfono",
    "telefono",
    "móvil",
    "correo",
    "telefonu",
    "komórka",
    "هاتف",
    "البريد",
];

/// How a question is answered.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// With words from worst to best, where the scale has one for each value.
    Scale {
        scale: ScaleKind,
        words: Vec<Texts>,
    },
    Choices {
        options: Vec<Option_>,
        is_single: bool,
    },
    Comment,
}

/// An option of a choices question.
#[derive(Debug, Clone)]
pub(super) struct Option_ {
    pub(super) id: String,
    pub(super) icon: &'static str,
    pub(super) label: Texts,
}

/// A way to keep a question.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) kind: Kind,
    /// What the form calls each value or option, in their order.
    names: Vec<String>,
    /// What somebody should look at if it is kept this way.
    pub(super) remark: Option<String>,
}

impl Way {
    /// What conditions need to know of the question.
    pub(super) fn known(&self, id: &str) -> Known {
        let (id, names) = (id.to_owned(), self.names.iter().cloned());
        match &self.kind {
            Kind::Scale { scale, .. } => Known::Scale { id, values: names.zip(scale.range()).collect() },
            Kind::Choices { options, is_single } => {
                let options = names.zip(options.iter().map(|option| option.id.clone())).collect();
                Known::Choices { id, options, is_single: *is_single }
            }
            Kind::Comment => Known::Words { id },
        }
    }
}

/// The ways to keep a question of this row, at least one.
///
/// # Errors
/// Why there is none.
pub(super) fn ways(row: &Row, lists: &Lists) -> Result<Vec<Way>, String> {
    let kind = Type::read(row.text("type").unwrap_or_default());
    match kind.base.as_str() {
        "select_one" => {
            let list = list(&kind, lists)?;
            let scale = scale_of(list, row.text("appearance").unwrap_or_default());
            Ok(scale.into_iter().chain([choices(list, true)]).collect())
        }
        "select_multiple" => Ok(vec![choices(list(&kind, lists)?, false)]),
        "text" if is_contact(row) => Err(
            "asks how to reach somebody, which needs a text that the shopper agrees to; write a question of kind \"contact\" into the survey by hand, with consent and channels"
                .into(),
        ),
        "text" => Ok(vec![Way { kind: Kind::Comment, names: Vec::new(), remark: None }]),
        "integer" | "range" => numbered(row, kind.base == "range").map(|way| vec![way]),
        other => Err(format!("{} is not a kind the kiosk has", shown(other))),
    }
}

/// A type as a form writes it: `select_one reasons or_other`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// In today's spelling.
    pub(super) base: String,
    list: String,
    /// Whether it adds an option for words of one's own.
    pub(super) has_other: bool,
}

impl Type {
    pub(super) fn read(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (base, list_at) = match words[..] {
            ["select", "one", "from", ..] => ("select_one", 3),
            ["select", "one", ..] => ("select_one", 2),
            ["select_one" | "select1", "from", ..] => ("select_one", 2),
            ["select_one" | "select1", ..] => ("select_one", 1),
            ["select", "multiple", "from", ..] => ("select_multiple", 3),
            ["select", "multiple", ..] => ("select_multiple", 2),
            ["select_multiple", "from", ..] => ("select_multiple", 2),
            ["select_multiple", ..] => ("select_multiple", 1),
            ["begin", "group", ..] => ("begin_group", 2),
            ["begin", "repeat", ..] => ("begin_repeat", 2),
            ["end", "group", ..] => ("end_group", 2),
            ["end", "repeat", ..] => ("end_repeat", 2),
            ["string", ..] => ("text", 1),
            ["int", ..] => ("integer", 1),
            [one, ..] => (one, 1),
            [] => ("", 0),
        };
        let rest: Vec<&str> = text.split_whitespace().skip(list_at).collect();
        let has_other = rest.last().is_some_and(|last| last.eq_ignore_ascii_case("or_other"));
        Self { base: base.into(), list: rest.first().copied().unwrap_or_default().into(), has_other }
    }
}

fn list<'l>(kind: &Type, lists: &'l Lists) -> Result<&'l List, String> {
    let list = lists
        .list(&kind.list)
        .ok_or_else(|| format!("the sheet choices has no list {}", quoted(&kind.list)))?;
    if let Some(why) = &list.broken {
        return Err(format!("the list {} cannot be used whole: {why}", quoted(&kind.list)));
    }
    if list.choices.len() > OPTIONS_MAX {
        return Err(format!("{} options, at most {OPTIONS_MAX} fit on the screen", list.choices.len()));
    }
    Ok(list)
}

fn choices(list: &List, is_single: bool) -> Way {
    let mut options: Vec<Option_> = Vec::new();
    for choice in &list.choices {
        let taken: Vec<String> = options.iter().map(|option| option.id.clone()).collect();
        let id = ids::id(&choice.name, "option", &taken);
        let icon = ICONS.into_iter().find(|icon| *icon == id).unwrap_or("other");
        options.push(Option_ { id, icon, label: choice.labels.clone() });
    }
    let names = list.choices.iter().map(|choice| choice.name.clone()).collect();
    Way { kind: Kind::Choices { options, is_single }, names, remark: None }
}

/// The list as faces or thumbs, where the form says that it is a scale.
fn scale_of(list: &List, appearance: &str) -> Option<Way> {
    let scale = WORDED.into_iter().find(|scale| scale.range().count() == list.choices.len())?;
    let is_likert = appearance.split_whitespace().any(|look| look.eq_ignore_ascii_case("likert"));
    let said = list.no_and_yes();
    let is_guess = said.is_none();
    let order = said.or_else(|| list.worst_to_best(is_likert))?;
    let word = |place: &usize| list.choices[*place].labels.clone();
    let first_words = |place: Option<&usize>| {
        let labels = place.map(word).unwrap_or_default();
        labels.first().map_or_else(String::new, |(_, label)| quoted(label))
    };
    let remark = is_guess.then(|| {
        format!(
            "taken as a scale from {}, the worst, to {}, the best; if the form means it the other way, turn the words round in the survey, and the numbers in show_if with them",
            first_words(order.first()),
            first_words(order.last())
        )
    });
    Some(Way {
        kind: Kind::Scale { scale, words: order.iter().map(word).collect() },
        names: order.iter().map(|place| list.choices[*place].name.clone()).collect(),
        remark,
    })
}

fn numbered(row: &Row, is_range: bool) -> Result<Way, String> {
    let range = range(row, is_range);
    let numbers = |scale: ScaleKind| (i64::from(*scale.range().start()), i64::from(*scale.range().end()));
    let Some(scale) = NUMBERED.into_iter().find(|scale| range == Some(numbers(*scale))) else {
        let known = NUMBERED.map(|scale| format!("{} to {}", scale.range().start(), scale.range().end()));
        let known = known.join(", ");
        return Err(match range {
            Some((from, to)) => format!("the kiosk has numbers from {known}, not from {from} to {to}"),
            None => format!(
                "the kiosk has numbers from {known}, in steps of 1, and nothing says that these are asked"
            ),
        });
    };
    let remark = (scale != ScaleKind::Stars).then(|| {
        let (from, to) = numbers(scale);
        format!("the form has no words for the two ends, so {from} and {to} stand there; write words into ends in the survey")
    });
    let names = scale.range().map(|value| value.to_string()).collect();
    Ok(Way { kind: Kind::Scale { scale, words: Vec::new() }, names, remark })
}

/// From where to where the numbers go: as `parameters` say, else as the constraint does.
fn range(row: &Row, is_range: bool) -> Option<(i64, i64)> {
    let parameters = row.text("parameters").unwrap_or_default().to_lowercase().replace([',', ';'], " ");
    let parameters = parameters.replace(" =", "=").replace("= ", "=");
    let value = |name: &str| {
        let all = parameters.split_whitespace().filter_map(|pair| pair.split_once('='));
        all.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    };
    if value("step").is_some_and(|step| step.parse() != Ok(1.0)) {
        return None;
    }
    let number = |name: &str, default: i64| match value(name) {
        Some(text) => text.parse::<f64>().ok().and_then(whole),
        None => Some(default),
    };
    if is_range {
        return Some((number("start", RANGE_DEFAULT.0)?, number("end", RANGE_DEFAULT.1)?));
    }
    if value("start").is_some() || value("end").is_some() {
        return Some((number("start", i64::MIN)?, number("end", i64::MAX)?));
    }
    bounds(&expression::parse(row.text("constraint")?).ok()?)
}

/// The bounds that a constraint like `. >= 0 and . <= 10` sets, where it sets both and nothing else.
fn bounds(constraint: &Expression) -> Option<(i64, i64)> {
    let Expression::And(parts) = constraint else { return None };
    let [first, second] = &parts[..] else { return None };
    let (first, second) = (bound(first)?, bound(second)?);
    match (first, second) {
        ((Some(from), None), (None, Some(to))) | ((None, Some(to)), (Some(from), None)) => Some((from, to)),
        _ => None,
    }
}

/// The lowest, or the highest number that a comparison lets through.
fn bound(part: &Expression) -> Option<(Option<i64>, Option<i64>)> {
    let Expression::Compare { left, comparison, right } = part else { return None };
    let (comparison, number) = match (left, right) {
        (Term::Itself, Term::Number(number)) => (*comparison, *number),
        (Term::Number(number), Term::Itself) => (comparison.swapped(), *number),
        _ => return None,
    };
    let number = whole(number)?;
    Some(match comparison {
        Comparison::GreaterOrEqual => (Some(number), None),
        Comparison::Greater => (Some(number + 1), None),
        Comparison::LessOrEqual => (None, Some(number)),
        Comparison::Less => (None, Some(number - 1)),
        Comparison::Equal | Comparison::Unequal => return None,
    })
}

/// Small whole numbers only; no scale has others.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1_000_000.0).then_some(number as i64)
}

/// Whether the constraint of a number is what chose its scale, so that nothing of it is lost.
pub(super) fn uses_constraint(kind: &Kind) -> bool {
    matches!(kind, Kind::Scale { words, .. } if words.is_empty())
}

/// Whether a text asks for an address or a number. A question about a shop's phone service is left out too; it is named.
fn is_contact(row: &Row) -> bool {
    let labels = row.per_language("label").map(|(_, label)| label);
    let texts = labels
        .chain(row.text("name"))
        .map(|text| text.to_lowercase().replace("e-mail", "email").replace("e_mail", "email"));
    let is_word = |text: String| {
        let words = text.split(|character: char| !character.is_alphanumeric()).map(str::to_owned);
        words.collect::<Vec<_>>().iter().any(|word| REACHED_BY.contains(&word.as_str()))
    };
    texts.into_iter().any(is_word)
        || row.text("constraint").is_some_and(|constraint| constraint.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_in_old_and_new_spelling() {
        for (text, base, list, has_other) in [
            ("select_one  Reasons", "select_one", "Reasons", false),
            ("Select One from yes_no", "select_one", "yes_no", false),
            ("select_multiple reasons or_other", "select_multiple", "reasons", true),
            ("select multiple reasons", "select_multiple", "reasons", false),
            ("begin group", "begin_group", "", false),
            ("begin_repeat", "begin_repeat", "", false),
            ("string", "text", "", false),
            ("select_one_from_file shops.csv", "select_one_from_file", "shops.csv", false),
        ] {
            assert_eq!(Type::read(text), Type { base: base.into(), list: list.into(), has_other }, "{text}");
        }
    }

    #[test]
    fn constraints_set_bounds_in_every_way_to_write_them() {
        for (constraint, range) in [
            (". >= 0 and . <= 10", Some((0, 10))),
            (".<8 and .>0", Some((1, 7))),
            ("1 <= . and 5 >= .", Some((1, 5))),
            (". >= 0", None),
            (". >= 0 and . >= 10", None),
            (". >= 0.5 and . <= 10", None),
            (". >= 0 and . <= 10 and . != 3", None),
            ("${a} >= 0 and . <= 10", None),
        ] {
            assert_eq!(bounds(&expression::parse(constraint).unwrap()), range, "{constraint}");
        }
    }
}
