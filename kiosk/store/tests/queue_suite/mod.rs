//! What every [`Queue`] must do, whoever implements it.
//!
//! [`holds`] takes a way to make a fresh, empty queue together with a way to add a record to it, which
//! returns when the record is durable. Each scenario gets its own.

use std::time::Duration;

use afterword_model::carried::{Carried, Origin};
use afterword_model::case::{Action, Author, CaseEvent, CaseId, EventId, Held, Role, RootCause, Step};
use afterword_model::hex::Hex;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::{DeviceId, Head, Seq, ServerEpoch, StoreEpoch, genesis};
use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::changes::{Change, Changes};
use afterword_protocol::keys::SigningKey;
use afterword_protocol::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, QUEUE_WAIT_MAX_MS};
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, FormerEpoch, Health, Position, Queue, Run, Take,
};
use afterword_protocol::receipt::{Receipt, SignedReceipt};

/// Well before the longest wait is over, and long enough for the slowest disk.
pub(crate) const SOON: Duration = Duration::from_millis(QUEUE_WAIT_MAX_MS / 2);

/// Runs every scenario. `add` freezes a response whose comment has so many bytes.
pub(crate) async fn holds<Q: Queue, A: FnMut(usize)>(fresh: impl Fn() -> (Q, A)) {
    let (queue, _add) = fresh();
    an_empty_queue_says_so(queue).await;
    let (queue, add) = fresh();
    runs_lead_from_the_beginning_to_the_head(queue, add).await;
    let (queue, add) = fresh();
    a_run_keeps_both_limits(queue, add).await;
    let (queue, add) = fresh();
    a_record_ends_the_wait(queue, add).await;
    let (queue, add) = fresh();
    a_receipt_moves_the_mark(queue, add).await;
    let (queue, add) = fresh();
    a_receipt_for_something_else_is_told_apart(queue, add).await;
    let (queue, add) = fresh();
    a_restored_collector_moves_the_mark_back(queue, add).await;
    let (queue, add) = fresh();
    health_tells_what_the_position_does_not(queue, add).await;
    let (queue, add) = fresh();
    a_new_epoch_has_everything_that_the_former_had(queue, add).await;
    let (queue, add) = fresh();
    a_receipt_for_the_former_epoch_comes_too_late(queue, add).await;
    let (queue, _add) = fresh();
    what_is_to_be_shown_replaces_what_was(queue).await;
    let (queue, add) = fresh();
    what_head_office_did_is_kept_with_its_mark(queue, add).await;
}

async fn an_empty_queue_says_so<Q: Queue>(mut queue: Q) {
    let position = queue.position().await.unwrap();
    let expected = Position {
        epoch: position.epoch,
        last_seq: 0,
        head: genesis(&position.epoch),
        acknowledged_seq: 0,
        server_epoch: None,
    };
    assert_eq!(position, expected);
    for (after_seq, wait_ms) in [(0, 0), (0, 20), (7, 0), (Seq::MAX, 20)] {
        assert_eq!(
            queue.next(Take { after_seq, records_max: 10, wait_ms }).await.unwrap(),
            None,
            "after {after_seq}"
        );
    }
}

async fn runs_lead_from_the_beginning_to_the_head<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    for comment_bytes in 0..7 {
        add(comment_bytes);
    }
    let position = queue.position().await.unwrap();
    let mut head = genesis(&position.epoch);
    let mut after_seq = 0;
    for expected in [3, 3, 1] {
        let run = take(&mut queue, after_seq, 3).await.unwrap();
        assert_eq!((run.epoch, run.first_seq, run.previous_head), (position.epoch, after_seq + 1, head));
        assert_eq!(run.records.len(), expected);
        for (seq, bytes) in (run.first_seq..).zip(&run.records) {
            Response::from_bytes(seq, bytes).unwrap();
        }
        (head, after_seq) = (run.last_head(), run.last_seq());
    }
    assert_eq!((after_seq, head), (position.last_seq, position.head));
    assert_eq!(take(&mut queue, after_seq, 3).await, None);
    // Asked again, the same bytes come again.
    assert_eq!(take(&mut queue, 2, 2).await, take(&mut queue, 2, 2).await);
}

