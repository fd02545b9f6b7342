//! What is on the pages behind a store's numbers.

use super::words::Words;
use crate::view::Page;
use crate::view::days::{DayEnd, DaysPage};
use crate::view::export::{ExportFailure, ExportPage, ExportSaid, StickState};
use crate::view::parts::{Part, PartKind, PartsPage, Step, Visits};
use crate::view::staff::{Numbers, Range, TileKind, Words as Said};
use crate::view::words::{WordsFilter, WordsPage};

/// Every page by the stem of its picture's file name. `numbers` is the page before them.
pub(super) fn of(words: &Words, numbers: Numbers) -> Vec<(&'static str, Page)> {
    let of_range = Numbers { range: 3, days: "12/11 –\n28/11".into(), without_flagged: true, ..numbers };
    vec![
        ("kiosk-13d-manager-summary-days", Page::Numbers(Box::new(of_range))),
        ("kiosk-13e-manager-words", Page::Words(said(words))),
        ("kiosk-13f-manager-words-hidden", Page::Words(hidden(words))),
        ("kiosk-13g-manager-words-none", Page::Words(none(words))),
        ("kiosk-13h-manager-parts", Page::Parts(weekdays(words))),
        ("kiosk-13i-manager-parts-steps", Page::Parts(steps(words))),
        ("kiosk-13j-manager-parts-touchpoints", Page::Parts(touchpoints(words))),
        ("kiosk-13k-manager-days", Page::Days(days(words))),
        ("kiosk-13l-manager-export", Page::Export(export(words))),
        ("kiosk-13m-manager-export-table", Page::Export(table(words))),
        ("kiosk-13n-manager-export-parcel", Page::Export(parcel(words))),
        ("kiosk-13o-manager-export-refused", Page::Export(refused(words))),
        ("kiosk-13p-manager-export-failed", Page::Export(failed(words))),
        (
            "kiosk-13q-manager-export-busy",
            Page::Export(ExportPage { is_busy: true, ..with_stick(words, ExportSaid::Nothing) }),
        ),
    ]
}

fn range(words: &Words) -> String {
    let date = words.strip[2];
    format!("{date} – {date}")
}

fn row(words: &Words, face: u8, time: &str, length: usize, reasons: [usize; 2], wants_reply: bool) -> Said {
    // The longest that can be typed.
    let text = format!("{} {}", words.comment.1, words.comment.1);
    Said {
        face: Some(face),
        time: time.into(),
        text: text.chars().take(length).collect(),
        reasons: reasons.map(|place| words.options[place]).join(", "),
        wants_reply,
        is_hidden: false,
    }
}

fn said(words: &Words) -> WordsPage {
    WordsPage {
        is_read: true,
        days: range(words),
        flagged: 12,
        rows: vec![
            row(words, 2, "14:26", 200, [1, 2], true),
            row(words, 5, "14:11", 32, [0, 6], false),
            row(words, 1, "13:58", 90, [4, 2], false),
            row(words, 4, words.strip[2], 140, [3, 7], true),
        ],
        can_hide: true,
        page: 1,
        pages: 6,
        ..WordsPage::default()
    }
}

fn hidden(words: &Words) -> WordsPage {
    let row = Said { is_hidden: true, ..row(words, 1, "11:02", 60, [0, 1], false) };
    WordsPage { filter: WordsFilter::Hidden, rows: vec![row], pages: 1, ..said(words) }
}

/// Somebody of the staff, who hides nothing, where there is nothing.
fn none(words: &Words) -> WordsPage {
    WordsPage {
        filter: WordsFilter::WantsReply,
        without_flagged: true,
        rows: Vec::new(),
        can_hide: false,
        pages: 1,
        is_partial: true,
        ..said(words)
    }
}

fn part(name: &str, responses: &str, share: Option<(f32, f32, f32)>) -> Part {
    let percent = |share: f32| format!("{:.0} %", share * 100.0);
    Part {
        name: name.into(),
        responses: responses.into(),
        value: share.map(|(_, at, _)| percent(at)).unwrap_or_default(),
        range: share.map(|(low, at, high)| Range {
            at,
            ends: (low, high),
            words: (percent(low), percent(high)),
        }),
    }
}

