//! Phone numbers: finds where one begins and ends among the groups of digits; [`plan`] says what can be one.

use super::digits::{Gap, Group, groups};
use super::fold::Cells;
use super::plan::{self, Candidate};
use super::words::{self, Says};
use super::{calendar, units};
use std::ops::Range;

/// E.164 has 15 digits at most; `00` or `011` and a needless trunk zero come on top.
const MOST_DIGITS: usize = 19;
/// So many digits in one piece after a zero are taken for a phone number whatever any plan says.
const SURE: usize = 9;

/// The cells of every phone number.
pub(crate) fn find(cells: &Cells) -> Vec<Range<usize>> {
    let groups = groups(cells);
    let mut search =
        Search { cells, taken: vec![false; groups.len()], kept: vec![false; groups.len()], groups };
    // A plus is so strong a sign that it goes before dates and prices.
    let mut spans = search.run(Search::with_plus);
    search.kept = calendar::kept(cells, &search.groups);
    spans.extend(search.run(Search::without_plus));
    spans
}

struct Search<'a> {
    cells: &'a Cells,
    groups: Vec<Group>,
    /// Groups already masked.
    taken: Vec<bool>,
    /// Groups that are something else.
    kept: Vec<bool>,
}

/// What a number's first group leads to: so many groups, masked or kept, from a cell before the first group on.
enum Found {
    Mask { start: usize, groups: usize },
    Keep { groups: usize },
}