async fn a_run_keeps_both_limits<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    for _ in 0..10 {
        add(60_000);
    }
    for _ in 0..BATCH_RECORDS_MAX + 1 {
        add(1);
    }
    let long = take(&mut queue, 0, usize::MAX).await.unwrap();
    let bytes: usize = long.records.iter().map(Vec::len).sum();
    assert!(
        bytes <= BATCH_BYTES_MAX && long.records.len() == 4,
        "{} records of {bytes} bytes",
        long.records.len()
    );
    let many = take(&mut queue, 10, usize::MAX).await.unwrap();
    assert_eq!(many.records.len(), BATCH_RECORDS_MAX);
    assert_eq!(take(&mut queue, 10, 0).await.unwrap().records.len(), 1, "a request for none gets one");
}

async fn a_record_ends_the_wait<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    add(1);
    let take = Take { after_seq: 1, records_max: 10, wait_ms: QUEUE_WAIT_MAX_MS };
    let woken = tokio::time::timeout(SOON, async { tokio::join!(queue.next(take), async { add(2) }) });
    let (run, ()) = woken.await.expect("the record ends the wait, not the time");
    let run = run.unwrap().expect("a record came");
    assert_eq!((run.first_seq, run.records.len()), (2, 1));
}

async fn a_receipt_moves_the_mark<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    (0..5).for_each(&mut add);
    let run = take(&mut queue, 0, 3).await.unwrap();
    let first = receipt(run.epoch, run.last_seq(), run.last_head(), 1);
    assert_eq!(queue.accept(&first).await.unwrap(), Acceptance::Stored);
    assert_eq!(queue.accept(&first).await.unwrap(), Acceptance::Stale, "a second time it says no more");
    let part = run.prefix(2);
    let less = receipt(run.epoch, part.last_seq(), part.last_head(), 1);
    assert_eq!(queue.accept(&less).await.unwrap(), Acceptance::Stale);
    let position = queue.position().await.unwrap();
    assert_eq!((position.acknowledged_seq, position.server_epoch), (3, Some(server(1))));
    let all = receipt(run.epoch, 5, position.head, 1);
    assert_eq!(queue.accept(&all).await.unwrap(), Acceptance::Stored);
    assert_eq!(queue.position().await.unwrap().acknowledged_seq, 5);
}

async fn a_receipt_for_something_else_is_told_apart<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    (0..3).for_each(&mut add);
    let run = take(&mut queue, 0, 3).await.unwrap();
    let other_store = receipt(StoreEpoch::new([9; 16]), 3, run.last_head(), 1);
    let beyond = receipt(run.epoch, 4, run.last_head(), 1);
    let far_beyond = receipt(run.epoch, Seq::MAX, run.last_head(), 1);
    for wrong in [other_store, beyond, far_beyond] {
        assert_eq!(queue.accept(&wrong).await.unwrap(), Acceptance::WrongStore);
    }
    for (through_seq, head) in [(3, Head::new([7; 32])), (2, run.last_head()), (0, run.last_head())] {
        let wrong = receipt(run.epoch, through_seq, head, 1);
        assert_eq!(queue.accept(&wrong).await.unwrap(), Acceptance::WrongHead, "through {through_seq}");
    }
    let position = queue.position().await.unwrap();
    assert_eq!((position.acknowledged_seq, position.server_epoch), (0, None));
}

async fn a_restored_collector_moves_the_mark_back<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    (0..4).for_each(&mut add);
    let run = take(&mut queue, 0, 4).await.unwrap();
    queue.accept(&receipt(run.epoch, 4, run.last_head(), 1)).await.unwrap();
    let part = run.prefix(2);
    for (through_seq, head) in [(2, part.last_head()), (0, genesis(&run.epoch))] {
        let life = u8::try_from(10 + through_seq).unwrap();
        let restored = receipt(run.epoch, through_seq, head, life);
        assert_eq!(queue.accept(&restored).await.unwrap(), Acceptance::Stored);
        let position = queue.position().await.unwrap();
        assert_eq!((position.acknowledged_seq, position.server_epoch), (through_seq, Some(server(life))));
    }
}

