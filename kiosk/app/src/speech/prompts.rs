//! What is said to a shopper who goes by a keypad, and when.
//!
//! A page that appears says its question, the ring says the key it comes to, and the first key struck on a page that has not
//! been heard yet says both. Whether the shopper goes by a keypad, the session knows.

use std::sync::Arc;

use afterword_model::ports::Clock;
use afterword_ui::spoken::PageWords;

use super::speaker::Speaker;
use super::ssip::Prompt;
use super::{Place, Speech};

/// The prompts of one kiosk; silent where it has no voice.
#[derive(Default)]
pub struct Prompts {
    speaker: Option<Speaker>,
    page: PageWords,
    language: String,
    /// Whether whoever is there has heard what the page says.
    is_heard: bool,
    /// Whether something may still be being said.
    speaks: bool,
}

impl Prompts {
    /// For a kiosk with this configuration.
    #[must_use]
    pub fn new(speech: &Speech, clock: Arc<dyn Clock>) -> Self {
        let speaker = match speech.place() {
            Place::Socket(socket) => Speaker::start(socket, clock)
                .inspect_err(|error| tracing::warn!(%error, "prompts are silent for want of a thread"))
                .ok(),
            Place::Off | Place::NoSocket(_) | Place::Unknown => None,
        };
        Self { speaker, ..Self::default() }
    }

    /// This is on the screen now; it is said if somebody goes by the keypad and has not heard it.
    pub fn shows(&mut self, page: PageWords, language: &str, by_keypad: bool) {
        let is_other = page.words != self.page.words || language != self.language;
        let has_news = page.notice != self.page.notice;
        self.page = page;
        language.clone_into(&mut self.language);
        self.is_heard &= !is_other;
        if by_keypad && is_other {
            self.say_page("");
        } else if by_keypad && has_news && self.is_heard {
            self.say(self.page.notice.clone());
        }
    }

    /// The ring has come to a key.
    pub fn ring(&mut self, key: &str) {
        if self.is_heard {
            self.say(key.to_owned());
        } else {
            self.say_page(key);
        }
    }

    /// Nobody goes by the keypad, or not any more: whoever comes next has heard nothing.
    pub fn nobody_listens(&mut self) {
        self.is_heard = false;
    }

    /// A finger is on the glass: whatever is still being said is said to nobody.
    pub fn hush(&mut self) {
        self.nobody_listens();
        if let Some(speaker) = self.speaker.as_ref().filter(|_| self.speaks) {
            speaker.hush();
        }
        self.speaks = false;
    }

    fn say_page(&mut self, key: &str) {
        let parts = [self.page.words.as_str(), &self.page.notice, key];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        // A line for each: the voice pauses between.
        self.say(parts.join("\n"));
        self.is_heard = true;
    }

    fn say(&mut self, words: String) {
        if let Some(speaker) = self.speaker.as_ref().filter(|_| !words.is_empty()) {
            self.speaks = true;
            let language = self.language.clone();
            speaker.say(Prompt { words, language, is_important: self.page.is_warning });
        }
    }
}