impl Search<'_> {
    fn run(&mut self, look: fn(&Self, usize, Group) -> Option<Found>) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut i = 0;
        while let Some(group) = self.groups.get(i).copied() {
            let found = if self.barred(i) { None } else { look(self, i, group) };
            match found {
                Some(Found::Mask { start, groups }) => {
                    self.taken.iter_mut().skip(i).take(groups).for_each(|taken| *taken = true);
                    let end = self.groups.get(i + groups - 1).map_or(group.to, |last| last.to);
                    spans.push(self.bracketed(start, end));
                    i += groups;
                }
                Some(Found::Keep { groups }) => i += groups.max(1),
                None => i += 1,
            }
        }
        spans
    }

    fn barred(&self, i: usize) -> bool {
        let flag = |flags: &[bool]| flags.get(i).copied().unwrap_or(true);
        flag(&self.taken) || flag(&self.kept)
    }

    /// The gap before group `i`, unless what is before it is masked and so cut off.
    fn gap_before(&self, i: usize) -> Option<Gap> {
        let before = i.checked_sub(1)?;
        self.groups.get(before).filter(|_| !self.taken.get(before).copied().unwrap_or(true))?.gap
    }

    /// "+44 …", "+ 44", "(+49)", "+(49)".
    fn with_plus(&self, i: usize, group: Group) -> Option<Found> {
        let plus = (0..3)
            .map(|back| group.from.saturating_sub(back))
            .take_while(|at| *at == group.from || matches!(self.cells.at(*at), ' ' | '('));
        let mut start = plus.last().filter(|at| self.cells.before(*at) == '+')?;
        while self.cells.before(start) == '+' {
            start -= 1;
        }
        let sum = self.cells.before(start).is_ascii_digit();
        let planned = self.longest(i, |candidate| plan::international(&candidate.digits));
        let likely = || {
            let shaped = |one: &Candidate| (8..=15).contains(&one.digits.len()) && !one.chopped(2);
            self.longest(i, shaped).filter(|_| !sum)
        };
        let sure = || (group.len() >= SURE).then_some(1);
        planned.or_else(likely).or_else(sure).map(|groups| Found::Mask { start, groups })
    }

    fn without_plus(&self, i: usize, group: Group) -> Option<Found> {
        let says = words::before(self.cells, group.from);
        let zero = self.cells.at(group.from) == '0';
        let abroad = self.longest(i, plan::dialled_abroad);
        if says == Says::Label {
            // What is on a packet begins with 00 if it comes from America.
            let barcode =
                |one: &Candidate| matches!(one.sizes.as_slice(), [12..=14]) && plan::gtin(&one.digits);
            let abroad = abroad.filter(|_| self.longest(i, barcode).is_none());
            return Some(abroad.map_or_else(
                || Found::Keep { groups: self.labelled(i) },
                |groups| Found::Mask { start: group.from, groups },
            ));
        }
        let sure = zero && group.len() >= SURE;
        // The rest of a longer number ("AB-4471-0098-22") is none.
        let gap = self.gap_before(i);
        if !sure && gap.is_some_and(|gap| !gap.spaced) {
            return None;
        }
        if gap.is_none() && says == Says::Nothing {
            let quads = self.quads(i);
            if quads >= 4 {
                return Some(Found::Keep { groups: quads });
            }
        }
        let groups = abroad
            .or_else(|| self.longest(i, plan::trunk))
            .or_else(|| self.counted(i, group, says))
            .or_else(|| sure.then_some(1))?;
        Some(Found::Mask { start: group.from, groups })
    }

    /// Numbers whose digits alone do not tell: what is around them must not speak against.
    fn counted(&self, i: usize, group: Group, says: Says) -> Option<usize> {
        let announced = says == Says::Phone;
        let groups =
            self.longest(i, plan::bare).or_else(|| announced.then(|| self.longest(i, plan::announced))?)?;
        let last = self.groups.get(i + groups - 1)?;
        let money = units::precede(self.cells, group.from) || units::follow(self.cells, last.to);
        // Latin letters close by make a code of it; Arabic ones are a word written onto it.
        let before = self.cells.before(group.from);
        let code =
            before.is_ascii_alphabetic() || before == '#' || self.cells.at(last.to).is_ascii_alphabetic();
        let goes_on = last.gap.is_some_and(|gap| !gap.spaced && matches!(gap.mark, '.' | '-' | ','));
        (!money && !goes_on && (announced || !code)).then_some(groups)
    }

    /// How many groups from `i` on make the longest candidate that is `valid`.
    fn longest(&self, i: usize, valid: impl Fn(&Candidate) -> bool) -> Option<usize> {
        let mut candidate = Candidate::default();
        let mut best = None;
        for (j, group) in self.groups.iter().enumerate().skip(i) {
            if self.barred(j) || candidate.digits.len() + group.len() > MOST_DIGITS {
                break;
            }
            if let Some(gap) = self.gap_before(j).filter(|_| j > i) {
                if best.is_some()
                    && !candidate.chopped(1)
                    && self.begins_anew(j, group, gap, candidate.sizes.last() == Some(&1))
                {
                    break;
                }
                candidate.marks.push(gap.mark);
            }
            candidate.digits.extend(self.cells.chars(group.from..group.to));
            candidate.sizes.push(group.len());
            if valid(&candidate) {
                best = Some(j + 1 - i);
            }
            if group.gap.is_none() {
                break;
            }
        }
        best
    }

    /// Whether group `j` is more likely the next thing than the rest of a number that could end before it: "2 times",
    /// "20 minutes", another number. After a `single` digit, one more is nothing new.
    fn begins_anew(&self, j: usize, group: &Group, gap: Gap, single: bool) -> bool {
        let last = group.gap.is_none_or(|after| after.mark == ' ');
        let counts =
            group.len() == 1 && last && !single || group.len() == 2 && units::follow(self.cells, group.to);
        let another = || self.cells.at(group.from) == '0' && group.len() > 1 && self.ahead(j) >= SURE;
        gap.mark == ' ' && (counts || another())
    }

    /// Digits from group `j` on, as far as they can be one number of up to five groups.
    fn ahead(&self, j: usize) -> usize {
        let mut sum = 0;
        for (k, group) in self.groups.iter().enumerate().skip(j).take(5) {
            if self.barred(k) {
                break;
            }
            sum += group.len();
            if group.gap.is_none() {
                break;
            }
        }
        sum
    }

    /// How many groups a label before group `i` speaks for: what could be a phone number, what is joined without a
    /// space, and groups of equal length.
    fn labelled(&self, i: usize) -> usize {
        let shaped =
            self.longest(i, |candidate| plan::trunk(candidate) || plan::bare(candidate)).unwrap_or(1);
        let here = self.groups.get(i..).unwrap_or_default();
        let joined = 1 + here.iter().take_while(|group| group.gap.is_some_and(|gap| !gap.spaced)).count();
        shaped.max(joined.min(here.len())).max(self.quads(i))
    }

    /// How many groups of four digits (the last may have fewer) follow each other from group `i` on.
    fn quads(&self, i: usize) -> usize {
        let mut count = 0;
        for group in self.groups.iter().skip(i) {
            if group.len() == 4 || count > 0 && group.len() < 4 {
                count += 1;
            }
            if group.len() != 4 || group.gap.is_none() {
                break;
            }
        }
        count
    }

    /// Takes along a bracket the number opens or closes itself, as in "(030) 23125 000"; leaves brackets around it.
    fn bracketed(&self, start: usize, end: usize) -> Range<usize> {
        let count = |bracket| self.cells.chars(start..end).filter(|ch| *ch == bracket).count();
        let (open, close) = (count('('), count(')'));
        let start = if close > open && self.cells.before(start) == '(' { start - 1 } else { start };
        let end = if open > close && self.cells.at(end) == ')' { end + 1 } else { end };
        // Typed right to left, the plus may come last.
        let plus = self.cells.at(end) == '+' && !self.cells.at(end + 1).is_alphanumeric();
        start..if plus && self.cells.at(start) != '+' { end + 1 } else { end }
    }
}
