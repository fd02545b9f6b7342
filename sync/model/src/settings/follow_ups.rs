//! How soon something is done about an answer, as `[follow_ups]` of a kiosk's file and of head office's settings say it.

use serde::{Deserialize, Serialize};

use super::is_default;

/// Nothing is followed up for longer than a year, in hours.
pub const FOLLOW_UP_HOURS_MAX: u64 = 365 * 24;

/// The table `[follow_ups]`. What a category leaves out is as for all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowUpSettings {
    /// Whether an answer opens one; those that are open stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Hours from the answer until somebody has seen it, 1 to [`FOLLOW_UP_HOURS_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge_h: Option<u64>,
    /// Hours from the answer until something is done, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act_h: Option<u64>,
    /// Hours from then until it can be told whether it holds, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_after_h: Option<u64>,
    /// Cleanliness.
    #[serde(skip_serializing_if = "is_default")]
    pub clean: FollowUpHours,
    /// Something was not there.
    #[serde(skip_serializing_if = "is_default")]
    pub availability: FollowUpHours,
    /// Waiting.
    #[serde(skip_serializing_if = "is_default")]
    pub waiting: FollowUpHours,
    /// Tills and paying.
    #[serde(skip_serializing_if = "is_default")]
    pub checkout: FollowUpHours,
    /// Staff.
    #[serde(skip_serializing_if = "is_default")]
    pub staff: FollowUpHours,
    /// Finding things.
    #[serde(skip_serializing_if = "is_default")]
    pub finding: FollowUpHours,
    /// Prices.
    #[serde(skip_serializing_if = "is_default")]
    pub price: FollowUpHours,
    /// Anything else.
    #[serde(skip_serializing_if = "is_default")]
    pub other: FollowUpHours,
    /// What an alert opens.
    #[serde(skip_serializing_if = "is_default")]
    pub alert: FollowUpHours,
}

/// A category's own times, in hours, each 1 to [`FOLLOW_UP_HOURS_MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowUpHours {
    /// Until somebody has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge_h: Option<u64>,
    /// Until something is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act_h: Option<u64>,
    /// From then until it can be told whether it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_after_h: Option<u64>,
}

impl FollowUpSettings {
    /// The times of all categories that have none of their own.
    #[must_use]
    pub fn usual(&self) -> FollowUpHours {
        let Self { acknowledge_h, act_h, verify_after_h, .. } = *self;
        FollowUpHours { acknowledge_h, act_h, verify_after_h }
    }

    /// The times that each category has of its own, by the name of its table, in the order of [`crate::case::Category::ALL`]; that of alerts comes
    /// last.
    #[must_use]
    pub fn own(&self) -> [(&'static str, FollowUpHours); 9] {
        [
            ("clean", self.clean),
            ("availability", self.availability),
            ("waiting", self.waiting),
            ("checkout", self.checkout),
            ("staff", self.staff),
            ("finding", self.finding),
            ("price", self.price),
            ("other", self.other),
            ("alert", self.alert),
        ]
    }

    /// What is wrong in it, by the name of the field within the table, as in `clean.act_h`.
    #[must_use]
    pub fn mistake(&self) -> Option<(String, String)> {
        let own = self.own();
        let all = own.iter().map(|(table, hours)| (format!("{table}."), *hours));
        std::iter::once((String::new(), self.usual())).chain(all).find_map(|(table, hours)| {
            let fields = [
                ("acknowledge_h", hours.acknowledge_h),
                ("act_h", hours.act_h),
                ("verify_after_h", hours.verify_after_h),
            ];
            fields.into_iter().find_map(|(field, hours)| {
                let hours = hours.filter(|hours| !(1..=FOLLOW_UP_HOURS_MAX).contains(hours))?;
                let what =
                    format!("it is a number of hours from 1 to {FOLLOW_UP_HOURS_MAX}, and this is {hours}");
                Some((format!("{table}{field}"), what))
            })
        })
    }
}
