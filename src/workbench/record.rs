//! The tuning-run record: one run as other tools read it.

use std::collections::BTreeMap;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{SubjectId, Tested, Workbench, WorkbenchError, found};
use crate::domain::caveats::{Caveats, Overtaken};
use crate::domain::decision::Decision;
use crate::domain::gate::Gate;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::label::{LabelAgreement, agreements};
use crate::domain::metric::{BoundsMethod, MetricResult};
use crate::domain::model::ModelConfig;
use crate::domain::money::PriceFile;
use crate::domain::path_result::{PathResult, step_results};
use crate::domain::promotion::Environment;
use crate::domain::run::{AnswerSource, Run, RunEnd, RunState, RunTotals, RuntimeContext};
use crate::domain::run_step::{PricesSince, prices_over_time};
use crate::domain::suite::{Comparison, SuiteVersion, Threshold};
use crate::releases::evidence::{caveats, overtaken};

/// The model fields of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordModel {
    /// The provider.
    pub provider: String,
    /// The model's name as asked for.
    pub name: String,
    /// The temperature.
    pub temperature: Option<f64>,
    /// The limit of generated tokens.
    pub max_tokens: Option<u32>,
    /// `text`, `json_object`, or the schema's name and version.
    pub response_format: String,
}

/// The dataset fields of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordDataset {
    /// The dataset.
    pub name: String,
    /// Its label.
    pub version: String,
    /// How many examples.
    pub example_count: u64,
}

/// The suite fields of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordEval {
    /// The suite.
    pub suite: String,
    /// Its version, as `v8`.
    pub version: String,
    /// Each threshold's value, by metric; a slice's as `metric[field=value]`, and a second one of a metric, or one that
    /// compares with the base run, with its word, as `metric no_worse_by`.
    pub thresholds: BTreeMap<String, f64>,
}

/// One step of the chain that was tested.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordStep {
    /// The step.
    pub name: String,
    /// The prompt version that it runs.
    pub prompt_version: String,
    /// Content of that version.
    pub content_hash: ContentHash,
    /// Its model.
    pub model: RecordModel,
    /// Outcomes in which it ran.
    pub reached: u64,
    /// Of those, that ended with it, without an answer.
    pub errored: u64,
}

/// One run. The fields up to `rollback_target` are fixed; further ones may follow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningRecord {
    /// The run.
    pub run_id: String,
    /// The prompt or the chain.
    pub workflow: String,
    /// The version that was tested, of the prompt or of the chain.
    pub prompt_version: String,
    /// The version that it is compared with.
    pub base_prompt_version: Option<String>,
    /// Where the version was when it was tested.
    pub environment: Environment,
    /// The model; of a chain that of its last step.
    pub model: RecordModel,
    /// The data.
    pub dataset: RecordDataset,
    /// The checks.
    pub eval: RecordEval,
    /// Each metric's value over the whole run; `null` where undefined.
    pub results: BTreeMap<String, Option<f64>>,
    /// What was decided about it; until then what the gate advises.
    pub decision: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where a roll back goes if the version is released: the release that is live, or the target of its own release.
    pub rollback_target: Option<String>,
    /// `gate` or the person who decided.
    pub decided_by: Option<String>,
    /// Where the run stands.
    pub state: RunState,
    /// Whether a model or the simulated one answered.
    pub answers: AnswerSource,
    /// Content of the version.
    pub content_hash: ContentHash,
    /// Content of the dataset version.
    pub dataset_hash: ContentHash,
    /// Content of the suite version.
    pub suite_hash: ContentHash,
    /// Models that answered.
    pub resolved_models: Vec<String>,
    /// What surrounded it.
    pub runtime_context: RuntimeContext,
    /// Counts and sums.
    #[serde(serialize_with = "known_totals")]
    pub totals: RunTotals,
    /// The files of list prices that the costs are reckoned with, those first that win.
    pub prices: Vec<PriceFile>,
    /// The same of each resume that brought others, and since when; costs of before stay as they were.
    pub later_prices: Vec<PricesSince>,
    /// Each result with its counts and interval, over the whole run and by slice.
    pub metrics: Vec<RecordedResult>,
    /// The gate with its rules.
    pub gate: Option<Gate>,
    /// Who started it.
    pub started_by: String,
    /// When, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: Option<String>,
    /// The steps of the chain, with what came of each; none of a prompt.
    pub steps: Vec<RecordStep>,
    /// The paths that examples took through the chain, the most frequent first; none of a prompt, or before the end.
    pub paths: Vec<PathResult>,
    /// What weakens the results: a model that the name does not stand for any more, answers of other runs.
    pub caveats: Caveats,
    /// What the run rests on that another version followed since it ended.
    pub overtaken: Vec<Overtaken>,
    /// What people said of its verdicts, by grader.
    pub labelled: Vec<LabelAgreement>,
}

