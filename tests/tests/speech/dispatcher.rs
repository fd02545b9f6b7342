//! The same shopper with the real speech-dispatcher: what our own notion of its protocol is worth.

use afterword_tests::Desk;
use afterword_tests::voice::SpeechDispatcher;
use anyhow::Result;

use super::{ENTER, GOES_ON, QUESTION, TAB, doctor, kiosk, said, shopper_who_listens};

#[tokio::test]
#[ignore = "needs speech-dispatcher (apt-get install speech-dispatcher); run with --ignored"]
async fn speech_dispatcher_says_what_a_shopper_with_a_keypad_is_to_hear() -> Result<()> {
    let desk = Desk::new()?;
    std::fs::create_dir(desk.path("speechd"))?;
    let mut service = SpeechDispatcher::start(&desk.path("speechd")).await?;
    let mut kiosk = kiosk(&desk, &service.socket())?;
    let there = doctor(&desk)?;
    assert!(there.starts_with("good ") && there.ends_with("speaks through paper"), "{there}");
    for (deed, hears) in shopper_who_listens() {
        kiosk.hand(deed)?;
        if let Some(hears) = hears {
            service.says(&hears).await?;
        }
    }
    kiosk.hand("wait 120000")?;

    // Killed and started anew between two keys.
    service.kill()?;
    service.begin().await?;
    kiosk.hand(TAB)?;
    service.says(&said("en", "message", QUESTION)).await?;
    // One sign alone, a text with a dot before it, and nothing of what was typed.
    kiosk.hand(r#"type "1""#)?;
    kiosk.hand(GOES_ON)?;
    service.says(&said("en", "message", "Sorry about that.")).await?;
    kiosk.hand(ENTER)?;
    service.says(&said("en", "message", "Tell us in your own words.")).await?;
    kiosk.hand(r#"type "xvwzz""#)?;
    kiosk.hand(TAB)?;
    service.says(&said("en", "message", "Awful. Change")).await?;
    assert!(!service.everything()?.contains("xvwzz"));
    kiosk.end_of_input()
}
