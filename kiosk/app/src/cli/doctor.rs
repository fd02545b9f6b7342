//! `afterword-kiosk doctor`: what a kiosk needs, checked one by one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use afterword_kiosk_store::{Numbers, OpenError, Opened, Options, Store, why};
use afterword_model::ports::Clock;
use afterword_model::response::ClockQuality;
use afterword_protocol::limits::RESERVE_ROOM_MIN;
use afterword_protocol::queue::{Health, Position};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{FOUND_MISTAKES, Places};
use crate::ask::RunningKiosk;
use crate::config::Config;
use crate::speech::ssip::Ssip;
use crate::speech::{Place, Speech};
use crate::stamp::{self, Stamper};
use crate::window;

/// A speech service that says nothing for so long is stuck, and a person waits for the doctor.
const SPEECH_PATIENCE: Duration = Duration::from_secs(5);

/// Check what a kiosk needs, one line each, and say what to do about what is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "While the kiosk runs, its database is asked over the socket; otherwise the whole record chain and the roll-ups are recomputed.\nExit codes: 0 nothing is wrong, 1 something is."
)]
pub(super) struct Doctor {
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    places: Places,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    finding: Finding,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    Good,
    /// Works, and somebody should look at it.
    Odd,
    Wrong,
}

impl Doctor {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut checks = self.configuration();
        let (database, is_running) = self.database();
        checks.extend(database);
        checks.push(clock());
        // A kiosk that runs has its display; this command line may well come from afar and have none.
        if !is_running {
            checks.push(display());
        }
        let is_wrong = checks.iter().any(|check| check.finding == Finding::Wrong);
        if self.json {
            println!("{}", serde_json::json!({ "healthy": !is_wrong, "checks": checks }));
        } else {
            for check in &checks {
                let mark = match check.finding {
                    Finding::Good => "good ",
                    Finding::Odd => "look ",
                    Finding::Wrong => "WRONG",
                };
                println!("{mark}  {:<14} {}", check.name, check.detail);
            }
        }
        Ok(if is_wrong { ExitCode::from(FOUND_MISTAKES) } else { ExitCode::SUCCESS })
    }

    fn configuration(&self) -> Vec<Check> {
        let path = &self.places.config;
        match Config::read(path) {
            Err(error) => vec![Check::wrong("configuration", &error)],
            Ok(config) => {
                let detail = format!("{}, days in {}", config.store_name, config.time_zone);
                let mut checks = vec![Check::good("configuration", detail)];
                checks.extend(surveys(&config, path));
                checks.extend(branding(&config, path));
                checks.push(speech(&config.speech));
                checks
            }
        }
    }

    /// How the database is, and whether a kiosk is running on it.
    fn database(&self) -> (Vec<Check>, bool) {
        let config = Config::read(&self.places.config).ok();
        let (data, socket) = (self.places.data(config.as_ref()), self.places.socket(config.as_ref()));
        // Where the lock file stands alone, a database is missing, and opening tells what it had.
        if ["kiosk.db", "kiosk.lock"].iter().all(|name| !data.join(name).exists()) {
            let detail = format!("none yet in {}; the first `afterword-kiosk run` makes it", data.display());
            return (vec![Check { name: "database", finding: Finding::Odd, detail }], false);
        }
        let options = Options {
            clock: Arc::new(SystemClock::start()),
            entropy: Arc::new(SystemEntropy),
            opens_cases: config.as_ref().is_none_or(|config| config.follow_ups.open),
        };
        match Store::open(&data, options) {
            Ok((store, opened)) => (closed_database(store, &opened), false),
            Err(OpenError::InUse { .. }) => {
                let asked = RunningKiosk::connect(&socket).and_then(|mut kiosk| running_database(&mut kiosk));
                let checks =
                    asked.unwrap_or_else(|error| vec![Check::wrong("database", &format!("{error:#}"))]);
                (checks, true)
            }
            Err(error) => (vec![Check::wrong("database", &error)], false),
        }
    }
}

/// What is asked today, and what of the surveys cannot be meant so.
fn surveys(config: &Config, path: &Path) -> Vec<Check> {
    let agenda = match config.agenda(path) {
        Err(error) => return vec![Check::wrong("survey", &error)],
        Ok(agenda) => agenda,
    };
    let today = Stamper::new(Arc::new(SystemClock::start()), config.time_zone, 0).now().local_day();
    let asked = agenda.on(today);
    let mut checks = vec![Check::good("survey", format!("{} version {}", asked.id, asked.version))];
    let odd = |detail| Check { name: "survey", finding: Finding::Odd, detail };
    if !asked.is_valid_on(today) {
        checks.push(odd(format!(
            "today is none of the days of {}, which is asked all the same because there is no other; name one that is valid as `survey`",
            asked.id
        )));
    }
    checks.extend(agenda.endless().map(|path| {
        odd(format!(
            "{} is in `seasonal` and has no last day, so the usual survey is never asked again; give it a `valid_until`",
            path.display()
        ))
    }));
    checks
}

/// The store's colour and logo, and what is drawn in another way than was asked for.
fn branding(config: &Config, path: &Path) -> Vec<Check> {
    match config.brand.prepare(path, config.panel.panel()) {
        Err(error) => vec![Check::wrong("brand", &format!("{error:#}"))],
        Ok(prepared) => {
            let odd = |detail| Check { name: "brand", finding: Finding::Odd, detail };
            prepared.remarks().into_iter().map(odd).collect()
        }
    }
}

