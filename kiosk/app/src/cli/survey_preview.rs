//! `afterword-kiosk survey preview`: what shoppers will see, as pictures.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use afterword_model::settings::in_languages;
use afterword_ui::fonts;
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use super::FOUND_MISTAKES;
use crate::config::{Config, PanelSize};
use crate::present::Presenter;
use crate::preview::{Paper, Pictured, pages};

/// A configuration with nothing of a store in it.
const ANY_STORE: &str = "format = 1\nstore_name = \"Your store\"\ntime_zone = \"UTC\"\n";

/// Draw every page of a survey as PNG, in each of its languages. Needs no display.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  afterword-kiosk survey preview my-survey.toml --config kiosk.toml --panel 720x1280 --out pictures\n\nExit codes: 0 drawn, 1 the survey has mistakes (`survey check` lists them) or a file cannot be read or written."
)]
pub(super) struct SurveyPreview {
    /// The survey file.
    file: PathBuf,
    /// The folder for the pictures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A kiosk's configuration, whose store, colour, logo, voucher and panel the pictures then have.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Of all its languages only this one, as in `de`.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The panel, in pixels; the configuration's, else 1280x800, when left out.
    #[arg(long, value_enum)]
    panel: Option<PanelName>,
}

/// As [`PanelSize`], on a command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PanelName {
    #[value(name = "1280x800")]
    Wide,
    #[value(name = "800x480")]
    Small,
    #[value(name = "720x1280")]
    Tall,
}

impl SurveyPreview {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config_path = self.config.as_deref().unwrap_or(Path::new("kiosk.toml"));
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::parse(config_path, ANY_STORE)?,
        };
        config.survey = Some(std::path::absolute(&self.file)?);
        let survey = match config.survey(config_path) {
            Ok(survey) => survey,
            Err(error) => {
                eprintln!("afterword-kiosk: {error}");
                return Ok(ExitCode::from(FOUND_MISTAKES));
            }
        };
        let survey = match &config.languages {
            None => survey,
            Some(languages) => Arc::new(
                in_languages(&survey, languages)
                    .map_err(|what| anyhow::anyhow!("{}: languages: {what}", config_path.display()))?,
            ),
        };
        let cannot = || format!("cannot make the folder {}; name another --out", self.out.display());
        std::fs::create_dir_all(&self.out).with_context(cannot)?;
        fonts::install(&self.out.join("fonts")).with_context(cannot)?;
        if let Some(panel) = self.panel {
            config.panel = match panel {
                PanelName::Wide => PanelSize::Wide,
                PanelName::Small => PanelSize::Small,
                PanelName::Tall => PanelSize::Tall,
            };
        }
        let panel = config.panel.panel();
        let branding = config.brand.prepare(config_path, panel)?;
        let paper = Paper::new(panel, &branding)?;
        let tags: Vec<&str> = survey.languages.iter().map(|language| language.tag.as_str()).collect();
        if let Some(tag) = &self.language {
            ensure!(
                tags.contains(&tag.as_str()),
                "the survey {} has no language `{tag}`; name one of {} with --language",
                self.file.display(),
                tags.join(", ")
            );
        }
        let wanted = |picture: &Pictured| self.language.as_ref().is_none_or(|tag| *tag == picture.language);
        for picture in pages(&Presenter::new(config), &survey).into_iter().filter(wanted) {
            let path = self.out.join(format!("{}.png", picture.name));
            paper.draw(&picture.view, &path)?;
            println!("{}", path.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}
