//! `afterword-collector case list|show|acknowledge|act|verify|reopen|note`.

use std::process::ExitCode;

use afterword_collector::{CaseRow, short_case_name};
use afterword_model::case::{Action, Held, RootCause, Wish};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};

use super::{Data, moment, print_json, shown};

const EXAMPLES: &str = "\
Examples:
  afterword-collector case list --data /var/lib/afterword
  afterword-collector case show 5f0c2a91/7 --data /var/lib/afterword
  afterword-collector case acknowledge 5f0c2a91/7 --by Ana --data /var/lib/afterword
  afterword-collector case act 5f0c2a91/7 --root-cause supply --action ordered_or_repaired \\
      --words \"Two deliveries a week from now on\" --data /var/lib/afterword
  afterword-collector case verify 5f0c2a91/7 --data /var/lib/afterword

A follow-up is opened on a kiosk: for a low rating with words, for whoever wants a reply, and for an alert. Steps that are taken
here go down with the kiosk's next heartbeat. What the store does at the same time is kept beside them: both acts stand, and
whoever reopens takes back what they had seen.

Exit codes: 0 done, 1 it was not (the reason is on standard error), 2 wrong use";

/// What can be done about follow-ups.
#[derive(Subcommand)]
pub(super) enum CaseCommand {
    /// List those that are open, what hurries most first.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    List(List),
    /// Show one with everything that was done.
    Show(Show),
    /// Say that somebody has seen it and will see to it.
    Acknowledge(Plain),
    /// Say what it came from and what was done.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Act(Act),
    /// Say that what was done holds; this closes it.
    Verify(Plain),
    /// Say that it does not hold after all.
    Reopen(Plain),
    /// Leave a word.
    Note(Plain),
}

#[derive(Args)]
pub(super) struct List {
    /// Those that are closed too.
    #[arg(long)]
    all: bool,
    /// Of this device alone, by its name.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Of the devices of this store alone.
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(super) struct Show {
    /// Its name, as `case list` shows it.
    #[arg(value_name = "CASE")]
    case: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(super) struct Plain {
    #[command(flatten)]
    about: About,
    /// More about it, at most 200 characters.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    words: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(super) struct Act {
    #[command(flatten)]
    about: About,
    /// What it came from.
    #[arg(long, value_name = "CAUSE", value_parser = PossibleValuesParser::new(RootCause::ALL.map(RootCause::id)))]
    root_cause: String,
    /// What was done.
    #[arg(long, value_name = "ACTION", value_parser = PossibleValuesParser::new(Action::ALL.map(Action::id)))]
    action: String,
    /// More about either, at most 200 characters; needed where one is `other`.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    words: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct About {
    /// Its name, as `case list` shows it.
    #[arg(value_name = "CASE")]
    case: String,
    /// Who you are, for those who read it.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Args)]
struct Output {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl CaseCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.output.print(&show.output.data.open()?.case(&show.case)?),
            Self::Acknowledge(plain) => {
                plain.about.take(&Wish::Acknowledge, &plain.output)?;
                // Words beside it are a note of their own.
                if plain.words.is_empty() {
                    return Ok(ExitCode::SUCCESS);
                }
                plain.about.take(&Wish::Note { words: plain.words }, &plain.output)
            }
            Self::Act(act) => act.run(),
            Self::Verify(plain) => plain.about.take(&Wish::Verify { words: plain.words }, &plain.output),
            Self::Reopen(plain) => plain.about.take(&Wish::Reopen { words: plain.words }, &plain.output),
            Self::Note(plain) => plain.about.take(&Wish::Note { words: plain.words }, &plain.output),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl About {
    fn take(&self, wish: &Wish, output: &Output) -> anyhow::Result<()> {
        output.print(&output.data.open()?.case_step(&self.case, wish, self.by.as_deref())?)
    }
}

impl Act {
    fn run(self) -> anyhow::Result<()> {
        let root_cause = RootCause::ALL.into_iter().find(|cause| cause.id() == self.root_cause);
        let action = Action::ALL.into_iter().find(|action| action.id() == self.action);
        let wish = Wish::Act {
            root_cause: root_cause.unwrap_or(RootCause::Other),
            action: action.unwrap_or(Action::Other),
            words: self.words,
        };
        self.about.take(&wish, &self.output)
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let mut rows = self.output.data.open()?.case_list(self.all)?;
        rows.retain(|row| {
            self.device.as_ref().is_none_or(|name| *name == row.device_name)
                && self.store.as_ref().is_none_or(|name| Some(name) == row.store.as_ref())
        });
        if self.output.json {
            return print_json(&rows);
        }
        if rows.is_empty() {
            println!("Nothing to follow up.");
            return Ok(());
        }
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["case", "device", "about", "said", "stands", "clock"]);
        for row in &rows {
            let status = &row.view.status;
            let category = status.category.map_or("not known yet", |category| category.id());
            table.add_row([
                short_case_name(row.view.id),
                shown(&row.device_name).to_string(),
                category.to_owned(),
                words(row),
                stage(row).to_owned(),
                clock(row),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Output {
    fn print(&self, row: &CaseRow) -> anyhow::Result<()> {
        if self.json {
            return print_json(row);
        }
        println!(
            "{}  {}  {}  {}",
            short_case_name(row.view.id),
            shown(&row.device_name),
            stage(row),
            clock(row)
        );
        println!("  {}", words(row));
        for held in &row.view.steps {
            println!("  {}", line(held));
        }
        Ok(())
    }
}

/// One step on a line.
fn line(held: &Held) -> String {
    use afterword_model::case::Step;
    let event = &held.event;
    let what = match &event.step {
        Step::Acted { root_cause, action, .. } => format!("acted: {} ({})", action.id(), root_cause.id()),
        step => step.name().to_owned(),
    };
    let role = serde_json::to_value(event.by.role).unwrap_or_default();
    let role = role.as_str().unwrap_or("another").replace('_', " ");
    let name = event.by.name.as_deref().map(|name| format!(", {}", shown(name))).unwrap_or_default();
    let words = event.step.words().map(|words| format!(": {}", shown(words))).unwrap_or_default();
    format!("{}  {what}{words}  ({role}{name})", moment(event.at.wall_ms))
}

/// What its shopper said, on a line.
fn words(row: &CaseRow) -> String {
    let Some(said) = &row.view.said else { return "no shopper's words are here".into() };
    let score = said.score.map(|(scale, value)| format!("{value} of {}", scale.range().end()));
    let words = said.words.as_deref().map(|words| format!("“{}”", shown(words)));
    let reply = said.contact_wanted.then(|| "wants a reply".to_owned());
    [score, words, reply].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn stage(row: &CaseRow) -> &'static str {
    use afterword_model::case::Stage;
    match row.view.status.stage {
        Stage::Opened => "opened",
        Stage::Acknowledged => "acknowledged",
        Stage::Acted => "acted",
        Stage::Verified => "verified",
    }
}

/// What is left, or how late it is, in hours.
fn clock(row: &CaseRow) -> String {
    use afterword_model::case::Stage;
    let Some(due) = &row.view.due else { return String::new() };
    let hours = |ms: u64| format!("{} h", ms / 3_600_000);
    match due.next {
        Stage::Verified if due.left_ms() == 0 => "can be verified".into(),
        Stage::Verified => format!("can be verified in {}", hours(due.left_ms())),
        _ if due.is_over() => format!("{} late", hours(due.over_ms())),
        _ => format!("{} left", hours(due.left_ms())),
    }
}
