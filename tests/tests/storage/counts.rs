//! What is counted, on every database there is.

use afterword_collector::numbers::{Finding, Overview, Scope};
use afterword_collector::{Admin, Erasure};
use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_model::response::{ClockQuality, Response, Stamp};
use afterword_model::summary::{Ask, Measure};
use afterword_protocol::problem::ProblemType;
use anyhow::{Context as _, Result, bail, ensure};

use super::place::{NOW_MS, Place, Till, problem, rating};

/// The local day on which all ratings of these tests are given, by their own offset of an hour.
const DAY: i64 = (NOW_MS + 3_600_000) / 86_400_000;

/// What the numbers of that day are, after everything that waits was counted.
pub(crate) fn counted(place: &Place) -> Result<Overview> {
    let mut admin = place.admin()?;
    admin.count()?;
    day(&admin, DAY)
}

fn day(admin: &Admin, day: i64) -> Result<Overview> {
    Ok(admin.overview(&Scope { first_day: day, last_day: day, ..Scope::default() })?)
}

/// The same after everything was counted again, which has to come to the same.
pub(crate) fn recounted(place: &Place) -> Result<Overview> {
    let before = counted(place)?;
    let pages = |admin: &Admin| -> Result<Vec<_>> {
        let stores = before.stores.iter();
        stores.map(|store| Ok(admin.store_figures(&store.store, Ask::days(DAY - 400, DAY + 2))?)).collect()
    };
    let mut admin = place.admin()?;
    let pages_before = pages(&admin)?;
    let records = admin.recount()?;
    assert_eq!(records, place.verified()?.records(), "every record was looked at");
    let again = day(&admin, DAY)?;
    assert_eq!(again, before);
    assert_eq!(pages(&admin)?, pages_before);
    Ok(again)
}

/// Happy visits of those numbers, and those that said whether they were.
fn happy(numbers: &Overview) -> Result<(u64, u64)> {
    match numbers.happy.now {
        Some(Measure::Share(share)) => Ok((share.hits, share.of)),
        other => bail!("no share: {other:?}"),
    }
}

/// Stores and their responses, by name.
fn stores(numbers: &Overview) -> Vec<(&str, u64)> {
    let mut stores: Vec<(&str, u64)> =
        numbers.stores.iter().map(|store| (store.store.as_str(), store.responses)).collect();
    stores.sort_unstable();
    stores
}

/// Of the ratings from 1 to this one, those with one of the two best faces.
fn happy_of(records: u64) -> u64 {
    (1..=records).filter(|seq| seq % 5 >= 3).count() as u64
}

pub(crate) fn what_came_is_counted_once_and_what_nobody_can_read_is_known(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 40)?;
    assert_eq!(counted(place)?.finding, Finding::NotEnough { answers: 0 });
    place.receipt(&till, 1, 4)?;
    let few = counted(place)?;
    assert_eq!((few.responses, few.happy.now, few.stores[0].places), (4, None, None), "four are not enough");
    place.receipt(&till, 1, 20)?;
    assert_eq!(place.admin()?.count()?, 16, "what is counted is not looked at again");
    place.restart()?;
    assert_eq!(place.admin()?.count()?, 0);
    place.receipt(&till, 15, 39)?;
    // One that contradicts, and one that nobody can read.
    let told = till.records.clone();
    till.records[2] = String::from_utf8(told[3].clone())?.replace("\"seq\":4", "\"seq\":3").into();
    problem(&place.send(&till, 3, 3)?, ProblemType::ChainConflict)?;
    till.records = told;
    till.records[39] = b"{}".to_vec();
    place.receipt(&till, 40, 40)?;
    let numbers = counted(place)?;
    assert_eq!((numbers.responses, happy(&numbers)?), (39, (happy_of(39), 39)));
    assert_eq!(stores(&numbers), [("Harbour Street", 39)]);
    let holdings = numbers.holdings;
    assert_eq!((holdings.looked_at, holdings.waiting, holdings.parked, holdings.quarantined), (40, 0, 1, 1));
    assert_eq!(recounted(place)?.responses, 39);
    Ok(())
}

