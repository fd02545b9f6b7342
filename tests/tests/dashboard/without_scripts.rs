//! The same pages for whoever turned scripts off.

use afterword_tests::chrome::Scripts;
use anyhow::Result;

use crate::visit::Visit;

#[tokio::test]
#[cfg_attr(not(has_chromium), ignore = "needs a browser (apt-get install chromium chromium-driver)")]
async fn everything_can_be_done_by_links_and_buttons() -> Result<()> {
    let visit = Visit::begin(Scripts::Off).await?;
    visit.enrol("HS-0147", "Harbour Street").await?;
    visit.chrome.press("Back to the fleet").await?;
    // Loaded again by hand, it says what has come.
    visit.chrome.choose("place", "Harbour Street").await?;
    visit.chrome.press("Show").await?;
    visit.chrome.says("HS-0147").await?;
    visit.chrome.press("HS-0147").await?;
    visit.chrome.press("Revoke").await?;
    visit.chrome.says("revoked").await?;
    visit.go("/").await?;
    visit.chrome.choose("range", "7d").await?;
    visit.chrome.press("Show").await?;
    visit.chrome.says("Not enough answers yet").await?;
    // A note is written beside a day, and taken back.
    visit.note("the first day").await?;
    visit.chrome.says("the first day").await?;
    visit.chrome.press("Take back").await?;
    visit.chrome.says("None in these days.").await?;
    visit.chrome.press("Sign out").await?;
    visit.chrome.says("Password").await?;
    visit.end().await
}
