//! How a version of the settings goes out: in stages, each to more devices, and no further when devices do not take it.
//!
//! A roll-out counts only devices for which its version changes anything. They are put in order by a hash of their ids, so that
//! a stage is a sample of the whole fleet and not one shop, and the same devices go first each time. A device that comes later, or
//! is changed by a move, gets the version with the last stage.
//!
//! Whether a stage is well is looked at when heartbeats come, every ten seconds at most, by whichever collector hears one first:
//! the row of the roll-out is claimed by writing when it was looked at, so that of several collectors one goes on and the others
//! see that it was done. Where no device speaks, nothing goes on.
//!
//! Invariants: the newest roll-out says what holds; a stage never goes back; nobody is given the target of one that was rolled
//! back. A device that refuses the target stays with what it has.

pub(crate) mod answers;

use afterword_model::record::DeviceId;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::outbox;
use super::sql::{Connection, HexColumn, Row, SqlError, SqlResult, values};
use crate::webhooks::event::{Event, EventType};

/// How many stages there are: a few, some, half, and everyone.
pub(crate) const STAGES: [&str; 4] = ["canary", "early", "half", "everyone"];

/// The last of them.
pub(crate) const EVERYONE: i64 = 3;

/// So many of a thousand devices have the version in each stage, and one at least in the first.
const PERMILLE: [usize; 4] = [10, 100, 500, 1_000];

/// More failures than one of so many devices stop a roll-out: half a percent. Among fewer than two hundred a single one does.
const FAILURES_ONE_OF: i64 = 200;

/// A device that was given the version and has not been heard for so long, in milliseconds, has failed: a night and a day, so that a
/// shop that switches its kiosk off has not. Whether it had taken the version does not matter: a kiosk may fall over it later.
const SILENT_MS: i64 = 26 * 60 * 60 * 1_000;

/// How often a roll-out is looked at, in milliseconds.
const LOOK_EVERY_MS: i64 = 10_000;

/// Where a roll-out stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    /// It goes on by itself.
    Running,
    /// Somebody has halted it.
    Paused,
    /// It has halted itself, because devices failed, or somebody has ended it.
    Stopped,
    /// Everybody has it.
    Done,
    /// Everybody has the version before again.
    RolledBack,
}

impl RolloutState {
    /// As it stands in the database and in what programs read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::RolledBack => "rolled_back",
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "running" => Self::Running,
            "paused" => Self::Paused,
            "done" => Self::Done,
            "rolled_back" => Self::RolledBack,
            _ => Self::Stopped,
        }
    }
}

/// A roll-out. Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Its number.
    pub id: i64,
    /// The version that it goes out from.
    pub base: i64,
    /// The version that goes out.
    pub target: i64,
    /// 0 to 3.
    pub stage: i64,
    /// Where it stands.
    pub state: RolloutState,
    /// How long all devices of a stage are to be well before the next one begins, in milliseconds.
    pub healthy_for_ms: i64,
    /// When it began.
    pub started_ms: i64,
    /// When this stage did.
    pub stage_ms: i64,
    /// Since when all devices of the stage are well, where they are.
    pub healthy_since_ms: Option<i64>,
    /// Why it stands where it does, where that has to be said.
    pub reason: Option<String>,
    /// Who began it, as they said.
    pub by_whom: Option<String>,
}

impl Rollout {
    /// The name of the stage.
    #[must_use]
    pub fn stage_name(&self) -> &'static str {
        usize::try_from(self.stage).ok().and_then(|stage| STAGES.get(stage)).copied().unwrap_or("everyone")
    }

    /// What holds where nothing goes out any more: for devices that it does not change anything for, and for the next one.
    pub(crate) fn settled(&self) -> i64 {
        if self.state == RolloutState::RolledBack || self.stage < EVERYONE { self.base } else { self.target }
    }
}

/// How the devices of the stages up to now are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageHealth {
    /// All that may be in use.
    pub devices: i64,
    /// Those that run what they are to run, and have said so since the stage began.
    pub healthy: i64,
    /// Those that refused it.
    pub refused: i64,
    /// Those that were given it and have not been heard for more than a day, whether they had taken it or not.
    pub silent: i64,
}

/// A device of a roll-out that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Straggler {
    /// What people call it.
    pub name: String,
    /// Why it did not take the version, where it said so.
    pub reason: Option<String>,
    /// When it was heard last.
    pub heard_ms: Option<i64>,
}

const COLUMNS: &str = "select rollout_id, base, target, stage, state, healthy_for_ms, started_ms, stage_ms,
     healthy_since_ms, reason, by_whom from rollouts order by rollout_id desc limit 1";

