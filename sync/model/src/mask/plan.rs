//! Numbering plans: which digits, grouped how, can be a phone number. From ITU-T E.164 (at most 15 digits, country
//! code first), E.123 (how numbers are printed) and the national plans filed with the ITU.

/// A number as typed: its digits in ASCII, the lengths of its groups, and the separators between them.
#[derive(Debug, Default)]
pub(crate) struct Candidate {
    pub(crate) digits: String,
    pub(crate) sizes: Vec<usize>,
    pub(crate) marks: Vec<char>,
}

impl Candidate {
    fn len(&self) -> usize {
        self.digits.len()
    }

    /// Whether all groups are of at most `most` digits.
    pub(crate) fn chopped(&self, most: usize) -> bool {
        self.sizes.iter().all(|size| *size <= most)
    }

    /// Whether the separators are all the same; "(01) 99 00 …" is.
    fn even(&self) -> bool {
        let marks = match self.marks.as_slice() {
            [')', rest @ ..] => rest,
            all => all,
        };
        marks.windows(2).all(|pair| matches!(pair, [one, other] if one == other))
    }

    /// Whether its pairs grow by the same step, as aisles and sizes do.
    fn stepped(&self) -> bool {
        let pairs: Vec<Option<u32>> =
            self.digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).ok()?.parse().ok()).collect();
        let mut steps = pairs.windows(2).map(|pair| match pair {
            [Some(one), Some(other)] => other.checked_sub(*one),
            _ => None,
        });
        let first = steps.next().flatten();
        first.is_some() && steps.all(|step| step == first)
    }

    /// "0170,123,45,67" may be, "5,50 0170" may not.
    fn commas(&self) -> bool {
        self.marks.contains(&',') && !(self.even() && self.len() >= 10)
    }
}

/// Country code, and the fewest and most digits after it (the national significant number).
#[rustfmt::skip]
const COUNTRIES: &[(&str, usize, usize)] = &[
    ("1", 10, 10), ("7", 10, 10), ("20", 8, 10), ("27", 9, 9), ("30", 10, 10), ("31", 9, 9), ("32", 8, 9),
    ("33", 9, 9), ("34", 9, 9), ("36", 8, 9), ("39", 6, 11), ("40", 9, 9), ("41", 9, 9), ("43", 5, 13), ("44", 9, 10),
    ("45", 8, 8), ("46", 7, 10), ("47", 8, 8), ("48", 9, 9), ("49", 6, 11), ("51", 8, 9), ("52", 10, 11),
    ("53", 8, 8), ("54", 10, 11), ("55", 10, 11), ("56", 9, 9), ("57", 10, 10), ("58", 10, 10), ("60", 8, 10),
    ("61", 9, 9), ("62", 8, 12), ("63", 10, 10), ("64", 8, 10), ("65", 8, 8), ("66", 8, 9), ("81", 9, 10),
    ("82", 8, 10), ("84", 9, 10), ("86", 10, 11), ("90", 10, 10), ("91", 10, 10), ("92", 9, 10), ("93", 9, 9),
    ("94", 9, 9), ("95", 7, 10), ("98", 10, 10), ("212", 9, 9), ("213", 8, 9), ("216", 8, 8), ("218", 8, 9),
    ("249", 9, 9), ("350", 8, 8), ("351", 9, 9), ("352", 5, 11), ("353", 7, 9), ("354", 7, 9), ("356", 8, 8),
    ("357", 8, 8), ("358", 6, 11), ("359", 7, 9), ("370", 8, 8), ("371", 8, 8), ("372", 7, 8), ("375", 9, 9),
    ("380", 9, 9), ("381", 8, 9), ("385", 8, 9), ("386", 8, 8), ("420", 9, 9), ("421", 9, 9), ("423", 7, 9),
    ("961", 7, 8), ("962", 8, 9), ("963", 8, 9), ("964", 8, 10), ("965", 7, 8), ("966", 8, 10), ("967", 7, 9),
    ("968", 8, 8), ("970", 8, 9), ("971", 8, 9), ("972", 8, 9), ("973", 8, 8), ("974", 8, 8), ("998", 9, 9),
];

