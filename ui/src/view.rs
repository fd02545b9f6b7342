//! What a page shows, as plain data.
//!
//! The kiosk's program builds a [`View`] and hands it to [`crate::KioskUi::show`]; nothing here knows Slint, a survey
//! file or a database. Words that belong to a survey (questions, reasons, thanks) come through these types in the
//! shopper's language; words that belong to the kiosk itself ("Finish", "Skip") live in the `.slint` files and follow
//! [`Look::language`]. Building a view cannot fail: a value out of range is drawn as the nearest sensible one, because
//! a shopper should never meet an error page over a wrong number.

pub mod days;
pub mod device;
pub mod export;
pub mod follow_ups;
pub mod parts;
pub mod staff;
pub mod words;

/// One picture of the kiosk: a page and how it is to look.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What is shown.
    pub page: Page,
    /// How it is shown.
    pub look: Look,
}

/// What holds for every page until the next shopper.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// White and yellow on black instead of the light theme.
    pub high_contrast: bool,
    /// Words a quarter larger; keys keep their size.
    pub bigger_words: bool,
    /// Whatever can be touched lies in the lower part of the glass.
    pub reach: bool,
    /// BCP 47 tag such as `de` or `de-AT`. It selects the bundled translation of the kiosk's own words; a language that
    /// is not bundled falls back to English. The keyboard follows it too.
    pub language: String,
}

/// The pages of the kiosk.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// The idle screen: one question, and the keys that answer it.
    Question(Question),
    /// A further question that one tap answers.
    Rating(Rating),
    /// What was good or bad, many answers allowed.
    Reasons(Reasons),
    /// The shopper's own words.
    Comment(Comment),
    /// A number or an address for a reply.
    Contact(Contact),
    /// What makes the screen easier for this shopper.
    Easier(Easier),
    /// The answer is saved.
    Thanks(Thanks),
    /// Nobody has touched the screen for a while.
    StillThere(StillThere),
    /// The kiosk cannot keep an answer, and says so.
    OutOfService(OutOfService),
    /// The shop is closed; a touch wakes the screen.
    Asleep,
    /// The way in for staff.
    Pin(staff::Pin),
    /// The store's numbers.
    Numbers(Box<staff::Numbers>),
    /// What is to be done about unhappy shoppers.
    FollowUps(Box<follow_ups::FollowUps>),
    /// What was done about one of them.
    Act(Box<follow_ups::Act>),
    /// The device.
    Device(Box<device::Device>),
    /// What shoppers wrote, for staff.
    Words(words::WordsPage),
    /// The numbers by weekday, touchpoint, language and step.
    Parts(parts::PartsPage),
    /// The range of days that the numbers are of.
    Days(days::DaysPage),
    /// What goes onto a stick.
    Export(export::ExportPage),
}

impl Page {
    /// The row at the top, on the pages that have one.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Rating(page) => Some(&page.header),
            Self::Reasons(page) => Some(&page.header),
            Self::Comment(page) => Some(&page.header),
            Self::Contact(page) => Some(&page.header),
            Self::Question(_)
            | Self::Easier(_)
            | Self::Thanks(_)
            | Self::StillThere(_)
            | Self::OutOfService(_)
            | Self::Asleep
            | Self::Pin(_)
            | Self::Numbers(_)
            | Self::FollowUps(_)
            | Self::Act(_)
            | Self::Device(_)
            | Self::Words(_)
            | Self::Parts(_)
            | Self::Days(_)
            | Self::Export(_) => None,
        }
    }
}

/// The idle screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// The store's name beside the logo.
    pub store_name: String,
    /// The question, one line.
    pub title: String,
    /// One line below the question.
    pub hint: String,
    /// The keys that answer it.
    pub scale: Scale,
    /// The languages to choose from, in the order shown.
    pub languages: Vec<LanguageKey>,
    /// What changed because of feedback; without it the strip stays empty.
    pub strip: Option<StripNote>,
}

/// A few answers in order, a key each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scale {
    /// Which.
    pub kind: ScaleKind,
    /// Faces and thumbs: a word for each key, from the worst to the best. Every other scale: a word for its lowest value
    /// and one for its highest.
    pub words: Vec<String>,
    /// The value whose key is held down while the others are dimmed, or up to which stars are filled.
    pub chosen: Option<u8>,
}

/// The scales there are, with their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScaleKind {
    /// Five faces, 1 to 5.
    #[default]
    Faces,
    /// The same without the one in the middle, 1 to 4.
    FourFaces,
    /// Stars, 1 to 5.
    Stars,
    /// How likely it is that the shopper recommends the store, 0 to 10.
    Recommend,
    /// How easy something was, 1 to 7.
    Effort,
    /// A thumb down, 0, and one up, 1.
    Thumbs,
}

/// A further question that one tap answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rating {
    /// The row at the top.
    pub header: Header,
    /// The question, two lines at most.
    pub title: String,
    /// The keys that answer it.
    pub scale: Scale,
}

/// The aids, and which of them are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Easier {
    /// See [`Look::high_contrast`].
    pub high_contrast: bool,
    /// See [`Look::bigger_words`].
    pub bigger_words: bool,
    /// See [`Look::reach`].
    pub reach: bool,
    /// No time limit, and no ring that counts.
    pub more_time: bool,
}

/// One language key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LanguageKey {
    /// The language's name in itself, such as `Deutsch`.
    pub name: String,
    /// Whether the screen speaks it now.
    pub current: bool,
}

