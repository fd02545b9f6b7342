//! What can be done about a case, and the words that are chosen from: categories, root causes, actions.
//!
//! A word of a later program reads as "other", and costs nobody the record it stands in: bytes are kept as they came.

use serde::{Deserialize, Serialize};

use super::event::EventId;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The case is opened.
    Opened {
        /// Why, at least one reason.
        reasons: Vec<Reason>,
        /// What it is about.
        category: Category,
        /// How much it hurries.
        tier: Tier,
        /// What an alert says; never a shopper's words, which stay in their response alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// Somebody has seen it and will see to it.
    Acknowledged,
    /// Something was done.
    Acted {
        /// What it came from.
        root_cause: RootCause,
        /// What was done.
        action: Action,
        /// More about either, in words; there are some where either is "other".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// What was done holds. The case is closed.
    Verified {
        /// The acts that it stands on: when all of them are taken back, so is this.
        of: Vec<EventId>,
        /// How that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// It does not hold after all.
    Reopened {
        /// The acts and verifications that count no longer: all that whoever reopened it had seen.
        cancels: Vec<EventId>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// Something to be known.
    Noted {
        /// What.
        words: String,
    },
}

/// Why a case was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A low rating, and words with it.
    LowScoreWithComment,
    /// The shopper wants a reply.
    ContactWanted,
    /// An alert was raised.
    Alert,
    /// One that this program does not know yet.
    #[serde(other)]
    Another,
}

/// How much it hurries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Something is wrong now, and every shopper meets it: alerts.
    Critical,
    /// Everything else.
    #[serde(other)]
    Normal,
}

/// What a case is about. The names are those of the icons that stand beside a survey's reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Cleanliness.
    Clean,
    /// Something was not there.
    Availability,
    /// Waiting.
    Waiting,
    /// Tills and paying.
    Checkout,
    /// Staff.
    Staff,
    /// Finding things.
    Finding,
    /// Prices.
    Price,
    /// Anything else.
    #[serde(other)]
    Other,
}

/// What a complaint came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootCause {
    /// Too few people, or at the wrong time.
    Staffing,
    /// Somebody had not been shown how.
    Training,
    /// The way it is done.
    Process,
    /// Goods did not come, or not in time.
    Supply,
    /// Something was broken or missing.
    Equipment,
    /// Signs, labels or words misled.
    Information,
    /// Nothing that the store can change.
    Outside,
    /// Anything else, in words.
    #[serde(other)]
    Other,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It was put right.
    PutRight,
    /// The way it is done was changed.
    ChangedProcess,
    /// Somebody was shown how.
    Trained,
    /// People were planned otherwise.
    ChangedStaffing,
    /// Something was ordered or repaired.
    OrderedOrRepaired,
    /// The shopper was replied to.
    Replied,
    /// It was handed to those who can.
    PassedOn,
    /// Anything else, in words.
    #[serde(other)]
    Other,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 8] = [
        Self::Clean,
        Self::Availability,
        Self::Waiting,
        Self::Checkout,
        Self::Staff,
        Self::Finding,
        Self::Price,
        Self::Other,
    ];

    /// What an option of a survey is about, by its id: those of the shipped surveys, and whatever is named as a category
    /// is. A store's own word is "other".
    #[must_use]
    pub fn of_option(id: &str) -> Self {
        match id {
            "clean" | "cleanliness" | "floor" | "toilet" | "smell" => Self::Clean,
            "availability" | "stock" | "paper" | "soap" | "size" => Self::Availability,
            "waiting" | "queue" => Self::Waiting,
            "checkout" | "payment" | "scanning" => Self::Checkout,
            "staff" | "help" | "advice" => Self::Staff,
            "finding" | "place" => Self::Finding,
            "price" | "refund" => Self::Price,
            _ => Self::Other,
        }
    }

    /// As it is written in a record and in a configuration.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Availability => "availability",
            Self::Waiting => "waiting",
            Self::Checkout => "checkout",
            Self::Staff => "staff",
            Self::Finding => "finding",
            Self::Price => "price",
            Self::Other => "other",
        }
    }
}

impl RootCause {
    /// Every root cause, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Staffing,
        Self::Training,
        Self::Process,
        Self::Supply,
        Self::Equipment,
        Self::Information,
        Self::Outside,
        Self::Other,
    ];

    /// As it is written in a record.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Staffing => "staffing",
            Self::Training => "training",
            Self::Process => "process",
            Self::Supply => "supply",
            Self::Equipment => "equipment",
            Self::Information => "information",
            Self::Outside => "outside",
            Self::Other => "other",
        }
    }
}

impl Action {
    /// Every action, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::PutRight,
        Self::ChangedProcess,
        Self::Trained,
        Self::ChangedStaffing,
        Self::OrderedOrRepaired,
        Self::Replied,
        Self::PassedOn,
        Self::Other,
    ];

    /// As it is written in a record.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::PutRight => "put_right",
            Self::ChangedProcess => "changed_process",
            Self::Trained => "trained",
            Self::ChangedStaffing => "changed_staffing",
            Self::OrderedOrRepaired => "ordered_or_repaired",
            Self::Replied => "replied",
            Self::PassedOn => "passed_on",
            Self::Other => "other",
        }
    }
}

impl Step {
    /// One word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Acknowledged => "acknowledged",
            Self::Acted { .. } => "acted",
            Self::Verified { .. } => "verified",
            Self::Reopened { .. } => "reopened",
            Self::Noted { .. } => "noted",
        }
    }

    /// What somebody wrote in it.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Acknowledged => None,
            Self::Noted { words } => Some(words),
            Self::Opened { words, .. }
            | Self::Acted { words, .. }
            | Self::Verified { words, .. }
            | Self::Reopened { words, .. } => words.as_deref(),
        }
    }
}
