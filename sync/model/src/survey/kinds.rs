//! Reads how a question is answered: its kind, and the fields that belong to that kind.

use toml::de::DeValue;

use super::fields::{Fields, Node, Report, quoted, suggestion};
use super::limits::{
    COMMENT_GRAPHEMES_MAX, CONSENT_GRAPHEMES_MAX, END_LABEL_GRAPHEMES_MAX, FACE_WORD_GRAPHEMES_MAX,
    LABEL_GRAPHEMES_MAX, OPTIONS_MAX,
};
use super::question::{ChoiceOption, Pick, QuestionKind};
use super::read::{self, Languages, Row};
use super::scale::{Labels, Scale};
use crate::contact::Channel;
use crate::scale::ScaleKind;

pub(super) const ID_HINT: &str = "give it a short name: lower-case letters, digits and hyphens";
pub(super) const ICON_HINT: &str = "write icon = \"other\", or a better one";
pub(super) const TEXT_HINT: &str = "give it at least in the default language";

const KINDS: [&str; 8] = ["faces", "stars", "nps", "effort", "thumbs", "choices", "comment", "contact"];
const KIND_HINT: &str = "write kind = \"faces\", \"choices\" or \"comment\"";
const FACES_HINT: &str =
    "give five words, or four, as many in every language, from worst to best: words.en = [\"Awful\", …]";
const THUMBS_HINT: &str = "give two words, the thumb down first: words.en = [\"No\", \"Yes\"]";
const ENDS_HINT: &str = "give two words, the worst first: ends.en = [\"Not likely\", \"Very likely\"]";
const OPTIONS_HINT: &str = "write [[questions.options]] with id, icon and label";
const CHANNELS_HINT: &str = "write channels = [\"phone\", \"email\"], or one of them";
const CONSENT_HINT: &str = "say what the shopper agrees to: what for, who gets it, for how long";
const CONSENT_VERSION_HINT: &str = "write consent_version = 1, and raise it with every change of the text";

/// What conditions need to know of a kind, kept even where its texts have mistakes.
pub(super) enum Domain {
    Scale(ScaleKind),
    Choices {
        options: Vec<String>,
        pick: Pick,
    },
    /// Comment or contact: there is an answer or none.
    Words,
}

/// Reads `kind` and its fields. The domain is there wherever the kind is known.
pub(super) fn kind(
    fields: &mut Fields<'_>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> (Option<Domain>, Option<QuestionKind>) {
    let Some(node) = fields.required("kind", KIND_HINT, report) else { return (None, None) };
    let Some(name) = node.string(report) else { return (None, None) };
    match name {
        "faces" => faces(fields, languages, report),
        "stars" => scale(ScaleKind::Stars, fields, languages, report),
        "nps" => scale(ScaleKind::Nps, fields, languages, report),
        "effort" => scale(ScaleKind::Effort, fields, languages, report),
        "thumbs" => scale(ScaleKind::Thumbs, fields, languages, report),
        "choices" => choices(fields, languages, report),
        "comment" => (Some(Domain::Words), comment(fields, report)),
        "contact" => (Some(Domain::Words), contact(fields, languages, report)),
        _ => {
            let message = format!("no kind {}", quoted(name));
            report.mistake(&node.span, &node.path, message, suggestion(name, KINDS));
            (None, None)
        }
    }
}

/// Four words in the default language are four faces; anything else is taken for five.
fn faces(
    fields: &mut Fields<'_>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> (Option<Domain>, Option<QuestionKind>) {
    let words = fields.optional("words").and_then(|node| match node.value {
        DeValue::Table(table) => {
            table.iter().find(|(tag, _)| *tag.get_ref() == languages.default).map(|(_, words)| words)
        }
        _ => None,
    });
    let is_four =
        words.is_some_and(|words| matches!(words.get_ref(), DeValue::Array(words) if words.len() == 4));
    scale(if is_four { ScaleKind::Faces4 } else { ScaleKind::Faces }, fields, languages, report)
}

fn scale(
    kind: ScaleKind,
    fields: &mut Fields<'_>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> (Option<Domain>, Option<QuestionKind>) {
    let (counted, hint) = match kind {
        ScaleKind::Faces4 => ("words for 4 faces", FACES_HINT),
        ScaleKind::Faces => ("words for 5 faces", FACES_HINT),
        ScaleKind::Thumbs => ("words for 2 thumbs", THUMBS_HINT),
        _ => ("words for 2 ends", ENDS_HINT),
    };
    let (name, count, graphemes_max) = match Labels::of(kind) {
        Labels::Each => ("words", kind.range().count(), FACE_WORD_GRAPHEMES_MAX),
        Labels::Ends => ("ends", 2, END_LABEL_GRAPHEMES_MAX),
        Labels::None => {
            return (Some(Domain::Scale(kind)), Some(QuestionKind::Scale(Scale::new(kind, Vec::new()))));
        }
    };
    let row = Row { count, counted, graphemes_max, hint };
    let labels = fields.required(name, hint, report);
    let labels = labels.and_then(|node| read::row(&node, &row, languages, report));
    let scale = labels.map(|labels| QuestionKind::Scale(Scale::new(kind, labels)));
    (Some(Domain::Scale(kind)), scale)
}