const ALL: &str = "select rollout_id, base, target, stage, state, healthy_for_ms, started_ms, stage_ms,
     healthy_since_ms, reason, by_whom from rollouts order by rollout_id desc";

/// The newest one.
pub(crate) fn newest(connection: &Connection) -> SqlResult<Option<Rollout>> {
    connection.query_opt(COLUMNS, &[], rollout)
}

/// Of each stage, how many devices it reaches that the stage before does not, and how many of these run what they are to run.
pub(crate) fn by_stage(connection: &Connection, rollout: &Rollout) -> SqlResult<[(u64, u64); 4]> {
    let mut stages = [(0, 0); 4];
    connection.each(
        "select stage, count(*), count(case when runs = wanted and stage <= ?2 then 1 end)
         from rollout_devices left join device_settings
             on device_settings.device_id = rollout_devices.device_id
         where rollout_id = ?1 group by stage",
        values![rollout.id, rollout.stage],
        |row| {
            let stage: i64 = row.get(0)?;
            if let Some(counts) = usize::try_from(stage).ok().and_then(|stage| stages.get_mut(stage)) {
                *counts = (row.get::<i64>(1)?.unsigned_abs(), row.get::<i64>(2)?.unsigned_abs());
            }
            Ok::<_, SqlError>(())
        },
    )?;
    Ok(stages)
}

/// All of them, the newest first.
pub(crate) fn all(connection: &Connection) -> SqlResult<Vec<Rollout>> {
    connection.query_all(ALL, &[], rollout)
}

fn rollout(row: &Row<'_>) -> SqlResult<Rollout> {
    Ok(Rollout {
        id: row.get(0)?,
        base: row.get(1)?,
        target: row.get(2)?,
        stage: row.get(3)?,
        state: RolloutState::of_name(&row.get::<String>(4)?),
        healthy_for_ms: row.get(5)?,
        started_ms: row.get(6)?,
        stage_ms: row.get(7)?,
        healthy_since_ms: row.get(8)?,
        reason: row.get(9)?,
        by_whom: row.get(10)?,
    })
}

/// The version of the layers that a device is to go by.
pub(crate) fn version_for(connection: &Connection, rollout: &Rollout, device: &DeviceId) -> SqlResult<i64> {
    if rollout.stage == EVERYONE || rollout.state == RolloutState::RolledBack {
        return Ok(rollout.settled());
    }
    let is_reached = connection.exists(
        "select 1 from rollout_devices where device_id = ?1 and rollout_id = ?2 and stage <= ?3",
        values![device.as_bytes(), rollout.id, rollout.stage],
    )?;
    Ok(if is_reached { rollout.target } else { rollout.base })
}

/// Begins one. Each device comes with the stage from which on it has the version.
pub(crate) fn start(
    connection: &Connection,
    (base, target): (i64, i64),
    devices: &[(DeviceId, i64)],
    (first_stage, healthy_for_ms): (i64, i64),
    by_whom: Option<&str>,
    now_ms: i64,
) -> SqlResult<i64> {
    let id: i64 = connection.query_one(
        "insert into rollouts (base, target, stage, state, healthy_for_ms, started_ms, stage_ms, looked_ms, by_whom)
         values (?1, ?2, ?3, 'running', ?4, ?5, ?5, ?5, ?6) returning rollout_id",
        values![base, target, first_stage, healthy_for_ms, now_ms, by_whom],
        |row| row.get(0),
    )?;
    for (device, stage) in devices {
        connection.execute(
            "insert into rollout_devices (device_id, rollout_id, stage) values (?1, ?2, ?3)",
            values![device.as_bytes(), id, *stage],
        )?;
    }
    tell(connection, EventType::RolloutStarted, now_ms)?;
    Ok(id)
}

/// A device that may deliver.
pub(crate) struct Enrolled {
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) store: Option<String>,
}

/// All devices that may deliver.
pub(crate) fn fleet(connection: &Connection) -> SqlResult<Vec<Enrolled>> {
    connection.query_all(
        "select device_id, name, store from devices
         where enrolled_ms is not null and revoked_ms is null and retired_ms is null",
        &[],
        |row| {
            Ok(Enrolled { device: row.get::<HexColumn<16, _>>(0)?.0, name: row.get(1)?, store: row.get(2)? })
        },
    )
}

