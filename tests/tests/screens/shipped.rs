//! Every page of every survey that ships, in each of its languages, in every state that puts other words on it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::present::Presenter;
use afterword_kiosk::preview;
use afterword_kiosk_core::{Aids, Event, Screen, Session, Settings};
use afterword_model::response::{ClockQuality, Stamp};
use afterword_model::survey::{self, Survey};
use afterword_ui::View;
use afterword_ui::view::{Channel, ContactNotice, Page};

/// The languages that ship.
pub(crate) const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "pl", "ar"];

const STORE: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";
const NEVER: Stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };

/// A page in one language.
pub(crate) struct Shown {
    /// The survey, the question and what is special about it; the same in every language.
    pub(crate) name: String,
    pub(crate) view: View,
}

/// Every page in this language.
pub(crate) fn pages(language: &str) -> Vec<Shown> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kiosk/app/surveys");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut pages = Vec::new();
    for file in files {
        let survey = Arc::new(survey::parse(&fs::read_to_string(&file).unwrap()).unwrap().survey);
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        pages.extend(pages_of(&stem, &survey, language));
    }
    pages
}

fn pages_of(stem: &str, survey: &Arc<Survey>, language: &str) -> Vec<Shown> {
    let config = Config::parse(Path::new("kiosk.toml"), STORE).unwrap();
    let presenter = Presenter::new(config);
    let mut pages = Vec::new();
    let ending = format!("-{language}");
    for picture in preview::pages(&presenter, survey) {
        if let Some(name) = picture.name.strip_suffix(&ending) {
            for (state, view) in states(picture.view) {
                pages.push(Shown { name: format!("{stem}: {name}{state}"), view });
            }
        }
    }
    let place = survey.languages.iter().position(|known| known.tag == language).unwrap();
    let mut session = Session::new(Arc::clone(survey), Settings::default());
    let _nothing_to_save = session.handle(Event::Language(place), NEVER);
    let still_there = |unsent_words| Screen::StillThere { seconds_left: 20, time_left: 1.0, unsent_words };
    let own = [
        ("a rating alone", Screen::Thanks { rating_only: true, follow_up_code: None, time_left: 1.0 }),
        ("still there", still_there(false)),
        ("still there, with words", still_there(true)),
        ("easier", Screen::Easier(Aids::default())),
        ("asleep", Screen::Asleep),
        ("out of service", Screen::OutOfService),
    ];
    // All but the first say the same after every survey.
    let count = if stem == "grocery-exit" { own.len() } else { 1 };
    for (name, screen) in own.into_iter().take(count) {
        let view = presenter.drawn(&session, screen, Some("31"));
        pages.push(Shown { name: format!("{stem}: {name}"), view });
    }
    pages
}

/// A page as it begins, and in the states that put other words on it.
fn states(view: View) -> Vec<(String, View)> {
    let mut states = Vec::new();
    match &view.page {
        Page::Contact(contact) => {
            for (channel, text) in [(Channel::Phone, "0770"), (Channel::Email, "a@b.example")] {
                for (state, notice) in
                    [("failed", ContactNotice::Failed), ("sent", ContactNotice::Sent(channel))]
                {
                    let mut contact = contact.clone();
                    (contact.channel, contact.notice) = (channel, notice);
                    (contact.text, contact.caret) = (text.into(), text.len());
                    let view = View { page: Page::Contact(contact), look: view.look.clone() };
                    states.push((format!(", {channel:?}, {state}"), view));
                }
            }
            let mut by_email = contact.clone();
            by_email.channel = Channel::Email;
            let view = View { page: Page::Contact(by_email), look: view.look.clone() };
            states.push((", Email".into(), view));
        }
        Page::Reasons(reasons) => {
            let mut all = reasons.clone();
            all.options.iter_mut().for_each(|option| option.chosen = true);
            let view = View { page: Page::Reasons(all), look: view.look.clone() };
            states.push((", all chosen".into(), view));
        }
        Page::Rating(rating) => {
            let mut chosen = rating.clone();
            chosen.scale.chosen = Some(1);
            let view = View { page: Page::Rating(chosen), look: view.look.clone() };
            states.push((", chosen".into(), view));
        }
        _ => {}
    }
    states.push((String::new(), view));
    states
}
