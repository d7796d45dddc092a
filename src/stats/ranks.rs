//! Two independent samples by their ranks: whether one tends to be larger, and by how much.

use super::sample::{Limits, check_finite, defined};
use super::special::{norm_ppf, norm_sf};
use super::{StatsError, check_confidence};

/// Most pairs for which the exact distribution is worked out.
const EXACT_PAIRS_MAX: usize = 400;

/// Result of [`mann_whitney`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the second is larger, ties counted half.
    pub u: f64,
    /// Two-sided, normal approximation with tie and continuity correction (R's `wilcox.test(exact = FALSE)`); 1 where
    /// all values are tied.
    pub p_asymptotic: f64,
    /// Two-sided, exact; `None` with ties or more than 400 pairs.
    pub p_exact: Option<f64>,
    /// `u / (n m)`: the chance that a value of the second is larger.
    pub cles: f64,
}

/// Mann and Whitney's test of a second sample, the canary, against a first (vector `mann_whitney`). `None` where either
/// is empty. Once at the end of a stage: not for continuous watching.
///
/// Errors: a value that is NaN or infinite.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Result<Option<MannWhitney>, StatsError> {
    check_finite(first)?;
    check_finite(second)?;
    if first.is_empty() || second.is_empty() {
        return Ok(None);
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (rank_sum, tie_term) = second_rank_sum(first, second);
    let u = rank_sum - m * (m + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - tie_term / (total * (total - 1.0)));
    let distance = (u - n * m / 2.0).abs();
    let p_asymptotic = if variance > 0.0 && distance > 0.0 {
        (2.0 * norm_sf((distance - 0.5) / variance.sqrt())).min(1.0)
    } else {
        1.0
    };
    let is_exact = tie_term <= 0.0 && first.len().saturating_mul(second.len()) <= EXACT_PAIRS_MAX;
    Ok(Some(MannWhitney {
        u,
        p_asymptotic,
        p_exact: is_exact.then(|| exact_p(u, first.len(), second.len())),
        cles: u / (n * m),
    }))
}

/// Sum of the mid-ranks of the second sample, and `Σ(t³ - t)` over groups of ties.
fn second_rank_sum(first: &[f64], second: &[f64]) -> (f64, f64) {
    let tagged = |values: &[f64], is_second| -> Vec<(f64, bool)> { values.iter().map(|v| (*v, is_second)).collect() };
    let mut all = tagged(first, false);
    all.extend(tagged(second, true));
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut rank_sum, mut tie_term, mut before) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|x, y| x.0 >= y.0) {
        let tied = group.len() as f64;
        let seconds = group.iter().filter(|(_, is_second)| *is_second).count() as f64;
        rank_sum += seconds * (before + tied.midpoint(1.0));
        tie_term += tied * (tied * tied - 1.0);
        before += tied;
    }
    (rank_sum, tie_term)
}

/// Twice the smaller tail of U, which without ties is the sum of m places chosen among n + m, less its least value.
fn exact_p(u: f64, n: usize, m: usize) -> f64 {
    let pairs = n * m;
    // ways[j][s]: ways to choose j of the places so far with sum s of how many unchosen ones lie below each.
    let mut ways = vec![vec![0.0_f64; pairs + 1]; m + 1];
    ways[0][0] = 1.0;
    for place in 1..=n + m {
        for chosen in (1..=m.min(place)).rev() {
            let below = place - chosen;
            if below > n {
                continue;
            }
            for sum in (below..=pairs).rev() {
                ways[chosen][sum] += ways[chosen - 1][sum - below];
            }
        }
    }
    let counts = &ways[m];
    let total: f64 = counts.iter().sum();
    let tail = |is_in: &dyn Fn(f64) -> bool| -> f64 {
        let within = counts.iter().enumerate().filter(|(sum, _)| is_in(*sum as f64));
        within.map(|(_, count)| count).sum::<f64>() / total
    };
    (2.0 * tail(&|sum| sum <= u).min(tail(&|sum| sum >= u))).min(1.0)
}

/// Result of [`hodges_lehmann`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Median of all pairwise differences, second less first; `None` where either sample is empty.
    pub shift: Option<f64>,
    /// `None` where there are too few pairs for the confidence.
    pub limits: Option<Limits>,
}

