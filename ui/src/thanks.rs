//! The thanks page's adapter.

use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::generated::{NoteItem, Shell, ThanksAdapter};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::panel::Panel;
use crate::rows::{int, update};
use crate::view::{Page, Thanks, View};
use crate::{flow, qr};

/// The page's list.
pub(crate) struct Rows {
    notes: Rc<VecModel<NoteItem>>,
}

impl Rows {
    /// Hangs the list into the page and sends its key to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents) -> Self {
        let rows = Self { notes: Rc::default() };
        let adapter = shell.global::<ThanksAdapter<'_>>();
        adapter.set_notes(ModelRc::from(rows.notes.clone()));
        let intents = intents.clone();
        adapter.on_done(move || intents.send(Intent::Done));
        rows
    }

    /// Shows the page. The code's path is made anew only if the ticket differs from the one in `last`.
    pub(crate) fn show(&self, shell: &Shell, page: &Thanks, last: Option<&View>, panel: Panel) {
        let adapter = shell.global::<ThanksAdapter<'_>>();
        adapter.set_title(page.title.as_str().into());
        adapter.set_message(page.message.as_str().into());
        update(
            &self.notes,
            page.notes
                .iter()
                .map(|note| NoteItem { icon: note.icon.as_str().into(), text: note.text.as_str().into() }),
        );
        adapter.set_time_left(flow::ring(page.time_left));
        adapter.set_seconds_left(flow::seconds(page.seconds_left));
        let follow_up = page.follow_up.clone().unwrap_or_default();
        adapter.set_follow_up_text(follow_up.text.into());
        adapter.set_follow_up_words(follow_up.words.into());

        let shown = match last.map(|view| &view.page) {
            Some(Page::Thanks(thanks)) => Some(&thanks.voucher),
            _ => None,
        };
        if shown == Some(&page.voucher) {
            return;
        }
        adapter.set_has_voucher(page.voucher.is_some());
        let voucher = page.voucher.clone().unwrap_or_default();
        adapter.set_voucher_title(voucher.title.into());
        adapter.set_voucher_detail(voucher.detail.into());
        let drawing = qr::draw(&voucher.qr, panel.code_px());
        adapter.set_code_commands(drawing.commands.into());
        #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
        adapter.set_code_size(int(drawing.size_px) as f32);
    }
}
