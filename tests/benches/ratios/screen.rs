//! P1: from the finger's lift to the picture that answers it, at 1280 × 800.
//!
//! Ours is the whole kiosk: session, store with its thread and its disk, pages. The floor is a program of nothing but
//! the pages, which shows the very same views. Each has a thread and a screen of its own, since a thread has one
//! screen; only one of them works at a time. The press before the lift is pure drawing on both sides and shown beside.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_kiosk::kiosk::Kiosk;
use afterword_model::ports::{Clock, ManualClock};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_sim::shopper::spots;
use afterword_ui::view::Page;
use afterword_ui::{KioskUi, View};
use anyhow::{Context, Result, bail, ensure};

use crate::Wanted;
use crate::glass::Glass;
use crate::measure::{Better, Figure, Side, micros, now, quantile};

/// Rounds of each side. Many, because one interruption by another program already moves a round's p99.
const ROUNDS: usize = 21;
/// Taps in a round: the fewest of which the 99th hundredth can be told.
const TAPS: usize = 100;
/// The most that the product allows itself, in microseconds.
const LIMIT_US: f64 = 4_000.0;
/// What is measured of the taps of a round.
const SHARE: f64 = 0.99;

/// A satisfied shopper: one face, thanks, gone.
const FACE: u16 = 5;
/// How long the finger rests on the key.
const PRESS: Duration = Duration::from_millis(80);
/// After this the held key has gone up and the thanks is there.
const UNTIL_THANKS: Duration = Duration::from_millis(400);
/// After this the thanks has gone too, with a voucher or without.
const UNTIL_REST: Duration = Duration::from_secs(25);
/// A disk that has not answered by then is broken.
const STORE_TIMEOUT: Duration = Duration::from_secs(30);

const CONFIG: &str = include_str!("../../../kiosk/app/examples/kiosk.toml");

/// What a shopper sees, in order.
#[derive(Clone)]
struct Sights {
    question: View,
    chosen: View,
    thanks: View,
}

/// Microseconds of one tap's two pictures.
#[derive(Clone, Copy)]
struct Tap {
    press: f64,
    lift: f64,
}

/// Somebody who can be tapped.
trait Screen {
    fn tap(&mut self) -> Result<Tap>;
}

/// A thread with a screen that taps a round whenever it is told to.
struct Bench {
    go: Sender<()>,
    rounds: Receiver<Result<Vec<Tap>>>,
}

pub(crate) fn run(folder: &Path, _: &Wanted) -> Result<()> {
    let (sights, seen) = channel();
    let data = folder.join("kiosk");
    let ours = Bench::start(move || {
        let mut kiosk = Whole::start(&data)?;
        // Nobody listens any more only when the run has failed already.
        let _ = sights.send(kiosk.look()?);
        Ok(kiosk)
    })?;
    let Ok(sights) = seen.recv() else {
        // The reason is what the thread left.
        ours.round()?;
        bail!("the kiosk did not start");
    };
    let floor = Bench::start(move || Empty::start(sights))?;

    let mut figure = Figure {
        id: "P1",
        what: format!(
            "from the lifted finger to the finished picture, 1280 × 800, p99 of {TAPS} taps a round"
        ),
        unit: "µs",
        ours: Side::named("the whole kiosk, its store on the disk"),
        floor: Side::named("the same pages in an empty program"),
        target: 1.5,
        better: Better::Lower,
    };
    let (mut all_ours, mut all_floor) = (Vec::new(), Vec::new());
    // The first round warms both sides up and does not count.
    for round in 0..=ROUNDS {
        let (of_ours, of_floor) = (ours.round()?, floor.round()?);
        if round > 0 {
            figure.ours.rounds.push(share_of(&of_ours, SHARE, |tap| tap.lift));
            figure.floor.rounds.push(share_of(&of_floor, SHARE, |tap| tap.lift));
            all_ours.extend(of_ours);
            all_floor.extend(of_floor);
        }
    }
    for (name, part) in [("press", (|tap| tap.press) as fn(&Tap) -> f64), ("lift", |tap| tap.lift)] {
        let both = |share| (share_of(&all_ours, share, part), share_of(&all_floor, share, part));
        let ((ours, floor), (ours_p99, floor_p99)) = (both(0.5), both(SHARE));
        println!(
            "P1 in detail: the {name} has a median of {ours:.0} µs, floor {floor:.0}; p99 of all {ours_p99:.0}, floor {floor_p99:.0}"
        );
    }
    let word = if figure.ours.median() <= LIMIT_US { "held" } else { "missed" };
    println!("P1 in detail: a p99 of at most {LIMIT_US} µs is {word}");
    figure.report();
    Ok(())
}

fn share_of(taps: &[Tap], share: f64, part: fn(&Tap) -> f64) -> f64 {
    quantile(&taps.iter().map(part).collect::<Vec<_>>(), share)
}