fn comment(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<QuestionKind> {
    let most = i64::try_from(COMMENT_GRAPHEMES_MAX).unwrap_or(i64::MAX);
    let limit = fields.optional("limit").map_or(Some(most), |node| node.integer(1..=most, report))?;
    Some(QuestionKind::Comment { limit: usize::try_from(limit).ok()? })
}

fn contact(fields: &mut Fields<'_>, languages: &Languages, report: &mut Report<'_>) -> Option<QuestionKind> {
    let channels = fields.required("channels", CHANNELS_HINT, report);
    let channels = channels.and_then(|node| channel_list(&node, report));
    let consent = fields.required("consent", CONSENT_HINT, report);
    let consent = consent.and_then(|node| read::text(&node, CONSENT_GRAPHEMES_MAX, languages, report));
    let version = fields.required("consent_version", CONSENT_VERSION_HINT, report);
    let version = version.and_then(|node| node.integer(1..=i64::from(u32::MAX), report));
    Some(QuestionKind::Contact {
        channels: channels?,
        consent: consent?,
        consent_version: u32::try_from(version?).ok()?,
    })
}

fn channel_list(node: &Node<'_>, report: &mut Report<'_>) -> Option<Vec<Channel>> {
    let names = [Channel::Phone, Channel::Email].map(Channel::name);
    let items = node.list(CHANNELS_HINT, report)?;
    if items.is_empty() {
        report.mistake(&node.span, &node.path, "no channel", CHANNELS_HINT);
        return None;
    }
    let mut channels = Vec::new();
    let mut whole = true;
    for item in items {
        let Some(name) = item.string(report) else {
            whole = false;
            continue;
        };
        let channel = [Channel::Phone, Channel::Email].into_iter().find(|channel| channel.name() == name);
        let (message, hint) = match channel {
            None => (format!("no channel {}", quoted(name)), suggestion(name, names)),
            Some(channel) if channels.contains(&channel) => {
                (format!("{} is listed twice", quoted(name)), "keep one of the two".to_owned())
            }
            Some(channel) => {
                channels.push(channel);
                continue;
            }
        };
        report.mistake(&item.span, &item.path, message, hint);
        whole = false;
    }
    whole.then_some(channels)
}

fn choices(
    fields: &mut Fields<'_>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> (Option<Domain>, Option<QuestionKind>) {
    let pick = fields.optional("pick").map_or(Some(Pick::Multi), |node| pick(&node, report));
    let node = fields.required("options", OPTIONS_HINT, report);
    let mut ids = Vec::new();
    let options = node.and_then(|node| options(&node, &mut ids, languages, report));
    let domain = Domain::Choices { options: ids, pick: pick.unwrap_or(Pick::Multi) };
    let kind = options.zip(pick).map(|(options, pick)| QuestionKind::Choices { options, pick });
    (Some(domain), kind)
}

fn pick(node: &Node<'_>, report: &mut Report<'_>) -> Option<Pick> {
    let name = node.string(report)?;
    match name {
        "single" => Some(Pick::Single),
        "multi" => Some(Pick::Multi),
        _ => {
            let hint = suggestion(name, ["single", "multi"]);
            report.mistake(&node.span, &node.path, format!("no pick {}", quoted(name)), hint);
            None
        }
    }
}

fn options(
    node: &Node<'_>,
    ids: &mut Vec<String>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Vec<ChoiceOption>> {
    let entries = node.list(OPTIONS_HINT, report)?;
    if entries.is_empty() {
        report.mistake(&node.span, &node.path, "no option", OPTIONS_HINT);
    }
    if let Some(surplus) = entries.get(OPTIONS_MAX) {
        let message = format!("{} options, at most {OPTIONS_MAX} fit on the screen", entries.len());
        report.mistake(&surplus.span, &node.path, message, "leave out the least used");
    }
    let read: Vec<_> = entries.iter().map(|entry| option(entry, ids, languages, report)).collect();
    read.into_iter().collect()
}

fn option(
    entry: &Node<'_>,
    ids: &mut Vec<String>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<ChoiceOption> {
    let mut fields = entry.fields(OPTIONS_HINT, report)?;
    let id = fields.required("id", ID_HINT, report).and_then(|node| {
        let id = read::id(&node, report)?;
        if ids.contains(&id) {
            let message = format!("{} is already an option of this question", quoted(&id));
            report.mistake(&node.span, &node.path, message, "give each option an id of its own");
        }
        ids.push(id.clone());
        Some(id)
    });
    let icon = fields.required("icon", ICON_HINT, report).and_then(|node| read::icon(&node, report));
    let label = fields.required("label", TEXT_HINT, report);
    let label = label.and_then(|node| read::text(&node, LABEL_GRAPHEMES_MAX, languages, report));
    fields.finish(report);
    Some(ChoiceOption { id: id?, icon: icon?, label: label? })
}
