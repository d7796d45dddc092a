//! A judgement: what a model that judges said of one answer, with all that led to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::judge::{EmbeddingModel, Judge};
use super::money::UsdNanos;
use super::outcome::{OutcomeError, RenderedMessage, Usage};
use super::run::AnswerSource;

/// Who judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgedBy {
    /// A prompt version.
    Prompt(Judge),
    /// A model that turns texts into vectors. Its judgement has no messages and no raw response: the texts are the
    /// answer and the expected one, and vectors are large and say nothing to a reader.
    Embeddings(EmbeddingModel),
}

impl fmt::Display for JudgedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(judge) => judge.version.fmt(f),
            Self::Embeddings(model) => write!(f, "{}/{}", model.provider, model.name),
        }
    }
}

/// One answer of a judge. A grader that asks several judges, or one of them several times, leaves one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The grader that asked.
    pub grader: String,
    /// Who was asked.
    pub judge: JudgedBy,
    /// Whether a model judged, the simulated one, or a cassette.
    pub source: AnswerSource,
    /// Which of the judge's repeats, from 0.
    pub repeat: u32,
    /// Whether the two answers of a pairwise comparison stood in the other order: the one that is compared with first.
    pub is_swapped: bool,
    /// The messages as sent.
    pub rendered: Vec<RenderedMessage>,
    /// The reply's bytes as text before anything was parsed.
    pub raw_response: String,
    /// What it chose: a class, `first`, `second` or `tie`.
    pub label: Option<String>,
    /// The number that it gave, on the rubric's own scale; of embeddings the cosine.
    pub score: Option<f64>,
    /// What the grader would say if it went by this judgement alone; by both orders together where it is pairwise.
    pub passed: Option<bool>,
    /// Its reasons, in its words.
    pub explanation: String,
    /// The model that answered, which an alias may hide.
    pub resolved_model: Option<String>,
    /// Tokens of all tries.
    pub usage: Usage,
    /// Time of all tries together, in milliseconds.
    pub latency_ms: u64,
    /// The run whose stored judgement was used instead of asking again.
    pub reused_from: Option<RunId>,
    /// What all tries cost; `None` where the price is unknown.
    pub cost: Option<UsdNanos>,
    /// Why there is no judgement.
    pub error: Option<OutcomeError>,
}

impl Judgement {
    /// Which judgement it is: `helpful: helpful_judge_v3, repeat 2, the other answer first`.
    pub fn heading(&self) -> String {
        let repeat = if self.repeat == 0 {
            String::new()
        } else {
            format!(", repeat {}", self.repeat + 1)
        };
        let order = if self.is_swapped {
            ", the other answer first"
        } else {
            ""
        };
        let simulated = if self.source == AnswerSource::Simulated {
            " (simulated)"
        } else {
            ""
        };
        let reused = self
            .reused_from
            .map_or_else(String::new, |run| format!(" (reused from {run})"));
        format!("{}: {}{repeat}{order}{simulated}{reused}", self.grader, self.judge)
    }

    /// What it says in a line: `fail, 3: it is rude`.
    pub fn said(&self) -> String {
        if let Some(error) = &self.error {
            return format!("no verdict: {}: {}", error.kind.as_str(), error.message);
        }
        let verdict = match self.passed {
            Some(true) => "pass",
            Some(false) => "fail",
            None => "no verdict",
        };
        let score = self.score.map(|score| ((score * 1000.0).round() / 1000.0).to_string());
        let value = self
            .label
            .clone()
            .or(score)
            .map_or_else(String::new, |value| format!(", {value}"));
        let separator = if self.explanation.is_empty() { "" } else { ": " };
        format!("{verdict}{value}{separator}{}", self.explanation)
    }

    /// Who answered and what it took, by name.
    pub fn took(&self) -> Vec<(&'static str, String)> {
        let count = |count: Option<u64>| count.map_or("unknown".into(), |count| count.to_string());
        let tokens = (count(self.usage.input_tokens), count(self.usage.output_tokens));
        vec![
            ("model", self.resolved_model.clone().unwrap_or_else(|| "unknown".into())),
            ("tokens", format!("{} in, {} out", tokens.0, tokens.1)),
            ("latency", format!("{} ms", self.latency_ms)),
            ("cost", self.cost.map_or("unknown".into(), |cost| cost.to_string())),
        ]
    }
}

/// The graders of which a judge that was asked repeatedly said both that the answer passes and that it fails.
pub fn unstable_graders(judgements: &[Judgement]) -> Vec<&str> {
    let mut unstable: Vec<&str> = Vec::new();
    for (place, one) in judgements.iter().enumerate() {
        let contradicts = |other: &Judgement| {
            other.grader == one.grader
                && other.judge == one.judge
                && other.passed.is_some_and(|passed| one.passed == Some(!passed))
        };
        if !unstable.contains(&one.grader.as_str()) && judgements.iter().skip(place + 1).any(contradicts) {
            unstable.push(&one.grader);
        }
    }
    unstable
}

