//! The adapter of the pad of staff, and of what staff do on every page of theirs.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{PinAdapter, PinNotice as Notice, Shell, StaffAdapter};
use crate::intent::{Intent, StaffIntent};
use crate::intents::Intents;
use crate::view::staff::{Pin, PinNotice, Tab};

/// Sends the pages' keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<StaffAdapter<'_>>();
    let sends = |intent: StaffIntent| {
        let intents = intents.clone();
        move || intents.send(Intent::Staff(intent))
    };
    adapter.on_knock(sends(StaffIntent::Knock));
    adapter.on_erase(sends(StaffIntent::Erase));
    adapter.on_enter(sends(StaffIntent::Enter));
    adapter.on_leave(sends(StaffIntent::Leave));
    adapter.on_figure({
        let intents = intents.clone();
        move |figure| {
            if let Ok(figure) = u8::try_from(figure) {
                intents.send(Intent::Staff(StaffIntent::Figure(figure)));
            }
        }
    });
    adapter.on_go({
        let intents = intents.clone();
        move |tab| {
            let tab = match tab {
                0 => Tab::Summary,
                1 => Tab::FollowUps,
                _ => Tab::Device,
            };
            intents.send(Intent::Staff(StaffIntent::Go(tab)));
        }
    });
    let intents = intents.clone();
    adapter.on_range(move |range| {
        if let Ok(range) = usize::try_from(range) {
            intents.send(Intent::Staff(StaffIntent::Range(range)));
        }
    });
}

pub(crate) fn show(shell: &Shell, page: &Pin) {
    let adapter = shell.global::<PinAdapter<'_>>();
    adapter.set_typed(i32::try_from(page.typed).unwrap_or(0));
    adapter.set_checking(page.checking);
    let (notice, left) = match page.notice {
        PinNotice::None => (Notice::None, 0),
        PinNotice::Wrong(left) => (Notice::Wrong, left),
        PinNotice::Locked(minutes) => (Notice::Locked, u32::try_from(minutes).unwrap_or(u32::MAX)),
        PinNotice::NoPins => (Notice::NoPins, 0),
        PinNotice::Failed => (Notice::Failed, 0),
    };
    adapter.set_notice(notice);
    adapter.set_left(flow::seconds(left));
}
