//! A run: one subject over one dataset version, graded by one suite version, in one environment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{DatasetVersionId, RunId, SuiteVersionId, VersionId};
use super::judgement::JudgingTotals;

use super::money::{PriceFile, UsdNanos};
use super::outcome::Outcome;
use super::promotion::Environment;
pub use super::run_end::{AgainstBase, Regression, RunEnd};
pub use super::run_step::{RunStep, RunStepKind};
pub use super::subject::Subject;
use super::time::Timestamp;

/// Where answers come from. Only those of a model say anything about it today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// A provider's model.
    Model,
    /// The simulated model.
    Simulated,
    /// A cassette: a model's replies to an earlier run, played back. Nothing is sent.
    Replayed,
}

impl AnswerSource {
    /// Who answers, in the words of every place that shows results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Simulated => "the simulated model",
            Self::Replayed => "a cassette",
        }
    }
}

/// What surrounded the run besides its subject and data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuntimeContext {
    /// The retrieval index and its version.
    pub retrieval_index: Option<String>,
    /// Documents and their versions, beyond the examples' own.
    pub documents: Vec<String>,
    /// Tools and their versions.
    pub tools: Vec<String>,
    /// The agent's state at the start, as its owner names it.
    pub agent_state: Option<String>,
    /// The memory at the start, as its owner names it.
    pub memory: Option<String>,
    /// Feature flags, as `name=value`.
    pub feature_flags: Vec<String>,
    /// The revision of the code around the prompt.
    pub code_revision: Option<String>,
}

impl RuntimeContext {
    /// The first thing in which it differs from the one that a run is to have; `None` where they are the same.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let one = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".into());
        let all = |texts: &[String]| {
            if texts.is_empty() {
                "none".into()
            } else {
                texts.join(", ")
            }
        };
        let parts = [
            ("code revision", one(&self.code_revision), one(&other.code_revision)),
            (
                "retrieval index",
                one(&self.retrieval_index),
                one(&other.retrieval_index),
            ),
            ("documents", all(&self.documents), all(&other.documents)),
            ("tools", all(&self.tools), all(&other.tools)),
            ("agent state", one(&self.agent_state), one(&other.agent_state)),
            ("memory", one(&self.memory), one(&other.memory)),
            ("feature flags", all(&self.feature_flags), all(&other.feature_flags)),
        ];
        let differs = parts.into_iter().find(|(_, was, is)| was != is);
        differs.map(|(what, was, is)| format!("recorded with it is {what} {was}, and here {is}"))
    }
}

/// What a run may use up before it pauses, each over the whole run; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Caps {
    /// Money, over all attempts whose price is known.
    pub cost: Option<UsdNanos>,
    /// Tokens sent and generated, over all attempts.
    pub tokens: Option<u64>,
    /// Examples without an answer.
    pub errors: Option<u64>,
    /// Time in which requests are sent, in milliseconds; pauses of the run do not count.
    pub elapsed_ms: Option<u64>,
}

/// The amount that no run uses up: as a change it takes a cap away.
pub const NO_CAP: u64 = u64::MAX;

impl Caps {
    /// These, with what the others say in place of them.
    #[must_use]
    pub fn changed_to(self, others: Self) -> Self {
        let changed = |was: Option<u64>, is: Option<u64>| is.or(was).filter(|cap| *cap != NO_CAP);
        let nanos = |cap: Option<UsdNanos>| cap.map(|cap| cap.0);
        Self {
            cost: changed(nanos(self.cost), nanos(others.cost)).map(UsdNanos),
            tokens: changed(self.tokens, others.tokens),
            errors: changed(self.errors, others.errors),
            elapsed_ms: changed(self.elapsed_ms, others.elapsed_ms),
        }
    }
}

/// A cap as people write it, or `off`, which takes it away.
///
/// # Errors
///
/// As `read`.
pub fn cap_or_off<T: From<u64>, E>(text: &str, read: impl Fn(&str) -> Result<T, E>) -> Result<T, E> {
    match text {
        "off" => Ok(NO_CAP.into()),
        amount => read(amount),
    }
}

/// Which examples of another run are asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The run in which they were picked.
    pub of: RunId,
    /// Why these.
    pub picked: Picked,
    /// Their places in the dataset version, ascending.
    pub places: Vec<u64>,
}

/// Why examples were picked to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picked {
    /// They failed a grader or had no answer.
    Failed,
    /// Somebody marked them.
    Marked,
    /// A sample, to see whether a run comes out the same again.
    Sample,
}

