//! What became of one example in one run: everything that went out and came back.

use serde::{Deserialize, Serialize};

use super::DomainError;
pub use super::failure_category::FailureCategory;
use super::grader::Score;
use super::hash::{ContentHash, LaterFields};
use super::ids::{ExampleId, RunId};
use super::json::JsonText;
use super::judgement::Judgement;
use super::money::UsdNanos;
use super::prompt::Role;
use super::step::StepOutcome;
use super::time::Timestamp;

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedMessage {
    /// Who speaks.
    pub role: Role,
    /// The text with all variables filled.
    pub text: String,
}

/// A document that was in the context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRef {
    /// The document's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    pub content_hash: ContentHash,
}

/// A tool call that the model asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model wrote them: perhaps not JSON.
    pub arguments: String,
    /// The canned result from the example's context.
    pub result: Option<JsonText>,
    /// Which answer of the conversation asked for it, from 0: results are sent back, and the model goes on.
    pub round: u32,
}

/// Tokens of one answer, over all attempts that reported any. `input_tokens` includes those read from a cache and those
/// written to it, and `output_tokens` includes reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent; `None` where the provider did not say.
    pub input_tokens: Option<u64>,
    /// Of those, read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// Of the tokens sent, written to the provider's cache, which costs more than sending alone.
    pub cache_write_tokens: Option<u64>,
    /// Tokens generated.
    pub output_tokens: Option<u64>,
    /// Of those, reasoning.
    pub reasoning_tokens: Option<u64>,
}

impl Usage {
    /// Whether the provider said how many tokens went out or came back.
    pub fn says_any(&self) -> bool {
        self.input_tokens.is_some() || self.output_tokens.is_some()
    }

    /// Both together; what only one of them says is what is known.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        Self {
            input_tokens: sum(self.input_tokens, other.input_tokens),
            cached_tokens: sum(self.cached_tokens, other.cached_tokens),
            cache_write_tokens: sum(self.cache_write_tokens, other.cache_write_tokens),
            output_tokens: sum(self.output_tokens, other.output_tokens),
            reasoning_tokens: sum(self.reasoning_tokens, other.reasoning_tokens),
        }
    }
}

/// What kind of error left an example without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The template could not be filled.
    Render,
    /// The host refused, the name did not resolve, the connection broke.
    Connect,
    /// No answer in time.
    Timeout,
    /// Too many requests, even after waiting.
    RateLimited,
    /// The key is missing or refused.
    Auth,
    /// The provider refused the request itself.
    BadRequest,
    /// The provider failed.
    Server,
    /// The answer was not of the wire format: HTML, prose, nothing.
    BadResponse,
    /// The parser of a chain's step could not read the answer. Only in old records: what a parser rejects is an answer
    /// that failed, and stands in [`Outcome::parse_error`].
    Parse,
}

impl ErrorKind {
    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Render => "render",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate limited",
            Self::Auth => "auth",
            Self::BadRequest => "bad request",
            Self::Server => "server error",
            Self::BadResponse => "bad response",
            Self::Parse => "parse",
        }
    }
}

/// Why an example has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeError {
    /// What kind.
    pub kind: ErrorKind,
    /// What happened, without secrets.
    pub message: String,
}

/// One try at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// What went wrong; `None` for the one that answered.
    pub error: Option<OutcomeError>,
    /// Tokens of this try, as far as the provider said.
    pub usage: Usage,
    /// What it cost; `None` where the price or the tokens are unknown.
    pub cost: Option<UsdNanos>,
    /// The pause before it, in milliseconds; 0 for a first try.
    pub waited_ms: u64,
}

/// Which outcome of a run: the example's place in the dataset version, and the repeat; both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutcomePlace {
    /// The example's place.
    pub index: u64,
    /// Which of its repeats.
    pub repeat: u32,
}

impl OutcomePlace {
    /// The first outcome of an example.
    pub fn first(index: u64) -> Self {
        Self { index, repeat: 0 }
    }
}

/// Fields that came after the first layout.
const LATER_FIELDS: [LaterFields; 8] = [
    LaterFields {
        within: &["scores"],
        names: &["value", "part_of"],
    },
    LaterFields {
        within: &["usage"],
        names: &["cache_write_tokens"],
    },
    LaterFields {
        within: &["attempts", "usage"],
        names: &["cache_write_tokens"],
    },
    LaterFields {
        within: &[],
        names: &[
            "repeat",
            "earlier_responses",
            "time_to_first_token_ms",
            "reused_from",
            "judgements",
            "steps",
        ],
    },
    LaterFields {
        within: &["judgements"],
        names: &["reused_from"],
    },
    LaterFields {
        within: &["steps"],
        names: &["reused_from"],
    },
    LaterFields {
        within: &["tool_calls"],
        names: &["round"],
    },
    LaterFields {
        within: &["attempts"],
        names: &["usage", "cost", "waited_ms"],
    },
];

