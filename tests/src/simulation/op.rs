//! What may happen to a fleet, one thing at a time, and how it is written down: one operation a line.
//!
//! Every operation is possible at every moment. One that has nothing to act on (a tap on a kiosk that is off, a
//! restore where there is no backup) does nothing, so that any part of a list is a list again and a failing one
//! can be made shorter. Devices are counted from 0; a clone gets the next number.

use std::fmt;
use std::str::FromStr;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A shopper touches a face: the first tap of a response, or another face instead.
    Tap {
        /// Where.
        device: usize,
        /// From 1 to 5.
        face: u8,
    },
    /// The shopper before the kiosk writes a comment of so many letters.
    Comment {
        /// Where.
        device: usize,
        /// How long.
        letters: usize,
    },
    /// The shopper comes to the last step.
    Complete {
        /// Where.
        device: usize,
    },
    /// The shopper leaves; the time limit ends the response.
    WalkAway {
        /// Where.
        device: usize,
    },
    /// So many shoppers, one after the other, each with one tap.
    Rush {
        /// Where.
        device: usize,
        /// How many.
        shoppers: u32,
    },
    /// Time passes.
    Wait {
        /// How much, in milliseconds.
        ms: u64,
    },
    /// Every device is switched off in order, for so many days, and on again. The collector stays.
    Holiday {
        /// How long.
        days: u32,
    },
    /// Somebody or something sets a device's wall clock.
    Clock {
        /// Whose.
        device: usize,
        /// How.
        set: ClockSet,
    },
    /// A device's link goes or comes back.
    Link {
        /// Whose.
        device: usize,
        /// Whether it is there from now on.
        up: bool,
    },
    /// The next request of a device meets with an accident. Several wait for their turn.
    Accident {
        /// Whose.
        device: usize,
        /// Which.
        accident: Accident,
    },
    /// A program is killed. It stays away until it is started.
    Kill(Program),
    /// A program is started, if it is not running.
    Start(Program),
    /// The disk of a device has no more room.
    Fill {
        /// Whose.
        device: usize,
    },
    /// There is room again.
    Free {
        /// Whose.
        device: usize,
    },
    /// Records that are under a receipt for so long are purged.
    Purge {
        /// Where.
        device: usize,
        /// How long they are kept, in milliseconds.
        keep_ms: u64,
    },
    /// A device's card is copied; the copy goes on living in a second device, beside the first.
    Clone {
        /// Whose.
        device: usize,
    },
    /// An image of a device's card is put by.
    CopyCard {
        /// Whose.
        device: usize,
    },
    /// The device goes on from the image that was put by last.
    ReturnCard {
        /// Whose.
        device: usize,
    },
    /// The collector's folder is backed up.
    Backup,
    /// The collector goes on from its last backup.
    Restore,
    /// An operator takes a device's right to deliver.
    Revoke {
        /// Whose.
        device: usize,
    },
    /// A device is enrolled again, under the id it has and with a new key.
    Enrol {
        /// Which.
        device: usize,
    },
    /// The collector changes a key of its own.
    Rotate(Key),
    /// An operator erases one of the records that the collector holds, counted from the first one, and from the
    /// beginning again where there are fewer.
    Erase {
        /// Which.
        nth: u32,
    },
}

/// How a wall clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSet {
    /// To the true time.
    Right,
    /// To 1970, as a device without a battery wakes up.
    Unset,
    /// On from what it shows, in milliseconds; back when negative.
    By(i64),
}

/// What happens to one request or its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accident {
    /// The request does not arrive, and nobody says so.
    LoseRequest,
    /// The request is dealt with; its answer does not arrive, and nobody says so.
    LoseAnswer,
    /// The request is dealt with; the connection breaks before the answer.
    Break,
    /// The request is under way for so long, in milliseconds, perhaps longer than its sender waits.
    DelayRequest(u64),
    /// The answer is under way for so long, in milliseconds.
    DelayAnswer(u64),
    /// The request arrives a second time, so many milliseconds later.
    Repeat(u64),
    /// A part of the request's body arrives, as many hundredths.
    CutRequest(u8),
    /// A part of the answer's body arrives, as many hundredths.
    CutAnswer(u8),
    /// The answer to the request before comes once more, instead of the answer to this one.
    OldAnswer,
    /// A log-in page answers in the collector's place.
    Portal,
    /// Something in between says "busy, come back in so many seconds".
    Busy(u32),
}

