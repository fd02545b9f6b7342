//! The adapter of a further question that one tap answers.

use slint::ComponentHandle;

use crate::generated::{RatingAdapter, Shell};
use crate::header;
use crate::intent::Intent;
use crate::intents::Intents;
use crate::scale::{Words, value};
use crate::view::Rating;

/// The page's list.
pub(crate) struct Rows {
    words: Words,
}

impl Rows {
    /// Sends the page's keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let adapter = shell.global::<RatingAdapter<'_>>();
        adapter.on_rated({
            let intents = intents.clone();
            move |rated| intents.send(Intent::Rate(value(rated)))
        });
        let sender = |intent: Intent| {
            let intents = intents.clone();
            move || intents.send(intent.clone())
        };
        adapter.on_change(sender(Intent::Change));
        adapter.on_back(sender(Intent::Back));
        adapter.on_skip(sender(Intent::Skip));
        adapter.on_next(sender(Intent::Next));
        adapter.on_finish(sender(Intent::Finish));
        Self { words: Words::new() }
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Rating) {
        let adapter = shell.global::<RatingAdapter<'_>>();
        adapter.set_header(header::data(&page.header));
        adapter.set_time_left(header::ring(page.header.time_left));
        adapter.set_title(page.title.as_str().into());
        adapter.set_scale(self.words.data(&page.scale));
    }
}
