//! What an answer means. This file is the whole table; nothing outside it is an acknowledgement.
//!
//! | answer | meaning |
//! |---|---|
//! | 200, our media type, valid signature, our nonce and head | [`Answer::Receipt`] |
//! | 409 with our problem type | [`Answer::Rewind`] or [`Answer::Conflict`] |
//! | 413, 422, 400 with our problem type | [`Answer::Split`] |
//! | 408 with our problem type | [`Answer::Split`] of several records, [`Answer::Transient`] of one |
//! | 401, 403 with our problem type | [`Answer::Paused`] |
//! | 429, 503 with a `Retry-After` | [`Answer::Wait`] |
//! | anything else | [`Answer::Transient`] |
//!
//! Pure. Every byte of an answer is hostile until checked here; what cannot be read is transient.

use afterword_model::record::Seq;
use afterword_protocol::batch::BatchHeader;
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemType};
use afterword_protocol::receipt::{RECEIPT_MEDIA_TYPE, SignedReceipt};

use crate::retry_after::retry_after_ms;
use crate::transport::RawAnswer;

/// Letters of a stranger's text that are shown to a person: two lines of a terminal.
const SHOWN_MAX: usize = 160;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The collector holds everything up to the batch's last record, and signed it.
    Receipt(SignedReceipt),
    /// The collector holds only the records up to `mark`: go on from there.
    Rewind {
        /// The last record it holds of this store.
        mark: Seq,
    },
    /// The collector holds other bytes under a number of this batch: keep everything and go on in a new store epoch.
    Conflict {
        /// For people.
        problem: String,
    },
    /// The batch is not taken as it is: try a smaller one.
    Split {
        /// The record it is about, where the collector said so.
        seq: Option<Seq>,
        /// For people.
        problem: String,
    },
    /// The collector will not have this device: keep everything, show it, ask slowly.
    Paused {
        /// For people.
        problem: String,
    },
    /// The collector is busy and said for how long.
    Wait {
        /// Milliseconds, already capped.
        wait_ms: u64,
        /// For people.
        problem: String,
    },
    /// Nobody's decision: try again later.
    Transient {
        /// For people.
        problem: String,
    },
}

/// Reads an answer to the batch with this header. `wall_ms` serves only for a `Retry-After` date whose answer
/// has no `Date`.
#[must_use]
pub fn classify(answer: &RawAnswer, sent: &BatchHeader, receipt_key: &VerifyingKey, wall_ms: i64) -> Answer {
    if answer.status == 200 {
        return receipt(answer, sent, receipt_key);
    }
    let problem = our_problem(answer);
    if matches!(answer.status, 429 | 503) {
        let told = answer.retry_after.as_deref();
        if let Some(wait_ms) = told.and_then(|value| retry_after_ms(value, answer.date.as_deref(), wall_ms)) {
            return Answer::Wait {
                wait_ms,
                problem: "the collector is busy and asks to come back later".into(),
            };
        }
    }
    match problem {
        Some(problem) => decided(problem, sent.count),
        None => transient(format!(
            "the answer {} is not the collector's own: something in between may have failed; it is tried again",
            answer.status
        )),
    }
}

fn receipt(answer: &RawAnswer, sent: &BatchHeader, receipt_key: &VerifyingKey) -> Answer {
    if !answer.is_of_type(RECEIPT_MEDIA_TYPE) {
        return transient(
            "an answer came that is no receipt: the network may want a log-in page first; open one in a browser".into(),
        );
    }
    let Ok(signed) = serde_json::from_slice::<SignedReceipt>(&answer.body) else {
        return transient("the receipt cannot be read; it is asked for again".into());
    };
    // The signature first: until it holds, the fields are a stranger's.
    if !signed.is_signed_by(receipt_key) {
        return transient(
            "the receipt is not signed with the key this device was enrolled with: the collector may be another one; nothing was acknowledged".into(),
        );
    }
    let said = &signed.receipt;
    let differs = [
        ("device", said.device == sent.device),
        ("store", said.epoch == sent.epoch),
        ("nonce", said.nonce == sent.nonce),
        ("last record", said.through_seq == sent.last_seq()),
        ("head", said.head == sent.last_head),
    ]
    .into_iter()
    .find(|(_, same)| !same);
    match differs {
        None => Answer::Receipt(signed),
        Some((field, _)) => transient(format!(
            "the receipt is for another batch (its {field} differs); nothing was acknowledged"
        )),
    }
}

/// The answer's problem, when it is of our type and sent with that type's status.
fn our_problem(answer: &RawAnswer) -> Option<Problem> {
    if !answer.is_of_type(PROBLEM_MEDIA_TYPE) {
        return None;
    }
    let problem: Problem = serde_json::from_slice(&answer.body).ok()?;
    // Busy is the one type with two statuses.
    let busy = problem.kind == ProblemType::Busy && answer.status == 429;
    (busy || problem.kind.status_and_title().0 == answer.status).then_some(problem)
}

