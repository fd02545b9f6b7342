//! Pages of a survey as a kiosk draws them: by the kiosk's own program, started for each set of pictures.
//!
//! The collector knows nothing of screens. What it shows of one is what that program draws, so that a question too long for a panel is
//! seen before a shop has it.
//!
//! Invariants: the program gets the survey and a handful of settings, in a folder that goes with the drawing; none of this program's
//! environment, so no secret of it. At most [`DRAWINGS_MAX`] run at once, none for longer than [`PATIENCE`].

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use afterword_model::settings::Settings;
use serde::Serialize;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Drawings at once. Each takes a processor for some tenths of a second, and a kiosk's memory.
const DRAWINGS_MAX: usize = 2;

/// A drawing that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// More bytes than this are no page of a kiosk.
const PICTURE_BYTES_MAX: u64 = 2_000_000;

/// Panels that pages are laid out for, in pixels, as the kiosk's program names them.
pub(crate) const PANELS: [&str; 3] = ["1280x800", "800x480", "720x1280"];

/// Draws pages.
pub(crate) struct Drawing {
    program: Option<PathBuf>,
    places: Semaphore,
}

/// One page.
pub(crate) struct Picture {
    /// The place in the survey from 1, the question's name or `thanks`, and the language, as in `01-visit-en`.
    pub(crate) name: String,
    /// A PNG file.
    pub(crate) png: Vec<u8>,
}

/// Why there are no pictures, in a sentence for whoever wants them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDrawn {
    /// Nobody draws here.
    #[error(
        "There are no pictures: this server has no kiosk’s program to draw them; install afterword-kiosk beside afterword-collector, or name it with --kiosk-program"
    )]
    NoProgram,
    /// Others are drawing.
    #[error("There are no pictures just now: others are being drawn; look again in a moment")]
    Busy,
    /// The program did not do it. What it said is in the log.
    #[error("There are no pictures: the kiosk’s program did not draw them; the server’s log says why")]
    Failed,
}

/// What a kiosk's configuration has to say, and what of it shows on a page.
#[derive(Serialize)]
struct Kiosk<'a> {
    format: u8,
    store_name: &'a str,
    time_zone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    languages: Option<&'a [String]>,
    brand: Brand<'a>,
}

#[derive(Serialize)]
struct Brand<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<&'a str>,
}

impl Drawing {
    /// By this program; by nobody where there is none.
    pub(crate) fn by(program: Option<PathBuf>) -> Self {
        Self { program, places: Semaphore::new(DRAWINGS_MAX) }
    }

    /// Each page of a survey, in one of its languages and on one of the [`PANELS`]. The survey has been checked.
    pub(crate) async fn draw(
        &self,
        settings: &Settings,
        panel: &str,
        language: &str,
    ) -> Result<Vec<Picture>, NotDrawn> {
        let program = self.program.as_deref().ok_or(NotDrawn::NoProgram)?;
        let _place = self.places.try_acquire().map_err(|_| NotDrawn::Busy)?;
        let drawn = draw(program, settings, panel, language).await;
        drawn.map_err(|error| {
            tracing::warn!("no pictures of a survey's pages, drawn by {}: {error:#}", program.display());
            NotDrawn::Failed
        })
    }
}

async fn draw(
    program: &Path,
    settings: &Settings,
    panel: &str,
    language: &str,
) -> anyhow::Result<Vec<Picture>> {
    let folder = tempfile::Builder::new().prefix("afterword-drawing").tempdir()?;
    let kiosk = Kiosk {
        format: 1,
        store_name: settings.store_name.as_deref().unwrap_or("Your store"),
        time_zone: "UTC",
        languages: settings.languages.as_deref(),
        brand: Brand { accent: settings.brand.accent.as_deref() },
    };
    let path = |name: &str| folder.path().join(name);
    tokio::fs::write(path("kiosk.toml"), toml::to_string(&kiosk)?).await?;
    tokio::fs::write(path("survey.toml"), settings.survey.as_deref().unwrap_or_default()).await?;
    let drawing = Command::new(program)
        .args(["survey", "preview", "survey.toml", "--config", "kiosk.toml", "--out", "pictures"])
        .args(["--panel", panel, "--language", language])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let Ok(ended) = timeout(PATIENCE, drawing).await else {
        anyhow::bail!("it was not done after {} s", PATIENCE.as_secs())
    };
    let ended = ended?;
    anyhow::ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr).trim());
    let pictures = tokio::task::spawn_blocking(move || read(&folder.path().join("pictures")));
    pictures.await?
}

/// The pictures of a folder, in the order of their names.
fn read(folder: &Path) -> anyhow::Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        let bytes = path.metadata()?.len();
        anyhow::ensure!(bytes <= PICTURE_BYTES_MAX, "{name} has {bytes} bytes, {PICTURE_BYTES_MAX} at most");
        pictures.push(Picture { name, png: std::fs::read(&path)? });
    }
    pictures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pictures)
}
