//! The device's configuration: one TOML file that says where this kiosk stands and what its store is called.
//!
//! It is read once at start. A file with a mistake is refused whole, with its line and a way out; nothing is
//! half-used. Fleet-wide configuration comes in layers later; this file is the device's own layer.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use afterword_kiosk_core::{Asks, OpeningHours, TimeLimits};
use afterword_model::settings::{AskSettings, TimeSettings, languages_mistake};
use afterword_model::survey::{self, Severity, Survey};
use afterword_protocol::seal::SealingKey;
use afterword_ui::Panel;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;

use crate::agenda::Agenda;
use crate::alerts::config::Alerting;
use crate::branding::Branding;
use crate::follow_ups::FollowUps;
use crate::pages::left_out_without_key;
use crate::speech::Speech;
use crate::sticks::Exporting;

/// The survey that is used when the configuration names none.
pub const SHIPPED_SURVEY: &str = include_str!("../surveys/grocery-exit.toml");

/// The largest file that is read, configuration or survey: a hundred times what a store writes, and no memory bomb.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// A touchpoint is a short name that goes into every record.
const TOUCHPOINT_BYTES_MAX: usize = 40;

/// A QR code the size of the ticket holds this many bytes with every square still 7 pixels wide.
const VOUCHER_CODE_BYTES_MAX: usize = 100;

/// Words by language tag.
pub type Words = BTreeMap<String, String>;

/// What the file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file format; 1.
    pub format: u8,
    /// The store's name, beside the logo.
    pub store_name: String,
    /// Where the kiosk stands: `exit`, `checkout`, `fitting-room`…; written into every response.
    #[serde(default)]
    pub touchpoint: Option<String>,
    /// The store's time zone by its IANA name; days begin and end in it.
    pub time_zone: Tz,
    /// The panel in pixels: `1280x800`, `800x480` or `720x1280`; the first when it is left out.
    #[serde(default)]
    pub panel: PanelSize,
    /// The survey file, relative to this file; the shipped survey when it is left out.
    #[serde(default)]
    pub survey: Option<PathBuf>,
    /// Surveys that are asked in its place while they are valid, relative to this file; see [`crate::agenda`].
    #[serde(default)]
    pub seasonal: Vec<PathBuf>,
    /// The folder of the database, relative to this file; `/var/lib/afterword/kiosk` when it is left out.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// The socket that the kiosk answers at, relative to this file; `/run/afterword/kiosk.sock` when it is left out.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// To whom what shoppers leave for a reply is sealed, as `afterword-collector contact new-key` prints it. Without it
    /// no question for a number or an address is asked.
    #[serde(default, deserialize_with = "contact_key")]
    pub contact_key: Option<SealingKey>,
    /// Nothing on the screen moves by itself, and rings are numbers of seconds: for places where that makes dizzy, and for
    /// devices too slow to draw it. Left out: pages settle, keys sink and the strip rises.
    #[serde(default)]
    pub reduced_motion: bool,
    /// The store's colour and logo.
    #[serde(default)]
    pub brand: Branding,
    /// Tags of the languages that are offered, as far as a survey has them; it rests in the first. Left out: all that it has.
    #[serde(default)]
    pub languages: Option<Vec<String>>,
    /// What a survey may ask here.
    #[serde(default)]
    pub ask: AskSettings,
    /// How long the screen waits.
    #[serde(default)]
    pub times: TimeSettings,
    /// When the shop is open; the screen sleeps outside. Left out: it never sleeps.
    #[serde(default, deserialize_with = "crate::hours::read")]
    pub hours: Option<OpeningHours>,
    /// Where the speech service is: `off`, or the path of its socket; where it is as a rule when it is left out.
    #[serde(default)]
    pub speech: Speech,
    /// When somebody is told that many are unhappy just now.
    #[serde(default)]
    pub alerts: Alerting,
    /// What the store changed because of feedback, newest first; shown on the strip while the collector sends nothing.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// When answers are followed up, and how soon.
    #[serde(default)]
    pub follow_ups: FollowUps,
    /// Where sticks are mounted that somebody exports to.
    #[serde(default)]
    pub export: Exporting,
    /// A code to take along after an answer.
    #[serde(default)]
    pub voucher: Option<VoucherConfig>,
}

