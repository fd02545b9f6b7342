//! Follow-ups in three columns of haste: to acknowledge, to act on, to verify.
//!
//! Where a case stands is reckoned from its steps, and a list reads all that were ever sent; so the counts are kept for a moment, and are of
//! at most so long ago.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use afterword_model::case::{Slas, Stage, due};
use afterword_model::record::DeviceId;
use afterword_model::response::{ClockQuality, Stamp};
use maud::{Markup, html};

use super::figures::range::Choice;
use crate::people::Stores;
use crate::routes::App;
use crate::storage::cases;
use crate::storage::fleet;
use crate::storage::sql::{Connection, SqlResult};
use crate::web::icon::Icon;
use crate::web::kept::Kept;
use crate::web::mishap::Mishap;
use crate::web::visitor::Visitor;

/// Counts are reckoned anew after so long.
const KEPT_MS: u64 = 30_000;
/// Pixels of the longest bar.
const BAR: f64 = 345.0;

/// How many of one stage there are.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    open: u64,
    /// Of these, with less than a quarter of their time left.
    soon: u64,
    /// Of these, late.
    late: u64,
}

type Counts = BTreeMap<Option<String>, [Count; 3]>;

/// The counts as they were reckoned last.
pub(crate) struct Board(Kept<Counts>);

impl Default for Board {
    fn default() -> Self {
        Self(Kept::for_ms(KEPT_MS))
    }
}

/// The section of the overview.
pub(super) async fn part(app: &Arc<App>, visitor: &Visitor, choice: &Choice) -> Result<Markup, Mishap> {
    let wall_ms = app.context.clock.wall_ms();
    let counts = app.board.0.or_reckon(app, move |reader| reckon(reader, wall_ms)).await?;
    let seen =
        choice.stores(visitor).map_or(Stores::All, |stores| Stores::Some(stores.into_iter().collect()));
    let mut total = [Count::default(); 3];
    for (_, of_store) in counts.iter().filter(|(store, _)| seen.hold(store.as_deref())) {
        for (sum, one) in total.iter_mut().zip(of_store) {
            (sum.open, sum.soon, sum.late) = (sum.open + one.open, sum.soon + one.soon, sum.late + one.late);
        }
    }
    Ok(render(&total))
}

fn reckon(reader: &Connection, wall_ms: i64) -> SqlResult<Counts> {
    let now = Stamp { wall_ms, offset_min: 0, boot: 0, mono_ms: 0, clock: ClockQuality::Synced };
    let all = cases::all(reader)?;
    let devices: BTreeSet<DeviceId> = all.iter().map(|known| known.device).collect();
    let stores = fleet::stores_of(reader, devices)?;
    let mut counts = Counts::new();
    for known in all {
        let status = known.case.status();
        let stage = match status.stage {
            Stage::Opened => 0,
            Stage::Acknowledged => 1,
            Stage::Acted => 2,
            Stage::Verified => continue,
        };
        if status.category.is_none() {
            continue;
        }
        let store = stores.get(&known.device).cloned();
        let count = &mut counts.entry(store).or_default()[stage];
        count.open += 1;
        // What waits to be verified is not late: it cannot be told before.
        if let Some(due) = due(&status, &Slas::default(), &now).filter(|due| due.next != Stage::Verified) {
            count.late += u64::from(due.is_over());
            count.soon += u64::from(!due.is_over() && due.left_ms() < due.within_ms / 4);
        }
    }
    Ok(counts)
}

fn render(total: &[Count; 3]) -> Markup {
    let open: u64 = total.iter().map(|count| count.open).sum();
    let most = total.iter().map(|count| count.open).max().unwrap_or(0).max(1);
    let rows = [
        ("To acknowledge", "target 4 h"),
        ("To act on", "target 3 days"),
        ("To verify", "needs 7 days of scores"),
    ];
    html! {
        section.board aria-labelledby="follow-ups" {
            h2 #follow-ups { "Follow-ups" small { (open) " open" } }
            @for ((name, target), count) in rows.into_iter().zip(total) {
                div.stage {
                    b.number { (count.open) }
                    div {
                        p {
                            b { (name) }
                            @if count.late > 0 { span.state.bad { (Icon::Alert.sized(18)) (count.late) " overdue" } }
                            @else { span.state.good { "none overdue" } }
                        }
                        (bar(count, most))
                        p.quiet { (target) @if count.soon > 0 { ", " b.warn { (count.soon) " due soon" } } }
                    }
                }
            }
        }
    }
}

fn bar(count: &Count, most: u64) -> Markup {
    let wide = |part: u64| part as f64 / most as f64 * BAR;
    let parts =
        [(count.open - count.soon - count.late, "#717771"), (count.soon, "#7A4E00"), (count.late, "#A62B12")];
    let mut left = 0.0;
    html! {
        svg.bar width=(BAR) height="10" aria-hidden="true" {
            @for (part, colour) in parts.into_iter().filter(|(part, _)| *part > 0) {
                rect x=(format!("{left:.1}")) width=(format!("{:.1}", (wide(part) - 2.0).max(2.0))) height="10" rx="2" fill=(colour) {}
                @let () = left += wide(part);
            }
        }
    }
}
