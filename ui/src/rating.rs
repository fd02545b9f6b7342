//! The adapter of a further question that one tap answers.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{RatingAdapter, Shell};
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
        let intents = intents.clone();
        adapter.on_rated(move |rated| intents.send(Intent::Rate(value(rated))));
        Self { words: Words::new() }
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Rating) {
        flow::show(shell, &page.header);
        let adapter = shell.global::<RatingAdapter<'_>>();
        adapter.set_title(page.title.as_str().into());
        adapter.set_scale(self.words.data(&page.scale));
    }
}
