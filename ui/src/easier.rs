//! The adapter of the page of aids.

use slint::ComponentHandle;

use crate::generated::{EasierAdapter, Shell};
use crate::intent::{Aid, Intent};
use crate::intents::Intents;
use crate::view::Easier;

/// In the order in which the page shows them.
const AIDS: [Aid; 4] = [Aid::HighContrast, Aid::BiggerWords, Aid::Reach, Aid::MoreTime];

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<EasierAdapter<'_>>();
    adapter.on_toggle({
        let intents = intents.clone();
        move |index| {
            if let Some(aid) = usize::try_from(index).ok().and_then(|index| AIDS.get(index)) {
                intents.send(Intent::Aid(*aid));
            }
        }
    });
    let intents = intents.clone();
    adapter.on_done(move || intents.send(Intent::Done));
}

pub(crate) fn show(shell: &Shell, page: &Easier) {
    let adapter = shell.global::<EasierAdapter<'_>>();
    adapter.set_high_contrast(page.high_contrast);
    adapter.set_bigger_words(page.bigger_words);
    adapter.set_reach(page.reach);
    adapter.set_more_time(page.more_time);
}
