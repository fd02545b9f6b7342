//! Carried records: what a store still had when it had to begin a new epoch, under new numbers, each with the place it
//! first had.
//!
//! A store begins anew when its file was damaged, when a record in it rotted, or when the collector holds another
//! history under its numbers (a restored card, a clone). Its records are not renumbered: their bytes stand verbatim in
//! new records that say where they come from. Whoever counts, counts an origin once.
//!
//! Invariants: [`wrap`] and [`Carried::read`] are each other's reverse, byte for byte; a carried record that is carried
//! again keeps its first origin. Bytes that are no JSON object can't be carried; that is an error, not a panic.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::record::{Seq, StoreEpoch};

/// The shape of a carried record that this code writes.
pub const CARRIED_VERSION: u8 = 1;

/// Bytes that carrying adds to a record at most: version, two numbers of 19 digits, the epoch and the names.
pub const CARRYING_BYTES_MAX: usize = 160;

/// Where a record first stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The epoch it was frozen in.
    pub epoch: StoreEpoch,
    /// Its number there.
    pub seq: Seq,
}

/// A carried record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried<'a> {
    /// Its number in the epoch it was carried into.
    pub seq: Seq,
    /// Where it first stood.
    pub origin: Origin,
    /// Its bytes as they were frozen there.
    pub record: &'a [u8],
}

/// As it is written. The order of the fields is part of the format.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    v: u8,
    seq: Seq,
    carried_from: Origin,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Bytes that can't be carried, or are no carried record.
#[derive(Debug, thiserror::Error)]
pub enum NotCarried {
    /// The record to be carried is no JSON object on one line.
    #[error("only a JSON object on one line can be carried")]
    NoObject,
    /// Not of the shape of a carried record.
    #[error("not a carried record: {0}")]
    Json(#[from] serde_json::Error),
    /// A shape of the future.
    #[error("carried record of version {0}, this program reads up to {CARRIED_VERSION}")]
    Version(u8),
}

/// A record's bytes under a new number, with the place it first had. A record that was carried before keeps the origin
/// it names; `stood_at` is then only where it stood last.
///
/// # Errors
/// [`NotCarried::NoObject`] for bytes that would not come out again as they are.
pub fn wrap(seq: Seq, stood_at: Origin, record: &[u8]) -> Result<Vec<u8>, NotCarried> {
    let (origin, record) = match Carried::read(record) {
        Ok(before) => (before.origin, before.record),
        Err(_) => (stood_at, record),
    };
    let text = std::str::from_utf8(record).map_err(|_| NotCarried::NoObject)?;
    let plain = text.starts_with('{') && text.ends_with('}') && !text.contains(['\n', '\r']);
    let raw: &RawValue = serde_json::from_str(text).ok().filter(|_| plain).ok_or(NotCarried::NoObject)?;
    let envelope = Envelope { v: CARRIED_VERSION, seq, carried_from: origin, record: raw };
    Ok(serde_json::to_vec(&envelope)?)
}

impl<'a> Carried<'a> {
    /// Reads a carried record.
    ///
    /// # Errors
    /// [`NotCarried`] when it is another kind of record, or of a newer version.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotCarried> {
        let envelope: Envelope<'a> = serde_json::from_slice(bytes)?;
        if envelope.v > CARRIED_VERSION {
            return Err(NotCarried::Version(envelope.v));
        }
        let record = envelope.record.get().as_bytes();
        Ok(Self { seq: envelope.seq, origin: envelope.carried_from, record })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { epoch: StoreEpoch::new([9; 16]), seq: 4_812 };

    #[test]
    fn a_record_comes_out_as_it_went_in() {
        for record in ["{\"v\":1,\"seq\":4812}", "{ \"odd\" :  [1.0e5, \"\\u00e9\"] }", "{}"] {
            let bytes = wrap(7, ORIGIN, record.as_bytes()).unwrap();
            let carried = Carried::read(&bytes).unwrap();
            assert_eq!((carried.seq, carried.origin, carried.record), (7, ORIGIN, record.as_bytes()));
            assert!(bytes.len() <= record.len() + CARRYING_BYTES_MAX);
        }
    }

    #[test]
    fn the_first_origin_stays() {
        let once = wrap(7, ORIGIN, b"{\"a\":1}").unwrap();
        let later = Origin { epoch: StoreEpoch::new([1; 16]), seq: 7 };
        let twice = wrap(3, later, &once).unwrap();
        assert_eq!(Carried::read(&twice).unwrap(), Carried { seq: 3, origin: ORIGIN, record: b"{\"a\":1}" });
    }

    #[test]
    fn the_format_is_fixed() {
        let epoch = "09".repeat(16);
        let expected = format!(
            "{{\"v\":1,\"seq\":7,\"carried_from\":{{\"epoch\":\"{epoch}\",\"seq\":4812}},\"record\":{{}}}}"
        );
        assert_eq!(String::from_utf8(wrap(7, ORIGIN, b"{}").unwrap()).unwrap(), expected);
    }

    #[test]
    fn what_would_come_out_changed_is_not_carried() {
        for record in [&b"[1]"[..], b"{}\n", b" {}", b"{\"a\":\n1}", b"\xff", b"", b"{\"a\":"] {
            assert!(wrap(1, ORIGIN, record).is_err(), "{record:?}");
        }
        assert!(Carried::read(b"{\"v\":1,\"seq\":1}").is_err());
    }

    #[test]
    fn the_longest_numbers_fit_the_bound() {
        let origin = Origin { epoch: StoreEpoch::new([255; 16]), seq: u64::MAX };
        assert!(wrap(u64::MAX, origin, b"{}").unwrap().len() <= 2 + CARRYING_BYTES_MAX);
    }
}
