//! From a file's text to a survey, or to everything that is wrong with it.

use toml::de::DeTable;

use super::branches::{self, Outline};
use super::diagnostic::{Diagnostic, Severity};
use super::fields::{Fields, Node, Report};
use super::kinds::{self, ICON_HINT, ID_HINT, TEXT_HINT};
use super::limits::{
    FILE_BYTES_MAX, FOLLOW_UP_GRAPHEMES_MAX, FORMAT, HINT_GRAPHEMES_MAX, NOTE_GRAPHEMES_MAX,
    NOTES_BESIDE_CODE_MAX, NOTES_MAX, QUESTIONS_MAX, THANKS_MESSAGE_GRAPHEMES_MAX,
    THANKS_TITLE_GRAPHEMES_MAX, TITLE_GRAPHEMES_MAX,
};
use super::question::{FollowUp, Note, Question, Survey, Thanks};
use super::read::{self, Languages};
use super::variants::{self, Variants};

const QUESTIONS_HINT: &str = "write [[questions]] with id, kind and title";
const THANKS_HINT: &str = "write [thanks] with title and message";
const FOLLOW_UP_HINT: &str = "write [thanks.follow_up_code], and under it text and show_if, or neither";
const NOTES_HINT: &str = "write [[thanks.notes]] with icon and text";

/// A survey without mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The survey.
    pub survey: Survey,
    /// What somebody should look at, in the order of the file; all of [`Severity::Warning`].
    pub warnings: Vec<Diagnostic>,
}

/// Reads the text of a survey file.
///
/// # Errors
/// Every mistake that can be found at once, with the warnings among them, in the order of the file; at most
/// [`super::limits::DIAGNOSTICS_MAX`]. Where the file is not even TOML, the errors of its syntax alone.
pub fn parse(text: &str) -> Result<Parsed, Vec<Diagnostic>> {
    let mut report = Report::new(text);
    if text.len() > FILE_BYTES_MAX {
        return Err(vec![too_large(text.len())]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let hint = "check the quotes, brackets and commas here and on the line before";
        report.mistake(&error.span().unwrap_or(0..0), "file", error.message(), hint);
    }
    // What a parser makes of broken syntax is a guess; mistakes found in a guess would mislead.
    let survey = if errors.is_empty() { survey(Fields::root(document.get_ref()), &mut report) } else { None };
    match survey {
        Some(survey) if !report.has_mistakes() => Ok(Parsed { survey, warnings: report.finish() }),
        _ => Err(report.finish()),
    }
}

/// Reads the bytes of a survey file, which may be anything.
///
/// # Errors
/// As [`parse`]; bytes that are not UTF-8 are a mistake with the place of the first such byte.
pub fn parse_bytes(bytes: &[u8]) -> Result<Parsed, Vec<Diagnostic>> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(vec![too_large(bytes.len())]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let mut report = Report::new(before);
            let end = before.len()..before.len();
            report.mistake(&end, "file", "not UTF-8 from here", "save the file as UTF-8 in the text editor");
            Err(report.finish())
        }
    }
}

fn too_large(bytes: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Mistake,
        line: 1,
        column: 1,
        field: "file".into(),
        message: format!("{bytes} bytes, a survey has at most {FILE_BYTES_MAX}"),
        hint: "check that this is the survey file".into(),
    }
}

