//! What a run's results mean for a release: for each threshold the point result and the evidence, and a verdict by
//! policy.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::ExampleId;
use super::metric::{Measure, Slice};
use super::run::AnswerSource;
use super::suite::Threshold;

/// What decides: the point result, or how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatePolicy {
    /// The measured value decides.
    #[default]
    Point,
    /// The lower bound must reach the threshold: for safety.
    Proven,
    /// Only a refuted threshold fails: weak, never for safety.
    NotRefuted,
}

impl GatePolicy {
    /// The word in suite files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Proven => "proven",
            Self::NotRefuted => "not_refuted",
        }
    }
}

/// What the data say about the true value, by one-sided 95 % Clopper-Pearson bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The bound on the wrong side still meets the threshold.
    Proven,
    /// The bound on the good side does not meet it.
    Refuted,
    /// Neither.
    Inconclusive,
    /// A count rule that no example broke.
    ZeroViolations,
    /// Nothing was measured.
    NoData,
    /// A number without an interval of ours, such as a latency percentile: the point result stands alone.
    PointOnly,
}

impl Evidence {
    /// The words on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
            Self::ZeroViolations => "zero violations",
            Self::NoData => "no data",
            Self::PointOnly => "point only",
        }
    }
}

/// What the policy makes of point and evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go on.
    Pass,
    /// It may not.
    Fail,
    /// More data would tell.
    CannotTell,
}

impl Verdict {
    /// The words on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::CannotTell => "cannot tell yet",
        }
    }

    /// What the gate advises, in the word of the tuning-run record.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Pass => "promote",
            Self::Fail => "do_not_promote",
            Self::CannotTell => "cannot_tell",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Slices of what broke a rule that a line shows.
const BREAKING_SLICES_SHOWN: usize = 5;

/// Examples of one slice that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakingSlice {
    /// The slice.
    pub slice: Slice,
    /// How many of the breaking examples are in it.
    pub count: u64,
}

/// One threshold, settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule.
    pub threshold: Threshold,
    /// What was measured.
    pub measure: Measure,
    /// 95 % interval, as the metric's result has it; of the difference or ratio where the rule compares with the base.
    pub interval: Option<(f64, f64)>,
    /// Whether the measured value meets the threshold; `None` without data.
    pub point: Option<bool>,
    /// What the data say.
    pub evidence: Evidence,
    /// What the policy makes of it.
    pub verdict: Verdict,
    /// Whether it gates: below `min_samples` it is reported only.
    pub gating: bool,
    /// Examples that count against it.
    pub breaking: Vec<ExampleId>,
    /// Where they are.
    pub breaking_slices: Vec<BreakingSlice>,
    /// What would settle it, or how strong it is.
    pub note: String,
    /// How it stands to the base run; `None` for a rule that does not compare with it, and where it could not.
    pub relative: Option<Relative>,
}

impl RuleResult {
    /// What its breaking examples do: they miss a rule that holds, and break one that does not.
    pub fn breaking_words(&self) -> &'static str {
        match self.verdict {
            Verdict::Pass => "missed by",
            Verdict::Fail | Verdict::CannotTell => "broken by",
        }
    }

    /// Whether it is measured, and only what it compares with is missing: a base run, or examples that both have.
    pub fn lacks_base(&self) -> bool {
        let is_measured = self.measure != Measure::Undefined;
        self.threshold.comparison.is_relative() && self.evidence == Evidence::NoData && is_measured
    }

    /// The slices that hold most of what broke it beyond chance, with how much of it each holds:
    /// `topic=privacy (10), topic=delivery (3) and 4 more slices`. `None` where there is none.
    pub fn breaking_slices_text(&self) -> Option<String> {
        let slices = self.breaking_slices.iter().take(BREAKING_SLICES_SHOWN);
        let slices: Vec<String> = slices
            .map(|breaking| format!("{} ({})", breaking.slice, breaking.count))
            .collect();
        let more = match self.breaking_slices.len().saturating_sub(slices.len()) {
            0 => String::new(),
            1 => " and 1 more slice".to_owned(),
            more => format!(" and {more} more slices"),
        };
        (!slices.is_empty()).then(|| format!("{}{more}", slices.join(", ")))
    }

    /// The evidence in the words of screens.
    pub fn evidence_text(&self) -> &'static str {
        if self.lacks_base() {
            "no comparison"
        } else {
            self.evidence.as_str()
        }
    }
}

/// A metric of two runs over the same examples, pair by pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Relative {
    /// Candidate less base, the mean over the pairs; of a ratio, the geometric mean of candidate over base.
    pub effect: f64,
    /// One-sided 95 % bounds of it, lower and upper; `None` for fewer than two pairs.
    pub bounds: Option<(f64, f64)>,
    /// Examples that both runs have a value of.
    pub pairs: u64,
    /// Of pairs that pass or fail: passed in the base and fail now, then failed and pass now.
    pub flips: Option<(u64, u64)>,
    /// Whether the bounds show that it got worse, even by less than the rule allows.
    pub is_regression_detected: bool,
}

/// An example that a quarantine keeps out of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The example.
    pub example: ExampleId,
    /// Why it was quarantined.
    pub reason: String,
}

/// `t-7 is quarantined and does not count in the gate: two labels fit`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { example, reason } = self;
        write!(f, "{example} is quarantined and does not count in the gate: {reason}")
    }
}

/// A run's gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// What decided.
    pub policy: GatePolicy,
    /// Each threshold.
    pub rules: Vec<RuleResult>,
    /// All gating rules together: fail if one fails, else cannot tell if one cannot, else pass.
    pub verdict: Verdict,
    /// In a sentence: what failed and where.
    pub reason: String,
    /// Examples that do not count in it.
    pub left_out: Vec<LeftOut>,
}

/// A verdict with who answered, so that one about the simulated model is nowhere read as one about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LabelledVerdict {
    /// What the gate says.
    pub verdict: Verdict,
    /// Who answered.
    pub answers: AnswerSource,
}

/// `pass`, `pass (simulated)` or `pass (replayed)`.
impl fmt::Display for LabelledVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answers {
            AnswerSource::Model => self.verdict.fmt(f),
            AnswerSource::Simulated => write!(f, "{} (simulated)", self.verdict),
            AnswerSource::Replayed => write!(f, "{} (replayed)", self.verdict),
        }
    }
}
