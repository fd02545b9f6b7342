//! The reasons page's adapter.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::flow;
use crate::generated::{ReasonItem, ReasonsAdapter, Shell};
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
        let intents = intents.clone();
        adapter.on_toggle(move |index| intents.send(Intent::ToggleReason(place(index))));
        rows
    }

    pub(crate) fn show(&self, shell: &Shell, page: &Reasons) {
        flow::show(shell, &page.header);
        let adapter = shell.global::<ReasonsAdapter<'_>>();
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
