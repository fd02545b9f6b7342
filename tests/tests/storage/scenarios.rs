//! What holds on every database there is.

use afterword_collector::{AdminError, Erasure, PlaceKind, ShownOn};
use afterword_model::carried::{Origin, wrap};
use afterword_model::case::{
    Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, Category, Reason, Role, Stage, Step, Tier,
    Wish,
};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::ports::Clock as _;
use afterword_model::record::{Head, StoreEpoch};
use afterword_model::response::{AnswerValue, ClockQuality, Stamp};
use afterword_protocol::case_steps::CaseMark;
use afterword_protocol::changes::{Change, Words};
use afterword_protocol::courier::CourierWriter;
use afterword_protocol::heartbeat::Fingerprint;
use afterword_protocol::problem::ProblemType;
use afterword_protocol::queue::{BeginReason, FormerEpoch, SeqRange};
use afterword_protocol::system::SystemEntropy;
use anyhow::{Context as _, Result, bail};

use super::place::{Place, Till, problem, rating, receipt};

const DAY_MS: u64 = 86_400_000;

/// What is new is stored once and signed for, and nothing else is.
pub(crate) fn a_batch_is_new_or_known_or_has_a_gap_before_it(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 20)?;
    let first = place.receipt(&till, 1, 9)?;
    assert!(first.is_signed_by(&till.enrolled()?.receipt_key));
    place.clock.advance_ms(60_000);
    assert_eq!(place.receipt(&till, 1, 9)?, first, "the same receipt, byte for byte");
    assert_eq!(problem(&place.send(&till, 11, 20)?, ProblemType::NotContiguous)?.mark, Some(9));
    assert_eq!(place.receipt(&till, 5, 14)?.receipt.through_seq, 14);
    place.restart()?;
    place.receipt(&till, 15, 20)?;
    assert_eq!(place.receipt(&till, 1, 9)?.receipt.received_ms, first.receipt.received_ms);
    let report = place.verified()?;
    assert_eq!((report.records(), report.receipts(), report.counted()), (20, 3, 20));
    Ok(())
}

pub(crate) fn another_story_is_kept_aside_once_and_replaces_nothing(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 6)?;
    place.receipt(&till, 1, 4)?;
    let told = till.records.clone();
    till.records[2] = till.records[3].clone();
    till.records[2] = String::from_utf8(till.records[2].clone())?.replace("\"seq\":4", "\"seq\":3").into();
    for _ in 0..2 {
        let refused = problem(&place.send(&till, 1, 6)?, ProblemType::ChainConflict)?;
        assert_eq!(refused.mark, Some(4));
    }
    let report = place.verified()?;
    // The third, and what follows on it beyond what is held; the fourth is as it is held.
    assert_eq!((report.records(), report.stores[0].quarantined), (4, 3));
    till.records = told;
    place.receipt(&till, 1, 6)?;
    assert_eq!(place.verified()?.records(), 6);
    Ok(())
}

pub(crate) fn what_cannot_be_read_is_parked_alone_and_of_several_nothing_is_stored(
    place: &mut Place,
) -> Result<()> {
    let mut till = place.device("Exit", 4)?;
    // The reason quotes a sign that not every database takes in a text.
    let told = String::from_utf8(till.records[1].clone())?;
    till.records[1] = told.replace("completed", "com\\u0000pleted").into_bytes();
    let refused = problem(&place.send(&till, 1, 4)?, ProblemType::RecordUnreadable)?;
    assert_eq!(refused.seq, Some(2));
    assert_eq!(place.verified()?.records(), 0, "nothing of it");
    for (first, last) in [(1, 1), (2, 2), (3, 4)] {
        place.receipt(&till, first, last)?;
    }
    let report = place.verified()?;
    assert_eq!((report.records(), report.stores[0].parked), (4, 1));
    Ok(())
}