fn parts(words: &Words, kind: PartKind, parts: Vec<Part>) -> PartsPage {
    let days = range(words);
    let measure = TileKind::Satisfied;
    PartsPage { is_read: true, days, kind, measure, parts, page: 1, pages: 1, ..PartsPage::default() }
}

fn weekdays(words: &Words) -> PartsPage {
    let shares = [
        ("1830", Some((0.71, 0.73, 0.75))),
        ("1794", Some((0.70, 0.72, 0.74))),
        ("1912", Some((0.74, 0.76, 0.78))),
        ("2004", Some((0.72, 0.74, 0.76))),
        ("2388", Some((0.66, 0.68, 0.70))),
        ("3120", Some((0.60, 0.62, 0.64))),
        ("4", None),
    ];
    let rows = words.days.0.iter().zip(shares);
    parts(words, PartKind::Weekday, rows.map(|(name, (count, share))| part(name, count, share)).collect())
}

fn touchpoints(words: &Words) -> PartsPage {
    let rows = vec![
        part(words.options[2], "214", Some((0.68, 0.74, 0.79))),
        part("", "31", Some((0.32, 0.49, 0.66))),
        part(words.options[6], "2", None),
    ];
    PartsPage { page: 2, pages: 2, ..parts(words, PartKind::Touchpoint, rows) }
}

fn steps(words: &Words) -> PartsPage {
    let step = |name: &str, shown: &str, answered: &str, left: &str, seconds: &str| Step {
        name: name.into(),
        shown: shown.into(),
        answered: answered.into(),
        left: left.into(),
        seconds: seconds.into(),
    };
    let rows = vec![
        step(words.question.0, "", "13052", "418", ""),
        step(words.reasons.0, "3262", "3010", "122", "9.4"),
        step(words.comment.0, "4871", "1204", "340", "41"),
        step(words.contact[0], "1204", "212", "12", "28"),
        step(words.recommend.0, "11904", "9120", "77", "5.6"),
        step(words.effort.0, "9", "0", "3", ""),
    ];
    let visits = Visits { began: "13052".into(), completed: "11418".into(), finished: "662".into() };
    PartsPage { steps: rows, visits, ..parts(words, PartKind::Step, Vec::new()) }
}

fn days(words: &Words) -> DaysPage {
    let end = |can_go_on| DayEnd { date: words.days.1.into(), can_go_back: true, can_go_on };
    DaysPage { first: end(true), last: end(false), days: 30 }
}

/// Before anybody has put a stick in.
fn export(words: &Words) -> ExportPage {
    ExportPage { days: words.strip[2].to_owned(), stick: StickState::None, ..ExportPage::default() }
}

fn with_stick(words: &Words, said: ExportSaid) -> ExportPage {
    let (name, free) = ("HARBOUR".into(), "12.4 GB".into());
    ExportPage { stick: StickState::Ready, name, free, said, ..export(words) }
}

fn table(words: &Words) -> ExportPage {
    let file = "afterword-harbour-street-fitting-room-2026-10-30-to-2026-11-28.csv".into();
    with_stick(words, ExportSaid::Table { file, responses: 6120 })
}

fn parcel(words: &Words) -> ExportPage {
    let file = "afterword-3f2a9c0d5b7e41f08c6d2a1b9e4f70c3-1183-7302.courier".into();
    let said = ExportSaid::Parcel { file, files: 2, entries: 6120, confirmed: 1182, refused: false };
    with_stick(words, said)
}

fn refused(words: &Words) -> ExportPage {
    let said = ExportSaid::Parcel { file: String::new(), files: 0, entries: 0, confirmed: 0, refused: true };
    ExportPage { stick: StickState::Several, ..with_stick(words, said) }
}

fn failed(words: &Words) -> ExportPage {
    let said = ExportSaid::Failed(ExportFailure::AgentAway);
    ExportPage { stick: StickState::ReadOnly, ..with_stick(words, said) }
}