fn survey(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Survey> {
    if let Some(node) = fields.required("format", "write format = 1", report)
        && let Some(format) = node.integer(0..=i64::MAX, report)
        && format != FORMAT
    {
        let message = format!("this program reads format {FORMAT}, not {format}");
        report.mistake(&node.span, &node.path, message, "write format = 1, or update the program");
        return None;
    }
    let id = fields.required("id", ID_HINT, report).and_then(|node| read::id(&node, report));
    let version = fields.required("version", "write version = 1, and raise it with every change", report);
    let version = version.and_then(|node| node.integer(1..=i64::from(u32::MAX), report));
    let languages = read::languages(&mut fields, report);
    let (valid_from, valid_until) = validity(&mut fields, report);
    let mut variants = variants::variants(&mut fields, report);
    let questions = questions(&mut fields, &mut variants, &languages, report);
    let (questions, mut outlines) = questions.unzip();
    let thanks = fields.required("thanks", THANKS_HINT, report);
    let thanks = thanks.and_then(|node| thanks_page(&node, outlines.as_mut(), &languages, report));
    if let Some(outlines) = &outlines {
        branches::check(outlines, &variants.list, &languages, report);
    }
    fields.finish(report);
    Some(Survey {
        id: id?,
        version: u32::try_from(version?).ok()?,
        default_language: languages.default,
        languages: languages.list,
        valid_from,
        valid_until,
        variants: variants.list,
        questions: questions?.into_iter().collect::<Option<_>>()?,
        thanks: thanks?,
    })
}

/// `valid_from` and `valid_until`; a day that cannot be read is a mistake, so no survey comes of it.
fn validity(fields: &mut Fields<'_>, report: &mut Report<'_>) -> (Option<i64>, Option<i64>) {
    let from = fields.optional("valid_from").and_then(|node| node.day(report));
    let until = fields.optional("valid_until").and_then(|node| Some((node.day(report)?, node)));
    if let (Some(from), Some((until, node))) = (from, &until)
        && *until < from
    {
        let message = "is before valid_from, so the survey is never asked";
        report.mistake(&node.span, &node.path, message, "swap the two days");
    }
    (from, until.map(|(until, _)| until))
}

/// The questions that are whole, and the outlines of all; none where there are so many that nobody reads on.
fn questions<'t>(
    fields: &mut Fields<'t>,
    variants: &mut Variants,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<(Vec<Option<Question>>, Vec<Outline<'t>>)> {
    let node = fields.required("questions", QUESTIONS_HINT, report)?;
    let entries = node.list(QUESTIONS_HINT, report)?;
    if entries.is_empty() {
        report.mistake(&node.span, &node.path, "no question", QUESTIONS_HINT);
    }
    if entries.len() > QUESTIONS_MAX {
        let message = format!("{} questions, at most {QUESTIONS_MAX} are possible", entries.len());
        report.mistake(&entries[QUESTIONS_MAX].span, &node.path, message, "leave some out");
        return None;
    }
    Some(entries.iter().map(|entry| question(entry, variants, languages, report)).unzip())
}

/// The question, where it is whole, and its outline in any case: the branches are checked even so.
fn question<'t>(
    entry: &Node<'t>,
    variants: &mut Variants,
    languages: &Languages,
    report: &mut Report<'_>,
) -> (Option<Question>, Outline<'t>) {
    let mut outline = Outline::new(entry);
    let Some(mut fields) = entry.fields(QUESTIONS_HINT, report) else { return (None, outline) };
    if let Some(node) = fields.required("id", ID_HINT, report) {
        outline.id = read::id(&node, report).map(|id| (id, node));
    }
    let title = fields.required("title", TEXT_HINT, report);
    let title = title.and_then(|node| read::text(&node, TITLE_GRAPHEMES_MAX, languages, report));
    let hint = fields.optional("hint");
    let hint = hint.map(|node| read::text(&node, HINT_GRAPHEMES_MAX, languages, report));
    let wordings = fields.optional("variants");
    let wordings =
        wordings.map_or(Some(Vec::new()), |node| variants::wordings(&node, variants, languages, report));
    let show_if = fields.optional("show_if");
    let show_if = show_if.map(|node| outline.read_condition(&node, languages, report));
    outline.sample = fields.optional("sample");
    let sample = outline.sample.as_ref().map(|node| node.share(report));
    let (domain, kind) = kinds::kind(&mut fields, languages, report);
    outline.domain = domain;
    if outline.domain.is_some() {
        // Without a kind nobody can say which fields belong here.
        fields.finish(report);
    }
    let whole = || {
        Some(Question {
            id: outline.id.as_ref()?.0.clone(),
            title: title?,
            hint: hint.map_or(Some(None), |hint| hint.map(Some))?,
            wordings: wordings?,
            show_if: show_if.map_or(Some(None), |condition| condition.map(Some))?,
            sample: sample.map_or(Some(None), |sample| sample.map(Some))?,
            kind: kind?,
        })
    };
    (whole(), outline)
}

