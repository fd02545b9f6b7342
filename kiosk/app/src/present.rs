//! From the session to a page: the survey's words in the shopper's language, the store's name, its changes and
//! its voucher. Decides nothing; what is on the screen is a function of the session, the configuration and what [`crate::strip`]
//! has chosen.

use afterword_kiosk_core::{Flow, Screen, Session};
use afterword_model::contact::Channel;
use afterword_model::follow_up::FollowUpCode;
use afterword_model::response::Stamp;
use afterword_model::scale::ScaleKind;
use afterword_model::summary::Ask;
use afterword_model::survey::{Question, QuestionKind, Survey};
use afterword_protocol::changes::Change;
use afterword_ui::View;
use afterword_ui::intent::Place;
use afterword_ui::view::export::ExportPage;
use afterword_ui::view::staff::Bar;
use afterword_ui::view::{
    self, Comment, Contact, ContactNotice, Easier, FollowUp, Header, LanguageKey, Look, OutOfService, Page,
    QrModules, Rating, ReasonKey, Reasons, StillThere, StripNote, Thanks, ThanksNote, Voucher,
};
use qrcode::{Color, EcLevel, QrCode};

use crate::config::{Config, VoucherConfig, Words, in_language};
use crate::dates::{date_of, short_date};
use crate::staff::desk::{Seen, Shown, Top};
use crate::staff::follow_ups::page::{self as follow_ups, Tongue};
use crate::staff::{days, device, export, numbers, parts, words};
use crate::strip;

/// Turns a session into views.
pub struct Presenter {
    config: Config,
    voucher_qr: QrModules,
    /// What the collector has on the strip now, in place of what the configuration names.
    change: Option<Change>,
}

