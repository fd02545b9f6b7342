//! What is on each page, in one language.

use super::code;
use super::words::Words;
use crate::view::{
    Channel, Comment, Contact, ContactNotice, Easier, FollowUp, Header, LanguageKey, OutOfService, Page,
    Question, Rating, ReasonKey, Reasons, Scale, ScaleKind, StillThere, StripNote, Thanks, ThanksNote,
    Voucher,
};

/// Every page by the stem of its picture's file name, in the order a shopper meets them.
pub(super) fn of(words: &Words) -> Vec<(&'static str, Page)> {
    let question = question(words);
    let pressed = Question { scale: Scale { chosen: Some(4), ..question.scale.clone() }, ..question.clone() };
    let empty_strip = Question { strip: None, ..question.clone() };
    let six_languages = Question { languages: six_languages(words), ..question.clone() };
    let numbers = Question {
        title: words.recommend.0.into(),
        scale: scale(ScaleKind::Recommend, &words.recommend.1),
        ..question.clone()
    };
    let numbers_in_six = Question { languages: six_languages.languages.clone(), ..numbers.clone() };
    let by_phone = contact(words);
    let by_email = typed(&by_phone, Channel::Email, "ann.harbour@mail.example");
    let untouched =
        Contact { text: String::new(), caret: 0, consented: false, can_send: false, ..by_phone.clone() };
    let sent = Contact { consented: true, notice: ContactNotice::Sent(Channel::Phone), ..untouched.clone() };
    let failed = Contact { notice: ContactNotice::Failed, ..by_phone.clone() };
    let phone_alone = Contact { has_choice: false, ..untouched.clone() };
    let email_alone = Contact { has_choice: false, ..by_email.clone() };
    vec![
        ("kiosk-01-idle-rating", Page::Question(question)),
        ("kiosk-01b-idle-pressed", Page::Question(pressed)),
        ("kiosk-01d-idle-empty-strip", Page::Question(empty_strip)),
        ("kiosk-01e-idle-six-languages", Page::Question(six_languages)),
        ("kiosk-10b-idle-nps", Page::Question(numbers)),
        ("kiosk-10c-idle-nps-six-languages", Page::Question(numbers_in_six)),
        ("kiosk-06-reasons", Page::Reasons(reasons(words))),
        ("kiosk-06e-reasons-back", with_back(Page::Reasons(reasons(words)))),
        ("kiosk-07-comment", Page::Comment(comment(words))),
        ("kiosk-08-contact", Page::Contact(by_phone)),
        ("kiosk-08b-contact-email", Page::Contact(by_email)),
        ("kiosk-08c-contact-empty", Page::Contact(untouched)),
        ("kiosk-08d-contact-failed", Page::Contact(failed)),
        ("kiosk-08e-contact-sent", Page::Contact(sent)),
        ("kiosk-08j-contact-phone-alone", Page::Contact(phone_alone)),
        ("kiosk-08k-contact-email-alone", Page::Contact(email_alone)),
        ("kiosk-10-nps", rating(words, 2, ScaleKind::Recommend, words.recommend.0, &words.recommend.1)),
        ("kiosk-11-stars", chosen(rating(words, 3, ScaleKind::Stars, words.stars.0, &words.stars.1), 4)),
        ("kiosk-11b-effort", rating(words, 2, ScaleKind::Effort, words.effort.0, &words.effort.1)),
        (
            "kiosk-11c-four-faces",
            rating(words, 2, ScaleKind::FourFaces, words.four_faces.0, &words.four_faces.1),
        ),
        ("kiosk-11d-thumbs", rating(words, 2, ScaleKind::Thumbs, words.thumbs.0, &words.thumbs.1)),
        (
            "kiosk-16-easier-to-use",
            Page::Easier(Easier { high_contrast: false, bigger_words: true, reach: false, more_time: true }),
        ),
        ("kiosk-09-thanks", Page::Thanks(thanks(words, true))),
        ("kiosk-09b-thanks-plain", Page::Thanks(thanks(words, false))),
        ("kiosk-09e-thanks-code", with_code(words, thanks(words, false))),
        (
            "kiosk-09f-thanks-code-voucher",
            with_code(words, Thanks { notes: thanks(words, false).notes, ..thanks(words, true) }),
        ),
        (
            "kiosk-17-still-there",
            Page::StillThere(StillThere { seconds_left: 11, time_left: 0.55, unsent_words: true }),
        ),
        ("kiosk-19-asleep", Page::Asleep),
        ("kiosk-18-out-of-service", out_of_service()),
    ]
}

/// The same page with a page behind it to go back to.
pub(super) fn with_back(mut page: Page) -> Page {
    match &mut page {
        Page::Rating(Rating { header, .. })
        | Page::Reasons(Reasons { header, .. })
        | Page::Comment(Comment { header, .. })
        | Page::Contact(Contact { header, .. }) => header.can_go_back = true,
        _ => {}
    }
    page
}

