//! Reads `show_if`: a table of conditions that must all hold, with `all`, `any` and `not` for the rest.
//!
//! What a condition names in the survey (questions, options, variants) is noted and checked when all of it is known.

use super::condition::{Condition, DAY_MIN, Weekday};
use super::fields::{Fields, Node, Report, quoted, suggestion};
use super::limits::{CONDITION_DEPTH_MAX, CONDITION_PARTS_MAX};
use super::read::Languages;
use crate::moment::Moment;
use crate::scale::{RATING_MAX, RATING_MIN};

pub(super) const CONDITION_HINT: &str = "write show_if = { question = \"visit\", at_most = 3 }";

const RANGE_HINT: &str = "swap the two numbers";
const TIME_HINT: &str = "write time = [\"17:00\", \"20:00\"], from and until, in local time";
const CONTEXT_HINT: &str = "write context = { lane = [\"3\", \"4\"] }";
const PARTS_HINT: &str =
    "write a list of conditions: [{ question = \"visit\", at_most = 2 }, { language = \"de\" }]";

/// Something of the survey that a condition names.
pub(super) struct Reference<'t> {
    pub(super) name: String,
    pub(super) node: Node<'t>,
    pub(super) asks: Asks<'t>,
}

/// What the condition asks of it.
pub(super) enum Asks<'t> {
    /// A question's rating, held against these bounds.
    Rating(Vec<(u8, Node<'t>)>),
    /// Whether one of these options was chosen.
    Options(Vec<(String, Node<'t>)>),
    /// Whether it was answered.
    Answer,
    /// It is no question but a variant.
    Variant,
}

/// Reads one `show_if`.
pub(super) struct ConditionReader<'l, 't> {
    languages: &'l Languages,
    parts: usize,
    pub(super) references: Vec<Reference<'t>>,
}

impl<'l, 't> ConditionReader<'l, 't> {
    pub(super) fn new(languages: &'l Languages) -> Self {
        Self { languages, parts: 0, references: Vec::new() }
    }

    /// The condition, where all of it could be read.
    pub(super) fn read(&mut self, node: &Node<'t>, report: &mut Report<'_>) -> Option<Condition> {
        let condition = self.table(node, 1, report);
        if self.parts > CONDITION_PARTS_MAX {
            let message =
                format!("{} conditions in one, at most {CONDITION_PARTS_MAX} are possible", self.parts);
            report.mistake(&node.span, &node.path, message, "ask two questions, or leave some out");
            return None;
        }
        condition
    }

    fn table(&mut self, node: &Node<'t>, depth: usize, report: &mut Report<'_>) -> Option<Condition> {
        if depth > CONDITION_DEPTH_MAX {
            let message = format!("stands {depth} deep, at most {CONDITION_DEPTH_MAX} are possible");
            report.mistake(&node.span, &node.path, message, "write it with fewer all, any and not");
            return None;
        }
        let mut fields = node.fields(CONDITION_HINT, report)?;
        let mut parts = Vec::new();
        self.of_question(&mut fields, &mut parts, report);
        self.of_visit(&mut fields, &mut parts, report);
        self.of_time(&mut fields, &mut parts, report);
        for (name, combine) in [("all", Condition::All as fn(_) -> _), ("any", Condition::Any as fn(_) -> _)]
        {
            if let Some(list) = fields.optional(name) {
                parts.push(self.list(&list, depth, report).map(combine));
            }
        }
        if let Some(inner) = fields.optional("not") {
            parts.push(self.table(&inner, depth + 1, report).map(|part| Condition::Not(Box::new(part))));
        }
        let is_misspelt = fields.finish(report);
        if parts.is_empty() && is_misspelt {
            return None;
        }
        if parts.is_empty() {
            report.mistake(&node.span, &node.path, "does not say when it holds", CONDITION_HINT);
            return None;
        }
        let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        if parts.len() == 1 { parts.pop() } else { Some(Condition::All(parts)) }
    }

    fn list(&mut self, node: &Node<'t>, depth: usize, report: &mut Report<'_>) -> Option<Vec<Condition>> {
        let items = node.list(PARTS_HINT, report)?;
        if items.is_empty() {
            report.mistake(&node.span, &node.path, "no condition", PARTS_HINT);
            return None;
        }
        // A list that is too long is not read on: its length is the mistake.
        let read: Vec<_> = items
            .iter()
            .take(CONDITION_PARTS_MAX + 1)
            .map(|item| self.table(item, depth + 1, report))
            .collect();
        read.into_iter().collect()
    }

    /// `question`, with `at_least`, `at_most`, `chosen` and `answered`.
    fn of_question(
        &mut self,
        fields: &mut Fields<'t>,
        parts: &mut Vec<Option<Condition>>,
        report: &mut Report<'_>,
    ) {
        let named = fields.optional("question");
        let bounds = ["at_least", "at_most"].map(|name| fields.optional(name));
        let (chosen, answered) = (fields.optional("chosen"), fields.optional("answered"));
        let has_bounds = bounds.iter().any(Option::is_some);
        let asks = usize::from(has_bounds) + usize::from(chosen.is_some()) + usize::from(answered.is_some());
        let Some(named) = named else {
            if asks > 0 {
                report.mistake(&fields.span, &fields.path_of("question"), "missing", CONDITION_HINT);
                parts.push(None);
            }
            return;
        };
        self.parts += asks.max(1);
        if asks == 0 {
            let hint = "add at_least or at_most for a rating, chosen for options, or answered = true";
            report.mistake(&fields.span, &fields.path, "says for no answer when it holds", hint);
        }
        let Some(question) = named.string(report).map(str::to_owned) else { return parts.push(None) };
        let mut refer = |asks| {
            self.references.push(Reference { name: question.clone(), node: named.clone(), asks });
        };
        if has_bounds {
            parts.push(rating(&question, bounds, fields, &mut refer, report));
        }
        if let Some(node) = chosen {
            let options = node.one_or_more(report);
            parts.push(options.map(|options| {
                let ids = options.iter().map(|(id, _)| id.clone()).collect();
                refer(Asks::Options(options));
                Condition::Chosen { question: question.clone(), options: ids }
            }));
        }
        if let Some(node) = answered {
            let answered = node.truth(report);
            refer(Asks::Answer);
            parts.push(answered.map(|answered| Condition::Answered { question: question.clone(), answered }));
        }
        if asks == 0 {
            refer(Asks::Answer);
            parts.push(None);
        }
    }

    /// `language`, `touchpoint`, `moment`, `context` and `variant`.
    fn of_visit(
        &mut self,
        fields: &mut Fields<'t>,
        parts: &mut Vec<Option<Condition>>,
        report: &mut Report<'_>,
    ) {
        let (languages, names) = (self.languages, |list: Vec<(String, Node<'_>)>| {
            list.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        });
        let mut named = |name, check: fn(&Languages, &str, &Node<'_>, &mut Report<'_>) -> bool| {
            let node = fields.optional(name)?;
            self.parts += 1;
            let list = node.one_or_more(report).filter(|list| {
                // Each is checked, so that each is reported.
                let good = list.iter().filter(|(name, node)| check(languages, name, node, report));
                good.count() == list.len()
            });
            Some(list)
        };
        if let Some(tags) = named("language", is_language) {
            parts.push(tags.map(names).map(Condition::Language));
        }
        if let Some(list) = named("touchpoint", is_touchpoint) {
            parts.push(list.map(names).map(Condition::Touchpoint));
        }
        if let Some(list) = named("moment", is_moment) {
            parts.push(list.map(names).map(Condition::Moment));
        }
        if let Some(list) = named("variant", |_, _, _, _| true) {
            parts.push(list.map(|list| {
                for (name, node) in &list {
                    let (name, node) = (name.clone(), node.clone());
                    self.references.push(Reference { name, node, asks: Asks::Variant });
                }
                Condition::Variant(names(list))
            }));
        }
        if let Some(node) = fields.optional("context") {
            self.context(&node, parts, report);
        }
    }

    fn context(&mut self, node: &Node<'t>, parts: &mut Vec<Option<Condition>>, report: &mut Report<'_>) {
        let Some(pairs) = node.fields(CONTEXT_HINT, report) else { return parts.push(None) };
        let before = parts.len();
        for (key, span, entry) in pairs.entries().take(CONDITION_PARTS_MAX + 1) {
            self.parts += 1;
            let values = entry.one_or_more(report).filter(|values| {
                let good = values.iter().filter(|(value, node)| {
                    let said = [(key.to_owned(), value.clone())].into_iter().collect();
                    let moment = Moment::new("checkout", said);
                    if let Err(error) = &moment {
                        let at = if key_is_bad(key) { &span } else { &node.span };
                        report.mistake(at, &entry.path, error.to_string(), CONTEXT_HINT);
                    }
                    moment.is_ok()
                });
                good.count() == values.len()
            });
            parts.push(values.map(|values| Condition::MomentContext {
                key: key.to_owned(),
                values: values.into_iter().map(|(value, _)| value).collect(),
            }));
        }
        if parts.len() == before {
            report.mistake(&node.span, &node.path, "names no key", CONTEXT_HINT);
            parts.push(None);
        }
    }

    /// `time` and `weekday`.
    fn of_time(
        &mut self,
        fields: &mut Fields<'t>,
        parts: &mut Vec<Option<Condition>>,
        report: &mut Report<'_>,
    ) {
        if let Some(node) = fields.optional("time") {
            self.parts += 1;
            parts.push(time(&node, report));
        }
        if let Some(node) = fields.optional("weekday") {
            self.parts += 1;
            let days = node.one_or_more(report).and_then(|names| {
                let days: Vec<_> = names.iter().map(|(name, node)| weekday(name, node, report)).collect();
                days.into_iter().collect::<Option<Vec<_>>>()
            });
            parts.push(days.map(Condition::Weekday));
        }
    }
}

fn rating<'t>(
    question: &str,
    bounds: [Option<Node<'t>>; 2],
    fields: &Fields<'_>,
    refer: &mut impl FnMut(Asks<'t>),
    report: &mut Report<'_>,
) -> Option<Condition> {
    let mut given = Vec::new();
    let mut whole = true;
    let [at_least, at_most] = bounds.map(|node| {
        let node = node?;
        let value = node.integer(i64::from(RATING_MIN)..=i64::from(RATING_MAX), report);
        let value = value.and_then(|value| u8::try_from(value).ok());
        whole &= value.is_some();
        given.push((value?, node));
        value
    });
    refer(Asks::Rating(given));
    let (low, high) = (at_least.unwrap_or(RATING_MIN), at_most.unwrap_or(RATING_MAX));
    if whole && low > high {
        let message = format!("can never hold: at_least {low} is above at_most {high}");
        report.mistake(&fields.span, &fields.path, message, RANGE_HINT);
        return None;
    }
    whole.then(|| Condition::Rating { question: question.to_owned(), at_least: low, at_most: high })
}

fn is_language(languages: &Languages, tag: &str, node: &Node<'_>, report: &mut Report<'_>) -> bool {
    let known = languages.list.iter().map(|language| language.tag.as_str());
    if !languages.whole || known.clone().any(|known| known == tag) {
        return true;
    }
    let hint = format!("{}; or add it to [[languages]]", suggestion(tag, known));
    report.mistake(&node.span, &node.path, format!("the survey has no language {}", quoted(tag)), hint);
    false
}

fn is_touchpoint(_: &Languages, name: &str, node: &Node<'_>, report: &mut Report<'_>) -> bool {
    if super::read::is_id(name) {
        return true;
    }
    let hint = "write it as in the kiosk's configuration: lower-case letters, digits and hyphens";
    report.mistake(&node.span, &node.path, format!("{} cannot be a touchpoint", quoted(name)), hint);
    false
}

fn is_moment(_: &Languages, name: &str, node: &Node<'_>, report: &mut Report<'_>) -> bool {
    if Moment::new(name, std::collections::BTreeMap::new()).is_ok() {
        return true;
    }
    let hint = "write it as the till sends it: lower-case letters, digits, - and _";
    report.mistake(&node.span, &node.path, format!("{} cannot be a moment", quoted(name)), hint);
    false
}

fn key_is_bad(key: &str) -> bool {
    Moment::new(key, std::collections::BTreeMap::new()).is_err()
}

fn weekday(name: &str, node: &Node<'_>, report: &mut Report<'_>) -> Option<Weekday> {
    let day = Weekday::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, day)| day);
    if day.is_none() {
        let hint = suggestion(name, Weekday::ALL.map(|(known, _)| known));
        report.mistake(&node.span, &node.path, format!("no weekday {}", quoted(name)), hint);
    }
    day
}

fn time(node: &Node<'_>, report: &mut Report<'_>) -> Option<Condition> {
    let items = node.list(TIME_HINT, report)?;
    let [from, until] = &items[..] else {
        let message = format!("{} times, a time of day has two", items.len());
        report.mistake(&node.span, &node.path, message, TIME_HINT);
        return None;
    };
    let (from, until) = (minute(from, DAY_MIN - 1, report), minute(until, DAY_MIN, report));
    let (from_min, until_min) = (from?, until?);
    if from_min == until_min {
        let message = "can never hold: it ends when it begins";
        report.mistake(&node.span, &node.path, message, "for the whole day leave it out");
        return None;
    }
    Some(Condition::Time { from_min, until_min })
}

fn minute(node: &Node<'_>, latest: u16, report: &mut Report<'_>) -> Option<u16> {
    let text = node.string(report)?;
    let two_digits = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let minute = text.split_once(':').and_then(|(hours, minutes)| {
        let minutes = two_digits(minutes).filter(|&minutes| minutes < 60)?;
        Some(two_digits(hours)? * 60 + minutes)
    });
    let minute = minute.filter(|&minute| minute <= latest);
    if minute.is_none() {
        report.mistake(&node.span, &node.path, format!("{} is no time of day", quoted(text)), TIME_HINT);
    }
    minute
}