/// Puts devices into stages: those named first, all others by a hash of their ids.
pub(crate) fn stages(mut devices: Vec<DeviceId>, first: &[DeviceId]) -> Vec<(DeviceId, i64)> {
    devices.sort_by_cached_key(|device| {
        let digest: [u8; 32] = Sha256::digest([b"afterword-rollout", &device.as_bytes()[..]].concat()).into();
        (!first.contains(device), digest)
    });
    let count = devices.len();
    let quota = |stage: usize| (count * PERMILLE[stage]).div_ceil(1_000).max(first.len()).max(1);
    let stage_of =
        |place: usize| (0..EVERYONE).find(|&stage| place < quota(usize::try_from(stage).unwrap_or(0)));
    let staged = devices.into_iter().enumerate();
    staged.map(|(place, device)| (device, stage_of(place).unwrap_or(EVERYONE))).collect()
}

/// Changes where a roll-out stands.
pub(crate) fn set_state(
    connection: &Connection,
    id: i64,
    state: RolloutState,
    reason: Option<&str>,
    now_ms: i64,
) -> SqlResult<()> {
    // Who goes on after a halt waits for all devices to be well again.
    connection.execute(
        "update rollouts set state = ?2, reason = ?3, healthy_since_ms = null, stage_ms = ?4 where rollout_id = ?1",
        values![id, state.name(), reason, now_ms],
    )?;
    let kind = match state {
        RolloutState::Running => EventType::RolloutResumed,
        RolloutState::Paused => EventType::RolloutPaused,
        RolloutState::Stopped => EventType::RolloutStopped,
        RolloutState::Done => EventType::RolloutDone,
        RolloutState::RolledBack => EventType::RolloutRolledBack,
    };
    tell(connection, kind, now_ms)
}

/// Tells other programs where the newest roll-out stands now.
fn tell(connection: &Connection, kind: EventType, now_ms: i64) -> SqlResult<()> {
    let Some(rollout) = newest(connection)? else { return Ok(()) };
    let data = json!({
        "id": rollout.id,
        "version": rollout.target,
        "stage": rollout.stage_name(),
        "state": rollout.state.name(),
        "reason": rollout.reason,
    });
    outbox::tell(connection, &Event::of(kind, None, data, now_ms))
}

/// Forgets what devices refused, and since when others are silent: somebody has seen to it, and it is to be told anew.
pub(crate) fn forgive(connection: &Connection, rollout: &Rollout, now_ms: i64) -> SqlResult<()> {
    let update =
        "update device_settings set refused = null, reason = null, wanted_ms = ?1 where wanted_ms >= ?2";
    connection.execute(update, values![now_ms, rollout.started_ms]).map(drop)
}

/// How the devices of the stages up to now are.
pub(crate) fn health(connection: &Connection, rollout: &Rollout, now_ms: i64) -> SqlResult<StageHealth> {
    connection.query_one(
        "select count(*),
             count(case when said.runs = said.wanted and heard.last_ms > ?3 then 1 end),
             count(case when said.refused = said.wanted then 1 end),
             count(case when said.wanted_ms between ?5 and ?4 and heard.last_ms < ?4 then 1 end)
         from rollout_devices
             join devices on devices.device_id = rollout_devices.device_id
             left join device_settings said on said.device_id = rollout_devices.device_id
             left join (select device_id, max(last_heard_ms) last_ms from heartbeats group by device_id) heard
                 on heard.device_id = rollout_devices.device_id
         where rollout_id = ?1 and stage <= ?2 and revoked_ms is null and retired_ms is null",
        values![
            rollout.id,
            rollout.stage,
            rollout.stage_ms,
            now_ms.saturating_sub(SILENT_MS),
            rollout.started_ms
        ],
        |row| {
            Ok(StageHealth {
                devices: row.get(0)?,
                healthy: row.get(1)?,
                refused: row.get(2)?,
                silent: row.get(3)?,
            })
        },
    )
}

/// Devices of the stages up to now that are not well, a few of them; those that refused come first.
pub(crate) fn stragglers(connection: &Connection, rollout: &Rollout, most: i64) -> SqlResult<Vec<Straggler>> {
    connection.query_all(
        "select name, case when said.refused = said.wanted then said.reason end, heard.last_ms
         from rollout_devices
             join devices on devices.device_id = rollout_devices.device_id
             left join device_settings said on said.device_id = rollout_devices.device_id
             left join (select device_id, max(last_heard_ms) last_ms from heartbeats group by device_id) heard
                 on heard.device_id = rollout_devices.device_id
         where rollout_id = ?1 and stage <= ?2 and revoked_ms is null and retired_ms is null
             and not (coalesce(said.runs = said.wanted, false) and coalesce(heard.last_ms > ?3, false))
         order by case when said.refused = said.wanted then 0 else 1 end, name limit ?4",
        values![rollout.id, rollout.stage, rollout.stage_ms, most],
        |row| Ok(Straggler { name: row.get(0)?, reason: row.get(1)?, heard_ms: row.get(2)? }),
    )
}

