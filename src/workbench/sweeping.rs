//! A sweep: prompt versions by model configs over one dataset and suite, as a matrix of runs.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::studying::{Candidate, Stored, Study};
use super::{Workbench, WorkbenchError, found};
use crate::domain::ids::{RunId, VersionId};
use crate::domain::metric::{Measure, MetricKind};
use crate::domain::model::ModelConfig;
use crate::domain::run::{EndState, Run, RunEnd, Subject};
use crate::domain::suite::SuiteContent;
use crate::domain::unit::{Unit, Units};
use crate::domain::variant::{Variant, VariantChange};
use crate::evals::compare::{Pairs, RunScores};
use crate::evals::sweep::standings;
pub use crate::evals::sweep::{Figures, Standing};
use crate::providers::provider_names;

/// Most cells of a sweep: more is a slip of the keyboard.
const CELLS_MAX: usize = 400;
/// Newest runs in which those of a matrix are looked for.
const RUNS_LOOKED_AT: usize = 1_000;

/// A model to run with: `openai:gpt-4.1-mini`, or a name alone for the version's own provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelChoice {
    /// The provider; the version's own where not given.
    pub provider: Option<String>,
    /// The model's name.
    pub name: String,
}

impl FromStr for ModelChoice {
    type Err = WorkbenchError;
    /// A colon belongs to the name, as in `llama3:8b`, unless a provider of ours stands before it.
    fn from_str(text: &str) -> Result<Self, WorkbenchError> {
        let known = |(provider, _): &(&str, &str)| provider_names().any(|name| name == *provider);
        let (provider, name) = match text.split_once(':').filter(known) {
            Some((provider, name)) => (Some(provider.to_owned()), name),
            None => (None, text),
        };
        if name.is_empty() {
            return Err(WorkbenchError::invalid(
                format!("'{text}' names no model"),
                "write it as PROVIDER:NAME, such as openai:gpt-4.1-mini",
            ));
        }
        let name = name.to_owned();
        Ok(Self { provider, name })
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Some(provider) => write!(f, "{provider}:{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What a sweep runs: every version with every model and every temperature; its own where none is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The versions.
    pub versions: Vec<VersionId>,
    /// The models.
    pub models: Vec<ModelChoice>,
    /// The temperatures.
    pub temperatures: Vec<f64>,
}

/// Runs over one dataset and suite, by quality, cost and latency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// The dataset version.
    pub dataset: String,
    /// The suite version.
    pub suite: String,
    /// The metric that is the quality, where more is better.
    pub metric: String,
    /// What its numbers are of.
    pub unit: Unit,
    /// The cells.
    pub cells: Vec<MatrixCell>,
}

/// One run of a matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixCell {
    /// The run.
    pub run: RunId,
    /// The version, or what was changed of it.
    pub subject: String,
    /// The model that was asked, with its temperature.
    pub model: String,
    /// The quality, with its counts.
    pub quality: Measure,
    /// 95 % interval of the quality, where it is a rate.
    pub interval: Option<(f64, f64)>,
    /// Median of the latency in milliseconds.
    pub latency_p50_ms: Option<f64>,
    /// What it is ranked by.
    pub figures: Figures,
    /// Where it stands.
    pub standing: Standing,
}

impl Matrix {
    /// What to say of a cell beside its numbers.
    pub fn note(&self, cell: &MatrixCell) -> String {
        let run = |at: usize| self.cells.get(at).map_or_else(String::new, |cell| cell.run.to_string());
        match cell.standing {
            Standing::Dominated { by, surely: true } => format!("beaten by {}", run(by)),
            Standing::Dominated { by, surely: false } => {
                format!("beaten by {}, whose quality may be the same", run(by))
            }
            Standing::Front {
                within_noise_of: Some(other),
            } => format!("{} saves cost or time, and its quality may be the same", run(other)),
            Standing::Front { within_noise_of: None } => String::new(),
            Standing::Unknown => "no quality to compare".into(),
        }
    }
}

