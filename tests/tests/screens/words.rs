//! No shipped language has a text on any panel that is missing, borrowed from another language, or more than there is room for.
//!
//! Every page of the shipped surveys is laid out in each language, also with bigger words and in high contrast, and so are the
//! sample pages, which have a strip, a voucher and a store's own words. Looked at is where Slint has laid each line; letters are
//! taken to be as high as the fonts' are, not measured one by one. What is typed into a field is not looked at: it scrolls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use afterword_sim::play::is_key;
use afterword_ui::preview::{self, Language};
use afterword_ui::view::Look;
use afterword_ui::{Panel as Kind, View};
use i_slint_backend_testing::ElementRoot as _;

use crate::glass::Glass;
use crate::shipped::{self, LANGUAGES};
use crate::texts::{Place, Written, is_arabic, written};

/// The height of a capital that is 8 1/3 minutes of arc at an arm's length, 600 mm: the letter that an eye of 6/10 on Snellen's
/// chart, where 6/6 reads five minutes, can just make out. Most of what is written is 14 minutes and more, by
/// design/tokens.md; only what is long may be smaller, and bends an arm nearer.
const LEGIBLE_MM: f32 = 1.45;

/// What is the same in two languages, because it is a name, a figure, or one word in both.
const SHARED: [&str; 10] = [
    "Harbour Street",
    "English",
    "Deutsch",
    "Français",
    "Español",
    "Polski",
    "العربية",
    // In French and Polish, and in Spanish.
    "E-mail",
    "No",
    // The words of a follow-up code are the same everywhere.
    "harbor maple tide",
];

fn fonts() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/fonts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "ttf"))
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// The ways a page is laid out differently. High contrast has other lines around keys.
fn looks() -> [(&'static str, Look); 5] {
    let (bigger_words, reach) = (true, true);
    [
        ("", Look::default()),
        (" with bigger words", Look { bigger_words, ..Look::default() }),
        (" in high contrast", Look { high_contrast: true, ..Look::default() }),
        (" in reach", Look { reach, ..Look::default() }),
        (" in reach with bigger words", Look { bigger_words, reach, ..Look::default() }),
    ]
}

fn with(view: &View, look: &Look) -> View {
    let language = view.look.language.clone();
    View { page: view.page.clone(), look: Look { language, ..look.clone() } }
}

/// What can be touched, as its place on the glass.
fn keys(glass: &Glass) -> Vec<Place> {
    let mut keys = Vec::new();
    for element in glass.ui.component().root_element().query_descendants().find_all() {
        let (corner, size) = (element.absolute_position(), element.size());
        if is_key(&element) {
            keys.push([corner.x, corner.y, corner.x + size.width, corner.y + size.height]);
        }
    }
    keys
}

/// How far two places overlap; below zero they are apart.
fn overlap(one: Place, other: Place) -> f32 {
    let wide = one[2].min(other[2]) - one[0].max(other[0]);
    let high = one[3].min(other[3]) - one[1].max(other[1]);
    wide.min(high)
}

fn lies_within(inner: Place, outer: Place) -> bool {
    inner[0] >= outer[0] - 1.0
        && inner[1] >= outer[1] - 1.0
        && inner[2] <= outer[2] + 1.0
        && inner[3] <= outer[3] + 1.0
}

fn what_is_wrong(texts: &[Written], keys: &[Place], kind: Kind) -> Vec<String> {
    let (width, height) = kind.pixels();
    let glass = [0.0, 0.0, width as f32, height as f32];
    let mut problems = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let (says, ink) = (&text.says, text.ink());
        problems.extend(text.is_cut().map(|how| format!("{says:?} {how}")));
        let capital_mm = text.capital_px() / kind.pixels_per_mm();
        if capital_mm < LEGIBLE_MM {
            problems.push(format!("{says:?} has capitals of {capital_mm:.1} mm"));
        }
        if !lies_within(ink, glass) {
            problems.push(format!("{says:?} is not all on the glass: {ink:.0?}"));
        }
        for other in &texts[place + 1..] {
            if overlap(ink, other.ink()) > 2.0 {
                problems.push(format!("{says:?} and {:?} lie on each other", other.says));
            }
        }
        for key in keys {
            if overlap(ink, *key) > 1.0 && !lies_within(ink, *key) {
                problems.push(format!("{says:?} at {ink:.0?} lies over the edge of the key at {key:.0?}"));
            }
        }
    }
    problems
}

fn no_text_is_cut_or_covered(kind: Kind) {
    let glass = Glass::new(kind);
    let mut problems: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    let mut look_at = |name: &str, view: &View| {
        for (how, look) in looks() {
            glass.ui.show(&with(view, &look));
            let texts = written(glass.ui.window());
            count += texts.len();
            for problem in what_is_wrong(&texts, &keys(&glass), kind) {
                let first = format!("{name}{how}");
                problems.entry(format!("{} {problem}", view.look.language)).or_insert(first);
            }
        }
    };
    for language in LANGUAGES {
        for page in shipped::pages(language) {
            look_at(&page.name, &page.view);
        }
    }
    for language in [Language::English, Language::German, Language::Arabic] {
        for (stem, page) in preview::contents(language) {
            let look = Look { language: language.tag().into(), ..Look::default() };
            look_at(stem, &View { page, look });
        }
    }
    // What staff see has few words of a survey, so the samples will do for every language that has Latin letters; the Arabic ones
    // were looked at above.
    for language in LANGUAGES.into_iter().filter(|language| *language != "ar") {
        let of_staff = |(stem, _): &(&str, _)| stem.starts_with("kiosk-12") || stem.starts_with("kiosk-13");
        for (stem, page) in preview::contents(Language::English).into_iter().filter(of_staff) {
            let look = Look { language: language.into(), ..Look::default() };
            look_at(stem, &View { page, look });
        }
    }
    assert!(count > 10_000, "only {count} texts were looked at");
    let listed: Vec<String> =
        problems.iter().map(|(problem, first)| format!("{problem} ({first})")).collect();
    assert!(listed.is_empty(), "{} problems on {kind:?}:\n{}", listed.len(), listed.join("\n"));
}

