//! A list of operations and the seed of everything that is left to chance while they are carried out; as a text, one
//! operation a line. What fails is kept in this form under `tests/tests/simulation/reproductions/`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

use super::op::Op;

/// Devices at the beginning; a fleet of three shows everything that two devices can do to each other, and a third
/// that is left alone.
pub const DEVICES_MAX: usize = 3;

/// What is done to a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Decides latencies, jitter, keys and epochs.
    pub seed: u64,
    /// Devices at the beginning, from 1 to [`DEVICES_MAX`].
    pub devices: usize,
    /// What happens, in this order.
    pub ops: Vec<Op>,
}

impl Scenario {
    /// The devices whose disks are made to fail in it.
    pub(super) fn lossy_disks(&self) -> BTreeSet<usize> {
        let on_a_disk = |op: &Op| match *op {
            Op::Fill { device, .. }
            | Op::Free { device }
            | Op::Lie { device }
            | Op::Honest { device }
            | Op::FailSyncs { device, .. }
            | Op::CutPower { device, .. } => Some(device),
            _ => None,
        };
        self.ops.iter().filter_map(on_a_disk).collect()
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "devices {}", self.devices)?;
        for op in &self.ops {
            writeln!(f, "{op}")?;
        }
        Ok(())
    }
}

impl FromStr for Scenario {
    type Err = Error;

    /// Lines that begin with `#` are for people, empty ones for nobody.
    fn from_str(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut scenario = Self { seed: 0, devices: 1, ops: Vec::new() };
        for line in lines {
            match line.split_once(' ') {
                Some(("seed", seed)) => scenario.seed = seed.parse().context(line.to_owned())?,
                Some(("devices", devices)) => scenario.devices = devices.parse().context(line.to_owned())?,
                _ => scenario.ops.push(line.parse()?),
            }
        }
        ensure!((1..=DEVICES_MAX).contains(&scenario.devices), "from 1 to {DEVICES_MAX} devices");
        Ok(scenario)
    }
}
