//! A view of every page, with sample content.
//!
//! For drawing pages without a kiosk behind them: screenshots, the previewer of a survey, tests. The names are
//! those of the pictures. Everything here is invented.

mod code;
mod follow_up;

use crate::view::{
    Channel, Comment, Contact, ContactNotice, Easier, Header, LanguageKey, Look, OutOfService, Page,
    Question, Rating, ReasonKey, Reasons, Scale, ScaleKind, StillThere, StripNote, Thanks, ThanksNote, View,
    Voucher,
};

/// Every page by the stem of its picture's file name, in the order a shopper meets them.
pub fn pages() -> Vec<(&'static str, View)> {
    vec![
        ("kiosk-01-idle-rating", english(question())),
        ("kiosk-01b-idle-pressed", english(pressed())),
        ("kiosk-01c-idle-german", german(german_question())),
        (
            "kiosk-01d-idle-empty-strip",
            english(Page::Question(Question { strip: None, ..question_fields() })),
        ),
        ("kiosk-05-idle-high-contrast", contrasted(question())),
        ("kiosk-05b-idle-high-contrast-pressed", contrasted(pressed())),
        ("kiosk-06-reasons", english(reasons(false))),
        ("kiosk-06d-reasons-german", german(german_reasons())),
        ("kiosk-06e-reasons-back", english(reasons(true))),
        ("kiosk-06f-reasons-high-contrast", contrasted(reasons(false))),
        ("kiosk-07-comment", english(comment())),
        ("kiosk-07f-comment-arabic", arabic(arabic_comment())),
        ("kiosk-07d-comment-german", german(german_comment())),
        ("kiosk-07e-comment-high-contrast", contrasted(comment())),
        ("kiosk-08-contact", english(Page::Contact(contact()))),
        ("kiosk-08b-contact-email", english(Page::Contact(email()))),
        ("kiosk-08c-contact-empty", english(Page::Contact(untouched()))),
        (
            "kiosk-08d-contact-failed",
            contrasted(Page::Contact(Contact { notice: ContactNotice::Failed, ..contact() })),
        ),
        ("kiosk-08e-contact-sent", english(Page::Contact(sent()))),
        ("kiosk-08f-contact-email-german", german(Page::Contact(german_email()))),
        ("kiosk-08g-contact-arabic", arabic(Page::Contact(arabic_contact()))),
        (
            "kiosk-08h-contact-email-arabic",
            arabic(Page::Contact(Contact {
                text: email().text,
                caret: 5,
                channel: Channel::Email,
                ..arabic_contact()
            })),
        ),
        ("kiosk-08i-contact-email-high-contrast", contrasted(Page::Contact(email()))),
        (
            "kiosk-08j-contact-phone-alone",
            english(Page::Contact(Contact { has_choice: false, ..untouched() })),
        ),
        ("kiosk-10-nps", english(recommend())),
        ("kiosk-11-stars", english(stars())),
        ("kiosk-11b-effort", english(effort())),
        ("kiosk-11c-four-faces", english(four_faces())),
        ("kiosk-11d-thumbs", english(thumbs())),
        ("kiosk-16-easier-to-use", english(easier())),
        ("kiosk-16b-easier-high-contrast", contrasted(easier())),
        ("kiosk-04-idle-arabic", arabic(arabic_question())),
        ("kiosk-04b-reasons-arabic", arabic(arabic_reasons())),
        ("kiosk-09-thanks", english(thanks(true))),
        ("kiosk-09b-thanks-plain", english(thanks(false))),
        ("kiosk-09c-thanks-german", german(german_thanks())),
        ("kiosk-09d-thanks-high-contrast", contrasted(thanks(true))),
        ("kiosk-09e-thanks-code", english(follow_up::english())),
        ("kiosk-09f-thanks-code-voucher", english(follow_up::with_voucher())),
        ("kiosk-09g-thanks-code-german", german(follow_up::german())),
        ("kiosk-09h-thanks-code-arabic", arabic(follow_up::arabic())),
        ("kiosk-09i-thanks-code-high-contrast", contrasted(follow_up::with_voucher())),
        ("kiosk-17-still-there", english(still_there())),
        ("kiosk-17b-still-there-german", german(still_there())),
        ("kiosk-17c-still-there-high-contrast", contrasted(still_there())),
        ("kiosk-19-asleep", english(Page::Asleep)),
        ("kiosk-18-out-of-service", english(out_of_service())),
        ("kiosk-18b-out-of-service-german", german(out_of_service())),
        ("kiosk-06r-reasons-reach", low(english(reasons(false)))),
        ("kiosk-07r-comment-reach", low(english(comment()))),
        ("kiosk-07s-comment-reach-arabic", low(arabic(arabic_comment()))),
        ("kiosk-08r-contact-reach", low(english(Page::Contact(contact())))),
        ("kiosk-08s-contact-email-reach", low(english(Page::Contact(email())))),
        ("kiosk-08t-contact-reach-high-contrast", low(contrasted(Page::Contact(untouched())))),
        (
            "kiosk-08u-contact-reach-phone-alone",
            low(english(Page::Contact(Contact { has_choice: false, ..untouched() }))),
        ),
        (
            "kiosk-08v-contact-email-reach-alone",
            low(english(Page::Contact(Contact { has_choice: false, ..email() }))),
        ),
        ("kiosk-10r-nps-reach", low(english(recommend()))),
        ("kiosk-11r-stars-reach", low(english(stars()))),
        ("kiosk-18c-out-of-service-high-contrast", contrasted(out_of_service())),
    ]
}

