//! Scores that are no shares: the net promoter score and the mean of a scale.

use serde::{Deserialize, Serialize};

use super::quantile::{Z_95, t_95, two_sided_normal, two_sided_t};

/// A score with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Answers it is from.
    pub of: u64,
    /// The score.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Who would recommend the store, and who would not: 9 and 10 are promoters, 0 to 6 detractors (Reichheld, "The One Number You
/// Need to Grow", 2003).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recommending {
    /// Answers of 9 and 10.
    pub promoters: u64,
    /// Answers of 0 to 6.
    pub detractors: u64,
    /// All answers.
    pub of: u64,
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
impl Recommending {
    /// Of how often each value from 0 to 10 was chosen.
    #[must_use]
    pub fn of(counts: &[u64]) -> Self {
        let sum = |from: usize, to: usize| counts.iter().take(to).skip(from).sum();
        Self { promoters: sum(9, 11), detractors: sum(0, 7), of: sum(0, 11) }
    }

    /// The net promoter score, promoters less detractors in a hundred, -100 to 100. Its interval is the adjusted one of Bonett
    /// and Price ("Adjusted Wald confidence interval for a difference of binomial proportions based on paired data", Journal of
    /// Educational and Behavioral Statistics 37, 2012), since the score is the difference of two shares of one whole: one answer
    /// is added to either, and two to the whole. The plain one is too short for few answers and has no width where all
    /// are promoters. No answers give -100 to 100.
    #[must_use]
    pub fn score(self) -> Score {
        if self.of == 0 {
            return Score { of: 0, estimate: 0.0, low: -100.0, high: 100.0 };
        }
        let (up, down, n) = (self.promoters as f64, self.detractors as f64, self.of as f64);
        let (p, q) = ((up + 1.0) / (n + 2.0), (down + 1.0) / (n + 2.0));
        let half = Z_95 * ((p + q - (p - q) * (p - q)) / (n + 2.0)).sqrt();
        let in_hundred = |share: f64| 100.0 * share.clamp(-1.0, 1.0);
        Score {
            of: self.of,
            estimate: in_hundred((up - down) / n),
            low: in_hundred(p - q - half),
            high: in_hundred(p - q + half),
        }
    }

    /// How probable it is that two scores of one and the same truth differ as much as these: the difference over its standard
    /// error, with the added answers of [`Self::score`], held against the normal distribution. 1 without answers.
    #[must_use]
    pub fn p_against(self, other: Self) -> f64 {
        if self.of == 0 || other.of == 0 {
            return 1.0;
        }
        let adjusted = |scores: Self| {
            let n = scores.of as f64 + 2.0;
            let (p, q) = ((scores.promoters as f64 + 1.0) / n, (scores.detractors as f64 + 1.0) / n);
            (p - q, (p + q - (p - q) * (p - q)) / n)
        };
        let ((one, variance), (other, other_variance)) = (adjusted(self), adjusted(other));
        two_sided_normal((one - other) / (variance + other_variance).sqrt())
    }
}

/// Answers on a scale of numbers, as far as their mean goes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    of: u64,
    mean: f64,
    /// Of a single answer, by `of - 1`; 0 below two answers.
    variance: f64,
    /// The lowest and the highest value of the scale.
    ends: (f64, f64),
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
impl Mean {
    /// Of how often each value was chosen, the first of which is `lowest`.
    #[must_use]
    pub fn of(counts: &[u64], lowest: u8) -> Self {
        let values = || (u32::from(lowest)..).map(f64::from).zip(counts.iter().map(|count| *count as f64));
        let of: u64 = counts.iter().sum();
        let n = of as f64;
        let lowest = f64::from(lowest);
        let ends = (lowest, lowest + counts.len().saturating_sub(1) as f64);
        if of == 0 {
            return Self { ends, ..Self::default() };
        }
        let mean = values().map(|(value, count)| value * count).sum::<f64>() / n;
        let squares: f64 = values().map(|(value, count)| count * (value - mean) * (value - mean)).sum();
        Self { of, mean, variance: if of > 1 { squares / (n - 1.0) } else { 0.0 }, ends }
    }

