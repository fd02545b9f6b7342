//! What head office may decide about a kiosk: a whitelist, every field of it optional.
//!
//! Head office writes it in layers: for the organisation, a region, a store, a device. [`merge`] takes them from the outermost
//! inwards, and what is said further in wins, field by field; opening hours and the survey are a field each and are taken
//! whole, because half of another's week is nobody's. The names are those of `kiosk.toml`.
//!
//! Invariants: there is no field for a secret, a path, a program to run, an address or anything else that could cut a device
//! off or open it, so that whoever holds head office's keys decides what is asked and shown, and no more. A field that this
//! program does not know is refused, by a collector and by a kiosk alike: what is not carried out is not to look as if it were.

mod follow_ups;
mod screen;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::hours::HoursTable;
use crate::survey::{self, Severity, Survey, is_blank, is_refused};

pub use follow_ups::{FOLLOW_UP_HOURS_MAX, FollowUpHours, FollowUpSettings};
pub use screen::{
    AskSettings, IDLE_S, LANGUAGES_MAX, THANKS_S, TimeSettings, in_languages, languages_mistake,
};

/// Characters of a store's name: what stands beside the logo.
pub const STORE_NAME_CHARS_MAX: usize = 60;

/// A longer window would tell of the morning in the evening; four hours are half a shift.
pub const ALERT_WINDOW_MIN_MAX: u32 = 240;

/// Who waits for more answers than this within one window wants a report, not an alert.
pub const ALERT_ANSWERS_MIN_MAX: u64 = 100;

/// One layer, or all of them merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The store's name, beside the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_name: Option<String>,
    /// The whole text of a survey's file. It is asked in place of every survey that the device's own file names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// Tags of the languages that are offered, as far as a survey has them; it rests in the first. All of the survey's where nothing is
    /// said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    /// When the shop is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<HoursTable>,
    /// What a survey may ask here.
    #[serde(skip_serializing_if = "is_default")]
    pub ask: AskSettings,
    /// How long the screen waits.
    #[serde(skip_serializing_if = "is_default")]
    pub times: TimeSettings,
    /// The store's colour.
    #[serde(skip_serializing_if = "is_default")]
    pub brand: BrandSettings,
    /// When an alert opens and closes.
    #[serde(skip_serializing_if = "is_default")]
    pub alerts: AlertSettings,
    /// How soon something is done about an answer.
    #[serde(skip_serializing_if = "is_default")]
    pub follow_ups: FollowUpSettings,
}

/// The table `[brand]`, as far as head office decides it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrandSettings {
    /// The colour of the next thing to do, as `#RRGGBB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
}

/// The table `[alerts]`, as far as head office decides it: never what is run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// Whether any alert opens at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Minutes that are looked back, 1 to [`ALERT_WINDOW_MIN_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_min: Option<u32>,
    /// Fewer ratings than this open nothing, 1 to [`ALERT_ANSWERS_MIN_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers_min: Option<u64>,
    /// An alert opens when so many of a hundred are unhappy, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhappy_percent: Option<u64>,
    /// It closes below so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_percent: Option<u64>,
    /// Whether hours are held against the four weeks before, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hourly: Option<bool>,
}