pub(crate) fn what_is_erased_stays_erased_however_it_comes_again(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 5)?;
    let first = place.receipt(&till, 1, 5)?;
    let erased = place.admin()?.erase("Exit", (till.epoch, 3))?;
    assert_eq!(erased, Erasure::Erased { rows: 1 });
    assert_eq!(place.admin()?.erase("Exit", (till.epoch, 3))?, Erasure::AlreadyErased);
    assert_eq!(place.admin()?.erase("Exit", (till.epoch, 6))?, Erasure::NoSuchRecord);
    assert_eq!(place.receipt(&till, 1, 5)?, first);
    place.restart()?;
    let former = std::mem::replace(&mut till.epoch, StoreEpoch::new([8; 16]));
    till.records = (1..)
        .zip(&till.records)
        .map(|(seq, record)| wrap(seq, Origin { epoch: former, seq }, record))
        .collect::<Result<_, _>>()?;
    place.receipt(&till, 1, 5)?;
    let report = place.verified()?;
    let mut erased: Vec<u64> = report.stores.iter().map(|store| store.erased).collect();
    erased.sort_unstable();
    assert_eq!((erased, report.records(), report.counted()), (vec![1, 1], 10, 5));
    Ok(())
}

pub(crate) fn a_code_becomes_one_identity(place: &mut Place) -> Result<()> {
    let (till, other) = (Till::named("Exit", 0), Till::named("another", 0));
    let guess = place.enrol(&till, "AAAA-AAAA-AAAA")?;
    assert_ne!(guess.status, 201);
    let old = place.admin()?.device_add("Exit", None)?.code.to_string();
    let code = place.admin()?.device_add("Exit", None)?.code.to_string();
    assert_ne!(place.enrol(&till, &old)?.status, 201, "a newer one was given");
    let first = place.enrol(&till, &code)?;
    assert_eq!(first.status, 201);
    assert_eq!(place.enrol(&till, &code)?.body, first.body, "its answer was lost on the way");
    assert_ne!(place.enrol(&other, &code)?.status, 201);
    assert!(matches!(place.admin()?.device_add("Exit", None), Err(AdminError::NameTaken { .. })));

    // Other hardware in its place.
    let code = place.admin()?.device_replace("Exit", None)?.code.to_string();
    assert_eq!(place.enrol(&other, &code)?.status, 201);
    assert_eq!(place.admin()?.device_list()?.len(), 1, "it is the same device");
    place.admin()?.device_revoke("Exit", Some("stolen"))?;
    let code = place.admin()?.device_add("Exit", None)?.code.to_string();
    place.clock.advance_ms(DAY_MS);
    assert_ne!(place.enrol(&till, &code)?.status, 201, "its day is over");
    let names: Vec<String> = place.admin()?.device_list()?.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["Exit", "Exit"], "a revoked one and one that waits");
    assert!(matches!(place.admin()?.device_replace("Exit", None), Err(AdminError::NameWaits { .. })));
    Ok(())
}

pub(crate) fn who_was_revoked_or_retired_delivers_nothing(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 3)?;
    let stays = place.device("zoo", 1)?;
    let upper = place.device("Zoo", 1)?;
    place.receipt(&till, 1, 2)?;
    place.beat(&till, &place.heartbeat(&till, 3)?)?;
    let mut admin = place.admin()?;
    let kept = admin.device_retire("Exit", false, None)?;
    assert!(matches!(kept, afterword_collector::Retirement::RecordsMissing(_, owed) if owed.records == 1));
    admin.device_revoke("Exit", Some("stolen"))?;
    problem(&place.send(&till, 1, 3)?, ProblemType::NotAllowed)?;
    admin.device_retire("Exit", true, None)?;
    problem(&place.send(&till, 1, 3)?, ProblemType::NotAllowed)?;
    assert!(matches!(admin.device_replace("Exit", None), Err(AdminError::IsRetired { .. })));
    place.receipt(&stays, 1, 1)?;
    place.receipt(&upper, 1, 1)?;
    let rows = admin.device_list()?;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Zoo", "zoo", "Exit"], "by their letters, those in use first");
    Ok(())
}

