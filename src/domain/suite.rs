//! A suite version: graders, metrics, thresholds, slices and the rule that makes a gate of them.

mod check;
mod clash;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::gate::GatePolicy;
use super::grader::Grader;
use super::hash::{ContentHash, LaterFields};
use super::ids::SuiteVersionId;
use super::judge::Judge;
use super::metric::{Bins, Metric, MetricKind, Slice};
use super::reason::Reason;
use super::time::Timestamp;
use super::unit::Unit;
use super::version::verify_hash;

/// Fields that came after the first layout.
const LATER_FIELDS: [LaterFields; 5] = [
    LaterFields {
        within: &[],
        names: &["crossings", "bins", "cluster"],
    },
    LaterFields {
        within: &["graders"],
        names: &["step"],
    },
    LaterFields {
        within: &["metrics"],
        names: &["errors"],
    },
    LaterFields {
        within: &["thresholds"],
        names: &["policy"],
    },
    LaterFields {
        within: &["thresholds", "slice"],
        names: &["and"],
    },
];

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
    /// Not below what the base run has by more than this margin, example by example.
    NoWorseBy,
    /// Not above this multiple of what the base run has, example by example: of latency and cost.
    AtMostRatio,
}

impl Comparison {
    /// The sign on screens.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Equals => "==",
            Self::NoWorseBy => ">= base -",
            Self::AtMostRatio => "<= base x",
        }
    }

    /// Whether it compares with the base run.
    pub fn is_relative(self) -> bool {
        matches!(self, Self::NoWorseBy | Self::AtMostRatio)
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
    /// What decides this rule, in place of what decides the others.
    pub policy: Option<GatePolicy>,
}

impl Threshold {
    /// What decides it in a suite of this policy. That a version is no worse than its base is shown, never assumed from
    /// a measured value: such a rule asks for proof unless it says otherwise itself.
    pub fn decided_by(&self, suite: GatePolicy) -> GatePolicy {
        match self.policy {
            Some(own) => own,
            None if self.comparison.is_relative() => GatePolicy::Proven,
            None => suite,
        }
    }

    /// What it is about: `escalation_recall`, or `escalation_recall[topic=billing dispute]`.
    pub fn name(&self) -> String {
        match &self.slice {
            Some(slice) => format!("{}[{slice}]", self.metric),
            None => self.metric.clone(),
        }
    }

    /// What it compares with, in the unit of its metric: `94%`, of a margin `2 points`, of a ratio `1.1`.
    pub fn limit_text(&self, unit: Unit) -> String {
        match self.comparison {
            Comparison::NoWorseBy => unit.margin_text(self.value),
            Comparison::AtMostRatio => self.value.to_string(),
            _ => unit.limit_text(self.value),
        }
    }

    /// The rule in the unit of its metric: `routing_accuracy >= 94%`, `routing_accuracy >= base -2 points`.
    pub fn text(&self, unit: Unit) -> String {
        let space = if self.comparison.is_relative() { "" } else { " " };
        let (name, sign, limit) = (self.name(), self.comparison.sign(), self.limit_text(unit));
        format!("{name} {sign}{space}{limit}")
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name(), self.comparison.sign(), self.value)
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
    /// Metadata fields that are crossed with each other, besides each by itself.
    pub crossings: Vec<Vec<String>>,
    /// How fields that hold numbers make slices.
    pub bins: Vec<Bins>,
    /// The metadata field that says which examples belong together, such as those of one customer: their outcomes are
    /// not independent of each other.
    pub cluster: Option<String>,
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

    /// The judges that its graders ask, each once, in order.
    pub fn judges(&self) -> BTreeSet<&Judge> {
        let graders = self.graders.iter().filter_map(|grader| grader.kind.judge());
        graders.flat_map(|grader| &grader.judges).collect()
    }

    /// Whether a grader or metric reads the answer as JSON, that of a single step aside.
    pub fn reads_json(&self) -> bool {
        let reads_answer = |grader: &Grader| grader.step.is_none() && grader.kind.reads_json();
        let metric_reads = |metric: &Metric| {
            let is_of_class = matches!(
                metric.kind,
                MetricKind::Precision(_) | MetricKind::Recall(_) | MetricKind::F1(_)
            );
            is_of_class || metric.kind.field().is_some()
        };
        self.graders.iter().any(reads_answer) || self.metrics.iter().any(metric_reads)
    }
}
