//! A service that the test plays: it comes and goes, hangs, and notes every byte.

use afterword_model::ports::Clock as _;
use afterword_protocol::system::SystemClock;
use afterword_sim::shopper::spots;
use afterword_tests::Desk;
use afterword_tests::program::Program;
use afterword_tests::voice::{Heard, Voice};
use afterword_tests::wait::until;
use anyhow::{Context, Result, ensure};

use super::{ENTER, GOES_ON, QUESTION, TAB, doctor, kiosk, said, shopper_who_listens};

/// Goes through the keys with Tab until one is said that begins so.
fn goes_to(kiosk: &mut Program, voice: &Voice, name: &str) -> Result<()> {
    for _ in 0..60 {
        kiosk.hand(TAB)?;
        if voice.said()?.words.starts_with(name) {
            return Ok(());
        }
    }
    anyhow::bail!("Tab does not lead to {name}")
}

/// Begins a visit with the keypad, up to the comment.
fn comes_to_the_comment(kiosk: &mut Program, voice: &Voice) -> Result<()> {
    kiosk.hand(r#"type "1""#)?;
    kiosk.hand(GOES_ON)?;
    assert!(voice.said()?.words.starts_with("Sorry about that. What went wrong?"));
    kiosk.hand(ENTER)?;
    assert!(voice.said()?.words.starts_with("Tell us in your own words."));
    kiosk.hand(GOES_ON)?;
    Ok(())
}

#[test]
fn a_shopper_with_a_keypad_hears_each_page_and_each_key_in_their_language() -> Result<()> {
    let desk = Desk::new()?;
    let voice = Voice::at(&desk.path("voice.sock"))?;
    let mut kiosk = kiosk(&desk, &desk.path("voice.sock"))?;
    for (count, (deed, hears)) in shopper_who_listens().into_iter().enumerate() {
        kiosk.hand(deed)?;
        if count == 0 {
            assert_eq!(voice.next()?, Heard::Came("afterword:afterword-kiosk:prompts".into()));
        }
        if let Some(hears) = hears {
            assert_eq!(voice.said()?, hears, "after {deed}");
        }
    }
    kiosk.end_of_input()
}

#[test]
fn nobody_who_goes_by_the_glass_is_spoken_to() -> Result<()> {
    let desk = Desk::new()?;
    let voice = Voice::at(&desk.path("voice.sock"))?;
    let mut kiosk = kiosk(&desk, &desk.path("voice.sock"))?;
    kiosk.shoppers(10)?;
    assert_eq!(voice.so_far(), None, "not so much as a connection");

    kiosk.hand(TAB)?;
    assert_eq!(voice.said()?.words, format!("{QUESTION}\nEnglish. selected"));
    // Somebody else comes, and touches the glass: silence at once, and on every page from then on.
    kiosk.tap(spots::face(5))?;
    assert_eq!(voice.next()?, Heard::Hushed);
    kiosk.hand("wait 120000")?;
    kiosk.shoppers(5)?;
    // Whoever comes with the keypad then hears everything from the beginning.
    kiosk.hand(TAB)?;
    assert_eq!(voice.said()?.words, format!("{QUESTION}\nEnglish. selected"));
    kiosk.end_of_input()
}

#[test]
fn prompts_end_with_the_visit() -> Result<()> {
    let desk = Desk::new()?;
    let voice = Voice::at(&desk.path("voice.sock"))?;
    let mut kiosk = kiosk(&desk, &desk.path("voice.sock"))?;
    kiosk.hand(r#"type "5""#)?;
    kiosk.hand(GOES_ON)?;
    let thanks = voice.said()?;
    assert!(thanks.words.starts_with("Thank you. "), "{thanks:?}");
    // It is over by itself. What is said next is what the next key asks for.
    assert_eq!(kiosk.hand("wait 120000")?.page, "question");
    kiosk.hand(TAB)?;
    assert_eq!(voice.said()?.words, format!("{QUESTION}\nEnglish. selected"));
    // So it is when somebody goes away from the question, and the ring goes with them.
    kiosk.hand("wait 120000")?;
    kiosk.hand(TAB)?;
    assert_eq!(voice.said()?.words, format!("{QUESTION}\nEnglish. selected"));
    kiosk.end_of_input()
}

#[test]
fn what_is_typed_never_goes_over_the_socket() -> Result<()> {
    let desk = Desk::new()?;
    let voice = Voice::at(&desk.path("voice.sock"))?;
    let mut kiosk = kiosk(&desk, &desk.path("voice.sock"))?;
    kiosk.hand(TAB)?;
    voice.said()?;
    comes_to_the_comment(&mut kiosk, &voice)?;
    // Keys of the keyboard on the glass say what they are, one sign as a sign.
    goes_to(&mut kiosk, &voice, "Q")?;
    for _ in 0..3 {
        kiosk.hand(ENTER)?;
    }
    goes_to(&mut kiosk, &voice, "Delete the last letter")?;
    goes_to(&mut kiosk, &voice, "123")?;
    kiosk.hand(ENTER)?;
    goes_to(&mut kiosk, &voice, ",")?;
    kiosk.hand(r#"type "\u001b""#)?;
    kiosk.hand(r#"type "xvwzz the till 07700900142 .\u0008\u0008""#)?;
    goes_to(&mut kiosk, &voice, "Tell us in your own words")?;
    // Somebody goes back to the page with the words on it, and is asked whether they are still there.
    goes_to(&mut kiosk, &voice, "Back")?;
    kiosk.hand(ENTER)?;
    assert!(voice.said()?.words.starts_with("Sorry about that."));
    kiosk.hand(GOES_ON)?;
    kiosk.hand(ENTER)?;
    assert!(voice.said()?.words.starts_with("Tell us in your own words."));
    kiosk.hand("wait 31000")?;
    assert!(voice.said()?.words.starts_with("Still there?"));
    goes_to(&mut kiosk, &voice, "I’m finished")?;
    kiosk.hand(ENTER)?;
    assert!(voice.said()?.words.starts_with("Thank you."));
    kiosk.kill()?;

    let wire = voice.wire();
    assert!(wire.contains("\r\nCHAR Q\r\n") && wire.contains("\r\nCHAR ,\r\n"), "{wire}");
    for typed in ["qq", "QQ", "xvwzz", "07700", "the till"] {
        assert!(!wire.contains(typed), "{typed} in {wire}");
    }
    Ok(())
}

/// A visit by the keypad from the question to the thanks.
fn is_thanked(kiosk: &mut Program) -> Result<()> {
    for deed in [TAB, TAB, r#"type "4""#] {
        kiosk.hand(deed)?;
    }
    let at = kiosk.hand(GOES_ON)?;
    ensure!(at.page == "thanks" && at.thanks == 1, "{at:?}");
    kiosk.hand("wait 120000")?;
    Ok(())
}

/// Presses Tab every other second until the service says something.
async fn is_heard_again(kiosk: &mut Program, voice: &Voice) -> Result<()> {
    until("a prompt", || {
        kiosk.hand("wait 2000")?;
        kiosk.hand(TAB)?;
        Ok(std::iter::from_fn(|| voice.so_far()).find(|heard| matches!(heard, Heard::Said(_))))
    })
    .await
    .map(|_| ())
}

#[tokio::test]
async fn without_a_service_everything_else_goes_on_and_one_that_comes_later_is_found() -> Result<()> {
    let desk = Desk::new()?;
    let socket = desk.path("voice.sock");
    let mut kiosk = kiosk(&desk, &socket)?;
    is_thanked(&mut kiosk)?;
    let voice = Voice::at(&socket)?;
    is_heard_again(&mut kiosk, &voice).await?;
    is_thanked(&mut kiosk)
}

#[tokio::test]
async fn a_service_that_dies_is_found_again_when_it_was_started_anew() -> Result<()> {
    let desk = Desk::new()?;
    let socket = desk.path("voice.sock");
    let voice = Voice::at(&socket)?;
    let mut kiosk = kiosk(&desk, &socket)?;
    kiosk.hand(TAB)?;
    voice.said()?;

    // Started anew before the next key: that key is heard.
    drop(voice);
    let voice = Voice::at(&socket)?;
    kiosk.hand(TAB)?;
    assert_eq!(voice.said()?, said("en", "message", "Deutsch. not selected"));

    // Away for a while.
    drop(voice);
    is_thanked(&mut kiosk)?;
    let voice = Voice::at(&socket)?;
    is_heard_again(&mut kiosk, &voice).await
}

#[tokio::test]
async fn a_service_that_hangs_holds_nobody_up_and_is_let_go() -> Result<()> {
    /// Each a prompt; with a service that is waited for they would take minutes.
    const KEYS: u64 = 60;
    let desk = Desk::new()?;
    let socket = desk.path("voice.sock");
    let voice = Voice::that_hangs(&socket)?;
    let mut kiosk = kiosk(&desk, &socket)?;
    let clock = SystemClock::start();
    let began_ms = clock.monotonic_ms();
    for _ in 0..KEYS {
        kiosk.hand(TAB)?;
    }
    is_thanked(&mut kiosk)?;
    let took_ms = clock.monotonic_ms() - began_ms;
    assert!(took_ms < KEYS * 1_000, "{took_ms} ms for {KEYS} keys");

    assert_eq!(voice.next()?, Heard::Went, "it has had its time");
    drop(voice);
    let voice = Voice::at(&socket)?;
    is_heard_again(&mut kiosk, &voice).await
}

#[test]
fn doctor_says_in_one_line_whether_there_are_prompts() -> Result<()> {
    let desk = Desk::new()?;
    let socket = desk.path("voice.sock");
    super::configure(&desk, &format!("speech = \"{}\"", socket.display()))?;
    let none = doctor(&desk)?;
    assert!(none.starts_with("look ") && none.contains("voice.sock") && none.contains("start it"), "{none}");
    let voice = Voice::at(&socket)?;
    let there = doctor(&desk)?;
    assert!(there.starts_with("good ") && there.ends_with("speaks through paper"), "{there}");
    drop(voice);
    super::configure(&desk, "speech = \"off\"")?;
    assert!(doctor(&desk)?.contains("off, as the configuration says"));
    super::configure(&desk, "")?;
    let usual = doctor(&desk).context("a kiosk without is whole")?;
    assert!(usual.starts_with("good ") && usual.contains("/speech-dispatcher/speechd.sock"), "{usual}");
    Ok(())
}