/// Hodges and Lehmann's shift, second less first (vector `hodges_lehmann`), with the interval between the pairwise
/// differences of rank `C = ⌊nm/2 - z √(nm(n+m+1)/12)⌋`, at least 1, and `nm + 1 - C`.
///
/// Errors: a value that is NaN or infinite; confidence outside (0, 1).
pub fn hodges_lehmann(first: &[f64], second: &[f64], confidence: f64) -> Result<Shift, StatsError> {
    check_finite(first)?;
    check_finite(second)?;
    check_confidence(confidence)?;
    let pairs = first.len() as u64 * second.len() as u64;
    if pairs == 0 {
        return Ok(Shift {
            shift: None,
            limits: None,
        });
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (first, second) = (sorted(first), sorted(second));
    let ranked = |rank| ranked_difference(&first, &second, rank);
    let (below, above) = (ranked(pairs.div_ceil(2)), ranked(pairs / 2 + 1));
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    let (n, m) = (first.len() as f64, second.len() as f64);
    let rank = (n * m / 2.0 - z * (n * m * (n + m + 1.0) / 12.0).sqrt()).floor();
    let limits = (rank >= 1.0).then(|| {
        let rank = whole(rank).clamp(1, pairs);
        Limits {
            lo: ranked(rank),
            hi: ranked(pairs + 1 - rank),
        }
    });
    Ok(Shift {
        shift: defined(below.midpoint(above)),
        limits: limits.filter(|limits| limits.lo.is_finite() && limits.hi.is_finite()),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at least 1, and saturating"
)]
fn whole(rank: f64) -> u64 {
    rank as u64
}

/// The pairwise difference of this rank from 1, found without listing them: halve between the order-keeping integer
/// images of the least and the greatest, and count how many differences lie at or below.
fn ranked_difference(first: &[f64], second: &[f64], rank: u64) -> f64 {
    let ends = (second.first().zip(first.last()), second.last().zip(first.first()));
    let (Some((low_y, high_x)), Some((high_y, low_x))) = ends else {
        return f64::NAN;
    };
    let (mut low, mut high) = (order_key(low_y - high_x), order_key(high_y - low_x));
    while low < high {
        let middle = low + (high - low) / 2;
        if at_most(first, second, from_order_key(middle)) >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    from_order_key(low)
}

/// How many differences are at most `limit`: as the second value grows, fewer first values are small enough.
fn at_most(first: &[f64], second: &[f64], limit: f64) -> u64 {
    let mut start = 0;
    let mut count = 0;
    for y in second {
        while first.get(start).is_some_and(|x| y - x > limit) {
            start += 1;
        }
        count += (first.len() - start) as u64;
    }
    count
}

/// Integers in the order of the numbers.
fn order_key(value: f64) -> i128 {
    let bits = i128::from((value + 0.0).abs().to_bits());
    if value < 0.0 { -bits } else { bits }
}

fn from_order_key(key: i128) -> f64 {
    let size = f64::from_bits(u64::try_from(key.abs()).unwrap_or(0));
    if key < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_the_samples_mirrors_the_test() {
        let (x, y) = ([1.1, 2.3, 2.3, 4.8, 5.0, 7.7], [2.0, 3.1, 4.8, 6.6, 9.9]);
        let there = mann_whitney(&x, &y).unwrap().unwrap();
        let back = mann_whitney(&y, &x).unwrap().unwrap();
        assert!((there.u + back.u - 30.0).abs() < 1e-12);
        assert!((there.p_asymptotic - back.p_asymptotic).abs() < 1e-12);
        let shift = |x: &[f64], y: &[f64]| hodges_lehmann(x, y, 0.8).unwrap();
        assert_eq!(shift(&x, &y).shift.map(|s| -s), shift(&y, &x).shift);
        assert_eq!(shift(&x, &y).limits.map(|l| -l.lo), shift(&y, &x).limits.map(|l| l.hi));
    }

    #[test]
    fn ranked_differences_are_those_of_the_sorted_list() {
        let (x, y) = ([-3.5, 0.0, 0.25, 8.0], [-1.0, 0.0, 2.0, 2.0, 1e300]);
        let mut all: Vec<f64> = y.iter().flat_map(|y| x.iter().map(move |x| y - x)).collect();
        all.sort_by(f64::total_cmp);
        for (rank, want) in (1..).zip(&all) {
            assert!((ranked_difference(&x, &y, rank) - want).abs() <= 0.0, "{rank}");
        }
    }

    #[test]
    fn exact_chances_of_two_against_two() {
        let p = |y: [f64; 2]| mann_whitney(&[1.0, 2.0], &y).unwrap().unwrap().p_exact.unwrap();
        assert!((p([3.0, 4.0]) - 2.0 / 6.0).abs() < 1e-12);
        assert!((p([1.5, 3.0]) - 4.0 / 6.0).abs() < 1e-12);
    }
}
