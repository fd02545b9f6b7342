//! Which survey is asked on which day.
//!
//! A store has its usual survey and may have others for a season. The first of those whose days it is, is asked in its place;
//! on all other days the usual one is, whatever its own days are, because a kiosk that asks nothing helps nobody.

use std::path::PathBuf;
use std::sync::Arc;

use afterword_model::settings::in_languages;
use afterword_model::survey::Survey;

/// The surveys of a store.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// In the order in which they are looked through.
    pub seasonal: Vec<(PathBuf, Arc<Survey>)>,
    /// See the module.
    pub usual: Arc<Survey>,
}

impl Agenda {
    /// What is asked on that local day, counted from 1970-01-01.
    #[must_use]
    pub fn on(&self, local_day: i64) -> &Arc<Survey> {
        let in_season = self.seasonal.iter().find(|(_, survey)| survey.is_valid_on(local_day));
        in_season.map_or(&self.usual, |(_, survey)| survey)
    }

    /// The same in these languages alone, as far as each survey has them; as they are where none are named.
    ///
    /// # Errors
    /// What is wrong when a survey has none of them.
    pub fn in_languages(self, languages: Option<&[String]>) -> Result<Self, String> {
        let Some(languages) = languages else { return Ok(self) };
        let seasonal = self.seasonal.into_iter();
        let seasonal = seasonal.map(|(path, survey)| Ok((path, Arc::new(in_languages(&survey, languages)?))));
        Ok(Self {
            seasonal: seasonal.collect::<Result<_, String>>()?,
            usual: Arc::new(in_languages(&self.usual, languages)?),
        })
    }

    /// The season's surveys without a last day: once such a one is asked, none after it and not the usual one ever is again.
    pub fn endless(&self) -> impl Iterator<Item = &PathBuf> {
        self.seasonal.iter().filter(|(_, survey)| survey.valid_until.is_none()).map(|(path, _)| path)
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::survey;

    use super::*;
    use crate::config::SHIPPED_SURVEY;

    fn survey(id: &str, days: Option<(i64, i64)>) -> Arc<Survey> {
        let mut survey = survey::parse(SHIPPED_SURVEY).unwrap().survey;
        survey.id = id.into();
        survey.valid_from = days.map(|(first, _)| first);
        survey.valid_until = days.map(|(_, last)| last);
        Arc::new(survey)
    }

    #[test]
    fn the_first_survey_in_season_is_asked_and_the_usual_one_on_all_other_days() {
        let agenda = Agenda {
            seasonal: vec![
                ("easter.toml".into(), survey("easter", Some((10, 12)))),
                ("spring.toml".into(), survey("spring", Some((11, 20)))),
            ],
            usual: survey("usual", Some((1, 2))),
        };
        let asked = |day| agenda.on(day).id.as_str();
        assert_eq!(
            [9, 10, 12, 13, 20, 21].map(asked),
            ["usual", "easter", "easter", "spring", "spring", "usual"]
        );
        assert_eq!(agenda.endless().count(), 0);
    }

    #[test]
    fn a_season_without_an_end_is_told_of() {
        let agenda =
            Agenda { seasonal: vec![("for-ever.toml".into(), survey("a", None))], usual: survey("b", None) };
        assert_eq!(agenda.endless().collect::<Vec<_>>(), [&PathBuf::from("for-ever.toml")]);
    }
}