impl Bench {
    /// Makes the screen on a thread of its own. What goes wrong there is the result of the next round.
    fn start<S: Screen>(make: impl FnOnce() -> Result<S> + Send + 'static) -> Result<Self> {
        let (go, told) = channel();
        let (done, rounds) = channel();
        std::thread::Builder::new().name("screen".into()).spawn(move || {
            let mut screen = match make() {
                Ok(screen) => screen,
                Err(error) => return drop(done.send(Err(error))),
            };
            while let Ok(()) = told.recv() {
                if done.send((0..TAPS).map(|_| screen.tap()).collect()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { go, rounds })
    }

    fn round(&self) -> Result<Vec<Tap>> {
        // A thread that has ended left its reason.
        let _ = self.go.send(());
        self.rounds.recv().context("the screen's thread has ended")?
    }
}

/// Presses, draws, lifts, draws; `between` is what a host does before it draws.
fn tap(glass: &Glass, pass: impl Fn(Duration), between: impl FnOnce()) -> Result<Tap> {
    let spot = spots::face(FACE);
    let (x_px, y_px) = (f32::from(spot.x), f32::from(spot.y));
    let start = now();
    glass.press(x_px, y_px);
    let pressed = glass.draw();
    let press = micros(start.elapsed());
    pass(PRESS);
    glass.draw();
    let start = now();
    glass.release(x_px, y_px);
    between();
    let lifted = glass.draw();
    let lift = micros(start.elapsed());
    ensure!(pressed && lifted, "the tap changed nothing on the screen");
    Ok(Tap { press, lift })
}

/// The whole kiosk.
struct Whole {
    glass: Glass,
    kiosk: Rc<RefCell<Kiosk>>,
    clock: Arc<ManualClock>,
    woken: Receiver<()>,
}

impl Whole {
    fn start(data: &Path) -> Result<Self> {
        let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
        let path = Path::new("kiosk.toml");
        let config = Config::parse(path, CONFIG)?;
        let device = Device::open(config, path, data, clock.clone(), Arc::new(SystemEntropy))?;
        let glass = Glass::install()?;
        let (wake, woken) = channel();
        let wake = Arc::new(move || {
            // The kiosk is gone only when the run ends.
            let _ = wake.send(());
        });
        let kiosk = Kiosk::start(device.parts(KioskUi::new()?, wake));
        kiosk.borrow().ui().open()?;
        glass.draw();
        Ok(Self { glass, kiosk, clock, woken })
    }

    /// Serves one shopper, and says what there was to see.
    fn look(&mut self) -> Result<Sights> {
        let question = self.view()?;
        self.lift_only()?;
        let chosen = self.view()?;
        self.wait(UNTIL_THANKS)?;
        let thanks = self.view()?;
        self.wait(UNTIL_REST)?;
        ensure!(
            matches!(&chosen.page, Page::Question(page) if page.scale.chosen == Some(FACE as u8)),
            "the tapped face is not shown as chosen"
        );
        ensure!(matches!(&thanks.page, Page::Thanks(_)), "a rating alone is not thanked for");
        ensure!(self.view()? == question, "the kiosk did not come to rest");
        Ok(Sights { question, chosen, thanks })
    }

    fn lift_only(&self) -> Result<Tap> {
        let pump = || self.kiosk.borrow_mut().pump();
        tap(&self.glass, |time| self.pass(time), pump)
    }

    fn pass(&self, time: Duration) {
        self.clock.advance_ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self.glass.advance(time);
    }

    /// Lets time pass and the store answer, and draws what became of it.
    fn wait(&self, time: Duration) -> Result<()> {
        self.settle()?;
        self.pass(time);
        self.settle()?;
        self.glass.draw();
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        loop {
            self.kiosk.borrow_mut().pump();
            if self.kiosk.borrow().is_settled() {
                return Ok(());
            }
            if self.woken.recv_timeout(STORE_TIMEOUT).is_err() {
                bail!("the kiosk's database does not answer");
            }
        }
    }

    fn view(&self) -> Result<View> {
        self.kiosk.borrow().view().cloned().context("the kiosk shows nothing")
    }
}

impl Screen for Whole {
    fn tap(&mut self) -> Result<Tap> {
        let tap = self.lift_only()?;
        self.wait(UNTIL_THANKS)?;
        self.wait(UNTIL_REST)?;
        ensure!(
            matches!(self.view()?.page, Page::Question(page) if page.scale.chosen.is_none()),
            "the kiosk did not come to rest"
        );
        Ok(tap)
    }
}

/// The pages and nothing behind them.
struct Empty {
    glass: Glass,
    ui: Rc<KioskUi>,
    sights: Sights,
}

impl Empty {
    fn start(sights: Sights) -> Result<Self> {
        let glass = Glass::install()?;
        let ui = Rc::new(KioskUi::new()?);
        ui.on_intent({
            let (ui, chosen) = (Rc::downgrade(&ui), sights.chosen.clone());
            move |_| {
                if let Some(ui) = ui.upgrade() {
                    ui.show(&chosen);
                }
            }
        });
        ui.show(&sights.question);
        ui.open()?;
        glass.draw();
        Ok(Self { glass, ui, sights })
    }

    fn show(&self, view: &View, after: Duration) {
        self.glass.advance(after);
        self.ui.show(view);
        self.glass.draw();
    }
}

impl Screen for Empty {
    fn tap(&mut self) -> Result<Tap> {
        let tap = tap(&self.glass, |time| self.glass.advance(time), || {})?;
        self.show(&self.sights.thanks, UNTIL_THANKS);
        self.show(&self.sights.question, UNTIL_REST);
        Ok(tap)
    }
}