/// "You said → we did", on the ink strip at the foot of the question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StripNote {
    /// What shoppers said.
    pub said: String,
    /// What the store did.
    pub did: String,
    /// When, already written out for the reader.
    pub date: String,
}

/// The row at the top of every page between the question and the thanks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// The face that was tapped, 1 to 5; 0 where the first question is no row of faces.
    pub face: u8,
    /// Its word, or the number that was tapped.
    pub word: String,
    /// The page's number in the chosen branch, from 1.
    pub step: usize,
    /// How many pages the branch has; 0 hides the dots.
    pub steps: usize,
    /// The share of the time limit that is left, 0 to 1, drawn as a ring around Finish.
    pub time_left: f32,
    /// The same in seconds, for who sees no ring run; 0 where there is no limit.
    pub seconds_left: u32,
    /// Whether there is a page to go back to.
    pub can_go_back: bool,
}

/// A question with several answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reasons {
    /// The row at the top.
    pub header: Header,
    /// The question, one line.
    pub title: String,
    /// One line below it.
    pub hint: String,
    /// The answers; eight of them fill the page.
    pub options: Vec<ReasonKey>,
    /// Only one can be chosen, and choosing it goes on.
    pub single: bool,
}

/// One answer of [`Reasons`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasonKey {
    /// `staff`, `waiting`, `checkout`, `availability`, `price`, `clean`, `finding` or `other`; an unknown name is drawn
    /// as `other`.
    pub icon: String,
    /// The answer's words.
    pub label: String,
    /// Whether the shopper has chosen it.
    pub chosen: bool,
}

/// The shopper's own words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comment {
    /// The row at the top.
    pub header: Header,
    /// The request, one line.
    pub title: String,
    /// What has been typed so far.
    pub text: String,
    /// The caret's place in bytes of it.
    pub caret: usize,
    /// How many letters (grapheme clusters) that is.
    pub count: usize,
    /// How many are allowed.
    pub limit: usize,
    /// The language's own name on the keyboard's language key.
    pub language_name: String,
    /// Its tag, where there is no room for the name.
    pub language_tag: String,
}

/// A number or an address for a reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contact {
    /// The row at the top.
    pub header: Header,
    /// The question, one line.
    pub title: String,
    /// What happens to it, two lines at most.
    pub hint: String,
    /// Whether a number or an address is asked for now.
    pub channel: Channel,
    /// Whether the shopper may choose between the two.
    pub has_choice: bool,
    /// What has been typed so far.
    pub text: String,
    /// The caret's place in bytes of it.
    pub caret: usize,
    /// What the shopper agrees to.
    pub consent: String,
    /// Whether the shopper has.
    pub consented: bool,
    /// Whether Send does anything.
    pub can_send: bool,
    /// What is said beside the lock.
    pub notice: ContactNotice,
    /// See [`Comment::language_name`].
    pub language_name: String,
    /// See [`Comment::language_tag`].
    pub language_tag: String,
}

/// The ways to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channel {
    /// By a phone number, on a pad of figures.
    #[default]
    Phone,
    /// By an e-mail address, on the keyboard.
    Email,
}

/// What is said beside the lock of [`Contact`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContactNotice {
    /// What will be done with what is sent.
    #[default]
    Locked,
    /// It could not be locked, and nothing was kept.
    Failed,
    /// The shopper came back: this was sent before and cannot be shown again.
    Sent(Channel),
}

/// The answer is saved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thanks {
    /// Two or three large words; the page sets the full stop.
    pub title: String,
    /// One sentence, two lines at most.
    pub message: String,
    /// What happens next, a line each; three fit.
    pub notes: Vec<ThanksNote>,
    /// The share of the page's time that is left, 0 to 1.
    pub time_left: f32,
    /// The same in seconds.
    pub seconds_left: u32,
    /// Words to take along, to ask later what came of it, if the survey gives them.
    pub follow_up: Option<FollowUp>,
    /// A code to take along, if the store gives one.
    pub voucher: Option<Voucher>,
}

/// One line of [`Thanks`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThanksNote {
    /// `phone`, `store`, `mail`, `lock` or any other name of the icon set; an unknown name is drawn as `other`.
    pub icon: String,
    /// The line.
    pub text: String,
}

/// The follow-up code on the thanks page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FollowUp {
    /// What for, and where, one line; empty for the kiosk's own words.
    pub text: String,
    /// Three words with spaces between; Latin letters in every language.
    pub words: String,
}

/// The ticket on the thanks page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voucher {
    /// What it is worth, one line.
    pub title: String,
    /// How to use it, two lines at most.
    pub detail: String,
    /// The code to photograph.
    pub qr: QrModules,
}

/// The squares of a QR code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QrModules {
    /// Squares in a row, without the quiet zone.
    pub width: usize,
    /// Whether each square is dark, row by row; `width * width` of them, missing ones are light.
    pub dark: Vec<bool>,
}

/// The warning before an answer is closed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StillThere {
    /// Whole seconds until it is.
    pub seconds_left: u32,
    /// The same as a share of the warning's time, 0 to 1.
    pub time_left: f32,
    /// Whether there are typed words that will be deleted then; the page says so only if there are.
    pub unsent_words: bool,
}

/// The kiosk cannot keep an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutOfService {
    /// What happened and what to do, for the people who work there; shown small at the foot.
    pub reason_for_staff: String,
}
