//! What staff do on the pages behind the numbers.

use slint::ComponentHandle;

use crate::generated::{BrowseAdapter, BrowsePlace, Shell};
use crate::intent::{Browse, Intent, Place, RangeEnd, StaffIntent};
use crate::intents::Intents;
use crate::rows::place;
use crate::view::parts::PartKind;
use crate::view::words::WordsFilter;

/// Sends the pages' keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<BrowseAdapter<'_>>();
    let send = {
        let intents = intents.clone();
        move |browse: Browse| intents.send(Intent::Staff(StaffIntent::Browse(browse)))
    };
    adapter.on_open({
        let send = send.clone();
        move |page| {
            send(Browse::Open(match page {
                BrowsePlace::Numbers => Place::Numbers,
                BrowsePlace::Words => Place::Words,
                BrowsePlace::Parts => Place::Parts,
                BrowsePlace::Days => Place::Days,
                BrowsePlace::ExportAnswers => Place::Export,
            }));
        }
    });
    adapter.on_count_flagged({
        let send = send.clone();
        move |counted| send(Browse::CountFlagged(counted))
    });
    adapter.on_words({
        let send = send.clone();
        move |key| {
            if let Some(filter) = WordsFilter::ALL.get(place(key)) {
                send(Browse::Words(*filter));
            }
        }
    });
    adapter.on_hide({
        let send = send.clone();
        move |row, hidden| send(Browse::Hide { row: place(row), hidden })
    });
    adapter.on_parts({
        let send = send.clone();
        move |key| {
            if let Some(kind) = PartKind::ALL.get(place(key)) {
                send(Browse::Parts(*kind));
            }
        }
    });
    adapter.on_turn({
        let send = send.clone();
        move |forward| send(Browse::Turn { forward })
    });
    adapter.on_move({
        let send = send.clone();
        move |is_last, days| {
            let end = if is_last { RangeEnd::Last } else { RangeEnd::First };
            send(Browse::Move { end, days: i64::from(days) });
        }
    });
    adapter.on_show_range(move || send(Browse::ShowRange));
}