/// A number after `+`, `00` or `011`: a known country and as many digits as its numbers have. The trunk zero many put
/// in ("+44 (0)20") is not counted.
pub(crate) fn international(digits: &str) -> bool {
    COUNTRIES.iter().any(|(code, least, most)| {
        let Some(rest) = digits.strip_prefix(code) else { return false };
        let fits = |rest: &str| (*least..=*most).contains(&rest.len());
        // No area code in North America begins with 0 or 1.
        let area = *code != "1" || !rest.starts_with(['0', '1']);
        area && (fits(rest) || rest.strip_prefix('0').is_some_and(fits))
    })
}

/// A number dialled with a prefix from abroad.
pub(crate) fn dialled_abroad(candidate: &Candidate) -> bool {
    let rest = ["00", "011"].iter().find_map(|prefix| candidate.digits.strip_prefix(prefix));
    !candidate.commas() && rest.is_some_and(|rest| !rest.starts_with('0') && international(rest))
}

/// A national number with its trunk zero: all shipped countries but Spain, Mexico, Poland and the United States.
pub(crate) fn trunk(candidate: &Candidate) -> bool {
    let n = candidate.len();
    if !candidate.digits.starts_with('0') || candidate.digits.starts_with("00") || candidate.commas() {
        return false;
    }
    let last = candidate.sizes.last().copied().unwrap_or_default();
    let extension = candidate.marks.last() == Some(&'-') && last <= 4;
    let dashed = candidate.marks.first().is_some_and(|mark| matches!(mark, '-' | '.' | ','));
    match candidate.sizes.as_slice() {
        // Long enough, nothing else is written so; shorter, it is a date or a till's code.
        [n] => *n >= 9,
        // "0170/12345" is how small German towns write.
        [3..=5, rest] if *rest >= 4 && n <= 8 => candidate.marks.first() == Some(&'/'),
        // "0 30 / 23 12 53 21", as Germany printed them once.
        [1, 2, 2, ..] if candidate.marks.contains(&'/') => (9..=12).contains(&n),
        // "(0-22) 123 45 67", as Poland did, and every pair of digits apart.
        [1, 2, 3, 2, 2] => true,
        [1, pairs @ ..] if n == 11 && pairs == [2; 5] => candidate.even(),
        // French pairs. Other pairs are dates and hours.
        sizes if candidate.chopped(2) && !candidate.chopped(1) => {
            sizes == [2; 5] && candidate.even() && !candidate.stepped()
        }
        sizes if candidate.chopped(1) => (9..=13).contains(&sizes.len()) && candidate.even(),
        // "0 800 123 456", "(0) 30 …"; with a dash it is an ISBN.
        [1, ..] => (9..=12).contains(&n) && !dashed,
        // 044 and 045 went before ten digits to call a mobile in Mexico.
        _ if n == 13 && candidate.digits.starts_with("04") => {
            matches!(candidate.digits.as_bytes(), [_, _, b'4' | b'5', ..])
        }
        _ => (9..=12).contains(&n) || extension && n <= 14,
    }
}

