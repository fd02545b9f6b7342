//! One shopper's answers, as they are frozen and as the collector reads them.
//!
//! The JSON written here is the record: it is hashed, chained, sent and stored as these very bytes, so its
//! shape only ever grows by optional fields, and `v` tells a reader which shape it holds.

use serde::{Deserialize, Serialize};

use crate::carried::Carried;
use crate::contact::Contact;
use crate::follow_up::FollowUpCode;
use crate::mask::Spans;
use crate::moment::Moment;
use crate::record::Seq;
use crate::scale::ScaleKind;

/// The shape of [`Response`] this code writes.
pub const RESPONSE_VERSION: u8 = 1;

/// One shopper's answers to one survey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Shape of this record; [`RESPONSE_VERSION`].
    pub v: u8,
    /// The record's own place, so that bytes found alone still say where they belong.
    pub seq: Seq,
    /// What was answered.
    #[serde(flatten)]
    pub draft: Draft,
    /// How the visit to the kiosk ended.
    pub outcome: Outcome,
    /// Milliseconds from the first tap to the end, by the monotonic clock.
    pub took_ms: u64,
}

/// The answers so far. Saved after the first tap and after each step, frozen once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Id of the survey.
    pub survey: String,
    /// Version of the survey the shopper began with; a response stays on it.
    pub survey_version: u32,
    /// Language on the screen at the last answer, as a BCP 47 tag (`en`, `de`).
    pub language: String,
    /// Language at the first tap, where it was another. Branches go by it, so that whoever changes the language
    /// half-way does not lose the question that is being answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_at_first: Option<String>,
    /// Where the kiosk stands (`exit`, `checkout`), where it is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoint: Option<String>,
    /// What brought the shopper to the kiosk (`checkout`), where a till or a sensor had told it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
    /// When the first tap came.
    pub started: Stamp,
    /// Why this may be no shopper's honest word. Nothing is left out for it: every number can be read with and without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// How much was masked in what was typed, before any of it was written.
    #[serde(default, skip_serializing_if = "Spans::is_none")]
    pub masked: Spans,
    /// The number that decided which sampled questions are asked, where the survey leaves anything to chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<u32>,
    /// Id of the survey's variant that was shown, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What the shopper was given to ask later what came of it. It comes with the end of a visit that was not broken off,
    /// so no draft that is saved before has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up_code: Option<FollowUpCode>,
    /// Id of the question that was on the screen at the end, where that was not the last step. Who was interrupted by a power cut
    /// has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<String>,
    /// Questions that were on the screen and of which neither an answer nor `left_at` tells, in the survey's order. Those that a
    /// later answer took out of the visit are not among them, as their answers are not. Programs before noted nothing of the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Passed>,
    /// Answers in the order of the survey's questions, at most one to each.
    pub answers: Vec<Answer>,
}

/// Why a response may be no shopper's honest word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// It was begun just after another had ended, as when one hand taps again and again.
    Repeat,
    /// It was begun when more had been begun within a minute than a door lets people through.
    Burst,
}

/// A question that was shown and passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Id of the question.
    pub question: String,
    /// Milliseconds from the first tap to when its page was left for the last time.
    pub at_ms: u64,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Id of the question.
    pub question: String,
    /// What was chosen or written.
    #[serde(flatten)]
    pub value: AnswerValue,
    /// Milliseconds from the first tap to this answer's last change.
    pub at_ms: u64,
}

/// What was chosen or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerValue {
    /// One of five faces, from 1 (worst) to 5 (best).
    Face(u8),
    /// One of four faces, from 1 (worst) to 4 (best).
    Face4(u8),
    /// One to five stars.
    Stars(u8),
    /// How likely a recommendation is, 0 to 10.
    Nps(u8),
    /// How easy it was, from 1 (hard) to 7 (easy).
    Effort(u8),
    /// A thumb, 0 for down and 1 for up.
    Thumbs(u8),
    /// Ids of the chosen options, in the survey's order. Empty means shown and left empty.
    Choices(Vec<String>),
    /// Words, at most 200 grapheme clusters.
    Comment(String),
    /// How to reply, sealed.
    Contact(Contact),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The shopper came to the last step, by answering or skipping.
    Completed,
    /// The shopper pressed Finish before the last step.
    Finished,
    /// Nobody touched the screen until the time limit.
    TimedOut,
    /// The program or the power stopped; found and frozen at the next start.
    Interrupted,
}

