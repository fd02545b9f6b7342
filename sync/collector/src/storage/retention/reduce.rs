//! What is left of a record without some of its fields.
//!
//! A response stays one that every reader here can read, and that is counted as before: of a comment three dots are left, since one without
//! words counts as none, a contact holds nothing, a follow-up code is not there. Fields that a later kiosk wrote and this program does not know are left as they are.

use std::collections::BTreeSet;

use afterword_model::carried::{Carried, wrap};
use afterword_model::case::{CaseEvent, Step};
use afterword_model::content::Content;
use afterword_model::record::Seq;
use afterword_model::reduced::{Mark, RecordDigest, unmarked};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::RetentionField;

/// What is left of a comment.
pub(crate) const TAKEN_WORDS: &str = "…";

/// Which fields.
pub(crate) type Fields = BTreeSet<RetentionField>;

/// SHA-256 over a record as it was frozen, whether or not something was taken of it since. Not of a carried one with its envelope.
pub(crate) fn frozen_digest(content: &[u8]) -> [u8; 32] {
    Mark::of(content).map_or_else(|| Sha256::digest(content).into(), |mark| *mark.digest.as_bytes())
}

/// The mark of a row's bytes, be it of a carried record or not.
pub(crate) fn mark_of(bytes: &[u8]) -> Option<Mark> {
    Mark::of(Carried::read(bytes).map_or(bytes, |carried| carried.record))
}

/// The fields that a mark says are gone. What a later program took, this one does not know by name.
pub(crate) fn taken(mark: &Mark) -> Fields {
    mark.fields.iter().filter_map(|name| RetentionField::named(name)).collect()
}

/// The record that stands at this number without these fields; none where it has none of them, or cannot be read.
pub(crate) fn reduce(seq: Seq, bytes: &[u8], fields: &Fields) -> Option<Vec<u8>> {
    match Carried::read(bytes) {
        Ok(carried) => {
            let record = reduce_content(carried.origin.seq, carried.record, fields)?;
            wrap(carried.seq, carried.origin, &record).ok()
        }
        Err(_) => reduce_content(seq, bytes, fields),
    }
}

fn reduce_content(seq: Seq, content: &[u8], fields: &Fields) -> Option<Vec<u8>> {
    let plain = unmarked(content);
    let (rest, mut gone) = match Content::from_bytes(seq, &plain).ok()? {
        Content::Response(_) => {
            let mut response = serde_json::from_slice(&plain).ok()?;
            let gone = take_of_response(&mut response, fields);
            (serde_json::to_vec(&response).ok()?, gone)
        }
        Content::Case(mut record) => {
            let gone = fields.contains(&RetentionField::CaseWords) && take_words(&mut record.case);
            (record.to_bytes(), gone.then_some(RetentionField::CaseWords).into_iter().collect())
        }
    };
    if gone.is_empty() {
        return None;
    }
    let digest = RecordDigest::new(frozen_digest(content));
    gone.extend(Mark::of(content).iter().flat_map(taken));
    let fields = gone.into_iter().map(|field| field.name().to_owned()).collect();
    Some(Mark { digest, fields }.put_before(&rest))
}

fn take_of_response(response: &mut Map<String, Value>, fields: &Fields) -> Fields {
    let mut gone = Fields::new();
    for answer in response.get_mut("answers").and_then(Value::as_array_mut).into_iter().flatten() {
        if fields.contains(&RetentionField::Comment)
            && let Some(words) =
                answer.get_mut("comment").filter(|words| **words != "" && **words != TAKEN_WORDS)
        {
            *words = TAKEN_WORDS.into();
            gone.insert(RetentionField::Comment);
        }
        if fields.contains(&RetentionField::Contact)
            && let Some(sealed) = answer.pointer_mut("/contact/sealed").filter(|sealed| **sealed != "")
        {
            *sealed = "".into();
            gone.insert(RetentionField::Contact);
        }
    }
    if fields.contains(&RetentionField::FollowUpCode) && response.remove("follow_up_code").is_some() {
        gone.insert(RetentionField::FollowUpCode);
    }
    gone
}

/// Takes the words of a step. Whether there were any.
pub(super) fn take_words(event: &mut CaseEvent) -> bool {
    match &mut event.step {
        Step::Opened { words, .. }
        | Step::Acted { words, .. }
        | Step::Verified { words, .. }
        | Step::Reopened { words, .. } => words.take().is_some(),
        Step::Noted { words } => !std::mem::take(words).is_empty(),
        Step::Acknowledged => false,
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::carried::Origin;
    use afterword_model::record::StoreEpoch;
    use afterword_model::response::Response;

    use super::*;

    const RECORD: &str = concat!(
        r#"{"v":1,"seq":7,"survey":"exit","survey_version":1,"language":"en","#,
        r#""started":{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"},"#,
        r#""follow_up_code":["harbor","maple","tide"],"later":"a field of later","answers":[{"question":"visit","face":2,"at_ms":0},"#,
        r#"{"question":"words","comment":"Mrs Applewhite","at_ms":9000},{"question":"reply","contact":{"channel":"phone","consent":2,"#,
        r#""sealed":"c2VhbGVk"},"at_ms":9100}],"outcome":"completed","took_ms":9400}"#
    );

    fn only(field: RetentionField) -> Fields {
        Fields::from([field])
    }

    #[test]
    fn one_field_goes_after_the_other_and_the_digest_stays_that_of_the_whole() {
        let whole = frozen_digest(RECORD.as_bytes());
        let one = reduce(7, RECORD.as_bytes(), &only(RetentionField::Comment)).unwrap();
        let both = reduce(7, &one, &only(RetentionField::Contact)).unwrap();
        let all = reduce(7, &both, &only(RetentionField::FollowUpCode)).unwrap();
        assert_eq!([&one, &both, &all].map(|record| frozen_digest(record)), [whole; 3]);
        let text = String::from_utf8(all.clone()).unwrap();
        assert!(text.contains("a field of later"), "{text}");
        for gone in ["Applewhite", "c2VhbGVk", "harbor"] {
            assert!(!text.contains(gone), "{text}");
        }
        let response = Response::from_bytes(7, &all).unwrap();
        assert_eq!(response.draft.answers.len(), 3, "it is counted as before");
        assert_eq!(taken(&mark_of(&all).unwrap()).len(), 3);
        assert_eq!(reduce(7, &all, &RetentionField::ALL.into()), None, "there is nothing left to take");
    }

    #[test]
    fn a_carried_record_is_reduced_within_its_envelope() {
        let origin = Origin { epoch: StoreEpoch::new([9; 16]), seq: 7 };
        let carried = wrap(2, origin, RECORD.as_bytes()).unwrap();
        let reduced = reduce(2, &carried, &only(RetentionField::Comment)).unwrap();
        let read = Carried::read(&reduced).unwrap();
        assert_eq!((read.seq, read.origin), (2, origin));
        assert_eq!(frozen_digest(read.record), frozen_digest(RECORD.as_bytes()));
        assert_eq!(Response::from_bytes(2, &reduced).unwrap().seq, 7);
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for bytes in [&b"{}"[..], b"no json", RECORD.replace("\"v\":1", "\"v\":99").as_bytes()] {
            assert_eq!(reduce(7, bytes, &RetentionField::ALL.into()), None);
        }
        assert_eq!(
            reduce(8, RECORD.as_bytes(), &RetentionField::ALL.into()),
            None,
            "it says it stands elsewhere"
        );
    }
}