/// A field that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct SettingsError {
    /// Which, as in `alerts.window_min`.
    pub field: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Settings {
    /// Reads JSON, as settings travel and are stored. Nothing is checked but the shape.
    ///
    /// # Errors
    /// [`SettingsError`], also for a field that this program does not know.
    pub fn from_json(json: &str) -> Result<Self, SettingsError> {
        serde_json::from_str(json).map_err(|error| wrong("settings", error.to_string()))
    }

    /// Reads a layer as a person writes it. Nothing is checked but the shape; `survey` is what stands there, the name of a file.
    ///
    /// # Errors
    /// The line, from 1, and what is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
            (line, error.message().replace('\n', " "))
        })
    }

    /// A layer as a person writes it, without the survey, which is a text of its own.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let others = Self { survey: None, ..self.clone() };
        toml::to_string(&others).expect("settings hold only texts, numbers and lists")
    }

    /// As they travel and are stored: the same bytes for the same settings.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("settings hold only texts, numbers and lists")
    }

    /// Whether nothing is decided.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a kiosk can go by them.
    ///
    /// # Errors
    /// [`SettingsError`], the first that is found; of a survey the first mistake, with its line, and how many there are.
    pub fn check(&self) -> Result<(), SettingsError> {
        if let Some(name) = &self.store_name {
            if is_blank(name) {
                return Err(wrong("store_name", "it is empty; shoppers see it beside the logo"));
            }
            if name.chars().count() > STORE_NAME_CHARS_MAX {
                return Err(wrong("store_name", format!("it has at most {STORE_NAME_CHARS_MAX} characters")));
            }
            if name.chars().any(is_refused) {
                return Err(wrong("store_name", "it holds a character that would play with the screen"));
            }
        }
        let is_hex = |text: &str| {
            text.strip_prefix('#').is_some_and(|figures| {
                figures.len() == 6 && figures.bytes().all(|one| one.is_ascii_hexdigit())
            })
        };
        if self.brand.accent.as_deref().is_some_and(|accent| !is_hex(accent)) {
            return Err(wrong("brand.accent", "a colour is written #RRGGBB, as in #114599"));
        }
        if let Some(hours) = &self.hours {
            hours.read().map_err(|what| wrong("hours", what))?;
        }
        if let Some(what) = self.languages.as_deref().and_then(languages_mistake) {
            return Err(wrong("languages", what));
        }
        if let Some((field, what)) = self.times.mistake() {
            return Err(wrong(&format!("times.{field}"), what));
        }
        self.alerts.check()?;
        if let Some((field, what)) = self.follow_ups.mistake() {
            return Err(wrong(&format!("follow_ups.{field}"), what));
        }
        if let (Some(survey), Some(languages)) = (self.read_survey()?, &self.languages) {
            in_languages(&survey, languages).map_err(|what| wrong("languages", what))?;
        }
        Ok(())
    }

    /// The survey, where there is one.
    ///
    /// # Errors
    /// [`SettingsError`] when it has mistakes.
    pub fn read_survey(&self) -> Result<Option<Survey>, SettingsError> {
        let Some(text) = &self.survey else { return Ok(None) };
        match survey::parse_bytes(text.as_bytes()) {
            Ok(parsed) => Ok(Some(parsed.survey)),
            Err(found) => {
                let mistakes = || found.iter().filter(|one| one.severity == Severity::Mistake);
                let first = mistakes().next().map(ToString::to_string).unwrap_or_default();
                let what = format!("mistakes in it: {}, the first at {first}", mistakes().count());
                Err(wrong("survey", what))
            }
        }
    }

    /// What is decided, by the name of the field.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, Value> {
        let mut fields = BTreeMap::new();
        if let Ok(Value::Object(tables)) = serde_json::to_value(self) {
            spread(tables, "", &mut fields);
        }
        fields
    }

    /// The other way round. What is no field, or not of its kind, is none of theirs.
    fn of_fields(fields: &BTreeMap<String, Value>) -> Self {
        let mut tables = Map::new();
        for (name, value) in fields {
            put(&mut tables, name, value);
        }
        serde_json::from_value(Value::Object(tables)).expect("fields of settings are settings")
    }
}

/// The one table that is decided whole.
const WHOLE: &str = "hours";

/// The fields of tables and of tables in them, by their whole names.
fn spread(tables: Map<String, Value>, within: &str, fields: &mut BTreeMap<String, Value>) {
    for (name, value) in tables {
        let name = format!("{within}{name}");
        match value {
            Value::Object(table) if name != WHOLE => spread(table, &format!("{name}."), fields),
            value => {
                fields.insert(name, value);
            }
        }
    }
}

/// Puts a field where its name says.
fn put(tables: &mut Map<String, Value>, name: &str, value: &Value) {
    let Some((table, field)) = name.split_once('.') else {
        tables.insert(name.to_owned(), value.clone());
        return;
    };
    if let Value::Object(table) = tables.entry(table).or_insert_with(|| Value::Object(Map::new())) {
        put(table, field, value);
    }
}

