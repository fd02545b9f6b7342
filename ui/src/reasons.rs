//! The reasons page's adapter.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::generated::{ReasonItem, ReasonsAdapter, Shell};
use crate::header;
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::{int, place, update};
use crate::view::Reasons;

/// The page's list.
pub(crate) struct Rows {
    options: Rc<VecModel<ReasonItem>>,
}

impl Rows {
    /// Hangs the list into the page and sends its keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let rows = Self { options: Rc::default() };
        let adapter = shell.global::<ReasonsAdapter<'_>>();
        adapter.set_options(ModelRc::from(rows.options.clone()));
        adapter.on_toggle({
            let intents = intents.clone();
            move |index| intents.send(Intent::ToggleReason(place(index)))
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
        rows
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Reasons) {
        let adapter = shell.global::<ReasonsAdapter<'_>>();
        adapter.set_header(header::data(&page.header));
        adapter.set_time_left(header::ring(page.header.time_left));
        adapter.set_title(page.title.as_str().into());
        adapter.set_hint(page.hint.as_str().into());
        adapter.set_single(page.single);
        update(
            &self.options,
            page.options.iter().map(|key| ReasonItem {
                icon: key.icon.as_str().into(),
                label: key.label.as_str().into(),
                chosen: key.chosen,
            }),
        );
        adapter.set_chosen_count(int(page.options.iter().filter(|key| key.chosen).count()));
    }
}
