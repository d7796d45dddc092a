//! Which chains a release touches, and whether they pass with the new version.
//!
//! A chain uses a prompt where its newest version does. It passes with a version of that prompt where the newest of its
//! versions in which a step runs that one has a finished run that could carry a release, and whose gate passes.

use super::ReleaseError;
use super::evidence::no_evidence;
use crate::domain::chain::ChainVersion;
use crate::domain::gate::Verdict;
use crate::domain::ids::{ChainName, VersionId};
use crate::domain::policy::Policy;
use crate::domain::review::Check;
use crate::store::Store;

/// One check for each chain that uses the prompt of a version.
pub(super) fn chain_checks(store: &Store, version: &VersionId, policy: &Policy) -> Result<Vec<Check>, ReleaseError> {
    let mut checks = Vec::new();
    for newest in newest_chains(store)? {
        if newest.content.versions_of(&version.prompt).next().is_some() {
            checks.push(Check {
                title: format!("{} passes with {version}", newest.id.name),
                fault: fault(store, &newest.id.name, version, policy)?,
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

/// Why a chain does not pass with a version, and the command that may change that.
fn fault(
    store: &Store,
    name: &ChainName,
    version: &VersionId,
    policy: &Policy,
) -> Result<Option<String>, ReleaseError> {
    let versions = store.versions_of_chain(name)?;
    let runs_it = |chain: &&ChainVersion| chain.content.steps.iter().any(|step| &step.version == version);
    let Some(chain) = versions.iter().find(runs_it) else {
        return Ok(Some(format!(
            "no version of {name} runs it: make one with pegbox chain bump {name} {version} --reason TEXT, and run that"
        )));
    };
    let id = &chain.id;
    let mut why_not = None;
    for run in store.runs_of_chain(id)? {
        let (Some(run), Some(end)) = (store.run(run)?, store.run_end(run)?) else {
            continue;
        };
        let Some(gate) = &end.gate else { continue };
        match no_evidence(store, &run, &end, policy)? {
            None if gate.verdict == Verdict::Pass => return Ok(None),
            None => {
                return Ok(Some(format!(
                    "the gate of {} on {id} says {}: {}",
                    run.id, gate.verdict, gate.reason
                )));
            }
            Some(why) => why_not = why_not.or(Some(format!("{} is no evidence: {why}", run.id))),
        }
    }
    let start = format!("start one with pegbox run start {id} --dataset DATASET --suite SUITE");
    Ok(Some(match why_not {
        Some(why) => format!("{id} has no run that counts ({why}): {start}"),
        None => format!("{id} has no finished run: {start}"),
    }))
}