impl Workbench {
    /// What the cells of a sweep test, version by version.
    pub fn sweep_cells(&self, sweep: &Sweep) -> Result<Vec<Candidate>, WorkbenchError> {
        let mut cells: Vec<Candidate> = Vec::new();
        for id in &sweep.versions {
            let version = self.version(id)?;
            for model in model_configs(&version.content.model, sweep) {
                let cell = match Variant::with_model(&version, model)? {
                    Some(variant) => Candidate::Variant(Box::new(variant)),
                    None => Candidate::Version(id.clone()),
                };
                if !cells.contains(&cell) {
                    cells.push(cell);
                }
            }
        }
        if cells.len() > CELLS_MAX {
            return Err(WorkbenchError::invalid(
                format!("{} cells, at most {CELLS_MAX}", cells.len()),
                "name fewer versions, models or temperatures",
            ));
        }
        Ok(cells)
    }

    /// Each with the run of it that is stored.
    pub fn stored_runs(
        &self,
        study: &Study,
        tested: Vec<Candidate>,
    ) -> Result<Vec<(Candidate, Stored)>, WorkbenchError> {
        let with_stored = |tested| {
            let stored = self.stored_run(study, &tested)?;
            Ok((tested, stored))
        };
        tested.into_iter().map(with_stored).collect()
    }

    /// Ended runs as a matrix. The quality is the named metric, or the first of the suite of which more is better.
    pub fn matrix(&self, runs: &[RunId], metric: Option<&str>) -> Result<Matrix, WorkbenchError> {
        let first = runs.first().copied().ok_or_else(|| {
            WorkbenchError::refused("no run has ended yet", "go on with the sweep: the same command again")
        })?;
        let first = found(self.store.run(first)?, "run", &first)?;
        let suite = self.suite(&first.suite)?;
        let metric = quality_metric(&suite.content, metric)?;
        let mut cells = Vec::new();
        let mut scores = Vec::new();
        for id in runs {
            let run = found(self.store.run(*id)?, "run", id)?;
            let end = found(self.store.run_end(*id)?, "end of run", id)?;
            let of_run = self.run_scores(*id, &suite)?;
            cells.push(self.matrix_cell(&run, &end, &of_run, &metric)?);
            scores.push(of_run);
        }
        let figures: Vec<Figures> = cells.iter().map(|cell| cell.figures).collect();
        let effect = |one: usize, other: usize| {
            let pairs = Pairs::new(scores.get(one)?, scores.get(other)?);
            pairs.metric(scores.get(one)?.metric_at(&metric)?).ok()
        };
        let standings = standings(&figures, effect);
        for (cell, standing) in cells.iter_mut().zip(standings) {
            cell.standing = standing;
        }
        Ok(Matrix {
            dataset: first.dataset.to_string(),
            suite: suite.id.to_string(),
            unit: Units::of(&suite.content.metrics).unit(&metric),
            metric,
            cells,
        })
    }

    /// The newest finished runs over the same dataset and suite as this one, one for each version or variant with
    /// another model of the same prompt. A version with some hunks of another is a step of an ablation, and no cell.
    pub fn matrix_around(&self, id: RunId, metric: Option<&str>) -> Result<Matrix, WorkbenchError> {
        let around = found(self.store.run(id)?, "run", &id)?;
        let prompt = around.subject.version_or_origin().map(|version| version.prompt.clone());
        let mut seen: Vec<Subject> = Vec::new();
        let mut runs = Vec::new();
        for run in self.store.runs(None, RUNS_LOOKED_AT)? {
            let is_cell = run.dataset_hash == around.dataset_hash
                && run.suite_hash == around.suite_hash
                && run.selection.is_none()
                && run.answers == around.answers
                && run.subject.version_or_origin().map(|version| &version.prompt) == prompt.as_ref()
                && !seen.contains(&run.subject);
            if self.is_of_hunks(&run.subject)? {
                continue;
            }
            let is_finished = |end: RunEnd| end.state == EndState::Finished;
            if is_cell && self.store.run_end(run.id)?.is_some_and(is_finished) {
                runs.push(run.id);
                seen.push(run.subject);
            }
        }
        runs.reverse();
        self.matrix(&runs, metric)
    }