/// A moment as a device knew it. The collector can re-time a device that had no clock from `boot` and `mono_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Wall time, milliseconds since 1970-01-01T00:00:00Z.
    pub wall_ms: i64,
    /// Offset of the store's local time from UTC at that moment, in minutes, east positive.
    pub offset_min: i16,
    /// How often a database was opened in this device's directory, from 1.
    pub boot: u32,
    /// Monotonic milliseconds within that opening.
    pub mono_ms: u64,
    /// How far the wall time can be trusted.
    pub clock: ClockQuality,
}

/// How far a device's wall time can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockQuality {
    /// The operating system says it is synchronised.
    Synced,
    /// Plausible (after the build and the last receipt), but nobody vouches for it.
    Free,
    /// Before the floor: certainly wrong.
    Unset,
}

impl Stamp {
    /// Days since 1970-01-01 in the store's local time; the day a manager's summary counts it in.
    #[must_use]
    pub fn local_day(&self) -> i64 {
        self.local_ms().div_euclid(86_400_000)
    }

    /// Minute of that day, 0 to 1439.
    #[must_use]
    pub fn local_minute(&self) -> u16 {
        u16::try_from(self.local_ms().rem_euclid(86_400_000) / 60_000).unwrap_or(0)
    }

    /// Hour of that day, 0 to 23.
    #[must_use]
    pub fn local_hour(&self) -> u8 {
        u8::try_from(self.local_ms().rem_euclid(86_400_000) / 3_600_000).unwrap_or(23)
    }

    fn local_ms(&self) -> i64 {
        self.wall_ms.saturating_add(i64::from(self.offset_min) * 60_000)
    }
}

/// Bytes that claim to be a record and are not one this code can read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of the shape above.
    #[error("not a response: {0}")]
    Json(#[from] serde_json::Error),
    /// A shape of the future.
    #[error("response of version {0}, this program reads up to {RESPONSE_VERSION}")]
    Version(u8),
    /// The record says it stands elsewhere.
    #[error("the record says seq {found}, it stands at {expected}")]
    Seq {
        /// Where it was found.
        expected: Seq,
        /// What it says of itself.
        found: Seq,
    },
}

impl Response {
    /// The record's bytes: JSON on one line, without a line feed.
    ///
    /// # Panics
    /// Never: every field is a string, a number or a list of them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a response holds only strings, numbers and lists")
    }

    /// Reads a record that stands at `seq`, also one that was carried there from another epoch: that response then
    /// has the number it first had.
    ///
    /// # Errors
    /// [`Unreadable`] says why it is none.
    pub fn from_bytes(seq: Seq, bytes: &[u8]) -> Result<Self, Unreadable> {
        let (seq, response) = match serde_json::from_slice::<Self>(bytes) {
            Ok(response) => (seq, response),
            // Nearly every record is a plain one, so the other kind is only tried where that failed.
            Err(error) => {
                let Ok(carried) = Carried::read(bytes) else { return Err(error.into()) };
                if carried.seq != seq {
                    return Err(Unreadable::Seq { expected: seq, found: carried.seq });
                }
                (carried.origin.seq, serde_json::from_slice(carried.record)?)
            }
        };
        if response.v > RESPONSE_VERSION {
            return Err(Unreadable::Version(response.v));
        }
        if response.seq != seq {
            return Err(Unreadable::Seq { expected: seq, found: response.seq });
        }
        Ok(response)
    }
}

