//! Whether a record's bytes can be read, without making anything of them.
//!
//! The collector asks this of every record that arrives, and makes a response of few. Invariant: [`check`] says what
//! [`Content::from_bytes`] would say; where the short way is not certain, the long one decides. Steps of cases go the long way:
//! they are few.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::contact::Channel;
use crate::content::Content;
use crate::mask::Spans;
use crate::moment::Moment;
use crate::record::Seq;
use crate::response::{Flag, Outcome, Passed, RESPONSE_VERSION, Stamp, Unreadable};

/// A response by its fields alone. No field is flattened into another, which is what makes the long way long.
#[derive(Deserialize)]
struct Shape<'a> {
    v: u8,
    seq: Seq,
    #[serde(borrow, rename = "survey")]
    _survey: Cow<'a, str>,
    #[serde(rename = "survey_version")]
    _survey_version: u32,
    #[serde(borrow, rename = "language")]
    _language: Cow<'a, str>,
    #[serde(borrow, default, rename = "language_at_first")]
    _language_at_first: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "touchpoint")]
    _touchpoint: Option<Cow<'a, str>>,
    #[serde(default, rename = "moment")]
    _moment: Option<Moment>,
    #[serde(rename = "started")]
    _started: Stamp,
    #[serde(default, rename = "flags")]
    _flags: Vec<Flag>,
    #[serde(default, rename = "masked")]
    _masked: Spans,
    #[serde(default, rename = "draw")]
    _draw: Option<u32>,
    #[serde(borrow, default, rename = "variant")]
    _variant: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "left_at")]
    _left_at: Option<Cow<'a, str>>,
    #[serde(default, rename = "passed")]
    _passed: Vec<Passed>,
    #[serde(borrow)]
    answers: Vec<ShapeOfAnswer<'a>>,
    #[serde(rename = "outcome")]
    _outcome: Outcome,
    #[serde(rename = "took_ms")]
    _took_ms: u64,
}

#[derive(Deserialize)]
struct ShapeOfAnswer<'a> {
    #[serde(borrow, rename = "question")]
    _question: Cow<'a, str>,
    #[serde(default, deserialize_with = "given")]
    face: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    face4: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    stars: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    nps: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    effort: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    thumbs: Option<u8>,
    #[serde(borrow, default, deserialize_with = "given")]
    choices: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    comment: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "given")]
    contact: Option<ShapeOfContact<'a>>,
    #[serde(rename = "at_ms")]
    _at_ms: u64,
}

#[derive(Deserialize)]
struct ShapeOfContact<'a> {
    #[serde(rename = "channel")]
    _channel: Channel,
    #[serde(rename = "consent")]
    _consent: u32,
    #[serde(borrow, rename = "sealed")]
    _sealed: Cow<'a, str>,
}

/// A value that is there. `null` is no value to the long way, so it must not pass for an absent one here.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl ShapeOfAnswer<'_> {
    fn has_value(&self) -> bool {
        let ratings = [self.face, self.face4, self.stars, self.nps, self.effort, self.thumbs];
        ratings.iter().any(Option::is_some)
            || self.choices.is_some()
            || self.comment.is_some()
            || self.contact.is_some()
    }
}

/// Whether a record that stands at `seq` can be read.
///
/// # Errors
/// [`Unreadable`], as [`Content::from_bytes`] gives it.
pub fn check(seq: Seq, bytes: &[u8]) -> Result<(), Unreadable> {
    if is_certain(seq, bytes) { Ok(()) } else { Content::from_bytes(seq, bytes).map(drop) }
}

