//! `afterword-collector settings rollout start|status|pause|resume|next|stop|rollback`.

use afterword_collector::{HEALTHY_HOURS_MAX, Rollout, RolloutState, RolloutStatus, Straggler};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Data, moment, print_json, shown};

const START_EXAMPLES: &str = "\
Examples:
  # To one of a hundred devices, then one of ten, half of them, and all, each after a day on which all of them were well.
  afterword-collector settings rollout start --data /var/lib/afterword

  # These first, and on after two hours.
  afterword-collector settings rollout start --canary HS-0147 --canary HS-0012 --healthy-for 2 --data /var/lib/afterword

  # A mistake that has to be off all screens now.
  afterword-collector settings rollout start --at-once --data /var/lib/afterword

Everything that was decided since the last roll-out goes out together. It stops by itself when more than one of two hundred
devices refuses it or falls silent for a day after it was sent, and when far fewer visits are completed where it is than elsewhere
and before; then `status` says which and why, and `rollback` gives
everybody the version before.

Exit codes: 0 begun, 1 it was not (the reason is on standard error), 2 wrong use";

/// What can be done with a roll-out.
#[derive(Subcommand)]
pub(super) enum RolloutCommand {
    /// Begin to send what is decided by now.
    #[command(after_help = START_EXAMPLES, after_long_help = START_EXAMPLES)]
    Start(Start),
    /// Show how the newest roll-out goes, and which devices are not well.
    Status(Turn),
    /// Give it to nobody else until it is resumed.
    Pause(Turn),
    /// Go on with one that was paused or has stopped.
    Resume(Turn),
    /// Begin the next stage now, whoever of this one is not well yet.
    Next(Turn),
    /// End it where it is; who has the version keeps it.
    Stop(Turn),
    /// Give everybody the version before again.
    Rollback(Turn),
}

#[derive(Args)]
pub(super) struct Start {
    /// A device that goes first, by its name or id; may be given several times.
    #[arg(long, value_name = "DEVICE")]
    canary: Vec<String>,
    /// Hours that all devices of a stage are to be well before the next one begins.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=i64::from(HEALTHY_HOURS_MAX)))]
    healthy_for: u32,
    /// Send it to all devices now, without stages.
    #[arg(long)]
    at_once: bool,
    /// Who begins it, for the history.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Turn {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl RolloutCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (status, is_json) = match self {
            Self::Start(start) => {
                let mut admin = start.data.open()?;
                let by = start.by.as_deref();
                (admin.rollout_start(&start.canary, start.healthy_for, start.at_once, by)?, start.json)
            }
            Self::Status(turn) => (turn.data.open()?.rollout_status()?, turn.json),
            Self::Pause(turn) => (turn.data.open()?.rollout_pause()?, turn.json),
            Self::Resume(turn) => (turn.data.open()?.rollout_resume()?, turn.json),
            Self::Next(turn) => (turn.data.open()?.rollout_next()?, turn.json),
            Self::Stop(turn) => (turn.data.open()?.rollout_stop()?, turn.json),
            Self::Rollback(turn) => (turn.data.open()?.rollout_rollback()?, turn.json),
        };
        if is_json {
            return print_json(&status_json(&status));
        }
        print(&status);
        Ok(())
    }
}

fn print(status: &RolloutStatus) {
    let RolloutStatus { rollout, health, stragglers } = status;
    println!("{}", line(rollout));
    if rollout.state == RolloutState::RolledBack {
        println!("Every device gets version {} again with its next heartbeat.", rollout.base);
        return;
    }
    println!(
        "Devices of the stages so far: {}; they run it: {}; refused it: {}; not heard for a day: {}.",
        health.devices, health.healthy, health.refused, health.silent
    );
    for Straggler { name, reason, heard_ms } in stragglers {
        let heard = heard_ms.map_or_else(|| "never heard".into(), |ms| format!("heard {}", moment(ms)));
        let what = reason
            .as_deref()
            .map_or_else(|| "does not run it yet".into(), |reason| shown(reason).to_string());
        println!("  {}: {what} ({heard})", shown(name));
    }
}

/// A roll-out in a line.
pub(super) fn line(rollout: &Rollout) -> String {
    let Rollout { id, base, target, started_ms, .. } = rollout;
    let reason = rollout.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let by = rollout.by_whom.as_deref().map(|by| format!(", by {}", shown(by))).unwrap_or_default();
    let state = rollout.state.name().replace('_', " ");
    format!(
        "Roll-out {id} of version {target} (before: {base}), begun {}{by}: {state} at stage {}{reason}",
        moment(*started_ms),
        rollout.stage_name()
    )
}

/// The same for programs.
pub(super) fn row_json(rollout: &Rollout) -> Value {
    json!({
        "id": rollout.id,
        "base": rollout.base,
        "target": rollout.target,
        "stage": rollout.stage_name(),
        "state": rollout.state.name(),
        "healthy_for_ms": rollout.healthy_for_ms,
        "started_ms": rollout.started_ms,
        "stage_ms": rollout.stage_ms,
        "healthy_since_ms": rollout.healthy_since_ms,
        "reason": rollout.reason,
        "by": rollout.by_whom,
    })
}

fn status_json(status: &RolloutStatus) -> Value {
    let stragglers = status.stragglers.iter();
    let stragglers =
        stragglers.map(|one| json!({ "name": one.name, "reason": one.reason, "heard_ms": one.heard_ms }));
    json!({
        "rollout": row_json(&status.rollout),
        "devices": status.health.devices,
        "healthy": status.health.healthy,
        "refused": status.health.refused,
        "silent": status.health.silent,
        "not_healthy": stragglers.collect::<Vec<_>>(),
    })
}