fn english(page: Page) -> View {
    View { page, look: Look { language: "en".into(), ..Look::default() } }
}

fn german(page: Page) -> View {
    View { page, look: Look { language: "de".into(), ..Look::default() } }
}

fn contrasted(page: Page) -> View {
    let reach = matches!(page, Page::Question(_));
    View { page, look: Look { high_contrast: true, reach, language: "en".into(), ..Look::default() } }
}

fn low(view: View) -> View {
    View { look: Look { reach: true, ..view.look }, ..view }
}

fn question() -> Page {
    Page::Question(question_fields())
}

fn question_fields() -> Question {
    Question {
        store_name: "Harbour Street".into(),
        title: "How was your visit today?".into(),
        hint: "One tap is enough. It’s anonymous: no camera, no microphone, no account.".into(),
        scale: faces(["Awful", "Poor", "OK", "Good", "Great"]),
        languages: languages(["English", "Polski", "العربية"], 0),
        strip: Some(StripNote {
            said: "You said: queues too long".into(),
            did: "We opened two more tills".into(),
            date: "12 Nov".into(),
        }),
    }
}

fn pressed() -> Page {
    let question = question_fields();
    Page::Question(Question { scale: Scale { chosen: Some(4), ..question.scale }, ..question })
}

fn faces(words: [&str; 5]) -> Scale {
    Scale { kind: ScaleKind::Faces, words: words.map(Into::into).into(), chosen: None }
}

fn german_question() -> Page {
    Page::Question(Question {
        store_name: "Hafenstraße".into(),
        title: "Wie war Ihr Besuch heute?".into(),
        hint: "Ein Tipp genügt. Anonym: keine Kamera, kein Mikrofon, kein Konto.".into(),
        scale: faces(["Schlimm", "Schlecht", "Geht so", "Gut", "Sehr gut"]),
        languages: languages(["English", "Deutsch", "العربية"], 1),
        strip: Some(StripNote {
            said: "Sie sagten: zu lange Schlangen".into(),
            did: "Wir haben zwei Kassen mehr geöffnet".into(),
            date: "12. Nov.".into(),
        }),
    })
}

fn languages(names: [&str; 3], current: usize) -> Vec<LanguageKey> {
    let key = |(index, name): (usize, &str)| LanguageKey { name: name.into(), current: index == current };
    names.into_iter().enumerate().map(key).collect()
}

fn header(word: &str, step: usize, time_left: f32) -> Header {
    Header { face: 2, word: word.into(), step, steps: 4, time_left, seconds_left: 24, can_go_back: false }
}

/// The icons of the reasons, in the order shown; the second and third are chosen.
const REASON_ICONS: [&str; 8] =
    ["staff", "waiting", "checkout", "availability", "price", "clean", "finding", "other"];

fn options(labels: [&str; 8]) -> Vec<ReasonKey> {
    let key = |(index, (icon, label)): (usize, (&str, &str))| ReasonKey {
        icon: icon.into(),
        label: label.into(),
        chosen: index == 1 || index == 2,
    };
    REASON_ICONS.into_iter().zip(labels).enumerate().map(key).collect()
}

fn reasons(can_go_back: bool) -> Page {
    Page::Reasons(Reasons {
        header: Header { can_go_back, ..header("Poor", 2, 0.78) },
        title: "Sorry about that. What went wrong?".into(),
        hint: "Choose as many as you like.".into(),
        options: options([
            "Staff",
            "Waiting",
            "Checkout",
            "Out of stock",
            "Price",
            "Cleanliness",
            "Finding things",
            "Something else",
        ]),
        single: false,
    })
}

