//! The adapter of the page with a store's numbers.

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::generated::{
    AxisItem, HourItem, NetworkKind, NumbersAdapter, ReasonBar, Shell, TileItem, TileKind as Kind, WordsItem,
};
use crate::staff_bar;
use crate::view::follow_ups::Since;
use crate::view::staff::{Hour, Network, Numbers, ReasonCount, Tile, TileKind, Words};

/// Reasons that have room, and words.
const REASONS_MAX: usize = 5;
/// Reasons that are drawn darker.
const TOP_REASONS: usize = 2;

pub(crate) fn show(shell: &Shell, page: &Numbers, words_max: usize) {
    let adapter = shell.global::<NumbersAdapter<'_>>();
    let top = page.hours_top.max(1.0);
    let most = page.reasons.iter().map(|reason| reason.count).max().unwrap_or(0).max(1);
    staff_bar::show(shell, &page.bar);
    adapter.set_is_read(page.is_read);
    adapter.set_failed(page.failed);
    adapter.set_range(i32::try_from(page.range).unwrap_or(0));
    adapter.set_days(page.days.as_str().into());
    adapter.set_days_are_figures(page.days.contains('\n'));
    adapter.set_flagged(page.flagged.to_string().into());
    adapter.set_without_flagged(page.without_flagged);
    adapter.set_can_export(page.can_export);
    adapter.set_tiles(rows(page.tiles.iter().map(tile)));
    adapter.set_hours(rows(page.hours.iter().map(|hour| self::hour(hour, top))));
    let figures = page.axis.last().map_or(0, |line| line.to_string().len());
    adapter.set_axis_figures(i32::try_from(figures).unwrap_or(0));
    adapter.set_axis(rows(
        page.axis.iter().map(|line| AxisItem { label: line.to_string().into(), share: share(*line, top) }),
    ));
    adapter.set_face_words(rows(page.face_words.iter().map(Into::into)));
    adapter.set_wrong_visits(i32::try_from(page.wrong_visits).unwrap_or(i32::MAX));
    let reasons = page.reasons.iter().take(REASONS_MAX).enumerate();
    adapter.set_reasons(rows(reasons.map(|(place, reason)| self::reason(reason, place, most))));
    adapter.set_words(rows(page.words.iter().take(words_max).map(words)));
    adapter.set_weekday(page.weekday.as_str().into());
    let (since, date) = match &page.sent {
        Some(Since::Minutes(since)) => (i32::try_from(*since).unwrap_or(i32::MAX), ""),
        Some(Since::Day(date)) => (0, date.as_str()),
        None => (0, ""),
    };
    adapter.set_has_sent(page.sent.is_some());
    adapter.set_sent_since(since);
    adapter.set_sent(date.into());
    adapter.set_waiting(i32::try_from(page.waiting).unwrap_or(i32::MAX));
    adapter.set_network(match page.network {
        Network::Unknown => NetworkKind::Unknown,
        Network::Good => NetworkKind::Good,
        Network::Look => NetworkKind::Look,
    });
    let room = page.room.clone().unwrap_or_default();
    adapter.set_room(room.free.into());
    adapter.set_room_is_low(room.is_low);
    adapter.set_clock_is_sure(page.clock_is_sure);
}

pub(crate) fn rows<T: Clone + 'static>(rows: impl Iterator<Item = T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows.collect::<Vec<T>>()))
}

pub(crate) fn tile_kind(kind: TileKind) -> Kind {
    match kind {
        TileKind::Satisfied => Kind::Satisfied,
        TileKind::Recommend => Kind::Recommend,
        TileKind::Easy => Kind::Easy,
        TileKind::Thumbs => Kind::Thumbs,
        TileKind::Responses => Kind::Responses,
        TileKind::Completed => Kind::Completed,
    }
}

fn tile(tile: &Tile) -> TileItem {
    let range = tile.range.clone().unwrap_or_default();
    let before = tile.before.clone().unwrap_or_default();
    TileItem {
        kind: tile_kind(tile.kind),
        value: tile.value.as_str().into(),
        unit: tile.unit.as_str().into(),
        has_range: tile.range.is_some(),
        at: range.at,
        low_at: range.ends.0,
        high_at: range.ends.1,
        low: range.words.0.into(),
        high: range.words.1.into(),
        has_before: tile.before.is_some(),
        before_at: before.at,
        before: before.words.into(),
        change: before.has_risen.map_or(0, |has_risen| if has_risen { 1 } else { -1 }),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart of a day")]
fn share(count: u32, top: f32) -> f32 {
    count as f32 / top
}

fn hour(hour: &Hour, top: f32) -> HourItem {
    let [worst, poor, middle, good, best] = hour.counts.map(|count| share(count, top));
    HourItem { label: hour.label.as_str().into(), is_now: hour.is_now, worst, poor, middle, good, best }
}

#[expect(clippy::cast_precision_loss, reason = "a bar's length")]
fn reason(reason: &ReasonCount, place: usize, most: u64) -> ReasonBar {
    ReasonBar {
        icon: reason.icon.as_str().into(),
        label: reason.label.as_str().into(),
        count: reason.count.to_string().into(),
        share: reason.count as f32 / most as f32,
        is_top: place < TOP_REASONS,
    }
}

pub(crate) fn words(words: &Words) -> WordsItem {
    WordsItem {
        face: words.face.map_or(0, i32::from),
        time: words.time.as_str().into(),
        text: words.text.as_str().into(),
        reasons: words.reasons.as_str().into(),
        wants_reply: words.wants_reply,
        is_hidden: words.is_hidden,
    }
}