/// `count` is the number of records that were sent.
fn decided(problem: Problem, count: usize) -> Answer {
    let Problem { kind, mark, seq, detail, .. } = problem;
    let detail = shown(&detail);
    match kind {
        ProblemType::NotContiguous => match mark {
            Some(mark) => Answer::Rewind { mark },
            None => transient(
                "the collector wants other records and does not say from where; it is asked again".into(),
            ),
        },
        ProblemType::ChainConflict => Answer::Conflict {
            problem: format!(
                "the collector holds other records under this device's numbers ({detail}); everything is kept, tell whoever runs the collector"
            ),
        },
        ProblemType::Malformed | ProblemType::TooLarge | ProblemType::RecordUnreadable => {
            Answer::Split { seq, problem: format!("the collector did not take the batch: {detail}") }
        }
        // A link too slow for many records may carry fewer in the time there is.
        ProblemType::TimedOut if count > 1 => Answer::Split {
            seq: None,
            problem: format!("the batch did not arrive in time ({detail}); it is sent in smaller parts"),
        },
        ProblemType::NotAuthenticated | ProblemType::NotAllowed => Answer::Paused {
            problem: format!(
                "the collector does not let this device in ({detail}); everything is kept, tell whoever runs the collector"
            ),
        },
        ProblemType::NotFound
        | ProblemType::MethodNotAllowed
        | ProblemType::UnsupportedMediaType
        | ProblemType::TimedOut
        | ProblemType::Busy
        | ProblemType::Internal => {
            transient(format!("the collector could not take the batch ({detail}); it is tried again"))
        }
    }
}

fn transient(problem: String) -> Answer {
    Answer::Transient { problem }
}

