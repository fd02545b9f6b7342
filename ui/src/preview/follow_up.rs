//! The thanks page with a follow-up code: alone and beside a ticket, with long words and with Arabic ones.

use crate::view::{FollowUp, Page, Thanks, ThanksNote, Voucher};

use super::code;

/// A code alone.
pub(super) fn english() -> Page {
    Page::Thanks(Thanks {
        title: "Thank you".into(),
        message: "Your words are saved, and they go to the people who can put it right.".into(),
        notes: vec![note("What changes is posted here, by the door.")],
        time_left: 0.8,
        seconds_left: 16,
        follow_up: Some(FollowUp {
            text: "Ask at the desk what came of it:".into(),
            words: "harbor maple tide".into(),
        }),
        voucher: None,
    })
}

/// Beside a ticket.
pub(super) fn with_voucher() -> Page {
    let Page::Thanks(thanks) = english() else { unreachable!("it is a thanks page") };
    Page::Thanks(Thanks {
        voucher: Some(Voucher {
            title: "£2 off next time".into(),
            detail: "Photograph this code and show it at the till until 31 December.".into(),
            qr: code::modules(),
        }),
        ..thanks
    })
}

/// The longest of everything, beside a ticket, under the kiosk's own words.
pub(super) fn german() -> Page {
    let Page::Thanks(thanks) = with_voucher() else { unreachable!("it is a thanks page") };
    let message = "Ihre Worte sind gespeichert und gehen an die Menschen, die es besser machen können.";
    Page::Thanks(Thanks {
        title: "Danke".into(),
        message: message.into(),
        notes: vec![note("Was sich ändert, steht hier neben der Tür.")],
        follow_up: Some(FollowUp { text: String::new(), words: "mixture gondola popcorn".into() }),
        ..thanks
    })
}

/// Latin words on a page that runs from right to left.
pub(super) fn arabic() -> Page {
    let Page::Thanks(thanks) = with_voucher() else { unreachable!("it is a thanks page") };
    Page::Thanks(Thanks {
        title: "شكرًا لكم".into(),
        message: "تم حفظ إجاباتكم، وستصل إلى من يستطيع تحسين الأمور.".into(),
        notes: vec![note("تُعلن التحسينات هنا، بجانب الباب.")],
        follow_up: Some(FollowUp {
            text: "اسألوا مكتب الاستقبال عمّا تمّ:".into(),
            words: "harbor maple tide".into(),
        }),
        voucher: Some(Voucher {
            title: "خصم جنيهين".into(),
            detail: "صوّروا هذا الرمز وأظهروه عند صندوق الدفع حتى 31 ديسمبر.".into(),
            qr: code::modules(),
        }),
        ..thanks
    })
}

fn note(text: &str) -> ThanksNote {
    ThanksNote { icon: "store".into(), text: text.into() }
}
