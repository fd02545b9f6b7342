//! What a person has set: the configuration and what it names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afterword_model::settings::Settings;
use afterword_protocol::system::SystemClock;

use super::Check;
use crate::agenda::Agenda;
use crate::alerts::config::Alerting;
use crate::alerts::hook;
use crate::config::Config;
use crate::speech::ssip::Ssip;
use crate::speech::{Place, Speech};
use crate::stamp::Stamper;

/// A speech service that says nothing for so long is stuck, and a person waits for the list.
const SPEECH_PATIENCE: Duration = Duration::from_secs(5);

/// The configuration at this path, and what it names.
pub(crate) fn configuration(path: &Path) -> Vec<Check> {
    match Config::read(path) {
        Err(error) => vec![Check::failed("configuration", error.to_string())],
        Ok(config) => checks(&config, path, &Settings::default()),
    }
}

/// The same of one that was read, with head office's settings on top of it.
pub(super) fn checks(config: &Config, path: &Path, decided: &Settings) -> Vec<Check> {
    let detail = format!("{}, days in {}", config.store_name, config.time_zone);
    let configuration = Check::ok("configuration", detail)
        .with("store_name", config.store_name.clone())
        .with("time_zone", config.time_zone.name());
    let mut checks = vec![configuration];
    checks.extend(surveys(config, path, decided));
    checks.extend(branding(config, path));
    checks.push(speech(&config.speech));
    checks.push(alerts(&config.alerts));
    checks
}

/// When an alert opens, and whether who is to be told can be.
fn alerts(alerts: &Alerting) -> Check {
    const NAME: &str = "alerts";
    if !alerts.enabled {
        return Check::ok(NAME, "off, as the configuration says");
    }
    let Alerting { unhappy_percent, answers_min, window_min, hourly, command, .. } = alerts;
    let also = if *hourly { ", and on the hour by the control chart" } else { "" };
    let rule = format!(
        "one opens when {unhappy_percent} % of at least {answers_min} ratings within {window_min} minutes are unhappy{also}"
    );
    let Some(program) = command.first() else {
        return Check::ok(NAME, format!("{rule}; no program is told, `alerts.command` names none"));
    };
    match hook::fault(Path::new(program)) {
        Some(fault) => Check::failed(NAME, fault.to_string()),
        None => Check::ok(NAME, format!("{rule}; {program} is told")),
    }
}

/// What is asked today, and what of the surveys cannot be meant so.
fn surveys(config: &Config, path: &Path, decided: &Settings) -> Vec<Check> {
    let agenda = match (decided.read_survey(), config.agenda(path)) {
        (Ok(Some(survey)), _) => Agenda { seasonal: Vec::new(), usual: Arc::new(survey) },
        (_, Err(error)) => return vec![Check::failed("survey", error.to_string())],
        (_, Ok(agenda)) => agenda,
    };
    let today = Stamper::new(Arc::new(SystemClock::start()), config.time_zone, 0).now().local_day();
    let asked = agenda.on(today);
    let survey = Check::ok("survey", format!("{} version {}", asked.id, asked.version))
        .with("survey", asked.id.clone())
        .with("survey_version", asked.version);
    let mut checks = vec![survey];
    let odd = |detail: String| Check::warning("survey", detail);
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
        Err(error) => vec![Check::failed("brand", format!("{error:#}"))],
        Ok(prepared) => {
            prepared.remarks().into_iter().map(|detail| Check::warning("brand", detail)).collect()
        }
    }
}

/// Whether prompts are spoken. A kiosk without is whole, unless it was told where they come from.
fn speech(speech: &Speech) -> Check {
    const NAME: &str = "spoken prompts";
    let socket = match speech.place() {
        Place::Socket(socket) => socket,
        Place::Off => return Check::ok(NAME, "off, as the configuration says"),
        Place::NoSocket(address) => {
            let detail =
                format!("none: SPEECHD_ADDRESS is {address}, and a kiosk opens no network connection");
            return Check::warning(NAME, detail);
        }
        Place::Unknown => {
            let detail = "none: nothing says where this user's sockets are; set XDG_RUNTIME_DIR, or name the socket with `speech`";
            return Check::warning(NAME, detail);
        }
    };
    let at = socket.display();
    match Ssip::connect(&socket, SPEECH_PATIENCE).and_then(|mut ssip| ssip.output_modules()) {
        Ok(modules) if modules.iter().any(|module| module != "dummy") => {
            let modules = modules.join(", ");
            Check::ok(NAME, format!("speech-dispatcher answers at {at} and speaks through {modules}"))
        }
        Ok(_) => Check::warning(
            NAME,
            format!(
                "speech-dispatcher answers at {at} and has no voice; install one, such as speech-dispatcher-espeak-ng"
            ),
        ),
        Err(error) if *speech == Speech::WhereItIs => Check::ok(
            NAME,
            format!("none, speech-dispatcher does not answer at {at} ({error}); install it to have them"),
        ),
        Err(error) => Check::warning(
            NAME,
            format!(
                "none, speech-dispatcher does not answer at {at} ({error}); start it, or correct `speech`"
            ),
        ),
    }
}