impl Draft {
    /// What stands before the first answer, of a kiosk that knows nothing else.
    #[must_use]
    pub fn begun(survey: &str, survey_version: u32, language: &str, started: Stamp) -> Self {
        Self {
            survey: survey.into(),
            survey_version,
            language: language.into(),
            language_at_first: None,
            touchpoint: None,
            moment: None,
            started,
            flags: Vec::new(),
            masked: Spans::default(),
            draw: None,
            variant: None,
            follow_up_code: None,
            left_at: None,
            passed: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The answer to a question, where there is one.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<&AnswerValue> {
        self.answers.iter().find(|answer| answer.question == question).map(|answer| &answer.value)
    }

    /// The language that branches go by: the one on the screen at the first tap.
    #[must_use]
    pub fn first_language(&self) -> &str {
        self.language_at_first.as_deref().unwrap_or(&self.language)
    }

    /// Every rating in the answers, on whatever scale, with its question.
    pub fn ratings(&self) -> impl Iterator<Item = (&str, ScaleKind, u8)> {
        self.answers.iter().filter_map(|answer| {
            answer.value.rating().map(|(scale, value)| (answer.question.as_str(), scale, value))
        })
    }

    /// Every one of five faces in the answers, with its question.
    pub fn faces(&self) -> impl Iterator<Item = (&str, u8)> {
        self.answers.iter().filter_map(|answer| match answer.value {
            AnswerValue::Face(face) => Some((answer.question.as_str(), face)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::carried::{Origin, wrap};
    use crate::contact::Channel;
    use crate::ports::SeededEntropy;
    use crate::record::StoreEpoch;

    fn response() -> Response {
        let started = Stamp {
            wall_ms: 1_795_300_000_123,
            offset_min: 60,
            boot: 3,
            mono_ms: 5_000,
            clock: ClockQuality::Synced,
        };
        Response {
            v: RESPONSE_VERSION,
            seq: 7,
            draft: Draft {
                touchpoint: Some("exit".into()),
                answers: vec![
                    Answer { question: "visit".into(), value: AnswerValue::Face(2), at_ms: 0 },
                    Answer {
                        question: "why".into(),
                        value: AnswerValue::Choices(vec!["waiting".into()]),
                        at_ms: 2_100,
                    },
                    Answer {
                        question: "words".into(),
                        value: AnswerValue::Comment("slow".into()),
                        at_ms: 9_000,
                    },
                ],
                ..Draft::begun("grocery-exit", 1, "en", started)
            },
            outcome: Outcome::Completed,
            took_ms: 9_400,
        }
    }

    /// Frozen bytes outlive programs: a change of this line is a change of the wire.
    #[test]
    fn the_bytes_of_a_record() {
        assert_eq!(
            String::from_utf8(response().to_bytes()).unwrap(),
            concat!(
                r#"{"v":1,"seq":7,"survey":"grocery-exit","survey_version":1,"language":"en","touchpoint":"exit","#,
                r#""started":{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"},"#,
                r#""answers":[{"question":"visit","face":2,"at_ms":0},{"question":"why","choices":["waiting"],"at_ms":2100},"#,
                r#"{"question":"words","comment":"slow","at_ms":9000}],"outcome":"completed","took_ms":9400}"#
            )
        );
    }

    /// The same for every kind of answer and every field that came later.
    #[test]
    fn the_bytes_of_what_came_later() {
        let answer = |question: &str, value| Answer { question: question.into(), value, at_ms: 0 };
        let contact = Contact { channel: Channel::Email, consent: 2, sealed: "c2VhbGVk".into() };
        let later = Response {
            draft: Draft {
                language_at_first: Some("de".into()),
                draw: Some(u32::MAX),
                variant: Some("warm".into()),
                follow_up_code: FollowUpCode::parse("harbor-maple-tide").ok(),
                answers: vec![
                    answer("a", AnswerValue::Face4(4)),
                    answer("b", AnswerValue::Stars(5)),
                    answer("c", AnswerValue::Nps(0)),
                    answer("d", AnswerValue::Effort(7)),
                    answer("e", AnswerValue::Thumbs(1)),
                    answer("f", AnswerValue::Contact(contact)),
                ],
                ..Draft::begun("s", 1, "en", response().draft.started)
            },
            ..response()
        };
        assert_eq!(
            String::from_utf8(later.to_bytes()).unwrap(),
            concat!(
                r#"{"v":1,"seq":7,"survey":"s","survey_version":1,"language":"en","language_at_first":"de","#,
                r#""started":{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"},"#,
                r#""draw":4294967295,"variant":"warm","follow_up_code":["harbor","maple","tide"],"#,
                r#""answers":[{"question":"a","face4":4,"at_ms":0},"#,
                r#"{"question":"b","stars":5,"at_ms":0},{"question":"c","nps":0,"at_ms":0},"#,
                r#"{"question":"d","effort":7,"at_ms":0},{"question":"e","thumbs":1,"at_ms":0},"#,
                r#"{"question":"f","contact":{"channel":"email","consent":2,"sealed":"c2VhbGVk"},"at_ms":0}],"#,
                r#""outcome":"completed","took_ms":9400}"#
            )
        );
        assert_eq!(Response::from_bytes(7, &later.to_bytes()).unwrap(), later);
    }

    fn value() -> impl Strategy<Value = AnswerValue> {
        let contact = (any::<bool>(), any::<u32>(), "[A-Za-z0-9+/]{0,60}={0,2}");
        prop_oneof![
            any::<u8>().prop_map(AnswerValue::Face),
            any::<u8>().prop_map(AnswerValue::Face4),
            any::<u8>().prop_map(AnswerValue::Stars),
            any::<u8>().prop_map(AnswerValue::Nps),
            any::<u8>().prop_map(AnswerValue::Effort),
            any::<u8>().prop_map(AnswerValue::Thumbs),
            prop::collection::vec("[a-z-]{1,8}", 0..4).prop_map(AnswerValue::Choices),
            any::<String>().prop_map(AnswerValue::Comment),
            contact.prop_map(|(by_phone, consent, sealed)| {
                let channel = if by_phone { Channel::Phone } else { Channel::Email };
                AnswerValue::Contact(Contact { channel, consent, sealed })
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            values in prop::collection::vec(value(), 0..6),
            draw in any::<Option<u32>>(),
            variant in any::<Option<String>>(),
            language_at_first in any::<Option<String>>(),
            code in any::<Option<u64>>(),
            passed in prop::collection::vec(("[a-z-]{1,8}", any::<u64>()), 0..3),
        ) {
            let answers =
                values.into_iter().map(|value| Answer { question: "q".into(), value, at_ms: 1 }).collect();
            let follow_up_code = code.map(|seed| FollowUpCode::draw(&SeededEntropy::new(seed)));
            let passed = passed.into_iter().map(|(question, at_ms)| Passed { question, at_ms }).collect();
            let draft =
                Draft { answers, draw, variant, language_at_first, follow_up_code, passed, ..response().draft };
            let written = Response { draft, ..response() };
            prop_assert_eq!(Response::from_bytes(7, &written.to_bytes()).unwrap(), written);
        }

        /// Records of the programs before this one, as those wrote them.
        #[test]
        fn old_bytes_are_read_and_written_as_they_were(
            face in any::<u8>(),
            reason in "[a-z-]{1,40}",
            words in "[ -!#-\\[\\]-~é😀]{0,40}",
        ) {
            let old = String::from_utf8(response().to_bytes()).unwrap()
                .replace(r#""face":2"#, &format!(r#""face":{face}"#))
                .replace(r#"["waiting"]"#, &format!(r#"["{reason}"]"#))
                .replace(r#""slow""#, &format!(r#""{words}""#));
            let read = Response::from_bytes(7, old.as_bytes()).unwrap();
            prop_assert_eq!(read.draft.answer("visit"), Some(&AnswerValue::Face(face)));
            prop_assert_eq!(read.draft.answer("words"), Some(&AnswerValue::Comment(words)));
            prop_assert_eq!(read.to_bytes(), old.into_bytes());
        }
    }

    /// The list of words is not the record's business.
    #[test]
    fn a_code_of_words_that_nobody_knows_is_read_as_it_is() {
        let known =
            Draft { follow_up_code: FollowUpCode::parse("harbor-maple-tide").ok(), ..response().draft };
        let written = String::from_utf8(Response { draft: known, ..response() }.to_bytes()).unwrap();
        let foreign = written.replace(r#"["harbor","#, r#"["Hafen","#);
        let read = Response::from_bytes(7, foreign.as_bytes()).unwrap();
        assert_eq!(read.draft.follow_up_code.as_ref().unwrap().to_string(), "Hafen-maple-tide");
        assert_eq!(read.to_bytes(), foreign.into_bytes());
    }

    #[test]
    fn a_carried_response_is_read_with_its_first_number() {
        let origin = Origin { epoch: StoreEpoch::new([9; 16]), seq: 7 };
        let carried = wrap(2, origin, &response().to_bytes()).unwrap();
        assert_eq!(Response::from_bytes(2, &carried).unwrap(), response());
        assert!(matches!(Response::from_bytes(7, &carried), Err(Unreadable::Seq { expected: 7, found: 2 })));
    }

    #[test]
    fn a_record_out_of_its_place_or_of_the_future_is_refused() {
        assert!(matches!(
            Response::from_bytes(8, &response().to_bytes()),
            Err(Unreadable::Seq { expected: 8, found: 7 })
        ));
        let future = Response { v: 2, ..response() };
        assert!(matches!(Response::from_bytes(7, &future.to_bytes()), Err(Unreadable::Version(2))));
        assert!(matches!(Response::from_bytes(7, b"\xff{"), Err(Unreadable::Json(_))));
    }

    #[test]
    fn the_local_day_turns_at_local_midnight() {
        let at = |wall_ms, offset_min| Stamp { wall_ms, offset_min, ..response().draft.started };
        assert_eq!((at(0, 0).local_day(), at(0, 0).local_hour()), (0, 0));
        assert_eq!((at(0, -60).local_day(), at(0, -60).local_hour()), (-1, 23));
        assert_eq!((at(-60_000, 0).local_minute(), at(90_000, 60).local_minute()), (1_439, 61));
        assert_eq!((at(82_800_000, 60).local_day(), at(82_800_000, 60).local_hour()), (1, 0));
        assert_eq!(at(66_600_000, 330).local_day(), 1);
    }
}
