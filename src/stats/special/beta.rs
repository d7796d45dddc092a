//! The beta function, its regularised incomplete form, and the inverse of that.

use std::f64::consts::PI;

use super::gamma::{STIRLING_FROM, excess_over_log, ln_gamma, stirling_tail};

/// The continued fraction needs about the square root of the larger shape, of which [`LARGE_SHAPE`] keeps few.
const FRACTION_STEPS_MAX: u32 = 100_000;
/// From here on for both shapes the density is so close to a bell that integrating it is the quicker way.
const LARGE_SHAPE: f64 = 10_000.0;
/// Exponent below which what is left of a bell's tail does not count.
const TAIL_EXPONENT: f64 = 90.0;
/// Pieces into which a bell's tail is cut.
const TAIL_PIECES: u32 = 10;
/// Pure bisection down to the smallest normal number takes about 1,100 steps, Newton in a bracket about 10.
const INVERSE_STEPS_MAX: u32 = 1_200;
/// A relative step after which one more of Newton's is exact.
const NEARLY_SETTLED: f64 = 1e-9;
/// Stands in for zero in Lentz's method.
const TINY: f64 = 1e-300;

/// `ln B(a, b)` for positive shapes. For large ones the leading terms of the three gammas are cancelled by hand
/// (Didonato and Morris 1992, ACM TOMS 708), since subtracting them would cost the digits.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    let sum = small + large;
    if large < STIRLING_FROM {
        return ln_gamma(small) + ln_gamma(large) - ln_gamma(sum);
    }
    let large_term = (large - 0.5) * (-small / sum).ln_1p();
    if small < STIRLING_FROM {
        let tails = stirling_tail(large) - stirling_tail(sum);
        return ln_gamma(small) + tails + small - small * sum.ln() + large_term;
    }
    let tails = stirling_tail(small) + stirling_tail(large) - stirling_tail(sum);
    0.5 * (2.0 * PI).ln() - 0.5 * sum.ln() + tails + (small - 0.5) * (small / sum).ln() + large_term
}

/// `ln(x^a (1-x)^b / B(a, b))` for `0 < x < 1`; for large shapes measured from the peak, which keeps the digits.
pub fn ln_front(a: f64, b: f64, x: f64) -> f64 {
    if a < STIRLING_FROM || b < STIRLING_FROM {
        return a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b);
    }
    ln_front_at(
        a,
        b,
        if a <= b {
            a - (a + b) * x
        } else {
            (a + b) * (1.0 - x) - b
        },
    )
}

/// [`ln_front`] for shapes from 10 at the distance `below = (a + b)(mean - x)` from the mean.
fn ln_front_at(a: f64, b: f64, below: f64) -> f64 {
    let tails = stirling_tail(a) + stirling_tail(b) - stirling_tail(a + b);
    let exponent = a * excess_over_log(-below / a) + b * excess_over_log(below / b);
    0.5 * (a / (a + b) * b / (2.0 * PI)).ln() - exponent - tails
}

/// Regularised incomplete beta function `I_x(a, b)`: the chance that a Beta(a, b) variable is at most `x`.
pub fn beta_reg(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x).0
}

/// `(I_x(a, b), 1 - I_x(a, b))`, the smaller of them with full relative precision.
pub(super) fn beta_tails(a: f64, b: f64, x: f64) -> (f64, f64) {
    let (ln_lower, ln_upper) = ln_beta_tails(a, b, x);
    (ln_lower.exp(), ln_upper.exp())
}

/// `ln(1 - I_x(a, b))`: what a sequential test needs where the tail itself is below the smallest number.
pub fn ln_beta_upper(a: f64, b: f64, x: f64) -> f64 {
    ln_beta_tails(a, b, x).1
}

