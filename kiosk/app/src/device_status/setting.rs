//! What a person has set: the configuration and what it names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afterword_protocol::system::SystemClock;

use super::Check;
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
        Ok(config) => checks(&config, path),
    }
}

/// The same of one that was read.
pub(super) fn checks(config: &Config, path: &Path) -> Vec<Check> {
    let detail = format!("{}, days in {}", config.store_name, config.time_zone);
    let configuration = Check::ok("configuration", detail)
        .with("store_name", config.store_name.clone())
        .with("time_zone", config.time_zone.name());
    let mut checks = vec![configuration];
    checks.extend(surveys(config, path));
    checks.extend(branding(config, path));
    checks.push(speech(&config.speech));
    checks
}

/// What is asked today, and what of the surveys cannot be meant so.
fn surveys(config: &Config, path: &Path) -> Vec<Check> {
    let agenda = match config.agenda(path) {
        Err(error) => return vec![Check::failed("survey", error.to_string())],
        Ok(agenda) => agenda,
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
