//! A day at head office: coming in, enrolling a kiosk, reading what its shoppers say, and taking it away again.

use afterword_tests::chrome::Scripts;
use afterword_tests::wait::until;
use anyhow::{Result, ensure};

use crate::visit::{PASSWORD, Visit};

const SHOPPERS: u32 = 12;

#[tokio::test]
#[cfg_attr(not(has_chromium), ignore = "needs a browser (apt-get install chromium chromium-driver)")]
async fn a_kiosk_is_enrolled_heard_read_and_revoked() -> Result<()> {
    let visit = Visit::begin(Scripts::On).await?;
    visit.enrol("HS-0147", "Harbour Street").await?;
    visit.picture("enrol").await?;

    // The page stays open, and says by itself what happens in the shop.
    visit.go("/fleet").await?;
    let kiosk = visit.desk.kiosk(SHOPPERS)?;
    let agent = visit.desk.agent()?;
    visit.chrome.says("1 of 1 kiosk is well").await?;
    visit.chrome.says("Every reply that was collected is here.").await?;
    visit.picture("fleet").await?;

    visit.chrome.press("HS-0147").await?;
    visit.chrome.says("Nothing is missing.").await?;
    visit.picture("device").await?;

    visit.go("/").await?;
    visit.chrome.says("visits were happy").await?;
    visit.chrome.says("Harbour Street").await?;
    visit.picture("overview").await?;
    visit.chrome.press("Harbour Street").await?;
    visit.chrome.says("By hour").await?;
    visit.picture("store").await?;

    visit.go("/responses").await?;
    visit.chrome.says("Export all of these as").await?;
    visit.picture("replies").await?;
    visit.chrome.press("NDJSON").await?;
    let table = String::from_utf8(visit.chrome.downloaded("responses.ndjson").await?)?;
    ensure!(table.lines().count() == SHOPPERS as usize, "{table}");
    ensure!(table.lines().all(|row| row.contains("\"store\":\"Harbour Street\"")), "{table}");
    visit.go("/audit").await?;
    visit.chrome.says("responses.exported").await?;

    agent.terminate()?;
    visit.go("/fleet").await?;
    visit.chrome.press("HS-0147").await?;
    visit.chrome.fill("reason", "stolen").await?;
    visit.chrome.press("Revoke").await?;
    visit.chrome.agree().await?;
    visit.chrome.says("stolen").await?;
    // What is collected from now on stays in the shop, and the agent says why.
    kiosk.kill()?;
    let kiosk = visit.desk.kiosk(3)?;
    let agent = visit.desk.agent()?;
    until("the agent hears that it is let in no more", || {
        let status = visit.desk.agent_status()?;
        ensure!(status["problem"].as_str().is_some_and(|problem| problem.contains("revoked")), "{status}");
        Ok(Some(()))
    })
    .await?;

    visit.chrome.press("Sign out").await?;
    visit.chrome.says("Sign in").await?;
    visit.go("/fleet").await?;
    visit.chrome.says("Password").await?;
    visit.chrome.fill("login", "ada@example.com").await?;
    visit.chrome.fill("password", PASSWORD).await?;
    visit.chrome.press("Sign in").await?;
    visit.chrome.says("needs attention first").await?;
    drop((kiosk, agent));
    visit.end().await
}

#[tokio::test]
#[cfg_attr(not(has_chromium), ignore = "needs a browser (apt-get install chromium chromium-driver)")]
async fn somebody_is_invited_for_one_store() -> Result<()> {
    let visit = Visit::begin(Scripts::On).await?;
    visit.go("/settings").await?;
    visit.chrome.run("document.querySelector('#place-name').value = 'Quayside'").await?;
    visit.chrome.run("document.querySelector('#place-name').form.requestSubmit()").await?;
    visit.chrome.says("1 store, 0 kiosks").await?;
    visit.picture("settings").await?;

    visit.go("/people").await?;
    visit.chrome.fill("login", "bob@example.com").await?;
    visit.chrome.choose("role", "manager").await?;
    visit.chrome.choose("place", "Quayside").await?;
    visit.chrome.press("Invite").await?;
    visit.chrome.says("A link for bob@example.com").await?;
    let link = visit.chrome.text_at("#link").await?;
    visit.chrome.go(&link).await?;
    visit.chrome.says("Store manager at Quayside").await?;
    visit.chrome.fill("name", "Bob").await?;
    visit.chrome.fill("password", "quite another secret").await?;
    visit.picture("welcome").await?;
    visit.chrome.press("Make my account").await?;
    visit.chrome.says("Bob").await?;
    visit.go("/people").await?;
    visit.chrome.says("There is no such page").await?;
    visit.end().await
}

#[tokio::test]
#[cfg_attr(not(has_chromium), ignore = "needs a browser (apt-get install chromium chromium-driver)")]
async fn a_survey_that_is_written_on_a_page_is_kept_in_the_shop() -> Result<()> {
    let visit = Visit::begin(Scripts::On).await?;
    visit.enrol("HS-0147", "Harbour Street").await?;
    let kiosk = visit.desk.kiosk(1)?;
    let agent = visit.desk.agent()?;
    visit.go("/questions").await?;
    let survey = afterword_kiosk::config::SHIPPED_SURVEY.replacen("\"grocery-exit\"", "\"spring\"", 1);
    let text = serde_json::to_string(&survey)?;
    visit
        .chrome
        .run(&format!(
            "const field = document.querySelector('#survey'); field.value = {text};
             field.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ))
        .await?;
    // Nothing was pressed: the kiosk's own program has drawn it, and does so again on another panel and in another language.
    visit.chrome.holds("document.querySelector('#preview img')?.naturalWidth === 1280").await?;
    visit.picture("questions").await?;
    visit.chrome.choose("panel", "720x1280").await?;
    visit.chrome.holds("document.querySelector('#preview img')?.naturalWidth === 720").await?;
    visit.chrome.choose("language", "de").await?;
    visit.chrome.says("Wie war Ihr").await?;
    visit.chrome.press("Keep").await?;
    visit.chrome.says("For the whole organisation").await?;
    visit.chrome.press("Send out").await?;
    visit.chrome.agree().await?;
    visit.chrome.says("Settings, version 1").await?;
    until("the kiosk keeps what was sent", || {
        let show = ["settings", "show", "--device", "HS-0147", "--json", "--data", "collector"];
        let found = visit.desk.told("afterword-collector", &show)?;
        ensure!(found["said"]["kept"] == found["now"]["version"] && found["layers_version"] == 1, "{found}");
        Ok(Some(()))
    })
    .await?;
    drop((kiosk, agent));
    visit.end().await
}
