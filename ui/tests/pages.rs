//! Each page's keys, found by what a screen reader would say, raise the right intents; German is German.

mod support;

use std::path::Path;

use afterword_ui::Intent;
use afterword_ui::intent::{Browse, Caret, ExportIntent, Place, RangeEnd, StaffIntent};
use afterword_ui::view::Page;
use afterword_ui::view::parts::PartKind;
use afterword_ui::view::words::WordsFilter;
use i_slint_backend_testing::{ElementHandle, ElementRoot};
use support::{Screen, is_key, view};

fn screen(name: &str) -> Screen {
    Screen::showing(&view(name), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fonts"))
}

/// The one control with this spoken label.
fn control(screen: &Screen, label: &str) -> ElementHandle {
    let mut found: Vec<_> = ElementHandle::find_by_accessible_label(screen.ui.component(), label)
        .filter(is_key)
        .map(|element| (place(&element), element))
        .collect();
    // A component's own element and the one it is made of both answer; they lie at the same place.
    found.dedup_by_key(|(place, _)| *place);
    assert_eq!(found.len(), 1, "controls called {label:?}");
    found.remove(0).1
}

fn place(element: &ElementHandle) -> [i32; 4] {
    let (position, size) = (element.absolute_position(), element.size());
    [position.x, position.y, size.width, size.height].map(|length| length as i32)
}

/// Taps the middle of the control with this label and returns what came of it.
fn tap(screen: &Screen, label: &str) -> Vec<Intent> {
    let [x, y, width, height] = place(&control(screen, label)).map(|length| length as f32);
    screen.tap(x + width / 2.0, y + height / 2.0);
    screen.intents()
}

/// Everything that is written on the page.
fn words(screen: &Screen) -> Vec<String> {
    let mut words = Vec::new();
    screen.ui.component().root_element().query_descendants().find_all().into_iter().for_each(|element| {
        words.extend(element.accessible_label().map(String::from));
    });
    words
}

#[test]
fn the_question_takes_a_face_a_language_and_the_easier_look() {
    let screen = screen("kiosk-01-idle-rating");
    for (face, word) in (1..).zip(["Awful", "Poor", "OK", "Good", "Great"]) {
        assert_eq!(tap(&screen, word), [Intent::Rate(face)]);
    }
    assert_eq!(tap(&screen, "Polski"), [Intent::Language(1)]);
    assert_eq!(tap(&screen, "Easier to use"), [Intent::EasierToUse]);
    assert_eq!(control(&screen, "English").accessible_checked(), Some(true));
    assert_eq!(control(&screen, "Polski").accessible_checked(), Some(false));

    screen.ui.show(&view("kiosk-05-idle-high-contrast"));
    assert_eq!(tap(&screen, "Standard view"), [Intent::EasierToUse]);
    assert_eq!(tap(&screen, "Great"), [Intent::Rate(5)]);
}

#[test]
fn a_finger_that_slides_off_a_key_takes_nothing_back_and_chooses_nothing() {
    let screen = screen("kiosk-01-idle-rating");
    screen.press(150.0, 450.0);
    screen.draw();
    assert_eq!(screen.pixel(150, 310), (0x14, 0x18, 0x1A), "a held key is ink");
    screen.slide(150.0, 690.0);
    screen.draw();
    assert_eq!(screen.pixel(150, 310), (0xFA, 0xFA, 0xF7), "off the key it is porcelain again");
    screen.release(150.0, 690.0);
    assert_eq!(screen.intents(), []);
}

#[test]
fn a_tap_in_the_gap_belongs_to_the_nearer_key() {
    let screen = screen("kiosk-01-idle-rating");
    screen.tap(273.0, 450.0);
    screen.tap(278.0, 450.0);
    assert_eq!(screen.intents(), [Intent::Rate(1), Intent::Rate(2)]);
}

#[test]
fn the_reasons_toggle_and_lead_on_back_and_out() {
    let screen = screen("kiosk-06e-reasons-back");
    assert_eq!(tap(&screen, "Staff"), [Intent::ToggleReason(0)]);
    assert_eq!(tap(&screen, "Something else"), [Intent::ToggleReason(7)]);
    assert_eq!(control(&screen, "Waiting").accessible_checked(), Some(true));
    assert_eq!(control(&screen, "Price").accessible_checked(), Some(false));
    for (label, intent) in [
        ("Poor. Change", Intent::Change),
        ("Back", Intent::Back),
        ("Skip", Intent::Skip),
        ("Next", Intent::Next),
        ("Finish", Intent::Finish),
    ] {
        assert_eq!(tap(&screen, label), [intent]);
    }
}

#[test]
fn without_a_page_to_go_back_to_there_is_no_back_key() {
    let screen = screen("kiosk-06-reasons");
    assert!(!words(&screen).contains(&"Back".to_owned()));
}

#[test]
fn the_keyboard_writes_letters_capitals_and_signs() {
    let screen = screen("kiosk-07-comment");
    assert_eq!(tap(&screen, "q"), [Intent::Type("q".into())]);
    assert_eq!(tap(&screen, "space"), [Intent::Type(" ".into())]);
    assert_eq!(tap(&screen, "full stop"), [Intent::Type(".".into())]);
    assert_eq!(tap(&screen, "Capital letter"), []);
    assert_eq!(tap(&screen, "M"), [Intent::Type("M".into())]);
    assert_eq!(tap(&screen, "m"), [Intent::Type("m".into())], "a capital is for one letter");
    assert_eq!(tap(&screen, "123"), []);
    assert_eq!(tap(&screen, "£"), [Intent::Type("£".into())]);
    assert_eq!(tap(&screen, "ABC"), []);
    assert_eq!(tap(&screen, "Language: English"), [Intent::NextLanguage]);
    assert_eq!(tap(&screen, "Done"), [Intent::Done]);
}

#[test]
fn the_german_keyboard_has_its_letters_and_a_sharp_s_stays_one_letter() {
    let screen = screen("kiosk-07d-comment-german");
    assert_eq!(tap(&screen, "Großbuchstabe"), []);
    assert_eq!(tap(&screen, "Ä"), [Intent::Type("Ä".into())]);
    assert_eq!(tap(&screen, "Großbuchstabe"), []);
    assert_eq!(tap(&screen, "ẞ"), [Intent::Type("ẞ".into())]);
    assert_eq!(tap(&screen, "Zurück"), [Intent::Back]);
}

#[test]
fn backspace_deletes_one_letter_on_a_tap_and_more_while_it_is_held() {
    let screen = screen("kiosk-07-comment");
    assert_eq!(tap(&screen, "Delete the last letter"), [Intent::Backspace]);

    screen.press(1172.0, 622.0);
    screen.advance(std::time::Duration::from_millis(480));
    assert_eq!(screen.intents(), [], "not before half a second");
    screen.advance(std::time::Duration::from_millis(400));
    let repeated = screen.intents().len();
    assert!((3..=6).contains(&repeated), "{repeated} letters after 0.9 s");
    screen.release(1172.0, 622.0);
    assert_eq!(screen.intents(), [], "the release adds none");
}

#[test]
fn thanks_and_the_warning_can_be_answered() {
    let screen = screen("kiosk-09-thanks");
    assert_eq!(tap(&screen, "Done"), [Intent::Done]);
    screen.ui.show(&view("kiosk-17-still-there"));
    assert_eq!(tap(&screen, "I need more time"), [Intent::MoreTime]);
    assert_eq!(tap(&screen, "I’m finished"), [Intent::Leave]);
}

#[test]
fn three_words_stand_under_the_survey_s_line_or_the_kiosk_s_own() {
    let screen = screen("kiosk-09f-thanks-code-voucher");
    let says = |screen: &Screen, sentence: &str| words(screen).iter().any(|present| present == sentence);
    assert!(says(&screen, "Ask at the desk what came of it: harbor maple tide"), "{:?}", words(&screen));

    let mut own = view("kiosk-09e-thanks-code");
    if let Page::Thanks(thanks) = &mut own.page {
        thanks.follow_up.as_mut().expect("it has a code").text.clear();
    }
    screen.ui.show(&own);
    assert!(says(&screen, "To ask later what came of it: harbor maple tide"), "{:?}", words(&screen));
    own.look.language = "ar".into();
    screen.ui.show(&own);
    assert!(says(&screen, "للسؤال لاحقًا عمّا تمّ: harbor maple tide"), "{:?}", words(&screen));

    screen.ui.show(&view("kiosk-09-thanks"));
    assert!(!words(&screen).iter().any(|present| present.contains("came of it")), "no code, no line");
}

#[test]
fn the_warning_speaks_of_typed_words_only_when_there_are_some() {
    let screen = screen("kiosk-17-still-there");
    let says = |screen: &Screen, sentence: &str| words(screen).iter().any(|present| present == sentence);
    let with_words = "Your rating is already saved. If you leave now,\nwhat you were typing is deleted.";
    assert!(says(&screen, with_words), "{:?}", words(&screen));

    let mut untyped = view("kiosk-17-still-there");
    if let Page::StillThere(page) = &mut untyped.page {
        page.unsent_words = false;
    }
    screen.ui.show(&untyped);
    assert!(says(&screen, "Your rating is already saved."), "{:?}", words(&screen));
    assert!(!says(&screen, with_words), "nothing is deleted where nothing was typed");

    untyped.look.language = "de".into();
    screen.ui.show(&untyped);
    assert!(says(&screen, "Ihre Bewertung ist schon gespeichert."), "{:?}", words(&screen));
}

#[test]
fn physical_keys_do_what_the_keys_on_the_screen_do() {
    let screen = screen("kiosk-01-idle-rating");
    screen.key("4");
    screen.key("9");
    assert_eq!(screen.intents(), [Intent::Rate(4)]);
    screen.ui.show(&view("kiosk-07-comment"));
    screen.draw();
    screen.key("h");
    screen.key("4");
    screen.key("\u{8}");
    assert_eq!(screen.intents(), [Intent::Type("h".into()), Intent::Type("4".into()), Intent::Backspace]);
}

#[test]
fn german_pages_hold_german_words_and_no_english_ones() {
    let screen = screen("kiosk-06d-reasons-german");
    let german = words(&screen);
    for word in ["Überspringen", "Weiter", "Beenden", "Schlecht. Ändern", "Zurück", "2 ausgewählt"] {
        assert!(german.iter().any(|present| present == word), "{word} is missing in {german:?}");
    }
    for word in ["Skip", "Next", "Finish", "Back"] {
        assert!(!german.iter().any(|present| present == word), "{word} in {german:?}");
    }

    let mut austrian = view("kiosk-06d-reasons-german");
    austrian.look.language = "de-AT".into();
    screen.ui.show(&austrian);
    assert!(words(&screen).contains(&"Weiter".to_owned()), "Austria reads German");

    austrian.look.language = "tlh".into();
    screen.ui.show(&austrian);
    assert!(words(&screen).contains(&"Next".to_owned()), "what is not bundled falls back to English");
}

#[test]
fn every_english_word_of_the_kiosk_is_said_in_every_language() {
    for tag in ["de", "fr", "es", "pl", "ar"] {
        let path = format!("translations/{tag}/LC_MESSAGES/afterword-ui.po");
        let po = std::fs::read_to_string(path).expect("the language is shipped");
        for source in slint_files(Path::new("slint")) {
            for part in source.split("@tr(\"").skip(1) {
                let english = part.split('"').next().expect("split gives a part");
                assert!(
                    ["msgstr", "msgid_plural"]
                        .iter()
                        .any(|next| po.contains(&format!("msgid \"{english}\"\n{next}"))),
                    "no word in {tag} for {english:?}"
                );
            }
        }
        assert!(
            !po.trim_end().ends_with("msgstr \"\"") && !po.contains("msgstr \"\"\n\n"),
            "an empty one in {tag}"
        );
    }
}

fn slint_files(dir: &Path) -> Vec<String> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the pages can be read") {
        let path = entry.expect("the pages can be read").path();
        if path.is_dir() {
            sources.extend(slint_files(&path));
        } else {
            sources.push(std::fs::read_to_string(path).expect("the pages can be read"));
        }
    }
    sources
}

