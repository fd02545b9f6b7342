//! P3, P10 and P14: a kiosk as a program of its own. How soon it shows its first picture, how much memory it holds, and what it
//! costs while nobody is there.
//!
//! The programs are this benchmark started again with other arguments ([`Role`]), so that both sides load the same file. A
//! kiosk is whole: session, database with its thread, socket, housekeeping, pages; its screen is a buffer in memory, and it
//! waits as the program in a window does, until its next moment or until it is woken. The floor is a window of Slint with
//! nothing in it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::{Device, make_data_folder};
use afterword_kiosk::housekeeping;
use afterword_kiosk::kiosk::Kiosk;
use afterword_kiosk::socket::Socket;
use afterword_model::ports::Clock;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_sim::shopper::{Spot, spots};
use afterword_tests::desk::folder_in_memory;
use afterword_tests::ratings::{Shoppers, fill, open_store};
use afterword_ui::view::Page;
use afterword_ui::{KioskUi, fonts};
use anyhow::{Context, Result, bail, ensure};

use crate::Wanted;
use crate::glass::Glass;
use crate::measure::{Better, Figure, Side, now, number};

/// How often each program is started.
const ROUNDS: usize = 11;
/// Responses in the database: a tenth of what counts, and what counts.
const RESPONSES: [usize; 2] = [100_000, 1_000_000];
/// How long an idle kiosk is watched.
const IDLE: Duration = Duration::from_secs(60);
/// The most processor time it may take meanwhile, in milliseconds.
const IDLE_LIMIT_MS: f64 = 50.0;
/// The most memory a kiosk may hold, in MiB.
const MEMORY_LIMIT_MIB: f64 = 40.0;
/// A program that has said nothing by then is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// The argument that has this benchmark play a role.
const ROLE: &str = "--role";

const CONFIG: &str = include_str!("../../../kiosk/app/examples/kiosk.toml");

slint::slint! {
    export component Nothing inherits Window {
        width: 1280px;
        height: 800px;
        background: #E4E6E1;
    }
}

/// Plays the role that the arguments ask for, where they do.
pub(crate) fn role(arguments: &[String]) -> Option<Result<()>> {
    let place = arguments.iter().position(|argument| argument == ROLE)?;
    Some(match arguments.get(place + 1..) {
        Some([role, ..]) if role == "nothing" => nothing(),
        Some([role, folder, ..]) if role == "kiosk" => kiosk(Path::new(folder)),
        _ => Err(anyhow::anyhow!("no such role")),
    })
}

pub(crate) fn run(_: &Path, wanted: &Wanted) -> Result<()> {
    let folder = folder_in_memory()?;
    let folder = folder.path();
    if wanted.has("P3") {
        let store = open_store(&folder.join("data"), 1)?;
        let mut shoppers = Shoppers::of_seed(1);
        let mut there = 0;
        store.close()?;
        for responses in RESPONSES {
            let store = open_store(&folder.join("data"), 1)?;
            fill(&store, &mut shoppers, responses - there)?;
            store.close()?;
            there = responses;
            first_picture(folder, responses)?;
        }
    }
    if wanted.has("P10") {
        memory(folder)?;
    }
    if wanted.has("P14") {
        idle(folder)?;
    }
    Ok(())
}

fn first_picture(folder: &Path, responses: usize) -> Result<()> {
    let mut figure = Figure {
        id: "P3",
        what: format!(
            "from the start of the program to its first picture, {responses} responses in the database"
        ),
        unit: "ms",
        ours: Side::named("the whole kiosk"),
        floor: Side::named("an empty window"),
        target: 2.0,
        better: Better::Lower,
    };
    let mut cut = Side::named("the whole kiosk, after a power cut");
    // The first round brings both programs and the database into the system's memory, and does not count.
    for round in 0..=ROUNDS {
        let (kiosk, after_an_end) = Started::kiosk(folder)?;
        drop(kiosk);
        let (kiosk, after_a_cut) = Started::kiosk(folder)?;
        kiosk.ends()?;
        let (_, floor) = Started::nothing()?;
        if round > 0 {
            figure.ours.rounds.push(after_an_end.as_secs_f64() * 1e3);
            cut.rounds.push(after_a_cut.as_secs_f64() * 1e3);
            figure.floor.rounds.push(floor.as_secs_f64() * 1e3);
        }
    }
    println!(
        "P3 in detail: with {responses} responses after a power cut, when the whole file is checked, {} ms",
        number(cut.median())
    );
    if responses == RESPONSES[RESPONSES.len() - 1] {
        figure.report();
    } else {
        let (ours, floor) = (figure.ours.median(), figure.floor.median());
        println!(
            "P3 in detail: with {responses} responses {} ms, floor {} ms, ratio {:.2}",
            number(ours),
            number(floor),
            ours / floor
        );
    }
    Ok(())
}

