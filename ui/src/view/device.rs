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
    /// Why the test ended early, to be read; empty where it did not.
    pub problem: String,
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
    /// What was found, to be read.
    pub how: String,
    /// What else there is to say, at the end of the line; may be empty.
    pub more: String,
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
