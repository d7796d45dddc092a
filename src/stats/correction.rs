//! Many tests at once: what each p-value is worth then.

use super::{StatsError, check_alpha, check_level};

/// An adjusted value this close to alpha meets it: products of decimals miss by rounding.
const EQUAL_SLACK: f64 = 1e-12;

/// How p-values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Holm 1979: keeps the chance of any false alarm at alpha. For what blocks or pages.
    Holm,
    /// Benjamini and Hochberg 1995: keeps the share of false ones among the alarms at alpha. For exploring.
    BenjaminiHochberg,
    /// Times the number of tests: as Holm, and never better.
    Bonferroni,
}

/// P-values after adjustment, in the order they came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjusted {
    /// `None` where there was no p-value.
    pub adjusted: Vec<Option<f64>>,
    /// Whether the adjusted value is at most alpha; never where there was no p-value.
    pub reject: Vec<bool>,
}

/// Adjusts p-values of checks of which any alarm counts (vector `adjust_p`). A gate that all metrics must pass needs no
/// correction. Absent p-values stay absent and do not count among the tests.
///
/// Errors: a p-value outside 0 to 1; alpha outside (0, 1).
pub fn adjust_p(p_values: &[Option<f64>], correction: Correction, alpha: f64) -> Result<Adjusted, StatsError> {
    check_alpha(alpha)?;
    let mut order = Vec::with_capacity(p_values.len());
    for (place, p) in p_values.iter().enumerate() {
        if let Some(p) = p {
            check_level(*p)?;
            order.push((place, *p));
        }
    }
    order.sort_by(|left, right| left.1.total_cmp(&right.1));
    let count = order.len() as f64;
    let mut adjusted = vec![None; p_values.len()];
    let mut bound = match correction {
        Correction::BenjaminiHochberg => 1.0_f64,
        Correction::Holm | Correction::Bonferroni => 0.0,
    };
    let ranked: Vec<_> = (1_u32..).map(f64::from).zip(order).collect();
    let mut adjust = |place: usize, value: f64| {
        bound = match correction {
            Correction::Holm => bound.max(value),
            Correction::BenjaminiHochberg => bound.min(value),
            Correction::Bonferroni => value,
        };
        adjusted[place] = Some(bound.min(1.0));
    };
    match correction {
        Correction::Holm => ranked
            .iter()
            .for_each(|(rank, (place, p))| adjust(*place, p * (count - rank + 1.0))),
        Correction::Bonferroni => ranked.iter().for_each(|(_, (place, p))| adjust(*place, p * count)),
        Correction::BenjaminiHochberg => {
            ranked
                .iter()
                .rev()
                .for_each(|(rank, (place, p))| adjust(*place, p / (rank / count)));
        }
    }
    let reject = adjusted
        .iter()
        .map(|p| p.is_some_and(|p: f64| p <= alpha * (1.0 + EQUAL_SLACK)))
        .collect();
    Ok(Adjusted { adjusted, reject })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Correction; 3] = [Correction::Holm, Correction::BenjaminiHochberg, Correction::Bonferroni];

    #[test]
    fn adjusting_never_lowers_a_p_value_and_keeps_the_order() {
        let p = [0.9, 0.001, 0.04, 0.04, 0.3, 0.0, 1.0].map(Some);
        for method in METHODS {
            let adjusted = adjust_p(&p, method, 0.05).unwrap().adjusted;
            for (before, after) in p.iter().zip(&adjusted) {
                assert!(after >= before, "{method:?}");
            }
            for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
                assert!(p[i] > p[j] || adjusted[i] <= adjusted[j], "{method:?}");
            }
        }
    }

    #[test]
    fn a_value_on_alpha_is_rejected_whatever_the_rounding() {
        for m in 1..60_u32 {
            let p = vec![Some(0.05 / f64::from(m)); m as usize];
            let adjusted = adjust_p(&p, Correction::Holm, 0.05).unwrap();
            assert!(adjusted.reject.iter().all(|reject| *reject), "{m}");
        }
    }

    #[test]
    fn what_is_no_p_value_is_refused() {
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(adjust_p(&[Some(p)], Correction::Holm, 0.05).is_err());
        }
        assert!(adjust_p(&[], Correction::Holm, 1.0).is_err());
    }
}