/// Logarithms of the two tails.
fn ln_beta_tails(a: f64, b: f64, x: f64) -> (f64, f64) {
    let in_domain = a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite() && (0.0..=1.0).contains(&x);
    if !in_domain {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if x >= 1.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    let other = |ln: f64| (-ln.exp()).ln_1p();
    let is_lower = x <= (a + 1.0) / (a + b + 2.0);
    let (near, far, at) = if is_lower { (a, b, x) } else { (b, a, 1.0 - x) };
    let ln_tail = if a.min(b) >= LARGE_SHAPE {
        ln_bell_tail(a, b, x)
    } else {
        ln_front(a, b, x) - near.ln() + beta_fraction(near, far, at).ln()
    }
    .min(0.0);
    if is_lower {
        (ln_tail, other(ln_tail))
    } else {
        (other(ln_tail), ln_tail)
    }
}

/// The continued fraction of `I_x(a, b)` (Abramowitz and Stegun 26.5.8) by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut ratio_top = 1.0;
    let mut ratio_bottom = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = ratio_bottom;
    for step in 1..=FRACTION_STEPS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        ratio_bottom = 1.0 / away_from_zero(1.0 + even * ratio_bottom);
        ratio_top = away_from_zero(1.0 + even / ratio_top);
        fraction *= ratio_top * ratio_bottom;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        ratio_bottom = 1.0 / away_from_zero(1.0 + odd * ratio_bottom);
        ratio_top = away_from_zero(1.0 + odd / ratio_top);
        fraction *= ratio_top * ratio_bottom;
        if (ratio_top * ratio_bottom - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// Logarithm of the tail that ends at `x`, on the side of `x` away from the mean: the density by Gauss-Legendre pieces
/// over what counts of it. In standard deviations from the mean, where each piece is nearly a straight exponential.
fn ln_bell_tail(a: f64, b: f64, x: f64) -> f64 {
    let sum = a + b;
    // The standard deviation times the sum of the shapes, as all distances here.
    let deviation = (a / sum * b).sqrt();
    let below = if a <= b { a - sum * x } else { sum * (1.0 - x) - b };
    let (from, side) = (below.abs() / deviation, below.signum());
    let to = (from * from + TAIL_EXPONENT).sqrt();
    let ln_start = ln_front_at(a, b, below);
    let piece = (to - from) / f64::from(TAIL_PIECES);
    let mut total = 0.0;
    for index in 0..TAIL_PIECES {
        let middle = from + (f64::from(index) + 0.5) * piece;
        for (node, weight) in GAUSS_LEGENDRE {
            for sign in [-1.0, 1.0] {
                let below = side * deviation * (middle + sign * node * piece / 2.0);
                let (hits, misses) = (a - below, b + below);
                if hits > 0.0 && misses > 0.0 {
                    // dx / (x (1 - x)) with x = hits / sum and dx = deviation / sum.
                    let scale = deviation / hits * (sum / misses);
                    total += weight * piece / 2.0 * scale * (ln_front_at(a, b, below) - ln_start).exp();
                }
            }
        }
    }
    ln_start + total.ln()
}

/// Positive nodes and weights of the 16-point Gauss-Legendre rule on -1 to 1 (Abramowitz and Stegun table 25.4).
const GAUSS_LEGENDRE: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_58),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_74),
    (0.755_404_408_355_003, 0.124_628_971_255_533_88),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_79),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_894),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_096),
];

/// The `x` with `I_x(a, b) = p`: Newton's method, with bisection where it would leave the bracket.
pub fn beta_reg_inv(a: f64, b: f64, p: f64) -> f64 {
    beta_inverse(a, b, p, 1.0 - p)
}

/// The `x` with these chances, which add up to 1, below and above it: the smaller one decides, and so keeps its digits.
pub(super) fn beta_inverse(a: f64, b: f64, below: f64, above: f64) -> f64 {
    let in_domain = a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite() && (0.0..=1.0).contains(&below);
    if !in_domain {
        return f64::NAN;
    }
    if below <= 0.0 || above <= 0.0 {
        return if below <= 0.0 { 0.0 } else { 1.0 };
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    let mut settled = 0;
    for _ in 0..INVERSE_STEPS_MAX {
        let (lower, upper) = beta_tails(a, b, x);
        // Newton's step on the logarithm of the smaller tail, which is nearly straight.
        let excess = if above < below {
            -upper * (upper / above).ln()
        } else {
            lower * (lower / below).ln()
        };
        let is_beyond = if above < below { upper < above } else { lower > below };
        if is_beyond {
            high = x;
        } else {
            low = x;
        }
        let ln_density = ln_front(a, b, x) - x.ln() - (-x).ln_1p();
        let newton = x - excess / ln_density.exp();
        let next = if newton >= low && newton <= high {
            newton
        } else {
            low.midpoint(high)
        };
        if (next - x).abs() <= NEARLY_SETTLED * x.min(1.0 - x) || high - low <= f64::EPSILON * low {
            settled += 1;
        }
        x = next;
        if settled >= 2 || x <= 0.0 || x >= 1.0 {
            break;
        }
    }
    x
}