fn german_reasons() -> Page {
    Page::Reasons(Reasons {
        header: Header { can_go_back: true, ..header("Schlecht", 2, 0.78) },
        title: "Das tut uns leid. Was war nicht gut?".into(),
        hint: "Wählen Sie so viele, wie Sie möchten.".into(),
        options: options([
            "Personal",
            "Wartezeit",
            "Kasse",
            "Nicht vorrätig",
            "Preis",
            "Sauberkeit",
            "Zurechtfinden",
            "Etwas anderes",
        ]),
        single: false,
    })
}

fn comment() -> Page {
    let text = "Waited almost twenty minutes because only one till was open and nobody told us why. The man on the t";
    Page::Comment(Comment {
        header: header("Poor", 3, 0.86),
        title: "Tell us in your own words".into(),
        text: text.into(),
        caret: text.len(),
        count: text.chars().count(),
        limit: 200,
        language_name: "English".into(),
        language_tag: "EN".into(),
    })
}

fn contact() -> Contact {
    let text = "07700 900 142";
    Contact {
        header: header("Poor", 4, 0.66),
        title: "Would you like a reply?".into(),
        hint: "Only if you want one. We use it once, for this visit, and delete it after 30 days.".into(),
        channel: Channel::Phone,
        has_choice: true,
        text: text.into(),
        caret: text.len(),
        consent: "Yes, Harbour Street may contact me about this visit, and nothing else.".into(),
        consented: true,
        can_send: true,
        notice: ContactNotice::Locked,
        language_name: "English".into(),
        language_tag: "EN".into(),
    }
}

fn untouched() -> Contact {
    Contact { text: String::new(), caret: 0, consented: false, can_send: false, ..contact() }
}

fn sent() -> Contact {
    Contact { consented: true, notice: ContactNotice::Sent(Channel::Phone), ..untouched() }
}

fn email() -> Contact {
    let text = "ann.harbour@mail.example";
    Contact { channel: Channel::Email, text: text.into(), caret: text.len(), ..contact() }
}

fn german_email() -> Contact {
    Contact {
        header: Header { can_go_back: true, ..header("Schlecht", 4, 0.66) },
        title: "Dürfen wir Ihnen antworten?".into(),
        hint: "Freiwillig. Es wird sofort verschlüsselt; hier vor Ort kann es niemand lesen.".into(),
        // The longest of the shipped ones.
        consent: "Ich bin einverstanden, dass die Zentrale diese Angabe speichert, um auf meine Rückmeldung zu antworten, und nach 90 Tagen löscht. Das kann ich jederzeit widerrufen.".into(),
        language_name: "Deutsch".into(),
        language_tag: "DE".into(),
        ..email()
    }
}

fn arabic_contact() -> Contact {
    Contact {
        header: header("سيئة", 4, 0.66),
        title: "هل يمكننا الرد عليكم؟".into(),
        hint: "اختياري. تُشفَّر البيانات فورًا، ولا يستطيع أحد هنا قراءتها.".into(),
        consent: "أوافق على أن يحفظ المقر الرئيسي هذه البيانات للرد على ملاحظاتي وأن يحذفها بعد 90 يومًا، ويمكنني سحب موافقتي في أي وقت.".into(),
        language_name: "العربية".into(),
        language_tag: "AR".into(),
        ..contact()
    }
}

fn german_comment() -> Page {
    let text = "Wir haben fast zwanzig Minuten gewartet, weil nur eine Kasse geöffnet war. Schö";
    Page::Comment(Comment {
        header: Header { can_go_back: true, ..header("Schlecht", 3, 0.86) },
        title: "In Ihren eigenen Worten".into(),
        text: text.into(),
        caret: text.len(),
        count: text.chars().count(),
        limit: 200,
        language_name: "Deutsch".into(),
        language_tag: "DE".into(),
    })
}

fn arabic_comment() -> Page {
    let text = "انتظرت عشرين دقيقة تقريبا لأن الصندوق رقم 4 وحده كان مفتوحا";
    Page::Comment(Comment {
        header: header("سيئة", 3, 0.86),
        title: "أخبرنا بكلماتك".into(),
        text: text.into(),
        caret: text.len(),
        count: text.chars().count(),
        limit: 200,
        language_name: "العربية".into(),
        language_tag: "AR".into(),
    })
}

fn good(step: usize) -> Header {
    Header {
        face: 4,
        word: "Good".into(),
        step,
        steps: 3,
        time_left: 0.9,
        seconds_left: 27,
        can_go_back: step > 2,
    }
}