/// What can be killed and started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The kiosk program of a device.
    Kiosk(usize),
    /// The agent of a device.
    Agent(usize),
    /// The collector.
    Collector,
}

/// A key of the collector's that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The authority behind devices' certificates.
    DeviceCa,
    /// The authority that devices trust.
    ServerCa,
    /// The server's own.
    Server,
}

/// A line that is no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no operation; `tests/src/simulation/op.rs` lists them")]
pub struct NotAnOp(String);

impl Op {
    /// The operation's name without what it acts on, for counting.
    #[must_use]
    pub fn kind(&self) -> String {
        let line = self.to_string();
        let words = line.split(' ').filter(|word| word.parse::<i64>().is_err());
        words.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tap { device, face } => write!(f, "tap {device} {face}"),
            Self::Comment { device, letters } => write!(f, "comment {device} {letters}"),
            Self::Complete { device } => write!(f, "complete {device}"),
            Self::WalkAway { device } => write!(f, "walk-away {device}"),
            Self::Rush { device, shoppers } => write!(f, "rush {device} {shoppers}"),
            Self::Wait { ms } => write!(f, "wait {ms}"),
            Self::Holiday { days } => write!(f, "holiday {days}"),
            Self::Clock { device, set } => write!(f, "clock {device} {set}"),
            Self::Link { device, up } => write!(f, "link {device} {}", if *up { "up" } else { "down" }),
            Self::Accident { device, accident } => write!(f, "accident {device} {accident}"),
            Self::Kill(program) => write!(f, "kill {program}"),
            Self::Start(program) => write!(f, "start {program}"),
            Self::Fill { device } => write!(f, "fill {device}"),
            Self::Free { device } => write!(f, "free {device}"),
            Self::Purge { device, keep_ms } => write!(f, "purge {device} {keep_ms}"),
            Self::Clone { device } => write!(f, "clone {device}"),
            Self::CopyCard { device } => write!(f, "copy-card {device}"),
            Self::ReturnCard { device } => write!(f, "return-card {device}"),
            Self::Backup => write!(f, "backup"),
            Self::Restore => write!(f, "restore"),
            Self::Revoke { device } => write!(f, "revoke {device}"),
            Self::Enrol { device } => write!(f, "enrol {device}"),
            Self::Rotate(Key::DeviceCa) => write!(f, "rotate device-ca"),
            Self::Rotate(Key::ServerCa) => write!(f, "rotate server-ca"),
            Self::Rotate(Key::Server) => write!(f, "rotate server"),
            Self::Erase { nth } => write!(f, "erase {nth}"),
        }
    }
}

impl fmt::Display for ClockSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => write!(f, "right"),
            Self::Unset => write!(f, "unset"),
            Self::By(ms) => write!(f, "by {ms}"),
        }
    }
}

impl fmt::Display for Accident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoseRequest => write!(f, "lose-request"),
            Self::LoseAnswer => write!(f, "lose-answer"),
            Self::Break => write!(f, "break"),
            Self::DelayRequest(ms) => write!(f, "delay-request {ms}"),
            Self::DelayAnswer(ms) => write!(f, "delay-answer {ms}"),
            Self::Repeat(ms) => write!(f, "repeat {ms}"),
            Self::CutRequest(hundredths) => write!(f, "cut-request {hundredths}"),
            Self::CutAnswer(hundredths) => write!(f, "cut-answer {hundredths}"),
            Self::OldAnswer => write!(f, "old-answer"),
            Self::Portal => write!(f, "portal"),
            Self::Busy(seconds) => write!(f, "busy {seconds}"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kiosk(device) => write!(f, "kiosk {device}"),
            Self::Agent(device) => write!(f, "agent {device}"),
            Self::Collector => write!(f, "collector"),
        }
    }
}

