//! Why visits were not happy.

use maud::{Markup, html};

use super::moved;
use crate::numbers::Reason;
use crate::web::icon::Icon;

/// Reasons that are shown; those after them are rare.
const SHOWN: usize = 8;
/// A reason this frequent is drawn in ink.
const BAR: f64 = 150.0;

/// The section.
pub(in crate::web::pages) fn section(reasons: &[Reason]) -> Markup {
    let share = |reason: &Reason| reason.share.now.map(|now| now.estimate());
    let most = reasons.iter().filter_map(share).fold(0.0, f64::max);
    html! {
        section.reasons aria-labelledby="reasons" {
            h2 #reasons { "Why visits went wrong" small { "% of those who gave a reason" } }
            @if reasons.is_empty() { p { "Nobody gave a reason in these days." } }
            @else {
                table {
                    thead { tr { th scope="col" { span.hidden { "Reason" } } th scope="col" { span.hidden { "Share, %" } } th.n scope="col" { "change" } } }
                    tbody {
                        @for (place, reason) in reasons.iter().take(SHOWN).enumerate() {
                            tr {
                                th scope="row" { span.state { (icon(&reason.option).sized(22)) (title(&reason.option)) } }
                                td {
                                    @match share(reason) {
                                        Some(share) => {
                                            svg.bar width=(format!("{:.0}", share / most * BAR)) height="18" aria-hidden="true" {
                                                rect width="100%" height="18" rx="3" fill=(if place < 2 { "#14181A" } else { "#717771" }) {}
                                            }
                                            b { (format!("{:.0}", share * 100.0)) }
                                        }
                                        None => span.quiet { (reason.count) " times; too few for a share" },
                                    }
                                }
                                td.n { (moved(&reason.share, 0)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What an option is called: those of the taxonomy by their names, others by their own id.
pub(in crate::web::pages) fn title(option: &str) -> String {
    let known = match option {
        "waiting" => "Waiting",
        "availability" => "Out of stock",
        "checkout" => "Checkout",
        "finding" => "Finding things",
        "staff" => "Staff",
        "price" => "Price",
        "clean" => "Cleanliness",
        "other" => "Something else",
        _ => {
            let text = option.replace(['-', '_'], " ");
            let mut letters = text.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            return first + letters.as_str();
        }
    };
    known.to_owned()
}

fn icon(option: &str) -> Icon {
    match option {
        "waiting" => Icon::Waiting,
        "availability" => Icon::Availability,
        "checkout" => Icon::Checkout,
        "finding" => Icon::Finding,
        "staff" => Icon::Staff,
        "price" => Icon::Price,
        "clean" => Icon::Clean,
        _ => Icon::Other,
    }
}