fn memory(folder: &Path) -> Result<()> {
    let mut figure = Figure {
        id: "P10",
        what: "most memory ever resident, after a dissatisfied shopper has seen every page".into(),
        unit: "MiB",
        ours: Side::named("the whole kiosk"),
        floor: Side::named("an empty window"),
        target: 1.0,
        better: Better::Lower,
    };
    for _ in 0..5 {
        let (mut kiosk, _) = Started::kiosk(folder)?;
        kiosk.hear("rests", PATIENCE)?;
        figure.ours.rounds.push(kiosk.peak_memory_mib()?);
        let (nothing, _) = Started::nothing()?;
        figure.floor.rounds.push(nothing.peak_memory_mib()?);
    }
    println!("P10 in detail: the last line is the kiosk's share of the {MEMORY_LIMIT_MIB} MiB it may hold");
    figure.report_as(figure.ours.median() / MEMORY_LIMIT_MIB);
    Ok(())
}

fn idle(folder: &Path) -> Result<()> {
    let mut figure = Figure {
        id: "P14",
        what: format!("processor time in {} s with nobody there", IDLE.as_secs()),
        unit: "ms",
        ours: Side::named("the whole kiosk, at rest on its question"),
        floor: Side::named("an empty window that waits"),
        target: 1.0,
        better: Better::Lower,
    };
    let (mut kiosk, _) = Started::kiosk(folder)?;
    kiosk.hear("rests", PATIENCE)?;
    let (mut nothing, _) = Started::nothing()?;
    let before = (kiosk.processor_ms()?, nothing.processor_ms()?);
    kiosk.stays_silent(IDLE)?;
    figure.ours.rounds.push(kiosk.processor_ms()? - before.0);
    figure.floor.rounds.push(nothing.processor_ms()? - before.1);
    nothing.stays_silent(Duration::ZERO)?;
    println!("P14 in detail: the last line is the kiosk's share of the {IDLE_LIMIT_MS} ms it may take");
    figure.report_as(figure.ours.median() / IDLE_LIMIT_MS);
    Ok(())
}

/// A program that plays a role. Dropping it ends it.
struct Started {
    child: Child,
    lines: Receiver<String>,
}

impl Started {
    /// A kiosk, and how long it took to its first picture.
    fn kiosk(folder: &Path) -> Result<(Self, Duration)> {
        Self::start(&["kiosk".as_ref(), folder.as_os_str()])
    }

    fn nothing() -> Result<(Self, Duration)> {
        Self::start(&["nothing".as_ref()])
    }

