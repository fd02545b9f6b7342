//! The way in for staff: six figures, whom they let in, and for how long.
//!
//! Pure, as the session is: it is told what the figures turned out to be, and waits by monotonic time alone. How often a wrong PIN
//! was tried is kept by the host, durably and before it is checked, so that neither pulling the plug nor setting the clock buys
//! another try; a lock that was cut short by a restart begins anew.

use zeroize::Zeroizing;

/// Figures of a PIN.
pub const PIN_FIGURES: usize = 6;

/// Wrong tries before the first lock.
pub const TRIES: u32 = 5;

/// An open desk that nobody touches locks itself, and an untouched pad goes away, after this long.
pub const UNTOUCHED_MS: u64 = 60_000;

/// How long the pad is locked after so many wrong tries in a row, in milliseconds: none below [`TRIES`], then one minute, then
/// five, then fifteen after every further one.
#[must_use]
pub fn lock_ms(wrong: u32) -> u64 {
    match wrong {
        ..TRIES => 0,
        TRIES => 60_000,
        6 => 300_000,
        _ => 900_000,
    }
}

/// What a PIN lets somebody do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees the numbers and takes steps of follow-ups.
    Staff,
    /// Hides words, and sees to the device, as well.
    Manager,
    /// Sees the device first, and all that a manager sees.
    Technician,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Staff, Self::Manager, Self::Technician];

    /// Its name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Manager => "manager",
            Self::Technician => "technician",
        }
    }
}

/// What the figures turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This role's PIN.
    Right(Role),
    /// Nobody's, for the so-manieth time in a row.
    Wrong(u32),
    /// Nobody has a PIN here yet.
    NoPins,
    /// It could not be checked, or the try could not be kept.
    Failed,
}

/// What is said beside the pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Nothing has happened yet.
    None,
    /// It did not match; so many tries are left before the pad locks.
    Wrong(u32),
    /// So many whole minutes from now the pad takes figures again.
    Locked(u64),
    /// Nobody has a PIN here yet.
    NoPins,
    /// It could not be checked.
    Failed,
}

/// Where the way in stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody is at it.
    Closed,
    /// The pad is shown.
    Pad {
        /// Figures typed.
        typed: usize,
        /// Whether they are being checked; nothing is taken meanwhile.
        checking: bool,
        /// What is said.
        notice: Notice,
    },
    /// Somebody is in.
    Open(Role),
}

/// The way in. See the module.
#[derive(Debug)]
pub struct Gate {
    typed: Zeroizing<String>,
    at: At,
    touched_ms: u64,
    /// Until when the pad is locked.
    locked_until_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Closed,
    Pad { checking: bool, verdict: Option<Verdict> },
    Open(Role),
}

impl Gate {
    /// As the program starts at `now_ms`, after so many wrong tries in a row.
    #[must_use]
    pub fn new(wrong: u32, now_ms: u64) -> Self {
        Self {
            typed: Zeroizing::default(),
            at: At::Closed,
            touched_ms: now_ms,
            locked_until_ms: now_ms.saturating_add(lock_ms(wrong)),
        }
    }

    /// Where it stands at that moment.
    #[must_use]
    pub fn stage(&self, now_ms: u64) -> Stage {
        match self.at {
            At::Closed => Stage::Closed,
            At::Open(role) => Stage::Open(role),
            At::Pad { checking, verdict } => {
                let left_ms = self.locked_until_ms.saturating_sub(now_ms);
                let notice = match verdict {
                    _ if left_ms > 0 => Notice::Locked(left_ms.div_ceil(60_000)),
                    // After a lock each further wrong one locks again.
                    Some(Verdict::Wrong(wrong)) => Notice::Wrong(TRIES.saturating_sub(wrong).max(1)),
                    Some(Verdict::NoPins) => Notice::NoPins,
                    Some(Verdict::Failed) => Notice::Failed,
                    Some(Verdict::Right(_)) | None => Notice::None,
                };
                Stage::Pad { typed: self.typed.len(), checking, notice }
            }
        }
    }

