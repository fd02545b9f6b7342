//! What follows or precedes a number that counts or costs something.

use super::fold::Cells;

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "eur", "euro", "euros", "usd", "gbp", "chf", "pln", "zl", "zloty", "zlotych", "gr", "groszy", "dollars", "dollar",
    "pounds", "pesos", "mxn", "cent", "cents", "centimes", "dh", "dhs", "aed", "sar", "egp", "mad", "درهم", "ريال",
    "جنيه", "دينار", "kg", "mg", "ml", "cl", "cm", "mm", "km", "kb", "gb", "mb", "tb", "mah", "kw", "kcal", "m", "l", "x",
    "pcs", "stk", "stuck", "szt", "sztuk", "uds", "min", "mins", "minutes", "minute", "minuten", "minut", "minuty",
    "minutos", "دقيقه", "دقائق", "h", "hrs", "hours", "stunden", "std", "heures", "horas", "godzin", "godziny", "ساعه",
    "ساعات", "uhr", "pm", "days", "tage", "jours", "dias", "dni", "يوم", "ايام", "times", "fois", "veces", "razy", "مرات",
    "years", "jahre", "anos", "lat", "سنه", "people", "customers", "points", "punkte", "puntos", "punktow", "نقاط",
];
const SIGNS: [char; 9] = ['€', '$', '£', '¥', '%', '°', '٪', '﷼', '½'];
#[rustfmt::skip]
const CURRENCIES: &[&str] = &["eur", "usd", "gbp", "chf", "pln", "zl", "mxn", "aed", "sar", "egp", "mad"];

const LONGEST: usize = 10;

/// Whether the number that ends before cell `at` is of something.
pub(crate) fn follow(cells: &Cells, at: usize) -> bool {
    let from = if cells.at(at) == ' ' { at + 1 } else { at };
    let word: String =
        cells.chars(from..(from + LONGEST).min(cells.len())).take_while(|ch| ch.is_alphabetic()).collect();
    // "x3" is an extension.
    let counted = !cells.at(from + word.chars().count()).is_ascii_digit();
    SIGNS.contains(&cells.at(from)) || counted && UNITS.contains(&word.as_str())
}

/// Whether the number that begins at cell `at` is an amount of money.
pub(crate) fn precede(cells: &Cells, at: usize) -> bool {
    let to = if cells.before(at) == ' ' { at.saturating_sub(1) } else { at };
    let first = to.saturating_sub(LONGEST);
    let mut word: Vec<char> = cells.chars(first..to).rev().take_while(|ch| ch.is_alphabetic()).collect();
    word.reverse();
    SIGNS.contains(&cells.before(to)) || CURRENCIES.contains(&word.into_iter().collect::<String>().as_str())
}