    fn start(role: &[&std::ffi::OsStr]) -> Result<(Self, Duration)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bench").arg(ROLE).args(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        let start = now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().context("its output is piped")?;
        let (line, lines) = channel();
        std::thread::spawn(move || {
            for said in BufReader::new(output).lines().map_while(Result::ok) {
                if line.send(said).is_err() {
                    return;
                }
            }
        });
        let mut started = Self { child, lines };
        started.hear("picture", PATIENCE)?;
        Ok((started, start.elapsed()))
    }

    /// Ends it in order, as a device that is shut down does.
    fn ends(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        ensure!(self.child.wait()?.success(), "it did not end well");
        Ok(())
    }

    fn hear(&mut self, wanted: &str, patience: Duration) -> Result<()> {
        let said = self.lines.recv_timeout(patience).with_context(|| format!("it never said {wanted}"))?;
        ensure!(said == wanted, "it said {said}");
        Ok(())
    }

    /// Watches it for so long.
    fn stays_silent(&mut self, time: Duration) -> Result<()> {
        match self.lines.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => bail!("it ended"),
            Ok(said) => bail!("it said {said}"),
        }
    }

    fn process(&self, file: &str) -> std::path::PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(file)
    }

    fn peak_memory_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(self.process("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// What all its threads have had of the processor.
    fn processor_ms(&self) -> Result<f64> {
        let mut all_ns = 0.0;
        for task in std::fs::read_dir(self.process("task"))? {
            let times = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let ns: f64 = times.split(' ').next().context("no time")?.parse()?;
            all_ns += ns;
        }
        Ok(all_ns / 1e6)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself, which the check before has told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An empty window, drawn once.
fn nothing() -> Result<()> {
    let glass = Glass::install()?;
    let window = Nothing::new()?;
    slint::ComponentHandle::show(&window)?;
    glass.draw();
    println!("picture");
    loop {
        std::thread::park();
    }
}

/// A kiosk that shows its first picture, serves one shopper, and rests until it is killed.
fn kiosk(folder: &Path) -> Result<()> {
    let data = folder.join("data");
    make_data_folder(&data)?;
    fonts::install(&folder.join("fonts"))?;
    let config_path = Path::new("kiosk.toml");
    let config = Config::parse(config_path, CONFIG)?;
    let clock = Arc::new(SystemClock::start());
    let device = Device::open(config, config_path, &data, clock.clone(), Arc::new(SystemEntropy))?;
    let store = device.store.clone();
    std::thread::spawn(move || {
        // Whoever started this has no more to ask of it.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(i32::from(store.close().is_err()));
    });
    let glass = Glass::install()?;
    let (wake, woken) = channel();
    let wake = Arc::new(move || {
        // The kiosk is gone only when the program ends.
        let _ = wake.send(());
    });
    let kiosk = Kiosk::start(device.parts(KioskUi::new()?, wake));
    kiosk.borrow().ui().open()?;
    glass.draw();
    println!("picture");

    let _socket = Socket::serve(&folder.join("kiosk.sock"), &device.store, &device.moments)?;
    let _housekeeping = housekeeping::start(&device.store)?;
    let mut drawn_ms = clock.monotonic_ms();
    // Waits as a window does, until what is on the glass is what was waited for; for ever, where nothing was.
    let mut until = |reached: Option<fn(&Page) -> bool>| -> Result<()> {
        loop {
            kiosk.borrow_mut().pump();
            let now_ms = clock.monotonic_ms();
            glass.advance(Duration::from_millis(now_ms - drawn_ms));
            drawn_ms = now_ms;
            glass.draw();
            let is_reached =
                reached.is_some_and(|reached| kiosk.borrow().view().is_some_and(|view| reached(&view.page)));
            if is_reached && kiosk.borrow().is_settled() {
                return Ok(());
            }
            match kiosk.borrow().next_wake_ms() {
                Some(due_ms) => {
                    let wait = Duration::from_millis(due_ms.saturating_sub(now_ms).max(1));
                    // Woken or not, it is time to look.
                    let _ = woken.recv_timeout(wait);
                }
                None => woken.recv()?,
            }
        }
    };
    let touch = |spot: Spot| {
        glass.press(f32::from(spot.x), f32::from(spot.y));
        glass.draw();
        glass.release(f32::from(spot.x), f32::from(spot.y));
    };
    touch(spots::face(1));
    until(Some(|page| matches!(page, Page::Reasons(_))))?;
    // A new page is deaf for a moment; the finger tries until it is heard.
    for (spot, reached) in [
        (spots::NEXT, (|page| matches!(page, Page::Comment(_))) as fn(&Page) -> bool),
        (spots::COMMENT_DONE, |page| matches!(page, Page::Thanks(_))),
        (spots::THANKS_DONE, |page| matches!(page, Page::Question(_))),
    ] {
        while !kiosk.borrow().view().is_some_and(|view| reached(&view.page)) {
            touch(spot);
            until(Some(|_| true))?;
        }
    }
    println!("rests");
    until(None)
}
