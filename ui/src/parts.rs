//! The adapter of the page with the numbers by weekday, touchpoint, language and step.

use slint::ComponentHandle;

use crate::generated::{PartItem, PartsAdapter, Shell, StepItem};
use crate::numbers::{rows, tile_kind};
use crate::rows::int;
use crate::view::parts::{PARTS_ROWS, Part, PartKind, PartsPage, STEPS_ROWS, Step};

pub(crate) fn show(shell: &Shell, page: &PartsPage) {
    let adapter = shell.global::<PartsAdapter<'_>>();
    adapter.set_is_read(page.is_read);
    adapter.set_failed(page.failed);
    adapter.set_days(page.days.as_str().into());
    let chosen = PartKind::ALL.iter().position(|kind| *kind == page.kind);
    adapter.set_kind(int(chosen.unwrap_or_default()));
    adapter.set_of_steps(page.kind == PartKind::Step);
    adapter.set_measure(tile_kind(page.measure));
    adapter.set_parts(rows(page.parts.iter().take(PARTS_ROWS).map(part)));
    adapter.set_steps(rows(page.steps.iter().take(STEPS_ROWS).map(step)));
    adapter.set_began(page.visits.began.as_str().into());
    adapter.set_completed(page.visits.completed.as_str().into());
    adapter.set_finished(page.visits.finished.as_str().into());
    adapter.set_page(int(page.page));
    adapter.set_pages(int(page.pages));
}

fn part(part: &Part) -> PartItem {
    let range = part.range.clone().unwrap_or_default();
    PartItem {
        name: part.name.as_str().into(),
        responses: part.responses.as_str().into(),
        value: part.value.as_str().into(),
        has_range: part.range.is_some(),
        at: range.at,
        low_at: range.ends.0,
        high_at: range.ends.1,
        low: range.words.0.into(),
        high: range.words.1.into(),
    }
}

fn step(step: &Step) -> StepItem {
    StepItem {
        name: step.name.as_str().into(),
        shown: step.shown.as_str().into(),
        answered: step.answered.as_str().into(),
        left: step.left.as_str().into(),
        seconds: step.seconds.as_str().into(),
    }
}
