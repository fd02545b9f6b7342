//! `afterword-collector settings set|show|history`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afterword_collector::{DecidedFor, DeviceSettings, Layer};
use afterword_model::settings::{Merged, Settings};
use afterword_model::survey::limits::FILE_BYTES_MAX;
use afterword_protocol::settings::{NO_SETTINGS, SettingsVersion, version};
use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::rollout::RolloutCommand;
use super::{Data, moment, print_json, shown};

const SET_EXAMPLES: &str = "\
Examples:
  # For everyone, for the stores of a region, for one store, for one device.
  afterword-collector settings set --organisation --file everywhere.toml --data /var/lib/afterword
  afterword-collector settings set --region North --file north.toml --data /var/lib/afterword
  afterword-collector settings set --store \"Mill Lane\" --file mill-lane.toml --data /var/lib/afterword
  afterword-collector settings set --device \"Exit, Mill Lane\" --file exit.toml --data /var/lib/afterword

  # This store decides nothing by itself any more.
  afterword-collector settings set --store \"Mill Lane\" --clear --data /var/lib/afterword

The file has the names of kiosk.toml; all of it may be left out:

  store_name = \"Mill Lane\"
  survey = \"spring.toml\"        # beside this file; asked in place of every survey that kiosk.toml names
  languages = [\"de\", \"en\"]     # of those that the survey has; the screen rests in the first

  [ask]                        # what a survey may ask: comment, contact
  contact = false

  [times]                      # seconds: idle_s (15 to 120) until \"Still there?\", thanks_s (4 to 60)
  idle_s = 45

  [hours]
  mon = [\"08:00-20:00\"]        # a day that is left out is one on which the shop is closed
  closed_on = [2026-12-25]

  [brand]
  accent = \"#114599\"

  [alerts]                     # enabled, window_min, answers_min, unhappy_percent, close_percent, hourly
  unhappy_percent = 40

  [follow_ups]                 # open, acknowledge_h, act_h, verify_after_h
  act_h = 48
  [follow_ups.clean]           # the hours of a category, or of alerts: clean, availability, waiting, checkout, staff, finding,
  act_h = 24                   # price, other, alert; what is left out is as above

It replaces what was decided there before. What a device gets is put together field by field, and what is said further in wins:
organisation, region, region in it, store, device; what nobody decides is as the device's own kiosk.toml has it. Opening hours
are taken whole. Nothing is sent before `afterword-collector settings rollout start`.

Exit codes: 0 kept, 1 it was not (the reason is on standard error), 2 wrong use";

const SHOW_EXAMPLES: &str = "\
Examples:
  afterword-collector settings show --device HS-0147 --data /var/lib/afterword

Shows what the device is to have, from which layer each part comes, what it would have after a roll-out of what is decided by
now, and what it runs.

Exit codes: 0 shown, 1 it failed (the reason is on standard error), 2 wrong use";

/// What can be done to settings.
#[derive(Subcommand)]
pub(super) enum SettingsCommand {
    /// Decide for the organisation, a region, a store or a device.
    #[command(after_help = SET_EXAMPLES, after_long_help = SET_EXAMPLES)]
    Set(Set),
    /// Show what a device gets, and where each part of it comes from.
    #[command(after_help = SHOW_EXAMPLES, after_long_help = SHOW_EXAMPLES)]
    Show(Show),
    /// List everything that was decided, and every roll-out, the newest first.
    History(History),
    /// Send what is decided out, in stages, and see how that goes.
    #[command(subcommand)]
    Rollout(RolloutCommand),
}

#[derive(Args)]
#[command(group(ArgGroup::new("layer").required(true)), group(ArgGroup::new("what").required(true)))]
pub(super) struct Set {
    /// For all devices.
    #[arg(long, group = "layer")]
    organisation: bool,
    /// For the stores of this region, at any depth.
    #[arg(long, value_name = "NAME", group = "layer")]
    region: Option<String>,
    /// For the devices of this store.
    #[arg(long, value_name = "NAME", group = "layer")]
    store: Option<String>,
    /// For the device of this name or id.
    #[arg(long, value_name = "NAME", group = "layer")]
    device: Option<String>,
    /// What is decided, as below.
    #[arg(long, value_name = "FILE", group = "what")]
    file: Option<PathBuf>,
    /// Nothing is decided there any more.
    #[arg(long, group = "what")]
    clear: bool,
    /// Who decides, for the history.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// The device's name or id.
    #[arg(long, value_name = "NAME")]
    device: String,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON, with the whole text of surveys.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct History {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl SettingsCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Set(set) => set.run(),
            Self::Show(show) => show.run(),
            Self::History(history) => history.run(),
            Self::Rollout(rollout) => rollout.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    fn run(self) -> anyhow::Result<()> {
        // Checked before the database is opened: a mistake in a file is a matter of that file.
        let decided = self.file.as_deref().map(read).transpose()?.unwrap_or_default();
        let decided_for = match (&self.region, &self.store, &self.device) {
            (Some(region), ..) => DecidedFor::Region(region),
            (_, Some(store), _) => DecidedFor::Store(store),
            (.., Some(device)) => DecidedFor::Device(device),
            _ => DecidedFor::Organisation,
        };
        let number = self.data.open()?.settings_set(decided_for, &decided, self.by.as_deref())?;
        if self.json {
            return print_json(
                &json!({ "version": number, "fields": decided.fields().keys().collect::<Vec<_>>() }),
            );
        }
        println!(
            "Version {number} is kept. No device gets it before `afterword-collector settings rollout start`."
        );
        Ok(())
    }
}

impl Show {
    fn run(self) -> anyhow::Result<()> {
        let admin = self.data.open()?;
        let found = admin.settings_of(&self.device)?;
        if self.json {
            return print_json(&device_json(&found));
        }
        println!("{} ({})", shown(&found.name), found.device);
        println!("\nIs to have now (version {}):", found.version);
        print_fields(&found.now, &found.layers);
        if version(&found.now.settings) != version(&found.next.settings) {
            println!("\nWould have after a roll-out of what is decided by now:");
            print_fields(&found.next, &found.next_layers);
        }
        println!("\n{}", state(&found));
        Ok(())
    }
}

impl History {
    fn run(self) -> anyhow::Result<()> {
        let admin = self.data.open()?;
        let (layers, rollouts, names) = (admin.settings_history()?, admin.rollouts()?, admin.device_names()?);
        let place = |layer: &Layer| match layer {
            Layer::Device(device) => {
                names.get(device).map_or_else(|| place(layer), |name| format!("device {name}"))
            }
            _ => place(layer),
        };
        if self.json {
            let layers = layers.iter().map(|row| {
                json!({ "version": row.version, "for": place(&row.layer), "settings": row.settings, "by": row.by_whom, "set_ms": row.set_ms })
            });
            let rollouts = rollouts.iter().map(super::rollout::row_json);
            return print_json(
                &json!({ "versions": layers.collect::<Vec<_>>(), "rollouts": rollouts.collect::<Vec<_>>() }),
            );
        }
        if layers.is_empty() {
            println!("Nothing was decided yet; `afterword-collector settings set --help` shows how.");
        }
        for row in &layers {
            let fields: Vec<_> = row.settings.fields().into_keys().collect();
            let fields = if fields.is_empty() { "cleared".into() } else { fields.join(", ") };
            let by = row.by_whom.as_deref().map(|by| format!(", by {}", shown(by))).unwrap_or_default();
            println!(
                "{:>5}  {}  {}: {fields}{by}",
                row.version,
                moment(row.set_ms),
                shown(&place(&row.layer))
            );
        }
        for rollout in &rollouts {
            println!("{}", super::rollout::line(rollout));
        }
        Ok(())
    }
}

/// Reads a layer's file, and the survey that it names.
fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = bounded(path)?;
    let mut settings = Settings::from_toml(&text).map_err(|(line, message)| {
        anyhow::anyhow!("{}:{line}: {message}; correct the line", path.display())
    })?;
    let survey = settings.survey.take();
    settings.check().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let Some(named) = survey else { return Ok(settings) };
    if named.contains('\n') {
        bail!("{}: survey is the name of a file beside this one, and this is a text", path.display());
    }
    let survey_path = path.parent().unwrap_or(Path::new(".")).join(named);
    settings.survey = Some(bounded(&survey_path)?);
    settings.read_survey().map_err(|error| {
        let at = survey_path.display();
        anyhow::anyhow!("{at}: {error}; `afterword-kiosk survey check {at}` shows all of them")
    })?;
    Ok(settings)
}

fn bounded(path: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read {}; name a file that this user may read", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(unreadable)?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(unreadable)?;
    if bytes.len() > FILE_BYTES_MAX {
        bail!("{} is larger than 256 KiB, so it is another kind of file", path.display());
    }
    String::from_utf8(bytes)
        .with_context(|| format!("{} is no text in UTF-8; save it as such", path.display()))
}

fn place(layer: &Layer) -> String {
    match layer {
        Layer::Organisation => "organisation".into(),
        Layer::Region(name) => format!("region {name}"),
        Layer::Store(name) => format!("store {name}"),
        Layer::Device(device) => format!("device {device}"),
    }
}

fn print_fields(merged: &Merged, layers: &[Layer]) {
    if merged.from.is_empty() {
        println!("  nothing; it goes by its own kiosk.toml");
    }
    for (name, value) in merged.settings.fields() {
        let from = merged.from.get(&name).and_then(|&at| layers.get(at)).map(place).unwrap_or_default();
        println!("  {name} = {}  (from {})", short(&name, &value, &merged.settings), shown(&from));
    }
}

/// A value on one line; of a survey what it is called.
fn short(name: &str, value: &Value, settings: &Settings) -> String {
    match settings.read_survey() {
        Ok(Some(survey)) if name == "survey" => format!("{} version {}", survey.id, survey.version),
        _ => value.to_string(),
    }
}

fn state(found: &DeviceSettings) -> String {
    let Some(said) = &found.said else {
        return "It has not said yet what it runs; a kiosk program that is too old never does.".into();
    };
    if let Some(refused) = &said.refused {
        return format!("It did not take that: {}", shown(&refused.reason));
    }
    let wanted = version(&found.now.settings);
    if said.held.runs == wanted {
        format!("It runs that ({}).", name(wanted))
    } else if said.held.kept == wanted {
        "It has taken that, and goes by it as soon as nobody is answering.".into()
    } else {
        format!("It runs {}, and gets that with its next heartbeat.", name(said.held.runs))
    }
}

fn name(version: SettingsVersion) -> String {
    if version == NO_SETTINGS { "its own kiosk.toml alone".into() } else { format!("settings {version}") }
}

fn device_json(found: &DeviceSettings) -> Value {
    let merged = |merged: &Merged, layers: &[Layer]| {
        let from = merged.from.iter().map(|(name, &at)| (name.clone(), layers.get(at).map(place)));
        json!({
            "version": version(&merged.settings),
            "settings": merged.settings,
            "from": from.collect::<std::collections::BTreeMap<_, _>>(),
        })
    };
    let said = found
        .said
        .as_ref()
        .map(|said| json!({ "kept": said.held.kept, "runs": said.held.runs, "refused": said.refused }));
    json!({
        "device": found.device,
        "name": found.name,
        "layers_version": found.version,
        "now": merged(&found.now, &found.layers),
        "next": merged(&found.next, &found.next_layers),
        "said": said,
    })
}
