//! Hands that do everything at once, and surveys that change under a shopper.

use afterword_model::response::{AnswerValue, Response};
use afterword_sim::shopper::spots;
use afterword_tests::Desk;
use afterword_tests::program::{Program, finish};
use afterword_tests::ratings::{open_store, responses as all_responses};
use anyhow::{Context, Result, ensure};

/// The responses of a kiosk that has ended.
fn responses(desk: &Desk) -> Result<Vec<Response>> {
    let store = open_store(&desk.path("kiosk"), 42)?;
    ensure!(store.verify()?.problems.is_empty(), "{:?}", store.verify()?);
    Ok(all_responses(&store)?.into_iter().map(|(_, response)| response).collect())
}

fn faces(responses: &[Response]) -> Vec<u8> {
    let face = |response: &Response| match response.draft.answer("visit") {
        Some(AnswerValue::Face(face)) => *face,
        other => panic!("no face: {other:?}"),
    };
    responses.iter().map(face).collect()
}

/// Until the kiosk rests, whatever page it was on.
fn rests(kiosk: &mut Program) -> Result<u64> {
    let at = kiosk.hand("wait 120000")?;
    assert_eq!(at.page, "question");
    Ok(at.last_seq)
}

#[tokio::test(flavor = "multi_thread")]
async fn f42_a_touch_storm_leaves_one_response_a_session_and_the_panel_alive() -> Result<()> {
    let desk = Desk::in_memory()?;
    let mut kiosk = desk.kiosk(0)?;
    let (best, worst) = (spots::face(5), spots::face(1));

    // A thousand taps a second on the best face, for as long as its thanks page stands: one session.
    kiosk.hand(&format!("storm {} {} 2000", best.x, best.y))?;
    assert_eq!(rests(&mut kiosk)?, 1);

    // On the worst, over the pages that follow, where other keys come to lie under the finger.
    kiosk.hand(&format!("storm {} {} 3000", worst.x, worst.y))?;
    assert_eq!(rests(&mut kiosk)?, 2);

    // Two fingers: the second comes down before the first is lifted, and lifts first.
    for _ in 0..50 {
        for deed in ["press", "slide", "release"] {
            kiosk.hand(&format!("{deed} {} {}", best.x, best.y))?;
            kiosk.hand(&format!("{deed} {} {}", worst.x, worst.y))?;
        }
        kiosk.hand("wait 3")?;
    }
    let after_fingers = rests(&mut kiosk)?;
    assert_eq!(after_fingers, 3);

    // Something lies on the glass for a day, is lifted, and lies there again.
    for _ in 0..2 {
        kiosk.hand(&format!("press {} {}", best.x, best.y))?;
        kiosk.hand("wait 86400000")?;
    }
    kiosk.hand(&format!("release {} {}", best.x, best.y))?;
    let stuck = rests(&mut kiosk)?;
    assert!(stuck <= after_fingers + 1, "{} responses of one hand", stuck - after_fingers);

    // The next shopper finds a kiosk that works.
    kiosk.tap(spots::face(4))?;
    let at = kiosk.hand("wait 1000")?;
    assert_eq!((at.page.as_str(), at.last_seq), ("thanks", stuck + 1));
    kiosk.end_of_input()?;
    let faces = faces(&responses(&desk)?);
    assert_eq!((faces[0], faces[1], faces[faces.len() - 1]), (5, 1, 4), "{faces:?}");
    Ok(())
}

/// A kiosk with the configuration on the desk.
fn configured(desk: &Desk) -> Result<std::process::Command> {
    let mut command = desk.kiosk_command(0);
    command.arg("--config").arg(desk.path("kiosk.toml"));
    Ok(command)
}

fn start(desk: &Desk) -> Result<Program> {
    let kiosk = Program::start(configured(desk)?)?;
    kiosk.line(|line| (line == "ready").then_some(()))?;
    Ok(kiosk)
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_a_survey_that_changes_or_turns_to_garbage_leaves_the_session_on_its_version() -> Result<()> {
    let desk = Desk::new()?;
    let survey = desk.path("survey.toml");
    let first = afterword_kiosk::config::SHIPPED_SURVEY;
    let second = first.replacen("version = 1", "version = 2", 1);
    ensure!(first != second, "the shipped survey is of version 1");
    std::fs::write(
        desk.path("kiosk.toml"),
        "format = 1\nstore_name = \"x\"\ntime_zone = \"Europe/London\"\nsurvey = \"survey.toml\"\n",
    )?;
    std::fs::write(&survey, first)?;
    let mut kiosk = start(&desk)?;

    // The file changes in the middle of a visit, then turns to garbage: visits go on as they began.
    kiosk.tap(spots::face(2))?;
    std::fs::write(&survey, &second)?;
    kiosk.hand("wait 700")?;
    kiosk.tap(spots::reason(1))?;
    std::fs::write(&survey, [0xff; 4_000])?;
    kiosk.tap(spots::FINISH)?;
    kiosk.hand("wait 30000")?;
    let shown = kiosk.shoppers(2)?.last_seq;
    assert!(shown >= 3);

    // Killed in the middle of a visit, it does not start with garbage, says why, and spoils nothing.
    kiosk.hand("wait 60000")?;
    kiosk.tap(spots::face(1))?;
    kiosk.kill()?;
    let checked = desk.run("afterword-kiosk", &["survey", "check", "survey.toml"])?;
    assert_eq!(checked.code, Some(1), "{}", checked.everything());
    let refused = finish(configured(&desk)?)?;
    let named =
        refused.stderr.contains("survey.toml cannot be used") && refused.stderr.contains("survey check");
    ensure!(refused.code == Some(1) && named, "{}", refused.everything());

    // With the new edition it goes on; each response says which it was given to.
    std::fs::write(&survey, &second)?;
    let mut kiosk = start(&desk)?;
    let last_seq = kiosk.shoppers(2)?.last_seq;
    kiosk.end_of_input()?;
    let responses = responses(&desk)?;
    let versions: Vec<u32> = responses.iter().map(|response| response.draft.survey_version).collect();
    let of_first = versions.iter().position(|&version| version == 2).context("none of the second")?;
    // Between responses stand the steps that follow some of them up.
    let interrupted = of_first.checked_sub(1).map(|place| responses[place].seq);
    assert_eq!(
        interrupted,
        Some(shown + 1),
        "the interrupted visit was the last of the first edition: {versions:?}"
    );
    assert!(versions[of_first..].iter().all(|&version| version == 2), "{versions:?}");
    let newest = responses.last().map_or(0, |response| response.seq);
    assert!((newest..=newest + 1).contains(&last_seq), "{newest} of {last_seq}");
    Ok(())
}
