//! Nobody is kept out: axe-core looks at every page, on a desk's screen and on a narrow one, by the rules of WCAG 2.2 AA.
//!
//! `axe.min.js` is axe-core 4.14.1 as Deque Systems publish it, under the Mozilla Public License 2.0, which stands beside it.

use afterword_tests::chrome::Scripts;
use afterword_tests::wait::until;
use anyhow::{Result, ensure};

use crate::visit::Visit;

const AXE: &str = include_str!("axe.min.js");

const LOOK: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(
        (found) => done(found.violations.map((rule) =>
            rule.id + ': ' + rule.help + ' at ' + rule.nodes.map((node) => node.target.join(' ')).join(', '))),
        (error) => done(['axe failed: ' + error]));";

#[tokio::test]
#[cfg_attr(not(has_chromium), ignore = "needs a browser (apt-get install chromium chromium-driver)")]
async fn no_page_keeps_anybody_out() -> Result<()> {
    let visit = Visit::begin(Scripts::On).await?;
    visit.enrol("HS-0147", "Harbour Street").await?;
    let kiosk = visit.desk.kiosk(60)?;
    let agent = visit.desk.agent()?;
    visit.go("/fleet").await?;
    visit.chrome.says("Every reply that was collected is here.").await?;
    let device = visit.chrome.run("return document.querySelector('tbody a').getAttribute('href')").await?;
    let device = device.as_str().unwrap_or_default().to_owned();
    until("a follow-up has come", || {
        let list =
            visit.desk.run("afterword-collector", &["case", "list", "--data", "collector", "--json"])?;
        Ok(list.everything().contains("\"stage\"").then_some(()))
    })
    .await?;
    visit.go("/cases?state=all").await?;
    let case = visit.chrome.run("return document.querySelector('main tbody a').getAttribute('href')").await?;
    let case = case.as_str().unwrap_or_default().to_owned();
    // What was done is too new to be judged, and there is a note beside a day.
    let name = case.trim_start_matches("/cases/");
    let act = ["case", "act", name, "--root-cause", "supply", "--action", "put_right", "--data", "collector"];
    visit.desk.told("afterword-collector", &[&act[..], &["--json"]].concat())?;
    visit.go("/").await?;
    visit.note("two-till rule").await?;
    visit.chrome.says("Take back").await?;
    // Where it goes is refused, so that there is something to be seen of it.
    let add =
        ["webhook", "add", "https://127.0.0.1/in", "--event", "case.opened", "--data", "collector", "--json"];
    visit.desk.told("afterword-collector", &add)?;
    visit.desk.told("afterword-collector", &["webhook", "test", "1", "--data", "collector", "--json"])?;
    let pages = [
        "/",
        "/stores",
        "/store?store=Harbour+Street",
        "/cases",
        &case,
        "/responses",
        "/questions",
        "/fleet",
        "/fleet/enrol",
        &device,
        "/people",
        "/privacy",
        "/settings",
        "/settings/tokens",
        "/settings/webhooks",
        "/settings/webhooks/1",
        "/settings/retention",
        "/audit",
        "/nowhere",
        "/sign-in",
    ];
    let mut found = Vec::new();
    for (width, height) in [(1440, 1040), (420, 900)] {
        visit.chrome.resize(width, height).await?;
        for page in pages {
            visit.go(page).await?;
            visit
                .chrome
                .run("for (const part of document.querySelectorAll('details')) part.open = true")
                .await?;
            visit.chrome.run(AXE).await?;
            let violations = visit.chrome.run_later(LOOK).await?;
            found.extend(
                violations.as_array().into_iter().flatten().map(|one| format!("{page} at {width}: {one}")),
            );
            let sideways =
                "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
            if visit.chrome.run(sideways).await? == true {
                found.push(format!("{page} at {width}: the page has to be pushed sideways"));
            }
            let name = page.split(['?', '/']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
            visit.picture(&format!("{width}-{}", if name.is_empty() { "overview" } else { &name })).await?;
        }
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    drop((kiosk, agent));
    visit.end().await
}
