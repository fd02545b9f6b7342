//! Stores with their happy share, the interval around it, and which places each may hold.

use afterword_model::summary::{Measure, Measured};
use maud::{Markup, html};

use super::axis::Axis;
use super::moved;
use super::range::Choice;
use crate::numbers::StoreNumbers;
use crate::web::words;

const WIDTH: f64 = 300.0;

/// A table of these stores; `all` is what all stores come to together.
pub(in crate::web::pages) fn table(
    stores: &[&StoreNumbers],
    all: &Measured,
    choice: &Choice,
    label: &str,
) -> Markup {
    let ends = stores
        .iter()
        .filter_map(|store| store.happy.now)
        .flat_map(|now| [now.interval().0, now.interval().1]);
    let axis = Axis::of(ends.chain(all.now.map(|all| all.estimate())));
    let x = |share: f64| format!("{:.1}", 8.0 + axis.place(share) * (WIDTH - 16.0));
    html! {
        div.wide tabindex="0" role="group" aria-label=(label) {
            table.stores {
                thead { tr {
                    th scope="col" { "Place" }
                    th scope="col" { "Store" }
                    th.n scope="col" { "Replies" }
                    th.n scope="col" { "Happy" }
                    th.whisker scope="col" {
                        span.hidden { "Interval at 95 %" }
                        svg width=(WIDTH) height="16" aria-hidden="true" {
                            @for percent in axis.lines() { text x=(x(f64::from(percent) / 100.0)) y="13" text-anchor="middle" { (percent) } }
                        }
                    }
                    th.n scope="col" { "Change" }
                } }
                tbody { @for store in stores { (row(store, all, choice, &x)) } }
            }
        }
    }
}

fn row(store: &StoreNumbers, all: &Measured, choice: &Choice, x: &impl Fn(f64) -> String) -> Markup {
    let name = if store.store.is_empty() { "(no store)" } else { &store.store };
    let address: String = form_urlencoded::byte_serialize(store.store.as_bytes()).collect();
    html! {
        tr {
            td.quiet {
                @match store.places {
                    Some(places) if places.best == places.worst => (places.best),
                    Some(places) => { (places.best) "–" (places.worst) }
                    None => "–",
                }
            }
            th scope="row" { a href={ "/store?store=" (address) "&" (choice.query("")) } { (name) } }
            td.n.quiet { (words::count(store.responses)) }
            td.n { @match store.happy.now { Some(now) => b { (format!("{:.1}", now.estimate() * 100.0)) }, None => span.quiet { "too few" } } }
            td.whisker { @if let Some(now) = store.happy.now { (whisker(&now, all, x)) } }
            td.n { (moved(&store.happy, 1)) }
        }
    }
}

fn whisker(now: &Measure, all: &Measured, x: &impl Fn(f64) -> String) -> Markup {
    let (low, high) = now.interval();
    html! {
        span.hidden { (format!("{:.1} to {:.1}", low * 100.0, high * 100.0)) }
        svg width=(WIDTH) height="44" aria-hidden="true" {
            @if let Some(all) = all.now { path d={ "M" (x(all.estimate())) " 0 V44" } stroke="#114599" stroke-width="2" {} }
            path d={ "M" (x(low)) " 22 H" (x(high)) " M" (x(low)) " 16 V28 M" (x(high)) " 16 V28" } stroke="#14181A" stroke-width="2.5" stroke-linecap="round" {}
            circle cx=(x(now.estimate())) cy="22" r="6" fill="#14181A" stroke="#FAFAF7" stroke-width="2" {}
        }
    }
}
