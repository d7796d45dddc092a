//! Every key of the store. Keys are readable text in order; numbers are padded so that text order is number order.
//!
//! | key | record | may it change? |
//! | --- | --- | --- |
//! | `policy` | policy of the store | by an admin |
//! | `person/NAME` | person | by an admin |
//! | `prompt/NAME` | prompt | never |
//! | `draft/NAME` | draft | with every keystroke |
//! | `version/NAME/NUMBER` | prompt version | never |
//! | `variant/HASH` | variant of a prompt version, under its content hash | never |
//! | `chain/NAME/NUMBER` | chain version | never |
//! | `example/HASH` | example, under its content hash | never |
//! | `rows/HASH/PAGE` | rows of a dataset version, under its content hash | never |
//! | `dataset/NAME/LABEL` | dataset version | never |
//! | `suite/NAME/NUMBER` | suite version | never |
//! | `run/NUMBER` | run as started | never |
//! | `run-end/NUMBER` | what the run came to | never |
//! | `run-step/RUN/NUMBER` | a pause or a resume of the run | never |
//! | `run-of/NAME/NUMBER/RUN` | mark: this run tested this version | never |
//! | `run-of-chain/NAME/NUMBER/RUN` | mark: this run tested this chain version | never |
//! | `run-of-variant/HASH/RUN` | mark: this run tested this variant | never |
//! | `outcome/RUN/INDEX`, `outcome/RUN/INDEX.REPEAT` | outcome of the first repeat, of a later one | never |
//! | `outcome-of/RUN/EXAMPLE` | index of the outcome of an example | never |
//! | `failure/RUN/INDEX`, `failure/RUN/INDEX.REPEAT` | one line about a failed outcome | never |
//! | `review/NUMBER` | review | never |
//! | `decision/NUMBER` | decision | never |
//! | `signature/DECISION` | signature of a decision | never |
//! | `decision-of/review/REVIEW/NUMBER`, `decision-of/version/NAME/NUMBER/NUMBER` | mark: what it is about | never |
//! | `promotion/NAME/ENVIRONMENT/NUMBER` | promotion outside production | never |
//! | `release/NAME/NUMBER` | release | never |
//! | `trace/ID` | trace | grows |
//! | `alias/HASH/NUMBER` | line of an alias's ledger, under the hash of the alias | never |
//! | `answer/HASH` | where the newest answer to a request lies, under the request's hash | with each newer answer |
//! | `reused/RUN/FROM` | mark: this run used answers of that one | never |
//! | `judged/RUN/HASH.NUMBER` | mark: judgements of this run rest on this line of an alias's ledger | never |
//! | `label/RUN/INDEX.REPEAT/NUMBER` | human label of an outcome | never |
//! | `triage/RUN/INDEX.REPEAT/NUMBER` | where a person says that the cause of a failure lies | never |
//! | `quarantine/SUITE/NUMBER` | decision that a flaky example does not count in the suite's gates, or does again | never |
//! | `labelled/SUITE/RUN` | mark: this run, graded by a version of this suite, has human labels | never |

use crate::domain::actor::Actor;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{
    ChainName, ChainVersionId, DatasetName, DatasetVersionId, DecisionId, ExampleId, PromotionId, PromptName, ReviewId,
    RunId, SuiteName, SuiteVersionId, TraceId, VersionId,
};
use crate::domain::outcome::OutcomePlace;
use crate::domain::promotion::Environment;
use crate::domain::variant::VariantId;

pub(super) const POLICY: &str = "policy";
pub(super) const PEOPLE: &str = "person/";
pub(super) const PROMPTS: &str = "prompt/";
pub(super) const DRAFTS: &str = "draft/";
pub(super) const DATASETS: &str = "dataset/";
pub(super) const SUITES: &str = "suite/";
pub(super) const CHAINS: &str = "chain/";
pub(super) const RUNS: &str = "run/";
pub(super) const RUN_ENDS: &str = "run-end/";
pub(super) const RUN_STEPS: &str = "run-step/";
pub(super) const OUTCOMES: &str = "outcome/";
pub(super) const OUTCOMES_OF: &str = "outcome-of/";
pub(super) const FAILURES: &str = "failure/";
pub(super) const REVIEWS: &str = "review/";
pub(super) const DECISIONS: &str = "decision/";
pub(super) const SIGNATURES: &str = "signature/";
pub(super) const TRACES: &str = "trace/";
pub(super) const EXAMPLES: &str = "example/";
pub(super) const VERSIONS: &str = "version/";
pub(super) const VARIANTS: &str = "variant/";
pub(super) const PROMOTIONS: &str = "promotion/";
pub(super) const RELEASES: &str = "release/";
pub(super) const ALIASES: &str = "alias/";
pub(super) const ANSWERS: &str = "answer/";
pub(super) const LABELS: &str = "label/";
pub(super) const QUARANTINES: &str = "quarantine/";
pub(super) const TRIAGES: &str = "triage/";
pub(super) const JUDGED: &str = "judged/";