/// A panel, by its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum PanelSize {
    /// 10.1 inches.
    #[default]
    #[serde(rename = "1280x800")]
    Wide,
    /// 7 inches.
    #[serde(rename = "800x480")]
    Small,
    /// 7 inches, upright.
    #[serde(rename = "720x1280")]
    Tall,
}

impl PanelSize {
    /// As the pages know it.
    #[must_use]
    pub fn panel(self) -> Panel {
        match self {
            Self::Wide => Panel::Wide,
            Self::Small => Panel::Small,
            Self::Tall => Panel::Tall,
        }
    }
}

/// "You said → we did".
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What shoppers said, by language.
    pub said: Words,
    /// What the store did, by language.
    pub did: Words,
    /// When, as TOML writes a date (2026-11-12, without quotes).
    #[serde(deserialize_with = "toml_date")]
    pub date: NaiveDate,
}

/// The ticket on the thanks page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoucherConfig {
    /// What it is worth, by language.
    pub title: Words,
    /// How to use it, by language.
    pub detail: Words,
    /// What the QR code says.
    pub code: String,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {reason}; write one (see `afterword-kiosk run --help`) or name it with --config", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The file can be read and not used.
    #[error("{path}:{line}: {message}; correct the line and start again", path = path.display())]
    Mistake {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The survey cannot be read.
    #[error("cannot read the survey {path}, which the configuration names: {reason}; correct `survey` or put the file there", path = path.display())]
    ReadSurvey {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A survey has none of the languages that are to be offered.
    #[error("{path}: languages: {what}", path = path.display())]
    Languages {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The survey has mistakes.
    #[error("the survey {path} cannot be used, mistakes: {count}, the first at {first}; see all of them with `afterword-kiosk survey check {path}`", path = path.display())]
    Survey {
        /// Which file.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The first of them.
        first: String,
    },
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] in one sentence, with the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason| ConfigError::Read { path: path.to_owned(), reason };
        let bytes = read_bounded(path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| unreadable(std::io::Error::other(error)))?;
        Self::parse(path, &text)
    }

    /// Checks the text of a configuration; `path` is for the messages.
    ///
    /// # Errors
    /// [`ConfigError::Mistake`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mistake = |line, message| ConfigError::Mistake { path: path.to_owned(), line, message };
        let config: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
            mistake(line, error.message().replace('\n', " "))
        })?;
        let at = |field: &str| line_of(text, field);
        if config.format != 1 {
            return Err(mistake(
                at("format"),
                format!("format is {}, this program reads format 1", config.format),
            ));
        }
        if config.store_name.trim().is_empty() {
            return Err(mistake(
                at("store_name"),
                "store_name is empty; shoppers see it beside the logo".into(),
            ));
        }
        if config.voucher.as_ref().is_some_and(|voucher| voucher.code.len() > VOUCHER_CODE_BYTES_MAX) {
            let limit = VOUCHER_CODE_BYTES_MAX;
            return Err(mistake(
                at("code"),
                format!("voucher.code is longer than {limit} bytes and would not scan"),
            ));
        }
        if let Some((field, what)) = config.alerts.mistake() {
            return Err(mistake(at(field), what));
        }
        if let Some((field, what)) = config.export.mistake() {
            return Err(mistake(at(field), what));
        }
        if let Some(what) = config.languages.as_deref().and_then(languages_mistake) {
            return Err(mistake(at("languages"), format!("languages: {what}")));
        }
        if let Some((field, what)) = config.times.mistake() {
            return Err(mistake(at(field), format!("times.{field}: {what}")));
        }
        if config.touchpoint.as_deref().is_some_and(|name| !is_touchpoint(name)) {
            let what = "touchpoint has 1 to 40 lower-case letters, digits and hyphens, as in fitting-room";
            return Err(mistake(at("touchpoint"), what.into()));
        }
        Ok(config)
    }

    /// How long a shopper has on this kiosk.
    #[must_use]
    pub fn limits(&self) -> TimeLimits {
        const SECOND_MS: u64 = 1_000;
        let usual = TimeLimits::default();
        let thanks_ms = self.times.thanks_s.map_or(usual.thanks_ms, |seconds| seconds * SECOND_MS);
        TimeLimits {
            idle_ms: self.times.idle_s.map_or(usual.idle_ms, |seconds| seconds * SECOND_MS),
            thanks_ms,
            thanks_with_code_ms: usual.thanks_with_code_ms.max(thanks_ms),
            has_voucher: self.voucher.is_some(),
            ..usual
        }
    }

    /// What a survey may ask on this kiosk.
    #[must_use]
    pub fn asks(&self) -> Asks {
        Asks { comments: self.ask.comment.unwrap_or(true), contacts: self.ask.contact.unwrap_or(true) }
    }

    /// The survey this configuration names.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read or has mistakes.
    pub fn survey(&self, config_path: &Path) -> Result<Arc<Survey>, ConfigError> {
        let (path, bytes) = match &self.survey {
            None => (PathBuf::from("grocery-exit.toml"), SHIPPED_SURVEY.as_bytes().to_vec()),
            Some(file) => read_beside(config_path, file)?,
        };
        self.checked(path, &bytes)
    }

    /// The same with those of a season, each in all of its languages.
    ///
    /// # Errors
    /// As [`Self::survey`], for the first that cannot be used.
    pub fn agenda(&self, config_path: &Path) -> Result<Agenda, ConfigError> {
        let seasonal = self.seasonal.iter().map(|file| {
            let (path, bytes) = read_beside(config_path, file)?;
            Ok((path.clone(), self.checked(path, &bytes)?))
        });
        let agenda =
            Agenda { seasonal: seasonal.collect::<Result<_, _>>()?, usual: self.survey(config_path)? };
        // As they are: head office may name other languages than the file.
        match agenda.clone().in_languages(self.languages.as_deref()) {
            Ok(_) => Ok(agenda),
            Err(what) => Err(ConfigError::Languages { path: config_path.to_owned(), what }),
        }
    }

    fn checked(&self, path: PathBuf, bytes: &[u8]) -> Result<Arc<Survey>, ConfigError> {
        match survey::parse_bytes(bytes) {
            Ok(parsed) => {
                if self.contact_key.is_none()
                    && let Some(left_out) = left_out_without_key(&parsed.survey)
                {
                    tracing::warn!("{}: {left_out}", path.display());
                }
                Ok(Arc::new(parsed.survey))
            }
            Err(found) => {
                let mistakes = || found.iter().filter(|one| one.severity == Severity::Mistake);
                let first = mistakes().next().map(ToString::to_string).unwrap_or_default();
                Err(ConfigError::Survey { path, count: mistakes().count(), first })
            }
        }
    }
}

