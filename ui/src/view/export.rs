//! What is put on a stick, as whoever stands there with one sees it.

/// The page from which the store's answers go onto a stick.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportPage {
    /// The range of days that a table is of, to be read.
    pub days: String,
    /// The stick.
    pub stick: StickState,
    /// What people call it; empty where there is none.
    pub name: String,
    /// How much room it has, to be read; empty where that is not known.
    pub free: String,
    /// Whether something is being written.
    pub is_busy: bool,
    /// What became of the last thing that was asked for.
    pub said: ExportSaid,
}

/// How it stands with sticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StickState {
    /// It is being looked.
    #[default]
    Looking,
    /// None is in.
    None,
    /// There are several, and nobody has said which is meant.
    Several,
    /// There is one that cannot be written.
    ReadOnly,
    /// There is one.
    Ready,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExportSaid {
    /// Nothing was asked for.
    #[default]
    Nothing,
    /// A table was written.
    Table {
        /// The file's name.
        file: String,
        /// How many responses are in it.
        responses: u64,
    },
    /// A parcel was written.
    Parcel {
        /// The file's name; the first one's where there are several; empty where nothing was unsent.
        file: String,
        /// How many files there are.
        files: u64,
        /// How many responses and follow-ups are in them.
        entries: u64,
        /// How many of them head office has confirmed since, by what the stick brought back.
        confirmed: u64,
        /// Whether something that it brought back was no confirmation for this kiosk.
        refused: bool,
    },
    /// Nothing was written.
    Failed(ExportFailure),
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportFailure {
    /// The stick was pulled out.
    Gone,
    /// It has no room.
    Full,
    /// It cannot be written.
    ReadOnly,
    /// The program that packs parcels does not answer.
    AgentAway,
    /// No collector knows this device.
    NotEnrolled,
    /// Nobody has told the device yet whom to seal parcels for.
    NoKey,
    /// The responses could not be read.
    Unread,
    /// Anything else, in one English sentence.
    Other(String),
}
