//! Which slices an example is in.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::metric::{Bins, Slice, SlicePart};
use crate::domain::suite::SuiteContent;

/// Most values of one metadata field, or of fields crossed, that make slices. A field with more is an id, not a slice,
/// and gets none, except for the values that a threshold names.
pub(super) const SLICE_VALUES_MAX: usize = 200;

/// How a suite slices, and what it has seen of each field.
#[derive(Debug, Clone)]
pub(in crate::evals) struct Slicing {
    /// Fields by themselves, then crossed ones.
    fields: Vec<Vec<String>>,
    bins: Vec<Bins>,
    named: BTreeSet<Slice>,
    /// The slices that each of `fields` has made; too many, and it makes none.
    seen: Vec<BTreeSet<Slice>>,
}

/// What an outcome does to the slices.
#[derive(Debug, Default)]
pub(in crate::evals) struct Sliced {
    /// The slices that it is in.
    pub(in crate::evals) slices: Vec<Slice>,
    /// Slices that are none any more, since their fields have too many values.
    pub(in crate::evals) gone: Vec<Slice>,
}

impl Slicing {
    pub(in crate::evals) fn new(suite: &SuiteContent) -> Self {
        let singles = suite.slices.iter().chain(suite.bins.iter().map(|bins| &bins.field));
        let mut fields: Vec<Vec<String>> = Vec::new();
        for field in singles
            .map(|field| vec![field.clone()])
            .chain(suite.crossings.iter().cloned())
        {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Self {
            seen: vec![BTreeSet::new(); fields.len()],
            fields,
            bins: suite.bins.clone(),
            named: suite
                .thresholds
                .iter()
                .filter_map(|threshold| threshold.slice.clone())
                .collect(),
        }
    }

    /// The slices of an example. The answer for a field may turn to none, and then the slices that it had are gone: so
    /// what a run reports never depends on which outcomes came first.
    pub(in crate::evals) fn slices(&mut self, metadata: &BTreeMap<String, String>) -> Sliced {
        let mut sliced = Sliced::default();
        for (fields, seen) in self.fields.iter().zip(&mut self.seen) {
            let parts: Option<Vec<SlicePart>> = fields.iter().map(|field| part(&self.bins, field, metadata)).collect();
            let Some(slice) = parts.and_then(Slice::crossed) else {
                continue;
            };
            if seen.len() <= SLICE_VALUES_MAX && seen.insert(slice.clone()) && seen.len() > SLICE_VALUES_MAX {
                sliced.gone.extend(seen.difference(&self.named).cloned());
            }
            if seen.len() <= SLICE_VALUES_MAX || self.named.contains(&slice) {
                sliced.slices.push(slice);
            }
        }
        sliced
    }
}

/// `None` where the example has no value of the field, or none that is in a bin.
fn part(bins: &[Bins], field: &str, metadata: &BTreeMap<String, String>) -> Option<SlicePart> {
    let value = metadata.get(field)?;
    let value = match bins.iter().find(|bins| bins.field == field) {
        Some(bins) => bins.bin(value)?,
        None => value.clone(),
    };
    let field = field.to_owned();
    Some(SlicePart { field, value })
}