    /// The mean with Student's interval, held within `lowest` and `highest`. The textbook's, which needs the answers to be many
    /// or their mean to be near normal: on a scale of seven that is so from some ten answers on. Where all answers are alike,
    /// it has no width, and says nothing of the answers to come; then the interval is that of one more answer at each end of the
    /// scale. Fewer than two answers give the whole scale.
    #[must_use]
    pub fn score(self, lowest: u8, highest: u8) -> Score {
        let (lowest, highest) = (f64::from(lowest), f64::from(highest));
        let whole = Score { of: self.of, estimate: self.mean, low: lowest, high: highest };
        if self.of < 2 {
            return whole;
        }
        let n = self.of as f64;
        if self.variance <= 0.0 {
            let low = (self.mean * n + lowest) / (n + 1.0);
            let high = (self.mean * n + highest) / (n + 1.0);
            return Score { low, high, ..whole };
        }
        let half = t_95(n - 1.0) * (self.variance / n).sqrt();
        Score { low: (self.mean - half).max(lowest), high: (self.mean + half).min(highest), ..whole }
    }

    /// How probable it is that two means of one and the same truth differ as much as these: Welch's test, which does not take
    /// both to spread alike. Answers that are all alike promise nothing of how the next ones spread, so one answer at each end of
    /// the scale is added to them first. 1 where either has fewer than two answers.
    #[must_use]
    pub fn p_against(self, other: Self) -> f64 {
        if self.of < 2 || other.of < 2 {
            return 1.0;
        }
        let (this, other) = (self.spread(), other.spread());
        let (n, m) = (this.of as f64, other.of as f64);
        let (one, two) = (this.variance / n, other.variance / m);
        if one + two <= 0.0 {
            return 1.0;
        }
        let degrees = (one + two) * (one + two) / (one * one / (n - 1.0) + two * two / (m - 1.0));
        two_sided_t((this.mean - other.mean) / (one + two).sqrt(), degrees)
    }

    /// As it is where it spreads, else with one more answer at each end of the scale.
    fn spread(self) -> Self {
        if self.variance > 0.0 {
            return self;
        }
        let (n, (low, high)) = (self.of as f64, self.ends);
        let mean = (n * self.mean + low + high) / (n + 2.0);
        let squares = n * (self.mean - mean).powi(2) + (low - mean).powi(2) + (high - mean).powi(2);
        Self { of: self.of + 2, mean, variance: squares / (n + 1.0), ends: self.ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_values_make_promoters_and_detractors() {
        let counts = [1, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32];
        assert_eq!(Recommending::of(&counts), Recommending { promoters: 48, detractors: 3, of: 63 });
        assert_eq!(Recommending::of(&[]).score(), Score { of: 0, estimate: 0.0, low: -100.0, high: 100.0 });
    }

    #[test]
    fn a_score_of_a_hundred_has_an_interval() {
        let score = Recommending { promoters: 10, detractors: 0, of: 10 }.score();
        assert!(score.estimate == 100.0 && score.low > 40.0 && score.low < 90.0, "{score:?}");
    }

    #[test]
    fn answers_that_are_all_alike_promise_nothing_of_the_next() {
        let mean = Mean::of(&[0, 0, 0, 0, 0, 0, 9], 1);
        let score = mean.score(1, 7);
        assert!((score.estimate, score.high) == (7.0, 7.0) && score.low < 6.5, "{score:?}");
        assert_eq!(mean.p_against(mean), 1.0);
        let usual = Mean::of(&[0, 0, 10, 0, 20, 30, 140], 1);
        let five_sevens = Mean::of(&[0, 0, 0, 0, 0, 0, 5], 1);
        assert!(
            five_sevens.p_against(usual) > 0.05,
            "one day in six is so: {}",
            five_sevens.p_against(usual)
        );
        let (all, none) = (Mean::of(&[0, 0, 0, 0, 0, 0, 50], 1), Mean::of(&[50, 0, 0, 0, 0, 0, 0], 1));
        assert!(all.p_against(none) < 1e-6, "{}", all.p_against(none));
        assert_eq!(Mean::of(&[1], 1).score(1, 7), Score { of: 1, estimate: 1.0, low: 1.0, high: 7.0 });
    }
}
