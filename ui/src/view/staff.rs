//! What staff see. Words of the pages are the kiosk's own; numbers come as they are to be read.

use super::follow_ups::Since;

/// The pad before everything else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pin {
    /// Figures typed, of six. Which, nobody is told.
    pub typed: usize,
    /// Whether they are being checked.
    pub checking: bool,
    /// What became of the last ones.
    pub notice: PinNotice,
}

/// What became of the figures before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinNotice {
    /// None were tried.
    #[default]
    None,
    /// They did not match; so many tries are left.
    Wrong(u32),
    /// The pad takes none; so many minutes are left, the begun one among them.
    Locked(u64),
    /// There is nobody they could be of.
    NoPins,
    /// They could not be checked.
    Failed,
}

/// What stands at the top of every page behind the pad.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bar {
    /// The store's name.
    pub store_name: String,
    /// Which page it is.
    pub tab: Tab,
    /// Follow-ups that are open.
    pub open: u64,
    /// Whether whoever came in may see to the device.
    pub has_device: bool,
}

/// A page behind the pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The store's numbers.
    #[default]
    Summary,
    /// What is to be done.
    FollowUps,
    /// The device.
    Device,
}

/// A store's numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// Whether there are any yet; else the page says that they are on their way.
    pub is_read: bool,
    /// Whether they could not be read; those of before stay.
    pub failed: bool,
    /// What stands at the top.
    pub bar: Bar,
    /// Which days, in the order of the keys: today, 7 days, 30 days, others.
    pub range: usize,
    /// Those others: two lines of figures, or one day in words; empty where the range is one of the first three.
    pub days: String,
    /// Responses of these days that carry a flag.
    pub flagged: u64,
    /// Whether those are left out of everything.
    pub without_flagged: bool,
    /// Whether whoever came in may put them on a stick.
    pub can_export: bool,
    /// At most four.
    pub tiles: Vec<Tile>,
    /// Hours from the first to the last that are shown.
    pub hours: Vec<Hour>,
    /// Responses that the chart's height stands for, above 0.
    pub hours_top: f32,
    /// Lines across the chart, in responses.
    pub axis: Vec<u32>,
    /// The words of the faces, the worst first; none where the store asks on another scale.
    pub face_words: Vec<String>,
    /// Visits that chose a reason.
    pub wrong_visits: u64,
    /// The most frequent first; at most five are shown.
    pub reasons: Vec<ReasonCount>,
    /// The newest first.
    pub words: Vec<Words>,
    /// The day of the week, to be read, where the numbers are of one day; empty else.
    pub weekday: String,
    /// When the collector confirmed last; none where it never has.
    pub sent: Option<Since>,
    /// Responses that it has not confirmed.
    pub waiting: u64,
    /// Whether the wall clock can be trusted.
    pub clock_is_sure: bool,
    /// How the way to the collector stands.
    pub network: Network,
    /// What is free on the disk; none where nobody knows.
    pub room: Option<Room>,
}

/// How the way to the collector stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// The program that would know has not been heard of.
    #[default]
    Unknown,
    /// As it should.
    Good,
    /// Somebody should look at it: the page of the device says what it is.
    Look,
}

/// What is free on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Room {
    /// How much, to be read, with its unit.
    pub free: String,
    /// Whether that is too little to go on for long.
    pub is_low: bool,
}

/// What a tile is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TileKind {
    /// The share of happy visits.
    #[default]
    Satisfied,
    /// The net promoter score.
    Recommend,
    /// Mean effort.
    Easy,
    /// The share of thumbs that are up.
    Thumbs,
    /// How many responses there are.
    Responses,
    /// The share that came to the last step.
    Completed,
}

/// A number with its likely range. Places are shares of the tile's own scale, 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tile {
    /// What it is of.
    pub kind: TileKind,
    /// The number, to be read.
    pub value: String,
    /// What stands small behind it.
    pub unit: String,
    /// Where it stands and where it likely lies; none where there are not enough answers.
    pub range: Option<Range>,
    /// What it was; none where that is not known.
    pub before: Option<Before>,
}

/// Where a number stands, and its interval.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Range {
    /// The number's place.
    pub at: f32,
    /// The places of the interval's ends.
    pub ends: (f32, f32),
    /// The ends, to be read.
    pub words: (String, String),
}

/// What a number was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Before {
    /// Its place.
    pub at: f32,
    /// To be read.
    pub words: String,
    /// Whether it is certain that it has risen since, or fallen; none where neither is.
    pub has_risen: Option<bool>,
}

/// An hour of the chart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hour {
    /// To be read.
    pub label: String,
    /// Whether it is not over yet.
    pub is_now: bool,
    /// How often each of five faces was chosen, the worst first.
    pub counts: [u32; 5],
}

/// A reason and how often it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasonCount {
    /// The name of its icon.
    pub icon: String,
    /// What it says.
    pub label: String,
    /// How often.
    pub count: u64,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Their face, 1 to 5; none where they were asked on another scale.
    pub face: Option<u8>,
    /// When, to be read.
    pub time: String,
    /// Their words.
    pub text: String,
    /// The reasons they chose, to be read.
    pub reasons: String,
    /// Whether they left a way to reach them.
    pub wants_reply: bool,
    /// Whether their words are hidden.
    pub is_hidden: bool,
}
