//! How settings and surveys go out: stage by stage, and what can be done about it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use crate::people::Role;
use crate::routes::App;
use crate::storage::rollouts::{self, EVERYONE, Rollout, RolloutState};
use crate::web::frame;
use crate::web::icon::Icon;
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

/// Pixels of a whole stage's bar.
const BAR: f64 = 214.0;
const NAMES: [&str; 4] = ["Canary", "Early", "Half", "Everyone"];

#[derive(Deserialize)]
pub(super) struct Wish {
    deed: String,
}

/// The section; nothing where nothing ever went out, or for who does not see the whole fleet.
pub(super) async fn section(app: &Arc<App>, visitor: &Visitor) -> Result<Markup, Mishap> {
    if !visitor.person.is_everywhere(Role::Viewer) {
        return Ok(html! {});
    }
    let found = app.read(|reader| {
        let Some(rollout) = rollouts::newest(reader)? else { return Ok(None) };
        let stages = rollouts::by_stage(reader, &rollout)?;
        Ok(Some((rollout, stages)))
    });
    Ok(match found.await? {
        Some((rollout, stages)) => render(visitor, &rollout, &stages, app.context.clock.wall_ms()),
        None => html! {},
    })
}

fn render(visitor: &Visitor, rollout: &Rollout, stages: &[(u64, u64); 4], now_ms: i64) -> Markup {
    html! {
        section aria-labelledby="rollout" {
            h2 #rollout {
                "Settings, version " (rollout.target)
                small { (state(rollout)) }
            }
            div.rollout {
                @for (stage, (name, (of, has))) in (0..).zip(NAMES.into_iter().zip(stages)) { (stage_part(rollout, stage, name, *of, *has, now_ms)) }
                @if visitor.person.is_everywhere(Role::Admin) { (deeds(visitor, rollout)) }
            }
        }
    }
}

fn state(rollout: &Rollout) -> String {
    let reason = rollout.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    match rollout.state {
        RolloutState::Running => {
            "goes out in stages, stops by itself when kiosks refuse it or fall silent, or fewer visits are completed there".into()
        }
        RolloutState::Paused => "is paused: who has it keeps it".into(),
        RolloutState::Stopped => format!("has stopped{reason}"),
        RolloutState::Done => "has reached everyone".into(),
        RolloutState::RolledBack => format!("was taken back: everybody gets version {} again", rollout.base),
    }
}

fn stage_part(rollout: &Rollout, stage: i64, name: &str, of: u64, has: u64, now_ms: i64) -> Markup {
    let is_over = stage < rollout.stage || rollout.state == RolloutState::Done;
    let is_now = stage == rollout.stage && !is_over;
    let share = if of == 0 { f64::from(u8::from(is_over)) } else { has as f64 / of as f64 };
    let hint = match rollout.healthy_since_ms.filter(|_| is_now) {
        Some(since_ms) => format!("all well for {}", words::span(now_ms.saturating_sub(since_ms))),
        None if is_now && stage < EVERYONE => {
            format!("next when all are well for {}", words::span(rollout.healthy_for_ms))
        }
        None => String::new(),
    };
    html! {
        div {
            svg.bar width=(BAR) height="12" aria-hidden="true" {
                rect width=(BAR) height="12" rx="4" fill="#D3D6CF" {}
                @if share > 0.0 { rect width=(format!("{:.0}", share * BAR)) height="12" rx="4" fill=(if is_over { "#0A6259" } else { "#114599" }) {} }
            }
            p { @if is_over { span.good { (Icon::Check.sized(18)) } " " } b { (name) } " " span.quiet { (words::count(has)) " of " (words::count(of)) } }
            p.hint { (hint) }
        }
    }
}

fn deeds(visitor: &Visitor, rollout: &Rollout) -> Markup {
    let offered: &[(&str, &str)] = match rollout.state {
        RolloutState::Running => &[("pause", "Pause"), ("rollback", "Roll back")],
        RolloutState::Paused | RolloutState::Stopped => &[("resume", "Go on"), ("rollback", "Roll back")],
        RolloutState::Done => &[("rollback", "Roll back")],
        RolloutState::RolledBack => &[],
    };
    html! {
        div.deeds {
            @for (deed, name) in offered {
                form method="post" action="/fleet/rollout" {
                    (frame::key(visitor))
                    input type="hidden" name="deed" value=(deed);
                    button type="submit" data-ask=[(*deed == "rollback").then_some("Give everybody the version before again?")] { (name) }
                }
            }
        }
    }
}

/// Does what was wished for.
pub(super) async fn turn(State(app): State<Arc<App>>, posted: Posted<Wish>) -> Result<Redirect, Mishap> {
    let Posted { visitor, form } = posted;
    visitor.expect_everywhere(Role::Admin)?;
    let done = app.desk.run(visitor.actor(), move |admin| {
        match form.deed.as_str() {
            "pause" => admin.rollout_pause(),
            "resume" => admin.rollout_resume(),
            _ => admin.rollout_rollback(),
        }
        .map(drop)
    });
    done.await?;
    Ok(Redirect::to("/fleet"))
}