#[test]
fn no_text_is_cut_or_covered_on_the_wide_panel() {
    no_text_is_cut_or_covered(Kind::Wide);
}

#[test]
fn no_text_is_cut_or_covered_on_the_small_panel() {
    no_text_is_cut_or_covered(Kind::Small);
}

#[test]
fn no_text_is_cut_or_covered_on_the_tall_panel() {
    no_text_is_cut_or_covered(Kind::Tall);
}

/// What stands on the pages of one language, page by page.
fn texts(glass: &Glass, language: &str) -> Vec<(String, Vec<String>)> {
    let pages = shipped::pages(language);
    let says = |view: &View| {
        glass.ui.show(view);
        written(glass.ui.window()).into_iter().map(|text| text.says).collect()
    };
    pages.iter().map(|page| (page.name.clone(), says(&page.view))).collect()
}

#[test]
fn every_language_has_all_its_own_words_and_every_letter_a_shape() {
    let glass = Glass::new(Kind::Wide);
    let fonts = fonts();
    let faces: Vec<_> = fonts.iter().map(|font| ttf_parser::Face::parse(font, 0).unwrap()).collect();
    let english = texts(&glass, "en");
    let mut problems = BTreeSet::new();
    for language in LANGUAGES {
        let own = texts(&glass, language);
        assert_eq!(own.len(), english.len(), "{language} has every page");
        for ((name, said), (_, in_english)) in own.iter().zip(&english) {
            // A keyboard has as many keys as its language has letters.
            if said.len() != in_english.len() && said.len() < 40 {
                problems.insert(format!(
                    "{language}: {name} has {} texts, in English {}",
                    said.len(),
                    in_english.len()
                ));
            }
            for text in said {
                let is_written = |letter: char| {
                    letter.is_whitespace() || faces.iter().any(|face| face.glyph_index(letter).is_some())
                };
                if let Some(letter) = text.chars().find(|letter| !is_written(*letter)) {
                    problems.insert(format!("{language}: no font has {letter:?} of {text:?}"));
                }
                let has_words = text.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
                let is_shared = SHARED.contains(&text.as_str());
                if language != "en" && has_words && !is_shared && in_english.contains(text) {
                    problems.insert(format!("{language}: {text:?} is English ({name})"));
                }
                if language == "ar" && has_words && !is_shared && !text.chars().any(is_arabic) {
                    problems.insert(format!("ar: {text:?} is not Arabic ({name})"));
                }
            }
        }
    }
    let listed: Vec<String> = problems.into_iter().collect();
    assert!(listed.is_empty(), "{}", listed.join("\n"));
}

/// The texts between double quotes that follow `before`, with what is escaped left as it is.
fn quoted<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for part in text.split(before).skip(1) {
        let end = part.match_indices('"').find(|(place, _)| !part[..*place].ends_with('\\'));
        found.push(&part[..end.map_or(part.len(), |(place, _)| place)]);
    }
    found
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_word_of_the_kiosk_itself_is_translated_and_no_translation_is_left_over() {
    let sources = files("ui/slint", "slint").into_iter().map(|path| fs::read_to_string(path).unwrap());
    let words: BTreeSet<String> = sources
        .flat_map(|text| quoted(&text, "@tr(\"").into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(words.len() > 40, "{words:?}");
    let catalogues = files("ui/translations", "po");
    assert_eq!(catalogues.len(), LANGUAGES.len() - 1, "English is in the pages themselves");
    for path in catalogues {
        // Of a word that is counted, the first form stands for all; the others are looked at by themselves.
        let text = fs::read_to_string(&path).unwrap().replace("msgstr[0] ", "msgstr ");
        assert!((1..6).all(|form| !text.contains(&format!("msgstr[{form}] \"\""))), "{}", path.display());
        let (from, to) = (quoted(&text, "msgid \""), quoted(&text, "msgstr \""));
        let known: BTreeSet<String> =
            from.iter().filter(|word| !word.is_empty()).map(|word| (*word).to_owned()).collect();
        let missing: Vec<_> = words.difference(&known).collect();
        let left_over: Vec<_> = known.difference(&words).collect();
        let empty: Vec<_> =
            from.iter().zip(&to).filter(|(from, to)| !from.is_empty() && to.is_empty()).collect();
        assert!(
            missing.is_empty() && left_over.is_empty() && empty.is_empty() && from.len() == to.len(),
            "{}: missing {missing:?}, left over {left_over:?}, empty {empty:?}",
            path.display()
        );
    }
}