fn question(words: &Words) -> Question {
    let (names, current) = words.languages;
    let key = |(index, name): (usize, &str)| LanguageKey { name: name.into(), current: index == current };
    let [said, did, date] = words.strip.map(Into::into);
    Question {
        store_name: words.store_name.into(),
        title: words.question.0.into(),
        hint: words.question.1.into(),
        scale: scale(ScaleKind::Faces, &words.faces),
        languages: names.into_iter().enumerate().map(key).collect(),
        strip: Some(StripNote { said, did, date }),
    }
}

/// As many as the pages are translated to.
fn six_languages(words: &Words) -> Vec<LanguageKey> {
    let (names, current) = words.languages;
    let key = |name: &str| LanguageKey { name: name.into(), current: name == names[current] };
    ["English", "Deutsch", "Français", "Español", "Polski", "العربية"].map(key).into()
}

fn scale(kind: ScaleKind, words: &[&str]) -> Scale {
    Scale { kind, words: words.iter().map(|word| (*word).into()).collect(), chosen: None }
}

/// After the second face.
fn header(words: &Words, step: usize, time_left: f32) -> Header {
    Header {
        face: 2,
        word: words.faces[1].into(),
        step,
        steps: 4,
        time_left,
        seconds_left: 24,
        can_go_back: false,
    }
}

/// The icons of the reasons, in the order shown; the second and third are chosen.
const REASON_ICONS: [&str; 8] =
    ["staff", "waiting", "checkout", "availability", "price", "clean", "finding", "other"];

fn reasons(words: &Words) -> Reasons {
    let key = |(index, (icon, label)): (usize, (&str, &str))| ReasonKey {
        icon: icon.into(),
        label: label.into(),
        chosen: index == 1 || index == 2,
    };
    Reasons {
        header: header(words, 2, 0.78),
        title: words.reasons.0.into(),
        hint: words.reasons.1.into(),
        options: REASON_ICONS.into_iter().zip(words.options).enumerate().map(key).collect(),
        single: false,
    }
}

fn comment(words: &Words) -> Comment {
    let (title, text) = words.comment;
    Comment {
        header: header(words, 3, 0.86),
        title: title.into(),
        text: text.into(),
        caret: text.len(),
        count: text.chars().count(),
        limit: 200,
        language_name: words.keyboard.0.into(),
        language_tag: words.keyboard.1.into(),
    }
}

fn contact(words: &Words) -> Contact {
    let [title, hint, consent] = words.contact.map(Into::into);
    let empty = Contact {
        header: header(words, 4, 0.66),
        title,
        hint,
        has_choice: true,
        consent,
        consented: true,
        can_send: true,
        language_name: words.keyboard.0.into(),
        language_tag: words.keyboard.1.into(),
        ..Contact::default()
    };
    typed(&empty, Channel::Phone, "07700 900 142")
}

fn typed(contact: &Contact, channel: Channel, text: &str) -> Contact {
    Contact { channel, text: text.into(), caret: text.len(), ..contact.clone() }
}

/// After the fourth face.
fn rating(words: &Words, step: usize, kind: ScaleKind, title: &str, keys: &[&str]) -> Page {
    let header = Header {
        face: 4,
        word: words.faces[3].into(),
        step,
        steps: 3,
        time_left: 0.9,
        seconds_left: 27,
        can_go_back: step > 2,
    };
    Page::Rating(Rating { header, title: title.into(), scale: scale(kind, keys) })
}

fn chosen(mut page: Page, value: u8) -> Page {
    if let Page::Rating(rating) = &mut page {
        rating.scale.chosen = Some(value);
    }
    page
}

fn thanks(words: &Words, complete: bool) -> Thanks {
    let [reply, door] = words.notes;
    let reply = ThanksNote { icon: "phone".into(), text: reply.into() };
    let door = ThanksNote { icon: "store".into(), text: door.into() };
    let voucher =
        Voucher { title: words.voucher.0.into(), detail: words.voucher.1.into(), qr: code::modules() };
    Thanks {
        title: words.thanks.0.into(),
        message: words.thanks.1.into(),
        notes: if complete { vec![reply, door] } else { vec![door] },
        time_left: 0.8,
        seconds_left: 6,
        follow_up: None,
        voucher: complete.then_some(voucher),
    }
}

/// The same with words to take along.
fn with_code(words: &Words, thanks: Thanks) -> Page {
    let [text, code] = words.follow_up.map(Into::into);
    Page::Thanks(Thanks { follow_up: Some(FollowUp { text, words: code }), ..thanks })
}

/// What staff read is English on every kiosk.
fn out_of_service() -> Page {
    Page::OutOfService(OutOfService {
        reason_for_staff:
            "The disk is full, so no answer can be kept. Free some space; the screen comes back by itself."
                .into(),
    })
}
