//! The gamma function and its incomplete forms.

use std::f64::consts::PI;

/// From here on Stirling's series below is exact to the last digit.
pub(super) const STIRLING_FROM: f64 = 10.0;
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
/// Series and fraction need about the square root of the shape; this reaches shapes of 1e9.
const STEPS_MAX: u32 = 200_000;
/// Stands in for zero in Lentz's method.
const TINY: f64 = 1e-300;

/// `ln Γ(x)` for `x > 0`, exactly 0 at 1 and 2.
pub fn ln_gamma(x: f64) -> f64 {
    if x > 0.0 { libm::lgamma(x) } else { f64::NAN }
}

/// `ln Γ(x)` less its leading terms `(x - 1/2) ln x - x + ln(2π)/2`, for `x >= 10`.
pub(super) fn stirling_tail(x: f64) -> f64 {
    let inverse_square = 1.0 / (x * x);
    STIRLING
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * inverse_square + coefficient)
        / x
}

/// Regularised lower incomplete gamma function `P(a, x)`: the chance that a Gamma(a) variable is at most `x`.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    gamma_tails(a, x).0
}

/// Regularised upper incomplete gamma function `Q(a, x) = 1 - P(a, x)`.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    gamma_tails(a, x).1
}

/// `(P(a, x), Q(a, x))`, the smaller of them with full relative precision.
fn gamma_tails(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0 && a.is_finite() && x >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    if x < a + 1.0 {
        let lower = (front(a, x) * gamma_series(a, x) / a).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (front(a, x) * gamma_fraction(a, x)).min(1.0);
        (1.0 - upper, upper)
    }
}

/// `x^a e^-x / Γ(a)`. For large shapes around their leading terms, which would otherwise cost the digits.
fn front(a: f64, x: f64) -> f64 {
    if a < STIRLING_FROM {
        return (a * x.ln() - x - ln_gamma(a)).exp();
    }
    let distance = (x - a) / a;
    (-a * excess_over_log(distance) - stirling_tail(a)).exp() * (a / (2.0 * PI)).sqrt()
}

/// `1 + x/(a+1) + x²/((a+1)(a+2)) + ...` (Abramowitz and Stegun 6.5.29).
fn gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for step in 1..=STEPS_MAX {
        term *= x / (a + f64::from(step));
        sum += term;
        if term <= sum * f64::EPSILON / 4.0 {
            break;
        }
    }
    sum
}

/// The continued fraction of `Γ(a, x)` (Abramowitz and Stegun 6.5.31) by Lentz's method.
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut bottom = x + 1.0 - a;
    let mut ratio_top = 1.0 / TINY;
    let mut ratio_bottom = 1.0 / away_from_zero(bottom);
    let mut fraction = ratio_bottom;
    for step in 1..=STEPS_MAX {
        let i = f64::from(step);
        let top = -i * (i - a);
        bottom += 2.0;
        ratio_bottom = 1.0 / away_from_zero(top * ratio_bottom + bottom);
        ratio_top = away_from_zero(bottom + top / ratio_top);
        fraction *= ratio_bottom * ratio_top;
        if (ratio_bottom * ratio_top - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// `e - ln(1 + e)` for `e > -1`, without the cancellation near 0.
pub(super) fn excess_over_log(e: f64) -> f64 {
    if !(-0.4..=0.5).contains(&e) {
        return e - e.ln_1p();
    }
    // ln(1 + e) = 2 (r + r³/3 + r⁵/5 + ...) with r = e/(2 + e), and e - 2r = r e.
    let r = e / (2.0 + e);
    let square = r * r;
    let series = (1..=14)
        .rev()
        .fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    r * (e - 2.0 * square * series)
}
