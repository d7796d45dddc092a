//! A suite version: graders, metrics, thresholds, slices and the rule that makes a gate of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::combination;
use super::gate::GatePolicy;
use super::grader::Grader;
use super::hash::{ContentHash, LaterFields};
use super::ids::SuiteVersionId;
use super::metric::{Metric, MetricKind, Slice};
use super::reason::Reason;
use super::time::Timestamp;
use super::version::verify_hash;

/// Fields that came after the first layout.
const LATER_FIELDS: [LaterFields; 1] = [LaterFields {
    within: &["graders"],
    names: &["step"],
}];
/// Most graders, metrics or thresholds in a suite.
const ENTRIES_MAX: usize = 200;

/// How a threshold compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Not below.
    AtLeast,
    /// Not above.
    AtMost,
    /// Exactly: of a rate only 0 or 1, a count rule.
    Equals,
}

impl Comparison {
    /// The sign on screens.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Equals => "==",
        }
    }
}

/// What a metric must reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The metric.
    pub metric: String,
    /// Over this slice only; over the whole run where not given.
    pub slice: Option<Slice>,
    /// How it compares.
    pub comparison: Comparison,
    /// The value, in the metric's unit.
    pub value: f64,
    /// With fewer trials the rule is reported but does not gate.
    pub min_samples: u64,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        if let Some(slice) = &self.slice {
            write!(f, "[{slice}]")?;
        }
        write!(f, " {} {}", self.comparison.sign(), self.value)
    }
}

/// The content of a suite version: what is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteContent {
    /// What it is for, in a sentence.
    pub description: String,
    /// Checks of each answer.
    pub graders: Vec<Grader>,
    /// Summaries of a run.
    pub metrics: Vec<Metric>,
    /// What they must reach.
    pub thresholds: Vec<Threshold>,
    /// Metadata fields by which results are sliced.
    pub slices: Vec<String>,
    /// All thresholds must hold; the policy says what "hold" means.
    pub policy: GatePolicy,
}

/// One immutable version of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteVersion {
    /// Its id.
    pub id: SuiteVersionId,
    /// Its checks.
    pub content: SuiteContent,
    /// [`SuiteContent::content_hash`].
    pub content_hash: ContentHash,
    /// Who made it.
    pub author: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub created_at: Timestamp,
}

impl SuiteVersion {
    /// Builds a suite version whose references all resolve.
    pub fn new(
        id: SuiteVersionId,
        content: SuiteContent,
        author: Actor,
        reason: Reason,
        created_at: Timestamp,
    ) -> Result<Self, DomainError> {
        content.check()?;
        let content_hash = content.content_hash()?;
        Ok(Self {
            id,
            content,
            content_hash,
            author,
            reason,
            created_at,
        })
    }

    /// Checks that the content is the one that was hashed.
    pub fn verify(&self) -> Result<(), DomainError> {
        verify_hash(&self.id, self.content_hash, self.content.content_hash()?)
    }
}

/// The first name that stands twice.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

impl SuiteContent {
    /// SHA-256 over its canonical JSON. Fields that came with a later layout count only where they say something, so
    /// that suites of the earlier ones keep the hash that they had.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn content_hash(&self) -> Result<ContentHash, DomainError> {
        ContentHash::of_grown(self, &LATER_FIELDS)
    }

    /// Checks names, references and values.
    pub fn check(&self) -> Result<(), DomainError> {
        let fault = |field: &str, why: String| Err(DomainError::field(field, why));
        for (field, count) in [
            ("graders", self.graders.len()),
            ("metrics", self.metrics.len()),
            ("thresholds", self.thresholds.len()),
        ] {
            if count > ENTRIES_MAX {
                return fault(field, format!("{count} of them, at most {ENTRIES_MAX}"));
            }
        }
        if self.metrics.is_empty() {
            return fault(
                "metrics",
                "there is none: a suite without a metric measures nothing".into(),
            );
        }
        if let Some(name) = twice(self.graders.iter().map(|g| g.name.as_str())) {
            return fault("graders", format!("'{name}' is there twice"));
        }
        if let Some(name) = twice(self.metrics.iter().map(|m| m.name.as_str())) {
            return fault("metrics", format!("'{name}' is there twice"));
        }
        self.graders.iter().try_for_each(Grader::check)?;
        combination::order(&self.graders)?;
        self.metrics.iter().try_for_each(|metric| self.check_metric(metric))?;
        self.thresholds
            .iter()
            .try_for_each(|threshold| self.check_threshold(threshold))
    }

    /// Whether a grader or metric reads the answer as JSON, that of a single step aside.
    pub fn reads_json(&self) -> bool {
        let reads_answer = |grader: &Grader| grader.step.is_none() && grader.kind.reads_json();
        let metric_reads = |metric: &Metric| {
            matches!(
                metric.kind,
                MetricKind::Precision(_) | MetricKind::Recall(_) | MetricKind::F1(_)
            )
        };
        self.graders.iter().any(reads_answer) || self.metrics.iter().any(metric_reads)
    }

    fn check_metric(&self, metric: &Metric) -> Result<(), DomainError> {
        match &metric.kind {
            MetricKind::Accuracy { grader } | MetricKind::ValidityRate { grader } => {
                if self.graders.iter().any(|g| &g.name == grader) {
                    Ok(())
                } else {
                    let why = format!("no grader is named '{grader}'");
                    Err(DomainError::field(format!("metric {}", metric.name), why))
                }
            }
            MetricKind::LatencyPercentile { percentile } if !(*percentile > 0.0 && *percentile <= 100.0) => Err(
                DomainError::field(format!("metric {}", metric.name), "the percentile is not in (0, 100]"),
            ),
            _ => Ok(()),
        }
    }

    fn check_threshold(&self, threshold: &Threshold) -> Result<(), DomainError> {
        let fault = |why: String| Err(DomainError::field(format!("threshold {}", threshold.metric), why));
        let Some(metric) = self.metrics.iter().find(|metric| metric.name == threshold.metric) else {
            return fault("no metric has this name".into());
        };
        if !threshold.value.is_finite() {
            return fault("the value is not a number".into());
        }
        let is_share = !matches!(
            metric.kind,
            MetricKind::LatencyPercentile { .. } | MetricKind::CostPerExample
        );
        if is_share && !(0.0..=1.0).contains(&threshold.value) {
            return fault(format!(
                "{} is not between 0 and 1: write 94 % as 0.94",
                threshold.value
            ));
        }
        let is_count_rule = [0.0, 1.0].contains(&threshold.value);
        if threshold.comparison == Comparison::Equals && !is_count_rule {
            return fault("'equals' is a count rule, for 0 or 1 only".into());
        }
        if let Some(slice) = &threshold.slice
            && !self.slices.contains(&slice.field)
        {
            return fault(format!("'{}' is not among the suite's slices", slice.field));
        }
        Ok(())
    }
}
