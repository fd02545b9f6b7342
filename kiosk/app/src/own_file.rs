//! The device's own file, and what it comes to with head office's settings on top.
//!
//! What head office decides wins over the file, and what it leaves out is as the file has it: the file is what a device starts
//! with before anybody has decided anything, and what it falls back to when that is taken back. A survey of head office's is asked
//! in place of all that the file names, those of a season too. The file alone says where things are, what is secret and what
//! is run.

use std::sync::Arc;

use afterword_kiosk_store::{Decided, Store};
use afterword_model::settings::{Settings, SettingsError};

use crate::agenda::Agenda;
use crate::config::Config;

/// See the module.
#[derive(Debug, Clone)]
pub struct OwnFile {
    config: Config,
    agenda: Agenda,
}

/// What a kiosk goes by.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The configuration.
    pub config: Config,
    /// The surveys.
    pub agenda: Agenda,
}

impl OwnFile {
    /// As it was read.
    #[must_use]
    pub fn new(config: Config, agenda: Agenda) -> Self {
        Self { config, agenda }
    }

    /// With these settings on top.
    ///
    /// # Errors
    /// [`SettingsError`] when the two do not go together; each by itself may be sound.
    pub fn with(&self, settings: &Settings) -> Result<Standing, SettingsError> {
        settings.check()?;
        let mut config = self.config.clone();
        if let Some(name) = &settings.store_name {
            config.store_name.clone_from(name);
        }
        if let Some(hours) = &settings.hours {
            let wrong = |what| SettingsError { field: "hours".into(), what };
            config.hours = Some(hours.read().map_err(wrong)?);
        }
        if let Some(accent) = &settings.brand.accent {
            let wrong = |error: afterword_ui::brand::NotAColour| SettingsError {
                field: "brand.accent".into(),
                what: error.to_string(),
            };
            config.brand.accent = Some(accent.parse().map_err(wrong)?);
        }
        let (decided, alerts) = (&settings.alerts, &mut config.alerts);
        alerts.enabled = decided.enabled.unwrap_or(alerts.enabled);
        alerts.window_min = decided.window_min.unwrap_or(alerts.window_min);
        alerts.answers_min = decided.answers_min.unwrap_or(alerts.answers_min);
        alerts.unhappy_percent = decided.unhappy_percent.unwrap_or(alerts.unhappy_percent);
        alerts.close_percent = decided.close_percent.unwrap_or(alerts.close_percent);
        alerts.hourly = decided.hourly.unwrap_or(alerts.hourly);
        if let Some((field, what)) = alerts.mistake() {
            let what = format!("together with this device's own file it cannot be used: {what}");
            return Err(SettingsError { field: format!("alerts.{field}"), what });
        }
        config.follow_ups = config.follow_ups.with(settings.follow_ups);
        if let Some(languages) = &settings.languages {
            config.languages = Some(languages.clone());
        }
        let (ask, times) = (settings.ask, settings.times);
        config.ask.comment = ask.comment.or(config.ask.comment);
        config.ask.contact = ask.contact.or(config.ask.contact);
        config.times.idle_s = times.idle_s.or(config.times.idle_s);
        config.times.thanks_s = times.thanks_s.or(config.times.thanks_s);
        let agenda = self.agenda_with(settings, config.languages.as_deref())?;
        Ok(Standing { config, agenda })
    }

    fn agenda_with(
        &self,
        settings: &Settings,
        languages: Option<&[String]>,
    ) -> Result<Agenda, SettingsError> {
        let agenda = match settings.read_survey()? {
            Some(survey) => Agenda { seasonal: Vec::new(), usual: Arc::new(survey) },
            None => self.agenda.clone(),
        };
        agenda.in_languages(languages).map_err(|what| SettingsError { field: "languages".into(), what })
    }

