//! The adapter of the page on which the range of days is set.

use slint::ComponentHandle;

use crate::generated::{DayEndItem, DaysAdapter, Shell};
use crate::view::days::{DayEnd, DaysPage};

pub(crate) fn show(shell: &Shell, page: &DaysPage) {
    let adapter = shell.global::<DaysAdapter<'_>>();
    adapter.set_first(end(&page.first));
    adapter.set_last(end(&page.last));
    adapter.set_days(page.days.to_string().into());
}

fn end(end: &DayEnd) -> DayEndItem {
    DayEndItem { date: end.date.as_str().into(), can_go_back: end.can_go_back, can_go_on: end.can_go_on }
}