/// Whether the short way is certain that these bytes are a response which stands at `seq`, and was carried from nowhere.
#[must_use]
pub fn is_certain(seq: Seq, bytes: &[u8]) -> bool {
    serde_json::from_slice::<Shape<'_>>(bytes).is_ok_and(|shape| {
        shape.v <= RESPONSE_VERSION && shape.seq == seq && shape.answers.iter().all(ShapeOfAnswer::has_value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORD: &str = concat!(
        r#"{"v":1,"seq":7,"survey":"grocery-exit","survey_version":1,"language":"en","touchpoint":"exit","#,
        r#""started":{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"},"#,
        r#""answers":[{"question":"visit","face":2,"at_ms":0},{"question":"why","choices":["waiting"],"at_ms":2100},"#,
        r#"{"question":"words","comment":"slow \"é\"","at_ms":9000}],"outcome":"completed","took_ms":9400}"#
    );

    fn agrees(bytes: &[u8]) {
        let (short, long) = (check(7, bytes), Content::from_bytes(7, bytes));
        assert_eq!(short.is_ok(), long.is_ok(), "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn what_is_written_can_be_read() {
        assert!(check(7, RECORD.as_bytes()).is_ok());
        assert!(matches!(check(8, RECORD.as_bytes()), Err(Unreadable::Seq { expected: 8, found: 7 })));
        assert!(check(7, b"{}").is_err());
    }

    #[test]
    fn both_ways_agree_where_they_might_not() {
        for (part, other) in [
            ("\"face\":2", "\"face\":null"),
            ("\"face\":2", "\"face\":256"),
            ("\"face\":2", "\"thumb\":1"),
            ("\"face\":2", "\"thumbs\":1"),
            ("\"face\":2", "\"face4\":4"),
            ("\"face\":2", "\"nps\":null,\"face\":2"),
            ("\"face\":2", "\"face\":2,\"stars\":null"),
            ("\"face\":2", "\"comment\":null,\"face\":2"),
            ("\"face\":2", "\"effort\":256,\"face\":2"),
            ("\"face\":2", "\"contact\":{\"channel\":\"phone\",\"consent\":1,\"sealed\":\"eA==\"}"),
            ("\"face\":2", "\"contact\":{\"channel\":\"pigeon\",\"consent\":1,\"sealed\":\"eA==\"}"),
            ("\"face\":2", "\"contact\":{\"channel\":\"phone\",\"consent\":1,\"sealed\":7},\"face\":2"),
            ("\"face\":2", "\"contact\":[\"phone\",1,\"eA==\"]"),
            ("\"answers\"", "\"draw\":7,\"variant\":\"warm\",\"answers\""),
            ("\"answers\"", "\"draw\":-7,\"answers\""),
            ("\"answers\"", "\"variant\":null,\"answers\""),
            ("\"answers\"", "\"variant\":7,\"answers\""),
            ("\"answers\"", "\"language_at_first\":[],\"answers\""),
            ("\"face\":2", "\"face\":2,\"comment\":\"both\""),
            ("\"face\":2", "\"face\":2,\"comment\":5"),
            ("\"face\":2", "\"face\":2,\"face\":3"),
            ("\"choices\":[\"waiting\"]", "\"choices\":[]"),
            ("\"touchpoint\":\"exit\"", "\"touchpoint\":null"),
            ("\"touchpoint\":\"exit\"", "\"touchpoint\":\"exit\",\"touchpoint\":\"exit\""),
            ("\"started\"", "\"moment\":{\"name\":\"checkout\",\"context\":{\"lane\":\"3\"}},\"started\""),
            ("\"started\"", "\"moment\":null,\"started\""),
            ("\"answers\"", "\"flags\":[\"repeat\",\"burst\"],\"answers\""),
            ("\"answers\"", "\"flags\":[\"later\"],\"answers\""),
            ("\"answers\"", "\"masked\":{\"phones\":1},\"answers\""),
            ("\"answers\"", "\"masked\":{\"phones\":-1},\"answers\""),
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":1,\"later\":{\"x\":[1]}"),
            ("completed", "abandoned"),
            ("\"took_ms\":9400", "\"took_ms\":-1"),
            ("\"clock\":\"synced\"", "\"clock\":\"synced\",\"later\":1"),
        ] {
            let changed = RECORD.replacen(part, other, 1);
            assert_ne!(changed, RECORD);
            agrees(changed.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(at in 0..RECORD.len(), with in any::<u8>(), cut in 0..RECORD.len()) {
            let mut bytes = RECORD.as_bytes().to_vec();
            bytes[at] = with;
            agrees(&bytes);
            agrees(&bytes[..cut]);
        }
    }
}