    /// What a kiosk begins with: what the store has kept on top, and where that does not go with the file, the file alone. Says so
    /// in the heartbeat.
    #[must_use]
    pub fn begin(self, store: &Store) -> (Self, Standing) {
        let decided = store.decided();
        let Decided { version, settings } = &*decided;
        let standing = match self.with(settings) {
            Ok(standing) => {
                store.runs_settings(*version);
                standing
            }
            Err(error) => {
                tracing::error!(%error, "head office's settings do not go with this device's own file, which it goes by alone");
                // By itself it was found sound when it was read.
                self.with(&Settings::default())
                    .unwrap_or_else(|_| Standing { config: self.config.clone(), agenda: self.agenda.clone() })
            }
        };
        (self, standing)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use afterword_model::settings::{AlertSettings, BrandSettings, FollowUpSettings};

    use super::*;

    const FILE: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"UTC\"\n[alerts]\nunhappy_percent = 60\n[brand]\naccent = \"#222222\"\n[hours]\nmon = [\"08:00-20:00\"]\n";

    fn own() -> OwnFile {
        let path = Path::new("kiosk.toml");
        let config = Config::parse(path, FILE).unwrap();
        let agenda = config.agenda(path).unwrap();
        OwnFile::new(config, agenda)
    }

    #[test]
    fn what_is_decided_wins_and_what_is_not_is_as_the_file_has_it() {
        let own = own();
        let nothing = own.with(&Settings::default()).unwrap();
        assert_eq!(nothing.config.store_name, "Harbour Street");
        assert!(Arc::ptr_eq(&nothing.agenda.usual, &own.agenda.usual));
        let decided = Settings {
            store_name: Some("Mill Lane".into()),
            survey: Some(include_str!("../surveys/pharmacy-nps.toml").into()),
            alerts: AlertSettings { window_min: Some(30), ..AlertSettings::default() },
            brand: BrandSettings { accent: Some("#114599".into()) },
            follow_ups: FollowUpSettings { act_h: Some(5), ..FollowUpSettings::default() },
            ..Settings::default()
        };
        let Standing { config, agenda } = own.with(&decided).unwrap();
        assert_eq!((config.store_name.as_str(), config.alerts.window_min), ("Mill Lane", 30));
        assert_eq!((config.alerts.unhappy_percent, config.hours.is_some()), (60, true));
        assert_eq!(config.brand.accent.unwrap().to_string(), "#114599");
        assert_eq!(config.follow_ups.slas.usual.act_ms, 5 * 60 * 60 * 1_000);
        assert_eq!(agenda.usual.id, "pharmacy-nps");
    }

    #[test]
    fn languages_questions_and_times_are_decided_beside_the_survey() {
        let text = FILE.replace(
            "[alerts]",
            "languages = [\"de\", \"fr\"]\n[ask]\ncontact = false\n[times]\nidle_s = 60\n[alerts]",
        );
        let path = Path::new("kiosk.toml");
        let config = Config::parse(path, &text).unwrap();
        let own = OwnFile::new(config.clone(), config.agenda(path).unwrap());
        let tags = |standing: &Standing| {
            let survey = &standing.agenda.usual;
            let tags = survey.languages.iter().map(|language| language.tag.as_str()).collect::<Vec<_>>();
            (survey.default_language.clone(), tags.join(" "))
        };
        let by_file = own.with(&Settings::default()).unwrap();
        assert_eq!(tags(&by_file), ("de".into(), "de fr".into()));
        assert_eq!((by_file.config.limits().idle_ms, by_file.config.asks().contacts), (60_000, false));
        let mut decided = Settings { languages: Some(vec!["pl".into(), "en".into()]), ..Settings::default() };
        decided.times.thanks_s = Some(30);
        decided.ask.comment = Some(false);
        decided.follow_ups.open = Some(false);
        let standing = own.with(&decided).unwrap();
        assert_eq!(tags(&standing), ("pl".into(), "pl en".into()), "also those that the file leaves out");
        let limits = standing.config.limits();
        assert_eq!((limits.idle_ms, limits.thanks_ms, limits.thanks_with_code_ms), (60_000, 30_000, 30_000));
        let asks = standing.config.asks();
        assert!(!asks.comments && !asks.contacts && !standing.config.follow_ups.open);
        decided.languages = Some(vec!["xx".into()]);
        let error = own.with(&decided).unwrap_err().to_string();
        assert!(error.starts_with("languages: the survey `grocery-exit` has none of them"), "{error}");
    }

    #[test]
    fn what_does_not_go_with_the_file_is_refused() {
        let mut decided = Settings::default();
        decided.alerts.close_percent = Some(70);
        let error = own().with(&decided).unwrap_err().to_string();
        assert!(error.starts_with("alerts.close_percent: together with this device's own file"), "{error}");
    }
}
