//! Spoken prompts, from a keypad's key to the speech service's socket: with a service that the test plays, and with the real
//! speech-dispatcher.

mod dispatcher;
mod service;

use std::path::Path;

use afterword_tests::Desk;
use afterword_tests::program::{Output, Program};
use afterword_tests::voice::Said;
use anyhow::Result;

/// Tab, as the command of a hand.
const TAB: &str = r#"type "\t""#;
const ENTER: &str = r#"type "\n""#;
/// From a tap on a face to the next page, and until that takes a key.
const GOES_ON: &str = "wait 800";

const QUESTION: &str =
    "How was your visit today? One tap is enough. It’s anonymous: no camera, no microphone, no account.";

/// A kiosk with the shipped survey and a speech service at this socket.
fn kiosk(desk: &Desk, socket: &Path) -> Result<Program> {
    configure(desk, &format!("speech = \"{}\"", socket.display()))?;
    let mut command = desk.kiosk_command(0);
    command.arg("--config").arg(desk.path("kiosk.toml"));
    let kiosk = Program::start(command)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    Ok(kiosk)
}

fn configure(desk: &Desk, speech: &str) -> Result<()> {
    let config =
        format!("format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n{speech}\n");
    Ok(std::fs::write(desk.path("kiosk.toml"), config)?)
}

/// The line of `afterword-kiosk doctor` about prompts.
fn doctor(desk: &Desk) -> Result<String> {
    let places = ["--config", "kiosk.toml", "--data", "none", "--socket", "none.sock"];
    let output: Output = desk.run("afterword-kiosk", &[&["doctor"], &places[..]].concat())?;
    let line = output.stdout.lines().find(|line| line.contains("spoken prompts"));
    Ok(line.unwrap_or(&output.stdout).to_owned())
}

fn said(language: &str, priority: &str, words: &str) -> Said {
    Said { words: words.into(), language: language.into(), priority: priority.into() }
}

/// A shopper who reads no English and sees little: what they do, one thing after the other, and what they hear then.
fn shopper_who_listens() -> Vec<(&'static str, Option<Said>)> {
    let hears = |language, words: &str| Some(said(language, "message", words));
    let question =
        "كيف كانت زيارتكم اليوم؟ لمسة واحدة تكفي. المشاركة مجهولة الهوية: بلا كاميرا ولا ميكروفون ولا حساب.";
    let reasons = "نأسف لذلك. ما الذي لم يكن على ما يرام؟ يمكنكم اختيار أكثر من إجابة.";
    vec![
        (TAB, hears("en", &format!("{QUESTION}\nEnglish. selected"))),
        (TAB, hears("en", "Deutsch. not selected")),
        (TAB, hears("en", "Français. not selected")),
        (TAB, hears("en", "Español. not selected")),
        (TAB, hears("en", "Polski. not selected")),
        (TAB, hears("en", "العربية. not selected")),
        (ENTER, hears("ar", question)),
        // A face by its figure.
        (r#"type "2""#, None),
        (GOES_ON, hears("ar", reasons)),
        (TAB, hears("ar", "سيئة. تغيير")),
        ("wait 31000", Some(said("ar", "important", "هل ما زلت هنا؟ تم حفظ تقييمك."))),
        (TAB, Some(said("ar", "important", "أحتاج وقتًا أطول"))),
        (ENTER, hears("ar", reasons)),
    ]
}
