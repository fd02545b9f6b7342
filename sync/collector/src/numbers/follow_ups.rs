//! Follow-ups in figures: how many wait for what, and which share was acknowledged in time.
//!
//! Where a case stands is reckoned from its steps, and a list reads all that were ever sent; so a server keeps what it reckoned for a moment,
//! and the figures are of at most so long ago. A case belongs to the store in which its kiosk stands now.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::case::{Slas, Stage, acknowledged, due};
use afterword_model::metrics::{ANSWERS_MIN, Share, wilson_95};
use afterword_model::record::DeviceId;
use afterword_model::response::{ClockQuality, Stamp};

use super::Scope;
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::{cases, fleet};

/// How many cases of one stage there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    pub(crate) open: u64,
    /// Of these, with less than a quarter of their time left.
    pub(crate) soon: u64,
    /// Of these, late.
    pub(crate) late: u64,
}

/// The follow-ups of one store.
#[derive(Debug, Default)]
struct OfStore {
    /// To acknowledge, to act on, to verify.
    waiting: [Waiting; 3],
    /// By the day of opening: acknowledged in time, and all of which that can be told.
    acknowledged: BTreeMap<i64, (u64, u64)>,
}

/// All of them, by store.
#[derive(Debug, Default)]
pub(crate) struct FollowUps(BTreeMap<Option<String>, OfStore>);

impl FollowUps {
    /// As they stand at that moment, in milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn reckon(reader: &Connection, wall_ms: i64) -> SqlResult<Self> {
        let now = Stamp { wall_ms, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
        let (known, slas) = (cases::all(reader)?, Slas::default());
        let devices: BTreeSet<DeviceId> = known.iter().map(|known| known.device).collect();
        let stores = fleet::stores_of(reader, devices)?;
        let mut all = Self::default();
        for known in known {
            let status = known.case.status();
            if status.category.is_none() {
                continue;
            }
            let of_store = all.0.entry(stores.get(&known.device).cloned()).or_default();
            if let Some(found) = acknowledged(&known.case, &slas, &now) {
                let day = of_store.acknowledged.entry(found.opened_day).or_default();
                *day = (day.0 + u64::from(found.in_time), day.1 + 1);
            }
            let stage = match status.stage {
                Stage::Opened => 0,
                Stage::Acknowledged => 1,
                Stage::Acted => 2,
                Stage::Verified => continue,
            };
            let waiting = &mut of_store.waiting[stage];
            waiting.open += 1;
            // What waits to be verified is not late: it cannot be told before.
            if let Some(due) = due(&status, &slas, &now).filter(|due| due.next != Stage::Verified) {
                waiting.late += u64::from(due.is_over());
                waiting.soon += u64::from(!due.is_over() && due.left_ms() < due.within_ms / 4);
            }
        }
        Ok(all)
    }

    /// To acknowledge, to act on, to verify, in the stores that this holds for.
    pub(crate) fn waiting(&self, is_seen: impl Fn(Option<&str>) -> bool) -> [Waiting; 3] {
        let mut total = [Waiting::default(); 3];
        for (_, of_store) in self.0.iter().filter(|(store, _)| is_seen(store.as_deref())) {
            for (sum, one) in total.iter_mut().zip(&of_store.waiting) {
                let Waiting { open, soon, late } = *one;
                *sum = Waiting { open: sum.open + open, soon: sum.soon + soon, late: sum.late + late };
            }
        }
        total
    }

    /// Of the cases that were opened in these days and stores, and of which it can be told, the share that was acknowledged in time.
    pub(super) fn acknowledged(&self, scope: &Scope) -> Option<Share> {
        let is_wanted = |store: &Option<String>| {
            let name = store.as_deref().unwrap_or_default();
            scope.stores.as_ref().is_none_or(|stores| stores.iter().any(|store| store == name))
        };
        let stores = self.0.iter().filter(|(store, _)| is_wanted(store));
        let days = stores.flat_map(|(_, of)| of.acknowledged.range(scope.first_day..=scope.last_day));
        let (hits, of) = days.fold((0, 0), |sum, (_, day)| (sum.0 + day.0, sum.1 + day.1));
        (of >= ANSWERS_MIN).then(|| wilson_95(hits, of))
    }
}