/// A path that a configuration names, from its own folder on.
#[must_use]
pub fn beside(config_path: &Path, named: &Path) -> PathBuf {
    config_path.parent().unwrap_or(Path::new(".")).join(named)
}

/// A survey's file, which the configuration names from where it is itself.
fn read_beside(config_path: &Path, file: &Path) -> Result<(PathBuf, Vec<u8>), ConfigError> {
    let path = beside(config_path, file);
    let bytes =
        read_bounded(&path).map_err(|reason| ConfigError::ReadSurvey { path: path.clone(), reason })?;
    Ok((path, bytes))
}

/// Reads a file of at most 256 KiB; a pipe or a device that never ends is no file.
///
/// # Errors
/// When it cannot be read or is longer.
pub fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other("it is larger than 256 KiB"));
    }
    Ok(bytes)
}

fn is_touchpoint(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=TOUCHPOINT_BYTES_MAX).contains(&name.len()) && name.bytes().all(known)
}

/// The line, from 1, on which a field is set; the first where it is not found.
fn line_of(text: &str, field: &str) -> usize {
    let sets = |line: &str| {
        line.trim_start().strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().position(sets).map_or(1, |index| index + 1)
}

/// The words for a language: its own, else the survey's default language, else any there are.
#[must_use]
pub fn in_language<'w>(words: &'w Words, tag: &str, default_tag: &str) -> &'w str {
    words
        .get(tag)
        .or_else(|| words.get(default_tag))
        .or_else(|| words.values().next())
        .map_or("", String::as_str)
}

/// The day of a TOML date; none where it is no day of the calendar.
pub(crate) fn date_of(written: &toml::value::Datetime) -> Option<NaiveDate> {
    let date = written.date?;
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
}

fn toml_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    date_of(&toml::value::Datetime::deserialize(deserializer)?)
        .ok_or_else(|| serde::de::Error::custom("a date is written YYYY-MM-DD, without quotes"))
}