pub(crate) fn a_heartbeat_says_how_far_a_store_has_come_and_what_is_missing(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 9)?;
    let receipt = place.receipt(&till, 1, 7)?.receipt;
    let mut said = place.heartbeat(&till, 9)?;
    let old = StoreEpoch::new([5; 16]);
    let lost = vec![SeqRange { first: 3, last: 4 }];
    said.health.former = vec![FormerEpoch {
        epoch: old,
        last_seq: 6,
        head: Head::new([2; 32]),
        reason: BeginReason::Rotted,
        lost,
    }];
    for last_seq in [9, 8] {
        said.health.position.last_seq = last_seq;
        let heard = place.beat(&till, &said)?;
        assert_eq!((heard.mark, heard.head), (7, receipt.head));
        place.restart()?;
    }
    let rows = place.admin()?.device_list()?;
    let mut stores: Vec<_> = rows[0].stores.iter().map(|s| (s.collected, s.received, s.is_former)).collect();
    stores.sort_unstable();
    assert_eq!(stores, [(6, 0, true), (9, 7, false)], "what was once said is not taken back");
    let former = rows[0].stores.iter().find(|store| store.is_former).context("the former one")?;
    assert_eq!(former.lost, [SeqRange { first: 3, last: 4 }]);
    let missing = [SeqRange { first: 1, last: 2 }, SeqRange { first: 5, last: 6 }];
    assert_eq!(former.missing, missing);
    // Which certificates it trusts stands in its newest word, and a device that never spoke trusts none.
    place.device("Silent", 0)?;
    let admin = place.admin()?;
    assert_eq!(admin.active_devices_without(&said.trusted[0])?, ["Silent"]);
    assert_eq!(admin.active_devices_without(&Fingerprint::new([0; 32]))?, ["Exit", "Silent"]);
    drop(admin);
    // An inventor of epochs fills no disk.
    for number in 0..80_u8 {
        said.health.position.epoch = StoreEpoch::new([number + 100; 16]);
        place.beat(&till, &said)?;
    }
    assert!(place.admin()?.device_list()?[0].stores.len() < 80);
    Ok(())
}

pub(crate) fn two_that_speak_in_turns_are_suspected(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 1)?;
    let epochs = [till.epoch, StoreEpoch::new([8; 16])];
    for (turn, epoch) in [0, 1, 0, 1].into_iter().enumerate() {
        assert!(!place.admin()?.device_list()?[0].clone_suspected, "turn {turn}");
        place.clock.advance_ms(60_000);
        till.epoch = epochs[epoch];
        place.beat(&till, &place.heartbeat(&till, 1)?)?;
    }
    assert!(place.admin()?.device_list()?[0].clone_suspected);
    place.clock.advance_ms(8 * DAY_MS);
    assert!(!place.admin()?.device_list()?[0].clone_suspected);
    Ok(())
}

pub(crate) fn a_change_is_shown_where_it_is_for_and_no_longer_when_withdrawn(
    place: &mut Place,
) -> Result<()> {
    let till = place.device("Exit", 0)?;
    let words = |text: &str| Words::from([("en".to_owned(), text.to_owned())]);
    let today = place.clock.wall_ms() / i64::try_from(DAY_MS)?;
    let change = |said: &str| Change {
        said: words(said),
        did: words("We did something about it."),
        day: today,
        until_day: None,
    };
    let mut admin = place.admin()?;
    let everywhere = admin.change_add(&change("Too cold."), ShownOn::Every)?;
    admin.change_add(&change("Too dark."), ShownOn::Store("Harbour Street"))?;
    admin.change_add(&change("Too loud."), ShownOn::Device("Exit"))?;
    assert!(admin.change_add(&change("Too far."), ShownOn::Store("elsewhere")).is_err());
    drop(admin);
    place.restart()?;
    let mut said = place.heartbeat(&till, 0)?;
    said.health.changes = Some(afterword_protocol::changes::Changes::of(Vec::new()).version);
    let heard = place.beat(&till, &said)?.changes.context("there is something to show")?;
    assert_eq!(heard.items.len(), 3);
    assert!(!place.admin()?.change_withdraw(everywhere)?);
    assert!(place.admin()?.change_withdraw(everywhere)?, "it had been before");
    let heard = place.beat(&till, &said)?.changes.context("there is something to show")?;
    assert_eq!((heard.items.len(), place.admin()?.change_list()?.len()), (2, 2));
    Ok(())
}

