//! Special functions behind the intervals, written here because the crates at hand lose digits at large shapes.
//!
//! Relative error at most 1e-9 for shapes up to 1e6. Outside their domain the functions give NaN;
//! the callers in this layer check their input first.

use std::f64::consts::PI;

/// From here on Stirling's series below is exact to the last digit.
const STIRLING_FROM: f64 = 10.0;
/// Coefficients of `1/x, 1/x^3, ...` in Stirling's series, `B_2k / (2k (2k - 1))` (Abramowitz and Stegun 6.1.41).
const STIRLING: [f64; 7] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
];
/// The continued fraction needs about the square root of the larger shape; this reaches shapes of 1e9.
const FRACTION_STEPS_MAX: u32 = 100_000;
/// Newton with a bracket needs about 10 steps; pure bisection down to the smallest normal number about 1,100.
const INVERSE_STEPS_MAX: u32 = 1_200;
/// Stands in for zero in Lentz's method.
const TINY: f64 = 1e-300;

/// `ln Γ(x)` for `x > 0`: recurrence up to 10, then Stirling's series.
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut product = 1.0;
    let mut shifted = x;
    while shifted < STIRLING_FROM {
        product *= shifted;
        shifted += 1.0;
    }
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * (2.0 * PI).ln() + stirling_tail(shifted) - f64::ln(product)
}

/// `ln Γ(x)` less its leading terms, for `x >= 10`.
fn stirling_tail(x: f64) -> f64 {
    let inverse_square = 1.0 / (x * x);
    STIRLING
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * inverse_square + coefficient)
        / x
}

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

/// Regularised incomplete beta function `I_x(a, b)`: the chance that a Beta(a, b) variable is at most `x`.
pub fn beta_reg(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x).0
}

