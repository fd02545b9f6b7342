//! What is still to be done about unhappy shoppers, as staff see it.

use super::staff::Bar;

/// The follow-ups that are open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FollowUps {
    /// What stands at the top.
    pub bar: Bar,
    /// Whether they have been read; else the page says that they are on their way.
    pub is_read: bool,
    /// Whether they could not be read.
    pub failed: bool,
    /// Whether the last step could not be kept.
    pub step_failed: bool,
    /// Minutes within which one is acknowledged, as a rule.
    pub acknowledge_min: u32,
    /// Minutes within which something is done, as a rule.
    pub act_min: u32,
    /// How many are open.
    pub open: u64,
    /// How many of them are late.
    pub overdue: u64,
    /// How many were verified since the month began.
    pub verified: u64,
    /// Those that hurry most, in that order.
    pub items: Vec<FollowUp>,
    /// Which part of them is shown, from 0; the last one where there are fewer.
    pub leaf: usize,
}

/// How far a follow-up has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Nobody has seen it.
    #[default]
    Opened,
    /// Somebody has.
    Acknowledged,
    /// Something was done.
    Acted,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FollowUp {
    /// The shopper's face, 1 to 5; none on another scale, or where no shopper opened it.
    pub face: Option<u8>,
    /// The icon of what it is about.
    pub icon: String,
    /// What it is about, in the survey's words; where it is empty, the page says what the icon stands for.
    pub topic: String,
    /// How long it has been open.
    pub since: Since,
    /// Whether the shopper wants a reply.
    pub wants_reply: bool,
    /// What the shopper wrote; or what an alert says that this program cannot read.
    pub words: String,
    /// What an alert says.
    pub alert: Option<Alert>,
    /// Whether an alert opened it.
    pub is_alert: bool,
    /// How far it has come.
    pub stage: Stage,
    /// The clock that runs; none where the time is not known.
    pub clock: Option<Clock>,
}

/// What an alert says: so many ratings, and so many of them unhappy. The page makes a sentence of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// The unhappy ones.
    pub unhappy: u64,
    /// All of them, at least one.
    pub answers: u64,
    /// Of how long.
    pub over: Over,
}

/// How long an alert looked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// So many minutes.
    Minutes(u32),
    /// An hour by the clock, held against what is usual.
    Hour {
        /// The usual share of unhappy ones, in thousandths.
        usual_permille: u32,
    },
}

/// How long something has been there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// So many minutes.
    Minutes(u32),
    /// Since a day, to be read.
    Day(String),
}

impl Default for Since {
    fn default() -> Self {
        Self::Minutes(0)
    }
}

/// How much time is left for the next step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clock {
    /// The share of the time that has passed, 0 to 1 and more.
    pub share: f32,
    /// Minutes that are left.
    pub left_min: u32,
    /// Minutes that it is late; 0 while it is not.
    pub over_min: u32,
    /// The day from which on it can be verified, to be read; none where it can be now, or something else comes first.
    pub verify_from: Option<String>,
}

/// What was done about one of them: two questions, a few answers each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Act {
    /// What stands at the top.
    pub bar: Bar,
    /// As in [`FollowUp::icon`].
    pub icon: String,
    /// As in [`FollowUp::topic`].
    pub topic: String,
    /// As in [`FollowUp::words`].
    pub words: String,
    /// As in [`FollowUp::is_alert`].
    pub is_alert: bool,
    /// As in [`FollowUp::alert`].
    pub alert: Option<Alert>,
    /// The place of the cause that was chosen, see [`CAUSES`].
    pub cause: Option<usize>,
    /// The place of the action that was chosen, see [`ACTIONS`].
    pub action: Option<usize>,
}

/// The causes that are offered: too few people, nobody had shown how, the way it is done, goods did not come, something was
/// broken, signs or labels misled, nothing the store can change.
pub const CAUSES: usize = 7;

/// The actions that are offered: put right, done another way, showed how, planned people otherwise, ordered or repaired, replied
/// to the shopper, passed on.
pub const ACTIONS: usize = 7;
