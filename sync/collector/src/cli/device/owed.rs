//! What a device has that was not received, in words.

use afterword_collector::Owed;
use afterword_model::record::StoreEpoch;
use afterword_protocol::queue::SeqRange;

use crate::cli::moment;

/// "22 records that were not received: 4,791–4,812". All numbers are named, however many: a box may be thrown away on
/// this word.
pub(super) fn not_received(owed: &Owed) -> String {
    let of_store = |missing: &[SeqRange]| missing.iter().map(numbers).collect::<Vec<_>>().join(", ");
    let named = match owed.stores.as_slice() {
        [only] => of_store(&only.missing),
        several => several
            .iter()
            .map(|store| format!("{} of store {}", of_store(&store.missing), short(&store.epoch)))
            .collect::<Vec<_>>()
            .join("; "),
    };
    let records = if owed.records == 1 { "record that was" } else { "records that were" };
    format!("{} {records} not received: {named}", grouped(owed.records))
}

/// What becomes of them.
pub(super) fn stay(owed: &Owed) -> &'static str {
    if owed.records == 1 { "it stays there" } else { "they stay on it" }
}

/// How sure it is that everything `whose` collected has been received, when nothing is known to be missing.
pub(super) fn all_received(whose: &str, owed: &Owed) -> String {
    match owed.last_heard_ms {
        Some(heard_ms) => format!(
            "Everything {whose} collected has been received, as of its last heartbeat at {}.",
            moment(heard_ms)
        ),
        None => format!("How much {whose} collected is not known: no heartbeat of it ever came."),
    }
}

/// "4,791–4,812".
pub(super) fn numbers(range: &SeqRange) -> String {
    if range.first == range.last {
        grouped(range.first)
    } else {
        format!("{}–{}", grouped(range.first), grouped(range.last))
    }
}

/// Enough of a store's name to tell it from the device's others.
pub(super) fn short(epoch: &StoreEpoch) -> String {
    format!("{}…", &epoch.to_string()[..8])
}

/// A number with a comma after each three digits, as people read it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
