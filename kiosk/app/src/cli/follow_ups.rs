//! `afterword-kiosk follow-ups`: what has to be done for shoppers who were not content.

use afterword_model::case::{CaseView, Due, Overview, Stage};
use afterword_model::ports::Clock;
use afterword_model::response::Stamp;
use afterword_protocol::system::SystemClock;
use anyhow::Result;
use clap::Args;

use super::{Places, source};
use crate::alerts;
use crate::config::Config;
use crate::stamp::{is_synchronised, quality};

/// List the follow-ups that are open, what hurries most first.
#[derive(Debug, Args)]
#[command(
    after_help = "A follow-up is opened by a low rating with words, by whoever wants a reply, and by an alert. It is acknowledged, acted on, and verified; the store does so behind the PIN, head office with `afterword-collector case`. How soon each is due stands under follow_ups in the configuration.\n\n  afterword-kiosk follow-ups           for people\n  afterword-kiosk follow-ups --json    for a program\n\nExit codes: 0 printed, 1 failed, 2 wrong use."
)]
pub(super) struct FollowUpsCommand {
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    places: Places,
}

impl FollowUpsCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let wall_ms = SystemClock::start().wall_ms();
        let clock = quality(wall_ms, is_synchronised());
        // Of the kiosk's boots this program is none.
        let now = Stamp { wall_ms, offset_min: 0, boot: 0, mono_ms: 0, clock };
        let ask = config.follow_ups.ask(now, config.time_zone);
        let overview = source::read(
            &self.places,
            &config,
            |store| Ok(store.cases(&ask)?),
            |kiosk| kiosk.follow_ups(&ask),
        )?;
        if self.json {
            println!("{}", serde_json::to_string(&overview)?);
        } else {
            print!("{}", page(&overview));
        }
        Ok(())
    }
}

fn page(overview: &Overview) -> String {
    let Overview { open, overdue, verified, cases } = overview;
    let mut page = format!("{open} open, {overdue} overdue, {verified} verified this month\n");
    for case in cases {
        page.push_str(&line(case));
    }
    let more = open.saturating_sub(cases.len() as u64);
    if more > 0 {
        page.push_str(&format!("and {more} more\n"));
    }
    page
}

fn line(case: &CaseView) -> String {
    let category = case.status.category.map_or("", |category| category.id());
    let said = case.said.as_ref();
    let score = said.and_then(|said| said.score);
    let score = score.map(|(scale, value)| format!("  {value} of {}", scale.range().end()));
    let alert = || case.steps.first().and_then(|held| held.event.step.words()).map(alerts::said::sentence);
    let words = said.and_then(|said| said.words.clone()).or_else(alert);
    // What was typed may hold anything, and a terminal is shown none of it that it would obey.
    let words = words.map(|words| format!("  \"{}\"", words.escape_debug()));
    let reply = said.is_some_and(|said| said.contact_wanted).then_some("  wants a reply");
    format!(
        "{:<13}{:<14}{}{}{}{}\n",
        stage(case.status.stage),
        category,
        case.due.map_or_else(|| "no clock".to_owned(), clock),
        score.unwrap_or_default(),
        words.unwrap_or_default(),
        reply.unwrap_or_default()
    )
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Opened => "opened",
        Stage::Acknowledged => "acknowledged",
        Stage::Acted => "acted",
        Stage::Verified => "verified",
    }
}

fn clock(due: Due) -> String {
    let hours = |ms: u64| format!("{} h {:02} min", ms / 3_600_000, ms / 60_000 % 60);
    let to = if due.next == Stage::Acknowledged { "acknowledge" } else { "act" };
    match due.next {
        Stage::Verified if due.left_ms() == 0 => "can be verified".into(),
        Stage::Verified => format!("can be verified in {}", hours(due.left_ms())),
        _ if due.is_over() => format!("{} late to {to}", hours(due.over_ms())),
        _ => format!("{} left to {to}", hours(due.left_ms())),
    }
}