/// Four hands count what two devices go on sending.
pub(crate) fn several_count_at_once_and_nothing_is_counted_twice(place: &mut Place) -> Result<()> {
    const RECORDS: u64 = 120;
    let tills = [place.device("Exit", RECORDS)?, place.device("Door", RECORDS)?];
    let place = &*place;
    std::thread::scope(|scope| -> Result<()> {
        let senders = tills.iter().map(|till| {
            scope.spawn(move || {
                (1..=RECORDS).step_by(6).try_for_each(|first| sent(place, till, first, first + 5))
            })
        });
        let counters = (0..4).map(|_| {
            scope.spawn(move || -> Result<()> {
                let mut admin = place.admin()?;
                for _ in 0..20 {
                    // Somebody else may hold the database for longer than one waits.
                    let _ = admin.count();
                }
                Ok(())
            })
        });
        let busy: Vec<_> = senders.chain(counters).collect();
        busy.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a hand broke down")))
    })?;
    let numbers = counted(place)?;
    assert_eq!((numbers.responses, happy(&numbers)?), (2 * RECORDS, (2 * happy_of(RECORDS), 2 * RECORDS)));
    recounted(place)?;
    Ok(())
}

/// Sends a batch as an agent does, again until it is taken.
fn sent(place: &Place, till: &Till, first: u64, last: u64) -> Result<()> {
    let taken = (0..100).find_map(|_| place.receipt(till, first, last).ok());
    taken.with_context(|| format!("{first} was never taken")).map(drop)
}

pub(crate) fn what_is_erased_is_counted_no_more(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 12)?;
    place.receipt(&till, 1, 9)?;
    assert_eq!(happy(&counted(place)?)?, (happy_of(9), 9));
    // A happy one that is counted, and an unhappy one that waits to be.
    place.receipt(&till, 10, 12)?;
    for seq in [4, 10] {
        assert_eq!(place.admin()?.erase("Exit", (till.epoch, seq))?, Erasure::Erased { rows: 1 });
        assert_eq!(place.admin()?.erase("Exit", (till.epoch, seq))?, Erasure::AlreadyErased);
    }
    let numbers = counted(place)?;
    assert_eq!((numbers.responses, happy(&numbers)?), (10, (happy_of(12) - 1, 10)));
    assert_eq!(recounted(place)?.responses, 10);
    // With its copy, which is counted in its place where it came first.
    let copy = carried(&till, 1..=3)?;
    let copy = Till { epoch: StoreEpoch::new([8; 16]), records: copy, ..place.device("Door", 0)? };
    place.receipt(&copy, 1, 3)?;
    assert_eq!(counted(place)?.responses, 13, "of another device they are others");
    Ok(())
}

/// These records as a later store of the device holds them.
pub(crate) fn carried(till: &Till, seqs: impl Iterator<Item = u64>) -> Result<Vec<Vec<u8>>> {
    let one = |(seq, from): (u64, u64)| {
        let record = &till.records[usize::try_from(from)? - 1];
        Ok(wrap(seq, Origin { epoch: till.epoch, seq: from }, record)?)
    };
    (1..).zip(seqs).map(one).collect()
}

pub(crate) fn a_carried_copy_is_counted_once_in_whichever_order_they_come(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 10)?;
    place.receipt(&till, 1, 5)?;
    counted(place)?;
    // The store after it has all of them again, and five that never came before.
    let (first_epoch, first_records) = (till.epoch, till.records.clone());
    let again = carried(&till, 1..=10)?;
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), again);
    place.receipt(&till, 1, 10)?;
    assert_eq!(counted(place)?.responses, 10);
    // One more after it carries three of them twice.
    let second_records = till.records.clone();
    let origin = |seq| Origin { epoch: StoreEpoch::new([8; 16]), seq };
    till.epoch = StoreEpoch::new([9; 16]);
    till.records = [2_u64, 7, 7]
        .into_iter()
        .zip(1..)
        .map(|(from, seq)| Ok(wrap(seq, origin(from), &second_records[usize::try_from(from)? - 1])?))
        .collect::<Result<_>>()?;
    place.receipt(&till, 1, 3)?;
    // And the first ones come late.
    (till.epoch, till.records) = (first_epoch, first_records);
    place.receipt(&till, 6, 8)?;
    let numbers = counted(place)?;
    assert_eq!((numbers.responses, happy(&numbers)?), (10, (happy_of(10), 10)));
    assert_eq!(place.verified()?.counted(), 10, "as a verification has it");
    recounted(place)?;
    // Erased, all copies of a response are one response less.
    assert_eq!(place.admin()?.erase("Exit", (StoreEpoch::new([8; 16]), 7))?, Erasure::Erased { rows: 4 });
    assert_eq!(counted(place)?.responses, 9);
    assert_eq!(recounted(place)?.responses, 9);
    Ok(())
}

