//! The comment page's adapter.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{CommentAdapter, Layout, Shell};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::int;
use crate::view::{Comment, KeyboardLayout};

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<CommentAdapter<'_>>();
    adapter.on_typed({
        let intents = intents.clone();
        move |text| intents.send(Intent::Type(text.into()))
    });
    let sender = |intent: Intent| {
        let intents = intents.clone();
        move || intents.send(intent.clone())
    };
    adapter.on_backspace(sender(Intent::Backspace));
    adapter.on_done(sender(Intent::Done));
    adapter.on_next_language(sender(Intent::NextLanguage));
}

pub(crate) fn show(shell: &Shell, page: &Comment) {
    flow::show(shell, &page.header);
    let adapter = shell.global::<CommentAdapter<'_>>();
    adapter.set_title(page.title.as_str().into());
    // The caret is placed when the text changes, so its place must be known before.
    adapter.set_end(int(page.text.len()));
    adapter.set_text(page.text.as_str().into());
    adapter.set_count(int(page.count));
    adapter.set_limit(int(page.limit));
    adapter.set_layout(match page.layout {
        KeyboardLayout::Qwerty => Layout::Qwerty,
        KeyboardLayout::Qwertz => Layout::Qwertz,
    });
    adapter.set_language_name(page.language_name.as_str().into());
    adapter.set_language_tag(page.language_tag.as_str().into());
}

/// Leaves nothing of what was typed in the page.
pub(crate) fn wipe(shell: &Shell) {
    let adapter = shell.global::<CommentAdapter<'_>>();
    adapter.set_end(0);
    adapter.set_text("".into());
    adapter.set_count(0);
}
