//! The suites that a policy asks for beside the review's own, and whether the content passes them.
//!
//! It passes a suite where the newest finished run of the content with any version of that suite, of those that could
//! carry a release and are not too old, passes its gate.

use super::ReleaseError;
use super::evidence::no_evidence;
use crate::domain::gate::Verdict;
use crate::domain::ids::SuiteName;
use crate::domain::policy::Policy;
use crate::domain::review::{Check, Review, age_fault};
use crate::domain::time::Timestamp;
use crate::store::Store;

/// One check for each suite that the policy names for the review's environment.
pub(super) fn suite_checks(
    store: &Store,
    review: &Review,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<Check>, ReleaseError> {
    let suites = &policy.rules(review.environment).suites;
    let check = |suite: &SuiteName| {
        Ok(Check {
            title: format!("{suite} passes"),
            fault: fault(store, review, suite, policy, now)?,
        })
    };
    suites.iter().map(check).collect()
}

/// Why the content does not pass a suite, and the command that may change that.
fn fault(
    store: &Store,
    review: &Review,
    suite: &SuiteName,
    policy: &Policy,
    now: Timestamp,
) -> Result<Option<String>, ReleaseError> {
    let version = &review.version;
    let days_max = policy.rules(review.environment).evidence_days_max;
    let mut why_not = None;
    for id in store.runs_of(version)? {
        let (Some(run), Some(end)) = (store.run(id)?, store.run_end(id)?) else {
            continue;
        };
        let Some(gate) = &end.gate else { continue };
        if &run.suite.name != suite || run.subject.content_hash() != review.content_hash {
            continue;
        }
        let too_old = days_max.and_then(|days| age_fault(&run, Some(&end), days, now));
        match no_evidence(store, &run, &end, policy)?.or(too_old) {
            None if gate.verdict == Verdict::Pass => return Ok(None),
            None => return Ok(Some(format!("the gate of {id} says {}: {}", gate.verdict, gate.reason))),
            Some(why) => why_not = why_not.or(Some(format!("{id} is no evidence: {why}"))),
        }
    }
    let start = format!("start one with pegbox run start {version} --dataset DATASET --suite {suite}");
    Ok(Some(match why_not {
        Some(why) => format!("no run of {version} with {suite} counts ({why}): {start}"),
        None => format!("{version} has no finished run with {suite}: {start}"),
    }))
}
