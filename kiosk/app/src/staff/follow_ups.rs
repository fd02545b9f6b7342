//! The follow-ups at the desk: the list that was read last, the step somebody takes, and what was done, while it is being said.
//!
//! A step is kept by the store before the list shows it; what cannot be kept is shown as failed and nothing has changed.

pub(crate) mod page;

use afterword_kiosk_core::gate;
use afterword_kiosk_store::{Store, StoreError};
use afterword_model::case::{Action, Author, CaseId, CaseView, Due, Overview, Role, RootCause, Stage, Wish};
use afterword_model::response::Stamp;
use afterword_ui::intent::FollowUpsIntent;
use afterword_ui::view::follow_ups::{ACTIONS, CAUSES};
use chrono_tz::Tz;

use crate::aside::Aside;
use crate::follow_ups::FollowUps;
use crate::kiosk::Wake;

/// The list is read anew so often while it is shown, in milliseconds: its clocks are told in minutes.
const FRESH_MS: u64 = 30_000;

/// A list that has just come takes no step for so long, in milliseconds: a second tap of the finger that took one would meet the
/// row that came in its place.
const SETTLE_MS: u64 = 400;

/// What is being said of what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doing {
    case: CaseId,
    /// The place of the cause among those that are offered.
    pub(crate) cause: Option<usize>,
    /// The place of the action among those that are offered.
    pub(crate) action: Option<usize>,
}

enum News {
    Read(Result<Box<Overview>, StoreError>),
    Stepped(Result<(), StoreError>),
}

/// The step of a double tap comes too late and is refused; nothing went wrong by that.
fn is_late(stepped: &Result<(), StoreError>) -> bool {
    matches!(stepped, Err(StoreError::NoStep(_)))
}

/// See the module.
pub(crate) struct FollowUpsDesk {
    rules: FollowUps,
    zone: Tz,
    store: Store,
    aside: Aside<News>,
    pub(crate) overview: Option<Box<Overview>>,
    /// When the list came, by the monotonic clock.
    came_ms: u64,
    reads: bool,
    /// The list is to be read again when what is being read has come.
    is_stale: bool,
    /// Whether the list could not be read.
    pub(crate) failed: bool,
    /// Whether the last step could not be kept.
    pub(crate) step_failed: bool,
    /// Whether the store has yet to say what became of a step.
    steps: bool,
    pub(crate) leaf: usize,
    pub(crate) doing: Option<Doing>,
}

impl FollowUpsDesk {
    pub(crate) fn new(rules: FollowUps, zone: Tz, store: Store, wake: Wake) -> Self {
        Self {
            rules,
            zone,
            store,
            aside: Aside::new("follow-ups", wake),
            overview: None,
            came_ms: 0,
            reads: false,
            is_stale: false,
            failed: false,
            step_failed: false,
            steps: false,
            leaf: 0,
            doing: None,
        }
    }

    /// Goes by other rules from now on.
    pub(crate) fn go_by(&mut self, rules: FollowUps) {
        self.rules = rules;
    }

    /// Somebody came in, or to the page.
    pub(crate) fn open(&mut self, now: &Stamp) {
        (self.leaf, self.doing, self.step_failed) = (0, None, false);
        self.read(now);
    }

    /// Nobody is there any more.
    pub(crate) fn close(&mut self) {
        (self.overview, self.doing, self.leaf) = (None, None, 0);
    }

    /// How many are open, as far as that is known.
    pub(crate) fn open_count(&self) -> u64 {
        self.overview.as_ref().map_or(0, |overview| overview.open)
    }

    /// The one about which something is being said.
    pub(crate) fn case_of(&self, doing: &Doing) -> Option<&CaseView> {
        self.overview.as_ref()?.cases.iter().find(|case| case.id == doing.case)
    }

