//! What the samples say, in each language that has them.

/// The words of a store's survey.
pub(super) struct Words {
    pub(super) store_name: &'static str,
    /// The languages to choose from, and which of them this is.
    pub(super) languages: ([&'static str; 3], usize),
    /// The same on the keyboard: its own name and its tag.
    pub(super) keyboard: (&'static str, &'static str),
    pub(super) question: (&'static str, &'static str),
    pub(super) faces: [&'static str; 5],
    /// What was said, what was done, and when.
    pub(super) strip: [&'static str; 3],
    pub(super) reasons: (&'static str, &'static str),
    pub(super) options: [&'static str; 8],
    pub(super) comment: (&'static str, &'static str),
    /// Title, hint and what is agreed to.
    pub(super) contact: [&'static str; 3],
    /// The further questions, each with the words of its keys or of its ends.
    pub(super) recommend: (&'static str, [&'static str; 2]),
    pub(super) stars: (&'static str, [&'static str; 2]),
    pub(super) effort: (&'static str, [&'static str; 2]),
    pub(super) four_faces: (&'static str, [&'static str; 4]),
    pub(super) thumbs: (&'static str, [&'static str; 2]),
    pub(super) thanks: (&'static str, &'static str),
    /// That a reply comes, and where changes are posted.
    pub(super) notes: [&'static str; 2],
    pub(super) voucher: (&'static str, &'static str),
    /// The days of the week, Monday first, and a day with its date.
    pub(super) days: ([&'static str; 7], &'static str),
    /// What stands above a follow-up code, where the survey says anything, and the code.
    pub(super) follow_up: [&'static str; 2],
}

pub(super) const ENGLISH: Words = Words {
    store_name: "Harbour Street",
    languages: (["English", "Polski", "العربية"], 0),
    keyboard: ("English", "EN"),
    question: (
        "How was your visit today?",
        "One tap is enough. It’s anonymous: no camera, no microphone, no account.",
    ),
    faces: ["Awful", "Poor", "OK", "Good", "Great"],
    strip: ["You said: queues too long", "We opened two more tills", "12 Nov"],
    reasons: ("Sorry about that. What went wrong?", "Choose as many as you like."),
    options: [
        "Staff",
        "Waiting",
        "Checkout",
        "Out of stock",
        "Price",
        "Cleanliness",
        "Finding things",
        "Something else",
    ],
    comment: (
        "Tell us in your own words",
        "Waited almost twenty minutes because only one till was open and nobody told us why. The man on the t",
    ),
    contact: [
        "Would you like a reply?",
        "Only if you want one. We use it once, for this visit, and delete it after 30 days.",
        "Yes, Harbour Street may contact me about this visit, and nothing else.",
    ],
    recommend: (
        "How likely are you to recommend Harbour Street to a friend?",
        ["Not likely at all", "Extremely likely"],
    ),
    stars: ("How easy was it to find what you came for?", ["Very hard", "Very easy"]),
    effort: ("The store made it easy to return my order.", ["Strongly disagree", "Strongly agree"]),
    four_faces: ("How clean were the washrooms?", ["Dirty", "Not clean", "Clean", "Spotless"]),
    thumbs: ("Did you find what you came for?", ["No", "Yes"]),
    thanks: ("Thank you", "Your words are saved, and they go to the people who can put it right."),
    notes: ["You asked for a reply. Expect one by Tuesday.", "What changes is posted here, by the door."],
    voucher: ("£2 off next time", "Photograph this code and show it at the till until 31 December."),
    days: (["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], "Sat 28 Nov 2026"),
    follow_up: ["Ask at the desk what came of it:", "harbor maple tide"],
};

pub(super) const GERMAN: Words = Words {
    store_name: "Hafenstraße",
    languages: (["English", "Deutsch", "العربية"], 1),
    keyboard: ("Deutsch", "DE"),
    question: (
        "Wie war Ihr Besuch heute?",
        "Ein Tipp genügt. Anonym: keine Kamera, kein Mikrofon, kein Konto.",
    ),
    faces: ["Schlimm", "Schlecht", "Geht so", "Gut", "Sehr gut"],
    strip: ["Sie sagten: zu lange Schlangen", "Wir haben zwei Kassen mehr geöffnet", "12. Nov."],
    reasons: ("Das tut uns leid. Was war nicht gut?", "Wählen Sie so viele, wie Sie möchten."),
    options: [
        "Personal",
        "Wartezeit",
        "Kasse",
        "Nicht vorrätig",
        "Preis",
        "Sauberkeit",
        "Zurechtfinden",
        "Etwas anderes",
    ],
    comment: (
        "In Ihren eigenen Worten",
        "Wir haben fast zwanzig Minuten gewartet, weil nur eine Kasse geöffnet war. Schö",
    ),
    contact: [
        "Dürfen wir Ihnen antworten?",
        "Freiwillig. Es wird sofort verschlüsselt; hier vor Ort kann es niemand lesen.",
        // The longest of the shipped ones.
        "Ich bin einverstanden, dass die Zentrale diese Angabe speichert, um auf meine Rückmeldung zu antworten, und nach 90 Tagen löscht. Das kann ich jederzeit widerrufen.",
    ],
    recommend: (
        "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?",
        ["Unwahrscheinlich", "Äußerst wahrscheinlich"],
    ),
    stars: ("Wie leicht haben Sie gefunden, was Sie suchten?", ["Sehr schwer", "Sehr leicht"]),
    effort: ("Die Rückgabe wurde mir leicht gemacht.", ["Stimme gar nicht zu", "Stimme voll und ganz zu"]),
    four_faces: ("Wie sauber waren die Toiletten?", ["Sehr schmutzig", "Schmutzig", "Sauber", "Blitzblank"]),
    thumbs: ("Haben Sie gefunden, was Sie suchten?", ["Nein", "Ja"]),
    thanks: ("Danke", "Ihre Worte sind gespeichert und gehen an die Menschen, die es besser machen können."),
    notes: ["Sie möchten eine Antwort. Sie kommt bis Dienstag.", "Was sich ändert, steht hier an der Tür."],
    voucher: (
        "2 € beim nächsten Mal",
        "Fotografieren Sie den Code und zeigen Sie ihn bis 31. Dezember an der Kasse.",
    ),
    days: (
        ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        "Sa, 28. Nov 2026",
    ),
    follow_up: ["", "mixture gondola popcorn"],
};

pub(super) const ARABIC: Words = Words {
    store_name: "Harbour Street",
    languages: (["English", "Polski", "العربية"], 2),
    keyboard: ("العربية", "AR"),
    question: (
        "كيف كانت زيارتك اليوم؟",
        "لمسة واحدة تكفي. تقييمك مجهول الهوية: لا كاميرا ولا ميكروفون ولا حساب.",
    ),
    faces: ["سيئة جدًا", "سيئة", "عادية", "جيدة", "رائعة"],
    strip: ["قلتم: طوابير الدفع طويلة", "فتحنا صندوقَي دفع إضافيين", "١٢ نوفمبر"],
    reasons: ("نأسف لذلك. ما الذي لم يعجبك؟", "اختر ما شئت."),
    options: ["الموظفون", "الانتظار", "الدفع", "غير متوفر", "السعر", "النظافة", "إيجاد الأشياء", "شيء آخر"],
    comment: ("أخبرنا بكلماتك", "انتظرت عشرين دقيقة تقريبا لأن الصندوق رقم 4 وحده كان مفتوحا"),
    contact: [
        "هل يمكننا الرد عليكم؟",
        "اختياري. تُشفَّر البيانات فورًا، ولا يستطيع أحد هنا قراءتها.",
        "أوافق على أن يحفظ المقر الرئيسي هذه البيانات للرد على ملاحظاتي وأن يحذفها بعد 90 يومًا، ويمكنني سحب موافقتي في أي وقت.",
    ],
    recommend: ("ما مدى احتمال أن توصوا بهذه الصيدلية للأهل أو الأصدقاء؟", ["غير محتمل إطلاقًا", "محتمل جدًا"]),
    stars: ("ما مدى سهولة العثور على ما جئتم من أجله؟", ["صعب جدًا", "سهل جدًا"]),
    effort: ("ما مدى سهولة إرجاع سلعتكم اليوم؟", ["صعب جدًا", "سهل جدًا"]),
    four_faces: ("كيف وجدتم دورة المياه هذه؟", ["سيئة جدًا", "سيئة", "جيدة", "جيدة جدًا"]),
    thumbs: ("هل وجدتم ما يناسبكم؟", ["لا", "نعم"]),
    thanks: ("شكرًا لكم", "تم حفظ إجاباتكم، وستصل إلى من يستطيع تحسين الأمور."),
    notes: ["طلبتم ردًا، وسيصلكم قبل يوم الثلاثاء.", "تُعلن التحسينات هنا، بجانب الباب."],
    voucher: ("خصم 2 £", "صوّروا هذا الرمز وأظهروه عند صندوق الدفع حتى 31 ديسمبر."),
    days: (["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"], "السبت 28 نوفمبر 2026"),
    follow_up: ["اسألوا مكتب الاستقبال عمّا تمّ:", "harbor maple tide"],
};