    /// The corner was held: the pad comes.
    pub fn knock(&mut self, now_ms: u64) {
        if self.at == At::Closed {
            self.at = At::Pad { checking: false, verdict: None };
            self.touched_ms = now_ms;
        }
    }

    /// A figure, 0 to 9. Others are none.
    pub fn figure(&mut self, figure: u8, now_ms: u64) {
        if self.takes(now_ms) && figure < 10 && self.typed.len() < PIN_FIGURES {
            self.typed.push(char::from(b'0' + figure));
            self.forget_verdict();
        }
    }

    /// The last figure goes.
    pub fn erase(&mut self, now_ms: u64) {
        if self.takes(now_ms) {
            self.typed.pop();
            self.forget_verdict();
        }
    }

    /// The figures are complete: what is to be checked now, if anything.
    pub fn enter(&mut self, now_ms: u64) -> Option<Zeroizing<String>> {
        if !self.takes(now_ms) || self.typed.len() != PIN_FIGURES {
            return None;
        }
        self.at = At::Pad { checking: true, verdict: None };
        Some(std::mem::take(&mut self.typed))
    }

    /// What the figures turned out to be.
    pub fn judged(&mut self, verdict: Verdict, now_ms: u64) {
        if let Verdict::Wrong(wrong) = verdict {
            self.locked_until_ms = now_ms.saturating_add(lock_ms(wrong));
        }
        if !matches!(self.at, At::Pad { checking: true, .. }) {
            // Whoever typed them has gone.
            return;
        }
        self.touched_ms = now_ms;
        self.at = match verdict {
            Verdict::Right(role) => {
                self.locked_until_ms = 0;
                At::Open(role)
            }
            verdict => At::Pad { checking: false, verdict: Some(verdict) },
        };
    }

    /// The wrong tries were forgiven elsewhere, by who may set PINs: a lock ends.
    pub fn forgiven(&mut self) {
        self.locked_until_ms = 0;
    }

    /// Somebody did something on an open page.
    pub fn touched(&mut self, now_ms: u64) {
        self.touched_ms = now_ms;
    }

    /// Back to the shoppers.
    pub fn close(&mut self) {
        self.typed = Zeroizing::default();
        self.at = At::Closed;
    }