    pub(crate) fn intend(&mut self, intent: FollowUpsIntent, role: gate::Role, now: &Stamp) {
        match intent {
            FollowUpsIntent::Leaf(leaf) => self.leaf = leaf,
            FollowUpsIntent::Acknowledge(place) => {
                if let Some(case) = self.at(place, Stage::Opened, now) {
                    self.step(case.id, Wish::Acknowledge, role, now);
                }
            }
            FollowUpsIntent::Act(place) => {
                let case = self.at(place, Stage::Acknowledged, now);
                self.doing = case.map(|case| Doing { case: case.id, cause: None, action: None });
            }
            FollowUpsIntent::Verify(place) => {
                if let Some(case) = self.at(place, Stage::Acted, now).filter(|case| can_verify(case.due)) {
                    self.step(case.id, Wish::Verify { words: String::new() }, role, now);
                }
            }
            FollowUpsIntent::Cause(place) => {
                if let Some(doing) = self.doing.as_mut().filter(|_| place < CAUSES) {
                    doing.cause = Some(place);
                }
            }
            FollowUpsIntent::Action(place) => {
                if let Some(doing) = self.doing.as_mut().filter(|_| place < ACTIONS) {
                    doing.action = Some(place);
                }
            }
            FollowUpsIntent::Cancel => self.doing = None,
            FollowUpsIntent::Save => self.save(role, now),
        }
    }

    /// Takes what has come, and reads anew what has grown old while somebody looks at it.
    pub(crate) fn pump(&mut self, is_shown: bool, now: &Stamp) {
        while let Some(news) = self.aside.take() {
            match news {
                News::Read(read) => {
                    self.reads = false;
                    self.failed = read.is_err();
                    match read {
                        Ok(overview) => (self.overview, self.came_ms) = (Some(overview), now.mono_ms),
                        Err(error) => tracing::error!(%error, "the follow-ups could not be read"),
                    }
                }
                News::Stepped(stepped) => {
                    self.step_failed = stepped.is_err() && !is_late(&stepped);
                    if let Err(error) = stepped {
                        tracing::error!(%error, "a step of a follow-up was not kept");
                    }
                    (self.steps, self.is_stale) = (false, true);
                }
            }
        }
        let is_old = is_shown && now.mono_ms >= self.came_ms.saturating_add(FRESH_MS);
        if (self.is_stale || is_old) && !self.reads {
            self.read(now);
        }
    }

    /// When [`Self::pump`] is due while the list is shown.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        (!self.reads).then(|| self.came_ms.saturating_add(FRESH_MS))
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.aside.is_settled()
    }

    /// The one at this place, where it stands at this stage, and whoever tapped can have meant it.
    fn at(&self, place: usize, stage: Stage, now: &Stamp) -> Option<&CaseView> {
        let is_settled = now.mono_ms >= self.came_ms.saturating_add(SETTLE_MS) && !self.steps;
        let case = self.overview.as_ref()?.cases.get(place)?;
        (is_settled && case.status.stage == stage).then_some(case)
    }

    fn save(&mut self, role: gate::Role, now: &Stamp) {
        let Some(Doing { case, cause: Some(cause), action: Some(action) }) = self.doing else { return };
        let (Some(&root_cause), Some(&action)) = (RootCause::ALL.get(cause), Action::ALL.get(action)) else {
            return;
        };
        self.doing = None;
        self.step(case, Wish::Act { root_cause, action, words: String::new() }, role, now);
    }

    fn step(&mut self, case: CaseId, wish: Wish, role: gate::Role, now: &Stamp) {
        (self.step_failed, self.steps) = (false, true);
        let tell = self.aside.teller();
        let by = Author::nameless(author(role));
        self.store.step(case, wish, (by, *now), move |stepped| tell(News::Stepped(stepped.map(drop))));
    }

    fn read(&mut self, now: &Stamp) {
        if self.reads {
            self.is_stale = true;
            return;
        }
        let (store, ask) = (self.store.clone(), self.rules.ask(*now, self.zone));
        self.reads = self.aside.run(move || News::Read(store.cases(&ask).map(Box::new)));
        self.failed = !self.reads;
        // Without a thread there is no sense in trying again at once.
        (self.is_stale, self.came_ms) = (false, now.mono_ms);
    }
}

/// Whether it can be told by now that what was done holds.
pub(crate) fn can_verify(due: Option<Due>) -> bool {
    due.is_none_or(|due| due.next != Stage::Verified || due.left_ms() == 0)
}

fn author(role: gate::Role) -> Role {
    match role {
        gate::Role::Staff => Role::Staff,
        gate::Role::Manager => Role::Manager,
        gate::Role::Technician => Role::Technician,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_needs_no_words() {
        assert_eq!((CAUSES, ACTIONS), (RootCause::ALL.len() - 1, Action::ALL.len() - 1));
        assert_eq!(RootCause::ALL.last(), Some(&RootCause::Other));
        assert_eq!(Action::ALL.last(), Some(&Action::Other));
    }
}
