//! P2: how much of the glass a tap on a face repaints, at 1280 × 800.
//!
//! The floor is the key itself. What the lift repaints is shown beside: the chosen face and the four that step back. So is the
//! dearest picture there is: a page drawn whole, which must not be longer than a frame at 60 Hz.

use std::path::Path;

use afterword_sim::shopper::spots;
use afterword_ui::{KioskUi, preview};
use anyhow::{Result, ensure};

use crate::Wanted;
use crate::glass::Glass;
use crate::measure::{Better, Figure, Side, micros, now, quantile};

/// A frame at 60 Hz, in milliseconds.
const FRAME_MS: f64 = 16.0;
/// How often each page is drawn; the median counts.
const DRAWN: usize = 9;
/// A face's key, in pixels.
const KEY_PX: f64 = 228.0 * 376.0;

pub(crate) fn run(_: &Path, _: &Wanted) -> Result<()> {
    // A thread has one screen.
    let measured = std::thread::spawn(measure).join();
    measured.map_err(|_| anyhow::anyhow!("the screen's thread has ended"))?
}

fn measure() -> Result<()> {
    let glass = Glass::install()?;
    let ui = KioskUi::new()?;
    let view = |name| preview::pages().into_iter().find(|(stem, _)| *stem == name).map(|(_, view)| view);
    let (Some(question), Some(chosen)) = (view("kiosk-01-idle-rating"), view("kiosk-01b-idle-pressed"))
    else {
        anyhow::bail!("the preview has no idle screen");
    };
    ui.show(&question);
    ui.open()?;
    glass.draw();
    let mut figure = Figure {
        id: "P2",
        what: "pixels repainted as a finger comes down on a face".into(),
        unit: "px",
        ours: Side::named("what is drawn"),
        floor: Side::named("the face's key"),
        target: 1.5,
        better: Better::Lower,
    };
    let mut lifts = Vec::new();
    for face in 1..=5 {
        let spot = spots::face(face);
        glass.press(f32::from(spot.x), f32::from(spot.y));
        let pressed = glass.drawn_px();
        glass.release(f32::from(spot.x), f32::from(spot.y));
        ui.show(&chosen);
        lifts.push(glass.drawn_px());
        ui.show(&question);
        glass.draw();
        ensure!(pressed > 0.0, "a finger on face {face} changes nothing");
        figure.ours.rounds.push(pressed);
        figure.floor.rounds.push(KEY_PX);
    }
    let most = lifts.iter().copied().fold(0.0, f64::max);
    let (slowest, page) = slowest_page(&glass, &ui)?;
    println!(
        "P2 in detail: of all pages drawn whole, {page} takes longest: {slowest:.1} ms of the {FRAME_MS} of a frame"
    );
    println!(
        "P2 in detail: the lift, after which the others step back, repaints at most {:.2} of five keys",
        most / (5.0 * KEY_PX)
    );
    figure.report();
    Ok(())
}

/// The page that takes longest from the one before it to its whole picture, and how long, in milliseconds.
fn slowest_page(glass: &Glass, ui: &KioskUi) -> Result<(f64, &'static str)> {
    let pages = preview::pages();
    let Some((_, other)) = pages.first() else { anyhow::bail!("the preview has no pages") };
    let mut slowest = (0.0, "");
    for (name, view) in &pages {
        let mut times = Vec::new();
        for _ in 0..DRAWN {
            ui.show(other);
            glass.draw();
            let start = now();
            ui.show(view);
            glass.draw();
            times.push(micros(start.elapsed()) / 1e3);
        }
        let median = quantile(&times, 0.5);
        if median > slowest.0 {
            slowest = (median, name);
        }
    }
    Ok(slowest)
}
