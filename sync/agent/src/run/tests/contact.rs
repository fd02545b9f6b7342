//! Heartbeats, new epochs and renewals, against a collector that knows them.

use afterword_model::carried::Origin;
use afterword_model::case::{self, Author, CaseEvent, Held, Role};
use afterword_model::mask::Spans;
use afterword_model::ports::SeededEntropy;
use afterword_model::record::{ServerEpoch, StoreEpoch, genesis};
use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::case_steps::{CaseMark, CaseSteps};
use afterword_protocol::changes::{Change, Changes};
use afterword_protocol::courier::CourierOpeningKey;
use afterword_protocol::heartbeat::Heartbeat;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::queue::BeginReason;

use super::super::*;
use super::world::*;
use crate::testing::{certificate, certificate_of_years, key};

const HOUR: Duration = Duration::from_secs(3_600);

fn hearing(records: usize) -> Shared {
    let world = world(records);
    world.with(|world| world.hears = true);
    world
}

/// An identity whose certificate ends with the beginning of this year.
fn until_year(year: i32) -> Identity {
    of_years(2023, year)
}

fn of_years(first: i32, end: i32) -> Identity {
    let key = key(1);
    let enrolled = crate::testing::enrolled(&key);
    Identity::new(enrolled, key.clone())
        .unwrap()
        .renewed(certificate_of_years(&key, first, end), certificate(&key, 2083))
        .unwrap()
}

fn no_spread() -> Timing {
    Timing { entry_spread_ms: 0, ..Timing::default() }
}