#[test]
fn arabic_is_drawn_though_the_text_face_has_none() {
    let screen = screen("kiosk-01-idle-rating");
    let stone = screen.pixel(10, 10);
    let inked = (894..962).filter(|x| (40..80).any(|y| screen.pixel(*x, y) != stone)).count();
    assert!(inked > 50, "{inked} of 68 columns hold a letter's part");
}

#[test]
fn a_ring_is_drawn_in_every_language() {
    let screen = screen("kiosk-06d-reasons-german");
    assert_eq!(screen.pixel(1170, 56), (0x14, 0x18, 0x1A), "a decimal comma would break the arc's path");
    assert_eq!(screen.pixel(1228, 32), (0xC3, 0xC7, 0xC0), "the time that is gone shows the track");
}

#[test]
fn the_caret_stands_behind_the_last_letter() {
    let screen = screen("kiosk-07-comment");
    let accent = (0x11, 0x45, 0x99);
    assert_eq!(screen.pixel(364, 230), accent, "behind the t on the second line");

    let mut longer = view("kiosk-07-comment");
    if let Page::Comment(comment) = &mut longer.page {
        comment.text.push_str("ill");
        comment.caret += 3;
    }
    screen.ui.show(&longer);
    screen.draw();
    assert_ne!(screen.pixel(364, 230), accent, "the caret has gone on");
    assert!((380..420).any(|x| screen.pixel(x, 230) == accent), "behind the l on the second line");

    let mut shorter = longer;
    if let Page::Comment(comment) = &mut shorter.page {
        comment.caret = "Waited".len();
        comment.text.truncate(comment.caret);
    }
    screen.ui.show(&shorter);
    screen.draw();
    assert!((150..170).any(|x| screen.pixel(x, 190) == accent), "behind the d on the first line");
}