pub(super) fn person(name: &Actor) -> String {
    format!("{PEOPLE}{name}")
}

pub(super) fn prompt(name: &PromptName) -> String {
    format!("{PROMPTS}{name}")
}

pub(super) fn draft(name: &PromptName) -> String {
    format!("{DRAFTS}{name}")
}

pub(super) fn versions(prompt: &PromptName) -> String {
    format!("{VERSIONS}{prompt}/")
}

pub(super) fn version(id: &VersionId) -> String {
    format!("{}{:010}", versions(&id.prompt), id.number)
}

pub(super) fn chains(name: &ChainName) -> String {
    format!("{CHAINS}{name}/")
}

pub(super) fn variant(id: &VariantId) -> String {
    format!("{VARIANTS}{id}")
}

pub(super) fn chain(id: &ChainVersionId) -> String {
    format!("{}{:010}", chains(&id.name), id.number)
}

pub(super) fn example(hash: &ContentHash) -> String {
    format!("{EXAMPLES}{hash}")
}

pub(super) fn row_page(dataset: &ContentHash, page: u64) -> String {
    format!("rows/{dataset}/{page:010}")
}

pub(super) fn datasets(name: &DatasetName) -> String {
    format!("{DATASETS}{name}/")
}

pub(super) fn dataset(id: &DatasetVersionId) -> String {
    format!("{}{}", datasets(&id.name), id.label)
}

pub(super) fn suites(name: &SuiteName) -> String {
    format!("{SUITES}{name}/")
}

pub(super) fn suite(id: &SuiteVersionId) -> String {
    format!("{}{:010}", suites(&id.name), id.number)
}

pub(super) fn run(id: RunId) -> String {
    format!("{RUNS}{:010}", id.0)
}

pub(super) fn run_end(id: RunId) -> String {
    format!("{RUN_ENDS}{:010}", id.0)
}

pub(super) fn run_steps(id: RunId) -> String {
    format!("{RUN_STEPS}{:010}/", id.0)
}

pub(super) fn run_step(id: RunId, number: u32) -> String {
    format!("{}{number:010}", run_steps(id))
}

pub(super) fn runs_of(version: &VersionId) -> String {
    format!("run-of/{}/{:010}/", version.prompt, version.number)
}

pub(super) fn run_of(version: &VersionId, id: RunId) -> String {
    format!("{}{:010}", runs_of(version), id.0)
}

pub(super) fn runs_of_chain(chain: &ChainVersionId) -> String {
    format!("run-of-chain/{}/{:010}/", chain.name, chain.number)
}

pub(super) fn run_of_chain(chain: &ChainVersionId, id: RunId) -> String {
    format!("{}{:010}", runs_of_chain(chain), id.0)
}

pub(super) fn runs_of_variant(id: &VariantId) -> String {
    format!("run-of-variant/{id}/")
}

pub(super) fn run_of_variant(variant: &VariantId, id: RunId) -> String {
    format!("{}{:010}", runs_of_variant(variant), id.0)
}

pub(super) fn outcomes(run: RunId) -> String {
    format!("{OUTCOMES}{:010}/", run.0)
}

pub(super) fn outcome(run: RunId, place: OutcomePlace) -> String {
    outcomes(run) + &in_run(place)
}

/// A dot stands before every digit and after the end, so that repeats of an example lie between it and the next one.
fn in_run(OutcomePlace { index, repeat }: OutcomePlace) -> String {
    match repeat {
        0 => format!("{index:010}"),
        repeat => format!("{index:010}.{repeat:010}"),
    }
}

/// The place that the last part of an outcome's or a failure's key says.
pub(super) fn place_in_run(tail: &str) -> Option<OutcomePlace> {
    let (index, repeat) = tail.split_once('.').unwrap_or((tail, "0"));
    Some(OutcomePlace {
        index: index.parse().ok()?,
        repeat: repeat.parse().ok()?,
    })
}

pub(super) fn outcome_of(run: RunId, example: &ExampleId) -> String {
    format!("{OUTCOMES_OF}{:010}/{example}", run.0)
}

pub(super) fn failures(run: RunId) -> String {
    format!("{FAILURES}{:010}/", run.0)
}

pub(super) fn failure(run: RunId, place: OutcomePlace) -> String {
    failures(run) + &in_run(place)
}

pub(super) fn review(id: ReviewId) -> String {
    format!("{REVIEWS}{:010}", id.0)
}

pub(super) fn decision(id: DecisionId) -> String {
    format!("{DECISIONS}{:010}", id.0)
}

pub(super) fn signature(id: DecisionId) -> String {
    format!("{SIGNATURES}{:010}", id.0)
}

pub(super) fn decisions_of_review(review: ReviewId) -> String {
    format!("decision-of/review/{:010}/", review.0)
}

pub(super) fn decision_of_review(review: ReviewId, id: DecisionId) -> String {
    format!("{}{:010}", decisions_of_review(review), id.0)
}

pub(super) fn decisions_of_version(version: &VersionId) -> String {
    format!("decision-of/version/{}/{:010}/", version.prompt, version.number)
}