/// Requests in flight at most of a run that follows what the provider takes.
pub const ADAPTIVE_CONCURRENCY: u32 = 64;

/// How many requests are in flight, as people write it: `auto`, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// What the provider takes, up to [`ADAPTIVE_CONCURRENCY`].
    Auto,
    /// This many, whatever the provider says.
    Fixed(u32),
}

impl fmt::Display for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(count) => count.fmt(f),
        }
    }
}

impl FromStr for InFlight {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let fixed = || text.parse().ok().map(Self::Fixed);
        let read = if text == "auto" { Some(Self::Auto) } else { fixed() };
        read.ok_or_else(|| DomainError::field(text, "not how many are in flight: write auto, or a number such as 16"))
    }
}

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Requests in flight at most.
    pub concurrency: u32,
    /// Whether the number in flight follows what the provider takes, up to `concurrency`, or is kept at it.
    pub is_adaptive: bool,
    /// How often each example is asked, at least once.
    pub repeats: u32,
    /// Tries for one example at most.
    pub attempts_max: u32,
    /// Time for one try, in milliseconds.
    pub timeout_ms: u64,
    /// Time for all tries of one example with the pauses between, in milliseconds; `None` for no limit.
    pub deadline_ms: Option<u64>,
    /// What the run may use up before it pauses.
    pub caps: Caps,
    /// Whether stored answers to the very same request are used instead of asking again.
    pub reuses_answers: bool,
    /// Whether the run ends as soon as no possible rest could change what its gate says.
    pub stops_early: bool,
    /// The endpoint, or several by provider (see [`super::endpoint`]), without secrets; `None` for a provider that
    /// needs none.
    pub base_url: Option<String>,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            is_adaptive: false,
            repeats: 1,
            attempts_max: 4,
            timeout_ms: 60_000,
            deadline_ms: None,
            caps: Caps::default(),
            reuses_answers: false,
            stops_early: false,
            base_url: None,
        }
    }
}

impl RunSettings {
    /// How many requests are in flight.
    pub fn in_flight(&self) -> InFlight {
        if self.is_adaptive {
            InFlight::Auto
        } else {
            InFlight::Fixed(self.concurrency)
        }
    }

    /// Those with which picked examples are asked again: each once and anew, without what was meant for the whole run.
    #[must_use]
    pub fn for_picked(self) -> Self {
        Self {
            repeats: 1,
            caps: Caps::default(),
            reuses_answers: false,
            stops_early: false,
            ..self
        }
    }

    /// The same with another number of requests in flight.
    #[must_use]
    pub fn with_in_flight(self, in_flight: InFlight) -> Self {
        let (concurrency, is_adaptive) = match in_flight {
            InFlight::Auto => (ADAPTIVE_CONCURRENCY, true),
            InFlight::Fixed(count) => (count, false),
        };
        Self {
            concurrency,
            is_adaptive,
            ..self
        }
    }
}

/// A run as it was started. Never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// What it tests.
    pub subject: Subject,
    /// The version that it is compared with.
    pub base: Option<VersionId>,
    /// Where the subject was when it was tested.
    pub environment: Environment,
    /// The data.
    pub dataset: DatasetVersionId,
    /// Their content hash.
    pub dataset_hash: ContentHash,
    /// How many examples it asks.
    pub example_count: u64,
    /// Which examples, where it is not all of them: such a run is no evidence for a release.
    pub selection: Option<Selection>,
    /// The checks.
    pub suite: SuiteVersionId,
    /// Their content hash.
    pub suite_hash: ContentHash,
    /// What surrounded it.
    pub context: RuntimeContext,
    /// How requests are sent.
    pub settings: RunSettings,
    /// Who answers.
    pub answers: AnswerSource,
    /// The files of list prices that its costs are reckoned with, those first that win. None where the simulated model
    /// answers, which costs nothing, and where an earlier program recorded the run.
    pub prices: Vec<PriceFile>,
    /// Who started it.
    pub started_by: Actor,
    /// When.
    pub started_at: Timestamp,
}

impl Run {
    /// The place in the dataset version of the example that it asks at this position, both from 0.
    pub fn place_at(&self, position: u64) -> u64 {
        let selected = self.selection.as_ref().zip(usize::try_from(position).ok());
        let place = selected.and_then(|(selection, at)| selection.places.get(at).copied());
        place.unwrap_or(position)
    }