impl FromStr for Op {
    type Err = NotAnOp;

    fn from_str(line: &str) -> Result<Self, NotAnOp> {
        let words: Vec<&str> = line.split_whitespace().collect();
        read(&words).ok_or_else(|| NotAnOp(line.to_owned()))
    }
}

fn read(words: &[&str]) -> Option<Op> {
    Some(match words {
        ["tap", device, face] => Op::Tap { device: number(device)?, face: number(face)? },
        ["comment", device, letters] => Op::Comment { device: number(device)?, letters: number(letters)? },
        ["complete", device] => Op::Complete { device: number(device)? },
        ["walk-away", device] => Op::WalkAway { device: number(device)? },
        ["rush", device, shoppers] => Op::Rush { device: number(device)?, shoppers: number(shoppers)? },
        ["wait", ms] => Op::Wait { ms: number(ms)? },
        ["holiday", days] => Op::Holiday { days: number(days)? },
        ["clock", device, "right"] => Op::Clock { device: number(device)?, set: ClockSet::Right },
        ["clock", device, "unset"] => Op::Clock { device: number(device)?, set: ClockSet::Unset },
        ["clock", device, "by", ms] => Op::Clock { device: number(device)?, set: ClockSet::By(number(ms)?) },
        ["link", device, "up"] => Op::Link { device: number(device)?, up: true },
        ["link", device, "down"] => Op::Link { device: number(device)?, up: false },
        ["accident", device, accident @ ..] => {
            Op::Accident { device: number(device)?, accident: read_accident(accident)? }
        }
        ["kill", program @ ..] => Op::Kill(read_program(program)?),
        ["start", program @ ..] => Op::Start(read_program(program)?),
        ["fill", device] => Op::Fill { device: number(device)? },
        ["free", device] => Op::Free { device: number(device)? },
        ["purge", device, keep_ms] => Op::Purge { device: number(device)?, keep_ms: number(keep_ms)? },
        ["clone", device] => Op::Clone { device: number(device)? },
        ["copy-card", device] => Op::CopyCard { device: number(device)? },
        ["return-card", device] => Op::ReturnCard { device: number(device)? },
        ["backup"] => Op::Backup,
        ["restore"] => Op::Restore,
        ["revoke", device] => Op::Revoke { device: number(device)? },
        ["enrol", device] => Op::Enrol { device: number(device)? },
        ["rotate", "device-ca"] => Op::Rotate(Key::DeviceCa),
        ["rotate", "server-ca"] => Op::Rotate(Key::ServerCa),
        ["rotate", "server"] => Op::Rotate(Key::Server),
        ["erase", nth] => Op::Erase { nth: number(nth)? },
        _ => return None,
    })
}

fn read_accident(words: &[&str]) -> Option<Accident> {
    Some(match words {
        ["lose-request"] => Accident::LoseRequest,
        ["lose-answer"] => Accident::LoseAnswer,
        ["break"] => Accident::Break,
        ["delay-request", ms] => Accident::DelayRequest(number(ms)?),
        ["delay-answer", ms] => Accident::DelayAnswer(number(ms)?),
        ["repeat", ms] => Accident::Repeat(number(ms)?),
        ["cut-request", hundredths] => Accident::CutRequest(number(hundredths)?),
        ["cut-answer", hundredths] => Accident::CutAnswer(number(hundredths)?),
        ["old-answer"] => Accident::OldAnswer,
        ["portal"] => Accident::Portal,
        ["busy", seconds] => Accident::Busy(number(seconds)?),
        _ => return None,
    })
}

fn read_program(words: &[&str]) -> Option<Program> {
    Some(match words {
        ["kiosk", device] => Program::Kiosk(number(device)?),
        ["agent", device] => Program::Agent(number(device)?),
        ["collector"] => Program::Collector,
        _ => return None,
    })
}

fn number<N: FromStr>(word: &str) -> Option<N> {
    word.parse().ok()
}
