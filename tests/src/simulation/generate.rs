//! Lists of operations from a seed.
//!
//! Not every list has every kind of trouble in it: each seed leaves some kinds out (Groce et al., "Swarm Testing",
//! ISSTA 2012), because what two kinds do to each other is often hidden by a third, and because a fleet that is
//! disturbed in every way at once never gets far.

use afterword_model::ports::SeededEntropy;

use super::op::{Accident, ClockSet, Key, Op, Program, Remains};
use super::scenario::{DEVICES_MAX, Scenario};

/// Operations of a list, where nothing else is asked for. With them half of the lists have eight kinds of trouble and
/// time to recover from some of it.
pub const OPS_USUAL: usize = 60;

/// How much more often than other troubles lies come, where they come.
const LIES_MORE: usize = 5;

/// How much more often than other troubles sticks come, where they come: a link that is down, a bundle, its import and its receipt.
const STICKS_MORE: usize = 8;

/// Ten years.
const FAR_AHEAD_MS: i64 = 10 * 365 * 86_400_000;

/// Kinds of trouble, each in a list or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Links,
    Accidents,
    Agents,
    Kiosks,
    Collectors,
    Clocks,
    Backups,
    Cards,
    Clones,
    Identities,
    Keys,
    Purges,
    Erasures,
    Disks,
    Power,
    Lies,
    Crowds,
    Holidays,
    Sticks,
}

/// What disks do that hold what they say. Rot is in lists that are kept, not among these: what was in a log that rotted
/// before anybody read it is told by no one.
const TROUBLES: [Trouble; 18] = [
    Trouble::Links,
    Trouble::Accidents,
    Trouble::Agents,
    Trouble::Kiosks,
    Trouble::Collectors,
    Trouble::Clocks,
    Trouble::Backups,
    Trouble::Cards,
    Trouble::Clones,
    Trouble::Identities,
    Trouble::Keys,
    Trouble::Purges,
    Trouble::Erasures,
    Trouble::Disks,
    Trouble::Power,
    Trouble::Crowds,
    Trouble::Holidays,
    Trouble::Sticks,
];

/// The scenario of a seed, with so many operations; among `liars`, with disks that say they have written and have not.
#[must_use]
pub fn generate(seed: u64, ops: usize, liars: bool) -> Scenario {
    // Another stream than the one that the run of the scenario draws from.
    let dice = Dice(SeededEntropy::new(seed ^ 0x5EED_0F0B_5000_0001));
    let devices = dice.below(DEVICES_MAX as u64) as usize + 1;
    let mut troubles: Vec<Trouble> = TROUBLES.into_iter().filter(|_| dice.below(2) == 0).collect();
    if troubles.contains(&Trouble::Sticks) {
        troubles.extend([Trouble::Sticks; STICKS_MORE]);
    }
    if liars {
        // One lie alone takes nothing: it needs answers after it, no link, and a power cut.
        troubles.extend([Trouble::Lies; LIES_MORE]);
    }
    let ops = (0..ops).map(|_| dice.op(devices, &troubles)).collect();
    Scenario { seed, devices, ops }
}

struct Dice(SeededEntropy);