async fn health_tells_what_the_position_does_not<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    let empty = queue.health().await.unwrap().expect("it is new enough to say");
    assert_eq!((empty.position, empty.purged_seq, empty.boot), (queue.position().await.unwrap(), 0, 1));
    assert_eq!((empty.oldest_unsent_ms, empty.former), (None, vec![]));
    assert!(empty.disk_free_bytes > Some(0) && !empty.kiosk_version.is_empty());
    (0..3).for_each(&mut add);
    let run = take(&mut queue, 0, 3).await.unwrap();
    let oldest = |health: Option<Health>| health.unwrap().oldest_unsent_ms;
    assert!(oldest(queue.health().await.unwrap()).is_some());
    let part = run.prefix(2);
    queue.accept(&receipt(run.epoch, 2, part.last_head(), 1)).await.unwrap();
    assert!(oldest(queue.health().await.unwrap()).is_some(), "the third is still unsent");
    queue.accept(&receipt(run.epoch, 3, run.last_head(), 1)).await.unwrap();
    assert_eq!(oldest(queue.health().await.unwrap()), None);
}

async fn a_new_epoch_has_everything_that_the_former_had<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    (0..4).for_each(&mut add);
    let (old, before) = (queue.position().await.unwrap(), take(&mut queue, 0, 4).await.unwrap());
    queue.accept(&receipt(old.epoch, 4, old.head, 1)).await.unwrap();
    assert_eq!(queue.begin_anew(BeginReason::Forked).await.unwrap(), Begun::Anew);
    let now = queue.position().await.unwrap();
    assert_ne!(now.epoch, old.epoch);
    assert_eq!((now.last_seq, now.acknowledged_seq, now.server_epoch), (4, 0, None));
    let after = take(&mut queue, 0, 4).await.unwrap();
    assert_eq!((after.epoch, after.previous_head), (now.epoch, genesis(&now.epoch)));
    assert_eq!(after.last_head(), now.head);
    for (seq, (was, is)) in (1..).zip(before.records.iter().zip(&after.records)) {
        let origin = Origin { epoch: old.epoch, seq };
        assert_eq!(Carried::read(is).unwrap(), Carried { seq, origin, record: was });
    }
    let former = FormerEpoch {
        epoch: old.epoch,
        last_seq: 4,
        head: old.head,
        reason: BeginReason::Forked,
        lost: vec![],
    };
    assert_eq!(queue.health().await.unwrap().unwrap().former, [former]);
    add(7);
    assert_eq!(take(&mut queue, 4, 4).await.unwrap().first_seq, 5);
}

async fn a_receipt_for_the_former_epoch_comes_too_late<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    (0..2).for_each(&mut add);
    let old = queue.position().await.unwrap();
    queue.begin_anew(BeginReason::Forked).await.unwrap();
    let late = receipt(old.epoch, 2, old.head, 1);
    assert_eq!(queue.accept(&late).await.unwrap(), Acceptance::WrongStore);
    let now = queue.position().await.unwrap();
    assert_eq!(now.acknowledged_seq, 0);
    let receipt = receipt(now.epoch, 2, now.head, 1);
    assert_eq!(queue.accept(&receipt).await.unwrap(), Acceptance::Stored);
}

async fn what_is_to_be_shown_replaces_what_was<Q: Queue>(mut queue: Q) {
    let version = |health: Option<Health>| health.unwrap().changes;
    assert_eq!(version(queue.health().await.unwrap()), Some(Changes::none().version), "nothing was sent yet");
    for list in [Changes::of(vec![change("Queues too long"), change("No salt")]), Changes::none()] {
        queue.keep_changes(&list).await.unwrap();
        assert_eq!(version(queue.health().await.unwrap()), Some(list.version));
    }
    let first = Changes::of(vec![change("Queues too long")]);
    queue.keep_changes(&first).await.unwrap();
    for hostile in [Changes::of(vec![change("\u{202e}olleh")]), Changes::of(vec![change("x"); 10_000])] {
        let refused = queue.keep_changes(&hostile).await.unwrap_err().to_string();
        // Ten thousand may not even fit the way there.
        let is_told =
            refused.contains("take it out") || refused.contains("at most") || refused.contains("allowed");
        assert!(is_told && refused.lines().count() == 1, "{refused}");
        assert_eq!(version(queue.health().await.unwrap()), Some(first.version), "what was kept stays");
    }
    // A list without a version of ours is kept as it is named: what a version means is the collector's business.
    let named = Changes { version: Hex::new([7; 16]), ..first };
    queue.keep_changes(&named).await.unwrap();
    assert_eq!(version(queue.health().await.unwrap()), Some(named.version));
}