/// A number with no prefix at all, told by its grouping: Spain, Mexico, Poland, North America, and others without
/// their zero or their plus.
pub(crate) fn bare(candidate: &Candidate) -> bool {
    let digits = candidate.digits.as_str();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| digits.starts_with(prefix));
    if begins(&["0"]) || candidate.commas() {
        return false;
    }
    // Poland has area codes from 12 to 18 (Kraków to Tarnów); nobody's begin with 10, 11 or 19.
    let polish = begins(&["2", "3", "4", "5", "6", "7", "8", "9", "12", "13", "14", "15", "16", "17", "18"]);
    match candidate.sizes.as_slice() {
        [9] | [2, 7] => polish,
        // Millions end in zeros.
        [3, 3, 3] => polish && candidate.even() && !digits.ends_with("000000"),
        [2, 3, 2, 2] => polish && candidate.even(),
        [3, 2, 2, 2] => begins(&["4", "5", "6", "7", "8", "9"]) && candidate.even(),
        [3, 2, 4] => begins(&["6", "7", "8", "9"]),
        [3, 6] => begins(&["4", "5", "6", "7", "8", "9"]),
        // France without the zero.
        [1, 2, 2, 2, 2] => begins(&["6", "7"]) && candidate.even(),
        // Arabia without the zero.
        [2, 3, 4] => begins(&["5"]),
        // 15 to 17 are German mobiles without their zero; ten digits that begin otherwise are a till's.
        [10] | [3, 7] => !begins(&["1"]) || begins(&["15", "16", "17"]),
        [3, 3, 4] => !begins(&["1"]),
        [2, 4, 4] => !begins(&["1"]) || begins(&["10", "11", "12", "15"]),
        // Britain without the zero.
        [4, 6] | [4, 3, 3] => begins(&["7"]),
        // Mexico City; other pairs are sizes.
        [2, 2, 2, 2, 2] => begins(&["55"]) && candidate.even(),
        sizes => without_plus(digits, sizes),
    }
}

/// Mobile numbers with their country code, as messengers show them.
#[rustfmt::skip]
const WITHOUT_PLUS: &[(&str, usize)] = &[
    ("447", 12), ("4915", 12), ("4915", 13), ("4916", 12), ("4916", 13), ("4917", 12), ("4917", 13), ("336", 11),
    ("337", 11), ("346", 11), ("347", 11), ("3538", 12), ("9665", 12), ("9715", 12), ("201", 12), ("2126", 12),
    ("2127", 12), ("417", 11), ("436", 11), ("436", 12), ("436", 13), ("324", 11), ("485", 11), ("486", 11),
    ("487", 11), ("488", 11), ("521", 13),
];

fn without_plus(digits: &str, sizes: &[usize]) -> bool {
    let n = digits.len();
    if let [11] | [1, 10] | [1, 3, 3, 4] | [1, 3, 7] = sizes
        && digits.strip_prefix('1').is_some_and(|rest| !rest.starts_with(['0', '1']))
    {
        return true;
    }
    let single = sizes.iter().filter(|size| **size == 1).count();
    // Thirteen digits in one piece are an EAN more often than not if their check digit fits.
    let barcode = sizes == [13] && gtin(digits);
    let mobile = WITHOUT_PLUS.iter().any(|(prefix, length)| n == *length && digits.starts_with(prefix));
    // Mexico: 52 and ten digits are too common to be taken in one piece.
    let mexico = n == 12 && sizes.first() == Some(&2) && digits.starts_with("52");
    single <= 1 && !barcode && sizes.first() != Some(&1) && (mobile || mexico)
}

/// GS1 General Specifications, 7.9: from the right, weights 3 and 1 in turn; the sum is a multiple of ten.
pub(crate) fn gtin(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte.saturating_sub(b'0')));
    let sum: u32 =
        values.enumerate().map(|(place, value)| if place % 2 == 0 { value } else { value * 3 }).sum();
    sum.is_multiple_of(10)
}

/// A number after a word like "call": six digits or more, however grouped.
pub(crate) fn announced(candidate: &Candidate) -> bool {
    let n = candidate.len();
    let short = candidate.sizes.contains(&1);
    match candidate.sizes.as_slice() {
        [n] => (6..=15).contains(n),
        _ if candidate.chopped(1) => (9..=12).contains(&n) && candidate.even(),
        _ => (6..=10).contains(&n) && candidate.sizes.len() <= 5 && !short && !candidate.commas(),
    }
}
