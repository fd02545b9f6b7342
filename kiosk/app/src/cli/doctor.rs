//! `afterword-kiosk doctor`: what a kiosk needs, checked one by one. The checks are [`crate::device_status`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use afterword_kiosk_store::{OpenError, Opened, Options, Store};
use afterword_model::ports::Clock;
use afterword_protocol::errand::{NETWORK_TEST_MAX_MS, TAKEN_WITHIN_MS, TestState};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Result, bail};
use clap::Args;

use super::{FOUND_MISTAKES, Places};
use crate::ask::RunningKiosk;
use crate::config::Config;
use crate::device_status::{self, Check, is_healthy, report};

/// From one look at a network test that is under way to the next.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Check what a kiosk needs, one line each, and say what to do about what is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "While the kiosk runs, it is asked over the socket and says what its screen says; otherwise the whole record chain and the\nroll-ups are recomputed.\n\n  afterword-kiosk doctor --network               has afterword-sync test the way to the collector first\n  afterword-kiosk doctor --report report.json    for whoever helps; nothing of shoppers or staff is in it\n\nExit codes: 0 nothing is wrong, 1 something is."
)]
pub(super) struct Doctor {
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Have the running kiosk's `afterword-sync` test the network first; takes up to half a minute.
    #[arg(long)]
    network: bool,
    /// Also write a report to this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    places: Places,
}

impl Doctor {
    pub(super) fn run(self) -> Result<ExitCode> {
        let clock = SystemClock::start();
        let config = Config::read(&self.places.config).ok();
        let data = self.places.data(config.as_ref());
        if self.network {
            test_network(&mut RunningKiosk::connect(&self.places.socket(config.as_ref()))?)?;
        }
        let mut checks = device_status::configuration(&self.places.config);
        let (database, is_running) = self.database(config.as_ref(), &clock);
        checks.extend(database);
        checks.extend(device_status::of_device(config.as_ref(), &data));
        // A kiosk that runs has its display; this command line may well come from afar and have none.
        if !is_running {
            checks.push(device_status::display());
        }
        if let Some(path) = &self.report {
            report::write(path, &checks, clock.wall_ms())?;
        }
        if self.json {
            println!("{}", device_status::json(&checks));
        } else {
            checks.iter().for_each(|check| println!("{}", check.line()));
        }
        Ok(if is_healthy(&checks) { ExitCode::SUCCESS } else { ExitCode::from(FOUND_MISTAKES) })
    }

    /// How the database is and what follows from it, and whether a kiosk is running on it.
    fn database(&self, config: Option<&Config>, clock: &SystemClock) -> (Vec<Check>, bool) {
        let (data, socket) = (self.places.data(config), self.places.socket(config));
        // Where the lock file stands alone, a database is missing, and opening tells what it had.
        if ["kiosk.db", "kiosk.lock"].iter().all(|name| !data.join(name).exists()) {
            return (vec![device_status::missing(&data), device_status::clock(clock.wall_ms(), None)], false);
        }
        let options = Options {
            clock: Arc::new(*clock),
            entropy: Arc::new(SystemEntropy),
            opens_cases: config.is_none_or(|config| config.follow_ups.open),
        };
        match Store::open(&data, options) {
            Ok((store, opened)) => (closed(store, &opened, clock), false),
            Err(OpenError::InUse { .. }) => {
                let asked = RunningKiosk::connect(&socket).and_then(|mut kiosk| running(&mut kiosk, clock));
                (asked.unwrap_or_else(|error| unreadable(format!("{error:#}"), clock)), true)
            }
            Err(error) => (unreadable(error.to_string(), clock), false),
        }
    }
}

/// Has the network tested, and waits for the end of it.
fn test_network(kiosk: &mut RunningKiosk) -> Result<()> {
    kiosk.test_network()?;
    let looks =
        Duration::from_millis(TAKEN_WITHIN_MS + 2 * NETWORK_TEST_MAX_MS).as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        match kiosk.device()?.map(|facts| facts.network_test) {
            Some(TestState::Waiting | TestState::UnderWay { .. }) => std::thread::park_timeout(LOOK_EVERY),
            Some(_) => return Ok(()),
            None => break,
        }
    }
    bail!("the running kiosk does not say what became of the network test; update and restart it")
}

fn running(kiosk: &mut RunningKiosk, clock: &SystemClock) -> Result<Vec<Check>> {
    let facts = kiosk.device()?;
    let Some(facts) = facts else {
        let detail = "in use by a running kiosk that is older than this command; restart it, and it says how the device is";
        return Ok(vec![Check::unknown("database", detail), device_status::clock(clock.wall_ms(), None)]);
    };
    let mut checks = vec![device_status::in_use(&facts)];
    checks.extend(device_status::checks(&facts, clock));
    Ok(checks)
}

fn closed(store: Store, opened: &Opened, clock: &SystemClock) -> Vec<Check> {
    let looked = store
        .verify()
        .and_then(|verified| Ok((verified, device_status::facts(&store, None, clock.wall_ms())?)));
    // In either case: an opening that ends without a word counts against settings on trial.
    let looked = store.close().and(looked);
    let (verified, facts) = match looked {
        Err(error) => return [unreadable(error.to_string(), clock), device_status::damaged(opened)].concat(),
        Ok(looked) => looked,
    };
    let mut checks = vec![device_status::closed(&verified, &facts)];
    checks.extend(device_status::damaged(opened));
    checks.extend(device_status::checks_without_kiosk(&facts, clock));
    checks
}

fn unreadable(error: impl Into<String>, clock: &SystemClock) -> Vec<Check> {
    vec![device_status::unreadable(error), device_status::clock(clock.wall_ms(), None)]
}
