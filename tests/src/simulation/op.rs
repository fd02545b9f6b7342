//! What may happen to a fleet, one thing at a time, and how it is written down: one operation a line.
//!
//! Every operation is possible at every moment. One that has nothing to act on (a tap on a kiosk that is off, a
//! restore where there is no backup) does nothing, so that any part of a list is a list again and a failing one
//! can be made shorter. Devices are counted from 0; a clone gets the next number.

use afterword_sim::disk::Policy;

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
    /// The disk of a device has no more room than this.
    Fill {
        /// Whose.
        device: usize,
        /// Bytes by which its files may still grow.
        room: u64,
    },
    /// There is room again.
    Free {
        /// Whose.
        device: usize,
    },
    /// The disk of a device claims from now on that everything is durable at once, and makes nothing so.
    Lie {
        /// Whose.
        device: usize,
    },
    /// The disk of a device is honest again.
    Honest {
        /// Whose.
        device: usize,
    },
    /// So many syncs of a device's disk fail.
    FailSyncs {
        /// Whose.
        device: usize,
        /// How many.
        times: u32,
    },
    /// The power of a device goes and comes back.
    CutPower {
        /// Whose.
        device: usize,
        /// What becomes of that which was not synced.
        remains: Remains,
    },
    /// The kiosk program of a device is killed, a bit on its card rots, and the program is started again.
    Rot {
        /// Whose.
        device: usize,
        /// In which of the store's files.
        part: Part,
        /// Which place in it, counted from the first one, and from the beginning again where there are fewer.
        nth: u32,
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
    /// The collector goes on from its last backup, which the operator restores as the manual says.
    Restore,
    /// The same, but the operator copies the file by hand.
    PutBack,
    /// What a device has not sent is written on a stick.
    Pack {
        /// Whose.
        device: usize,
    },
    /// An operator takes a stick in, counted from the newest one, and from the newest again where there are fewer.
    Import {
        /// Which.
        nth: u32,
    },
    /// A device is brought the receipt of a stick, counted likewise among those that have one.
    Accept {
        /// Who.
        device: usize,
        /// Which.
        nth: u32,
    },
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

/// What a power cut leaves of the writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remains {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// The first of them.
    Beginning(u64),
    /// Some of them.
    Scattered(u64),
    /// Some sectors of some of them.
    Torn(u64),
}

/// A file of a store in which a bit may rot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The database; places are the bytes that are not 0, because those that are 0 mostly stand for nothing.
    Database,
    /// Its log; places are its frames, because a bit costs all of one.
    Log,
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
pub struct NotAnOp(pub(super) String);

impl Op {
    /// The operation's name without what it acts on, for counting.
    #[must_use]
    pub fn kind(&self) -> String {
        let line = self.to_string();
        let words = line.split(' ').filter(|word| word.parse::<i64>().is_err());
        words.collect::<Vec<_>>().join(" ")
    }
}

impl From<Remains> for Policy {
    fn from(remains: Remains) -> Self {
        match remains {
            Remains::Nothing => Self::Dropped,
            Remains::Everything => Self::Kept,
            Remains::Beginning(seed) => Self::Beginning(seed),
            Remains::Scattered(seed) => Self::Scattered(seed),
            Remains::Torn(seed) => Self::Torn(seed),
        }
    }
}