    /// How much it asks: `240 examples`, or `80 examples x 3 repeats`.
    pub fn extent_text(&self) -> String {
        let s = if self.example_count == 1 { "" } else { "s" };
        let examples = format!("{} example{s}", self.example_count);
        match self.settings.repeats {
            0 | 1 => examples,
            repeats => format!("{examples} x {repeats} repeats"),
        }
    }

    /// How many outcomes it has when it is finished: one for each example and repeat.
    pub fn outcome_count(&self) -> u64 {
        self.example_count * u64::from(self.settings.repeats)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// Every example has its outcome.
    Finished,
    /// Somebody stopped it for good.
    Cancelled,
    /// No possible rest could have changed what the gate says. Its verdict is the one that the whole run would have
    /// had, whatever the rest had answered, so that it counts as evidence like a finished run's. Nothing is estimated,
    /// and so looking at every outcome costs no confidence.
    Decided,
}

impl EndState {
    /// Whether the gate is what the run over all its examples says.
    pub fn settles_gate(self) -> bool {
        matches!(self, Self::Finished | Self::Decided)
    }
}

impl From<EndState> for RunState {
    fn from(state: EndState) -> Self {
        match state {
            EndState::Finished => Self::Finished,
            EndState::Cancelled => Self::Cancelled,
            EndState::Decided => Self::Decided,
        }
    }
}

/// Counts and sums over a run's saved outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunTotals {
    /// Outcomes on disk.
    pub saved: u64,
    /// Passed by every grader.
    pub passed: u64,
    /// Failed by a grader.
    pub failed: u64,
    /// Without an answer.
    pub errored: u64,
    /// Tries again after one that failed.
    pub retried: u64,
    /// Tokens sent, as far as known.
    pub input_tokens: u64,
    /// Tokens generated, as far as known.
    pub output_tokens: u64,
    /// Cost of all tries, as far as known.
    pub cost: UsdNanos,
    /// Outcomes whose cost is not wholly known.
    pub cost_unknown: u64,
    /// Outcomes of which an answer was taken from another run.
    pub reused: u64,
    /// Answers of a chain's steps that were taken from other runs.
    pub reused_steps: u64,
    /// What the judges of its suite took. None of it is in the other sums.
    pub judging: JudgingTotals,
}

impl RunTotals {
    /// Takes in one saved outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.saved += 1;
        if outcome.error.is_some() {
            self.errored += 1;
        } else if outcome.passed() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        self.retried += outcome.retries();
        self.input_tokens += outcome.usage.input_tokens.unwrap_or(0);
        self.output_tokens += outcome.usage.output_tokens.unwrap_or(0);
        self.cost = self.cost + outcome.known_cost().unwrap_or_default();
        self.cost_unknown += u64::from(outcome.cost.is_none());
        self.reused += u64::from(outcome.reused_from().next().is_some());
        self.reused_steps += outcome.steps.iter().filter(|step| step.reused_from.is_some()).count() as u64;
        self.judging.add(&outcome.judgements);
    }

    /// Whether any of its own answers said how many tokens it took; so does a run that asked for none.
    pub fn knows_tokens(&self) -> bool {
        let asked = self.saved.saturating_sub(self.errored).saturating_sub(self.reused);
        asked == 0 || self.input_tokens > 0 || self.output_tokens > 0
    }

    /// `9120 in, 640 out`, or that nobody said.
    pub fn tokens_text(&self) -> String {
        if self.knows_tokens() {
            format!("{} in, {} out", self.input_tokens, self.output_tokens)
        } else {
            "unknown: no answer said its usage".into()
        }
    }

    /// Tokens of answers and judges together.
    pub fn tokens(&self) -> u64 {
        let answers = self.input_tokens.saturating_add(self.output_tokens);
        answers.saturating_add(self.judging.tokens())
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// This process works on it.
    Running,
    /// Nobody works on it, since its process ended; `run resume` goes on.
    Interrupted,
    /// It sends nothing until somebody resumes it: a cap was reached, or somebody paused it.
    Paused,
    /// Every example has its outcome.
    Finished,
    /// Stopped for good.
    Cancelled,
    /// It ended before its last example, since no possible rest could have changed what the gate says.
    Decided,
}

impl RunState {
    /// Whether a resume would go on with it.
    pub fn can_resume(self) -> bool {
        matches!(self, Self::Interrupted | Self::Paused)
    }

    /// The word on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Decided => "decided early",
        }
    }
}