async fn what_head_office_did_is_kept_with_its_mark<Q: Queue>(mut queue: Q, mut add: impl FnMut(usize)) {
    let mark = |health: Option<Health>| health.unwrap().case_mark;
    assert_eq!(mark(queue.health().await.unwrap()), Some(CaseMark::NONE), "nothing came down yet");
    add(1);
    let before = queue.position().await.unwrap();
    let of = CaseId { epoch: before.epoch, seq: 1 };
    let none = CaseSteps { mark: case_mark(1), steps: vec![] };
    for steps in [office(of, 1), office(of, 1), office(of, 2), none] {
        queue.keep_case_steps(&steps).await.unwrap();
        assert_eq!(mark(queue.health().await.unwrap()), Some(steps.mark));
    }
    let kept = office(of, 3);
    queue.keep_case_steps(&kept).await.unwrap();
    // Steps that nobody at head office can have taken, and more words than anybody writes.
    let (mut of_staff, mut wordy) = (office(of, 4), office(of, 4));
    of_staff.steps[0].event.by.role = Role::Staff;
    wordy.steps[0].event.step = Step::Acted {
        root_cause: RootCause::Process,
        action: Action::PassedOn,
        words: Some("x".repeat(9_000)),
    };
    for hostile in [of_staff, wordy] {
        let refused = queue.keep_case_steps(&hostile).await.unwrap_err().to_string();
        assert!(refused.lines().count() == 1, "{refused}");
        assert_eq!(mark(queue.health().await.unwrap()), Some(kept.mark), "the mark is as it was");
    }
    assert_eq!(queue.position().await.unwrap(), before, "what came down does not go up");
    queue.begin_anew(BeginReason::Forked).await.unwrap();
    assert_eq!(mark(queue.health().await.unwrap()), Some(kept.mark), "another epoch has the same steps");
}

fn case_mark(number: u64) -> CaseMark {
    CaseMark { server_epoch: server(9), number }
}

/// A step that head office took, as the mark of that number has it.
fn office(of: CaseId, number: u64) -> CaseSteps {
    let at = Stamp { wall_ms: 0, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
    let by = Author { role: Role::HeadOffice, name: Some("Ana".into()) };
    let event = CaseEvent { of, at, by, step: Step::Acknowledged, masked: Default::default() };
    let id = EventId { epoch: StoreEpoch::new([9; 16]), seq: number };
    CaseSteps { mark: case_mark(number), steps: vec![Held { id, event }] }
}

/// Something that was changed because of this.
pub(crate) fn change(said: &str) -> Change {
    let words = |text: &str| [("en".to_owned(), text.to_owned())].into();
    Change { said: words(said), did: words("Two more tills are open"), day: 20_769, until_day: None }
}

async fn take(queue: &mut impl Queue, after_seq: Seq, records_max: usize) -> Option<Run> {
    queue.next(Take { after_seq, records_max, wait_ms: 0 }).await.unwrap()
}

/// A receipt of the collector's life number `life`, received on day `life`.
pub(crate) fn receipt(epoch: StoreEpoch, through_seq: Seq, head: Head, life: u8) -> SignedReceipt {
    receipt_at(epoch, through_seq, head, life, i64::from(life) * 86_400_000)
}

/// A receipt of the collector's life number `life`.
pub(crate) fn receipt_at(
    epoch: StoreEpoch,
    through_seq: Seq,
    head: Head,
    life: u8,
    received_ms: i64,
) -> SignedReceipt {
    let device = DeviceId::new([1; 16]);
    let nonce = Hex::new([5; 16]);
    Receipt { device, epoch, through_seq, head, server_epoch: server(life), nonce, received_ms }
        .sign(&SigningKey::generate(&SeededEntropy::new(1)))
}

fn server(life: u8) -> ServerEpoch {
    ServerEpoch::new([life; 16])
}
