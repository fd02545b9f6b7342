//! What holds on every path: random shoppers, a random clock, and a store that is late or fails.
//!
//! The properties themselves are the assertions of [`crate::watcher`].

use afterword_kiosk_core::{Aid, Caret, Event, Screen};
use proptest::prelude::*;

use crate::watcher::Watcher;

/// Something that happens in the shop.
#[derive(Debug, Clone)]
enum Happening {
    Touch(Event),
    /// The touch that the page invites to, so that random shoppers get far.
    SensibleTouch(u8),
    /// Time passes, and a tick comes at each deadline on the way, as the app sends it.
    Waits(u64),
    /// Time passes and the ticks are late.
    Stalls(u64),
    Tick,
    StoreWorks,
    StoreFails,
    StoreRecovers,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => touch().prop_map(Happening::Touch),
        12 => any::<u8>().prop_map(Happening::SensibleTouch),
        10 => duration_ms().prop_map(Happening::Waits),
        2 => duration_ms().prop_map(Happening::Stalls),
        1 => Just(Happening::Tick),
        8 => Just(Happening::StoreWorks),
        1 => Just(Happening::StoreFails),
        2 => Just(Happening::StoreRecovers),
    ]
}

fn touch() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u8..8).prop_map(Event::Rate),
        3 => (0usize..5).prop_map(Event::ToggleOption),
        3 => "[a-c \n\u{301}\u{202E}é🇩🇪]{0,7}".prop_map(Event::Type),
        1 => Just(Event::Backspace),
        1 => Just(Event::Delete),
        2 => (0usize..9).prop_map(|place| Event::MoveCaret(Caret::At(place))),
        1 => prop_oneof![Just(Caret::Back), Just(Caret::Forward), Just(Caret::Start), Just(Caret::End)]
            .prop_map(Event::MoveCaret),
        1 => Just(Event::Next),
        1 => Just(Event::Skip),
        1 => Just(Event::Back),
        1 => Just(Event::Change),
        1 => Just(Event::Finish),
        1 => Just(Event::Done),
        1 => Just(Event::MoreTime),
        1 => Just(Event::Leave),
        1 => (0usize..4).prop_map(Event::Language),
        1 => Just(Event::NextLanguage),
        1 => Just(Event::EasierToUse),
        1 => prop_oneof![
            Just(Aid::HighContrast), Just(Aid::BiggerWords), Just(Aid::Reach), Just(Aid::MoreTime)
        ]
        .prop_map(Event::Aid),
        1 => prop_oneof![Just(Event::Keypad), Just(Event::Finger)],
        1 => Just(Event::Saved),
    ]
}

fn duration_ms() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0u64),
        1 => Just(1),
        1 => Just(249),
        4 => Just(250),
        4 => Just(351),
        1 => Just(499),
        1 => 1_000u64..12_000,
        1 => Just(20_000),
        1 => Just(30_000),
        1 => Just(90_000),
    ]
}

/// One of the touches that mean something on that page.
fn sensible(screen: &Screen, choice: u8) -> Event {
    let options = match screen {
        Screen::Question { flow: None, .. } => {
            vec![Event::Rate(1), Event::Rate(2), Event::Rate(3), Event::Rate(4), Event::Rate(5)]
        }
        Screen::Question { .. } => {
            vec![Event::Rate(1), Event::Rate(4), Event::Skip, Event::Back, Event::Change, Event::Finish]
        }
        Screen::Reasons { .. } => vec![
            Event::ToggleOption(0),
            Event::ToggleOption(1),
            Event::ToggleOption(2),
            Event::Next,
            Event::Skip,
            Event::Back,
            Event::Change,
            Event::Finish,
        ],
        Screen::Comment { .. } => vec![
            Event::Type("ab".into()),
            Event::Type("c".into()),
            Event::Backspace,
            Event::Done,
            Event::Next,
            Event::Skip,
            Event::Back,
            Event::Change,
            Event::Finish,
        ],
        Screen::Contact { .. } => unreachable!("this survey asks for no contact"),
        Screen::StillThere { .. } => vec![Event::MoreTime, Event::Leave],
        Screen::Easier(_) => vec![Event::Aid(Aid::Reach), Event::Aid(Aid::MoreTime), Event::Done],
        Screen::Thanks { .. } => vec![Event::Done],
        Screen::OutOfService => vec![Event::StorageFailed],
        Screen::Asleep => unreachable!("this kiosk has no hours"),
    };
    options[usize::from(choice) % options.len()].clone()
}

fn happens(watcher: &mut Watcher, happening: Happening) {
    match happening {
        Happening::Touch(event) => watcher.event(&event),
        Happening::SensibleTouch(choice) => {
            let event = sensible(&watcher.session.screen(watcher.now_ms), choice);
            watcher.event(&event);
        }
        Happening::Waits(duration_ms) => {
            let end_ms = watcher.now_ms + duration_ms;
            while let Some(due_ms) = watcher.session.deadline_ms().filter(|&due_ms| due_ms <= end_ms) {
                watcher.now_ms = watcher.now_ms.max(due_ms);
                watcher.event(&Event::Tick);
            }
            watcher.now_ms = end_ms;
        }
        Happening::Stalls(duration_ms) => watcher.now_ms += duration_ms,
        Happening::Tick => watcher.event(&Event::Tick),
        Happening::StoreWorks => watcher.store_works(),
        Happening::StoreFails => watcher.store_fails(),
        Happening::StoreRecovers => watcher.store_recovers(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// No tap is lost, nobody is thanked too early, a visit becomes one record, and the kiosk forgets.
    #[test]
    fn whatever_happens(
        settles in any::<bool>(),
        drops_when_failed in any::<bool>(),
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let mut watcher = Watcher::new(if settles { 250 } else { 0 }, drops_when_failed);
        for happening in happenings {
            happens(&mut watcher, happening);
        }
        watcher.is_left_alone();
    }
}