pub(crate) fn a_device_that_moves_leaves_its_past_where_it_was(place: &mut Place) -> Result<()> {
    let till = place.device("Exit", 70)?;
    place.receipt(&till, 1, 20)?;
    counted(place)?;
    // 40 minutes on, after the 39th rating, it goes elsewhere; what it had not sent is sent from there.
    place.clock.advance_ms(40 * 60_000);
    place.admin()?.device_replace("Exit", Some("Mill Lane"))?;
    place.clock.advance_ms(86_400_000);
    place.receipt(&till, 21, 70)?;
    assert_eq!(stores(&counted(place)?), [("Harbour Street", 39), ("Mill Lane", 31)]);
    recounted(place)?;
    place.admin()?.device_replace("Exit", None)?;
    place.admin()?.device_replace("Exit", Some("Mill Lane"))?;
    assert_eq!(stores(&recounted(place)?), [("Harbour Street", 39), ("Mill Lane", 31)], "it stayed");
    let mill = place.admin()?.store_figures("Mill Lane", Ask::days(DAY, DAY))?;
    assert_eq!(mill.summary.responses, 31);
    Ok(())
}

pub(crate) fn a_device_that_is_given_a_store_takes_its_past_along(place: &mut Place) -> Result<()> {
    let mut till = Till::named("Exit", 20);
    let code = place.admin()?.device_add("Exit", None)?.code.to_string();
    let answer = place.enrol(&till, &code)?;
    ensure!(answer.status == 201, "{}", answer.status);
    till.enrolled = Some(serde_json::from_slice(&answer.body)?);
    place.receipt(&till, 1, 9)?;
    assert_eq!(stores(&counted(place)?), [("", 9)]);
    place.receipt(&till, 10, 14)?;
    place.admin()?.device_replace("Exit", Some("Mill Lane"))?;
    place.receipt(&till, 15, 20)?;
    assert_eq!(stores(&counted(place)?), [("Mill Lane", 20)]);
    recounted(place)?;
    Ok(())
}

/// A rating of a start that did not know the time.
fn undated(seq: u64, boot: u32, mono_ms: u64) -> Response {
    let mut rating = rating(seq);
    rating.draft.started = Stamp {
        wall_ms: i64::try_from(mono_ms).unwrap_or(0),
        offset_min: 0,
        boot,
        mono_ms,
        clock: ClockQuality::Unset,
    };
    rating
}

pub(crate) fn a_device_that_learns_the_time_is_counted_anew(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 12)?;
    // Three of a start that never learns it, then three of one that does, at the seventh.
    for seq in 1..=6_u64 {
        let (boot, mono_ms) = if seq <= 3 { (2, seq * 1_000) } else { (3, seq * 60_000) };
        till.records[usize::try_from(seq)? - 1] = undated(seq, boot, mono_ms).to_bytes();
    }
    let mut knows = rating(7);
    knows.draft.started.boot = 3;
    till.records[6] = knows.to_bytes();
    place.receipt(&till, 1, 6)?;
    let unknown = counted(place)?;
    assert_eq!((unknown.responses, unknown.holdings.undated, unknown.holdings.looked_at), (0, 6, 6));
    place.receipt(&till, 7, 12)?;
    let known = counted(place)?;
    assert_eq!((known.responses, known.holdings.undated), (9, 3));
    recounted(place)?;
    // A copy in a later store knows no more and counts no more.
    let copies = carried(&till, 1..=12)?;
    (till.epoch, till.records) = (StoreEpoch::new([8; 16]), copies);
    place.receipt(&till, 1, 12)?;
    let known = recounted(place)?;
    assert_eq!((known.responses, known.holdings.undated), (9, 3));
    let face = |seq: u64| u8::try_from(seq % 5).unwrap_or(0) + 1;
    let happy_known = (4..=12).filter(|seq| face(*seq) >= 4).count() as u64;
    assert_eq!(happy(&known)?, (happy_known, 9));
    Ok(())
}
