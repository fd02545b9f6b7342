//! Somebody who has just made the first account, and what stands on the desk beside them.

use std::path::Path;

use afterword_tests::chrome::{Chrome, Scripts};
use afterword_tests::{Desk, Program};
use anyhow::Result;

pub(crate) const PASSWORD: &str = "three words make it";

/// A desk with a collector, and its first person at the pages.
pub(crate) struct Visit {
    pub(crate) desk: Desk,
    pub(crate) chrome: Chrome,
    pub(crate) collector: Program,
}

impl Visit {
    /// The first link is followed, and the account made.
    pub(crate) async fn begin(scripts: Scripts) -> Result<Self> {
        let mut desk = Desk::new()?;
        let collector = desk.collector()?;
        let chrome = Chrome::open(scripts).await?;
        chrome.go(desk.first_link()?).await?;
        chrome.says("Welcome").await?;
        chrome.fill("login", "ada@example.com").await?;
        chrome.fill("name", "Ada Lovelace").await?;
        chrome.fill("password", PASSWORD).await?;
        chrome.press("Make my account").await?;
        chrome.says("Sign out").await?;
        Ok(Self { desk, chrome, collector })
    }

    /// Goes to a page.
    pub(crate) async fn go(&self, path: &str) -> Result<()> {
        self.chrome.go(&format!("{}{path}", self.desk.web_url()?)).await
    }

    /// Enrols a kiosk by the page, as its technician would type the code.
    pub(crate) async fn enrol(&self, name: &str, store: &str) -> Result<()> {
        self.go("/fleet/enrol").await?;
        self.chrome.fill("name", name).await?;
        self.chrome.fill("store", store).await?;
        self.chrome.press("Show a code").await?;
        self.chrome.says(&format!("Code for {name}")).await?;
        let code = self.chrome.text_at("#code").await?;
        self.desk.enrol_with(&code, &self.desk.path("collector/pki/server-ca.pem"))
    }

    /// Writes a note beside today, on the page that is open.
    pub(crate) async fn note(&self, words: &str) -> Result<()> {
        // A field of a day is typed into by the browser's language.
        let today = "document.querySelector('#note-day').value = new Date().toISOString().slice(0, 10)";
        self.chrome.run(today).await?;
        self.chrome.fill("words", words).await?;
        self.chrome.press("Write it down").await
    }

    /// Keeps a picture of what is seen.
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
        self.chrome.picture(&folder.join(format!("{name}.png"))).await
    }

    /// Everything ends.
    pub(crate) async fn end(self) -> Result<()> {
        self.chrome.close().await?;
        self.collector.terminate()
    }
}