/// Counts and sums over the judgements of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JudgingTotals {
    /// Judgements that were asked for.
    pub judgements: u64,
    /// Of these, that came to nothing: the provider failed, or the reply could not be read.
    pub errored: u64,
    /// Of these, that the simulated model made.
    pub simulated: u64,
    /// Tokens sent, as far as known.
    pub input_tokens: u64,
    /// Tokens generated, as far as known.
    pub output_tokens: u64,
    /// What they cost, as far as known.
    pub cost: UsdNanos,
    /// Judgements whose cost is not known.
    pub cost_unknown: u64,
    /// Outcomes of which a judge said both that they pass and that they fail.
    pub unstable: u64,
    /// Judgements that were taken from other runs instead of asking again.
    pub reused: u64,
}

impl JudgingTotals {
    /// Takes in the judgements of one outcome.
    pub fn add(&mut self, judgements: &[Judgement]) {
        for judgement in judgements {
            self.judgements += 1;
            self.errored += u64::from(judgement.error.is_some());
            self.simulated += u64::from(judgement.source == AnswerSource::Simulated);
            self.input_tokens += judgement.usage.input_tokens.unwrap_or(0);
            self.output_tokens += judgement.usage.output_tokens.unwrap_or(0);
            self.cost = self.cost + judgement.cost.unwrap_or_default();
            self.cost_unknown += u64::from(judgement.cost.is_none());
            self.reused += u64::from(judgement.reused_from.is_some());
        }
        self.unstable += u64::from(!unstable_graders(judgements).is_empty());
    }

    /// Tokens sent and generated.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// What they took and what is to be known of them, in the words of every place that shows runs: nothing for a run
    /// without judges.
    pub fn facts(&self) -> Vec<String> {
        if self.judgements == 0 {
            return Vec::new();
        }
        let cost = match self.cost_unknown {
            0 => format!("judging {}", self.cost),
            unknown if unknown >= self.judgements => "judging of unknown cost".into(),
            unknown => format!("judging {} and {unknown} unknown", self.cost),
        };
        let simulated = match self.simulated {
            0 => None,
            all if all == self.judgements => Some("judges are simulated".to_owned()),
            some => Some(format!("{some} judgements simulated")),
        };
        let counted = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let said = [
            Some(cost),
            Some(format!("{} judgements", self.judgements)),
            counted(self.reused, "reused"),
            counted(self.unstable, "unstable"),
            counted(self.errored, "without a verdict"),
            simulated,
        ];
        said.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(grader: &str, judge: &str, passed: Option<bool>) -> Judgement {
        Judgement {
            grader: grader.into(),
            judge: JudgedBy::Embeddings(EmbeddingModel {
                provider: "ollama".into(),
                name: judge.into(),
                base_url: None,
            }),
            source: AnswerSource::Model,
            repeat: 0,
            is_swapped: false,
            rendered: Vec::new(),
            raw_response: String::new(),
            label: None,
            score: None,
            passed,
            explanation: String::new(),
            resolved_model: None,
            usage: Usage::default(),
            latency_ms: 0,
            reused_from: None,
            cost: None,
            error: None,
        }
    }

    #[test]
    fn a_judge_that_says_both_is_unstable_and_two_that_differ_are_not() {
        let (yes, no) = (Some(true), Some(false));
        for (judgements, unstable) in [
            (vec![("g", "a", yes), ("g", "a", no)], vec!["g"]),
            (vec![("g", "a", yes), ("g", "b", no)], vec![]),
            (vec![("g", "a", yes), ("h", "a", no)], vec![]),
            (vec![("g", "a", yes), ("g", "a", None)], vec![]),
            (
                vec![
                    ("h", "a", no),
                    ("g", "a", yes),
                    ("h", "a", yes),
                    ("h", "a", no),
                    ("g", "a", no),
                ],
                vec!["h", "g"],
            ),
            (vec![], vec![]),
        ] {
            let judgements: Vec<Judgement> = judgements
                .iter()
                .map(|(grader, judge, passed)| judgement(grader, judge, *passed))
                .collect();
            assert_eq!(unstable_graders(&judgements), unstable);
            let mut totals = JudgingTotals::default();
            totals.add(&judgements);
            assert_eq!(totals.unstable, u64::from(!unstable.is_empty()));
            assert_eq!(totals.cost_unknown, totals.judgements);
        }
        assert_eq!(JudgingTotals::default().facts(), [""; 0]);
    }
}
