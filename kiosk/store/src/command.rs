//! What the writer can be asked, and where its answers go.

use afterword_model::alerts::{Transition, Wish};
use afterword_model::carried::Origin;
use afterword_model::case::{Author, CaseId, Status};
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Draft, Response, Stamp};
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::queue::{Acceptance, BeginReason};
use afterword_protocol::receipt::SignedReceipt;
#[cfg(test)]
use rusqlite::Connection;

use crate::cases::About;
use crate::decided::Decided;
use crate::error::StoreError;
use crate::ledger::Frozen;
use crate::purge::Purged;

/// Where a command's result goes. It is called exactly once: one that is dropped uncalled, because the thread
/// ended before its turn, says that the store has stopped.
pub(crate) struct Answer<T>(Option<Done<T>>);

type Done<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

impl<T> Answer<T> {
    pub(crate) fn new(done: impl FnOnce(Result<T, StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(done)))
    }

    pub(crate) fn give(mut self, result: Result<T, StoreError>) {
        if let Some(done) = self.0.take() {
            done(result);
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(StoreError::Stopped));
        }
    }
}

/// What a test does to the writer's own connection.
#[cfg(test)]
pub(crate) type Meddling = Box<dyn FnOnce(&Connection) + Send>;

/// A step that somebody wishes to take, or that a rule takes.
pub(crate) struct Wished {
    pub(crate) about: About,
    pub(crate) by: Author,
    pub(crate) at: Stamp,
}

pub(crate) enum Command {
    Save(Box<Draft>, Answer<()>),
    Freeze(Box<Response>, Answer<Frozen>),
    Accept(SignedReceipt, Answer<Acceptance>),
    KeepChanges(Changes, Answer<()>),
    KeepSettings(Box<Decided>, Answer<()>),
    /// The program has lived for a while since the store was opened.
    OutlivedTrial(Answer<()>),
    /// The answer is what became of it; nothing where that was so already.
    ChangeAlert(Wish, Answer<Option<Transition>>),
    Step(Box<Wished>, Answer<(CaseId, Status)>),
    KeepCaseSteps(CaseSteps, Answer<()>),
    /// Hides the words of the response that first had this place, or shows them again.
    HideWords(Origin, bool, Answer<()>),
    Purge(u64, Answer<Purged>),
    BeginAnew(BeginReason, Answer<()>),
    /// A record of this epoch does not hash to its head. The answer is whether another epoch has begun.
    Heal(StoreEpoch, Answer<bool>),
    Probe(Answer<()>),
    /// Answered when the writer has also done what it does in quiet moments.
    Settle(Answer<()>),
    Close(Answer<()>),
    #[cfg(test)]
    Run(Meddling, Answer<()>),
    /// What happens to the disk when the reserve is given back to it.
    #[cfg(test)]
    WhenReleased(Meddling, Answer<()>),
}

impl Command {
    /// Answers a command that is not carried out.
    pub(crate) fn refuse(self, error: StoreError) {
        match self {
            Self::Save(_, done)
            | Self::KeepChanges(_, done)
            | Self::KeepSettings(_, done)
            | Self::OutlivedTrial(done)
            | Self::KeepCaseSteps(_, done)
            | Self::HideWords(_, _, done)
            | Self::BeginAnew(_, done)
            | Self::Probe(done)
            | Self::Settle(done)
            | Self::Close(done) => done.give(Err(error)),
            Self::Freeze(_, done) => done.give(Err(error)),
            Self::Step(_, done) => done.give(Err(error)),
            Self::Heal(_, done) => done.give(Err(error)),
            Self::Accept(_, done) => done.give(Err(error)),
            Self::ChangeAlert(_, done) => done.give(Err(error)),
            Self::Purge(_, done) => done.give(Err(error)),
            #[cfg(test)]
            Self::Run(_, done) | Self::WhenReleased(_, done) => done.give(Err(error)),
        }
    }
}
