//! When a message that did not come through is tried again: soon at first, then ever more seldom, for three days in all. Pure.

use afterword_model::ports::Entropy;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// For how long a message is tried.
pub(crate) const TRIED_FOR_MS: i64 = 72 * HOUR_MS;

/// How long is waited after the first try that failed, the second and so on; the last one after all that follow. The numbers are those that
/// Standard Webhooks proposes.
const WAITS_MS: [i64; 9] = [
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];

/// A receiver may put a try off by this much at most: what says "next year" is still tried within the three days.
const PUT_OFF_MAX_MS: i64 = 12 * HOUR_MS;

/// A message whose time is over is given up only after so many tries: a collector that was off for three days has not tried for three days.
const TRIES_MIN: i64 = 8;

/// What each wait may be longer by, in percent: messages that failed together do not come together again.
const JITTER_PERCENT: i64 = 10;

/// When a message is tried next of which this try failed just now: the first one is 1. The last one is when its time is over; `None` after
/// that, unless it was hardly tried until then: it goes on along its waits. `put_off_ms` is what the receiver asked for.
pub(crate) fn next_ms(
    attempts: i64,
    (now_ms, until_ms): (i64, i64),
    put_off_ms: Option<i64>,
    entropy: &dyn Entropy,
) -> Option<i64> {
    let is_over = now_ms >= until_ms;
    if is_over && attempts >= TRIES_MIN {
        return None;
    }
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(WAITS_MS.len() - 1);
    let wait_ms = WAITS_MS[place];
    let mut byte = [0];
    entropy.fill(&mut byte);
    let jitter_ms = wait_ms * JITTER_PERCENT / 100 * i64::from(byte[0]) / 255;
    let wait_ms = (wait_ms + jitter_ms).max(put_off_ms.unwrap_or(0).clamp(0, PUT_OFF_MAX_MS));
    let next_ms = now_ms.saturating_add(wait_ms);
    Some(if is_over { next_ms } else { next_ms.min(until_ms) })
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;

    #[test]
    fn a_message_is_tried_ten_times_in_three_days_and_at_their_very_end() {
        let entropy = SeededEntropy::new(5);
        let (mut now_ms, mut tries) = (0, vec![0]);
        while let Some(next) = next_ms(tries.len() as i64, (now_ms, TRIED_FOR_MS), None, &entropy) {
            assert!(next > now_ms);
            now_ms = next;
            tries.push(next);
        }
        assert_eq!((tries.len(), tries.last()), (10, Some(&TRIED_FOR_MS)));
        let waits: Vec<i64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // The last one ends with the three days.
        for (wait, planned) in waits.iter().zip(WAITS_MS).take(8) {
            assert!((planned..=planned * 11 / 10).contains(wait), "{wait} instead of {planned}");
        }
    }

    #[test]
    fn what_lay_while_the_collector_was_off_is_tried_as_often_before_it_is_given_up() {
        let entropy = SeededEntropy::new(5);
        let (mut now_ms, mut attempts) = (TRIED_FOR_MS + HOUR_MS, 1);
        while let Some(next) = next_ms(attempts, (now_ms, TRIED_FOR_MS), None, &entropy) {
            assert!(next > now_ms);
            (now_ms, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, TRIES_MIN);
        assert!(now_ms - TRIED_FOR_MS > 31 * HOUR_MS, "it was given up after {now_ms} ms");
    }

    #[test]
    fn a_receiver_puts_a_try_off_but_not_for_ever_and_not_forward() {
        let entropy = SeededEntropy::new(5);
        let next = |put_off| next_ms(1, (0, TRIED_FOR_MS), Some(put_off), &entropy).unwrap();
        assert_eq!(next(HOUR_MS), HOUR_MS);
        assert_eq!(next(i64::MAX), PUT_OFF_MAX_MS);
        assert!(next(-HOUR_MS) >= 5 * SECOND_MS && next(0) < 6 * SECOND_MS);
    }
}
