//! What the kiosk has its agent do: the kiosk has the screen and no network, the agent the network and no screen.
//!
//! The agent asks whether there is an errand and waits for one, as it does for records; so neither program needs another
//! socket. With each question it says how it is, which a page of the device shows. An errand is handed out once; whoever asked
//! for it hears in time that nobody came.

use afterword_model::record::DeviceId;
use serde::{Deserialize, Serialize};

use crate::enrolment::EnrolmentCode;
use crate::network_test::{NetworkTest, Step};

/// Tells errands of one start of the kiosk apart.
pub type ErrandId = u64;

/// Longest time from an errand to the agent that takes it, in milliseconds: it waits at the socket for one, or comes back
/// there within five seconds when kiosk or agent were started anew.
pub const TAKEN_WITHIN_MS: u64 = 10_000;

/// Longest time of a whole network test, in milliseconds: a person stands before the screen.
pub const NETWORK_TEST_MAX_MS: u64 = 20_000;

/// Longest time of an enrolment, in milliseconds. After it the same code may be typed again: the agent has kept the key.
pub const ENROLMENT_MAX_MS: u64 = 60_000;

/// Longest time of packing what is unsent onto a stick, in milliseconds: a month of a busy shop on a slow stick takes seconds, and a
/// person stands there. After it everything may be packed again.
pub const PACK_MAX_MS: u64 = 120_000;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Which, for the answer.
    pub id: ErrandId,
    /// What.
    #[serde(flatten)]
    pub kind: ErrandKind,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "snake_case")]
pub enum ErrandKind {
    /// Test the way to the collector.
    TestNetwork,
    /// Make this device known to its collector.
    Enrol {
        /// The one-time code.
        code: EnrolmentCode,
    },
    /// Take the receipts that a stick brings back, and pack everything onto it that has none.
    Pack {
        /// The stick's folder, whole. Both programs see the same one.
        folder: String,
        /// The number of its file system (`st_dev`), so that nothing is written to where a stick was.
        file_system: u64,
    },
    /// Something that a newer kiosk wants.
    #[serde(other)]
    Unknown,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "snake_case")]
pub enum ErrandResult {
    /// The network was tested.
    NetworkTested {
        /// What was found.
        test: NetworkTest,
    },
    /// The device is enrolled.
    Enrolled {
        /// As whom.
        device: EnrolledAs,
    },
    /// It is not.
    NotEnrolled {
        /// Why, for a page.
        reason: EnrolmentFailure,
        /// The same in one English sentence, with what to do.
        detail: String,
    },
    /// What was unsent is packed, and receipts are taken.
    Packed {
        /// What came of it.
        parcel: Parcel,
    },
    /// It is not, and every record is still on the kiosk.
    NotPacked {
        /// Why, for a page.
        reason: PackFailure,
        /// The same in one English sentence, with what to do.
        detail: String,
    },
    /// The agent knows no such errand.
    Unsupported,
}

/// Why a device was not enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentFailure {
    /// The collector does not take the code: mistyped, used or too old.
    CodeRefused,
    /// The device is enrolled already.
    AlreadyEnrolled,
    /// No answer came; the same code may be tried again.
    NoAnswer,
    /// Nobody has told the agent which collector is meant.
    NoCollector,
    /// Anything else; the sentence says what.
    #[serde(other)]
    Other,
}

/// What went onto a stick, and what came from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parcel {
    /// The names of the files that were written, without their folder; none where nothing was unsent. One as a rule, several when there
    /// is a great deal.
    #[serde(default)]
    pub files: Vec<String>,
    /// Records in them.
    #[serde(default)]
    pub records: u64,
    /// Records that receipts on the stick were for, and that had none before.
    #[serde(default)]
    pub confirmed: u64,
    /// Receipts that were not taken, though they are not for another device.
    #[serde(default)]
    pub refused: u32,
}

/// Why nothing was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackFailure {
    /// The device is not enrolled, so nobody is there to seal for.
    NotEnrolled,
    /// Nobody has told the device yet what its collector can open.
    NoKey,
    /// The stick is not there, or no longer.
    Gone,
    /// The stick has no room.
    Full,
    /// The stick cannot be written.
    ReadOnly,
    /// It took too long.
    TooLong,
    /// Anything else; the sentence says what.
    #[serde(other)]
    Other,
}

/// As whom a device is enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledAs {
    /// The collector's name for it.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// Where its records go.
    pub collector_url: String,
    /// End of its certificate's validity, in milliseconds since 1970.
    pub certificate_expires_ms: i64,
}

/// What the agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Version of its program.
    pub program_version: String,
    /// As whom the device is enrolled; `None` while it is not.
    #[serde(default)]
    pub enrolled: Option<EnrolledAs>,
    /// Whether it can enrol the device: it is not enrolled, and knows its collector.
    #[serde(default)]
    pub can_enrol: bool,
    /// What is wrong and what to do, in one sentence, while something is.
    #[serde(default)]
    pub problem: Option<String>,
    /// When the last receipt came, by this device's clock, in milliseconds since 1970.
    #[serde(default)]
    pub last_receipt_ms: Option<i64>,
    /// How far this device's clock was ahead of the collector's at the last heartbeat, in milliseconds; negative when it was
    /// behind.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
}

/// How far the newest network test is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TestState {
    /// Nobody has asked for one since the kiosk was started.
    #[default]
    Never,
    /// Asked for.
    Waiting,
    /// The agent is at it.
    UnderWay {
        /// The steps that are over.
        steps: Vec<Step>,
    },
    /// It is over.
    Done {
        /// What was found.
        test: NetworkTest,
    },
    /// There is no result.
    Failed {
        /// Why, in one sentence.
        detail: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_crosses_the_socket_and_no_log() {
        let code = EnrolmentCode::parse("K7QM-2XJP-9WTD").unwrap();
        let errand = Errand { id: 4, kind: ErrandKind::Enrol { code } };
        let text = serde_json::to_string(&errand).unwrap();
        assert_eq!(text, r#"{"id":4,"errand":"enrol","code":"K7QM-2XJP-9WTD"}"#);
        assert_eq!(serde_json::from_str::<Errand>(&text).unwrap(), errand);
        assert!(!format!("{errand:?}").contains("K7QM"), "{errand:?}");
        assert!(serde_json::from_str::<Errand>(r#"{"id":4,"errand":"enrol","code":"K7"}"#).is_err());
    }

    #[test]
    fn what_a_newer_kiosk_wants_is_told_from_rubbish() {
        let newer = r#"{"id":9,"errand":"make_coffee","cups":2}"#;
        assert_eq!(serde_json::from_str::<Errand>(newer).unwrap().kind, ErrandKind::Unknown);
    }
}
