//! What is left of a record without some of its fields.
//!
//! A response stays one that every reader here can read, and that is counted as before: of a comment three dots are left, since one without
//! words counts as none, a contact holds nothing, a follow-up code is not there. Fields that a later kiosk wrote and this program does not know are left as they are.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::carried::{Carried, wrap};
use afterword_model::case::{CaseEvent, Step};
use afterword_model::content::Content;
use afterword_model::record::Seq;
use afterword_model::reduced::{Mark, RecordDigest, unmarked};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::RetentionField;
use super::object::Object;

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
        Content::Case(_) => {
            if !fields.contains(&RetentionField::CaseWords) {
                return None;
            }
            let mut record: Object = serde_json::from_slice(&plain).ok()?;
            let left = take_words(record.get("case")?)?;
            record.replace("case", &left);
            (serde_json::to_vec(&record).ok()?, [RetentionField::CaseWords].into())
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

/// Whether there are words in a step.
pub(super) fn has_words(event: &CaseEvent) -> bool {
    match &event.step {
        Step::Opened { words, .. }
        | Step::Acted { words, .. }
        | Step::Verified { words, .. }
        | Step::Reopened { words, .. } => words.is_some(),
        Step::Noted { words } => !words.is_empty(),
        Step::Acknowledged => false,
    }
}

/// A step, as it is written, without its words; none where it has none. All else stays as it was written: a word that only a later program
/// knows reads as "other" here, and is none for that.
pub(super) fn take_words(event: &str) -> Option<Box<RawValue>> {
    if !has_words(&serde_json::from_str(event).ok()?) {
        return None;
    }
    let mut event: Object = serde_json::from_str(event).ok()?;
    let step: Object = serde_json::from_str(event.get("step")?).ok()?;
    let (name, mut said) = step.only()?;
    // A note has to have words; nothing else has.
    match name {
        "noted" => said.replace("words", &""),
        _ => said.remove("words"),
    }
    event.replace("step", &BTreeMap::from([(name, said)]));
    to_raw_value(&event).ok()
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
    fn a_step_of_a_later_kiosk_loses_its_words_and_nothing_else() {
        let of = r#"{"epoch":"09090909090909090909090909090909","seq":1}"#;
        let at = r#"{"wall_ms":1795300000123,"offset_min":60,"boot":3,"mono_ms":5000,"clock":"synced"}"#;
        for (step, left) in [
            (
                r#"{"opened":{"reasons":["by_post"],"category":"delivery","tier":"normal","words":"Mrs Applewhite","later":[1.50]}}"#,
                r#"{"opened":{"reasons":["by_post"],"category":"delivery","tier":"normal","later":[1.50]}}"#,
            ),
            (
                r#"{"noted":{"words":"Mrs Applewhite","later":null}}"#,
                r#"{"noted":{"words":"","later":null}}"#,
            ),
        ] {
            let record = |step: &str| {
                format!(
                    r#"{{"v":1,"seq":7,"case":{{"of":{of},"at":{at},"by":{{"role":"cleaner"}},"step":{step},"later":"stays"}}}}"#
                )
            };
            let reduced = reduce(7, record(step).as_bytes(), &only(RetentionField::CaseWords)).unwrap();
            assert_eq!(String::from_utf8_lossy(&unmarked(&reduced)), record(left));
            assert!(matches!(Content::from_bytes(7, &reduced), Ok(Content::Case(_))));
            assert_eq!(
                reduce(7, &reduced, &RetentionField::ALL.into()),
                None,
                "there is nothing left to take"
            );
        }
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
