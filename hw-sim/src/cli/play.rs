//! `afterword-sim play`: whole visits from scripts.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use afterword_ui::{Panel, fonts};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use super::make_folder;
use super::temporary::TemporaryFolder;
use crate::play::{self, SHIPPED, Script};
use crate::stage::Stage;

/// Play visits from scripts on the simulated panel, each on a device of its own, and say at which line one goes wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  afterword-sim play\n  afterword-sim play happy my-visit.txt --panel 720x1280 --out pictures\n\nWithout a name, all scripts that come with the program are played on all panels. A script has a line for each thing that is seen or done; see hw-sim/scenarios.\n\nExit codes: 0 every visit went as its script says, 1 one did not, 2 wrong use."
)]
pub(super) struct Play {
    /// Names of scripts that come with the program, or files.
    #[arg(value_name = "SCRIPT")]
    scripts: Vec<String>,
    /// The panel, as WIDTHxHEIGHT in pixels; all when left out.
    #[arg(long, value_name = "WxH")]
    panel: Option<String>,
    /// A folder for the pictures that scripts take.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Play {
    pub(super) fn run(self) -> Result<()> {
        let panels: Vec<String> = Panel::ALL.map(|panel| panel.name().to_owned()).into();
        let panels = match self.panel {
            Some(panel) if panels.contains(&panel) => vec![panel],
            Some(panel) => bail!(
                "no pages are laid out for a panel of {panel}; name one of {} with --panel",
                panels.join(", ")
            ),
            None => panels,
        };
        let scripts: Vec<(String, Script)> = if self.scripts.is_empty() {
            SHIPPED
                .iter()
                .map(|(name, text)| Ok(((*name).to_owned(), Script::parse(text)?)))
                .collect::<Result<_>>()?
        } else {
            self.scripts.iter().map(|name| read(name)).collect::<Result<_>>()?
        };
        let temporary = TemporaryFolder::default();
        let devices = temporary.make()?;
        fonts::install(&devices.join("fonts")).with_context(|| {
            format!("cannot lay out the fonts in {}; set TMPDIR to another folder", devices.display())
        })?;
        let mut failed = 0;
        for panel in &panels {
            for (name, script) in &scripts {
                let here = Path::new(panel).join(name);
                let pictures = self.out.as_ref().map(|out| out.join(&here));
                match visit(script, panel, devices.join(&here), pictures) {
                    Ok(lines) => println!("{panel} {name}: {lines} lines, as written"),
                    Err(error) => {
                        failed += 1;
                        println!("{panel} {name}: {error:#}");
                    }
                }
            }
        }
        if failed > 0 {
            bail!("{failed} visits did not go as their scripts say; the lines above name where");
        }
        Ok(())
    }
}

fn read(name: &str) -> Result<(String, Script)> {
    if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return Ok((name.to_owned(), Script::parse(text)?));
    }
    let path = Path::new(name);
    let text = std::fs::read_to_string(path).with_context(|| {
        let shipped = SHIPPED.map(|(name, _)| name).join(", ");
        format!("cannot read the script {name}; name a file or one of {shipped}")
    })?;
    let stem = path.file_stem().map_or_else(|| "visit".into(), |stem| stem.to_string_lossy().into_owned());
    Ok((stem, Script::parse(&text).with_context(|| name.to_owned())?))
}

/// One visit, on a thread of its own: a thread has one panel for good.
fn visit(script: &Script, panel: &str, folder: PathBuf, pictures: Option<PathBuf>) -> Result<usize> {
    make_folder(&folder)?;
    pictures.as_deref().map_or(Ok(()), make_folder)?;
    let (done, ended) = channel();
    let (script, panel) = (script.clone(), panel.to_owned());
    std::thread::Builder::new().name("visit".into()).spawn(move || {
        let played = || {
            let (device, clock, slot) = play::device(&script, &panel, &folder)?;
            let mut stage = Stage::new(&device, clock, None)?.with_slot(slot);
            script.play(&mut stage, pictures.as_ref())
        };
        // Nobody listens any more only if the program has ended.
        let _ = done.send(played());
    })?;
    ended.recv().map_err(|_| anyhow!("the visit broke off; see the message above"))?
}
