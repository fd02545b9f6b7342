//! What holds for any text at all, tried on texts from a small deterministic generator.

use afterword_model::mask::{MARK, Spans, mask};

/// Numerical Recipes' 64-bit generator with its high bits used: poor for cryptography, enough to make texts.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    fn character(&mut self) -> char {
        let code = match self.below(6) {
            0 => self.below(0x80),
            1 => self.below(0x700),
            2 => 0x2000 + self.below(0x100),
            3 => 0xff00 + self.below(0xf0),
            _ => self.below(0x14000),
        };
        u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
    }
}

/// Pieces that make personal data, and nearly make it; no word that says "receipt".
const PIECES: &[&str] = &[
    "0",
    "00",
    "+",
    "7",
    "44",
    "49",
    "212",
    "0770",
    "07700",
    "900123",
    "0123",
    "4111",
    "1111",
    "41111111",
    "12",
    "99",
    "٠",
    "٥٠",
    "١٢٣٤",
    "۰۹",
    "０７",
    "０",
    "1",
    "2025",
    "09:30",
    "12.99",
    "01.12.2025",
    " ",
    " ",
    " ",
    "\u{a0}",
    "\u{202f}",
    "-",
    "–",
    ".",
    "/",
    "(",
    ")",
    "(0)",
    ",",
    ", ",
    ":",
    "\u{200e}",
    "\u{2066}",
    "\u{301}",
    "\u{20e3}",
    "\n",
    "•",
    "•••",
    "@",
    "＠",
    "(at)",
    " at ",
    " dot ",
    "[dot]",
    ".com",
    "example",
    "jo",
    "example.com",
    "com",
    "DE89",
    "3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "call ",
    "my number is ",
    "رقمي ",
    "شكرا",
    "€",
    " kg",
    "x",
    "a",
    "é",
    "🙂",
    "#",
    "_",
    "%",
];

fn texts() -> Vec<String> {
    let mut dice = Dice(20_251_112);
    let mut texts = Vec::new();
    for round in 0..9_000 {
        let length = 1 + dice.below(if round % 10 == 0 { 120 } else { 14 });
        texts.push((0..length).map(|_| dice.pick(PIECES)).collect());
    }
    for _ in 0..3_000 {
        let length = dice.below(60);
        let text = (0..length).map(|_| {
            if dice.below(3) == 0 {
                dice.pick(PIECES).chars().next().unwrap_or(' ')
            } else {
                dice.character()
            }
        });
        texts.push(text.collect());
    }
    // Every text of five digits and separators is short enough to try all.
    let alphabet = ['0', '4', '+', ' ', '-', '@', '.'];
    for mut number in 0..7_usize.pow(5) {
        let mut text = String::new();
        for _ in 0..5 {
            text.extend(alphabet.get(number % 7));
            number /= 7;
        }
        if text.contains('@') || text.starts_with('+') {
            texts.push(text.replace('0', "0770").replace('4', "a.com4"));
        }
    }
    texts
}

/// Whether a digit in any of the scripts shoppers type.
fn digit(ch: char) -> bool {
    matches!(ch, '0'..='9' | '٠'..='٩' | '۰'..='۹' | '０'..='９')
}

/// Whether nothing is seen of it: digits around it read as one number.
fn hidden(ch: char) -> bool {
    matches!(ch, '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}')
}

#[test]
fn masking_twice_changes_nothing() {
    for text in texts() {
        let once = mask(&text);
        let twice = mask(&once.text);
        assert_eq!(once.text, twice.text, "{text:?}");
        assert_eq!(twice.spans, Spans::default(), "{text:?}");
    }
}

#[test]
fn no_text_grows_and_every_span_counts() {
    for text in texts() {
        let masked = mask(&text);
        let spans = masked.spans;
        let count = usize::from(spans.phones + spans.emails + spans.cards + spans.ibans);
        assert!(masked.text.chars().count() <= text.chars().count().max(3), "{text:?}");
        assert!(masked.text.matches('•').count() <= text.matches('•').count() + 3 * count, "{text:?}");
        assert_eq!(count == 0, masked.text == text, "{text:?}");
    }
}

#[test]
fn no_long_run_after_a_plus_or_a_zero_is_left() {
    for text in texts() {
        let left = mask(&text).text;
        let mut run = 0;
        let mut sure = false;
        let mut before = ' ';
        for ch in left.chars() {
            if digit(ch) {
                if run == 0 {
                    sure = before == '+' || matches!(ch, '0' | '٠' | '۰' | '０');
                }
                run += 1;
                assert!(!sure || run < 9, "{text:?} left {left:?}");
            } else if hidden(ch) {
                continue;
            } else {
                run = 0;
            }
            before = ch;
        }
    }
}

#[test]
fn marks_of_direction_do_not_hide_a_number() {
    let mut dice = Dice(7);
    for number in [
        "07700900123",
        "+447700900123",
        "٠٥٠١٢٣٤٥٦٧",
        "4111111111111111",
        "DE89370400440532013000",
        "jo@example.com",
    ] {
        for _ in 0..200 {
            let mut text = String::new();
            for (place, ch) in number.chars().enumerate() {
                if place > 0 && dice.below(2) == 0 {
                    text.push_str(dice.pick(&[
                        "\u{200e}", "\u{200f}", "\u{2066}", "\u{2069}", "\u{202a}", "\u{202c}", "\u{ad}",
                        "\u{61c}",
                    ]));
                }
                text.push(ch);
            }
            assert_eq!(mask(&text).text, MARK, "{text:?}");
        }
    }
}
