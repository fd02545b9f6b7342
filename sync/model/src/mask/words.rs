//! The words right before a number that say what it is.

use super::fold::Cells;

/// What the words before a number make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Nothing,
    /// A receipt, an order, a barcode, a coupon: to be kept.
    Label,
    /// A phone: to be masked even where its shape is no phone number's.
    Phone,
}

#[rustfmt::skip]
const LABELS: &[&str] = &[
    "receipt", "receipts", "order", "orders", "invoice", "transaction", "ticket", "tickets", "barcode", "ean", "upc",
    "gtin", "isbn", "sku", "item", "article", "product", "ref", "reference", "code", "coupon", "voucher", "customer",
    "loyalty", "member", "membership", "booking", "tracking", "parcel", "serial", "model", "batch", "lot", "case", "id",
    "bon", "bons", "kassenbon", "kassenzettel", "beleg", "belegnummer", "bonnummer", "bestellung", "bestellnummer",
    "bestell", "rechnung", "rechnungsnummer", "quittung", "auftrag", "auftragsnummer", "artikel", "artikelnummer",
    "gutschein", "gutscheincode", "kundennummer", "kunden", "kundenkarte", "sendung", "sendungsnummer", "vorgang",
    "vorgangsnummer", "strichcode", "charge", "seriennummer", "lieferung", "lieferschein", "reklamation",
    "recu", "facture", "commande", "caisse", "reference", "produit", "colis", "avoir", "bordereau", "dossier",
    "recibo", "tique", "factura", "pedido", "compra", "cupon", "vale", "codigo", "referencia", "articulo", "barras",
    "producto", "lote", "reserva", "folio", "boleta", "albaran", "lotto", "loto", "vat", "tva", "siret", "siren", "nif", "cif", "nip", "regon", "krs", "ust", "steuernummer", "الضريبي", "السجل", "loteria", "tirage",
    "paragon", "paragonu", "paragonie", "rachunek", "rachunku", "faktura", "faktury", "zamowienie", "zamowienia",
    "zamowieniu", "kod", "kodu", "kreskowy", "bon", "bonu", "kupon", "kuponu", "karty", "klienta", "artykul",
    "artykulu", "produkt", "produktu", "partia", "reklamacja", "reklamacji", "paczka", "paczki", "przesylki", "bilet",
    "فاتوره", "طلب", "طلبي", "طلبيه", "ايصال", "وصل", "تذكره", "كود", "كوبون", "قسيمه", "باركود", "منتج", "صنف", "شحنه",
    "بون", "مرجع", "عضويه", "معامله", "عمليه", "مشتريات", "تيكت",
];

#[rustfmt::skip]
const PHONES: &[&str] = &[
    "call", "phone", "phones", "telephone", "tel", "mobile", "mob", "cell", "ring", "text", "whatsapp", "sms", "landline",
    "dial", "fax", "telefon", "telefonnummer", "handy", "handynummer", "ruf", "rufen", "rufe", "ruft", "rufnummer", "anrufen", "festnetz", "mobil",
    "mobilnummer", "durchwahl", "tele", "telephone", "portable", "appelez", "appeler", "rappelez", "rappeler", "fixe",
    "joindre", "telefono", "movil", "celular", "llama", "llamadla", "llamen", "llamar", "llamad", "llamame", "llamenme", "llamadme",
    "whatsap", "wasap", "fijo", "telefonu", "komorka", "komorki", "komorkowy", "dzwonic", "zadzwon", "zadzwoncie",
    "dzwoncie", "kom", "هاتف", "هاتفي", "تلفون", "تليفون", "تلفوني", "جوال", "جوالي", "موبايل", "موبايلي", "محمول",
    "اتصل", "اتصلوا", "الاتصال", "اتصال", "واتساب", "واتس", "رقمي", "نقال", "كلموني",
];

