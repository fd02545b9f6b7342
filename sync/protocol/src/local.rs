//! The device's own socket: what `afterword-sync` and the command line ask of the running `afterword-kiosk`.
//!
//! A frame is four bytes of length, big-endian, and that many bytes of JSON, at most
//! [`crate::limits::FRAME_MAX`]. The asker begins with [`Request::Hello`]; each request gets one reply, in
//! order. Neither side keeps anything for the other: a connection that breaks is opened again.

use afterword_model::alerts::Alert;
use afterword_model::carried::Origin;
use afterword_model::case::{CasesAsk, Overview};
use afterword_model::hex::NotHex;
use afterword_model::moment::Moment;
use afterword_model::record::{Head, Seq, StoreEpoch};
use afterword_model::summary::{Ask, Summary};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::case_steps::CaseSteps;
use crate::changes::Changes;
use crate::device_facts::DeviceFacts;
use crate::errand::{AgentStatus, Errand, ErrandId, ErrandResult};
use crate::limits::FRAME_MAX;
use crate::network_test::Step;
use crate::queue::{Acceptance, BeginReason, Begun, Health, Position, Run, Take};
use crate::receipt::SignedReceipt;
use crate::settings::SignedSettings;

/// The version spoken here. A kiosk answers its own and this one less one, so that either program can be updated first.
pub const LOCAL_VERSION: u16 = 2;

/// From this version on a kiosk answers [`Request::Health`] and [`Request::BeginAnew`].
pub const LOCAL_VERSION_WITH_HEALTH: u16 = 2;

/// Asked of the kiosk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// First on each connection.
    Hello {
        /// [`LOCAL_VERSION`] of the asker.
        version: u16,
        /// Its name, for the log.
        program: String,
    },
    /// [`crate::queue::Queue::position`].
    Position,
    /// [`crate::queue::Queue::next`].
    Next(Take),
    /// [`crate::queue::Queue::accept`].
    Accept(SignedReceipt),
    /// [`crate::queue::Queue::health`].
    Health,
    /// [`crate::queue::Queue::begin_anew`].
    BeginAnew {
        /// The epoch that shall end, as the asker knows it. When another one has begun by the time this is carried out,
        /// because the same was asked before and the answer was lost, no further one begins. An older agent names none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<StoreEpoch>,
        /// Why.
        reason: BeginReason,
    },
    /// [`crate::queue::Queue::keep_changes`]. Asked only of a kiosk whose health names what it keeps.
    KeepChanges(Changes),
    /// [`crate::queue::Queue::keep_case_steps`]. Asked only of a kiosk whose health names its mark.
    KeepCaseSteps(CaseSteps),
    /// [`crate::queue::Queue::keep_settings`]. Asked only of a kiosk whose health names what it has of them.
    KeepSettings(Box<SignedSettings>),
    /// What brings the next shopper. A kiosk of the version before hangs up.
    Moment {
        /// Which.
        moment: Moment,
    },
    /// The numbers of a range of local days.
    Summary(Ask),
    /// The newest alerts. A kiosk of the version before hangs up.
    Alerts {
        /// So many at most, and [`crate::limits::ALERTS_LISTED_MAX`] at most.
        newest: u32,
        /// Only those that are open.
        open_only: bool,
    },
    /// Whether there is something to do for the kiosk. Asked, as the four that follow, only of a kiosk whose hello says that it
    /// has errands.
    Errand {
        /// How long to wait for one, in milliseconds, at most [`crate::limits::QUEUE_WAIT_MAX_MS`].
        wait_ms: u64,
        /// How the agent is.
        agent: Box<AgentStatus>,
    },
    /// A step of a network test is over.
    ErrandStep {
        /// Which errand's.
        id: ErrandId,
        /// The step.
        step: Step,
    },
    /// An errand is over.
    ErrandDone {
        /// Which.
        id: ErrandId,
        /// What became of it.
        result: Box<ErrandResult>,
    },
    /// What the running kiosk knows of the device.
    Device,
    /// Have the network tested; what is found is asked for with `Device`.
    TestNetwork,
    /// What has to be done for shoppers who were not content.
    FollowUps(CasesAsk),
    /// Which responses have words that are hidden. A kiosk that hides none yet hangs up.
    HiddenWords,
}

