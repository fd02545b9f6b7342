//! Whatever screen and agents do, in whatever order: nobody waits for ever, no errand is done twice, and no result is taken for
//! another's.

use std::collections::BTreeSet;

use afterword_model::ports::ManualClock;
use afterword_protocol::network_test::NetworkTest;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Op {
    TestNetwork,
    Enrol,
    Pack,
    Take,
    /// The newest errand could not be handed over.
    GiveBack,
    /// A result for the errand taken so many before the newest.
    Done(usize),
    /// A failure for it, likewise.
    Fail(usize),
    Pass(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::TestNetwork),
        2 => Just(Op::Enrol),
        2 => Just(Op::Pack),
        4 => Just(Op::Take),
        1 => Just(Op::GiveBack),
        2 => (0..3_usize).prop_map(Op::Done),
        1 => (0..3_usize).prop_map(Op::Fail),
        2 => (0..40_000_u64).prop_map(Op::Pass),
    ]
}

fn is_under_way(errands: &Errands) -> [bool; 3] {
    let test = matches!(errands.network_test(), TestState::Waiting | TestState::UnderWay { .. });
    let enrolment = errands.enrolment() == EnrolmentState::UnderWay;
    [test, enrolment, errands.parcel() == ParcelState::UnderWay]
}

proptest! {
    #[test]
    fn nobody_waits_for_ever_and_nothing_is_done_twice(ops in prop::collection::vec(op(), 1..60)) {
        let clock = Arc::new(ManualClock::at(0));
        let errands = Errands::new(clock.clone());
        let code = EnrolmentCode::parse("K7QM-2XJP-9WTD").unwrap();
        let mut taken: Vec<Errand> = Vec::new();
        let mut handed_out = BTreeSet::new();
        for op in ops {
            match op {
                Op::TestNetwork => errands.test_network(),
                Op::Enrol => errands.enrol(code.clone()),
                Op::Pack => errands.pack("/media/stick".into(), 7),
                Op::Take => {
                    if let Some(errand) = errands.take(AgentStatus::default(), 0) {
                        prop_assert!(handed_out.insert(errand.id), "{} was handed out twice", errand.id);
                        taken.push(errand);
                    }
                }
                Op::GiveBack => {
                    if let Some(errand) = taken.pop() {
                        let before = is_under_way(&errands);
                        handed_out.remove(&errand.id);
                        errands.give_back(errand);
                        prop_assert_eq!(is_under_way(&errands), before, "it is still wanted, or still not");
                    }
                }
                Op::Done(back) | Op::Fail(back) => {
                    let Some(errand) = taken.iter().rev().nth(back).cloned() else { continue };
                    let (is_newest_test, is_newest_enrolment, is_newest_parcel) = (
                        newest(&taken, |kind| *kind == ErrandKind::TestNetwork) == Some(errand.id),
                        newest(&taken, |kind| matches!(kind, ErrandKind::Enrol { .. })) == Some(errand.id),
                        newest(&taken, |kind| matches!(kind, ErrandKind::Pack { .. })) == Some(errand.id),
                    );
                    let before = (errands.network_test(), errands.enrolment(), errands.parcel());
                    let result = match (&errand.kind, &op) {
                        (ErrandKind::TestNetwork, Op::Done(_)) => ErrandResult::NetworkTested {
                            test: NetworkTest { begun_ms: i64::try_from(errand.id).unwrap(), took_ms: 0, steps: vec![] },
                        },
                        (ErrandKind::Pack { .. }, Op::Done(_)) => {
                            ErrandResult::Packed { parcel: Parcel { records: errand.id, ..Parcel::default() } }
                        }
                        _ => ErrandResult::Unsupported,
                    };
                    errands.done(errand.id, result);
                    if !is_newest_test {
                        prop_assert_eq!(errands.network_test(), before.0);
                    }
                    if !is_newest_enrolment {
                        prop_assert_eq!(errands.enrolment(), before.1);
                    }
                    if !is_newest_parcel {
                        prop_assert_eq!(errands.parcel(), before.2);
                    }
                }
                Op::Pass(ms) => clock.advance_ms(ms),
            }
            let is_any = is_under_way(&errands).contains(&true);
            prop_assert_eq!(errands.deadline_ms().is_some(), is_any);
        }
        clock.advance_ms(PACK_MAX_MS + SLACK_MS);
        prop_assert_eq!(is_under_way(&errands), [false; 3]);
        prop_assert_eq!(errands.take(AgentStatus::default(), 0), None);
    }
}

/// The errand of this kind that was taken last.
fn newest(taken: &[Errand], of_kind: impl Fn(&ErrandKind) -> bool) -> Option<ErrandId> {
    taken.iter().rev().find(|errand| of_kind(&errand.kind)).map(|errand| errand.id)
}
