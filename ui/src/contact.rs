//! The adapter of the page that asks for a number or an address.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{ContactAdapter, ContactNotice as ShownNotice, Shell};
use crate::intent::{Caret, Intent};
use crate::intents::Intents;
use crate::keyboard::{Keyboard, Variant};
use crate::rows::{int, place};
use crate::view::{Channel, Contact, ContactNotice};

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<ContactAdapter<'_>>();
    let sender = |intent: Intent| {
        let intents = intents.clone();
        move || intents.send(intent.clone())
    };
    adapter.on_erase(sender(Intent::Backspace));
    adapter.on_send(sender(Intent::Done));
    adapter.on_typed({
        let intents = intents.clone();
        move |text| intents.send(Intent::Type(text.into()))
    });
    adapter.on_placed({
        let intents = intents.clone();
        move |offset| intents.send(Intent::MoveCaret(Caret::At(place(offset))))
    });
    adapter.on_channel({
        let intents = intents.clone();
        move |by_email| intents.send(Intent::Channel(if by_email { Channel::Email } else { Channel::Phone }))
    });
    let intents = intents.clone();
    adapter.on_consent(move |given| intents.send(Intent::Consent(given)));
}

pub(crate) fn show(shell: &Shell, page: &Contact, language: &str, keyboard: &Keyboard) {
    flow::show(shell, &page.header);
    let adapter = shell.global::<ContactAdapter<'_>>();
    adapter.set_title(page.title.as_str().into());
    adapter.set_hint(page.hint.as_str().into());
    adapter.set_by_email(page.channel == Channel::Email);
    adapter.set_has_choice(page.has_choice);
    let changed = adapter.get_text() != page.text || adapter.get_caret() != int(page.caret);
    adapter.set_caret(int(page.caret));
    adapter.set_text(page.text.as_str().into());
    adapter.set_consent_text(page.consent.as_str().into());
    adapter.set_consented(page.consented);
    adapter.set_can_send(page.can_send);
    adapter.set_notice(match page.notice {
        ContactNotice::Locked => ShownNotice::Locked,
        ContactNotice::Failed => ShownNotice::Failed,
        ContactNotice::Sent(Channel::Phone) => ShownNotice::SentNumber,
        ContactNotice::Sent(Channel::Email) => ShownNotice::SentAddress,
    });
    adapter.set_language_name(page.language_name.as_str().into());
    adapter.set_language_tag(page.language_tag.as_str().into());
    if page.channel == Channel::Email {
        let before_caret = page.text.get(..page.caret).unwrap_or(&page.text);
        keyboard.show(language, Variant::Email, before_caret, changed);
    } else {
        keyboard.leave();
    }
}

/// Leaves nothing of what was typed in the page.
pub(crate) fn wipe(shell: &Shell) {
    let adapter = shell.global::<ContactAdapter<'_>>();
    adapter.set_caret(0);
    adapter.set_text("".into());
    adapter.set_consented(false);
    adapter.set_can_send(false);
}
