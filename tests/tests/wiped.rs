//! What somebody typed and did not leave with us is nowhere once they have gone: not in the kiosk's memory, not on its disk.
//!
//! The kiosk runs as a process of its own, and its whole memory is searched from outside, in whatever width a letter may be
//! stored. The hand types letter by letter, so that no line it reads ever holds the words, and something before them, because
//! an allocator writes over the beginning of what it is given back.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use afterword_protocol::seal::OpeningKey;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::Desk;
use afterword_tests::program::Program;
use anyhow::{Context, Result, ensure};

/// Letters that stand together in no word of any language the kiosk speaks.
const WORDS: &str = "zjxkvbwqzjxk";
/// What is typed before them.
const BEFORE: &str = "hemannexttomewaitedforaneternity";

/// The words as letters of one, two and four bytes.
fn forms(words: &str) -> [Vec<u8>; 3] {
    [
        words.as_bytes().to_vec(),
        words.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        words.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect(),
    ]
}

fn count(bytes: &[u8], wanted: &[Vec<u8>]) -> usize {
    let places = |form: &Vec<u8>| bytes.windows(form.len()).filter(|window| window == form).count();
    wanted.iter().map(places).sum()
}

/// How often the words stand in the memory of the program.
fn times_in_memory(program: &Program, words: &str) -> Result<usize> {
    let process = Path::new("/proc").join(program.id().to_string());
    let memory = File::open(process.join("mem")).context("the memory of a child cannot be read here")?;
    let (mut times, mut read) = (0, 0);
    for line in fs::read_to_string(process.join("maps"))?.lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else { continue };
        // What cannot be written holds nothing that was typed.
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').context("a range of memory")?;
        let (start, end) = (u64::from_str_radix(start, 16)?, u64::from_str_radix(end, 16)?);
        let mut bytes = vec![0; usize::try_from(end - start)?];
        // A range may go between the list and the look at it.
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            read += bytes.len();
            times += count(&bytes, &forms(words));
        }
    }
    ensure!(read > 1_000_000, "only {read} bytes of the kiosk's memory could be read");
    Ok(times)
}

/// How often the words stand in the files of the folder.
fn times_on_disk(folder: &Path, words: &str) -> Result<usize> {
    let mut times = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            times += count(&fs::read(path)?, &forms(words));
        }
    }
    Ok(times)
}

fn nowhere(desk: &Desk, kiosk: &Program, words: &str) -> Result<()> {
    ensure!(times_in_memory(kiosk, words)? == 0, "`{words}` is still in the kiosk's memory");
    ensure!(times_on_disk(&desk.path("kiosk"), words)? == 0, "`{words}` is on the kiosk's disk");
    Ok(())
}

fn acts(kiosk: &mut Program, acts: &[&str]) -> Result<String> {
    let mut page = String::new();
    for act in acts {
        page = kiosk.hand(&format!("act {act}"))?.page;
    }
    Ok(page)
}

fn type_letters(kiosk: &mut Program, words: &str) -> Result<()> {
    words.chars().try_for_each(|letter| acts(kiosk, &[&format!("writes {letter}")]).map(drop))
}

/// A kiosk that asks this survey and seals to a key.
fn kiosk_asking(desk: &Desk, survey: &str) -> Result<Program> {
    let key = OpeningKey::generate(&SystemEntropy).public().to_string();
    fs::write(desk.path("survey.toml"), survey)?;
    let head = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
    fs::write(desk.path("kiosk.toml"), format!("{head}survey = \"survey.toml\"\ncontact_key = \"{key}\"\n"))?;
    let mut command = desk.kiosk_command(0);
    command.args(["--config", "kiosk.toml"]);
    let kiosk = Program::start(command)?;
    kiosk.line(|line| (line == "ready").then_some(()))?;
    Ok(kiosk)
}

#[test]
fn words_that_somebody_left_unsent_are_nowhere_once_they_have_gone() -> Result<()> {
    let desk = Desk::in_memory()?;
    let mut kiosk = desk.kiosk(0)?;
    assert_eq!(acts(&mut kiosk, &["taps Awful", "taps Next", "writes T"])?, "comment");
    type_letters(&mut kiosk, BEFORE)?;
    type_letters(&mut kiosk, WORDS)?;
    ensure!(times_in_memory(&kiosk, WORDS)? > 0, "the search finds nothing where something is");

    assert_eq!(acts(&mut kiosk, &["waits 31"])?, "still-there");
    assert_eq!(acts(&mut kiosk, &["leaves"])?, "question");
    nowhere(&desk, &kiosk, WORDS)
}

#[test]
fn an_address_that_was_sealed_is_nowhere_in_the_open() -> Result<()> {
    let desk = Desk::in_memory()?;
    let mut kiosk = kiosk_asking(&desk, include_str!("../../kiosk/app/surveys/pharmacy-nps.toml"))?;
    assert_eq!(acts(&mut kiosk, &["taps 2", "taps Next", "taps Done"])?, "contact");
    acts(&mut kiosk, &["taps E-mail"])?;
    type_letters(&mut kiosk, BEFORE)?;
    type_letters(&mut kiosk, WORDS)?;
    type_letters(&mut kiosk, "@mail.example")?;
    ensure!(times_in_memory(&kiosk, WORDS)? > 0, "the search finds nothing where something is");

    let consent = "taps I agree that the head office stores this to reply to my feedback, and deletes it after 90 days. I can withdraw this at any time.";
    assert_eq!(acts(&mut kiosk, &[consent, "taps Send"])?, "thanks");
    nowhere(&desk, &kiosk, WORDS)
}

#[test]
fn a_number_in_a_comment_is_masked_before_it_is_written_and_then_nowhere() -> Result<()> {
    let number = "07911837465";
    let desk = Desk::in_memory()?;
    let mut kiosk = desk.kiosk(0)?;
    assert_eq!(
        acts(
            &mut kiosk,
            &["taps Awful", "taps Next", "writes Call me any day of this week on", "taps space", "taps 123"]
        )?,
        "comment"
    );
    type_letters(&mut kiosk, number)?;
    assert_eq!(
        acts(
            &mut kiosk,
            &[
                "taps Done",
                "kept 1 completed en face=1 choices= comment=\"Call me any day of this week on •••\"",
                "leaves"
            ]
        )?,
        "question"
    );
    nowhere(&desk, &kiosk, number)
}