/// Whether prompts are spoken. A kiosk without is whole, unless it was told where they come from.
fn speech(speech: &Speech) -> Check {
    let socket = match speech.place() {
        Place::Socket(socket) => socket,
        Place::Off => return Check::good("spoken prompts", "off, as the configuration says".into()),
        Place::NoSocket(address) => {
            let detail =
                format!("none: SPEECHD_ADDRESS is {address}, and a kiosk opens no network connection");
            return Check::odd("spoken prompts", detail);
        }
        Place::Unknown => {
            let detail = "none: nothing says where this user's sockets are; set XDG_RUNTIME_DIR, or name the socket with `speech`";
            return Check::odd("spoken prompts", detail.into());
        }
    };
    let at = socket.display();
    match Ssip::connect(&socket, SPEECH_PATIENCE).and_then(|mut ssip| ssip.output_modules()) {
        Ok(modules) if modules.iter().any(|module| module != "dummy") => Check::good(
            "spoken prompts",
            format!("speech-dispatcher answers at {at} and speaks through {}", modules.join(", ")),
        ),
        Ok(_) => Check::odd(
            "spoken prompts",
            format!(
                "speech-dispatcher answers at {at} and has no voice; install one, such as speech-dispatcher-espeak-ng"
            ),
        ),
        Err(error) if *speech == Speech::WhereItIs => Check::good(
            "spoken prompts",
            format!("none, speech-dispatcher does not answer at {at} ({error}); install it to have them"),
        ),
        Err(error) => Check::odd(
            "spoken prompts",
            format!(
                "none, speech-dispatcher does not answer at {at} ({error}); start it, or correct `speech`"
            ),
        ),
    }
}

fn running_database(kiosk: &mut RunningKiosk) -> Result<Vec<Check>> {
    let position = kiosk.position()?;
    let mut checks =
        vec![Check::good("database", format!("in use by the running kiosk; {}", progress(&position)))];
    checks.extend(kiosk.health()?.iter().flat_map(health_checks));
    Ok(checks)
}

fn closed_database(store: Store, opened: &Opened) -> Vec<Check> {
    let looked = store.verify().and_then(|verified| {
        let health = store.queue().health_blocking(env!("CARGO_PKG_VERSION"))?;
        store.close()?;
        Ok((verified, health))
    });
    let health = looked.as_ref().ok().map(|(_, health)| health.clone());
    let database = match looked {
        Err(error) => Check::wrong("database", &error),
        Ok((verified, _)) if !verified.problems.is_empty() => {
            let detail = format!(
                "{}; keep the file and ask for help before the next start",
                verified.problems.join("; ")
            );
            Check::wrong("database", &detail)
        }
        Ok((_, health)) => {
            Check::good("database", format!("chain and roll-ups whole; {}", progress(&health.position)))
        }
    };
    let mut checks = vec![database];
    checks.extend(opened.set_aside.as_ref().map(|path| {
        let detail = format!("it was damaged and is set aside as {}; keep that file", path.display());
        Check::wrong("damaged file", &detail)
    }));
    checks.extend(opened.waiting.iter().map(|path| {
        let detail = format!(
            "what is whole in {} has yet to be carried over; make room and start again",
            path.display()
        );
        Check::wrong("damaged file", &detail)
    }));
    checks.extend(health.iter().flat_map(health_checks));
    checks
}

/// Former epochs, and the room on the disk.
fn health_checks(health: &Health) -> Vec<Check> {
    let former = health.former.iter().map(|former| {
        let detail = format!(
            "{} is over after record {} because {}; lost: {}",
            former.epoch,
            former.last_seq,
            why(former.reason),
            Numbers(&former.lost)
        );
        let finding = if former.lost.is_empty() { Finding::Good } else { Finding::Odd };
        Check { name: "former epoch", finding, detail }
    });
    let room = health.disk_free_bytes.map(|free| {
        let detail = format!("{} MiB free on the disk", free / (1024 * 1024));
        if free < RESERVE_ROOM_MIN {
            Check::wrong("room", &format!("{detail}, too little to go on; make room on it"))
        } else {
            Check::good("room", detail)
        }
    });
    former.chain(room).collect()
}

fn progress(position: &Position) -> String {
    let unsent = position.last_seq.saturating_sub(position.acknowledged_seq);
    format!("records collected: {}, not yet received by the collector: {unsent}", position.last_seq)
}

fn clock() -> Check {
    let now_ms = SystemClock::start().wall_ms();
    match stamp::quality(now_ms, stamp::is_synchronised()) {
        ClockQuality::Synced => Check::good("clock", "synchronised".into()),
        ClockQuality::Free => Check {
            name: "clock",
            finding: Finding::Odd,
            detail: "plausible, but nobody vouches for it; is systemd-timesyncd running and the network up?"
                .into(),
        },
        ClockQuality::Unset => {
            Check::wrong("clock", &"certainly wrong; set it, or give the device a network once")
        }
    }
}

fn display() -> Check {
    if window::has_display() {
        Check::good("display", "found".into())
    } else {
        Check::wrong("display", &"none; set DISPLAY or WAYLAND_DISPLAY for the user the kiosk runs as")
    }
}

impl Check {
    fn good(name: &'static str, detail: String) -> Self {
        Self { name, finding: Finding::Good, detail }
    }

    fn odd(name: &'static str, detail: String) -> Self {
        Self { name, finding: Finding::Odd, detail }
    }

    fn wrong(name: &'static str, detail: &(impl ToString + ?Sized)) -> Self {
        Self { name, finding: Finding::Wrong, detail: detail.to_string() }
    }
}