impl AlertSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let is_out = |value: Option<u64>, least: u64, most: u64| {
            value.is_some_and(|value| !(least..=most).contains(&value))
        };
        let window = self.window_min.map(u64::from);
        for (field, value, least, most) in [
            ("window_min", window, 1, u64::from(ALERT_WINDOW_MIN_MAX)),
            ("answers_min", self.answers_min, 1, ALERT_ANSWERS_MIN_MAX),
            ("unhappy_percent", self.unhappy_percent, 1, 100),
            ("close_percent", self.close_percent, 0, 100),
        ] {
            if is_out(value, least, most) {
                return Err(wrong(&format!("alerts.{field}"), format!("it is {least} to {most}")));
            }
        }
        let (open, close) = (self.unhappy_percent, self.close_percent);
        if open.zip(close).is_some_and(|(open, close)| close > open) {
            return Err(wrong(
                "alerts.close_percent",
                "it is alerts.unhappy_percent at most, which is where an alert opens",
            ));
        }
        Ok(())
    }
}

/// Layers as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// What holds.
    pub settings: Settings,
    /// The layer that each field comes from, as its place among the layers, from 0.
    pub from: BTreeMap<String, usize>,
}

/// Merges layers, the outermost first: what a later one says wins, field by field.
#[must_use]
pub fn merge(layers: &[Settings]) -> Merged {
    let (mut fields, mut from) = (BTreeMap::new(), BTreeMap::new());
    for (place, layer) in layers.iter().enumerate() {
        for (name, value) in layer.fields() {
            from.insert(name.clone(), place);
            fields.insert(name, value);
        }
    }
    Merged { settings: Settings::of_fields(&fields), from }
}

