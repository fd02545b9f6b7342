//! What a voice says: of a page, as it appears, and of what a keypad does on it.
//!
//! Whoever listens decides whether anything is said at all. The words are the screen's own, in its language.
//!
//! Invariant: what a shopper has typed is in none of it. Others stand around who would hear a number or a complaint.

use slint::ComponentHandle;

use crate::generated::{FocusPlace, Shell, Spoken};
use crate::view::{Channel, Contact, ContactNotice, Page, Scale, ScaleKind, Thanks};

/// What happened at the keypad, or on the glass instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keypad {
    /// A key of it was struck, whatever comes of that.
    Struck,
    /// The ring has come to a key of the page, or the key that has it stands otherwise now: what there is to say of it. On a
    /// page without any key that is nothing.
    Ring(String),
    /// A finger came down on the glass.
    Finger,
}

/// What there is to say of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageWords {
    /// As it appears: its question and what belongs to it.
    pub words: String,
    /// What may change while it is shown, and is to be said alone then.
    pub notice: String,
    /// Whether time is running out, or nothing goes on.
    pub is_warning: bool,
}

/// What there is to say of this page, in the words on it.
pub(crate) fn page(shell: &Shell, page: &Page) -> PageWords {
    let own = shell.global::<Spoken<'_>>();
    let said = |parts: &[&str]| PageWords { words: sentences(parts), ..PageWords::default() };
    match page {
        Page::Question(page) => said(&[&page.title, &page.hint, &ends(&page.scale)]),
        Page::Rating(page) => said(&[&page.title, &ends(&page.scale)]),
        Page::Reasons(page) => said(&[&page.title, &page.hint]),
        Page::Comment(page) => said(&[&page.title, &own.get_comment_optional(), &own.get_comment_no_names()]),
        Page::Contact(page) => PageWords { notice: notice(&own, page), ..said(&[&page.title, &page.hint]) },
        Page::Easier(_) => said(&[&own.get_easier(), &own.get_easier_for_now()]),
        Page::Thanks(page) => {
            let code = page.follow_up.as_ref().map(|code| {
                let own = own.get_follow_up();
                format!("{} {}", if code.text.is_empty() { own.as_str() } else { &code.text }, code.words)
            });
            said(&thanks(page, code.as_deref()))
        }
        Page::StillThere(page) => {
            let saved = if page.unsent_words { own.get_words_deleted() } else { own.get_rating_saved() };
            PageWords { is_warning: true, ..said(&[&own.get_still_there(), &saved]) }
        }
        Page::OutOfService(_) => {
            PageWords { is_warning: true, ..said(&[&own.get_resting(), &own.get_tell_somebody()]) }
        }
        // What staff do is nobody else's to hear.
        Page::Asleep
        | Page::Pin(_)
        | Page::Numbers(_)
        | Page::FollowUps(_)
        | Page::Act(_)
        | Page::Device(_)
        | Page::Words(_)
        | Page::Parts(_)
        | Page::Days(_)
        | Page::Export(_) => PageWords::default(),
    }
}

/// What there is to say of the key that the ring has come to.
pub(crate) fn key(place: &FocusPlace) -> String {
    match (place.state.is_empty(), place.detail.is_empty()) {
        // One sign alone is not a sentence.
        (true, true) => place.label.to_string(),
        _ => sentences(&[&place.label, &place.state, &place.detail]),
    }
}

fn notice(own: &Spoken<'_>, page: &Contact) -> String {
    match page.notice {
        ContactNotice::Locked => own.get_contact_locked(),
        ContactNotice::Failed => own.get_contact_failed(),
        ContactNotice::Sent(Channel::Phone) => own.get_contact_sent_number(),
        ContactNotice::Sent(Channel::Email) => own.get_contact_sent_address(),
    }
    .into()
}

fn thanks<'w>(page: &'w Thanks, code: Option<&'w str>) -> Vec<&'w str> {
    let mut parts = vec![page.title.as_str(), &page.message];
    parts.extend(page.notes.iter().map(|note| note.text.as_str()));
    parts.extend(code);
    parts.extend(page.voucher.iter().flat_map(|voucher| [voucher.title.as_str(), &voucher.detail]));
    parts
}

/// What the lowest and the highest value mean, where the keys do not say it.
fn ends(scale: &Scale) -> String {
    let (lowest, highest) = match scale.kind {
        ScaleKind::Stars => (1, 5),
        ScaleKind::Recommend => (0, 10),
        ScaleKind::Effort => (1, 7),
        ScaleKind::Faces | ScaleKind::FourFaces | ScaleKind::Thumbs => return String::new(),
    };
    let [low, high] = scale.words.as_slice() else { return String::new() };
    sentences(&[&format!("{lowest}: {low}"), &format!("{highest}: {high}")])
}

/// One after the other, with a pause between that a voice makes at the end of a sentence.
fn sentences(parts: &[&str]) -> String {
    let mut said = String::new();
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        if !said.is_empty() {
            let ends = said.ends_with(['.', '?', '!', ':', '؟', '…']);
            said.push_str(if ends { " " } else { ". " });
        }
        said.push_str(&part.replace('\n', " "));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_stands_between_two_sentences_whether_or_not_the_first_has_its_stop() {
        assert_eq!(
            sentences(&["How was it?", " Tap a face ", "", "One\ntwo."]),
            "How was it? Tap a face. One two."
        );
        assert_eq!(sentences(&["كيف كانت زيارتك؟", "اختر"]), "كيف كانت زيارتك؟ اختر");
        assert_eq!(sentences(&["", " "]), "");
    }

    #[test]
    fn one_sign_is_said_as_it_is() {
        let place = FocusPlace { label: ".".into(), ..FocusPlace::default() };
        assert_eq!(key(&place), ".");
        let place = FocusPlace { label: "Price".into(), state: "selected".into(), ..place };
        assert_eq!(key(&place), "Price. selected");
    }
}