#[tokio::test(start_paused = true)]
async fn a_device_says_every_five_minutes_how_it_is() {
    let world = hearing(3);
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    let heard = world.with(|world| world.heard.clone());
    assert!((12..=14).contains(&heard.len()), "{}", heard.len());
    let (_, last) = heard.last().unwrap();
    assert_eq!((last.health.position.last_seq, last.health.position.acknowledged_seq), (3, 3));
    assert_eq!(last.trusted.len(), 1);
    assert!(shop.status.borrow().last_heartbeat_ms.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_records_are_refused_is_still_heard_of() {
    for refusal in [problem(ProblemType::Malformed), problem(ProblemType::Internal), busy("900")] {
        let world = hearing(1);
        world.play(std::iter::repeat_n(refusal, 500));
        let shop = open(&world);
        tokio::time::sleep(HOUR).await;
        // And what the collector asks for is done: it hands out another CA.
        let bundle = certificate(&key(5), 2080) + &certificate(&key(6), 2080);
        world.with(|world| world.ca_pem = Some(bundle));
        tokio::time::sleep(2 * HOUR).await;
        assert_eq!(world.with(|world| world.kept.len()), 1);
        let at: Vec<f64> = world.with(|world| world.heard.iter().map(|(at, _)| at.as_secs_f64()).collect());
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] < 600.0), "{at:?}");
        assert!(at.last().is_some_and(|&last| last > 3.0 * 3_600.0 - 600.0), "{at:?}");
        assert!(at.len() < 100, "no more often than it should: {at:?}");
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_be_reached_no_heartbeat_is_tried() {
    let world = hearing(1);
    world.play([Step::DownUntil(3 * HOUR)]);
    let mut shop = open(&world);
    shop.until(|status| status.state == State::Retrying).await;
    let before = world.with(|world| world.heard.len());
    tokio::time::sleep(HOUR).await;
    assert_eq!(world.with(|world| world.heard.len()), before);
    shop.all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_device_learns_that_the_collector_was_restored_and_sends_again() {
    let world = hearing(900);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| world.held.truncate(120));
    tokio::time::sleep(HOUR / 4).await;
    shop.all_sent().await;
    assert_eq!(world.counts(), [500, 400, 500, 280]);
}

#[tokio::test(start_paused = true)]
async fn what_takes_long_to_send_again_is_not_begun_again_by_each_heartbeat() {
    let world = hearing(900);
    let mut shop = open(&world);
    shop.all_sent().await;
    world.with(|world| world.held.clear());
    // Two hours of waiting, and heartbeats all the while.
    world.play(std::iter::repeat_n(busy("900"), 8));
    tokio::time::sleep(HOUR / 4).await;
    let status = shop.until(|status| status.state != State::Busy && status.unsent == 0).await;
    assert_eq!(status.problem, None);
    assert_eq!(world.counts()[..2], [500, 400]);
    assert!(world.with(|world| world.held.len()) == 900, "everything was sent again");
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_an_old_copy_begins_anew_before_it_has_anything_to_send() {
    let world = hearing(5);
    world.with(|world| {
        world.acknowledged_seq = 5;
        world.begins_anew = true;
        world.held = (1..=5).map(|seq| world.head(seq)).collect();
        let beyond = genesis(&world.epoch);
        world.held.push(beyond);
    });
    let mut shop = open(&world);
    shop.until(|status| status.acknowledged_seq == 5 && status.state == State::Idle).await;
    assert_eq!(world.with(|world| world.begun.len()), 1);
    shop.all_sent().await;
    assert_eq!(world.counts(), [5], "everything it has goes under the new epoch");
}

#[tokio::test(start_paused = true)]
async fn a_chain_conflict_begins_anew_once_and_then_only_once_an_hour() {
    let world = hearing(2);
    world.with(|world| world.begins_anew = true);
    world.play(std::iter::repeat_n(problem(ProblemType::ChainConflict), 12));
    let mut shop = open(&world);
    shop.all_sent().await;
    let begun = world.with(|world| world.begun.clone());
    assert!(begun.iter().all(|(_, reason)| *reason == BeginReason::Forked));
    let gaps: Vec<f64> = begun.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_secs_f64()).collect();
    assert!(!gaps.is_empty() && gaps.iter().all(|&gap| gap >= 3_600.0), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_purged_and_is_asked_for_again_does_not_stop_the_rest() {
    // Found out by a heartbeat, or, with a collector that knows none, by the next batch.
    for hears in [true, false] {
        let world = world(10);
        world.with(|world| {
            (world.purged_through, world.acknowledged_seq, world.begins_anew) = (6, 8, true);
            world.held = (1..=3).map(|seq| world.head(seq)).collect();
            world.hears = hears;
        });
        let mut shop = open(&world);
        shop.until(|status| status.acknowledged_seq == 4 && status.state == State::Idle).await;
        assert_eq!(world.with(|world| world.held.len()), 4, "the four it still has");
        shop.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_renewed_tried_and_kept() {
    let world = hearing(1);
    // From 2023 on, so two thirds of its life are over at the end of 2024.
    let mut shop = open_as(&world, no_spread(), until_year(2024));
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    let (renewals, kept) = world.with(|world| (world.renewals, world.kept.clone()));
    assert_eq!((renewals, kept.len()), (1, 1));
    let expires_ms = shop.status.borrow().certificate_expires_ms;
    assert_eq!(expires_ms, kept[0].certificate_not_after_ms());
    let last = world.with(|world| world.heard.last().cloned().unwrap()).1;
    assert_eq!(last.certificate_expires_ms, expires_ms, "the new one is in use");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_begins_only_later_by_the_collector_s_clock_is_renewed_once() {
    let world = hearing(1);
    let mut shop = open_as(&world, no_spread(), of_years(2033, 2034));
    shop.all_sent().await;
    tokio::time::sleep(4 * HOUR).await;
    assert_eq!(world.with(|world| (world.renewals, world.kept.len())), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_new_certificate_that_does_not_work_changes_nothing() {
    let world = hearing(1);
    let old = until_year(2024);
    let old_end_ms = old.certificate_not_after_ms();
    world.with(|world| {
        // 2027-01-01: only renewed ones last longer.
        let is_new: fn(&Heartbeat) -> bool = |heartbeat| heartbeat.certificate_expires_ms > 1_798_761_600_000;
        world.refuses = Some(is_new);
    });
    let mut shop = open_as(&world, no_spread(), old);
    shop.all_sent().await;
    tokio::time::sleep(4 * HOUR).await;
    assert!((3..=5).contains(&world.with(|world| world.renewals)), "once an hour");
    assert!(world.with(|world| world.kept.is_empty()));
    assert_eq!(shop.status.borrow().certificate_expires_ms, old_end_ms);
    world.with(|world| world.records.push(b"{}".to_vec()));
    shop.all_sent().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_let_in_any_more_tries_a_renewal_and_goes_on() {
    let world = hearing(1);
    world.play([problem(ProblemType::NotAuthenticated)]);
    let began = tokio::time::Instant::now();
    let mut shop = open(&world);
    shop.all_sent().await;
    assert_eq!(world.with(|world| world.renewals), 1);
    assert!(began.elapsed() < Duration::from_secs(30), "nobody waits once it is renewed");
}

#[tokio::test(start_paused = true)]
async fn new_cas_are_tried_and_kept_with_the_old_certificate() {
    let world = hearing(1);
    let bundle = certificate(&key(5), 2080) + &certificate(&key(6), 2080);
    world.with(|world| world.ca_pem = Some(bundle.clone()));
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR / 2).await;
    let kept = world.with(|world| world.kept.clone());
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].enrolled().collector_ca_pem, bundle);
    assert_eq!(world.with(|world| world.heard.last().cloned().unwrap()).1.trusted.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_courier_key_is_kept_once_and_named_from_then_on() {
    let world = hearing(1);
    let courier_key = CourierOpeningKey::generate(&SeededEntropy::new(3)).public().clone();
    world.with(|world| world.courier_key = Some(courier_key.clone()));
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    let kept = world.with(|world| world.kept.clone());
    assert_eq!(kept.len(), 1, "once, in an hour of heartbeats");
    assert_eq!(kept[0].enrolled().courier_key, Some(courier_key.clone()));
    let named = world.with(|world| world.heard.last().unwrap().1.courier_key.clone());
    assert_eq!(named, Some(courier_key));
    shop.close().await;
}

fn changes(said: &[&str]) -> Changes {
    let words = |text: &str| [("en".to_owned(), text.to_owned())].into();
    let change = |text: &&str| Change { said: words(text), did: words("done"), day: 20_769, until_day: None };
    Changes::of(said.iter().map(change).collect())
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_shown_is_handed_to_the_kiosk_once_and_again_when_it_changes() {
    let world = hearing(1);
    let lists = [changes(&["Queues too long"]), changes(&["No salt", "Queues too long"]), Changes::none()];
    let shop = open(&world);
    for list in &lists {
        world.with(|world| world.changes = Some(list.clone()));
        tokio::time::sleep(HOUR).await;
    }
    assert_eq!(
        world.with(|world| world.shown.clone()).unwrap(),
        lists,
        "each once, in an hour of heartbeats"
    );
    // A collector that was put back to before has the older list.
    world.with(|world| world.changes = Some(lists[0].clone()));
    tokio::time::sleep(HOUR).await;
    assert_eq!(world.with(|world| world.shown.clone()).unwrap().last(), Some(&lists[0]));
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_kiosk_that_could_not_keep_it_is_given_it_again_and_records_go_on() {
    let world = hearing(1);
    world.with(|world| {
        world.changes = Some(changes(&["Queues too long"]));
        world.show_failures = 3;
    });
    let mut shop = open(&world);
    shop.all_sent().await;
    tokio::time::sleep(HOUR).await;
    assert_eq!(world.with(|world| world.shown.clone()).unwrap(), [changes(&["Queues too long"])]);
    assert!(world.with(|world| world.begun.is_empty()));
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn hostile_words_are_not_passed_on_and_an_old_kiosk_is_given_none() {
    let hostile =
        [changes(&["\u{202e}olleh"]), changes(&["a\nb"]), changes(&["x"; 6]), changes(&[&"x".repeat(99)])];
    let cases = hostile.map(|list| (list, Some(Vec::new()))).into_iter();
    for (list, shown) in cases.chain([(changes(&["Queues too long"]), None)]) {
        let world = hearing(1);
        world.with(|world| {
            world.changes = Some(list);
            world.shown = shown.clone();
        });
        let mut shop = open(&world);
        shop.all_sent().await;
        tokio::time::sleep(HOUR).await;
        assert_eq!(world.with(|world| world.shown.clone()), shown);
        assert!(world.with(|world| world.heard.len()) > 10, "heartbeats go on");
        shop.close().await;
    }
}

/// A word of head office about a case.
fn steps(number: u64, words: &str) -> CaseSteps {
    let at = Stamp { wall_ms: 0, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
    let of = Origin { epoch: StoreEpoch::new([1; 16]), seq: 7 };
    let by = Author::nameless(Role::HeadOffice);
    let step = case::Step::Noted { words: words.into() };
    let event = CaseEvent { of, at, by, step, masked: Spans::default() };
    let server_epoch = ServerEpoch::new([7; 16]);
    let held = Held { id: Origin { epoch: server_epoch, seq: number }, event };
    CaseSteps { mark: CaseMark { server_epoch, number }, steps: vec![held] }
}

#[tokio::test(start_paused = true)]
async fn what_head_office_did_is_handed_to_the_kiosk_once_and_again_until_it_is_kept() {
    let world = hearing(1);
    world.with(|world| {
        world.case_steps = Some(steps(1, "call them"));
        world.show_failures = 2;
    });
    let shop = open(&world);
    tokio::time::sleep(HOUR).await;
    world.with(|world| world.case_steps = Some(steps(2, "called")));
    tokio::time::sleep(HOUR).await;
    assert_eq!(
        world.with(|world| world.steps_kept.clone()).unwrap(),
        [steps(1, "call them"), steps(2, "called")]
    );
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn hostile_steps_are_not_passed_on_and_an_old_kiosk_is_given_none() {
    let cases = [(steps(1, "\u{202e}olleh"), Some(Vec::new())), (steps(1, "x"), None)];
    for (come, kept) in cases {
        let world = hearing(1);
        world.with(|world| {
            world.case_steps = Some(come);
            world.steps_kept = kept.clone();
        });
        let mut shop = open(&world);
        shop.all_sent().await;
        tokio::time::sleep(HOUR).await;
        assert_eq!(world.with(|world| world.steps_kept.clone()), kept);
        assert!(world.with(|world| world.heard.len()) > 10, "heartbeats go on");
        shop.close().await;
    }
}