fn thanks_page<'t>(
    node: &Node<'t>,
    outlines: Option<&mut Vec<Outline<'t>>>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Thanks> {
    let mut fields = node.fields(THANKS_HINT, report)?;
    let title = fields.required("title", TEXT_HINT, report);
    let title = title.and_then(|node| read::text(&node, THANKS_TITLE_GRAPHEMES_MAX, languages, report));
    let message = fields.required("message", TEXT_HINT, report);
    let message = message.and_then(|node| read::text(&node, THANKS_MESSAGE_GRAPHEMES_MAX, languages, report));
    let rating_only = fields.optional("message_rating_only");
    let rating_only =
        rating_only.map(|node| read::text(&node, THANKS_MESSAGE_GRAPHEMES_MAX, languages, report));
    let code = fields.optional("follow_up_code");
    let notes_max = if code.is_some() { NOTES_BESIDE_CODE_MAX } else { NOTES_MAX };
    let listed = fields.optional("notes");
    let notes = listed.map_or(Some(Vec::new()), |node| notes(&node, notes_max, languages, report));
    let code = code.map(|node| follow_up_code(&node, outlines, languages, report));
    fields.finish(report);
    Some(Thanks {
        title: title?,
        message: message?,
        message_rating_only: rating_only.map_or(Some(None), |message| message.map(Some))?,
        notes: notes?,
        follow_up_code: code.map_or(Some(None), |code| code.map(Some))?,
    })
}

/// `[thanks.follow_up_code]`. Its condition is checked with those of the questions, all of which come before it.
fn follow_up_code<'t>(
    node: &Node<'t>,
    outlines: Option<&mut Vec<Outline<'t>>>,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<FollowUp> {
    let mut fields = node.fields(FOLLOW_UP_HINT, report)?;
    let text = fields.optional("text");
    let text = text.map(|node| read::text(&node, FOLLOW_UP_GRAPHEMES_MAX, languages, report));
    let mut outline = Outline::after(node);
    let show_if = fields.optional("show_if");
    let show_if = show_if.map(|node| outline.read_condition(&node, languages, report));
    fields.finish(report);
    if let Some(outlines) = outlines.filter(|outlines| !outlines.is_empty()) {
        outlines.push(outline);
    }
    Some(FollowUp {
        show_if: show_if.map_or(Some(None), |condition| condition.map(Some))?,
        text: text.map_or(Some(None), |text| text.map(Some))?,
    })
}

fn notes(
    node: &Node<'_>,
    notes_max: usize,
    languages: &Languages,
    report: &mut Report<'_>,
) -> Option<Vec<Note>> {
    let entries = node.list(NOTES_HINT, report)?;
    if let Some(surplus) = entries.get(notes_max) {
        let beside = if notes_max == NOTES_MAX { "" } else { "beside a follow-up code " };
        let message = format!("{} notes, {beside}at most {notes_max} fit on the screen", entries.len());
        report.mistake(&surplus.span, &node.path, message, "leave some out");
    }
    let read: Vec<_> = entries.iter().map(|entry| note(entry, languages, report)).collect();
    read.into_iter().collect()
}

fn note(entry: &Node<'_>, languages: &Languages, report: &mut Report<'_>) -> Option<Note> {
    let mut fields = entry.fields(NOTES_HINT, report)?;
    let icon = fields.required("icon", ICON_HINT, report).and_then(|node| read::icon(&node, report));
    let text = fields.required("text", TEXT_HINT, report);
    let text = text.and_then(|node| read::text(&node, NOTE_GRAPHEMES_MAX, languages, report));
    fields.finish(report);
    Some(Note { icon: icon?, text: text? })
}
