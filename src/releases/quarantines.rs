//! The examples that the gate of a run left out, and what stands about them today.

use super::ReleaseError;
use crate::domain::gate::Gate;
use crate::domain::metric::Measure;
use crate::domain::quarantine::standing;
use crate::domain::review::Check;
use crate::domain::run::{Run, RunEnd};
use crate::domain::suite::Comparison;
use crate::domain::unit::Units;
use crate::store::Store;

/// That what the gate left out is still quarantined; `None` where it left nothing out. The line says how many there
/// are, and what the measured values are with them counted: a quarantine can leave a gate next to nothing.
pub(super) fn quarantine_check(store: &Store, run: &Run, end: Option<&RunEnd>) -> Result<Option<Check>, ReleaseError> {
    let Some((end, gate)) = end.and_then(|end| Some((end, end.gate.as_ref()?))) else {
        return Ok(None);
    };
    let count = gate.left_out.len();
    if count == 0 {
        return Ok(None);
    }
    let now = standing(&store.quarantines(&run.suite.name)?);
    let left_out = gate.left_out.iter().map(|left_out| &left_out.example);
    let lifted: Vec<&str> = left_out
        .filter(|example| !now.iter().any(|placed| &placed.example == *example))
        .map(crate::domain::ids::ExampleId::as_str)
        .collect();
    let named = match lifted.as_slice() {
        [] => None,
        [one] => Some(format!("{one} counts")),
        [first, others @ ..] => Some(format!("{first} and {} more count", others.len())),
    };
    let suite = store.suite(&run.suite)?;
    let units = Units::of(suite.as_ref().map_or(&[], |suite| suite.content.metrics.as_slice()));
    Ok(Some(Check {
        title: format!(
            "{count} of {} examples quarantined, left out of the gate; with them {}",
            run.example_count,
            counting_all(gate, end, &units)
        ),
        fault: named.map(|named| {
            format!(
                "{} is stale: {named} again since the quarantine was lifted; run it again, and ask on that",
                run.id
            )
        }),
    }))
}

/// What the rules on a value come to over all examples, by the measured values alone; those against a base run are as
/// the gate has them.
fn counting_all(gate: &Gate, end: &RunEnd, units: &Units) -> String {
    let missed = gate.rules.iter().filter_map(|rule| {
        let threshold = &rule.threshold;
        let mut results = end.results.iter();
        let result = results.find(|result| result.metric == threshold.metric && result.slice == threshold.slice)?;
        let (value, limit) = (result.measure.value()?, threshold.value);
        let is_met = match threshold.comparison {
            Comparison::AtLeast => value >= limit,
            Comparison::AtMost => value <= limit,
            Comparison::Equals => value.total_cmp(&limit).is_eq(),
            Comparison::NoWorseBy | Comparison::AtMostRatio => true,
        };
        let counts = match result.measure {
            Measure::Rate { .. } => format!(" ({})", result.measure.counts_text()),
            Measure::Value { .. } | Measure::Undefined => String::new(),
        };
        let unit = units.unit(&threshold.metric);
        (!is_met).then(|| format!("{} misses it at {}{counts}", threshold.text(unit), unit.text(value)))
    });
    let missed: Vec<String> = missed.collect();
    if missed.is_empty() {
        "the values reach the same limits".into()
    } else {
        missed.join(", ")
    }
}
