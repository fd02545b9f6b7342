//! Follow-ups in three columns of haste: to acknowledge, to act on, to verify.

use maud::{Markup, html};

use super::figures::range::Choice;
use crate::numbers::{FollowUps, Waiting};
use crate::people::Stores;
use crate::web::icon::Icon;
use crate::web::visitor::Visitor;

/// Pixels of the longest bar.
const BAR: f64 = 345.0;

/// The section of the overview.
pub(super) fn part(follow_ups: &FollowUps, visitor: &Visitor, choice: &Choice) -> Markup {
    let seen =
        choice.stores(visitor).map_or(Stores::All, |stores| Stores::Some(stores.into_iter().collect()));
    render(&follow_ups.waiting(|store| seen.hold(store)))
}

fn render(total: &[Waiting; 3]) -> Markup {
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

fn bar(count: &Waiting, most: u64) -> Markup {
    let wide = |part: u64| part as f64 / most as f64 * BAR;
    let parts =
        [(count.open - count.soon - count.late, "#717771"), (count.soon, "#7A4E00"), (count.late, "#A62B12")];
    let mut left = 0.0;
    html! {
        svg.bar width=(BAR) height="10" viewBox={ "0 0 " (BAR) " 10" } preserveAspectRatio="none" aria-hidden="true" {
            @for (part, colour) in parts.into_iter().filter(|(part, _)| *part > 0) {
                rect x=(format!("{left:.1}")) width=(format!("{:.1}", (wide(part) - 2.0).max(2.0))) height="10" rx="2" fill=(colour) {}
                @let () = left += wide(part);
            }
        }
    }
}