pub(crate) fn a_store_lies_in_the_regions_it_was_put_into(place: &mut Place) -> Result<()> {
    place.device("Exit", 0)?;
    let mut admin = place.admin()?;
    let store = admin.places()?.find("Harbour Street").map(|store| store.kind);
    assert_eq!(store, Some(PlaceKind::Store), "the device names it");
    admin.place_put("North", PlaceKind::Region, None)?;
    admin.place_put("Coast", PlaceKind::Region, Some("North"))?;
    admin.place_put("Harbour Street", PlaceKind::Store, Some("Coast"))?;
    assert_eq!(admin.places()?.around("Harbour Street"), ["Coast", "North"]);
    let words = |refused: Option<AdminError>| refused.map(|error| error.to_string()).unwrap_or_default();
    let refused = |refusal: Result<(), AdminError>| words(refusal.err());
    let said = refused(admin.place_put("North", PlaceKind::Region, Some("Coast")));
    assert!(said.contains("itself within"), "{said}");
    let said = refused(admin.place_put("Quayside", PlaceKind::Store, Some("Harbour Street")));
    assert!(said.contains("no region `Harbour Street`"), "{said}");
    let said = refused(admin.place_put("Coast", PlaceKind::Store, None));
    assert!(said.contains("is a region already"), "{said}");
    let said = refused(admin.place_remove("Coast"));
    assert!(said.contains("still holds `Harbour Street`"), "{said}");
    let said = words(admin.device_add("Till 2", Some("Coast")).err());
    assert!(said.contains("is a region already"), "{said}");
    drop(admin);
    place.restart()?;
    let mut admin = place.admin()?;
    admin.place_put("Harbour Street", PlaceKind::Store, Some("North"))?;
    admin.place_remove("Coast")?;
    assert_eq!(admin.places()?.stores_in("North").into_iter().collect::<Vec<_>>(), ["Harbour Street"]);
    Ok(())
}

pub(crate) fn a_case_is_found_by_its_name_and_steps_go_down_once(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 2)?;
    let id = CaseId { epoch: till.epoch, seq: 2 };
    let mut response = rating(2);
    response.draft.answers[0].value = AnswerValue::Face(1);
    till.records[1] = response.to_bytes();
    let at = Stamp {
        wall_ms: place.clock.wall_ms(),
        offset_min: 60,
        boot: 1,
        mono_ms: 3_000,
        clock: ClockQuality::Synced,
    };
    let step = Step::Opened {
        reasons: vec![Reason::LowScoreWithComment],
        category: Category::Clean,
        tier: Tier::Normal,
        words: None,
    };
    let case =
        CaseEvent { of: id, at, by: Author::nameless(Role::Manager), step, masked: Default::default() };
    till.records.push(CaseRecord { v: CASE_EVENT_VERSION, seq: 3, case }.to_bytes());
    place.receipt(&till, 1, 3)?;
    let name = afterword_collector::short_case_name(id);
    let mut admin = place.admin()?;
    assert_eq!(admin.case_list(false)?.len(), 1);
    let row = admin.case_step(&name, &Wish::Note { words: "call Jo".into() }, Some("Ana"))?;
    assert_eq!((row.view.steps.len(), row.view.said.is_some()), (2, true));
    assert_eq!(admin.case(&format!("{}/2", id.epoch))?.view.id, id, "with all its digits");
    assert!(admin.case(&format!("{}/3", id.epoch)).is_err());
    assert_eq!(row.view.status.stage, Stage::Opened);
    drop(admin);
    place.restart()?;
    let mut said = place.heartbeat(&till, 3)?;
    said.health.case_mark = Some(CaseMark::NONE);
    let steps = place.beat(&till, &said)?.case_steps.context("there is something to hear")?;
    assert_eq!(steps.steps.len(), 1);
    said.health.case_mark = Some(steps.mark);
    assert_eq!(place.beat(&till, &said)?.case_steps, None, "it is kept already");
    Ok(())
}

