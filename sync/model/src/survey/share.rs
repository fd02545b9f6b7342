//! What is left to chance, decided from one number per response.
//!
//! The number is drawn by whoever begins the response and is kept in its record. Everything that hangs on chance
//! follows from it, so the same record always means the same questions. Each decision mixes the number with a name
//! of its own: who is asked one sampled question is neither more nor less likely to be asked another.

/// Parts that a whole is divided into; a share is told to six places.
const WHOLE: u32 = 1_000_000;

/// A share of all responses, above none and up to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    millionths: u32,
}

impl Share {
    /// A share from a number above 0 and up to 1, told to six places.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 1 to a million")]
    pub fn new(share: f64) -> Option<Self> {
        let millionths = (share * f64::from(WHOLE)).round();
        let is_share = millionths >= 1.0 && millionths <= f64::from(WHOLE);
        is_share.then_some(Self { millionths: millionths as u32 })
    }

    /// The share as a number above 0 and up to 1.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.millionths) / f64::from(WHOLE)
    }

    /// Whether these are more than a whole together.
    pub(super) fn exceed_whole(shares: impl IntoIterator<Item = Self>) -> bool {
        sum(shares) > u64::from(WHOLE)
    }

    /// Whether these leave nothing of a whole.
    pub(super) fn are_whole(shares: impl IntoIterator<Item = Self>) -> bool {
        sum(shares) >= u64::from(WHOLE)
    }

    /// Whether the draw falls into this share, in the decision of that name.
    pub(super) fn takes(self, draw: u32, decision: &str) -> bool {
        place(draw, decision) < self.millionths
    }

    /// The place of the share, among these laid end to end, that the draw falls into; none where it falls beyond.
    pub(super) fn pick(shares: impl IntoIterator<Item = Self>, draw: u32, decision: &str) -> Option<usize> {
        let drawn = place(draw, decision);
        let mut end = 0;
        shares.into_iter().position(|share| {
            end += share.millionths;
            drawn < end
        })
    }
}

fn sum(shares: impl IntoIterator<Item = Share>) -> u64 {
    shares.into_iter().map(|share| u64::from(share.millionths)).sum()
}

/// Where on the way from 0 to a whole the draw falls, in the decision of that name.
///
/// FNV-1a takes the name in; the finaliser of SplitMix64 (Steele, Lea, Flood, 2014) spreads it evenly.
fn place(draw: u32, decision: &str) -> u32 {
    let name = decision.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mut mixed = name ^ u64::from(draw).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    u32::try_from(((mixed >> 32) * u64::from(WHOLE)) >> 32).unwrap_or(WHOLE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededEntropy;

    const DRAWS: u32 = 10_000;

    fn draws() -> impl Iterator<Item = u32> {
        let entropy = SeededEntropy::new(7);
        (0..DRAWS).map(move |_| (entropy.next_u64() >> 32) as u32)
    }

    /// Whether so many of 10,000 are within three standard deviations of that share.
    fn is_near(count: usize, share: f64) -> bool {
        let (count, whole) = (count as f64, f64::from(DRAWS));
        (count - share * whole).abs() <= 3.0 * (whole * share * (1.0 - share)).sqrt()
    }

    #[test]
    fn of_ten_thousand_draws_each_share_gets_its_part() {
        for part in [0.01, 0.1, 0.25, 0.5, 0.9, 1.0] {
            let share = Share::new(part).unwrap();
            let count = draws().filter(|&draw| share.takes(draw, "question:why")).count();
            assert!(is_near(count, part), "{count} for {part}");
        }
    }

    #[test]
    fn draws_that_only_count_up_are_shared_out_as_evenly() {
        let share = Share::new(0.25).unwrap();
        let count = (0..DRAWS).filter(|&draw| share.takes(draw, "question:why")).count();
        assert!(is_near(count, 0.25), "{count}");
    }

    #[test]
    fn variants_get_their_parts_and_the_rest_gets_none() {
        let shares = [0.2, 0.5].map(|share| Share::new(share).unwrap());
        let mut counts = [0; 3];
        for draw in draws() {
            counts[Share::pick(shares, draw, "variants").unwrap_or(2)] += 1;
        }
        assert!(is_near(counts[0], 0.2) && is_near(counts[1], 0.5) && is_near(counts[2], 0.3), "{counts:?}");
    }

    #[test]
    fn one_decision_says_nothing_of_another() {
        let share = Share::new(0.5).unwrap();
        let both =
            draws().filter(|&draw| share.takes(draw, "question:why") && share.takes(draw, "question:how"));
        let count = both.count();
        assert!(is_near(count, 0.25), "{count}");
    }

    #[test]
    fn only_parts_of_a_whole_are_shares() {
        for none in [0.0, -0.5, 1.000_001, 1e-7, f64::NAN, f64::INFINITY] {
            assert_eq!(Share::new(none), None, "{none}");
        }
        assert!((Share::new(0.25).unwrap().as_f64() - 0.25).abs() < 1e-9);
        let thirds = [1.0 / 3.0; 3].map(|share| Share::new(share).unwrap());
        assert!(!Share::exceed_whole(thirds));
    }
}
