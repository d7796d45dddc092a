//! Special functions behind the intervals, written here because the crates at hand lose digits at large shapes.
//!
//! Relative error at most 1e-9, for shapes up to 1e9 and beyond. Outside their domain the functions give NaN;
//! the callers in this layer check their input first.

mod beta;
mod binomial;
mod gamma;
mod normal;
mod student;

pub use beta::{beta_reg, beta_reg_inv, ln_beta, ln_beta_upper, ln_front};
pub use binomial::{binom_cdf, binom_pmf, binom_sf_from, hypergeometric_pmf};
pub use gamma::{gamma_p, gamma_q, ln_gamma};
pub use normal::{chi2_sf, norm_cdf, norm_ppf, norm_sf};
pub use student::{t_cdf, t_critical, t_ppf, t_sf};

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