#[test]
fn a_finger_on_the_text_says_where_the_caret_is_to_stand() {
    let screen = screen("kiosk-07-comment");
    let text_end = match view("kiosk-07-comment").page {
        Page::Comment(comment) => comment.text.len(),
        _ => unreachable!("a comment page"),
    };
    screen.tap(62.0, 190.0);
    assert_eq!(screen.intents(), [Intent::MoveCaret(Caret::At(0))]);
    screen.tap(157.0, 190.0);
    assert_eq!(screen.intents(), [Intent::MoveCaret(Caret::At("Waited".len()))]);
    screen.draw();
    let accent = (0x11, 0x45, 0x99);
    assert_eq!(screen.pixel(364, 230), accent, "it stays where the program has it until that says otherwise");
    screen.tap(900.0, 285.0);
    let told = screen.intents();
    assert!(told.is_empty() || told == [Intent::MoveCaret(Caret::At(text_end))], "below the words: {told:?}");
}

#[test]
fn the_caret_stands_where_the_program_says_in_writing_of_both_directions() {
    let screen = screen("kiosk-07-comment");
    let accent = (0x11, 0x45, 0x99);
    let caret_x = |text: &str, caret: usize, language: &str| {
        let mut view = view("kiosk-07-comment");
        if let Page::Comment(comment) = &mut view.page {
            (comment.text, comment.caret) = (text.into(), caret);
        }
        view.look.language = language.into();
        screen.ui.show(&view);
        screen.draw();
        let column = (50..1230).find(|x| (180..200).all(|y| screen.pixel(*x, y) == accent));
        column.unwrap_or_else(|| panic!("no caret in {text:?} at {caret}"))
    };
    let arabic = "انتظرت طويلا";
    let places: Vec<u32> = ["", "انتظرت", arabic].map(|before| caret_x(arabic, before.len(), "ar")).into();
    assert!(places.is_sorted_by(|before, after| before > after), "from right to left: {places:?}");
    assert!(places[0] > 1_150, "the beginning is at the right: {places:?}");

    let mixed = "عند Till 4";
    let places: Vec<u32> =
        ["عند ", "عند Ti", "عند Till"].map(|before| caret_x(mixed, before.len(), "ar")).into();
    assert!(places[1] < places[2], "a Latin word runs from left to right in it: {places:?}");
    let english: Vec<u32> = ["", "Wai", "Waited"].map(|before| caret_x("Waited", before.len(), "en")).into();
    assert!(english.is_sorted_by(|before, after| before < after), "{english:?}");
}

