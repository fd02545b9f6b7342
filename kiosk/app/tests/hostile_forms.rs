//! `afterword-kiosk survey import` on files that are no forms, or that mean harm: bounded work, one sentence, no panic.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it cannot go on")]

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use afterword_kiosk::xlsform::{import, limits};
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A whole form: the parts that a spreadsheet program writes.
fn form(rows: u32) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("survey").unwrap();
    for (column, heading) in (0..).zip(["type", "name", "label", "parameters", "relevant"]) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for row in 1..=rows {
        let (kind, parameters, relevant) = match row {
            1 => ("range", "start=1 end=5", ""),
            _ => ("text", "", "${q1} < 3"),
        };
        let cells = [kind, &format!("q{row}"), "Question?", parameters, relevant];
        // Rows that nobody gets to need no more than one cell.
        let count = if row as usize > limits::ROWS_MAX { 1 } else { cells.len() };
        for (column, text) in (0..).zip(&cells[..count]) {
            sheet.write_string(row, column, *text).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// The same archive with one part changed.
fn with(bytes: &[u8], part: &str, change: impl FnOnce(String) -> Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
    let mut change = Some(change);
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == part {
            content = change.take().unwrap()(String::from_utf8(content).unwrap());
        }
        changed.start_file(name, SimpleFileOptions::default()).unwrap();
        changed.write_all(&content).unwrap();
    }
    assert!(change.is_none(), "there is no part {part}");
    changed.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The one sentence that the command says about these bytes.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("FORM.xlsx"), bytes).unwrap();
    refused_in(folder.path())
}

fn refused_in(folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_afterword-kiosk"))
        .args(["survey", "import", "FORM.xlsx", "--out", "survey.toml"])
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!folder.join("survey.toml").exists(), "nothing is half-made");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("afterword-kiosk: ") && told.contains("FORM.xlsx"), "{told}");
    told
}

#[test]
fn what_is_no_workbook_is_called_so() {
    let whole = form(3);
    for bytes in [&b""[..], b"type,name,label\n", b"PK\x03\x04", &whole[..whole.len() / 2]] {
        assert!(refused(bytes).contains("it is no .xlsx workbook that can be read ("));
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(refused_in(folder.path()).contains("cannot read the form FORM.xlsx; check the path"));
    fs::create_dir(folder.path().join("FORM.xlsx")).unwrap();
    assert!(refused_in(folder.path()).contains("cannot read the form FORM.xlsx; check the path"));
    let large = vec![0; usize::try_from(limits::FILE_BYTES_MAX).unwrap() + 1];
    assert!(refused(&large).contains("is larger than 8 MiB"));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let zeros = vec![b' '; usize::try_from(limits::UNPACKED_BYTES_MAX).unwrap() + 1];
    let bomb = with(&form(3), "xl/theme/theme1.xml", |_| zeros);
    assert!(bomb.len() < 1024 * 1024, "it looks harmless");
    assert!(refused(&bomb).contains("unpacks to more than 64 MiB"));
}

#[test]
fn claims_that_would_cost_all_memory_are_not_believed() {
    let strings = with(&form(3), "xl/sharedStrings.xml", |xml| {
        assert!(xml.contains(" uniqueCount=\""));
        xml.replacen(" uniqueCount=\"", " uniqueCount=\"999999999999", 1).into_bytes()
    });
    assert!(refused(&strings).contains("announces more texts than it has"));
    for place in ["r=\"A99999999999\"", "r=\"AAAAAAAAAAAA1\""] {
        let beyond = with(&form(3), SHEET, |xml| xml.replacen("r=\"A3\"", place, 1).into_bytes());
        assert!(refused(&beyond).contains("beyond the edge of any sheet"));
    }
}

#[test]
fn a_sheet_that_claims_to_be_giant_costs_what_is_in_it() {
    let giant = with(&form(3), SHEET, |xml| {
        let (from, to) = (xml.find("<dimension ref=\"").unwrap(), xml.find("<sheetViews").unwrap());
        let far = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"str\"><v>far away</v></c></row></sheetData>";
        let xml = format!("{}<dimension ref=\"A1:XFD1048576\"/>{}", &xml[..from], &xml[to..]);
        xml.replacen("</sheetData>", far, 1).into_bytes()
    });
    assert_eq!(import(&giant, "form").unwrap().survey.questions.len(), 3);
}

#[test]
fn more_rows_than_any_form_has_are_refused() {
    assert!(refused(&form(100_000)).contains("the sheet survey has more than 20000 rows"));
    let most = import(&form(u32::try_from(limits::ROWS_MAX).unwrap() - 1), "form").unwrap();
    assert_eq!(most.survey.questions.len(), 6);
    assert_eq!(most.notes.len(), limits::ROWS_MAX - 7, "each of the others is named");
    assert!(most.notes.last().unwrap().to_string().contains("questions before it were tried already"));
}

#[test]
fn one_text_in_many_cells_is_not_held_many_times() {
    let long = "x".repeat(1024 * 1024);
    let shared =
        with(&form(3), "xl/sharedStrings.xml", |xml| xml.replacen("Question?", &long, 1).into_bytes());
    let many = with(&shared, SHEET, |xml| {
        let from = xml.find("<c r=\"C2\"").unwrap();
        let cell = &xml[from..from + xml[from..].find("</c>").unwrap() + 4];
        let rows: String = (5..60)
            .map(|row| format!("<row r=\"{row}\">{}</row>", cell.replace("C2", &format!("C{row}"))))
            .collect();
        xml.replacen("</sheetData>", &format!("{rows}</sheetData>"), 1).into_bytes()
    });
    assert!(refused(&many).contains("its cells hold more than 32 MiB of text"));
}

/// Bytes that differ from a whole form anywhere, and in its sheet, end with a survey or with a reason.
#[test]
fn a_mutilated_form_never_panics() {
    let whole = form(3);
    let mut state = 1_u32;
    let mut next = move |below: usize| {
        // Any sequence will do; this one is Numerical Recipes'.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let pieces = [
        "",
        "<",
        ">",
        "\"",
        "</row>",
        "<c r=\"B2\"",
        "9",
        " t=\"s\"",
        "<v>7</v>",
        "<f>1</f>",
        "&#0;",
        "</sheetData>",
    ];
    for round in 0..400 {
        let mutilated = if round % 2 == 0 {
            let mut bytes = whole.clone();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                bytes[at] = u8::try_from(next(256)).unwrap();
            }
            bytes
        } else {
            with(
                &whole,
                [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"][next(4)],
                |xml| {
                    let mut bytes = xml.into_bytes();
                    for _ in 0..=next(3) {
                        let from = next(bytes.len());
                        let to = (from + next(12)).min(bytes.len());
                        bytes.splice(from..to, pieces[next(pieces.len())].bytes());
                    }
                    bytes
                },
            )
        };
        let _ = import(&mutilated, "form");
    }
}