/// Looks whether a roll-out goes on, or has to stop. Costs a write that changes nothing, and a count every ten seconds.
///
/// The devices that have just been heard are judged by what was noted of them before this.
pub(crate) fn look(connection: &Connection, rollout: &Rollout, now_ms: i64) -> SqlResult<()> {
    if rollout.state != RolloutState::Running {
        return Ok(());
    }
    let is_mine = connection.execute(
        "update rollouts set looked_ms = ?2
         where rollout_id = ?1 and state = 'running' and (looked_ms <= ?3 or looked_ms > ?2)",
        values![rollout.id, now_ms, now_ms.saturating_sub(LOOK_EVERY_MS)],
    )? == 1;
    if is_mine { judge(connection, rollout, now_ms) } else { Ok(()) }
}

fn judge(connection: &Connection, rollout: &Rollout, now_ms: i64) -> SqlResult<()> {
    let found = health(connection, rollout, now_ms)?;
    let failures = found.refused + found.silent;
    if failures * FAILURES_ONE_OF > found.devices {
        let reason = format!(
            "of {} devices that were given version {}, {} refused it and {} have not been heard for a day",
            found.devices, rollout.target, found.refused, found.silent
        );
        tracing::error!(rollout = rollout.id, "the roll-out stops: {reason}");
        return set_state(connection, rollout.id, RolloutState::Stopped, Some(&reason), now_ms);
    }
    if found.healthy < found.devices {
        let update = "update rollouts set healthy_since_ms = null where rollout_id = ?1";
        return connection.execute(update, values![rollout.id]).map(drop);
    }
    match rollout.healthy_since_ms {
        None => {
            let update = "update rollouts set healthy_since_ms = ?2 where rollout_id = ?1";
            connection.execute(update, values![rollout.id, now_ms])?;
            // Where nobody has to wait, nobody does.
            if rollout.healthy_for_ms == 0 { go_on(connection, rollout, now_ms) } else { Ok(()) }
        }
        Some(since_ms) if now_ms.saturating_sub(since_ms) >= rollout.healthy_for_ms => {
            go_on(connection, rollout, now_ms)
        }
        Some(_) => Ok(()),
    }
}

/// Begins the next stage that has a device in it; after the last of them it is done.
pub(crate) fn go_on(connection: &Connection, rollout: &Rollout, now_ms: i64) -> SqlResult<()> {
    let next: Option<i64> = connection.query_one(
        "select min(stage) from rollout_devices where rollout_id = ?1 and stage > ?2",
        values![rollout.id, rollout.stage],
        |row| row.get(0),
    )?;
    let (stage, state) = match next {
        Some(stage) => (stage, RolloutState::Running),
        None => (EVERYONE, RolloutState::Done),
    };
    tracing::info!(rollout = rollout.id, stage, state = state.name(), "the roll-out goes on");
    connection.execute(
        "update rollouts set stage = ?2, state = ?3, stage_ms = ?4, healthy_since_ms = null, reason = null
         where rollout_id = ?1",
        values![rollout.id, stage, state.name(), now_ms],
    )?;
    if state == RolloutState::Done { tell(connection, EventType::RolloutDone, now_ms) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(count: u16) -> Vec<DeviceId> {
        (0..count)
            .map(|number| {
                let mut id = [0; 16];
                id[..2].copy_from_slice(&number.to_be_bytes());
                DeviceId::new(id)
            })
            .collect()
    }

    fn counted(staged: &[(DeviceId, i64)]) -> [usize; 4] {
        [0, 1, 2, 3].map(|stage| staged.iter().filter(|(_, of)| *of == stage).count())
    }

    #[test]
    fn stages_are_one_ten_fifty_and_a_hundred_percent_and_the_first_is_never_empty() {
        assert_eq!(counted(&stages(devices(1_000), &[])), [10, 90, 400, 500]);
        assert_eq!(counted(&stages(devices(1), &[])), [1, 0, 0, 0]);
        assert_eq!(counted(&stages(devices(3), &[])), [1, 0, 1, 1]);
    }

    #[test]
    fn the_same_devices_go_first_each_time_unless_others_are_named() {
        let mut backwards = devices(500);
        backwards.reverse();
        let staged = stages(devices(500), &[]);
        assert_eq!(staged, stages(backwards, &[]));
        let last = staged.last().unwrap().0;
        let named = stages(devices(500), &[last]);
        assert_eq!(named[0], (last, 0));
        assert_eq!(counted(&named), counted(&staged));
    }
}