fn contact_key<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SealingKey>, D::Error> {
    SealingKey::parse(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";

    fn message(text: &str) -> String {
        Config::parse(Path::new("kiosk.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_survey_is_whole() {
        let config = Config::parse(Path::new("kiosk.toml"), GOOD).unwrap();
        assert_eq!(config.survey(Path::new("kiosk.toml")).unwrap().id, "grocery-exit");
    }

    #[test]
    fn the_example_is_whole() {
        let config = Config::parse(Path::new("kiosk.toml"), include_str!("../examples/kiosk.toml")).unwrap();
        assert_eq!(config.changes[0].date, NaiveDate::from_ymd_opt(2026, 11, 12).unwrap());
    }

    #[test]
    fn a_mistake_names_its_line() {
        let times = message(&format!("{GOOD}[times]\nidle_s = 5\n"));
        assert!(
            times.starts_with("kiosk.toml:5: times.idle_s: it is a number of seconds from 15 to 120"),
            "{times}"
        );
        assert!(message(&format!("{GOOD}languages = []\n")).starts_with("kiosk.toml:4: languages: it names"));
        let foreign =
            Config::parse(Path::new("kiosk.toml"), &format!("{GOOD}languages = [\"xx\"]\n")).unwrap();
        let error = foreign.agenda(Path::new("kiosk.toml")).unwrap_err().to_string();
        assert!(error.starts_with("kiosk.toml: languages: the survey `grocery-exit` has none"), "{error}");
        assert!(
            message("format = 1\nstore_nam = \"x\"\n").starts_with("kiosk.toml:2: unknown field `store_nam`")
        );
        let zone = message(&GOOD.replace("Europe/London", "Europe/Londn"));
        assert!(zone.starts_with("kiosk.toml:3:"), "{zone}");
        assert!(message(&GOOD.replace("format = 1", "format = 2")).contains("reads format 1"));
        assert!(
            message(&GOOD.replace("Harbour Street", " ")).starts_with("kiosk.toml:2: store_name is empty")
        );
        let key = message(&format!("{GOOD}contact_key = \"afterword-contact-1-AAAA\"\n"));
        assert!(key.starts_with("kiosk.toml:4: this is no contact key, or it was mistyped"), "{key}");
        let hours = message(&format!("{GOOD}[hours]\nmon = [\"8-20\"]\n"));
        assert!(hours.starts_with("kiosk.toml:4: `8-20` is no opening time"), "{hours}");
        assert!(message(&format!("{GOOD}[hours]\nsun = []\n")).contains("the shop never opens"));
        let colour = message(&format!("{GOOD}[brand]\naccent = \"blue\"\n"));
        assert!(colour.starts_with("kiosk.toml:5: a colour is written as #"), "{colour}");
        let speech = message(&format!("{GOOD}speech = \"on\"\n"));
        assert!(speech.starts_with("kiosk.toml:4: speech is \"off\" or the whole path"), "{speech}");
        let sticks = message(&format!("{GOOD}[export]\nfolders = [\"media\"]\n"));
        assert!(sticks.starts_with("kiosk.toml:5: export.folders has media"), "{sticks}");
        let touchpoint = format!("{GOOD}touchpoint = \"{}\"\n", "x".repeat(41));
        assert!(message(&touchpoint).starts_with("kiosk.toml:4: touchpoint has 1 to 40"));
    }

    #[test]
    fn hours_are_read_for_each_day_and_a_day_left_out_is_closed() {
        let text =
            format!("{GOOD}[hours]\nmon = [\"08:00-12:00\", \"14:00-20:00\"]\nclosed_on = [2026-12-25]\n");
        let hours = Config::parse(Path::new("kiosk.toml"), &text).unwrap().hours.unwrap();
        assert_eq!(hours.week[0], [(480, 720), (840, 1200)]);
        assert!(hours.week[6].is_empty());
        assert_eq!(hours.closed_on, [20_812]);
    }

    #[test]
    fn a_missing_translation_falls_back() {
        let words = Words::from([("en".into(), "yes".into()), ("de".into(), "ja".into())]);
        assert_eq!(in_language(&words, "de", "en"), "ja");
        assert_eq!(in_language(&words, "fr", "en"), "yes");
        assert_eq!(in_language(&Words::new(), "fr", "en"), "");
    }
}
