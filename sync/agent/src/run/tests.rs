//! The loop against a scripted collector and a small queue, on a clock that jumps to the next wait.

mod contact;
mod settings;
mod world;

use afterword_model::record::{Head, SEQ_MAX, Seq, StoreEpoch};
use afterword_protocol::batch::decode;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::queue::Acceptance;
use afterword_protocol::receipt::Nonce;
use tokio::time::Instant;

use super::*;
use crate::testing::problem_answer;
use world::*;

#[tokio::test(start_paused = true)]
async fn a_backlog_goes_in_full_batches_and_a_new_record_at_once() {
    let world = world(1_200);
    let mut shop = open(&world);
    let status = shop.all_sent().await;
    assert_eq!(world.counts(), [500, 500, 200]);
    assert_eq!((status.unsent, status.problem), (0, None));
    world.with(|world| world.records.push(b"{}".to_vec()));
    let asked = Instant::now();
    shop.all_sent().await;
    // The queue wakes within its half second, and the last record of the day needs no next one.
    assert!(asked.elapsed() < Duration::from_secs(40));
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_with_the_same_bytes() {
    let world = world(3);
    world.play([Step::Lost, Step::AnswerLost, Step::AnswerLost]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    // What comes in meanwhile waits for its own batch.
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.all_sent().await;
    let bodies = world.bodies();
    assert!(bodies[..4].iter().all(|body| *body == bodies[0]));
    assert_eq!(world.counts(), [3, 3, 3, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn only_a_right_receipt_counts() {
    let world = world(2);
    world.play([
        Step::Other(html()),
        Step::SignedByAnother,
        Step::Forged(|receipt| receipt.nonce = Nonce::new([0; 16])),
        Step::Forged(|receipt| receipt.head = Head::new([0; 32])),
        Step::Forged(|receipt| receipt.through_seq = SEQ_MAX),
        Step::Forged(|receipt| receipt.epoch = StoreEpoch::new([0; 16])),
        problem(ProblemType::Internal),
        problem(ProblemType::NotFound),
    ]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    while world.with(|world| !world.script.is_empty()) {
        assert_eq!(world.with(|world| world.acknowledged_seq), 0);
        shop.status.changed().await.unwrap();
    }
    shop.all_sent().await;
    assert_eq!(world.bodies().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_for_ever_ever_more_slowly_and_success_starts_over() {
    let world = world(1);
    world.play([Step::DownUntil(Duration::from_secs(10 * 3_600))]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Retrying).await;
    assert!(status.problem.unwrap().contains("host"));
    assert!(status.next_try_ms.unwrap() > 1_700_000_000_000);
    shop.all_sent().await;
    let gaps = world.gaps();
    assert!(gaps.iter().all(|gap| (1.0..=900.1).contains(gap)), "{gaps:?}");
    assert!(gaps[0] <= 2.1 && gaps.iter().any(|&gap| gap > 300.0), "{gaps:?}");
    // Ten hours at seven and a half minutes each on average.
    assert!(gaps.len() < 150, "{}", gaps.len());

    world.play([Step::Lost]);
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.all_sent().await;
    assert!(*world.gaps().last().unwrap() <= 2.1);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_while_it_is_tried_again_and_again_is_counted() {
    let world = world(1);
    world.play(std::iter::repeat_n(busy("2"), 200));
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Busy && status.unsent == 1).await;
    world.with(|world| world.records.extend(vec![b"{}".to_vec(); 6]));
    let asked = Instant::now();
    shop.until(|status| status.state == State::Busy && status.unsent == 7).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "at the next try: {:?}", asked.elapsed());
    shop.all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_collector_is_obeyed_up_to_a_quarter_of_an_hour() {
    let world = world(1);
    world.play([busy("30"), busy("0"), busy("31536000"), busy("99999999999999999999")]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Busy).await;
    assert!(status.next_try_ms.is_some());
    shop.all_sent().await;
    let ranges = [(30.0, 37.6), (1.0, 1.3), (900.0, 1_125.1), (900.0, 1_125.1)];
    for (gap, (least, most)) in world.gaps().into_iter().zip(ranges) {
        assert!((least..=most).contains(&gap), "{gap} is not from {least} to {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_is_isolated_and_its_neighbours_pass() {
    for poison in [1, 250, 500] {
        let world = world(500);
        world.with(|world| world.poison = vec![poison]);
        let mut shop = open(&world);
        shop.all_sent().await;
        let counts = world.counts();
        // 2 * log2(500) is 17.9.
        assert!(counts.len() <= 18, "{poison}: {counts:?}");
        assert!(world.gaps().iter().all(|&gap| gap == 0.0), "nobody waits for it");
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_that_is_named_is_sent_alone_at_once() {
    let world = world(500);
    world.with(|world| (world.poison, world.names_poison) = (vec![300], true));
    let mut shop = open(&world);
    shop.all_sent().await;
    assert_eq!(world.counts(), [500, 299, 1, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_single_record_that_is_refused_is_kept_and_shown() {
    let world = world(1);
    world.play(std::iter::repeat_n(problem(ProblemType::Malformed), 5));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Refused).await;
    assert_eq!(status.unsent, 1);
    shop.all_sent().await;
    assert_eq!(world.counts(), [1; 6]);
    assert!(world.gaps()[0] >= 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_collector_restored_from_a_backup_gets_everything_again() {
    let world = world(900);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| {
        world.held.truncate(120);
        world.records.push(b"{}".to_vec());
    });
    shop.all_sent().await;
    assert_eq!(world.counts(), [500, 400, 1, 500, 281]);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_asks_for_purged_records_is_a_conflict_that_is_tried_slowly() {
    let world = world(10);
    world.with(|world| (world.purged_through, world.acknowledged_seq) = (6, 8));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Conflict).await;
    assert!(status.problem.unwrap().contains("no longer on this device"));
    let before = world.bodies().len();
    assert!(before <= 5, "{before}");
    // Somebody restores the collector.
    world.with(|world| world.held = (1..=8).map(|seq| world.head(seq)).collect());
    shop.all_sent().await;
    assert!((900.0..=1_125.1).contains(&world.gaps()[before - 1]));
}

#[tokio::test(start_paused = true)]
async fn a_batch_too_slow_for_the_collector_goes_in_smaller_parts() {
    let world = world(8);
    world.play(std::iter::repeat_n(problem(ProblemType::TimedOut), 4));
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    shop.all_sent().await;
    // Halved at once down to one record, which is then asked for again after a while.
    assert_eq!(world.counts()[..5], [8, 4, 2, 1, 1]);
    assert!(world.gaps()[3] >= 1.0, "{:?}", world.gaps());
}

#[tokio::test(start_paused = true)]
async fn a_mark_beyond_the_store_is_a_conflict() {
    let world = world(2);
    world.play([Step::Other(problem_answer(&ProblemType::NotContiguous.with_detail("x").at_mark(9)))]);
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Conflict).await;
    assert!(status.problem.unwrap().contains("up to 9"));
    shop.all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn other_bytes_at_the_collector_are_a_conflict_that_renumbers_nothing() {
    let world = world(2);
    world.play([problem(ProblemType::ChainConflict), problem(ProblemType::ChainConflict)]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Conflict).await;
    shop.all_sent().await;
    assert!(world.gaps().iter().all(|gap| (900.0..=1_125.1).contains(gap)), "{:?}", world.gaps());
    let numbers: Vec<Seq> =
        world.bodies().iter().map(|body| decode(body).unwrap().header.first_seq).collect();
    assert_eq!(numbers, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_the_kiosk_will_not_have_stops_the_trust() {
    for acceptance in [Acceptance::WrongHead, Acceptance::WrongStore] {
        let world = world(2);
        world.with(|world| world.acceptance = Some(acceptance));
        let mut shop = open(&world);
        let status = shop.until(|status| status.state == State::Conflict).await;
        assert_eq!(status.acknowledged_seq, 0);
        world.with(|world| world.acceptance = None);
        shop.all_sent().await;
        assert!(world.gaps()[0] >= 900.0);
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_let_in_keeps_everything_and_asks_slowly() {
    let world = world(1);
    world.play(std::iter::repeat_n(problem(ProblemType::NotAllowed), 12));
    let mut shop = open(&world);
    let status = shop.until(|status| status.state == State::Paused).await;
    assert_eq!(status.unsent, 1);
    shop.all_sent().await;
    assert!(world.gaps().iter().all(|gap| (60.0..=900.1).contains(gap)), "{:?}", world.gaps());
    let bodies = world.bodies();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_restarts_is_asked_again_and_nothing_sent_twice() {
    let world = world(3);
    world.with(|world| world.kiosk_failures = 6);
    let began = Instant::now();
    let mut shop = open(&world);
    shop.until(|status| status.state == State::KioskAway).await;
    shop.all_sent().await;
    assert_eq!(world.counts(), [3]);
    assert!(began.elapsed() <= Duration::from_secs(6 * 30 + 31));
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_dies_before_it_stores_a_receipt_gets_the_same_one_again() {
    let world = world(3);
    world.with(|world| world.accept_failures = 2);
    let mut shop = open(&world);
    shop.all_sent().await;
    let bodies = world.bodies();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_the_store_has_lost_is_asked_for_again() {
    let world = world(3);
    let mut shop = open(&world);
    shop.all_sent().await;
    // The kiosk was started again meanwhile, and its log had lost its end.
    world.with(|world| world.acknowledged_seq = 0);
    shop.until(|status| status.acknowledged_seq == 0).await;
    shop.all_sent().await;
    assert_eq!(world.counts(), [3, 3]);
    assert_eq!(world.with(|world| (world.acknowledged_seq, world.held.len())), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_new_store_begins_at_its_own_first_record() {
    let world = world(3);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| {
        world.epoch = StoreEpoch::new([8; 16]);
        world.records = vec![b"{\"new\":1}".to_vec(); 5];
        (world.acknowledged_seq, world.held) = (0, Vec::new());
    });
    shop.all_sent().await;
    assert_eq!(world.with(|world| world.held.len()), 5);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_at_the_start_waits_for_its_turn_once() {
    let world = world(2);
    let mut shop = open_with(&world, Timing::default());
    let status = shop.until(|status| status.state == State::Spreading).await;
    assert!(status.next_try_ms.is_some());
    shop.all_sent().await;
    let first = world.with(|world| world.sent[0].0);
    assert!(first > Duration::ZERO && first <= Duration::from_secs(120), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_long_outage_the_backlog_waits_for_its_turn() {
    let world = world(0);
    let mut shop = open_with(&world, Timing::default());
    shop.until(|status| status.state == State::Idle).await;
    world.play([Step::DownUntil(Duration::from_secs(3_600))]);
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.until(|status| status.state == State::Retrying).await;
    world.with(|world| world.records.extend(std::iter::repeat_n(b"{}".to_vec(), 700)));
    shop.until(|status| status.state == State::Spreading).await;
    shop.all_sent().await;
    assert_eq!(world.counts()[world.counts().len() - 3..], [1, 500, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_flaps_makes_progress_without_duplicates() {
    let world = world(3_000);
    let flapping = [Step::Lost, Step::AnswerLost, Step::Other(html()), Step::AnswerLost];
    world.play(flapping.iter().cycle().take(40).cloned());
    open(&world).all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_any_wait() {
    let world = world(1);
    world.play([problem(ProblemType::ChainConflict)]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Conflict).await;
    let asked = Instant::now();
    let status = shop.status.clone();
    shop.close().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert_eq!(status.borrow().state, State::Stopped);
}