impl Presenter {
    /// For this store.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let voucher_qr = config.voucher.as_ref().map(|voucher| qr_modules(&voucher.code)).unwrap_or_default();
        Self { config, voucher_qr, change: None }
    }

    /// Has this on the strip from now on; `None` leaves it to what the configuration names.
    pub fn show_change(&mut self, change: Option<&Change>) {
        if self.change.as_ref() != change {
            self.change = change.cloned();
        }
    }

    /// What the screen shows at this monotonic moment. `store_problem` is what staff read while the kiosk is out of
    /// service.
    #[must_use]
    pub fn view(&self, session: &Session, now_ms: u64, store_problem: Option<&str>) -> View {
        self.drawn(session, session.screen(now_ms), store_problem)
    }

    /// What staff see, in the language that the kiosk rests in.
    pub(crate) fn staff_view(&self, session: &Session, shown: Shown<'_>, now: &Stamp) -> View {
        let tag = &session.language().tag;
        let page = match shown {
            Shown::Pin(pin) => Page::Pin(pin),
            Shown::Numbers(seen, top) => self.summary_page(&seen, self.bar(top), session.survey(), tag, now),
            Shown::FollowUps(desk, top) => {
                let tongue = Tongue { config: &self.config, survey: session.survey(), tag };
                match follow_ups::act(desk, self.bar(top), tongue, now) {
                    Some(act) => Page::Act(Box::new(act)),
                    None => Page::FollowUps(Box::new(follow_ups::list(desk, self.bar(top), tongue, now))),
                }
            }
            Shown::Device(desk, top) => {
                Page::Device(Box::new(device::page::page(desk, self.bar(top), tag, now)))
            }
        };
        View { page, look: Look { language: tag.clone(), ..Look::default() } }
    }

    /// What stands at the top of every page of staff.
    fn bar(&self, Top { tab, open, has_device }: Top) -> Bar {
        Bar { store_name: self.config.store_name.clone(), tab, open, has_device }
    }

    /// The numbers, or a page behind them.
    fn summary_page(&self, seen: &Seen<'_>, bar: Bar, survey: &Survey, tag: &str, now: &Stamp) -> Page {
        match seen.browsing.place {
            Place::Numbers => {
                Page::Numbers(Box::new(numbers::page(seen, bar, &self.config, survey, tag, now)))
            }
            Place::Words => Page::Words(words::page(seen, survey, tag, now.local_day())),
            Place::Parts => Page::Parts(parts::page(seen, survey, tag)),
            Place::Days => Page::Days(days::page(seen, tag, now.local_day())),
            Place::Export => {
                let (first_day, last_day) = seen.browsing.days(now.local_day());
                let days = numbers::days_in_words(&Ask::days(first_day, last_day), tag);
                match seen.export {
                    Some(desk) => Page::Export(export::page::page(desk, days)),
                    // Nobody comes here whose page this is not.
                    None => Page::Export(ExportPage { days, ..ExportPage::default() }),
                }
            }
        }
    }

    /// The same for a screen, whether or not the session stands there now.
    #[must_use]
    pub fn drawn(&self, session: &Session, screen: Screen, store_problem: Option<&str>) -> View {
        let words = InLanguage { presenter: self, session, tag: &session.language().tag };
        let page = match screen {
            Screen::Question { question, chosen, flow: None, .. } => words.question(question, chosen),
            Screen::Question { question, chosen, flow: Some(flow), .. } => Page::Rating(Rating {
                header: words.header(flow),
                title: words.title(question),
                scale: words.scale(question, chosen),
            }),
            Screen::Reasons { question, chosen, single, flow } => {
                words.reasons(question, &chosen, single, flow)
            }
            Screen::Contact {
                question,
                channel,
                text,
                caret,
                consented,
                can_send,
                sent,
                failed,
                flow,
                ..
            } => {
                let (channels, consent) = words.contact(question);
                Page::Contact(Contact {
                    header: words.header(flow),
                    title: words.title(question),
                    hint: words.hint(question),
                    channel: shown_channel(channel),
                    has_choice: channels.len() > 1,
                    text,
                    caret,
                    consent,
                    consented,
                    can_send,
                    notice: match sent {
                        _ if failed => ContactNotice::Failed,
                        Some(channel) => ContactNotice::Sent(shown_channel(channel)),
                        None => ContactNotice::Locked,
                    },
                    language_name: words.language_name(),
                    language_tag: words.tag.to_uppercase(),
                })
            }
            Screen::Easier(aids) => Page::Easier(Easier {
                high_contrast: aids.high_contrast,
                bigger_words: aids.bigger_words,
                reach: aids.reach,
                more_time: aids.more_time,
            }),
            Screen::Comment { question, text, caret, count, limit, flow } => {
                let title = words.title(question);
                let language_name = words.language_name();
                Page::Comment(Comment {
                    header: words.header(flow),
                    title,
                    text,
                    caret,
                    count,
                    limit,
                    language_name,
                    language_tag: words.tag.to_uppercase(),
                })
            }
            Screen::Thanks { rating_only, follow_up_code, time_left } => {
                words.thanks(rating_only, follow_up_code.as_ref(), time_left)
            }
            Screen::StillThere { seconds_left, time_left, unsent_words } => {
                let seconds_left = u32::try_from(seconds_left).unwrap_or(u32::MAX);
                Page::StillThere(StillThere { seconds_left, time_left, unsent_words })
            }
            Screen::Asleep => Page::Asleep,
            Screen::OutOfService => {
                let reason = store_problem.unwrap_or("the database does not answer; restart the kiosk");
                Page::OutOfService(OutOfService { reason_for_staff: reason.to_owned() })
            }
        };
        let aids = session.aids();
        let look = Look {
            high_contrast: aids.high_contrast,
            bigger_words: aids.bigger_words,
            reach: aids.reach,
            language: words.tag.to_owned(),
        };
        View { page, look }
    }
}

/// A share of that time, in whole seconds that are not over yet.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is 0 to 1, and a page stands for minutes"
)]
fn seconds(share: f32, whole_ms: u64) -> u32 {
    (share * whole_ms as f32 / 1_000.0).ceil() as u32
}

/// The store's and the survey's words in one language.
struct InLanguage<'p> {
    presenter: &'p Presenter,
    session: &'p Session,
    tag: &'p str,
}