#[test]
fn a_physical_keyboard_moves_the_caret() {
    let screen = screen("kiosk-07-comment");
    let key = |key: slint::platform::Key| slint::SharedString::from(key).to_string();
    use slint::platform::Key;
    for (pressed, intent) in [
        (Key::LeftArrow, Intent::MoveCaret(Caret::Back)),
        (Key::RightArrow, Intent::MoveCaret(Caret::Forward)),
        (Key::Home, Intent::MoveCaret(Caret::Start)),
        (Key::End, Intent::MoveCaret(Caret::End)),
        (Key::Delete, Intent::Delete),
    ] {
        screen.key(&key(pressed));
        assert_eq!(screen.intents(), [intent]);
    }
    let mut arabic = view("kiosk-07-comment");
    arabic.look.language = "ar".into();
    screen.ui.show(&arabic);
    screen.key(&key(Key::LeftArrow));
    assert_eq!(screen.intents(), [Intent::MoveCaret(Caret::Forward)], "to the left is onwards there");

    screen.tap(300.0, 190.0);
    screen.intents();
    screen.key("x");
    assert_eq!(screen.intents(), [Intent::Type("x".into())], "also after a finger was on the text");
}

/// Taps one key of staff after the other, and holds what came of it against this.
fn browses(screen: &Screen, name: &str, keys: &[(&str, Browse)]) {
    screen.ui.show(&view(name));
    screen.draw();
    for (label, browse) in keys {
        assert_eq!(tap(screen, label), [Intent::Staff(StaffIntent::Browse(*browse))], "{label}");
    }
}

