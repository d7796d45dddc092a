//! Published tables, computed again.

use pegbox::stats::sequential::Sidedness;
use pegbox::stats::{
    Correction, Method, PairedCounts, PairedMethod, ScoreVariance, adjust_p, mcnemar, n_for_lower_bound, n_mean,
    n_paired_binary, paired_difference, paired_difference_by, proportion_interval,
};

fn assert_near(given: f64, published: f64, digits: i32) {
    assert!(
        (given - published).abs() <= 0.5 * 10_f64.powi(-digits) + 1e-12,
        "{given} is not {published}"
    );
}

/// Newcombe 1998, "Two-sided confidence intervals for the single proportion", Table I: methods 3 (Wilson) and 5
/// (Clopper-Pearson).
#[test]
fn newcombe_1998_single_proportions() {
    for (hits, total, wilson, exact) in [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ] {
        for (method, (low, high)) in [(Method::Wilson, wilson), (Method::ClopperPearson, exact)] {
            let interval = proportion_interval(hits, total, 0.95, method).unwrap();
            assert_near(interval.lo, low, 4);
            assert_near(interval.hi, high, 4);
        }
    }
}

fn counts(both_pass: u64, regressions: u64, fixes: u64, both_fail: u64) -> PairedCounts {
    PairedCounts {
        both_pass,
        regressions,
        fixes,
        both_fail,
    }
}

/// Fagerland, Lydersen and Laake 2014, "Recommended tests and confidence intervals for paired binomial proportions":
/// airway hyper-responsiveness before and after stem cell transplantation, 1, 1, 7 and 12 children.
#[test]
fn fagerland_2014_paired_proportions() {
    let pairs = counts(1, 7, 1, 12);
    let tango = paired_difference(pairs, 0.95).unwrap();
    assert_near(tango.lo, -0.517, 3);
    assert_near(tango.hi, -0.026, 3);
    let test = mcnemar(7, 1);
    assert_near(test.p_exact, 0.0703, 4);
    assert_near(test.p_midp, 0.0391, 4);
}

/// Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on paired
/// data", Table III, method 10: 36, 12, 2, 0.
#[test]
fn newcombe_1998_paired_proportions() {
    let interval = paired_difference_by(counts(36, 2, 12, 0), 0.95, PairedMethod::Newcombe).unwrap();
    assert_near(interval.lo, 0.0569, 4);
    assert_near(interval.hi, 0.3404, 4);
}

/// Miller 2024, "Adding Error Bars to Evals", section 5: 969 questions to see 3 points, without noise within a
/// question.
#[test]
fn miller_2024_sample_size() {
    let variance = ScoreVariance {
        omega2: 1.0 / 9.0,
        sigma2_a: 0.0,
        sigma2_b: 0.0,
        k_a: 1.0,
        k_b: 1.0,
    };
    assert_eq!(n_mean(0.03, &variance, 0.05, 0.8).unwrap().n, 969);
}

/// Connor 1987: pairs to see a drop of 2 points where 6 % of pairs differ; and examples that prove 0.98 by the number
/// of misses.
#[test]
fn planning_tables() {
    let pairs = |sidedness| n_paired_binary(0.02, 0.06, 0.05, 0.8, sidedness).unwrap().n;
    assert_eq!((pairs(Sidedness::Two), pairs(Sidedness::One)), (1_175, 926));
    let needed = [0, 1, 2].map(|misses| n_for_lower_bound(0.98, 0.95, misses).unwrap());
    assert_eq!(needed, [Some(149), Some(236), Some(313)]);
}

/// Benjamini and Hochberg 1995, "Controlling the false discovery rate", section 4.1: the 15 p-values of thrombolysis in
/// acute myocardial infarction. At 5 % Bonferroni rejects the first three hypotheses, and their procedure the first
/// four; Holm 1979 rejects no more than Bonferroni here.
#[test]
fn benjamini_and_hochberg_1995_thrombolysis() {
    let p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    ];
    let rejected = |correction| {
        let adjusted = adjust_p(&p_values.map(Some), correction, 0.05).unwrap();
        adjusted.reject.iter().take_while(|reject| **reject).count()
    };
    assert_eq!(rejected(Correction::Bonferroni), 3);
    assert_eq!(rejected(Correction::Holm), 3);
    assert_eq!(rejected(Correction::BenjaminiHochberg), 4);
}
