//! A device as whoever puts it up sees it.

use super::staff::Bar;

/// The device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// What stands at the top.
    pub bar: Bar,
    /// What people call it; empty while nobody has named it.
    pub name: String,
    /// The wall clock, to be read.
    pub now: String,
    /// Whether it is known to a collector.
    pub enrol: Enrol,
    /// What became of the last code, to be read; empty where nothing did.
    pub enrol_notice: String,
    /// The letters typed of a code.
    pub code: String,
    /// How many letters a code has.
    pub code_length: usize,
    /// Whether the letters stand in the place of the squares.
    pub types: bool,
    /// Which squares have been touched: eight in a row, four rows.
    pub squares: Vec<bool>,
    /// The steps of the network test that are over.
    pub network: Vec<Check>,
    /// Why there was no test, to be read; empty where there was.
    pub problem: String,
    /// What the test found that is to be looked at.
    pub trouble: Option<Finding>,
    /// Whether the way to the collector works in spite of it.
    pub trouble_is_small: bool,
    /// Whether it is under way.
    pub tests: bool,
    /// How everything stands.
    pub status: Vec<Check>,
    /// What became of the report, to be read.
    pub report: String,
}

/// Whether a device is known to a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enrol {
    /// It is.
    Done,
    /// It is not; a code would make it.
    Possible,
    /// The code is on its way.
    UnderWay,
    /// It is not known whether it is: the program that would know does not answer.
    #[default]
    Impossible,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// As it should.
    Good,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not.
    Bad,
    /// Nobody knows.
    #[default]
    Unknown,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check {
    /// What.
    pub what: What,
    /// How it stands.
    pub state: State,
    /// What was found, to be read; empty where it is a finding.
    pub how: String,
    /// What a step of the network test found; none of anything else.
    pub found: Option<Finding>,
    /// What else there is to say, at the end of the line; may be empty.
    pub more: String,
}

/// What a step of the network test found, by the names of the protocol between kiosk and sync program. The page has words for
/// each kind that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    /// The name of what was found, such as `unknown_ca`.
    pub kind: String,
    /// The network, address, host or device it is about.
    pub name: String,
    /// A second one, or what the system said.
    pub other: String,
    /// A number with its unit, to be read.
    pub number: String,
    /// A second number, to be read.
    pub more: String,
    /// A whole sentence in English, for a kind that has no words on the page.
    pub in_english: String,
}

/// What can be looked at. The page has a word for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum What {
    /// Cable or wireless.
    Link,
    /// The device's address.
    Address,
    /// The collector's name.
    Name,
    /// A connection to it.
    Connection,
    /// Its certificate.
    Security,
    /// Whether it knows this device.
    Identity,
    /// Whether the two agree on the time.
    #[default]
    Clock,
    /// The program's version.
    Version,
    /// What has not been sent.
    Waiting,
    /// This device's certificate.
    Certificate,
    /// The disk and the database.
    Storage,
    /// The program that has the network.
    Agent,
}
