//! The adapter of the warning before an answer is closed.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{Shell, StillThereAdapter};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::view::StillThere;

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<StillThereAdapter<'_>>();
    adapter.on_more_time({
        let intents = intents.clone();
        move || intents.send(Intent::MoreTime)
    });
    let intents = intents.clone();
    adapter.on_leave(move || intents.send(Intent::Leave));
}

pub(crate) fn show(shell: &Shell, page: &StillThere) {
    let adapter = shell.global::<StillThereAdapter<'_>>();
    adapter.set_seconds_left(flow::seconds(page.seconds_left));
    adapter.set_time_left(flow::ring(page.time_left));
    adapter.set_unsent_words(page.unsent_words);
}
