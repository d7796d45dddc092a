//! Which chains a release touches, and whether they pass with the new version.
//!
//! A chain uses a prompt where its newest version does. It passes with a version of that prompt where the newest of its
//! versions in which a step runs that one has a finished run that could carry a release, and whose gate passes.
//!
//! Not any suite on any dataset will do. The run counts with the dataset and the suite of the chain's last evidence:
//! the newest run that passed of those of its versions that do not run the version in question; or, on that dataset,
//! with a suite that the policy names for the environment. A later version of either is as good, and an older one is no
//! evidence anyway. A chain without such evidence has nothing to be held against: then the newest run counts, and the
//! check says with what it was.

use super::ReleaseError;
use super::evidence::no_evidence;
use crate::domain::chain::ChainVersion;
use crate::domain::gate::Verdict;
use crate::domain::ids::{ChainName, ChainVersionId, SuiteName, VersionId};
use crate::domain::policy::Policy;
use crate::domain::promotion::Environment;
use crate::domain::review::Check;
use crate::domain::run::{Run, RunEnd};
use crate::store::{Store, StoreError};

/// One check for each chain that uses the prompt of a version.
pub(super) fn chain_checks(store: &Store, version: &VersionId, policy: &Policy) -> Result<Vec<Check>, ReleaseError> {
    let mut checks = Vec::new();
    for newest in newest_chains(store)? {
        if newest.content.versions_of(&version.prompt).next().is_some() {
            let name = &newest.id.name;
            let title = format!("{name} passes with {version}");
            checks.push(match standing(store, name, version, policy)? {
                Ok(rests_on) => Check {
                    title: format!("{title}: {rests_on}"),
                    fault: None,
                },
                Err(fault) => Check {
                    title,
                    fault: Some(fault),
                },
            });
        }
    }
    Ok(checks)
}

/// The newest version of each chain, by name.
fn newest_chains(store: &Store) -> Result<Vec<ChainVersion>, ReleaseError> {
    let mut newest: Vec<ChainVersion> = Vec::new();
    for chain in store.chains()? {
        match newest.last_mut() {
            Some(last) if last.id.name == chain.id.name => *last = chain,
            _ => newest.push(chain),
        }
    }
    Ok(newest)
}

/// The run by which a chain passes with a version, in words; or why it does not pass, and the command that may change
/// that.
fn standing(
    store: &Store,
    name: &ChainName,
    version: &VersionId,
    policy: &Policy,
) -> Result<Result<String, String>, ReleaseError> {
    let versions = store.versions_of_chain(name)?;
    let runs_it = |chain: &ChainVersion| chain.content.steps.iter().any(|step| &step.version == version);
    let Some(chain) = versions.iter().find(|chain| runs_it(chain)) else {
        return Ok(Err(format!(
            "no version of {name} runs it: make one with pegbox chain bump {name} {version} --reason TEXT, and run that"
        )));
    };
    let id = &chain.id;
    let last = last_evidence(store, versions.iter().filter(|chain| !runs_it(chain)))?;
    let suites = &policy.rules(Environment::Production).suites;
    let mut why_not = None;
    for (run, end) in finished_runs(store, id)? {
        let Some(gate) = &end.gate else { continue };
        let other = last.as_ref().and_then(|last| last.mismatch(&run, suites));
        match no_evidence(store, &run, &end, policy)?.or(other) {
            None if gate.verdict == Verdict::Pass => {
                let first = match &last {
                    Some(_) => "",
                    None => "; no earlier run of the chain says with what it has to pass",
                };
                return Ok(Ok(format!("{}, {} on {}{first}", run.id, run.suite, run.dataset)));
            }
            None => {
                return Ok(Err(format!(
                    "the gate of {} on {id} says {}: {}",
                    run.id, gate.verdict, gate.reason
                )));
            }
            Some(why) => why_not = why_not.or(Some(format!("{} is no evidence: {why}", run.id))),
        }
    }
    let (dataset, suite) = last.map_or_else(
        || ("DATASET".to_owned(), "SUITE".to_owned()),
        |last| (last.run.dataset.name.to_string(), last.run.suite.name.to_string()),
    );
    let start = format!("start one with pegbox run start {id} --dataset {dataset} --suite {suite}");
    Ok(Err(match why_not {
        Some(why) => format!("{id} has no run that counts ({why}): {start}"),
        None => format!("{id} has no finished run: {start}"),
    }))
}

/// What a chain passed with before.
struct LastEvidence {
    chain: ChainVersionId,
    run: Run,
}

impl LastEvidence {
    /// That a run was with something else, which is none of the suites that the policy names either.
    fn mismatch(&self, run: &Run, suites: &[SuiteName]) -> Option<String> {
        let is_suite = run.suite.name == self.run.suite.name || suites.contains(&run.suite.name);
        let is_same = is_suite && run.dataset.name == self.run.dataset.name;
        (!is_same).then(|| {
            format!(
                "it was with {} on {}, and {} passed with {} on {} in {}",
                run.suite.name, run.dataset.name, self.chain, self.run.suite.name, self.run.dataset.name, self.run.id
            )
        })
    }
}

/// The newest run over a whole dataset that passed, of the newest of these versions that has one.
fn last_evidence<'a>(
    store: &Store,
    chains: impl Iterator<Item = &'a ChainVersion>,
) -> Result<Option<LastEvidence>, StoreError> {
    for chain in chains {
        for (run, end) in finished_runs(store, &chain.id)? {
            let passed = end.gate.is_some_and(|gate| gate.verdict == Verdict::Pass);
            if passed && run.selection.is_none() {
                let chain = chain.id.clone();
                return Ok(Some(LastEvidence { chain, run }));
            }
        }
    }
    Ok(None)
}

/// The runs of a chain's version that ended, newest first.
fn finished_runs(store: &Store, id: &ChainVersionId) -> Result<Vec<(Run, RunEnd)>, StoreError> {
    let mut finished = Vec::new();
    for run in store.runs_of_chain(id)? {
        if let (Some(run), Some(end)) = (store.run(run)?, store.run_end(run)?) {
            finished.push((run, end));
        }
    }
    Ok(finished)
}