impl InLanguage<'_> {
    fn survey(&self) -> &Survey {
        self.session.survey()
    }

    fn asked(&self, index: usize) -> &Question {
        self.survey().questions.get(index).expect("the session asks questions of its own survey")
    }

    fn question(&self, question: usize, chosen: Option<u8>) -> Page {
        let survey = self.survey();
        let language_key = |language: &afterword_model::survey::Language| LanguageKey {
            name: language.name.clone(),
            current: language.tag == self.tag,
        };
        Page::Question(view::Question {
            store_name: self.presenter.config.store_name.clone(),
            title: self.title(question),
            hint: self.hint(question),
            scale: self.scale(question, chosen),
            // A switch with one position is no switch.
            languages: survey
                .languages
                .iter()
                .map(language_key)
                .filter(|_| survey.languages.len() > 1)
                .collect(),
            strip: self.strip(),
        })
    }

    fn reasons(&self, question: usize, chosen: &[String], single: bool, flow: Flow) -> Page {
        let QuestionKind::Choices { options, .. } = &self.asked(question).kind else {
            unreachable!("the session shows reasons for a question with options alone")
        };
        let key = |option: &afterword_model::survey::ChoiceOption| ReasonKey {
            icon: option.icon.clone(),
            label: option.label.in_language(self.tag).to_owned(),
            chosen: chosen.contains(&option.id),
        };
        Page::Reasons(Reasons {
            header: self.header(flow),
            title: self.title(question),
            hint: self.hint(question),
            single,
            options: options.iter().map(key).collect(),
        })
    }

    /// The ways to be reached that the question offers, and what the shopper agrees to.
    fn contact(&self, question: usize) -> (&[Channel], String) {
        let QuestionKind::Contact { channels, consent, .. } = &self.asked(question).kind else {
            unreachable!("the session shows this page for a contact question alone")
        };
        (channels, consent.in_language(self.tag).to_owned())
    }

    fn thanks(&self, rating_only: bool, code: Option<&FollowUpCode>, time_left: f32) -> Page {
        let thanks = &self.survey().thanks;
        Page::Thanks(Thanks {
            title: thanks.title.in_language(self.tag).to_owned(),
            message: thanks.message_for(rating_only).in_language(self.tag).to_owned(),
            notes: thanks
                .notes
                .iter()
                .map(|note| ThanksNote {
                    icon: note.icon.clone(),
                    text: note.text.in_language(self.tag).to_owned(),
                })
                .collect(),
            time_left,
            seconds_left: seconds(time_left, self.session.thanks_page_ms(code.is_some())),
            follow_up: code.map(|code| self.follow_up(code)),
            voucher: self.presenter.config.voucher.as_ref().map(|voucher| self.voucher(voucher)),
        })
    }

    fn follow_up(&self, code: &FollowUpCode) -> FollowUp {
        let text = self.survey().thanks.follow_up_code.as_ref().and_then(|said| said.text.as_ref());
        FollowUp {
            text: text.map(|text| text.in_language(self.tag).to_owned()).unwrap_or_default(),
            words: code.words().join(" "),
        }
    }

    fn header(&self, flow: Flow) -> Header {
        let scale = self.asked(0).scale();
        // Who asked for more time sees no ring run out.
        let time_left = if self.session.aids().more_time { 0.0 } else { flow.time_left };
        let label = scale.and_then(|scale| scale.label(flow.rating));
        Header {
            face: scale.map_or(0, |scale| face(scale.kind, flow.rating)),
            word: label
                .map_or_else(|| flow.rating.to_string(), |label| label.in_language(self.tag).to_owned()),
            step: flow.step,
            steps: flow.steps,
            time_left,
            seconds_left: seconds(time_left, self.session.limits().idle_ms),
            // From the first step after the question, "Change" is the way back.
            can_go_back: flow.can_go_back && flow.step > 2,
        }
    }

    fn strip(&self) -> Option<StripNote> {
        let Presenter { config, change, .. } = self.presenter;
        let survey = self.survey();
        if let Some(change) = change {
            let (said, did) = strip::in_language(change, self.tag, &survey.default_language);
            let date = date_of(change.day).map(|date| short_date(date, self.tag)).unwrap_or_default();
            return Some(StripNote { said: said.to_owned(), did: did.to_owned(), date });
        }
        config.changes.first().map(|change| StripNote {
            said: self.words(&change.said),
            did: self.words(&change.did),
            date: short_date(change.date, self.tag),
        })
    }

    fn voucher(&self, voucher: &VoucherConfig) -> Voucher {
        Voucher {
            title: self.words(&voucher.title),
            detail: self.words(&voucher.detail),
            qr: self.presenter.voucher_qr.clone(),
        }
    }

    fn title(&self, question: usize) -> String {
        self.session.title(question).in_language(self.tag).to_owned()
    }

    fn hint(&self, question: usize) -> String {
        self.session.hint(question).map_or_else(String::new, |hint| hint.in_language(self.tag).to_owned())
    }

    fn scale(&self, question: usize, chosen: Option<u8>) -> view::Scale {
        let Some(scale) = self.asked(question).scale() else { return view::Scale::default() };
        let labels = scale.values().filter_map(|(_, label)| label);
        let words = labels.map(|label| label.in_language(self.tag).to_owned()).collect();
        view::Scale { kind: kind(scale.kind), words, chosen }
    }

    fn words(&self, words: &Words) -> String {
        in_language(words, self.tag, &self.survey().default_language).to_owned()
    }

    fn language_name(&self) -> String {
        let languages = &self.survey().languages;
        let current = languages.iter().find(|language| language.tag == self.tag);
        current.map(|language| language.name.clone()).unwrap_or_default()
    }
}