pub(crate) fn three_words_find_their_record(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 3)?;
    let code = FollowUpCode::parse("harbor-maple-tide")?;
    let mut response = rating(2);
    response.draft.follow_up_code = Some(code.clone());
    till.records[1] = response.to_bytes();
    place.receipt(&till, 1, 3)?;
    let found = place.admin()?.follow_ups(&code)?;
    let [found] = &found[..] else { bail!("{found:?}") };
    assert_eq!((found.seq, found.device_name.as_str()), (2, "Exit"));
    assert_eq!(place.admin()?.follow_ups(&FollowUpCode::parse("jasmine-jasmine-jasmine")?)?, []);
    assert_eq!(place.admin()?.contacts()?, []);
    place.admin()?.erase("Exit", (till.epoch, 2))?;
    assert_eq!(place.admin()?.follow_ups(&code)?, []);
    Ok(())
}

pub(crate) fn a_stick_and_the_network_bring_the_same(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 9)?;
    let enrolled = till.enrolled()?;
    let key = enrolled.courier_key.as_ref().context("a key for sticks")?;
    let mut bundle = CourierWriter::begin(Vec::new(), enrolled.device, key, &SystemEntropy)?;
    for (first, last) in [(1, 4), (5, 6)] {
        bundle.batch(&till.batch(first, last)?)?;
    }
    let path = place.folder.path().join("a.courier");
    std::fs::write(&path, bundle.finish(&till.key)?)?;
    let first = place.admin()?.import(&path)?;
    assert_eq!((first.new, first.last_seq), (6, 6));
    let again = place.admin()?.import(&path)?;
    assert_eq!((again.new, &again.receipt), (0, &first.receipt));
    place.receipt(&till, 5, 9)?;
    assert_eq!(place.verified()?.records(), 9);
    Ok(())
}

/// More records than any page of rows holds, and what is found when one is not as it was.
pub(crate) fn a_long_chain_is_verified_to_its_end(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 700)?;
    for first in (1..=700).step_by(100) {
        place.receipt(&till, first, first + 99)?;
    }
    let report = place.verified()?;
    assert_eq!((report.records(), report.receipts()), (700, 7));
    let mut other = place.device("Door", 3)?;
    other.epoch = till.epoch;
    place.receipt(&other, 1, 3)?;
    let report = place.admin()?.verify()?;
    assert_eq!((report.is_sound(), report.doubled.len()), (false, 1));
    Ok(())
}

/// Two collectors take the same batches at once, in whichever order they come.
pub(crate) fn two_collectors_take_a_devices_batches_at_once(place: &mut Place) -> Result<()> {
    const RECORDS: u64 = 60;
    let tills = [place.device("Exit", RECORDS)?, place.device("Door", RECORDS)?];
    // With a clock of its own, by which what it would store again were another row.
    let other = place.another_ahead(3_600_000)?;
    std::thread::scope(|scope| -> Result<()> {
        let mut busy = Vec::new();
        for collector in [&place.collector, &other] {
            for till in &tills {
                busy.push(scope.spawn(move || deliver(till, collector, RECORDS)));
            }
        }
        busy.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a sender broke down")))
    })?;
    let report = place.verified()?;
    assert_eq!((report.records(), report.stores.len()), (2 * RECORDS, 2));
    assert!(report.stores.iter().all(|store| store.quarantined == 0), "{report:?}");
    Ok(())
}

/// As an agent does: after what is not stored it comes again.
fn deliver(till: &Till, collector: &afterword_collector::InProcess, records: u64) -> Result<()> {
    for first in (1..=records).step_by(3) {
        let taken = (0..100).find_map(|_| receipt(&till.send_to(collector, first, first + 2).ok()?).ok());
        taken.with_context(|| format!("{first} was never taken"))?;
    }
    Ok(())
}