/// Everything about one example of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The run.
    pub run: RunId,
    /// The example's place in the dataset version, from 0.
    pub index: u64,
    /// Which of the example's repeats, from 0.
    pub repeat: u32,
    /// The example.
    pub example: ExampleId,
    /// Its content.
    pub example_hash: ContentHash,
    /// The messages as sent.
    pub rendered: Vec<RenderedMessage>,
    /// Documents in the context.
    pub documents: Vec<DocumentRef>,
    /// Tool calls with their results.
    pub tool_calls: Vec<ToolCall>,
    /// The reply's bytes as text before anything was parsed.
    pub raw_response: String,
    /// The replies of earlier rounds, which only called tools, in order, each as [`Outcome::raw_response`].
    pub earlier_responses: Vec<String>,
    /// The model's text in it.
    pub text: Option<String>,
    /// The text as JSON, where JSON was asked for or a grader reads fields.
    pub parsed: Option<JsonText>,
    /// Why it could not be parsed.
    pub parse_error: Option<String>,
    /// What the model refused with.
    pub refusal: Option<String>,
    /// Why generation ended, in the provider's word.
    pub finish_reason: Option<String>,
    /// The model that answered, which an alias may hide.
    pub resolved_model: Option<String>,
    /// The provider's own mark of its configuration.
    pub system_fingerprint: Option<String>,
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// From the first byte sent to the last received of the attempt that answered, in milliseconds.
    pub latency_ms: u64,
    /// From the first byte sent to the first piece of the answer, in milliseconds; `None` where it was not streamed.
    pub time_to_first_token_ms: Option<u64>,
    /// Every try; those of a chain are in its steps.
    pub attempts: Vec<Attempt>,
    /// The run whose stored answer was used instead of asking again; those of a chain are in its steps.
    pub reused_from: Option<RunId>,
    /// What all tries cost; `None` where the price is unknown, or whether one of them was charged.
    pub cost: Option<UsdNanos>,
    /// Why there is no answer.
    pub error: Option<OutcomeError>,
    /// What each grader said.
    pub scores: Vec<Score>,
    /// What the models that judge said, for the graders that ask any.
    pub judgements: Vec<Judgement>,
    /// What the steps of a chain did, in the order in which they ran; none for a run of a single prompt.
    pub steps: Vec<StepOutcome>,
    /// Where the cause of a failure most likely lies.
    pub failure_category: Option<FailureCategory>,
    /// When it was done.
    pub finished_at: Timestamp,
}

