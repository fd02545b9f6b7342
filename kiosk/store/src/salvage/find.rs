//! What a damaged database still has: its rows, told apart by their shape.
//!
//! Every page is looked at once, whatever the trees above say, so that one damaged page costs what is on it and nothing
//! else. Memory is some twenty bytes for each record, however long they are. Nothing found is believed here.

use std::collections::BTreeMap;

use afterword_model::carried::Origin;
use afterword_model::hex::Hex;
use afterword_model::record::{Head, Seq, StoreEpoch};
use afterword_model::response::Draft;
use afterword_protocol::queue::FormerEpoch;
use afterword_protocol::receipt::{Receipt, SignedReceipt};

use super::pages::Pages;
use super::rows::{Cell, Kind, Place, Value, cells, values_at};
use crate::former::reason_of;
use crate::whole::Found;

const EPOCH: Kind = Kind::Blob(16);
const HEAD: Kind = Kind::Blob(32);

/// The rows that were found.
#[derive(Default)]
pub(super) struct Remains {
    /// Where each row that looks like a record is, by its number; of one number there may be several.
    pub(super) records: Vec<(Seq, Place)>,
    pub(super) store: Option<StoreRow>,
    pub(super) draft: Option<Draft>,
    pub(super) receipts: Vec<Receipt>,
    /// By their order.
    pub(super) former: BTreeMap<i64, FormerEpoch>,
    /// Files whose records this database was still to be given, and what was noted beside them.
    pub(super) unsalvaged: Vec<(String, Option<String>)>,
    /// Responses whose words were hidden, and when.
    pub(super) hidden: Vec<(Origin, i64)>,
}

/// The store's own row, as far as it is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreRow {
    pub(super) epoch: StoreEpoch,
    pub(super) last_seq: Seq,
    pub(super) head: Head,
    pub(super) purged_seq: Seq,
    pub(super) purged_head: Head,
}

pub(super) fn remains(pages: &mut Pages) -> Remains {
    let mut remains = Remains::default();
    for number in 1..=pages.count {
        if pages.is_unused(number) {
            continue;
        }
        let found = pages.page(number).map(|page| cells(number, page)).unwrap_or_default();
        for cell in &found {
            remains.add(pages, cell);
        }
    }
    // In a sound table they are in order already; ties keep the order of their pages.
    remains.records.sort_by_key(|&(seq, _)| seq);
    remains
}

/// Reads a record again that was found before.
pub(super) fn record(pages: &mut Pages, (seq, place): (Seq, Place)) -> Option<Found> {
    let values: [Value; 4] = values_at(pages, place)?.try_into().ok()?;
    let [_, Value::Blob(bytes), Value::Blob(head), Value::Integer(frozen_ms)] = values else { return None };
    Some(Found { seq, bytes, head: Head::from_slice(&head).ok(), frozen_ms })
}

impl Remains {
    fn add(&mut self, pages: &mut Pages, cell: &Cell) {
        use Kind::{Blob, Null, Text};
        match cell.kinds[..] {
            [Null, Blob(_), HEAD, frozen] if frozen.is_integer() => {
                let seq = Seq::try_from(cell.rowid).ok().filter(|&seq| seq > 0);
                self.records.extend(seq.map(|seq| (seq, cell.place)));
            }
            [Null, EPOCH, last, HEAD, purged, HEAD, ref rest @ ..]
                if last.is_integer() && purged.is_integer() && matches!(rest.len(), 3 | 4) =>
            {
                let found = cell.values(pages).and_then(|values| store_row(&values));
                // One row is all there ever is; of two the one that came further is the newer.
                let newest = self.store.map_or(0, |store| store.last_seq);
                self.store = found.filter(|found| found.last_seq >= newest).or(self.store);
            }
            [Null, Text(_)] if cell.rowid == 1 => {
                if let Some([_, Value::Text(body)]) = cell.values(pages).as_deref() {
                    self.draft = serde_json::from_slice(body).ok();
                }
            }
            [Null, EPOCH, _, _, _, HEAD, Text(_)] => {
                if let Some([.., Value::Text(json)]) = cell.values(pages).as_deref() {
                    let signed = serde_json::from_slice::<SignedReceipt>(json);
                    self.receipts.extend(signed.ok().map(|signed| signed.receipt));
                }
            }
            [Null, EPOCH, last, HEAD, Text(_), Text(_), _] if last.is_integer() => {
                let found = cell.values(pages).and_then(|values| former_epoch(&values));
                self.former.extend(found.map(|former| (cell.rowid, former)));
            }
            [Null, Text(_), Null | Text(_), aside] if aside.is_integer() => {
                if let Some([_, Value::Text(name), noted, _]) = cell.values(pages).as_deref() {
                    self.unsalvaged.extend(text(name).map(|name| (name, noted.text())));
                }
            }
            [Null, EPOCH, seq, hidden] if seq.is_integer() && hidden.is_integer() => {
                if let Some([_, epoch, seq, Value::Integer(hidden_ms)]) = cell.values(pages).as_deref() {
                    let origin = epoch.hex().zip(seq.seq()).map(|(epoch, seq)| Origin { epoch, seq });
                    self.hidden.extend(origin.map(|origin| (origin, *hidden_ms)));
                }
            }
            _ => {}
        }
    }
}

fn store_row(values: &[Value]) -> Option<StoreRow> {
    let [_, epoch, last_seq, head, purged_seq, purged_head, ..] = values else { return None };
    let row = StoreRow {
        epoch: epoch.hex()?,
        last_seq: last_seq.seq()?,
        head: head.hex()?,
        purged_seq: purged_seq.seq()?,
        purged_head: purged_head.hex()?,
    };
    (row.purged_seq <= row.last_seq).then_some(row)
}

fn former_epoch(values: &[Value]) -> Option<FormerEpoch> {
    let [_, epoch, last_seq, head, reason, Value::Text(lost), _] = values else { return None };
    Some(FormerEpoch {
        epoch: epoch.hex()?,
        last_seq: last_seq.seq()?,
        head: head.hex()?,
        reason: reason_of(&reason.text()?)?,
        lost: serde_json::from_slice(lost).ok()?,
    })
}

impl Value {
    fn hex<const N: usize, K>(&self) -> Option<Hex<N, K>> {
        if let Self::Blob(bytes) = self { Hex::from_slice(bytes).ok() } else { None }
    }

    fn seq(&self) -> Option<Seq> {
        if let Self::Integer(value) = self { Seq::try_from(*value).ok() } else { None }
    }

    fn text(&self) -> Option<String> {
        if let Self::Text(bytes) = self { text(bytes) } else { None }
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}
