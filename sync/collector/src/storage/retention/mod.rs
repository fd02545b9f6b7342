//! For how long what is kept, field by field; what was kept for so long is taken away.
//!
//! | file | what is in it |
//! |---|---|
//! | `reduce` | what is left of a record without some of its fields |
//! | `object` | an object of which one member is changed and all others stay as they were written |
//! | `due` | which records have been kept long enough, and taking it from them and from their copies |
//! | `aside` | the same of what was kept aside |
//! | `words` | the same of the words in follow-ups that are closed |
//! | `again` | what comes in once more after something was taken of it |
//!
//! Invariants: a record keeps its place, its head and its receipt, and a mark says what was taken and by which digest it is known; nothing
//! that is counted changes but by whole responses, which go as erased ones do; what is sent again does not bring anything back. The time
//! goes by when a record came here: no kiosk's clock is asked.

pub(crate) mod again;
mod aside;
mod due;
mod object;
pub(crate) mod reduce;
mod words;

use std::collections::BTreeMap;

use super::sql::{Connection, SqlResult, values};

pub(crate) use aside::{AsidePlace, next_aside, take_aside};
pub(crate) use due::{due, take_part};
pub(crate) use words::{closed, take_words};

/// What can be kept for a time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetentionField {
    /// The words of comments.
    Comment,
    /// What shoppers left for a reply, sealed.
    Contact,
    /// The three words by which a shopper can ask what became of an answer.
    FollowUpCode,
    /// Words in the steps of follow-ups that are closed.
    CaseWords,
    /// Responses as a whole.
    Response,
    /// Entries of the audit log.
    Audit,
}

impl RetentionField {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Comment, Self::Contact, Self::FollowUpCode, Self::CaseWords, Self::Response, Self::Audit];

    /// As it is stored and typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Contact => "contact",
            Self::FollowUpCode => "follow_up_code",
            Self::CaseWords => "case_words",
            Self::Response => "response",
            Self::Audit => "audit",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Comment => "Words of comments",
            Self::Contact => "Contact details",
            Self::FollowUpCode => "Follow-up codes",
            Self::CaseWords => "Words in closed follow-ups",
            Self::Response => "Whole responses",
            Self::Audit => "Audit log",
        }
    }

    /// What goes and what stays, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Comment => "the words go; that something was written, and all numbers, stay",
            Self::Contact => "the sealed number or address goes; that a reply was asked for stays",
            Self::FollowUpCode => "nobody can ask with the three words any more",
            Self::CaseWords => {
                "what was written into the steps goes, so many days after the last one; the steps stay"
            }
            Self::Response => "nothing stays but its place in the chain, and it is counted no more",
            Self::Audit => "who did what goes; the hashes stay, so that the rest still proves itself",
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Days for which each field is kept. One that is missing is kept for good.
pub type RetentionDays = BTreeMap<RetentionField, u32>;

/// What is decided. A database from before there was any of this decides nothing.
pub(crate) fn decided(connection: &Connection) -> SqlResult<RetentionDays> {
    if !connection.own().has_table("retention")? {
        return Ok(RetentionDays::new());
    }
    let rows = connection.query_all("select field, days from retention", &[], |row| {
        Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
    })?;
    // A field that a later program knows is none of this one's.
    let known = rows
        .into_iter()
        .filter_map(|(field, days)| Some((RetentionField::named(&field)?, u32::try_from(days).ok()?)));
    Ok(known.collect())
}

/// Decides for one field; without days it is kept for good.
pub(crate) fn decide(connection: &Connection, field: RetentionField, days: Option<u32>) -> SqlResult<()> {
    match days {
        Some(days) => connection.execute(
            "insert into retention (field, days) values (?1, ?2)
             on conflict (field) do update set days = excluded.days",
            values![field.name(), i64::from(days)],
        ),
        None => connection.execute("delete from retention where field = ?1", values![field.name()]),
    }
    .map(drop)
}
