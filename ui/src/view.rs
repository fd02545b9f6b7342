//! What a page shows, as plain data.
//!
//! The kiosk's program builds a [`View`] and hands it to [`crate::KioskUi::show`]; nothing here knows Slint, a survey
//! file or a database. Words that belong to a survey (questions, reasons, thanks) come through these types in the
//! shopper's language; words that belong to the kiosk itself ("Finish", "Skip") live in the `.slint` files and follow
//! [`Look::language`]. Building a view cannot fail: a value out of range is drawn as the nearest sensible one, because
//! a shopper should never meet an error page over a wrong number.

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
    /// BCP 47 tag such as `de` or `de-AT`. It selects the bundled translation of the kiosk's own words; a language that
    /// is not bundled falls back to English.
    pub language: String,
}

/// The pages of the kiosk.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// The idle screen: one question, five faces.
    Question(Question),
    /// What was good or bad, many answers allowed.
    Reasons(Reasons),
    /// The shopper's own words.
    Comment(Comment),
    /// The answer is saved.
    Thanks(Thanks),
    /// Nobody has touched the screen for a while.
    StillThere(StillThere),
    /// The kiosk cannot keep an answer, and says so.
    OutOfService(OutOfService),
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
    /// The words below the faces, from the worst to the best.
    pub words: [String; 5],
    /// The face whose key is held down, 1 to 5, while the others are dimmed. `None` or another number: no key is.
    pub chosen: Option<u8>,
    /// The languages to choose from, in the order shown.
    pub languages: Vec<LanguageKey>,
    /// What changed because of feedback; without it the strip stays empty.
    pub strip: Option<StripNote>,
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
    /// The face that was tapped, 1 to 5.
    pub face: u8,
    /// Its word.
    pub word: String,
    /// The page's number in the chosen branch, from 1.
    pub step: usize,
    /// How many pages the branch has; 0 hides the dots.
    pub steps: usize,
    /// The share of the time limit that is left, 0 to 1, drawn as a ring around Finish.
    pub time_left: f32,
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
    /// What has been typed so far; the caret stands at its end.
    pub text: String,
    /// How many letters (grapheme clusters) that is.
    pub count: usize,
    /// How many are allowed.
    pub limit: usize,
    /// Which keyboard is shown.
    pub layout: KeyboardLayout,
    /// The language's own name on the keyboard's language key.
    pub language_name: String,
}

/// The keyboards there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyboardLayout {
    /// Ten letters in the first row, for English.
    #[default]
    Qwerty,
    /// Eleven letters in the first two rows, with ü, ö, ä and ß, for German.
    Qwertz,
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
