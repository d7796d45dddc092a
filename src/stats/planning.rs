//! How much more it takes to prove a rate.

use super::special::binom_sf_from;
use super::{StatsError, check_confidence, check_threshold, first_true};

/// Beyond this nobody runs an evaluation, and the answer is "it cannot be shown".
const EXAMPLES_MAX: u64 = 1_000_000_000;

/// The smallest `n` with which `n - misses` of `n` prove a rate of at least `threshold` (vector `n_for_lower_bound`):
/// the one-sided Clopper-Pearson lower bound reaches it. To prove 0.98 at 95 % takes 149 without a miss, 236 with one.
/// `None` where a billion examples do not suffice, as for a threshold of 1.
///
/// Errors: threshold outside 0 to 1; confidence outside (0, 1).
pub fn n_for_lower_bound(threshold: f64, confidence: f64, misses: u64) -> Result<Option<u64>, StatsError> {
    check_threshold(threshold)?;
    check_confidence(confidence)?;
    let proves = |n: u64| is_proven(n - misses, n, threshold, confidence);
    let mut too_few = misses;
    if misses > EXAMPLES_MAX || proves(too_few) {
        return Ok((misses <= EXAMPLES_MAX).then_some(misses.max(1)));
    }
    let mut enough = misses.saturating_mul(2).max(1);
    while !proves(enough) {
        if enough > EXAMPLES_MAX {
            return Ok(None);
        }
        too_few = enough;
        enough *= 2;
    }
    Ok(Some(first_true(too_few, enough, proves)))
}

/// The fewest hits among `n` that prove a rate of at least `threshold`, for "needs 232/240 to be proven".
/// `None` where even `n` of `n` do not.
///
/// Errors: as [`n_for_lower_bound`].
pub fn hits_for_lower_bound(n: u64, threshold: f64, confidence: f64) -> Result<Option<u64>, StatsError> {
    check_threshold(threshold)?;
    check_confidence(confidence)?;
    if n == 0 || !is_proven(n, n, threshold, confidence) {
        return Ok(None);
    }
    let proves = |hits: u64| is_proven(hits, n, threshold, confidence);
    Ok(Some(if proves(0) { 0 } else { first_true(0, n, proves) }))
}

/// The lower bound is at least the threshold exactly when, at the threshold, `k` hits or more are rare enough.
fn is_proven(k: u64, n: u64, threshold: f64, confidence: f64) -> bool {
    threshold <= 0.0 || (k > 0 && binom_sf_from(k, n, threshold) <= 1.0 - confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_needed_by_threshold_and_misses() {
        let table = [
            (0.90, [29, 46, 61, 76]),
            (0.94, [49, 78, 103, 127]),
            (0.95, [59, 93, 124, 153]),
            (0.98, [149, 236, 313, 386]),
            (0.99, [299, 473, 628, 773]),
            (0.999, [2_995, 4_742, 6_294, 7_752]),
        ];
        for (threshold, needed) in table {
            for (misses, n) in (0..).zip(needed) {
                assert_eq!(
                    n_for_lower_bound(threshold, 0.95, misses).unwrap(),
                    Some(n),
                    "{threshold} {misses}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_shown_is_none() {
        assert_eq!(n_for_lower_bound(1.0, 0.95, 0).unwrap(), None);
        assert_eq!(n_for_lower_bound(0.5, 0.95, u64::MAX).unwrap(), None);
        assert_eq!(n_for_lower_bound(0.0, 0.95, 0).unwrap(), Some(1));
        assert_eq!(hits_for_lower_bound(35, 0.98, 0.95).unwrap(), None);
        assert_eq!(hits_for_lower_bound(0, 0.5, 0.95).unwrap(), None);
    }

    #[test]
    fn hits_needed_among_the_examples_at_hand() {
        assert_eq!(hits_for_lower_bound(240, 0.94, 0.95).unwrap(), Some(232));
        assert_eq!(hits_for_lower_bound(149, 0.98, 0.95).unwrap(), Some(149));
    }
}