impl Outcome {
    /// SHA-256 over its canonical JSON. Fields that came with a later layout count only where they say something, so
    /// that outcomes of the earlier ones keep the hash that they had.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn content_hash(&self) -> Result<ContentHash, DomainError> {
        ContentHash::of_grown(self, &LATER_FIELDS)
    }

    /// Where it stands in its run.
    pub fn place(&self) -> OutcomePlace {
        OutcomePlace {
            index: self.index,
            repeat: self.repeat,
        }
    }

    /// Every try, of the prompt or of all steps of the chain.
    pub fn all_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .iter()
            .chain(self.steps.iter().flat_map(|step| &step.attempts))
    }

    /// The runs whose stored answers were used, of the prompt or of each step.
    pub fn reused_from(&self) -> impl Iterator<Item = RunId> {
        let steps = self.steps.iter().map(|step| step.reused_from);
        std::iter::once(self.reused_from).chain(steps).flatten()
    }

    /// The same with what a step says of its answer, apart from what the chain sums up and makes of the text.
    #[must_use]
    pub fn said_by(self, step: StepOutcome) -> Self {
        Self {
            rendered: step.rendered,
            tool_calls: step.tool_calls,
            raw_response: step.raw_response,
            earlier_responses: step.earlier_responses,
            parse_error: step.parse_error,
            refusal: step.refusal,
            finish_reason: step.finish_reason,
            resolved_model: step.resolved_model,
            system_fingerprint: step.system_fingerprint,
            response_id: step.response_id,
            ..self
        }
    }

    /// Tries again after one that failed, of the prompt or of each step. A round that sends back results of tools is
    /// none.
    pub fn retries(&self) -> u64 {
        self.attempts_of_each()
            .map(|attempts| {
                let pairs = attempts.iter().zip(attempts.iter().skip(1));
                pairs.filter(|(before, _)| before.error.is_some()).count() as u64
            })
            .sum()
    }

    /// Answers beyond the first, of the prompt or of each step: the model goes on after the results of its tools.
    pub fn tool_rounds(&self) -> u64 {
        self.attempts_of_each()
            .map(|attempts| {
                let answers = attempts.iter().filter(|attempt| attempt.error.is_none());
                (answers.count() as u64).saturating_sub(1)
            })
            .sum()
    }

    /// How many rounds of tool results went back before it was stopped, although the model went on calling tools that
    /// have results; `None` where it came to an end.
    pub fn stopped_in_rounds(&self) -> Option<usize> {
        let rounds = self.earlier_responses.len();
        let mut last = self
            .tool_calls
            .iter()
            .filter(|call| call.round as usize == rounds)
            .peekable();
        let goes_on = last.peek().is_some() && last.all(|call| call.result.is_some());
        (goes_on && self.error.is_none()).then_some(rounds)
    }

    fn attempts_of_each(&self) -> impl Iterator<Item = &[Attempt]> {
        let steps = self.steps.iter().map(|step| &step.attempts[..]);
        std::iter::once(&self.attempts[..]).chain(steps)
    }

    /// What is known of its cost: all of it, or what those tries cost of which it is known. `None` where the price of
    /// the answer is not known.
    pub fn known_cost(&self) -> Option<UsdNanos> {
        // A step whose answer was taken from another run was not asked, and its price is no question.
        let asked = self.steps.iter().rfind(|step| step.reused_from.is_none());
        let attempts = asked.map_or(&self.attempts, |step| &step.attempts);
        let answered = attempts.last().filter(|attempt| attempt.error.is_none());
        self.cost.or_else(|| {
            answered.and_then(|attempt| attempt.cost)?;
            Some(self.all_attempts().filter_map(|attempt| attempt.cost).sum())
        })
    }

    /// What asking for this answer costs, as far as is known: nothing is where it was taken from another run, of the
    /// prompt or of a step, although the run spent nothing on it.
    pub fn cost_of_asking(&self) -> Option<UsdNanos> {
        self.known_cost().filter(|_| self.reused_from().next().is_none())
    }

    /// Sets tokens and cost to what all tries took together.
    pub fn sum_attempts(&mut self) {
        let attempts = &self.attempts;
        self.usage = attempts
            .iter()
            .fold(Usage::default(), |sum, attempt| sum.plus(attempt.usage));
        self.cost = attempts.iter().map(|attempt| attempt.cost).sum();
    }

    /// Whether something else than its answer left it without one. What the parser of a step rejected is an answer,
    /// also in old records, which call it an error.
    pub fn is_errored(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind != ErrorKind::Parse)
    }

    /// Why there is nothing to read at the end of a chain whose steps answered: a parser rejected what one said, or the
    /// field that holds the answer is missing.
    pub fn unread(&self) -> Option<&str> {
        let has_end = self.steps.is_empty() || self.text.is_some() || self.refusal.is_some();
        self.parse_error.as_deref().filter(|_| !has_end)
    }

    /// The text that could not be parsed: of the step whose parser rejected it, or of the answer.
    pub fn rejected_text(&self) -> Option<&str> {
        match self.steps.last().filter(|step| step.parse_error.is_some()) {
            Some(step) => step.text.as_deref(),
            None => self.text.as_deref(),
        }
    }

    /// Whether it has an answer that every grader passed; the parts of a combination count only through it.
    pub fn passed(&self) -> bool {
        self.error.is_none() && self.unread().is_none() && self.failed_scores().next().is_none()
    }

    /// What failed, in the suite's order, without the parts of a combination.
    pub fn failed_scores(&self) -> impl Iterator<Item = &Score> {
        self.scores.iter().filter(|score| score.counts() && !score.passed)
    }

    /// The explanation of the first thing that went wrong.
    pub fn why(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(format!("{}: {}", error.kind.as_str(), error.message));
        }
        let score = self.failed_scores().next();
        let graded = score.map(|score| format!("{}: {}", score.grader, score.explanation));
        graded.or_else(|| self.unread().map(str::to_owned))
    }
}
