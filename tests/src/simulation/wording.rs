//! Operations as people read and write them: each a line of words.

use std::fmt;
use std::str::FromStr;

use super::op::{Accident, ClockSet, Key, NotAnOp, Op, Part, Program, Remains};

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
            Self::Fill { device, room } => write!(f, "fill {device} {room}"),
            Self::Free { device } => write!(f, "free {device}"),
            Self::Lie { device } => write!(f, "lie {device}"),
            Self::Honest { device } => write!(f, "honest {device}"),
            Self::FailSyncs { device, times } => write!(f, "fail-syncs {device} {times}"),
            Self::CutPower { device, remains } => write!(f, "cut-power {device} {remains}"),
            Self::Rot { device, part: Part::Database, nth } => write!(f, "rot {device} database {nth}"),
            Self::Rot { device, part: Part::Log, nth } => write!(f, "rot {device} log {nth}"),
            Self::Purge { device, keep_ms } => write!(f, "purge {device} {keep_ms}"),
            Self::Clone { device } => write!(f, "clone {device}"),
            Self::CopyCard { device } => write!(f, "copy-card {device}"),
            Self::ReturnCard { device } => write!(f, "return-card {device}"),
            Self::Backup => write!(f, "backup"),
            Self::Restore => write!(f, "restore"),
            Self::PutBack => write!(f, "put-back"),
            Self::Pack { device } => write!(f, "pack {device}"),
            Self::Import { nth } => write!(f, "import {nth}"),
            Self::Accept { device, nth } => write!(f, "accept {device} {nth}"),
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

impl fmt::Display for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(f, "nothing"),
            Self::Everything => write!(f, "everything"),
            Self::Beginning(seed) => write!(f, "beginning {seed}"),
            Self::Scattered(seed) => write!(f, "scattered {seed}"),
            Self::Torn(seed) => write!(f, "torn {seed}"),
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
        ["fill", device, room] => Op::Fill { device: number(device)?, room: number(room)? },
        ["free", device] => Op::Free { device: number(device)? },
        ["lie", device] => Op::Lie { device: number(device)? },
        ["honest", device] => Op::Honest { device: number(device)? },
        ["fail-syncs", device, times] => Op::FailSyncs { device: number(device)?, times: number(times)? },
        ["cut-power", device, remains @ ..] => {
            Op::CutPower { device: number(device)?, remains: read_remains(remains)? }
        }
        ["rot", device, "database", nth] => {
            Op::Rot { device: number(device)?, part: Part::Database, nth: number(nth)? }
        }
        ["rot", device, "log", nth] => {
            Op::Rot { device: number(device)?, part: Part::Log, nth: number(nth)? }
        }
        ["purge", device, keep_ms] => Op::Purge { device: number(device)?, keep_ms: number(keep_ms)? },
        ["clone", device] => Op::Clone { device: number(device)? },
        ["copy-card", device] => Op::CopyCard { device: number(device)? },
        ["return-card", device] => Op::ReturnCard { device: number(device)? },
        ["backup"] => Op::Backup,
        ["restore"] => Op::Restore,
        ["put-back"] => Op::PutBack,
        ["pack", device] => Op::Pack { device: number(device)? },
        ["import", nth] => Op::Import { nth: number(nth)? },
        ["accept", device, nth] => Op::Accept { device: number(device)?, nth: number(nth)? },
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

fn read_remains(words: &[&str]) -> Option<Remains> {
    Some(match words {
        ["nothing"] => Remains::Nothing,
        ["everything"] => Remains::Everything,
        ["beginning", seed] => Remains::Beginning(number(seed)?),
        ["scattered", seed] => Remains::Scattered(number(seed)?),
        ["torn", seed] => Remains::Torn(number(seed)?),
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