fn rating(step: usize, title: &str, scale: Scale) -> Page {
    Page::Rating(Rating { header: good(step), title: title.into(), scale })
}

fn scale(kind: ScaleKind, words: &[&str], chosen: Option<u8>) -> Scale {
    Scale { kind, words: words.iter().map(|word| (*word).into()).collect(), chosen }
}

fn recommend() -> Page {
    let ends = ["Not likely at all", "Extremely likely"];
    let title = "How likely are you to recommend Harbour Street to a friend?";
    rating(2, title, scale(ScaleKind::Recommend, &ends, None))
}

fn stars() -> Page {
    let title = "How easy was it to find what you came for?";
    rating(3, title, scale(ScaleKind::Stars, &["Very hard", "Very easy"], Some(4)))
}

fn effort() -> Page {
    let ends = ["Strongly disagree", "Strongly agree"];
    rating(2, "The store made it easy to return my order.", scale(ScaleKind::Effort, &ends, None))
}

fn four_faces() -> Page {
    let words = ["Dirty", "Not clean", "Clean", "Spotless"];
    rating(2, "How clean were the washrooms?", scale(ScaleKind::FourFaces, &words, None))
}

fn thumbs() -> Page {
    rating(2, "Did you find what you came for?", scale(ScaleKind::Thumbs, &["No", "Yes"], None))
}

fn easier() -> Page {
    Page::Easier(Easier { high_contrast: false, bigger_words: true, reach: false, more_time: true })
}

fn arabic(page: Page) -> View {
    View { page, look: Look { language: "ar".into(), ..Look::default() } }
}

fn arabic_question() -> Page {
    Page::Question(Question {
        store_name: "Harbour Street".into(),
        title: "كيف كانت زيارتك اليوم؟".into(),
        hint: "لمسة واحدة تكفي. تقييمك مجهول الهوية: لا كاميرا ولا ميكروفون ولا حساب.".into(),
        scale: faces(["سيئة جدًا", "سيئة", "عادية", "جيدة", "رائعة"]),
        languages: languages(["English", "Polski", "العربية"], 2),
        strip: Some(StripNote {
            said: "قلتم: طوابير الدفع طويلة".into(),
            did: "فتحنا صندوقَي دفع إضافيين".into(),
            date: "١٢ نوفمبر".into(),
        }),
    })
}

fn arabic_reasons() -> Page {
    Page::Reasons(Reasons {
        header: header("سيئة", 2, 0.78),
        title: "نأسف لذلك. ما الذي لم يعجبك؟".into(),
        hint: "اختر ما شئت.".into(),
        options: options([
            "الموظفون",
            "الانتظار",
            "الدفع",
            "غير متوفر",
            "السعر",
            "النظافة",
            "إيجاد الأشياء",
            "شيء آخر",
        ]),
        single: false,
    })
}

fn thanks(complete: bool) -> Page {
    let reply =
        ThanksNote { icon: "phone".into(), text: "You asked for a reply. Expect one by Tuesday.".into() };
    let door = ThanksNote { icon: "store".into(), text: "What changes is posted here, by the door.".into() };
    let voucher = Voucher {
        title: "£2 off next time".into(),
        detail: "Photograph this code and show it at the till until 31 December.".into(),
        qr: code::modules(),
    };
    Page::Thanks(Thanks {
        title: "Thank you".into(),
        message: "Your words are saved, and they go to the people who can put it right.".into(),
        notes: if complete { vec![reply, door] } else { vec![door] },
        time_left: 0.8,
        seconds_left: 6,
        follow_up: None,
        voucher: complete.then_some(voucher),
    })
}

fn german_thanks() -> Page {
    Page::Thanks(Thanks {
        title: "Danke".into(),
        message: "Ihre Worte sind gespeichert und gehen an die Menschen, die es besser machen können.".into(),
        notes: vec![ThanksNote {
            icon: "store".into(),
            text: "Was sich ändert, steht hier an der Tür.".into(),
        }],
        time_left: 0.8,
        seconds_left: 6,
        follow_up: None,
        voucher: None,
    })
}

fn still_there() -> Page {
    Page::StillThere(StillThere { seconds_left: 11, time_left: 0.55, unsent_words: true })
}

fn out_of_service() -> Page {
    Page::OutOfService(OutOfService {
        reason_for_staff:
            "The disk is full, so no answer can be kept. Free some space; the screen comes back by itself."
                .into(),
    })
}