/// The totals, with null in place of a sum of which nothing is known: zero would be an amount.
fn known_totals<S: Serializer>(totals: &RunTotals, serializer: S) -> Result<S::Ok, S::Error> {
    let mut document = serde_json::to_value(totals).map_err(S::Error::custom)?;
    if totals.saved > 0 && totals.cost_unknown >= totals.saved {
        document["cost"] = Value::Null;
    }
    if !totals.knows_tokens() {
        document["input_tokens"] = Value::Null;
        document["output_tokens"] = Value::Null;
    }
    document.serialize(serializer)
}

/// A metric's result, with how its one-sided bounds were found beside how its interval was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordedResult {
    /// The result.
    #[serde(flatten)]
    pub result: MetricResult,
    /// How its bounds were found; `None` where there are none.
    pub bounds_method: Option<BoundsMethod>,
}

impl From<MetricResult> for RecordedResult {
    fn from(result: MetricResult) -> Self {
        Self {
            bounds_method: result.bounds_method(),
            result,
        }
    }
}

impl Workbench {
    /// One run as other tools read it.
    pub fn tuning_record(&self, id: RunId) -> Result<TuningRecord, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let end = self.store.run_end(id)?;
        let tested = self.tested(&SubjectId::from(&run.subject))?;
        let last = found(tested.contents().last().copied(), "version", &run.subject.label())?;
        let suite = self.suite(&run.suite)?;
        let progress = self.progress(id)?;
        let gate = end.as_ref().and_then(|end| end.gate.clone());
        let (decision, reason, decided_by) = decided(self.decision_on(&run)?, gate.as_ref());
        let metrics = end.as_ref().map_or(progress.results, |end| end.results.clone());
        let metrics: Vec<RecordedResult> = metrics.into_iter().map(RecordedResult::from).collect();
        let whole = metrics
            .iter()
            .map(|recorded| &recorded.result)
            .filter(|result| result.slice.is_none());
        Ok(TuningRecord {
            run_id: run.id.to_string(),
            workflow: tested.workflow(),
            prompt_version: run.subject.label(),
            base_prompt_version: run.base.as_ref().map(ToString::to_string),
            environment: run.environment,
            model: model_of(&last.model),
            steps: steps_of(&tested, end.as_ref()),
            paths: end.as_ref().map(|end| end.paths.clone()).unwrap_or_default(),
            dataset: dataset_of(&run),
            eval: eval_of(&suite),
            results: whole
                .map(|result| (result.metric.clone(), result.measure.value()))
                .collect(),
            decision,
            reason,
            decided_by,
            rollback_target: self.rollback_target_of(&run)?,
            state: progress.state,
            answers: run.answers,
            content_hash: run.subject.content_hash(),
            dataset_hash: run.dataset_hash,
            suite_hash: run.suite_hash,
            resolved_models: end.as_ref().map(|end| end.resolved_models.clone()).unwrap_or_default(),
            totals: progress.totals,
            metrics,
            gate,
            started_by: run.started_by.to_string(),
            started_at: run.started_at.to_string(),
            ended_at: end.as_ref().map(|end: &RunEnd| end.ended_at.to_string()),
            caveats: caveats(&self.store, &run, end.as_ref())?.counting(&progress.totals),
            labelled: agreements(&self.store.labels(id)?),
            overtaken: match &end {
                Some(_) => overtaken(&self.store, &run)?,
                None => Vec::new(),
            },
            later_prices: self.later_prices(&run)?,
            prices: run.prices,
            runtime_context: run.context,
        })
    }

    fn later_prices(&self, run: &Run) -> Result<Vec<PricesSince>, WorkbenchError> {
        let all = prices_over_time(run, &self.store.run_steps(run.id)?);
        Ok(all.into_iter().skip(1).collect())
    }

    /// The newest decision that rests on a run.
    fn decision_on(&self, run: &Run) -> Result<Option<Decision>, WorkbenchError> {
        let Some(version) = run.subject.version() else {
            return Ok(None);
        };
        let decisions = self.store.decisions_of_version(version)?;
        Ok(decisions
            .into_iter()
            .rev()
            .find(|decision| decision.run == Some(run.id)))
    }

    /// The target in the version's own release, if it has one; else what is live now.
    fn rollback_target_of(&self, run: &Run) -> Result<Option<String>, WorkbenchError> {
        let Some(version) = run.subject.version() else {
            return Ok(None);
        };
        let releases = self.store.releases(&version.prompt)?;
        let own = releases.iter().find(|release| &release.promotion.version == version);
        Ok(match own {
            Some(release) => release
                .rollback_target
                .as_ref()
                .map(|target| target.release.to_string()),
            None => releases.first().map(|live| live.promotion.id.to_string()),
        })
    }
}