/// Answered by the kiosk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// To `Hello`.
    Hello {
        /// [`LOCAL_VERSION`] of the kiosk.
        version: u16,
        /// Version of the kiosk program.
        program_version: String,
        /// Whether it has errands; a kiosk that says nothing of them has none.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        errands: bool,
    },
    /// To `Position`.
    Position(Position),
    /// To `Next`.
    Next {
        /// The records, where there are any.
        run: Option<RunFrame>,
    },
    /// To `Accept`.
    Accepted {
        /// What became of the receipt.
        acceptance: Acceptance,
    },
    /// To `Health`.
    Health(Health),
    /// To `BeginAnew`.
    BegunAnew {
        /// What became of it.
        begun: Begun,
    },
    /// To `KeepChanges`, to `KeepCaseSteps` and to `KeepSettings`, once they are durable.
    Kept,
    /// To `Moment`, `ErrandStep`, `ErrandDone` and `TestNetwork`.
    Told,
    /// To `Errand`.
    Errand {
        /// What is to be done; nothing when none came within the wait.
        errand: Option<Errand>,
    },
    /// To `Device`.
    Device(Box<DeviceFacts>),
    /// To `Summary`.
    Summary(Box<Summary>),
    /// To `Alerts`, the newest first.
    Alerts {
        /// They.
        alerts: Vec<Alert>,
    },
    /// To `FollowUps`.
    FollowUps(Box<Overview>),
    /// To `HiddenWords`.
    HiddenWords {
        /// The place that each of them first had.
        origins: Vec<Origin>,
    },
    /// To anything it cannot do.
    Refused {
        /// What happened and what to do, in one sentence.
        detail: String,
    },
}

/// A [`Run`] as it stands in a frame: records in base64, since their bytes are whatever the device froze.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunFrame {
    epoch: StoreEpoch,
    first_seq: Seq,
    previous_head: Head,
    records: Vec<String>,
}

/// Bytes that are no frame of this protocol.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`FRAME_MAX`].
    #[error("a frame of {0} bytes is longer than the {FRAME_MAX} allowed")]
    TooLong(usize),
    /// Not the JSON expected.
    #[error("the frame is not of this protocol: {0}")]
    Json(#[from] serde_json::Error),
    /// A record is not base64.
    #[error("a record in the frame is not base64")]
    Base64,
    /// A fixed-length field has another length.
    #[error(transparent)]
    Hex(#[from] NotHex),
}

impl From<Run> for RunFrame {
    fn from(run: Run) -> Self {
        Self {
            epoch: run.epoch,
            first_seq: run.first_seq,
            previous_head: run.previous_head,
            records: run.records.iter().map(|bytes| BASE64.encode(bytes)).collect(),
        }
    }
}

impl TryFrom<RunFrame> for Run {
    type Error = FrameError;
    fn try_from(frame: RunFrame) -> Result<Self, FrameError> {
        let records = frame.records.iter().map(|text| BASE64.decode(text).map_err(|_| FrameError::Base64));
        Ok(Self {
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            previous_head: frame.previous_head,
            records: records.collect::<Result<_, _>>()?,
        })
    }
}

/// A message as it goes over the socket: length and JSON.
///
/// # Errors
/// [`FrameError::TooLong`] when the message does not fit a frame.
pub fn encode_frame(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let json = serde_json::to_vec(message)?;
    let length = u32::try_from(json.len()).ok().filter(|&length| length as usize <= FRAME_MAX);
    let mut frame = length.ok_or(FrameError::TooLong(json.len()))?.to_be_bytes().to_vec();
    frame.extend_from_slice(&json);
    Ok(frame)
}

/// How many bytes follow these four.
///
/// # Errors
/// [`FrameError::TooLong`] before anything of that size is allocated.
pub fn frame_length(prefix: [u8; 4]) -> Result<usize, FrameError> {
    let length = u32::from_be_bytes(prefix) as usize;
    if length > FRAME_MAX { Err(FrameError::TooLong(length)) } else { Ok(length) }
}

/// Reads what followed the length.
///
/// # Errors
/// [`FrameError::Json`] when it is no such message.
pub fn decode_frame<T: DeserializeOwned>(json: &[u8]) -> Result<T, FrameError> {
    Ok(serde_json::from_slice(json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_crosses_the_socket_unchanged() {
        let run = Run {
            epoch: StoreEpoch::new([1; 16]),
            first_seq: 5,
            previous_head: Head::new([2; 32]),
            records: vec![b"{}".to_vec(), vec![0xff, b'\n', 0]],
        };
        let frame = encode_frame(&Reply::Next { run: Some(run.clone().into()) }).unwrap();
        let length = frame_length(frame[..4].try_into().unwrap()).unwrap();
        assert_eq!(length, frame.len() - 4);
        let Reply::Next { run: Some(read) } = decode_frame(&frame[4..]).unwrap() else {
            panic!("another reply")
        };
        assert_eq!(Run::try_from(read).unwrap(), run);
    }

    #[test]
    fn a_frame_beyond_the_limit_is_refused_by_its_length_alone() {
        assert!(matches!(frame_length(u32::MAX.to_be_bytes()), Err(FrameError::TooLong(_))));
        assert!(encode_frame(&"x".repeat(FRAME_MAX)).is_err());
        assert!(decode_frame::<Request>(b"{\"ask\":\"rubbish\"}").is_err());
    }
}
