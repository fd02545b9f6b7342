//! What is left of a record when some of it had been kept for as long as it was to be: a mark, and the record without that.
//!
//! A kiosk writes none of these; a collector puts one in the place of a record and keeps the record's place in its chain. The mark
//! stands before everything else: `{"reduced":{"digest":"…","fields":[…]},` and then the record's own fields. Its digest is SHA-256 over
//! the bytes as they were frozen, by which a copy that comes again is known and erased as if nothing had been taken.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::hex::Hex;

/// Tells the digest of a record from other bytes of that length.
#[derive(Debug)]
pub enum RecordDigestKind {}

/// SHA-256 over a record as it was frozen.
pub type RecordDigest = Hex<32, RecordDigestKind>;

/// What is said of a record that was reduced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Of the record as it was frozen.
    pub digest: RecordDigest,
    /// Names of what was taken of it, each once, in their order.
    pub fields: Vec<String>,
}

/// No record of a kiosk begins so.
const BEGINNING: &[u8] = br#"{"reduced":"#;

impl Mark {
    /// The mark of a record, if it has one.
    #[must_use]
    pub fn of(record: &[u8]) -> Option<Self> {
        split(record).map(|(mark, _)| mark)
    }

    /// These fields of a record, a JSON object without a mark, with this mark before them.
    ///
    /// # Panics
    /// Never: a mark is texts.
    #[must_use]
    pub fn put_before(&self, fields: &[u8]) -> Vec<u8> {
        let mark = serde_json::to_vec(self).expect("a mark holds only texts");
        let rest = fields.strip_prefix(b"{").unwrap_or(fields);
        [BEGINNING, &mark, b",", rest].concat()
    }
}

/// The record's own fields, without the mark where it has one.
#[must_use]
pub fn unmarked(record: &[u8]) -> Cow<'_, [u8]> {
    match split(record) {
        Some((_, rest)) => Cow::Owned([b"{", rest].concat()),
        None => Cow::Borrowed(record),
    }
}

/// The mark, and what comes after it and its comma.
fn split(record: &[u8]) -> Option<(Mark, &[u8])> {
    let after = record.strip_prefix(BEGINNING)?;
    let mut marks = serde_json::Deserializer::from_slice(after).into_iter::<Mark>();
    let mark = marks.next()?.ok()?;
    let rest = after.get(marks.byte_offset()..)?.strip_prefix(b",")?;
    Some((mark, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_off_as_it_was_put_on_and_nothing_else_is_one() {
        let mark = Mark { digest: RecordDigest::new([7; 32]), fields: vec!["comment".into()] };
        let marked = mark.put_before(br#"{"v":1,"seq":7}"#);
        let beginning =
            format!(r#"{{"reduced":{{"digest":"{}","fields":["comment"]}},"v":1"#, "07".repeat(32));
        assert!(marked.starts_with(beginning.as_bytes()), "{}", String::from_utf8_lossy(&marked));
        assert_eq!(Mark::of(&marked), Some(mark));
        assert_eq!(unmarked(&marked), &br#"{"v":1,"seq":7}"#[..]);
        for other in [&br#"{"v":1,"reduced":{}}"#[..], br#"{"reduced":{"digest":"07"},"v":1}"#, b"", b"{}"] {
            assert_eq!((Mark::of(other), unmarked(other)), (None, other.into()));
        }
    }
}
