//! Whether a roll-out stops because fewer visits are completed where its version went.
//!
//! Of the visits that were begun, the share that was completed is held against two others: that of the kiosks that the version has not
//! reached, since the roll-out began, and that of the same kiosks in the four weeks before. It has fallen where it is lower than both by
//! [`FALL_MIN`], and each difference is one that chance alone makes in less than one of ten thousand cases ([`P_MAX`]; the
//! score test of two shares, Fisher's exact test for small counts: [`p_of_two_shares`]). Against the others alone a kiosk at a
//! hurried door would always be unwell; against its own past alone a hurried season would be the version's fault.
//!
//! It is conservative, because it is looked at again and again and visits of one kiosk are more alike than chance has them: with
//! fewer than [`VISITS_MIN`] visits on any side nothing is said. So it says nothing of a roll-out to everybody at once, or of a fleet of a handful of quiet kiosks, and nothing of how many begin: a shop that is shut looks like
//! one where nobody taps.

use std::collections::BTreeMap;

use afterword_model::metrics::share::p_of_two_shares;
use afterword_model::record::DeviceId;
use afterword_model::tally::Tally;

use super::super::sql::{Connection, HexColumn, SqlError, SqlResult, values};
use super::Rollout;

/// By so much of all visits the share of those completed is lower, at least.
const FALL_MIN: f64 = 0.1;

/// How often, at most, chance alone would make such a difference.
const P_MAX: f64 = 1e-4;

/// So many visits are needed on each side.
const VISITS_MIN: u64 = 100;

/// Days that kiosks are held against from before the roll-out: whole weeks, since weekends are others.
const DAYS_BEFORE: i64 = 28;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Visits, and how many of them were completed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Visits {
    pub(crate) completed: u64,
    pub(crate) begun: u64,
}

impl Visits {
    fn share(self) -> f64 {
        if self.begun == 0 { 0.0 } else { self.completed as f64 / self.begun as f64 }
    }

    /// Whether this share is lower than that one by more than it takes.
    fn has_fallen_below(self, other: Self) -> bool {
        self.begun >= VISITS_MIN
            && other.begun >= VISITS_MIN
            && other.share() - self.share() >= FALL_MIN
            && p_of_two_shares((self.completed, self.begun), (other.completed, other.begun)) < P_MAX
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// At the kiosks that run the version, of each since the day after it was to have it: what an earlier stage showed stays.
    pub(crate) with_it: Visits,
    /// At the others, and at those before they were to have it, since the day after the roll-out began.
    pub(crate) without_it: Visits,
    /// At the kiosks that run the version, in the four weeks before the roll-out.
    pub(crate) before: Visits,
}

impl Compared {
    /// Why the roll-out is to stop, where it is.
    pub(crate) fn fall(&self, rollout: &Rollout) -> Option<String> {
        let Self { with_it, without_it, before } = *self;
        let has_fallen = with_it.has_fallen_below(without_it) && with_it.has_fallen_below(before);
        has_fallen.then(|| {
            let percent = |visits: Visits| format!("{:.0} %", 100.0 * visits.share());
            format!(
                "of {} visits at kiosks that run version {}, {} were completed, against {} at kiosks without it since the roll-out began and {} at the same kiosks in the four weeks before",
                with_it.begun,
                rollout.target,
                percent(with_it),
                percent(without_it),
                percent(before)
            )
        })
    }
}

fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// Counts what is compared, from what is counted of each kiosk's days. Flagged visits are left out. Days are local ones, told by UTC here: around
/// midnight some hours are of the other side, which makes a difference smaller and none larger.
pub(crate) fn compare(connection: &Connection, rollout: &Rollout) -> SqlResult<Compared> {
    let mut reached: BTreeMap<DeviceId, Option<i64>> = BTreeMap::new();
    connection.query_all(
        "select rollout_devices.device_id, said.wanted_ms, said.runs = said.wanted from rollout_devices
             left join device_settings said on said.device_id = rollout_devices.device_id
         where rollout_id = ?1 and stage <= ?2",
        values![rollout.id, rollout.stage],
        |row| {
            let since = row.get::<Option<i64>>(1)?.map(day_of);
            let runs = row.get::<Option<bool>>(2)?.unwrap_or(false);
            reached.insert(row.get::<HexColumn<16, _>>(0)?.0, since.filter(|_| runs));
            Ok(())
        },
    )?;
    let began = day_of(rollout.started_ms);
    let mut compared = Compared::default();
    if reached.values().all(Option::is_none) {
        return Ok(compared);
    }
    connection.each(
        "select device_id, day, counts from cells where flagged = 0 and day >= ?1",
        values![began - DAYS_BEFORE],
        |row| {
            let (device, day): (DeviceId, i64) = (row.get::<HexColumn<16, _>>(0)?.0, row.get(1)?);
            let visits = match reached.get(&device) {
                Some(Some(since)) if day > *since => &mut compared.with_it,
                Some(Some(_)) if day < began => &mut compared.before,
                // Who has it by now was one of the others before.
                Some(Some(since)) if day > began && day < *since => &mut compared.without_it,
                None if day > began => &mut compared.without_it,
                // Who is to have it and does not run it yet is on neither side.
                _ => return Ok(()),
            };
            let mut tally = Tally::default();
            // What a later program has counted is left out on every side.
            if tally.merge_packed(row.blob(2)?).is_ok() {
                visits.begun += tally.outcomes.total();
                visits.completed += tally.outcomes.completed;
            }
            Ok::<_, SqlError>(())
        },
    )?;
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::rollouts::RolloutState;

    fn rollout() -> Rollout {
        Rollout {
            id: 1,
            base: 1,
            target: 7,
            stage: 0,
            state: RolloutState::Running,
            healthy_for_ms: 0,
            started_ms: 0,
            stage_ms: 0,
            healthy_since_ms: None,
            reason: None,
            by_whom: None,
        }
    }

    fn fall(with_it: (u64, u64), without_it: (u64, u64), before: (u64, u64)) -> Option<String> {
        let visits = |(completed, begun)| Visits { completed, begun };
        let [with_it, without_it, before] = [with_it, without_it, before].map(visits);
        Compared { with_it, without_it, before }.fall(&rollout())
    }

    #[test]
    fn a_share_that_fell_below_the_others_and_its_own_past_is_told_in_numbers() {
        let told = fall((120, 200), (850, 1_000), (820, 1_000)).unwrap();
        assert_eq!(
            told,
            "of 200 visits at kiosks that run version 7, 60 % were completed, against 85 % at kiosks without it since the roll-out began and 82 % at the same kiosks in the four weeks before"
        );
    }

    #[test]
    fn what_is_the_places_or_the_seasons_or_chances_is_not_the_versions() {
        let cases = [
            ("a hurried door", (120, 200), (850, 1_000), (600, 1_000)),
            ("a hurried week", (120, 200), (600, 1_000), (820, 1_000)),
            ("few visits", (50, 99), (850, 1_000), (820, 1_000)),
            ("few others", (120, 200), (99, 99), (820, 1_000)),
            ("no past", (120, 200), (850, 1_000), (0, 0)),
            ("a small fall", (7_600, 10_000), (8_500, 10_000), (8_200, 10_000)),
            ("chance", (72, 100), (85, 100), (85, 100)),
            ("a rise", (190, 200), (850, 1_000), (820, 1_000)),
        ];
        for (what, with_it, without_it, before) in cases {
            assert_eq!(fall(with_it, without_it, before), None, "{what}");
        }
    }
}