    /// Closes what nobody has touched for long enough.
    pub fn tick(&mut self, now_ms: u64) {
        if self.deadline_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            self.close();
        }
    }

    /// When [`Self::tick`] is due.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        (self.at != At::Closed).then(|| self.touched_ms.saturating_add(UNTOUCHED_MS))
    }

    /// Whether the pad takes a key, which then counts as a touch.
    fn takes(&mut self, now_ms: u64) -> bool {
        let takes = matches!(self.at, At::Pad { checking: false, .. }) && now_ms >= self.locked_until_ms;
        if matches!(self.at, At::Pad { .. }) {
            self.touched_ms = now_ms;
        }
        takes
    }

    fn forget_verdict(&mut self) {
        // How many tries are left stays to be read while the next is typed.
        if let At::Pad { verdict: verdict @ Some(Verdict::Failed | Verdict::NoPins), .. } = &mut self.at {
            *verdict = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pad(gate: &Gate, now_ms: u64) -> (usize, bool, Notice) {
        match gate.stage(now_ms) {
            Stage::Pad { typed, checking, notice } => (typed, checking, notice),
            other => panic!("{other:?}"),
        }
    }

    fn types(gate: &mut Gate, now_ms: u64) -> Option<String> {
        (1..=6).for_each(|figure| gate.figure(figure, now_ms));
        gate.enter(now_ms).map(|pin| pin.to_string())
    }

    #[test]
    fn six_figures_and_the_right_answer_open_it_and_a_minute_closes_it() {
        let mut gate = Gate::new(0, 0);
        gate.figure(1, 0);
        assert_eq!(gate.stage(0), Stage::Closed, "nobody has knocked");
        gate.knock(0);
        gate.figure(9, 10);
        gate.figure(10, 10);
        assert_eq!((gate.enter(10), pad(&gate, 10)), (None, (1, false, Notice::None)));
        gate.erase(10);
        assert_eq!(types(&mut gate, 20).as_deref(), Some("123456"));
        assert_eq!(pad(&gate, 20), (0, true, Notice::None));
        assert_eq!(types(&mut gate, 30), None, "one answer at a time");
        gate.judged(Verdict::Right(Role::Manager), 400);
        assert_eq!(gate.stage(400), Stage::Open(Role::Manager));
        gate.touched(30_000);
        gate.tick(89_999);
        assert_eq!(gate.stage(89_999), Stage::Open(Role::Manager));
        gate.tick(90_000);
        assert_eq!((gate.stage(90_000), gate.deadline_ms()), (Stage::Closed, None));
    }

    #[test]
    fn wrong_figures_lock_it_for_longer_and_longer() {
        let mut gate = Gate::new(0, 0);
        gate.knock(0);
        let mut now_ms = 0;
        for (wrong, locked_ms) in
            [(1, 0), (2, 0), (3, 0), (4, 0), (5, 60_000), (6, 300_000), (7, 900_000), (8, 900_000)]
        {
            gate.knock(now_ms);
            assert!(types(&mut gate, now_ms).is_some(), "try {wrong} at {now_ms}");
            gate.judged(Verdict::Wrong(wrong), now_ms);
            let notice = pad(&gate, now_ms).2;
            if locked_ms == 0 {
                assert_eq!(notice, Notice::Wrong(TRIES - wrong));
            } else {
                assert_eq!(notice, Notice::Locked(locked_ms / 60_000));
                assert_eq!(types(&mut gate, now_ms + locked_ms - 1), None, "locked after {wrong}");
                gate.tick(now_ms + locked_ms - 1 + UNTOUCHED_MS);
            }
            now_ms += locked_ms + UNTOUCHED_MS;
        }
    }

    #[test]
    fn a_lock_that_was_cut_short_begins_anew_and_closing_does_not_shorten_it() {
        let mut gate = Gate::new(5, 1_000);
        gate.knock(2_000);
        assert_eq!((types(&mut gate, 2_000), pad(&gate, 2_000).2), (None, Notice::Locked(1)));
        gate.close();
        gate.knock(60_000);
        assert_eq!(types(&mut gate, 60_000), None);
        assert!(types(&mut gate, 61_000).is_some());
    }

    #[test]
    fn a_lock_that_was_forgiven_is_over_and_one_that_has_passed_leaves_a_try() {
        let mut gate = Gate::new(7, 0);
        gate.knock(0);
        assert_eq!(types(&mut gate, 0), None);
        gate.forgiven();
        assert!(types(&mut gate, 1).is_some());
        gate.judged(Verdict::Wrong(5), 1);
        gate.figure(1, 50_000);
        assert_eq!(pad(&gate, 60_001).2, Notice::Wrong(1));
    }

    #[test]
    fn a_verdict_that_comes_too_late_lets_nobody_in_and_still_counts() {
        let mut gate = Gate::new(4, 0);
        gate.knock(0);
        assert!(types(&mut gate, 0).is_some());
        gate.close();
        gate.judged(Verdict::Right(Role::Manager), 10);
        assert_eq!(gate.stage(10), Stage::Closed);
        gate.knock(20);
        assert!(types(&mut gate, 20).is_some());
        gate.close();
        gate.judged(Verdict::Wrong(5), 30);
        gate.knock(40);
        assert_eq!(types(&mut gate, 40), None);
    }

    #[test]
    fn a_check_that_failed_says_so_until_the_next_figure() {
        let mut gate = Gate::new(0, 0);
        gate.knock(0);
        assert!(types(&mut gate, 0).is_some());
        gate.judged(Verdict::Failed, 10);
        assert_eq!(pad(&gate, 10).2, Notice::Failed);
        gate.figure(1, 20);
        assert_eq!(pad(&gate, 20), (1, false, Notice::None));
    }
}
