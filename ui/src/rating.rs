//! The adapter of a further question that one tap answers.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{RatingAdapter, Shell};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::scale::{self, value};
use crate::view::Rating;

/// The page's lists.
pub(crate) struct Rows {
    scale: scale::Rows,
}

impl Rows {
    /// Sends the page's keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let adapter = shell.global::<RatingAdapter<'_>>();
        let intents = intents.clone();
        adapter.on_rated(move |rated| intents.send(Intent::Rate(value(rated))));
        Self { scale: scale::Rows::new() }
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Rating) {
        flow::show(shell, &page.header);
        let adapter = shell.global::<RatingAdapter<'_>>();
        adapter.set_title(page.title.as_str().into());
        adapter.set_scale(self.scale.data(&page.scale));
        adapter.set_chosen(page.scale.chosen.map_or(-1, i32::from));
    }
}
