//! The numbers of one store.

use afterword_model::summary::{Ask, Summary, compared_with, days_like};
use afterword_model::tally::{Cell, Tally};

use super::StoreFigures;
use super::overview::{Totals, chart, headline, reasons};
use crate::storage::numbers::read;
use crate::storage::sql::{Connection, SqlResult};

/// The numbers of the store of this name, at one moment; "" is that of devices that have none.
pub(crate) fn store(connection: &Connection, name: &str, ask: Ask) -> SqlResult<StoreFigures> {
    let snapshot = connection.snapshot()?;
    let days = (ask.first_day, ask.last_day);
    let now = read::of_store(&snapshot, name, days)?;
    let before = read::of_store(&snapshot, name, compared_with(days.0, days.1))?;
    let mut alike = Vec::new();
    if days.0 == days.1 {
        for day in days_like(days.0) {
            // A day without any response is one on which the shop was closed.
            let cells = read::of_store(&snapshot, name, (day, day))?;
            let all = read::responses_of(&cells, false);
            let wanted: Vec<_> = cells.into_iter().filter(|cell| is_wanted(&ask, cell)).collect();
            alike.extend(all.map(|_| read::responses_of(&wanted, ask.without_flagged).unwrap_or(0)));
        }
    }
    drop(snapshot);
    let wanted = |cells: &[(Cell, Tally)]| -> Vec<(Cell, Tally)> {
        let cells = cells.iter().filter(|cell| is_wanted(&ask, cell));
        cells.filter(|(cell, _)| !(ask.without_flagged && cell.flagged)).cloned().collect()
    };
    let (cells, cells_before) = (wanted(&now), wanted(&before));
    let [happy, recommend, _] = headline(&Totals::of(&cells), &Totals::of(&cells_before));
    Ok(StoreFigures {
        store: name.to_owned(),
        happy,
        recommend,
        chart: chart(days, &cells),
        reasons: reasons(&cells, &cells_before),
        summary: Summary::of(ask, &now, &before, &alike),
    })
}

/// Whether the cell is of the touchpoint and the language that are asked for.
fn is_wanted(ask: &Ask, (cell, _): &(Cell, Tally)) -> bool {
    ask.wants(&cell.touchpoint, &cell.language)
}
