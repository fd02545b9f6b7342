//! What the agent is doing, for people: kept in `status.json` beside the identity, read by
//! `afterword-sync status` and whoever watches the device.
//!
//! The file is replaced whole, at most once a second, and only for reading: the agent takes nothing from it
//! but the time of the last success. When it cannot be written the agent goes on and says so in its log.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use afterword_model::record::{DeviceId, Seq};
use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::files::{Durability, PUBLIC, replace};
use crate::identity::Identity;

/// Name of the status file.
pub const STATUS_FILE: &str = "status.json";

/// The file is written no more often than this: a person does not read faster, and the card wears.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// What the loop is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has just begun.
    Starting,
    /// Everything is under a receipt.
    Idle,
    /// Records are on their way.
    Sending,
    /// After an outage, its turn has not come yet.
    Spreading,
    /// Network or collector failed; it tries again.
    Retrying,
    /// The collector is busy and said when to come back.
    Busy,
    /// The collector does not let the device in.
    Paused,
    /// Device and collector disagree about what was sent.
    Conflict,
    /// The collector does not take a record and has not parked it either.
    Refused,
    /// The kiosk program does not answer.
    KioskAway,
    /// It has ended.
    Stopped,
}

/// Everything there is to know about the agent from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What it is at.
    pub state: State,
    /// What is wrong and what to do, in one sentence, while something is.
    pub problem: Option<String>,
    /// When the last receipt came, by this device's clock, milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// When the collector says it first held that receipt's last record, milliseconds since 1970.
    pub last_receipt_ms: Option<i64>,
    /// When the collector last heard a heartbeat, by this device's clock, milliseconds since 1970.
    #[serde(default)]
    pub last_heartbeat_ms: Option<i64>,
    /// How far this device's clock was ahead of the collector's then, in milliseconds; negative when it was behind.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// When it tries next, by this device's clock, milliseconds since 1970, while it waits.
    pub next_try_ms: Option<i64>,
    /// Every record up to here is under a receipt.
    pub acknowledged_seq: Seq,
    /// The newest record.
    pub last_seq: Seq,
    /// Records without a receipt.
    pub unsent: u64,
    /// Where batches go.
    pub collector_url: String,
    /// The device's name for the collector.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// End of the certificate's validity, milliseconds since 1970.
    pub certificate_expires_ms: i64,
}

impl Status {
    /// The status of an agent that has not done anything yet.
    #[must_use]
    pub fn starting(identity: &Identity) -> Self {
        let enrolled = identity.enrolled();
        Self {
            state: State::Starting,
            problem: None,
            last_success_ms: None,
            last_receipt_ms: None,
            last_heartbeat_ms: None,
            clock_offset_ms: None,
            next_try_ms: None,
            acknowledged_seq: 0,
            last_seq: 0,
            unsent: 0,
            collector_url: enrolled.collector_url.clone(),
            device: enrolled.device,
            name: enrolled.name.clone(),
            certificate_expires_ms: identity.certificate_not_after_ms(),
        }
    }

    /// Takes over when this device last got a receipt, from an earlier run's file for the same device.
    #[must_use]
    pub fn continued_from(self, earlier: Option<Self>) -> Self {
        match earlier.filter(|earlier| earlier.device == self.device) {
            Some(Self { last_success_ms, last_receipt_ms, acknowledged_seq, last_seq, unsent, .. }) => {
                Self { last_success_ms, last_receipt_ms, acknowledged_seq, last_seq, unsent, ..self }
            }
            None => self,
        }
    }

