//! Scripted shoppers: who comes, and what they do with their finger.
//!
//! A seed decides everything. A shopper knows only what a person sees: places on the glass.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A place on the glass of the 1280 × 800 panel, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
}

/// One thing a shopper does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Touches the glass and lets go.
    Tap(Spot),
    /// Stands there, in milliseconds.
    Wait(u64),
}

/// What a shopper is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shopper {
    /// What they do, in order. Afterwards they are gone.
    pub acts: Vec<Act>,
}

/// The places a finger finds on the 1280 × 800 panel.
pub mod spots {
    use super::Spot;

    /// Skip, on the reasons page.
    pub const SKIP: Spot = Spot { x: 800, y: 728 };
    /// Next, on the reasons page.
    pub const NEXT: Spot = Spot { x: 1080, y: 728 };
    /// Finish, on every page after the question.
    pub const FINISH: Spot = Spot { x: 1204, y: 56 };
    /// Change, on every page after the question.
    pub const CHANGE: Spot = Spot { x: 180, y: 56 };
    /// Done, on the comment page's keyboard.
    pub const COMMENT_DONE: Spot = Spot { x: 1122, y: 724 };
    /// Done, on the thanks page.
    pub const THANKS_DONE: Spot = Spot { x: 1030, y: 720 };
    /// "I need more time".
    pub const MORE_TIME: Spot = Spot { x: 334, y: 648 };
    /// The space bar.
    pub const SPACE: Spot = Spot { x: 630, y: 724 };
    /// The second language of the question page.
    pub const SECOND_LANGUAGE: Spot = Spot { x: 930, y: 60 };

    /// A face, 1 to 5.
    #[must_use]
    pub fn face(face: u16) -> Spot {
        Spot { x: 154 + (face - 1) * 243, y: 476 }
    }

    /// A reason, 0 to 7.
    #[must_use]
    pub fn reason(index: u16) -> Spot {
        Spot { x: 184 + index % 4 * 304, y: 352 + index / 4 * 196 }
    }

    /// A letter of the English keyboard; the space bar for anything else.
    #[must_use]
    pub fn letter(letter: char) -> Spot {
        for (row, (letters, left)) in
            [("qwertyuiop", 77), ("asdfghjkl", 140), ("zxcvbnm", 265)].iter().enumerate()
        {
            if let Some(place) = letters.find(letter) {
                let (row, place) = (u16::try_from(row).unwrap_or(0), u16::try_from(place).unwrap_or(0));
                return Spot { x: left + place * 125, y: 418 + row * 102 };
            }
        }
        SPACE
    }
}

/// What dissatisfied shoppers write.
const COMMENTS: [&str; 6] = [
    "only one till open",
    "nobody at the counter",
    "milk was out of stock again",
    "could not find the bread",
    "floor was wet",
    "price on the shelf was wrong",
];

/// The shoppers of one day.
pub struct Crowd(ChaCha8Rng);

impl Crowd {
    /// The crowd this seed decides.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        // The bias of a remainder of 32 bits does not matter to a script.
        self.0.next_u32() % bound.max(1)
    }

    /// The next shopper.
    pub fn next_shopper(&mut self) -> Shopper {
        let mut acts = Vec::new();
        let is_german = self.below(6) == 0;
        if is_german {
            acts.extend([Act::Tap(spots::SECOND_LANGUAGE), Act::Wait(600)]);
        }
        // Most visits go well: 1 to 5 with weights 8, 10, 15, 30, 37.
        let face = match self.below(100) {
            0..8 => 1,
            8..18 => 2,
            18..33 => 3,
            33..63 => 4,
            _ => 5,
        };
        acts.extend([Act::Tap(spots::face(face)), Act::Wait(400)]);
        if face <= 3 {
            self.say_why(is_german, &mut acts);
        } else {
            acts.extend([Act::Wait(1_500), Act::Tap(spots::THANKS_DONE)]);
        }
        Shopper { acts }
    }

    fn say_why(&mut self, is_german: bool, acts: &mut Vec<Act>) {
        match self.below(10) {
            // Walks away with the rating given.
            0 => return,
            // Has enough.
            1 => return acts.extend([Act::Wait(900), Act::Tap(spots::FINISH)]),
            // Thinks again: it was worse.
            2 => acts.extend([
                Act::Tap(spots::CHANGE),
                Act::Wait(800),
                Act::Tap(spots::face(1)),
                Act::Wait(400),
            ]),
            // Is slow, is asked, stays.
            3 => acts.extend([Act::Wait(31_000), Act::Tap(spots::MORE_TIME), Act::Wait(2_000)]),
            _ => {}
        }
        for _ in 0..self.below(3) {
            let reason = u16::try_from(self.below(8)).unwrap_or(0);
            acts.extend([Act::Wait(700), Act::Tap(spots::reason(reason))]);
        }
        let on = if self.below(4) == 0 { spots::SKIP } else { spots::NEXT };
        acts.extend([Act::Wait(500), Act::Tap(on), Act::Wait(600)]);
        // The places of letters are the English keyboard's.
        if !is_german && self.below(2) == 0 {
            let comment = COMMENTS[self.below(6) as usize];
            for letter in comment.chars() {
                acts.extend([Act::Tap(spots::letter(letter)), Act::Wait(180)]);
            }
        }
        // One in six is called away with the words half written.
        if self.below(6) > 0 {
            acts.extend([Act::Tap(spots::COMMENT_DONE), Act::Wait(2_000), Act::Tap(spots::THANKS_DONE)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_crowd() {
        let acts = |seed| {
            (0..20).map(move |_| ()).scan(Crowd::of_seed(seed), |crowd, ()| Some(crowd.next_shopper()))
        };
        assert!(acts(1).eq(acts(1)));
        assert!(!acts(1).eq(acts(2)));
    }

    #[test]
    fn a_crowd_does_everything_a_shopper_may() {
        let mut crowd = Crowd::of_seed(1);
        let acts: Vec<Act> = (0..300).flat_map(|_| crowd.next_shopper().acts).collect();
        for spot in [
            spots::SKIP,
            spots::NEXT,
            spots::FINISH,
            spots::CHANGE,
            spots::MORE_TIME,
            spots::SECOND_LANGUAGE,
            spots::COMMENT_DONE,
            spots::letter('t'),
        ] {
            assert!(acts.contains(&Act::Tap(spot)), "{spot:?} is never tapped");
        }
    }
}
