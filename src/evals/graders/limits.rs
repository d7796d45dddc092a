//! The answer came in time, and did not cost too much.

use super::finding::{Fault, Finding};
use super::observed::Case;
use crate::domain::money::UsdNanos;

pub(super) struct Latency {
    pub(super) at_most_ms: u64,
}

impl Latency {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let (latency_ms, at_most_ms) = (case.observed.latency_ms, self.at_most_ms);
        if latency_ms <= at_most_ms {
            Ok(format!("took {latency_ms} ms, at most {at_most_ms}"))
        } else {
            Err(Fault::limit(format!("took {latency_ms} ms, more than {at_most_ms}")))
        }
    }
}

pub(super) struct Cost {
    pub(super) at_most: UsdNanos,
}

impl Cost {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        if let Some(run) = case.observed.reused_from {
            return Err(Fault::grader(format!(
                "the answer is that of {run} and cost nothing here: what it would cost is not known"
            )));
        }
        let Some(cost) = case.observed.cost else {
            return Err(Fault::grader(
                "the price is unknown, so the cost is too: give list prices for the model",
            ));
        };
        let (shown, at_most) = (exact(cost), exact(self.at_most));
        if cost <= self.at_most {
            Ok(format!("cost {shown}, at most {at_most}"))
        } else {
            Err(Fault::limit(format!("cost {shown}, more than {at_most}")))
        }
    }
}

/// Every digit, so that an amount just above a limit does not look like it.
fn exact(amount: UsdNanos) -> String {
    let text = format!("${}.{:09}", amount.0 / 1_000_000_000, amount.0 % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_all_their_digits() {
        for (nanos, text) in [
            (0, "$0"),
            (1, "$0.000000001"),
            (3_010_000, "$0.00301"),
            (20_000_000_000, "$20"),
        ] {
            assert_eq!(exact(UsdNanos(nanos)), text);
        }
    }
}