pub(super) fn decision_of_version(version: &VersionId, id: DecisionId) -> String {
    format!("{}{:010}", decisions_of_version(version), id.0)
}

pub(super) fn promotions(prompt: &PromptName, environment: Environment) -> String {
    match environment {
        Environment::Production => format!("{RELEASES}{prompt}/"),
        other => format!("{PROMOTIONS}{prompt}/{}/", other.short()),
    }
}

pub(super) fn promotion(id: &PromotionId) -> String {
    format!("{}{:010}", promotions(&id.prompt, id.environment), id.number)
}

pub(super) fn trace(id: &TraceId) -> String {
    format!("{TRACES}{id}")
}

pub(super) fn resolutions(alias: &ContentHash) -> String {
    format!("{ALIASES}{alias}/")
}

pub(super) fn resolution(alias: &ContentHash, number: u32) -> String {
    format!("{}{number:010}", resolutions(alias))
}

pub(super) fn judged(run: RunId) -> String {
    format!("{JUDGED}{:010}/", run.0)
}

pub(super) fn judged_by(run: RunId, alias: &ContentHash, number: u32) -> String {
    format!("{}{alias}.{number:010}", judged(run))
}

/// The line of a ledger that the last part of a key names, as [`judged_by`] wrote it.
pub(super) fn ledger_line(tail: &str) -> Option<(ContentHash, u32)> {
    let (alias, number) = tail.split_once('.')?;
    Some((alias.parse().ok()?, number.parse().ok()?))
}

pub(super) fn answer(request: &ContentHash) -> String {
    format!("{ANSWERS}{request}")
}

pub(super) fn reused(run: RunId) -> String {
    format!("reused/{:010}/", run.0)
}

pub(super) fn reused_from(run: RunId, from: RunId) -> String {
    format!("{}{:010}", reused(run), from.0)
}

pub(super) fn labels(run: RunId) -> String {
    format!("{LABELS}{:010}/", run.0)
}

pub(super) fn labels_at(run: RunId, place: OutcomePlace) -> String {
    format!("{}{}/", labels(run), every_repeat(place))
}

/// A place as one part of a key, with the repeat of the first one too: so all stand in order, whatever follows.
fn every_repeat(OutcomePlace { index, repeat }: OutcomePlace) -> String {
    format!("{index:010}.{repeat:010}")
}

pub(super) fn label(run: RunId, place: OutcomePlace, number: u32) -> String {
    format!("{}{number:010}", labels_at(run, place))
}

pub(super) fn triages(run: RunId) -> String {
    format!("{TRIAGES}{:010}/", run.0)
}

pub(super) fn triages_at(run: RunId, place: OutcomePlace) -> String {
    format!("{}{}/", triages(run), every_repeat(place))
}

pub(super) fn triage(run: RunId, place: OutcomePlace, number: u32) -> String {
    format!("{}{number:010}", triages_at(run, place))
}

pub(super) fn quarantines(suite: &SuiteName) -> String {
    format!("{QUARANTINES}{suite}/")
}

pub(super) fn quarantine(suite: &SuiteName, number: u32) -> String {
    format!("{}{number:010}", quarantines(suite))
}

pub(super) fn labelled(suite: &SuiteName) -> String {
    format!("labelled/{suite}/")
}

pub(super) fn labelled_run(suite: &SuiteName, run: RunId) -> String {
    format!("{}{:010}", labelled(suite), run.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_fits_the_engine() {
        let name = "p".repeat(crate::domain::ids::NAME_BYTES_MAX);
        let example = ExampleId::new("e".repeat(crate::domain::ids::EXAMPLE_ID_BYTES_MAX)).unwrap();
        let version = VersionId {
            prompt: PromptName::new(name).unwrap(),
            number: u32::MAX,
        };
        let longest = [
            outcome_of(RunId(u32::MAX), &example),
            run_of(&version, RunId(u32::MAX)),
            decision_of_version(&version, DecisionId(u32::MAX)),
            row_page(&ContentHash::of_bytes(b""), u64::MAX),
        ];
        for key in longest {
            assert!(key.len() <= crate::store::engine::KEY_BYTES_MAX, "{key}");
        }
    }

    #[test]
    fn repeats_stand_in_order_between_their_example_and_the_next() {
        let place = |index, repeat| OutcomePlace { index, repeat };
        let places = [
            place(0, 0),
            place(0, 1),
            place(0, 2),
            place(0, 10),
            place(1, 0),
            place(10, 0),
        ];
        let keys = places.map(|place| outcome(RunId(7), place));
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(keys.first().map(String::as_str), Some("outcome/0000000007/0000000000"));
        let read = places.map(|place| place_in_run(&in_run(place)));
        assert_eq!(read, places.map(Some));
    }

    #[test]
    fn text_order_is_number_order() {
        let key = |number| {
            version(&VersionId {
                prompt: PromptName::new("a").unwrap(),
                number,
            })
        };
        assert!(key(9) < key(10) && key(99) < key(100));
    }
}
