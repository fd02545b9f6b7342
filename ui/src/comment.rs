//! The comment page's adapter.

use slint::ComponentHandle;

use crate::flow;
use crate::generated::{CommentAdapter, Shell};
use crate::intent::{Caret, Intent};
use crate::intents::Intents;
use crate::keyboard::{Keyboard, Variant};
use crate::rows::{int, place};
use crate::view::Comment;

/// Sends a finger on the text to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let intents = intents.clone();
    shell
        .global::<CommentAdapter<'_>>()
        .on_placed(move |offset| intents.send(Intent::MoveCaret(Caret::At(place(offset)))));
}

pub(crate) fn show(shell: &Shell, page: &Comment, language: &str, keyboard: &Keyboard) {
    flow::show(shell, &page.header);
    let adapter = shell.global::<CommentAdapter<'_>>();
    adapter.set_title(page.title.as_str().into());
    let changed = adapter.get_text() != page.text || adapter.get_caret() != int(page.caret);
    adapter.set_caret(int(page.caret));
    adapter.set_text(page.text.as_str().into());
    adapter.set_count(int(page.count));
    adapter.set_limit(int(page.limit));
    adapter.set_language_name(page.language_name.as_str().into());
    adapter.set_language_tag(page.language_tag.as_str().into());
    let before_caret = page.text.get(..page.caret).unwrap_or(&page.text);
    keyboard.show(language, Variant::Text, before_caret, changed);
}

/// Leaves nothing of what was typed in the page.
pub(crate) fn wipe(shell: &Shell) {
    let adapter = shell.global::<CommentAdapter<'_>>();
    adapter.set_caret(0);
    adapter.set_text("".into());
    adapter.set_count(0);
}