/// Words for "number": they say nothing themselves, but "my number" does.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "no", "nr", "n", "num", "number", "nummer", "numero", "numer", "رقم", "رقمه", "رقمها",
];
const MINE: &[&str] = &["my", "meine", "mein", "meiner", "mon", "mi", "moj", "mojego"];
/// What may stand between either word and the number.
const LINKS: &[&str] =
    &["is", "was", "ist", "lautet", "war", "est", "es", "to", "jest", "era", "o", "هو", "هي", "de", "the"];
/// What may stand between a word for a phone and the number only.
#[rustfmt::skip]
const TOWARDS: &[&str] = &[
    "me", "us", "mich", "uns", "an", "unter", "auf", "moi", "nous", "au", "sur", "al", "en", "pod", "na", "do", "on",
    "at", "under", "her", "him", "please", "home", "work", "privat", "maison", "casa", "domowy", "البيت", "المنزل", "bitte", "علي", "عند", "ب", "معي", "بي",
];

/// "rufen Sie mich unter der Nummer" would be too far: five words are looked at.
const WORDS_BACK: usize = 5;
const LONGEST_WORD: usize = 24;

/// What the words before cell `at` say about the number that begins there.
pub(crate) fn before(cells: &Cells, at: usize) -> Says {
    let mut end = at;
    let mut numbered = false;
    let mut towards = false;
    for step in 0..WORDS_BACK {
        let Some(to) = skip_back(cells, end) else { return Says::Nothing };
        let word = word_before(cells, to);
        // A full stop ends a sentence, unless it shortens a word.
        if to < end && cells.at(to) == '.' && word.chars().count() > 5 {
            return Says::Nothing;
        }
        let bare = without_article(&word);
        if is(PHONES, &word) || is(PHONES, bare) {
            return Says::Phone;
        }
        // "Just in case" names nothing.
        let is_adverb =
            || word == "case" && skip_back(cells, to - 4).is_some_and(|to| word_before(cells, to) == "in");
        if (is(LABELS, &word) || is(LABELS, bare)) && !is_adverb() {
            return if towards { Says::Nothing } else { Says::Label };
        }
        if is(MINE, &word) {
            return if numbered { Says::Phone } else { Says::Nothing };
        }
        numbered |= is(NUMBERS, &word);
        towards |= is(TOWARDS, &word);
        // The letters a code begins with ("coupon AB0123…").
        let code = step == 0 && to == at && !word.is_empty() && word.chars().count() <= 4;
        if !code && !is(NUMBERS, &word) && !is(TOWARDS, &word) && !is(LINKS, &word) {
            return Says::Nothing;
        }
        end = to.saturating_sub(word.chars().count());
        // "6A01234567890" is one code.
        let digits = if code {
            cells.chars(end.saturating_sub(4)..end).rev().take_while(char::is_ascii_digit).count()
        } else {
            0
        };
        end -= digits;
    }
    Says::Nothing
}

fn is(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// One past the letter before cell `end`, if only a few spaces and signs are between.
fn skip_back(cells: &Cells, end: usize) -> Option<usize> {
    let mut to = end;
    while end - to < 5 {
        let ch = cells.before(to);
        if ch.is_alphabetic() {
            return Some(to);
        }
        if !matches!(
            ch,
            ' ' | ':' | '#' | '.' | '-' | '(' | '[' | '"' | '\'' | '=' | '*' | '°' | '/' | '№' | '«' | '„'
        ) {
            return None;
        }
        to = to.saturating_sub(1);
    }
    None
}

fn word_before(cells: &Cells, end: usize) -> String {
    let first = end.saturating_sub(LONGEST_WORD);
    let mut letters: Vec<char> = cells.chars(first..end).rev().take_while(|ch| ch.is_alphabetic()).collect();
    letters.reverse();
    letters.into_iter().collect()
}

/// An Arabic word without "the", "and", "for", "with" written onto it.
fn without_article(word: &str) -> &str {
    ["وال", "بال", "لل", "ال", "و", "ب"].iter().find_map(|prefix| word.strip_prefix(prefix)).unwrap_or(word)
}
