//! Somebody at a real browser: Chromium without a window, driven by Debian's chromedriver.
//!
//! The driver chooses its own port and is ended with the test. Pictures of what was seen are kept for people to look at.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::program::Program;
use crate::wait::PATIENCE;

/// How often a page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// As usual.
    On,
    /// As for whoever turned them off.
    Off,
}

/// A browser with one window.
pub struct Chrome {
    client: Client,
    /// Where it keeps what it downloads.
    downloads: tempfile::TempDir,
    _driver: Program,
}

impl Chrome {
    /// Opens one.
    ///
    /// # Errors
    /// When driver or browser do not start.
    pub async fn open(scripts: Scripts) -> Result<Self> {
        let mut command = Command::new("chromedriver");
        command.args(["--port=0", "--log-level=SEVERE"]);
        let driver = Program::start(command)?;
        let port: u16 = driver.line(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        })?;
        let mut options = json!({
            // The sandbox wants rights that a test's user may not have; all that is visited is our own.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--force-device-scale-factor=1", "--hide-scrollbars", "--window-size=1440,1040"],
        });
        let downloads = tempfile::tempdir()?;
        options["prefs"] = json!({ "download.default_directory": downloads.path() });
        if scripts == Scripts::Off {
            options["prefs"]["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".into(), options);
        wanted.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        Ok(Self { client: client.context("Chromium did not open")?, downloads, _driver: driver })
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// When the browser cannot.
    pub async fn go(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// Types into the field of this name.
    ///
    /// # Errors
    /// When there is none.
    pub async fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.client.find(Locator::Css(&format!("[name=\"{name}\"]:not([type=hidden])"))).await;
        let field = field.with_context(|| format!("a field {name}"))?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Chooses in the list of this name.
    ///
    /// # Errors
    /// When there is no such choice.
    pub async fn choose(&self, name: &str, value: &str) -> Result<()> {
        let list = self.client.find(Locator::Css(&format!("select[name=\"{name}\"]"))).await?;
        Ok(list.select_by_value(value).await?)
    }

    /// Presses what says this: a button or a link.
    ///
    /// # Errors
    /// When nothing does.
    pub async fn press(&self, words: &str) -> Result<()> {
        let path = format!("//*[self::a or self::button or self::summary][normalize-space(.)=\"{words}\"]");
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let pressed = tokio::time::timeout(PATIENCE, async {
            loop {
                looks.tick().await;
                match self.press_first(&path).await {
                    // The page was drawn anew between the look and the press.
                    Err(error) if error.is_stale_element_reference() => {}
                    other => return other,
                }
            }
        });
        ensure!(pressed.await??, "nothing that can be seen says {words}");
        Ok(())
    }

    /// Presses the first that can be seen. Whether there was one.
    async fn press_first(&self, path: &str) -> Result<bool, fantoccini::error::CmdError> {
        for found in self.client.find_all(Locator::XPath(path)).await? {
            if found.is_displayed().await? {
                found.click().await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits until a file of this name was downloaded, and gives what is in it.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn downloaded(&self, name: &str) -> Result<Vec<u8>> {
        // It has its name when it is whole.
        let path = self.downloads.path().join(name);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let came = tokio::time::timeout(PATIENCE, async {
            while !path.exists() {
                looks.tick().await;
            }
        });
        ensure!(came.await.is_ok(), "{name} was not downloaded");
        Ok(std::fs::read(&path)?)
    }

    /// Agrees to what the page asks.
    ///
    /// # Errors
    /// When it asks nothing.
    pub async fn agree(&self) -> Result<()> {
        Ok(self.client.accept_alert().await?)
    }

    /// What the page says.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self) -> Result<String> {
        Ok(self.client.find(Locator::Css("body")).await?.text().await?)
    }

    /// What is written at the first place that fits.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text_at(&self, selector: &str) -> Result<String> {
        let found = self
            .client
            .find(Locator::Css(selector))
            .await
            .with_context(|| format!("nothing is {selector}"))?;
        Ok(found.text().await?)
    }

    /// Waits until the page says this, without loading it again.
    ///
    /// # Errors
    /// When it does not in time; with what it says then.
    pub async fn says(&self, words: &str) -> Result<()> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut last = String::new();
        let said = tokio::time::timeout(PATIENCE, async {
            loop {
                looks.tick().await;
                // Between two pages there is none.
                if let Ok(text) = self.text().await {
                    if text.contains(words) {
                        return;
                    }
                    last = text;
                }
            }
        });
        ensure!(said.await.is_ok(), "the page never said `{words}`; it says: {last}");
        Ok(())
    }

    /// Waits until this expression holds in the page.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn holds(&self, expression: &str) -> Result<()> {
        let script = format!("return Boolean({expression})");
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let held = tokio::time::timeout(PATIENCE, async {
            loop {
                looks.tick().await;
                if matches!(self.run(&script).await, Ok(Value::Bool(true))) {
                    return;
                }
            }
        });
        ensure!(held.await.is_ok(), "it never came to hold in the page: {expression}");
        Ok(())
    }

    /// Runs a script in the page and gives what it says.
    ///
    /// # Errors
    /// When it fails.
    pub async fn run(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// The same for a script that calls the last of its arguments when it has something to say.
    ///
    /// # Errors
    /// When it fails.
    pub async fn run_later(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute_async(script, Vec::new()).await?)
    }

    /// Makes the window this wide and high.
    ///
    /// # Errors
    /// When the browser cannot.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Keeps a picture of what is seen.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn picture(&self, path: &Path) -> Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        Ok(std::fs::write(path, self.client.screenshot().await?)?)
    }

    /// Closes it.
    ///
    /// # Errors
    /// When it does not answer any more.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}
