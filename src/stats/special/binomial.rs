//! The binomial distribution and, built on it, the hypergeometric one.

use super::beta::{beta_tails, ln_front};

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
        _ => beta_tails(k as f64, (n - k) as f64 + 1.0, p).0,
    }
}

/// `P(X = k)` for a binomial X with `n` trials of chance `p`, `k <= n`.
pub fn binom_pmf(k: u64, n: u64, p: f64) -> f64 {
    ln_binom_pmf(k, n, p).exp()
}

/// `ln P(X = k)` of [`binom_pmf`].
fn ln_binom_pmf(k: u64, n: u64, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        let is_sure = k == if p <= 0.0 { 0 } else { n };
        return if is_sure { 0.0 } else { f64::NEG_INFINITY };
    }
    if k == 0 || k == n {
        return n as f64 * if k == 0 { (-p).ln_1p() } else { p.ln() };
    }
    let (hits, misses) = (k as f64, n.saturating_sub(k) as f64);
    ln_front(hits + 1.0, misses + 1.0, p) - p.ln() - (-p).ln_1p() - (n as f64 + 1.0).ln()
}

/// `P(K = k)` where of `n1 + n2` things `marked` are drawn and K of them come from the first `n1`. As a quotient of
/// three binomial chances at `p = marked / (n1 + n2)` (Loader 2000), which keeps the digits that factorials lose.
pub fn hypergeometric_pmf(k: u64, n1: u64, n2: u64, marked: u64) -> f64 {
    let Some(rest) = marked.checked_sub(k).filter(|rest| k <= n1 && *rest <= n2) else {
        return 0.0;
    };
    let total = n1.saturating_add(n2);
    let p = marked as f64 / total.max(1) as f64;
    (ln_binom_pmf(k, n1, p) + ln_binom_pmf(rest, n2, p) - ln_binom_pmf(marked, total, p)).exp()
}
