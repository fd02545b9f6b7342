//! Numbers that are dates, times, opening hours, years or prices, and so no part of a phone number.

use super::digits::{Gap, Group};
use super::fold::Cells;

/// For each group, whether it belongs to something to be kept.
pub(crate) fn kept(cells: &Cells, groups: &[Group]) -> Vec<bool> {
    let mut kept = vec![false; groups.len()];
    let mut previous: Option<Gap> = None;
    for (i, group) in groups.iter().enumerate() {
        let here = groups.get(i..).unwrap_or_default();
        let count = length(cells, here, previous);
        for flag in kept.iter_mut().skip(i).take(count) {
            *flag = true;
        }
        previous = group.gap;
    }
    kept
}

/// How many of the groups in front are one date, time or price. `previous` is the gap before them.
fn length(cells: &Cells, groups: &[Group], previous: Option<Gap>) -> usize {
    let [first, second, rest @ ..] = groups else { return 0 };
    if clock(cells, first, second) {
        return 2;
    }
    let Some(gap) = first.gap else { return 0 };
    // Cut out of a longer chain ("01.12.20.25.30"), it is none.
    let fresh = previous.is_none_or(|before| before.mark != gap.mark);
    let ends = |last: &Group| last.gap.is_none_or(|after| after.mark != gap.mark);
    if let Some(third) = rest.first()
        && second.gap.is_some_and(|other| other.mark == gap.mark)
        && date(cells, [first, second, third], gap.mark)
        && (gap.mark == ' ' || fresh && ends(third))
    {
        return 3;
    }
    let pair = span(cells, first, second, gap) || decimal(cells, first, second, gap);
    if pair && (fresh || previous.is_some_and(|before| before.spaced && gap.mark != ' ')) && ends(second) {
        return 2;
    }
    0
}

/// "9:30", also as part of "9:30:00".
fn clock(cells: &Cells, first: &Group, second: &Group) -> bool {
    let colon = second.from == first.to + 1 && cells.at(first.to) == ':';
    colon
        && first.len() <= 2
        && second.len() == 2
        && hour(first.value(cells)) | minute(first.value(cells))
        && minute(second.value(cells))
}

/// "1.12.25", "01/12/2025", "2025-12-01"; with spaces between only if the year has four digits.
fn date(cells: &Cells, [first, second, third]: [&Group; 3], mark: char) -> bool {
    if !matches!(mark, '.' | '/' | '-' | ' ') {
        return false;
    }
    let small = |group: &Group, most| group.len() <= 2 && in_range(group.value(cells), 1, most);
    let days = |one, other| small(one, 31) && small(other, 12) || small(one, 12) && small(other, 31);
    let ends_in_year = year(cells, third) || mark != ' ' && third.len() == 2;
    days(first, second) && ends_in_year || year(cells, first) && days(second, third)
}

/// "2019-2024" and "0900-1730". Phone numbers of this shape end in other minutes than full five.
fn span(cells: &Cells, first: &Group, second: &Group, gap: Gap) -> bool {
    let step = match gap.mark {
        '-' | '/' => 5,
        ' ' => 15,
        _ => return false,
    };
    let time = |group: &Group| {
        let value = group.value(cells);
        let on_step = value.is_some_and(|value| (value % 100).is_multiple_of(step));
        group.len() == 4
            && hour(value.map(|value| value / 100))
            && minute(value.map(|value| value % 100))
            && on_step
    };
    year(cells, first) && year(cells, second) && gap.mark != ' ' || time(first) && time(second)
}

/// "12.99", "9,5", "18.00": up to four digits, then one or two.
fn decimal(cells: &Cells, first: &Group, second: &Group, gap: Gap) -> bool {
    let pointed = matches!(gap.mark, '.' | ',') && second.from == first.to + 1;
    let whole = first.len() <= 4 && (cells.at(first.from) != '0' || first.len() <= 2);
    pointed && whole && second.len() <= 2
}

fn year(cells: &Cells, group: &Group) -> bool {
    group.len() == 4 && in_range(group.value(cells), 1900, 2099)
}

fn hour(value: Option<u32>) -> bool {
    in_range(value, 0, 24)
}

fn minute(value: Option<u32>) -> bool {
    in_range(value, 0, 59)
}

fn in_range(value: Option<u32>, low: u32, high: u32) -> bool {
    value.is_some_and(|value| (low..=high).contains(&value))
}
