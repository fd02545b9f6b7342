//! The power cut, at every operation of a kiosk's life (F01).
//!
//! | module | holds |
//! |---|---|
//! | `workload` | what the kiosk is asked to do, one thing after the other |
//! | `world` | what it has promised by then |
//! | `outages` | lives in which the power does go, again and again |
//! | `check` | whether the files that a cut leaves keep that promise |
//!
//! One store does its work on a disk that forgets. At each operation of that disk the files are made that a cut at this
//! moment could leave, several times over, and each set of them is opened as a kiosk would after the power is back.
//! The work goes on meanwhile, so that one run shows all of its cuts. In some lives the power really goes now and then;
//! their cuts meet a disk that a former cut left: a log being recovered, frames written over a torn end.

mod check;
mod outages;
mod workload;
mod world;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use afterword_model::ports::SeededEntropy;
use afterword_sim::disk::{Image, LossyDisk, Moment, Policy};
use anyhow::{Context, Result};

use check::Broken;
use workload::{Start, Workload};
use world::Promise;

pub use workload::{FIRST_SCHEMA, receipt};
pub use world::{Held, held};

/// Images that wait for a checker; each is some hundred kilobytes.
const WAITING_MAX: usize = 32;
/// As many as the machines have cores on which this runs.
const CHECKERS: usize = 2;

/// How each round's kiosks begin, and how often the power really goes while they work.
const LIVES: [(Start, u32); 3] = [(Start::Nothing, 0), (Start::FirstSchema, 0), (Start::FirstSchema, 20)];

/// How much is cut.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Decides the answers and what each cut leaves.
    pub seed: u64,
    /// The work is done again, with other answers, until there were so many cuts.
    pub cuts: u64,
    /// One operation in so many is cut; 1 is every one.
    pub one_in: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Images that were opened and held against what was promised.
    pub cuts: u64,
    /// Operations at which they were taken.
    pub operations: u64,
    /// Cuts after which something was missing or damaged, a sentence each.
    pub lost: Vec<String>,
    /// Cuts after which something was there twice or had never been given, a sentence each.
    pub doubled: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sentence in self.lost.iter().chain(&self.doubled) {
            writeln!(f, "{sentence}")?;
        }
        let Self { cuts, operations, lost, doubled } = self;
        write!(f, "{cuts} cuts at {operations} operations, {} lost, {} doubled", lost.len(), doubled.len())
    }
}

/// The files that a cut left, and what should be in them.
struct Cut {
    image: Image,
    promise: Promise,
    /// For a person who wants to see it again.
    place: String,
}

/// What the workload shares with the disk's observer.
type Promised = Arc<Mutex<Promise>>;

/// Cuts the power as ordered. `progress` hears of every cut.
///
/// # Errors
/// When the work itself cannot be done, or a folder cannot be written.
pub fn cut_everywhere(order: Order, progress: impl Fn(u64) + Send + Sync) -> Result<Report> {
    let folder = crate::desk::folder_in_memory()?;
    let report = Mutex::new(Report::default());
    let (send, cuts) = sync_channel::<Cut>(WAITING_MAX);
    let cuts = Arc::new(Mutex::new(cuts));
    std::thread::scope(|scope| {
        for checker in 0..CHECKERS {
            let place = folder.path().join(format!("cut-{checker}"));
            let (cuts, report, progress) = (Arc::clone(&cuts), &report, &progress);
            scope.spawn(move || check_all(&cuts, &place, report, progress));
        }
        let mut made = 0;
        let mut round = 0;
        while made < order.cuts {
            for (start, outages) in LIVES {
                let seed = order.seed.wrapping_add(round);
                let directory = folder.path().join(format!("kiosk-{round}-{start:?}-{outages}"));
                let round = Round { seed, start, outages, one_in: order.one_in, directory };
                let (operations, cuts) = round.run(&send)?;
                made += cuts;
                lock(&report).operations += operations;
            }
            round += 1;
        }
        drop(send);
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One kiosk's life.
struct Round {
    seed: u64,
    start: Start,
    outages: u32,
    one_in: u64,
    directory: PathBuf,
}

impl Round {
    /// Gives how many operations were cut, and how often.
    fn run(&self, cuts: &std::sync::mpsc::SyncSender<Cut>) -> Result<(u64, u64)> {
        let (workload, promised) = Workload::prepare(&self.directory, self.start, self.seed)?;
        let disk = LossyDisk::on(&self.directory)?;
        let dice = SeededEntropy::new(self.seed ^ 0xC075);
        let counted = Arc::new(Mutex::new((0, 0)));
        let (cuts, counts) = (cuts.clone(), Arc::clone(&counted));
        let (one_in, name) = (self.one_in, self.name());
        disk.observe(move |moment| {
            if !dice.next_u64().is_multiple_of(one_in) {
                return;
            }
            let promise = lock(&promised).clone();
            let policies = policies(&dice);
            let mut counts = lock(&counts);
            counts.0 += 1;
            counts.1 += policies.len() as u64;
            for policy in policies {
                let place = place(&name, moment, policy);
                // The receiver outlives every round.
                let _ = cuts.send(Cut { image: moment.image(policy), promise: promise.clone(), place });
            }
        });
        let lived = match self.outages {
            0 => workload.run(),
            outages => workload.run_through(outages, &disk, &SeededEntropy::new(self.seed ^ 0x0FF)),
        };
        lived.with_context(|| self.name())?;
        drop(disk);
        std::fs::remove_dir_all(&self.directory)?;
        let counted = *lock(&counted);
        Ok(counted)
    }

    fn name(&self) -> String {
        let Self { seed, start, outages, .. } = self;
        format!("seed {seed} from {start:?} with {outages} outages")
    }
}

fn policies(dice: &SeededEntropy) -> [Policy; 5] {
    [
        Policy::Dropped,
        Policy::Kept,
        Policy::Beginning(dice.next_u64()),
        Policy::Scattered(dice.next_u64()),
        Policy::Torn(dice.next_u64()),
    ]
}

fn place(name: &str, moment: &Moment<'_>, policy: Policy) -> String {
    format!("{name}, operation {} ({}), {policy}", moment.number, moment.operation)
}

/// Whoever panicked with a lock had written a whole value, or none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks cuts until there are no more.
fn check_all(
    cuts: &Mutex<Receiver<Cut>>,
    folder: &Path,
    report: &Mutex<Report>,
    progress: &(impl Fn(u64) + Send + Sync),
) {
    loop {
        let next = lock(cuts).recv();
        let Ok(Cut { image, promise, place }) = next else { return };
        let kept = check::check(&image, &promise, folder);
        let mut report = lock(report);
        report.cuts += 1;
        match kept {
            Ok(()) => {}
            Err(Broken::Lost(what)) => report.lost.push(format!("{place}, during {}: {what}", promise.doing)),
            Err(Broken::Doubled(what)) => {
                report.doubled.push(format!("{place}, during {}: {what}", promise.doing));
            }
        }
        progress(report.cuts);
    }
}