/// What was decided, why and by whom: by people, or else what the gate advises.
fn decided(decision: Option<Decision>, gate: Option<&Gate>) -> (Option<String>, Option<String>, Option<String>) {
    match (decision, gate) {
        (
            Some(Decision {
                kind, reason, actor, ..
            }),
            _,
        ) => said(kind.as_str(), reason.as_str(), actor.as_str()),
        (None, Some(gate)) => said(gate.verdict.advice(), &gate.reason, "gate"),
        (None, None) => (None, None, None),
    }
}

/// Decision, reason, and who said so.
fn said(decision: &str, reason: &str, by: &str) -> (Option<String>, Option<String>, Option<String>) {
    (Some(decision.to_owned()), Some(reason.to_owned()), Some(by.to_owned()))
}

fn steps_of(tested: &Tested, end: Option<&RunEnd>) -> Vec<RecordStep> {
    let names = tested.steps().map(|(step, _)| step.name.as_str());
    let results = step_results(names, end.map(|end| end.paths.as_slice()).unwrap_or_default());
    let steps = tested.steps().zip(results);
    steps
        .map(|((step, version), result)| RecordStep {
            name: step.name.clone(),
            prompt_version: version.id.to_string(),
            content_hash: version.content_hash,
            model: model_of(&version.content.model),
            reached: result.reached,
            errored: result.errored,
        })
        .collect()
}

fn dataset_of(run: &Run) -> RecordDataset {
    RecordDataset {
        name: run.dataset.name.to_string(),
        version: run.dataset.label.to_string(),
        example_count: run.example_count,
    }
}

fn eval_of(suite: &SuiteVersion) -> RecordEval {
    RecordEval {
        suite: suite.id.name.to_string(),
        version: format!("v{}", suite.id.number),
        thresholds: thresholds(&suite.content.thresholds),
    }
}

fn model_of(model: &ModelConfig) -> RecordModel {
    RecordModel {
        provider: model.provider.clone(),
        name: model.name.clone(),
        temperature: model.temperature,
        max_tokens: model.max_output_tokens,
        response_format: model.response_format.label(),
    }
}

fn thresholds(thresholds: &[Threshold]) -> BTreeMap<String, f64> {
    let mut named = BTreeMap::new();
    for threshold in thresholds {
        let metric = match &threshold.slice {
            Some(slice) => format!("{}[{slice}]", threshold.metric),
            None => threshold.metric.clone(),
        };
        let word = match threshold.comparison {
            Comparison::AtLeast => "at_least",
            Comparison::AtMost => "at_most",
            Comparison::Equals => "equals",
            Comparison::NoWorseBy => "no_worse_by",
            Comparison::AtMostRatio => "at_most_ratio",
        };
        let is_plain = !threshold.comparison.is_relative() && !named.contains_key(&metric);
        let name = if is_plain { metric } else { format!("{metric} {word}") };
        named.insert(name, threshold.value);
    }
    named
}