impl Dice {
    /// From 0 to one less than this.
    fn below(&self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn op(&self, devices: usize, troubles: &[Trouble]) -> Op {
        // Twins that come to be on the way are meant too, now and then.
        let device = self.below(devices as u64 + 1) as usize;
        match self.below(10) {
            0..4 => self.shopper(device),
            4..6 => Op::Wait { ms: self.duration_ms() },
            _ if troubles.is_empty() => self.shopper(device),
            _ => self.trouble(device, self.pick(troubles)),
        }
    }

    fn shopper(&self, device: usize) -> Op {
        match self.below(8) {
            0..3 => Op::Tap { device, face: self.below(5) as u8 + 1 },
            3 => Op::Comment { device, letters: self.below(200) as usize + 1 },
            4..6 => Op::Complete { device },
            6 => Op::WalkAway { device },
            _ => Op::Rush { device, shoppers: self.below(6) as u32 + 2 },
        }
    }

    fn trouble(&self, device: usize, trouble: Trouble) -> Op {
        match trouble {
            Trouble::Links => Op::Link { device, up: self.below(2) == 0 },
            Trouble::Accidents => Op::Accident { device, accident: self.accident() },
            Trouble::Agents => self.kill_or_start(Program::Agent(device)),
            Trouble::Kiosks => self.kill_or_start(Program::Kiosk(device)),
            Trouble::Collectors => self.kill_or_start(Program::Collector),
            Trouble::Clocks => Op::Clock { device, set: self.clock() },
            Trouble::Backups => self.pick(&[Op::Backup, Op::Backup, Op::Restore, Op::PutBack]),
            Trouble::Cards => self.pick(&[Op::CopyCard { device }, Op::ReturnCard { device }]),
            Trouble::Clones => Op::Clone { device },
            Trouble::Identities => self.pick(&[Op::Revoke { device }, Op::Enrol { device }]),
            Trouble::Keys => Op::Rotate(self.pick(&[Key::DeviceCa, Key::ServerCa, Key::Server])),
            Trouble::Purges => Op::Purge { device, keep_ms: self.pick(&[0, 0, 60_000, 86_400_000]) },
            Trouble::Erasures => Op::Erase { nth: self.below(50) as u32 },
            Trouble::Disks => self.disk(device),
            Trouble::Power => Op::CutPower { device, remains: self.remains() },
            Trouble::Lies => self.lie(device),
            Trouble::Crowds => self.crowd(device),
            Trouble::Sticks => self.stick(),
            Trouble::Holidays => Op::Holiday { days: self.pick(&[1, 2, 7, 62, 100, 400]) },
        }
    }

    fn kill_or_start(&self, program: Program) -> Op {
        if self.below(2) == 0 { Op::Kill(program) } else { Op::Start(program) }
    }

    /// Of one device, and without a link, for else an agent has sent what was going to be packed.
    fn stick(&self) -> Op {
        let (device, nth) = (0, self.pick(&[0, 0, 0, 1, 3]));
        match self.below(10) {
            0..2 => Op::Link { device, up: false },
            2..4 => Op::Rush { device, shoppers: self.below(6) as u32 + 2 },
            4..6 => Op::Pack { device },
            6..8 => Op::Import { nth },
            _ => Op::Accept { device, nth },
        }
    }

    fn disk(&self, device: usize) -> Op {
        match self.below(4) {
            0 => Op::Fill { device, room: self.pick(&[0, 0, 5_000, 40_000, 400_000]) },
            1 => Op::FailSyncs { device, times: self.below(3) as u32 + 1 },
            _ => Op::Free { device },
        }
    }

    /// Of few devices, and with answers that wait there, so that a power cut finds something to take from a lying disk.
    fn lie(&self, device: usize) -> Op {
        let device = device % 2;
        match self.below(8) {
            0..2 => Op::Lie { device },
            2 => Op::Honest { device },
            3 => Op::Link { device, up: false },
            4 => Op::Rush { device, shoppers: self.below(6) as u32 + 2 },
            _ => Op::CutPower { device, remains: self.remains() },
        }
    }

    fn remains(&self) -> Remains {
        let seed = self.below(1_000);
        self.pick(&[
            Remains::Nothing,
            Remains::Everything,
            Remains::Beginning(seed),
            Remains::Scattered(seed),
            Remains::Torn(seed),
        ])
    }

    /// A rush of the usual size, or now and then one of more than a batch.
    fn crowd(&self, device: usize) -> Op {
        let shoppers = if self.below(8) == 0 { 510 } else { 20 + self.below(60) as u32 };
        Op::Rush { device, shoppers }
    }

    /// Long and short ones alike: from a moment, in which a request is half way, to half a day.
    fn duration_ms(&self) -> u64 {
        let longest = self.pick(&[100, 1_000, 5_000, 60_000, 300_000, 3_600_000]);
        let longest = if self.below(24) == 0 { 12 * 3_600_000 } else { longest };
        self.below(longest) + 1
    }

    fn clock(&self) -> ClockSet {
        let hour_ms = 3_600_000;
        self.pick(&[
            ClockSet::Right,
            ClockSet::Unset,
            ClockSet::By(FAR_AHEAD_MS),
            ClockSet::By(-FAR_AHEAD_MS),
            ClockSet::By(hour_ms),
            ClockSet::By(-hour_ms),
            ClockSet::By(30 * 24 * hour_ms),
        ])
    }

    fn accident(&self) -> Accident {
        let hundredths = self.below(100) as u8;
        match self.below(11) {
            0 => Accident::LoseRequest,
            1 => Accident::LoseAnswer,
            2 => Accident::Break,
            3 => Accident::DelayRequest(self.pick(&[2_000, 60_000, 150_000, 900_000])),
            4 => Accident::DelayAnswer(self.pick(&[2_000, 60_000, 150_000])),
            5 => Accident::Repeat(self.pick(&[0, 500, 10_000, 3_600_000])),
            6 => Accident::CutRequest(hundredths),
            7 => Accident::CutAnswer(hundredths),
            8 => Accident::OldAnswer,
            9 => Accident::Portal,
            _ => Accident::Busy(self.pick(&[0, 5, 3_600, u32::MAX])),
        }
    }
}