fn shown_channel(channel: Channel) -> view::Channel {
    match channel {
        Channel::Phone => view::Channel::Phone,
        Channel::Email => view::Channel::Email,
    }
}

fn kind(kind: ScaleKind) -> view::ScaleKind {
    match kind {
        ScaleKind::Faces => view::ScaleKind::Faces,
        ScaleKind::Faces4 => view::ScaleKind::FourFaces,
        ScaleKind::Stars => view::ScaleKind::Stars,
        ScaleKind::Nps => view::ScaleKind::Recommend,
        ScaleKind::Effort => view::ScaleKind::Effort,
        ScaleKind::Thumbs => view::ScaleKind::Thumbs,
    }
}

/// The face that is drawn for a value; 0 where the scale has none.
fn face(kind: ScaleKind, value: u8) -> u8 {
    match kind {
        ScaleKind::Faces => value,
        // Of four faces the one in the middle is missing.
        ScaleKind::Faces4 if value > 2 => value + 1,
        ScaleKind::Faces4 => value,
        _ => 0,
    }
}

/// The squares of the code, with as much damage allowed as a photograph of a screen needs.
fn qr_modules(text: &str) -> QrModules {
    QrCode::with_error_correction_level(text, EcLevel::M).map_or_else(
        |_| QrModules::default(),
        |code| QrModules {
            width: code.width(),
            dark: code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect(),
        },
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use afterword_kiosk_core::{Caret, Event, Seal, Settings};
    use afterword_model::response::{ClockQuality, Stamp};
    use afterword_model::survey;

    use super::*;

    const NEVER: Stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };

    /// A seal that fails at the first number.
    struct Padlock;

    impl Seal for Padlock {
        fn seal(&self, details: &str, _: &[u8]) -> Option<String> {
            (details != "112233").then(|| "c2VhbGVk".into())
        }
    }

    /// A shopper of the pharmacy, on the way to a reply.
    struct Shopper {
        presenter: Presenter,
        session: Session,
        now_ms: u64,
    }

    impl Shopper {
        fn unhappy() -> Self {
            let text = include_str!("../surveys/pharmacy-nps.toml");
            let survey = Arc::new(survey::parse(text).expect("a shipped survey is whole").survey);
            let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"";
            let config = Config::parse(Path::new("kiosk.toml"), config).unwrap();
            let session = Session::new(survey, Settings::default()).with_seal(Arc::new(Padlock));
            let mut shopper = Self { presenter: Presenter::new(config), session, now_ms: 10_000 };
            shopper.does(Event::Rate(2));
            while !matches!(shopper.page(), Page::Contact(_)) {
                shopper.now_ms = shopper.session.deadline_ms().unwrap().min(shopper.now_ms + 400);
                shopper.does(Event::Tick);
                shopper.does(Event::Skip);
                assert!(
                    !matches!(shopper.page(), Page::Thanks(_) | Page::StillThere(_)),
                    "no contact on the way"
                );
            }
            shopper.now_ms += 300;
            shopper
        }

        fn does(&mut self, event: Event) {
            let wall_ms = 1_795_300_000_000;
            let now =
                Stamp { wall_ms, offset_min: 0, boot: 1, mono_ms: self.now_ms, clock: ClockQuality::Synced };
            let _saved_elsewhere = self.session.handle(event, now);
        }

        fn page(&self) -> Page {
            self.presenter.view(&self.session, self.now_ms, None).page
        }

        fn contact(&self) -> Contact {
            match self.page() {
                Page::Contact(contact) => contact,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn whoever_wants_a_reply_is_shown_the_survey_s_words_and_what_became_of_the_number() {
        let mut shopper = Shopper::unhappy();
        let page = shopper.contact();
        assert_eq!(
            (page.title.as_str(), page.channel, page.has_choice),
            ("May we reply to you?", view::Channel::Phone, true)
        );
        assert!(page.consent.starts_with("I agree that the head office"), "{}", page.consent);
        assert!(!page.consented && !page.can_send && page.text.is_empty());
        assert_eq!(page.notice, ContactNotice::Locked);

        shopper.does(Event::Type("11233".into()));
        shopper.does(Event::MoveCaret(Caret::At(2)));
        shopper.does(Event::Type("2".into()));
        shopper.does(Event::Consent(true));
        let page = shopper.contact();
        assert_eq!((page.text.as_str(), page.caret, page.can_send), ("112233", 3, true));
        shopper.does(Event::Send);
        assert_eq!(shopper.contact().notice, ContactNotice::Failed);

        shopper.does(Event::Channel(Channel::Email));
        assert_eq!((shopper.contact().channel, shopper.contact().text.as_str()), (view::Channel::Email, ""));
        shopper.does(Event::NextLanguage);
        let page = shopper.contact();
        assert_eq!((page.title.as_str(), page.language_tag.as_str()), ("Dürfen wir Ihnen antworten?", "DE"));
    }

    #[test]
    fn the_words_of_a_code_stand_under_what_the_survey_says_in_the_shopper_s_language() {
        let path = Path::new("kiosk.toml");
        let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"";
        let config = Config::parse(path, config).unwrap();
        let mut session = Session::new(config.survey(path).unwrap(), Settings::default());
        let presenter = Presenter::new(config);
        let _nothing_to_save = session.handle(Event::Language(1), NEVER);
        let follow_up = |code: Option<FollowUpCode>| {
            let screen = Screen::Thanks { rating_only: false, follow_up_code: code, time_left: 1.0 };
            match presenter.drawn(&session, screen, None).page {
                Page::Thanks(thanks) => thanks.follow_up,
                other => panic!("{other:?}"),
            }
        };
        let shown = follow_up(FollowUpCode::parse("harbor-maple-tide").ok()).unwrap();
        assert_eq!(shown.words, "harbor maple tide");
        assert_eq!(shown.text, "Fragen Sie am Infopunkt, was daraus wurde:");
        assert_eq!(follow_up(None), None);
    }

    /// The strip of a kiosk at rest, for a shopper of the survey's language at this place.
    fn strip(config: &str, change: Option<&Change>, language: usize) -> Option<StripNote> {
        let config = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n"
            .to_owned()
            + config;
        let path = Path::new("kiosk.toml");
        let config = Config::parse(path, &config).unwrap();
        let mut session = Session::new(config.survey(path).unwrap(), Settings::default());
        let mut presenter = Presenter::new(config);
        presenter.show_change(change);
        let _nothing_to_save = session.handle(Event::Language(language), NEVER);
        let Page::Question(question) = presenter.view(&session, 0, None).page else { panic!("it rests") };
        question.strip
    }

    #[test]
    fn what_the_collector_sends_stands_in_place_of_what_the_configuration_names() {
        let configured =
            "[[changes]]\ndate = 2026-11-12\nsaid = { en = \"queues\" }\ndid = { en = \"tills\" }\n";
        let note = |said: &str, did: &str, date: &str| {
            Some(StripNote { said: said.into(), did: did.into(), date: date.into() })
        };
        let pairs = |english: &str, german: &str| {
            [("en", english), ("de", german)].map(|(tag, text)| (tag.to_owned(), text.to_owned())).into()
        };
        let sent = Change {
            said: pairs("No salt", "Kein Salz"),
            did: pairs("It is at till 3", "An Kasse 3"),
            day: 20_781,
            until_day: None,
        };
        assert_eq!(strip("", None, 0), None);
        assert_eq!(strip(configured, None, 0), note("queues", "tills", "12 Nov"));
        assert_eq!(strip(configured, Some(&sent), 0), note("No salt", "It is at till 3", "24 Nov"));
        assert_eq!(strip("", Some(&sent), 1), note("Kein Salz", "An Kasse 3", "24. Nov"));
        // French is missing: the survey's default language stands in.
        assert_eq!(strip(configured, Some(&sent), 2), note("No salt", "It is at till 3", "24 nov."));
    }

    #[test]
    fn the_example_voucher_has_a_code() {
        let code = qr_modules("AFTERWORD-2-OFF");
        assert_eq!(code.dark.len(), code.width * code.width);
        assert!(code.width >= 21);
    }
}
