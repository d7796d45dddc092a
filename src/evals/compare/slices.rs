//! Where the flips are: by slice of the examples' metadata.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Both, Pairs};
use crate::domain::metric::Slice;
use crate::evals::paired::Effect;
use crate::stats::{Correction, adjust_p};

/// Chance of a false flag among all slices together.
const ALPHA: f64 = 0.05;

/// What became of the examples of one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceFlips {
    /// The slice.
    pub slice: Slice,
    /// Failed in the base, pass now.
    pub fixed: u64,
    /// Passed in the base, fail now.
    pub broken: u64,
    /// Fail in both.
    pub still_failing: u64,
    /// Pass in both.
    pub both_right: u64,
    /// How the share that passes moved; `None` where the suites differ, since passing means two things then.
    pub effect: Option<Effect>,
    /// The effect's p, adjusted for all slices by Holm: below 0.05 the slice is flagged.
    pub p_holm: Option<f64>,
    /// The same by Benjamini and Hochberg, which says less: for a list of where to look first.
    pub p_bh: Option<f64>,
}

impl SliceFlips {
    /// How many examples are in it.
    pub fn examples(&self) -> u64 {
        self.fixed + self.broken + self.still_failing + self.both_right
    }

    /// Whether it moved by more than chance explains, over all slices that were looked at.
    pub fn is_flagged(&self) -> bool {
        self.p_holm.is_some_and(|p| p < ALPHA)
    }
}

/// The slices of the candidate's examples, those first that moved most surely.
pub(super) fn flips(pairs: &Pairs<'_>, can_test: bool) -> Vec<SliceFlips> {
    let mut members: BTreeMap<u32, Vec<&Both>> = BTreeMap::new();
    for both in &pairs.both {
        for number in both.shared.candidate.slices() {
            members.entry(*number).or_default().push(both);
        }
    }
    let parts = pairs.common.candidate.parts();
    let slices = parts.filter_map(|(slice, number)| Some((slice?, members.get(&number)?)));
    let mut flips: Vec<SliceFlips> = slices
        .map(|(slice, members)| flips_of(slice.clone(), pairs, members, can_test))
        .collect();
    adjust(&mut flips);
    flips.sort_by(|one, other| {
        let sureness = |flips: &SliceFlips| flips.p_bh.unwrap_or(f64::INFINITY);
        let moved = |flips: &SliceFlips| flips.broken + flips.fixed;
        sureness(one)
            .total_cmp(&sureness(other))
            .then_with(|| moved(other).cmp(&moved(one)))
            .then_with(|| one.slice.cmp(&other.slice))
    });
    flips
}

/// Adjusts the p-values for all slices.
fn adjust(flips: &mut [SliceFlips]) {
    let p_values: Vec<Option<f64>> = flips
        .iter()
        .map(|flips| flips.effect.and_then(|effect| effect.p))
        .collect();
    let adjusted = |correction| {
        let adjusted = adjust_p(&p_values, correction, ALPHA).map(|adjusted| adjusted.adjusted);
        adjusted.unwrap_or_else(|_| vec![None; p_values.len()])
    };
    let (holm, bh) = (adjusted(Correction::Holm), adjusted(Correction::BenjaminiHochberg));
    for ((flips, p_holm), p_bh) in flips.iter_mut().zip(holm).zip(bh) {
        (flips.p_holm, flips.p_bh) = (p_holm, p_bh);
    }
}

fn flips_of(slice: Slice, pairs: &Pairs<'_>, members: &[&Both<'_>], can_test: bool) -> SliceFlips {
    let count = |base: bool, candidate: bool| {
        let are = members
            .iter()
            .filter(|both| (both.base.passed(), both.candidate.passed()) == (base, candidate));
        are.count() as u64
    };
    SliceFlips {
        slice,
        fixed: count(false, true),
        broken: count(true, false),
        still_failing: count(false, false),
        both_right: count(true, true),
        effect: if can_test {
            pairs.passes_of(members.iter().copied())
        } else {
            None
        },
        p_holm: None,
        p_bh: None,
    }
}
