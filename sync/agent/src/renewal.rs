//! When a certificate is renewed, and what the answer to that wish means.
//!
//! Pure. At two thirds of a certificate's life, give or take, so that a fleet enrolled on one day does not return on one
//! day; a third is left for a collector that is away.

use afterword_model::ports::Entropy;
use afterword_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem};
use afterword_protocol::renewal::{RENEWAL_MEDIA_TYPE, Renewed};

use crate::answer::shown;
use crate::backoff::uniform_ms;
use crate::identity::Identity;
use crate::transport::RawAnswer;

/// The jitter, as a share of the life: up to one twentieth later.
const JITTER_SHARE: u64 = 20;

/// The moment from which a certificate should be renewed, milliseconds since 1970.
pub(crate) fn due_ms(identity: &Identity, entropy: &dyn Entropy) -> i64 {
    let (begin_ms, end_ms) = (identity.certificate_not_before_ms(), identity.certificate_not_after_ms());
    let life_ms = end_ms.abs_diff(begin_ms);
    let jitter_ms = uniform_ms(entropy, 0, life_ms / JITTER_SHARE);
    begin_ms.saturating_add_unsigned(life_ms / 3 * 2).saturating_add_unsigned(jitter_ms)
}

/// Reads what came back to a wish for renewal.
///
/// # Errors
/// What to tell a person.
pub(crate) fn read(answer: &RawAnswer) -> Result<Renewed, String> {
    if answer.status == 200 && answer.is_of_type(RENEWAL_MEDIA_TYPE) {
        return serde_json::from_slice(&answer.body)
            .map_err(|error| format!("its answer cannot be read: {error}"));
    }
    if answer.is_of_type(PROBLEM_MEDIA_TYPE)
        && let Ok(problem) = serde_json::from_slice::<Problem>(&answer.body)
    {
        return Err(shown(&problem.detail));
    }
    Err(format!("the answer {} is not the collector's own", answer.status))
}

#[cfg(test)]
mod tests {
    use afterword_model::ports::SeededEntropy;

    use super::*;
    use crate::testing::identity;

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life_and_not_all_at_once() {
        let identity = identity(1);
        let begin_ms = identity.certificate_not_before_ms();
        let life_ms = identity.certificate_not_after_ms() - begin_ms;
        let dues: Vec<i64> =
            (0..50).map(|seed| due_ms(&identity, &SeededEntropy::new(seed)) - begin_ms).collect();
        assert!(dues.iter().all(|&due| due >= life_ms / 3 * 2 && due <= life_ms * 3 / 4), "{dues:?}");
        assert!(dues.iter().max().unwrap() - dues.iter().min().unwrap() > life_ms / 40);
    }
}