/// `(I_x(a, b), 1 - I_x(a, b))`, the smaller of them with full relative precision.
fn beta_tails(a: f64, b: f64, x: f64) -> (f64, f64) {
    let in_domain = a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&x);
    if !in_domain {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x >= 1.0 {
        return (1.0, 0.0);
    }
    let ln_front = a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b);
    if x <= (a + 1.0) / (a + b + 2.0) {
        let lower = (ln_front - a.ln() + beta_fraction(a, b, x).ln()).exp().min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (ln_front - b.ln() + beta_fraction(b, a, 1.0 - x).ln()).exp().min(1.0);
        (1.0 - upper, upper)
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

/// The `x` with `I_x(a, b) = p`: Newton's method, with bisection where it would leave the bracket.
pub fn beta_reg_inv(a: f64, b: f64, p: f64) -> f64 {
    let in_domain = a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p);
    if !in_domain {
        return f64::NAN;
    }
    if p <= 0.0 || p >= 1.0 {
        return p;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..INVERSE_STEPS_MAX {
        let (lower, upper) = beta_tails(a, b, x);
        let excess = if p > 0.5 { (1.0 - p) - upper } else { lower - p };
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let ln_density = (a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta(a, b);
        let newton = x - excess / ln_density.exp();
        let next = if newton > low && newton < high {
            newton
        } else {
            low.midpoint(high)
        };
        let is_settled = (next - x).abs() <= f64::EPSILON * x || high - low <= f64::EPSILON * low;
        x = next;
        if is_settled {
            break;
        }
    }
    x
}

/// `P(X <= k)` for a binomial X with `n` trials of chance `p`: `1 - I_p(k + 1, n - k)`.
pub fn binom_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_tails(k as f64 + 1.0, (n - k) as f64, p).1
}

/// `P(X >= k)` for a binomial X with `n` trials of chance `p`: `I_p(k, n - k + 1)`.
pub fn binom_sf_from(k: u64, n: u64, p: f64) -> f64 {
    match k {
        0 => 1.0,
        _ if k > n => 0.0,
        _ => beta_reg(k as f64, (n - k) as f64 + 1.0, p),
    }
}

/// `P(X = k)` for a binomial X with `n` trials of chance `p`, `0 < p < 1` and `k <= n`.
pub fn binom_pmf(k: u64, n: u64, p: f64) -> f64 {
    let (hits, misses) = (k as f64, n.saturating_sub(k) as f64);
    let ln_choose = -(n as f64 + 1.0).ln() - ln_beta(hits + 1.0, misses + 1.0);
    (ln_choose + hits * p.ln() + misses * (-p).ln_1p()).exp()
}

/// Standard normal quantile: Wichura 1988, algorithm AS 241 (PPND16), relative error about 1e-16.
pub fn norm_ppf(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE_TOP, r) / polynomial(&CENTRE_BOTTOM, r);
    }
    let r = (-(if q < 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let x = if r <= 5.0 {
        polynomial(&MIDDLE_TOP, r - 1.6) / polynomial(&MIDDLE_BOTTOM, r - 1.6)
    } else {
        polynomial(&TAIL_TOP, r - 5.0) / polynomial(&TAIL_BOTTOM, r - 5.0)
    };
    if q < 0.0 { -x } else { x }
}

/// Horner's rule, highest power first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

const CENTRE_TOP: [f64; 8] = [
    2_509.080_928_730_122_7,
    33_430.575_583_588_13,
    67_265.770_927_008_7,
    45_921.953_931_549_87,
    13_731.693_765_509_46,
    1_971.590_950_306_551_3,
    133.141_667_891_784_38,
    3.387_132_872_796_366_5,
];
const CENTRE_BOTTOM: [f64; 8] = [
    5_226.495_278_852_854,
    28_729.085_735_721_943,
    39_307.895_800_092_71,
    21_213.794_301_586_597,
    5_394.196_021_424_751,
    687.187_007_492_057_9,
    42.313_330_701_600_91,
    1.0,
];
const MIDDLE_TOP: [f64; 8] = [
    0.000_774_545_014_278_341_4,
    0.022_723_844_989_269_184,
    0.241_780_725_177_450_6,
    1.270_458_252_452_368_4,
    3.647_848_324_763_204_5,
    5.769_497_221_460_691,
    4.630_337_846_156_546,
    1.423_437_110_749_683_5,
];
const MIDDLE_BOTTOM: [f64; 8] = [
    1.050_750_071_644_416_9e-09,
    0.000_547_593_808_499_534_5,
    0.015_198_666_563_616_457,
    0.148_103_976_427_480_08,
    0.689_767_334_985_1,
    1.676_384_830_183_803_8,
    2.053_191_626_637_759,
    1.0,
];
const TAIL_TOP: [f64; 8] = [
    2.010_334_399_292_288_1e-07,
    2.711_555_568_743_487_6e-05,
    0.001_242_660_947_388_078_4,
    0.026_532_189_526_576_124,
    0.296_560_571_828_504_87,
    1.784_826_539_917_291_3,
    5.463_784_911_164_114,
    6.657_904_643_501_103,
];
const TAIL_BOTTOM: [f64; 8] = [
    2.044_263_103_389_939_7e-15,
    1.421_511_758_316_446e-07,
    1.846_318_317_510_054_8e-05,
    0.000_786_869_131_145_613_3,
    0.014_875_361_290_850_615,
    0.136_929_880_922_735_8,
    0.599_832_206_555_888,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(got: f64, want: f64, relative: f64) {
        assert!((got - want).abs() <= relative * want.abs(), "{got} is not {want}");
    }

    #[test]
    fn half_of_a_symmetric_beta_lies_below_one_half() {
        for shape in [0.5, 1.0, 3.0, 10.0, 240.0, 1e4, 1e5, 1e6] {
            assert_close(beta_reg(shape, shape, 0.5), 0.5, 1e-9);
        }
    }

    #[test]
    fn the_inverse_undoes_the_function() {
        for (a, b) in [
            (0.5, 0.5),
            (1.0, 35.0),
            (35.0, 1.0),
            (231.0, 10.0),
            (2.0, 2e6),
            (5e5, 5e5),
        ] {
            for p in [1e-12, 0.025, 0.5, 0.975, 0.999_999] {
                assert_close(beta_reg(a, b, beta_reg_inv(a, b, p)), p, 1e-8);
            }
        }
    }

    #[test]
    fn gamma_of_integers_is_a_factorial() {
        let mut factorial = 1.0;
        for n in 1..=20_u32 {
            let difference = ln_gamma(f64::from(n)) - f64::ln(factorial);
            assert!(difference.abs() < 1e-13 * f64::ln(factorial).max(1.0), "{n}");
            factorial *= f64::from(n);
        }
    }

    #[test]
    fn binomial_parts_add_up() {
        let total: f64 = (0..=40).map(|k| binom_pmf(k, 40, 0.3)).sum();
        assert_close(total, 1.0, 1e-12);
        for k in 0..=40 {
            assert_close(binom_cdf(k, 40, 0.3) + binom_sf_from(k + 1, 40, 0.3), 1.0, 1e-12);
        }
    }

    #[test]
    fn outside_the_domain_is_nan_and_returns() {
        for value in [f64::NAN, -1.0, 0.0] {
            assert!(ln_gamma(value).is_nan());
            assert!(beta_reg(value, 1.0, 0.5).is_nan());
            assert!(beta_reg_inv(1.0, value, 0.5).is_nan());
        }
        assert!(beta_reg(1.0, 1.0, 1.5).is_nan());
    }
}