    fn is_of_hunks(&self, subject: &Subject) -> Result<bool, WorkbenchError> {
        let Subject::Variant { variant, .. } = subject else {
            return Ok(false);
        };
        let variant = found(self.store.variant(variant)?, "variant", variant)?;
        Ok(matches!(variant.content.change, VariantChange::Hunks { .. }))
    }

    fn matrix_cell(
        &self,
        run: &Run,
        end: &RunEnd,
        scores: &RunScores,
        metric: &str,
    ) -> Result<MatrixCell, WorkbenchError> {
        let result = end
            .results
            .iter()
            .find(|result| result.slice.is_none() && result.metric == metric);
        let quality = result.map_or(Measure::Undefined, |result| result.measure);
        // Far below 2^53 ms.
        let percentile = |percentile| scores.latencies().percentile_ms(percentile).map(|ms| ms as f64);
        let latency_p95_ms = percentile(95.0);
        let model = self.content_of(&run.subject)?.model;
        Ok(MatrixCell {
            run: run.id,
            subject: run.subject.label(),
            model: model_text(&model),
            quality,
            interval: result.and_then(|result| result.interval),
            latency_p50_ms: percentile(50.0),
            figures: Figures {
                quality: quality.value(),
                cost_usd: scores.mean_cost_usd(),
                latency_p95_ms,
            },
            standing: Standing::Unknown,
        })
    }
}

fn model_text(model: &ModelConfig) -> String {
    match model.temperature {
        Some(temperature) => format!("{}:{} {temperature}", model.provider, model.name),
        None => format!("{}:{}", model.provider, model.name),
    }
}

/// The model configs of a version's cells.
fn model_configs(own: &ModelConfig, sweep: &Sweep) -> Vec<ModelConfig> {
    let models: Vec<ModelConfig> = match &sweep.models[..] {
        [] => vec![own.clone()],
        models => models.iter().map(|choice| with_model(own, choice)).collect(),
    };
    let with_temperatures = models.into_iter().flat_map(|model| match &sweep.temperatures[..] {
        [] => vec![model],
        temperatures => temperatures
            .iter()
            .map(|temperature| ModelConfig {
                temperature: Some(*temperature),
                ..model.clone()
            })
            .collect(),
    });
    with_temperatures.collect()
}

/// What only one provider understands goes where another is asked.
fn with_model(own: &ModelConfig, choice: &ModelChoice) -> ModelConfig {
    let mut model = own.clone();
    model.name.clone_from(&choice.name);
    if let Some(provider) = choice.provider.as_ref().filter(|provider| **provider != own.provider) {
        model.provider.clone_from(provider);
        model.safety_settings.clear();
        model.provider_flags.clear();
    }
    model
}

/// The named metric, or the first of which more is better.
fn quality_metric(suite: &SuiteContent, named: Option<&str>) -> Result<String, WorkbenchError> {
    let is_quality =
        |kind: &MetricKind| !matches!(kind, MetricKind::LatencyPercentile { .. } | MetricKind::CostPerExample);
    let mut metrics = suite.metrics.iter().filter(|metric| is_quality(&metric.kind));
    let chosen = match named {
        Some(name) => metrics.find(|metric| metric.name == name),
        None => metrics.next(),
    };
    chosen.map(|metric| metric.name.clone()).ok_or_else(|| {
        let names: Vec<&str> = suite
            .metrics
            .iter()
            .filter(|metric| is_quality(&metric.kind))
            .map(|metric| metric.name.as_str())
            .collect();
        WorkbenchError::invalid(
            match named {
                Some(name) => format!("the suite has no metric of quality named '{name}'"),
                None => "the suite has no metric of quality".to_owned(),
            },
            format!("choose one of: {}", names.join(", ")),
        )
    })
}
