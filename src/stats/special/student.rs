//! Student's t distribution, from the incomplete beta function. Degrees of freedom need not be whole.

use super::beta::{beta_inverse, beta_tails};

/// `P(T >= x)` with `df` degrees of freedom.
pub fn t_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    let square = x * x;
    // Of the two arguments that add up to 1, the smaller one is exact.
    let two_sided = if square <= df {
        beta_tails(0.5, df / 2.0, square / (df + square)).1
    } else {
        beta_tails(df / 2.0, 0.5, 1.0 / (1.0 + x / df * x)).0
    };
    if x > 0.0 {
        two_sided / 2.0
    } else {
        1.0 - two_sided / 2.0
    }
}

/// `P(T <= x)` with `df` degrees of freedom.
pub fn t_cdf(x: f64, df: f64) -> f64 {
    t_sf(-x, df)
}

/// The `x` with `P(T <= x) = p`. Infinite at 0 and 1.
pub fn t_ppf(p: f64, df: f64) -> f64 {
    if !(df > 0.0 && df.is_finite() && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p > 0.5 {
        return t_quantile_above(1.0 - p, df);
    }
    0.0 - t_quantile_above(p, df)
}

/// The two-sided critical value: `P(|T| >= x) = 1 - confidence`.
pub fn t_critical(confidence: f64, df: f64) -> f64 {
    t_quantile_above((1.0 - confidence) / 2.0, df)
}

/// The `x >= 0` with `P(T >= x) = q`, for `q <= 1/2`.
fn t_quantile_above(q: f64, df: f64) -> f64 {
    let outside = 2.0 * q;
    if outside <= 0.0 {
        return f64::INFINITY;
    }
    // x² / (df + x²), or where that is close to 1 its complement.
    let share = beta_inverse(0.5, df / 2.0, 1.0 - outside, outside);
    if share <= 0.5 {
        return (df * (share / (1.0 - share))).sqrt();
    }
    let complement = beta_inverse(df / 2.0, 0.5, outside, 1.0 - outside);
    (df * ((1.0 - complement) / complement)).sqrt()
}