fn wrong(field: &str, what: impl Into<String>) -> SettingsError {
    SettingsError { field: field.to_owned(), what: what.into() }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    fn read(toml: &str) -> Result<Settings, String> {
        let settings = Settings::from_toml(toml).map_err(|(_, message)| message)?;
        settings.check().map(|()| settings).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read_as_a_kiosks_file_is_written_and_travel_unchanged() {
        let settings = read(
            "store_name = \"Mill Lane\"\n[brand]\naccent = \"#114599\"\n[hours]\nmon = [\"08:00-20:00\"]\nclosed_on = [2026-12-25, \"2026-12-26\"]\n[alerts]\nwindow_min = 20\n[follow_ups]\nact_h = 48\n",
        )
        .unwrap();
        assert_eq!(settings.hours.as_ref().unwrap().closed_on, ["2026-12-25", "2026-12-26"]);
        assert_eq!(Settings::from_json(&settings.to_json()).unwrap(), settings);
        assert_eq!(settings.fields().len(), 5);
        assert_eq!(Settings::default().to_json(), "{}");
        assert!(Settings::default().is_empty() && !settings.is_empty());
    }

    #[test]
    fn what_is_not_for_head_office_to_decide_is_refused() {
        for (toml, told) in [
            ("data = \"/etc\"", "unknown field `data`"),
            ("socket = \"/run/x\"", "unknown field `socket`"),
            ("contact_key = \"x\"", "unknown field `contact_key`"),
            ("[alerts]\ncommand = [\"/bin/sh\"]", "unknown field `command`"),
            ("[brand]\nlogo = \"/etc/passwd\"", "unknown field `logo`"),
            ("store_name = \" \"", "store_name: it is empty"),
            ("store_name = \"\\u202eolleh\"", "store_name: it holds a character"),
            ("[brand]\naccent = \"red\"", "brand.accent: a colour is written #RRGGBB"),
            ("[hours]\nmon = [\"8-20\"]", "hours: `8-20` is no opening time"),
            (
                "[hours]\nclosed_on = [\"2026-02-30\"]\nmon = [\"08:00-20:00\"]",
                "hours: `2026-02-30` is no day",
            ),
            ("[alerts]\nwindow_min = 0", "alerts.window_min: it is 1 to 240"),
            ("[alerts]\nunhappy_percent = 40\nclose_percent = 41", "alerts.close_percent"),
            ("[follow_ups]\nact_h = 0", "follow_ups.act_h: it is a number of hours from 1 to 8760"),
            (
                "[follow_ups.clean]\nact_h = 9999",
                "follow_ups.clean.act_h: it is a number of hours from 1 to 8760, and this is 9999",
            ),
            ("[follow_ups.parking]\nact_h = 1", "unknown field `parking`"),
            ("[times]\nidle_s = 5", "times.idle_s: it is a number of seconds from 15 to 120, and this is 5"),
            ("[times]\nthanks_s = 61", "times.thanks_s: it is a number of seconds from 4 to 60"),
            ("[times]\nwarning_s = 1", "unknown field `warning_s`"),
            ("[ask]\ncontact_key = \"x\"", "unknown field `contact_key`"),
            ("languages = []", "languages: it names 1 to 12 languages"),
            ("languages = [\"en\", \"en\"]", "languages: `en` stands there twice"),
            ("survey = \"format = 1\"", "survey: mistakes in it: "),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(told), "{toml}: {error}");
        }
    }

    #[test]
    fn what_is_said_further_in_wins_and_its_layer_is_known() {
        let organisation = read("store_name = \"Shop\"\n[alerts]\nwindow_min = 20\nhourly = false").unwrap();
        let store = read("store_name = \"Mill Lane\"\n[alerts]\nwindow_min = 30").unwrap();
        let merged = merge(&[organisation, Settings::default(), store]);
        assert_eq!(merged.settings.store_name.as_deref(), Some("Mill Lane"));
        assert_eq!(merged.settings.alerts.window_min, Some(30));
        assert_eq!(merged.settings.alerts.hourly, Some(false));
        let from: Vec<_> = merged.from.iter().map(|(name, place)| (name.as_str(), *place)).collect();
        assert_eq!(from, [("alerts.hourly", 0), ("alerts.window_min", 2), ("store_name", 2)]);
        assert_eq!(merge(&[]), Merged::default());
    }

    #[test]
    fn a_survey_that_has_none_of_the_languages_is_refused_with_them() {
        let survey = include_str!("../../../kiosk/app/surveys/grocery-exit.toml").to_owned();
        let with = |tag: &str| Settings {
            survey: Some(survey.clone()),
            languages: Some(vec![tag.to_owned()]),
            ..Settings::default()
        };
        assert_eq!(with("de").check(), Ok(()));
        let error = with("xx").check().unwrap_err();
        assert_eq!(error.field, "languages");
        assert!(error.what.contains("has none of them"), "{error}");
    }

    #[test]
    fn tables_in_a_table_are_decided_field_by_field_as_well() {
        let region =
            read("[follow_ups]\nopen = true\n[follow_ups.clean]\nact_h = 24\nacknowledge_h = 2").unwrap();
        let store = read("[follow_ups.clean]\nact_h = 12\n[ask]\ncontact = false").unwrap();
        let merged = merge(&[region, store]);
        let from: Vec<_> = merged.from.iter().map(|(name, place)| (name.as_str(), *place)).collect();
        assert_eq!(
            from,
            [
                ("ask.contact", 1),
                ("follow_ups.clean.acknowledge_h", 0),
                ("follow_ups.clean.act_h", 1),
                ("follow_ups.open", 0)
            ]
        );
        let clean = merged.settings.follow_ups.clean;
        assert_eq!((clean.act_h, clean.acknowledge_h), (Some(12), Some(2)));
        assert_eq!(merged.settings.ask.contact, Some(false));
    }

    fn layer() -> impl Strategy<Value = Settings> {
        (of("[a-z]{1,8}"), of(1_u32..240), of(any::<bool>()), of(1_u64..100), of("[0-9]{2}")).prop_map(
            |(store_name, window_min, hourly, act_h, hour)| Settings {
                store_name,
                hours: hour.map(|hour| HoursTable { mon: vec![hour], ..HoursTable::default() }),
                alerts: AlertSettings { window_min, hourly, ..AlertSettings::default() },
                follow_ups: FollowUpSettings { act_h, ..FollowUpSettings::default() },
                ..Settings::default()
            },
        )
    }

    proptest! {
        #[test]
        fn each_field_is_that_of_the_deepest_layer_that_has_it(layers in proptest::collection::vec(layer(), 0..5)) {
            let merged = merge(&layers);
            let fields = merged.settings.fields();
            for name in layers.iter().flat_map(|layer| layer.fields().into_keys()) {
                let deepest = layers.iter().rposition(|layer| layer.fields().contains_key(&name)).unwrap();
                prop_assert_eq!(merged.from[&name], deepest);
                prop_assert_eq!(&fields[&name], &layers[deepest].fields()[&name]);
            }
            prop_assert_eq!(fields.len(), merged.from.len());
            // Merging some of them before is the same as merging all at once.
            let (outer, inner) = layers.split_at(layers.len() / 2);
            let in_two = merge(&[merge(outer).settings, merge(inner).settings]);
            prop_assert_eq!(in_two.settings, merged.settings);
        }
    }
}
