//! Where a case stands, from its steps alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::event::EventId;
use super::step::{Category, Reason, Step, Tier};
use super::steps::Held;
use crate::response::Stamp;

/// How far a case has come. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has seen it.
    Opened,
    /// Somebody has.
    Acknowledged,
    /// Something was done.
    Acted,
    /// It holds, and the case is closed.
    Verified,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How far it has come.
    pub stage: Stage,
    /// What it is about; none where the step that opened it is not here yet.
    pub category: Option<Category>,
    /// How much it hurries.
    pub tier: Tier,
    /// Why it was opened.
    pub reasons: Vec<Reason>,
    /// When its clock began: at the opening, or at the last reopening.
    pub clock_from: Option<Stamp>,
    /// When something was last done, of what counts.
    pub acted_at: Option<Stamp>,
    /// When it was last verified, of what counts.
    pub verified_at: Option<Stamp>,
    /// The acts that count.
    pub acts: Vec<EventId>,
    /// The verifications that count.
    pub verifications: Vec<EventId>,
}

impl Status {
    /// Of these steps.
    pub(super) fn of(steps: &BTreeSet<Held>) -> Self {
        let taken_back: BTreeSet<EventId> = steps
            .iter()
            .filter_map(|held| match &held.event.step {
                Step::Reopened { cancels, .. } => Some(cancels),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        let counts = |id: &EventId| !taken_back.contains(id);
        let mut status = Self {
            stage: Stage::Opened,
            category: None,
            tier: Tier::Normal,
            reasons: Vec::new(),
            clock_from: None,
            acted_at: None,
            verified_at: None,
            acts: Vec::new(),
            verifications: Vec::new(),
        };
        let mut reopened_at = None;
        for Held { id, event } in steps {
            match &event.step {
                // Of two, which only twins write, the first by its id is as good as the other, and everybody's first.
                Step::Opened { reasons, category, tier, .. } if status.category.is_none() => {
                    status.category = Some(*category);
                    status.tier = *tier;
                    status.reasons.clone_from(reasons);
                    status.clock_from = Some(event.at);
                }
                Step::Opened { .. } | Step::Noted { .. } => {}
                Step::Acknowledged => status.reach(Stage::Acknowledged),
                // Whoever acted has seen it, even where that was taken back.
                Step::Acted { .. } if !counts(id) => status.reach(Stage::Acknowledged),
                Step::Acted { .. } => {
                    status.reach(Stage::Acted);
                    status.acts.push(*id);
                    status.acted_at = later(status.acted_at, event.at);
                }
                // A verification without an act it stands on is none, nor is one whose acts were all taken back.
                Step::Verified { of, .. } if counts(id) && of.iter().any(counts) => {
                    status.reach(Stage::Verified);
                    status.verifications.push(*id);
                    status.verified_at = later(status.verified_at, event.at);
                }
                Step::Verified { .. } => status.reach(Stage::Acknowledged),
                Step::Reopened { .. } => {
                    status.reach(Stage::Acknowledged);
                    reopened_at = later(reopened_at, event.at);
                }
            }
        }
        status.clock_from = reopened_at.or(status.clock_from);
        // Twins give one id to several steps; it is named once.
        status.acts.dedup();
        status.verifications.dedup();
        status
    }

    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Verified
    }

    fn reach(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
    }
}

/// The later of two moments by the clocks that were read; for people and for clocks that run, never for what counts.
fn later(known: Option<Stamp>, other: Stamp) -> Option<Stamp> {
    Some(known.map_or(other, |known| if other.wall_ms > known.wall_ms { other } else { known }))
}
