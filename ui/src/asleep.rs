//! The adapter of the black page outside opening hours.

use slint::ComponentHandle;

use crate::generated::{AsleepAdapter, Shell};
use crate::intent::Intent;
use crate::intents::Intents;

/// Sends its one touch to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let intents = intents.clone();
    shell.global::<AsleepAdapter<'_>>().on_wake(move || intents.send(Intent::Wake));
}