    /// Reads the file; `None` when there is none that can be read, as after a power cut.
    #[must_use]
    pub fn read(state_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(state_dir.join(STATUS_FILE)).ok()?).ok()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, state_dir: &Path) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(self).expect("a status holds only texts and numbers");
        replace(state_dir, STATUS_FILE, &json, PUBLIC, Durability::Lazy)
    }

    /// A few lines for a person; `running` is whether an agent works on it now. Times are local.
    #[must_use]
    pub fn lines(&self, running: bool) -> String {
        let doing =
            if running { self.state.words() } else { "not running: start it with `afterword-sync run`" };
        let last = self.last_success_ms.map_or("never".into(), moment);
        let mut lines = vec![
            format!("device       {} ({})", self.name, self.device),
            format!("collector    {}", self.collector_url),
            format!("agent        {doing}"),
            format!(
                "records      {} of {} sent, {} waiting",
                self.acknowledged_seq, self.last_seq, self.unsent
            ),
            format!("last receipt {last}"),
            format!("certificate  valid until {}", moment(self.certificate_expires_ms)),
        ];
        if let Some(problem) = &self.problem {
            lines.push(format!("problem      {problem}"));
        }
        if let Some(next_try_ms) = self.next_try_ms.filter(|_| running) {
            lines.push(format!("next try     {}", moment(next_try_ms)));
        }
        lines.join("\n")
    }
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "everything is sent",
            Self::Sending => "sending",
            Self::Spreading => "waiting for its turn after an outage",
            Self::Retrying => "no connection to the collector, trying again",
            Self::Busy => "the collector is busy, trying again when it said",
            Self::Paused => "not let in by the collector, keeping everything",
            Self::Conflict => "in conflict with the collector, keeping everything",
            Self::Refused => "a record is not taken, trying again",
            Self::KioskAway => "waiting for the kiosk program",
            Self::Stopped => "stopped",
        }
    }
}

/// A moment in local time, for a person.
fn moment(wall_ms: i64) -> String {
    DateTime::from_timestamp_millis(wall_ms).map_or_else(
        || "a time beyond the calendar".into(),
        |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Keeps the file up to date until the sender is gone; the last status is written too.
pub async fn keep_file(mut changes: watch::Receiver<Status>, state_dir: PathBuf) {
    let mut complained = false;
    loop {
        let ended = changes.changed().await.is_err();
        let status = changes.borrow_and_update().clone();
        let directory = state_dir.clone();
        let written = tokio::task::spawn_blocking(move || status.write(&directory)).await;
        match written {
            Ok(Ok(())) => complained = false,
            Ok(Err(error)) if !complained => {
                // Once, not every second: a full disk is already trouble enough.
                tracing::warn!(%error, directory = %state_dir.display(), "status.json cannot be written");
                complained = true;
            }
            _ => {}
        }
        if ended {
            return;
        }
        tokio::time::sleep(WRITE_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::identity;

    #[test]
    fn a_status_survives_its_file_and_a_broken_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Status::read(dir.path()), None);
        let status = Status { last_success_ms: Some(5), unsent: 3, ..Status::starting(&identity(1)) };
        status.write(dir.path()).unwrap();
        assert_eq!(Status::read(dir.path()), Some(status.clone()));
        assert_eq!(Status::starting(&identity(1)).continued_from(Some(status)).last_success_ms, Some(5));
        fs::write(dir.path().join(STATUS_FILE), "").unwrap();
        assert_eq!(Status::read(dir.path()), None);
    }

    #[test]
    fn a_person_sees_what_is_wrong() {
        let status = Status {
            state: State::Retrying,
            problem: Some("nobody listens at host:8443".into()),
            next_try_ms: Some(0),
            unsent: 3,
            ..Status::starting(&identity(1))
        };
        let lines = status.lines(true);
        for part in ["Counter 3", "trying again", "3 waiting", "never", "nobody listens", "next try"] {
            assert!(lines.contains(part), "{part} in {lines}");
        }
        let stopped = status.lines(false);
        assert!(stopped.contains("afterword-sync run") && !stopped.contains("next try"), "{stopped}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_file_follows_and_has_the_last_word() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, changes) = watch::channel(Status::starting(&identity(1)));
        let keeper = tokio::spawn(keep_file(changes, dir.path().into()));
        for last_seq in 1..=50 {
            sender.send_modify(|status| status.last_seq = last_seq);
            tokio::task::yield_now().await;
        }
        drop(sender);
        keeper.await.unwrap();
        assert_eq!(Status::read(dir.path()).unwrap().last_seq, 50);
    }
}