#[test]
fn the_pages_behind_the_numbers_lead_to_each_other() {
    let screen = screen("kiosk-13-manager-summary");
    browses(
        &screen,
        "kiosk-13-manager-summary",
        &[
            ("Days…", Browse::Open(Place::Days)),
            ("Breakdown", Browse::Open(Place::Parts)),
            ("All words", Browse::Open(Place::Words)),
            ("Export", Browse::Open(Place::Export)),
            ("with 12 flagged", Browse::CountFlagged(false)),
        ],
    );
    browses(
        &screen,
        "kiosk-13d-manager-summary-days",
        &[("12/11 –\n28/11", Browse::Open(Place::Days)), ("without 12 flagged", Browse::CountFlagged(true))],
    );
    browses(
        &screen,
        "kiosk-13e-manager-words",
        &[
            ("Unhappy", Browse::Words(WordsFilter::Unhappy)),
            ("Wants a reply", Browse::Words(WordsFilter::WantsReply)),
            ("Hidden", Browse::Words(WordsFilter::Hidden)),
            ("Hide: Waited almost twenty minutes bec", Browse::Hide { row: 1, hidden: true }),
            ("Next", Browse::Turn { forward: true }),
            ("Back", Browse::Open(Place::Numbers)),
        ],
    );
    let text = "Show: Waited almost twenty minutes because only one till was open ";
    browses(&screen, "kiosk-13f-manager-words-hidden", &[(text, Browse::Hide { row: 0, hidden: false })]);
    browses(
        &screen,
        "kiosk-13j-manager-parts-touchpoints",
        &[
            ("Language", Browse::Parts(PartKind::Language)),
            ("Step by step", Browse::Parts(PartKind::Step)),
            ("Previous", Browse::Turn { forward: false }),
        ],
    );
    browses(
        &screen,
        "kiosk-13k-manager-days",
        &[
            ("From: − 1 week", Browse::Move { end: RangeEnd::First, days: -7 }),
            ("From: + 1 day", Browse::Move { end: RangeEnd::First, days: 1 }),
            ("To: − 1 day", Browse::Move { end: RangeEnd::Last, days: -1 }),
            ("Show numbers", Browse::ShowRange),
        ],
    );
}

#[test]
fn what_goes_onto_a_stick_is_asked_for_while_one_is_in() {
    let screen = screen("kiosk-13m-manager-export-table");
    let wants = |intent| [Intent::Staff(StaffIntent::Export(intent))];
    assert_eq!(tap(&screen, "Table (CSV)"), wants(ExportIntent::Table));
    assert_eq!(tap(&screen, "Parcel for head office"), wants(ExportIntent::Parcel));
    assert_eq!(tap(&screen, "Back"), [Intent::Staff(StaffIntent::Browse(Browse::Open(Place::Numbers)))]);
    screen.key("\u{1b}");
    assert_eq!(screen.intents(), [Intent::Staff(StaffIntent::Browse(Browse::Open(Place::Numbers)))]);
    for name in
        ["kiosk-13l-manager-export", "kiosk-13o-manager-export-refused", "kiosk-13p-manager-export-failed"]
    {
        screen.ui.show(&view(name));
        screen.draw();
        assert_eq!(tap(&screen, "Table (CSV)"), [], "{name}");
        assert_eq!(tap(&screen, "Parcel for head office"), [], "{name}");
    }
}

#[test]
fn whoever_may_not_put_answers_on_a_stick_has_no_key_for_it() {
    let screen = screen("kiosk-13-manager-summary");
    assert!(words(&screen).iter().any(|label| label == "Export"), "{:?}", words(&screen));
    let mut view = view("kiosk-13-manager-summary");
    if let Page::Numbers(page) = &mut view.page {
        page.can_export = false;
    }
    screen.ui.show(&view);
    assert!(words(&screen).iter().all(|label| label != "Export"), "{:?}", words(&screen));
}

#[test]
fn whoever_may_not_hide_words_has_no_key_for_it() {
    let screen = screen("kiosk-13e-manager-words");
    let hides = |screen: &Screen| words(screen).iter().filter(|label| label.starts_with("Hide: ")).count();
    assert!(hides(&screen) >= 4, "{:?}", words(&screen));
    let mut view = view("kiosk-13e-manager-words");
    if let Page::Words(page) = &mut view.page {
        page.can_hide = false;
    }
    screen.ui.show(&view);
    assert_eq!(hides(&screen), 0);
}