/// A stranger's text made fit for a terminal and a log: one line, no control characters, not too long.
pub(crate) fn shown(text: &str) -> String {
    let visible = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let short: String = visible.clone().take(SHOWN_MAX).collect();
    if visible.count() > SHOWN_MAX { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use afterword_model::record::{DeviceId, Head, ServerEpoch, StoreEpoch};
    use afterword_protocol::keys::SigningKey;
    use afterword_protocol::receipt::{Nonce, Receipt};

    use super::*;
    use crate::testing::{key, problem_answer, receipt_answer};
    use afterword_protocol::limits::RETRY_MAX_MS;

    fn sent() -> BatchHeader {
        let key = key(1);
        BatchHeader {
            v: 1,
            device: DeviceId::new([1; 16]),
            epoch: StoreEpoch::new([2; 16]),
            first_seq: 11,
            count: 10,
            previous_head: Head::new([3; 32]),
            last_head: Head::new([4; 32]),
            nonce: Nonce::new([5; 16]),
            signature: key.sign(b""),
        }
    }

    fn right() -> Receipt {
        Receipt {
            device: DeviceId::new([1; 16]),
            epoch: StoreEpoch::new([2; 16]),
            through_seq: 20,
            head: Head::new([4; 32]),
            server_epoch: ServerEpoch::new([6; 16]),
            nonce: Nonce::new([5; 16]),
            received_ms: 7,
        }
    }

    fn collector() -> SigningKey {
        key(9)
    }

    fn read(answer: &RawAnswer) -> Answer {
        classify(answer, &sent(), &collector().verifying_key(), 0)
    }

    /// What kind of answer it is, for tables.
    fn kind(answer: &RawAnswer) -> &'static str {
        match read(answer) {
            Answer::Receipt(_) => "receipt",
            Answer::Rewind { .. } => "rewind",
            Answer::Conflict { .. } => "conflict",
            Answer::Split { .. } => "split",
            Answer::Paused { .. } => "paused",
            Answer::Wait { .. } => "wait",
            Answer::Transient { .. } => "transient",
        }
    }

    #[test]
    fn a_right_receipt_is_the_only_acknowledgement() {
        let signed = right().sign(&collector());
        assert_eq!(read(&receipt_answer(&signed)), Answer::Receipt(signed));
    }

    #[test]
    fn a_receipt_that_differs_in_one_field_acknowledges_nothing() {
        let wrong: [(&str, Receipt); 6] = [
            ("device", Receipt { device: DeviceId::new([0; 16]), ..right() }),
            ("epoch", Receipt { epoch: StoreEpoch::new([0; 16]), ..right() }),
            ("nonce", Receipt { nonce: Nonce::new([0; 16]), ..right() }),
            ("head", Receipt { head: Head::new([0; 32]), ..right() }),
            ("one less", Receipt { through_seq: 19, ..right() }),
            ("one more", Receipt { through_seq: 21, ..right() }),
        ];
        for (what, receipt) in wrong {
            assert_eq!(kind(&receipt_answer(&receipt.sign(&collector()))), "transient", "{what}");
        }
    }

    #[test]
    fn a_receipt_of_another_key_or_changed_after_signing_acknowledges_nothing() {
        assert_eq!(kind(&receipt_answer(&right().sign(&key(8)))), "transient");
        let mut changed = right().sign(&collector());
        changed.receipt.received_ms += 1;
        assert_eq!(kind(&receipt_answer(&changed)), "transient");
    }

    #[test]
    fn a_right_receipt_in_the_wrong_wrapping_acknowledges_nothing() {
        let right = receipt_answer(&right().sign(&collector()));
        let wrong = [
            RawAnswer { status: 201, ..right.clone() },
            RawAnswer { status: 202, ..right.clone() },
            RawAnswer { status: 302, ..right.clone() },
            RawAnswer { content_type: None, ..right.clone() },
            RawAnswer { content_type: Some("application/json".into()), ..right.clone() },
            RawAnswer { body: Vec::new(), ..right.clone() },
            RawAnswer { body: right.body[1..].to_vec(), ..right.clone() },
        ];
        for answer in wrong {
            assert_eq!(kind(&answer), "transient", "{answer:?}");
        }
        let parameter = Some(format!("{}; charset=utf-8", RECEIPT_MEDIA_TYPE.to_uppercase()));
        assert_eq!(kind(&RawAnswer { content_type: parameter, ..right }), "receipt");
    }

    #[test]
    fn a_captive_portal_acknowledges_nothing_and_is_named() {
        let portal = RawAnswer {
            status: 200,
            content_type: Some("text/html; charset=utf-8".into()),
            body: b"<html>Welcome to Caffe WiFi</html>".to_vec(),
            ..RawAnswer::default()
        };
        let Answer::Transient { problem } = read(&portal) else { panic!("a portal is transient") };
        assert!(problem.contains("log-in page"), "{problem}");
    }

    #[test]
    fn each_problem_type_means_what_the_table_says() {
        use ProblemType as P;
        let table = [
            (P::NotContiguous, "transient"), // without a mark
            (P::ChainConflict, "conflict"),
            (P::Malformed, "split"),
            (P::TooLarge, "split"),
            (P::RecordUnreadable, "split"),
            (P::NotAuthenticated, "paused"),
            (P::NotAllowed, "paused"),
            (P::NotFound, "transient"),
            (P::MethodNotAllowed, "transient"),
            (P::UnsupportedMediaType, "transient"),
            (P::TimedOut, "split"),
            (P::Busy, "transient"), // without Retry-After
            (P::Internal, "transient"),
        ];
        for (problem, expected) in table {
            assert_eq!(kind(&problem_answer(&problem.with_detail("x"))), expected, "{problem:?}");
        }
        let alone = BatchHeader { count: 1, ..sent() };
        let timed_out = problem_answer(&P::TimedOut.with_detail("x"));
        let answer = classify(&timed_out, &alone, &collector().verifying_key(), 0);
        assert!(matches!(answer, Answer::Transient { .. }), "one record cannot be made less: {answer:?}");
        let rewind = problem_answer(&P::NotContiguous.with_detail("x").at_mark(4));
        assert_eq!(read(&rewind), Answer::Rewind { mark: 4 });
        let split = problem_answer(&P::RecordUnreadable.with_detail("x").about(13));
        assert!(matches!(read(&split), Answer::Split { seq: Some(13), .. }));
    }

    #[test]
    fn a_status_without_our_problem_decides_nothing() {
        let strange = r#"{"type":"about:blank","title":"x","status":409,"detail":"x"}"#;
        for status in
            [100, 204, 301, 307, 400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503, 511, 999]
        {
            for (content_type, body) in [
                (None, ""),
                (Some(PROBLEM_MEDIA_TYPE), strange),
                (Some(PROBLEM_MEDIA_TYPE), "{"),
                (Some("text/html"), "<p>"),
            ] {
                let answer = RawAnswer {
                    status,
                    content_type: content_type.map(Into::into),
                    body: body.into(),
                    ..RawAnswer::default()
                };
                assert_eq!(kind(&answer), "transient", "{status} {body}");
            }
        }
    }

    #[test]
    fn our_problem_under_another_status_decides_nothing() {
        for status in [200, 400, 401, 403, 413, 422, 500] {
            let problem = ProblemType::ChainConflict.with_detail("x");
            let answer = RawAnswer { status, ..problem_answer(&problem) };
            assert_eq!(kind(&answer), "transient", "{status}");
        }
    }

    #[test]
    fn busy_is_obeyed_whoever_says_it_and_capped() {
        for status in [429, 503] {
            for (value, wait_ms) in [("30", 30_000), ("0", 0), ("31536000", RETRY_MAX_MS)] {
                let answer = RawAnswer { status, retry_after: Some(value.into()), ..RawAnswer::default() };
                assert!(
                    matches!(read(&answer), Answer::Wait { wait_ms: told, .. } if told == wait_ms),
                    "{status} {value}"
                );
            }
            let absurd = RawAnswer { status, retry_after: Some("soon".into()), ..RawAnswer::default() };
            assert_eq!(kind(&absurd), "transient");
        }
    }

    #[test]
    fn a_hostile_detail_is_made_harmless_before_it_is_shown() {
        let detail = format!("\u{1b}[2Jgone\n{}", "x".repeat(5_000));
        let Answer::Paused { problem } = read(&problem_answer(&ProblemType::NotAllowed.with_detail(detail)))
        else {
            panic!("not paused")
        };
        assert!(!problem.chars().any(char::is_control), "{problem:?}");
        assert!(problem.len() < 400);
    }
}
