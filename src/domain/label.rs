//! A human label: what a person says of an answer, or of a grader's verdict on it. It never changes what was stored of
//! the run; it stands beside it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{ExampleId, OutcomeId, RunId};
use super::json::JsonText;
use super::outcome::{Outcome, OutcomePlace};
use super::reason::Reason;
use super::time::Timestamp;

/// Longest comment, in bytes.
const COMMENT_BYTES_MAX: usize = 4_000;
/// Longest class, in bytes.
const CLASS_BYTES_MAX: usize = 256;

/// Whether an answer is right, as a person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelVerdict {
    /// It is.
    Passed,
    /// It is not.
    Failed,
}

impl LabelVerdict {
    /// From whether it passed.
    pub fn of(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }

    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// What a person says, before it is a label. One of the first three is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelContent {
    /// The grader whose verdict it is about; the answer as a whole where not given.
    pub grader: Option<String>,
    /// Whether the answer is right.
    pub verdict: Option<LabelVerdict>,
    /// The class that it belongs to, for a grader that classifies.
    pub class: Option<String>,
    /// What should have been expected of the example.
    pub expected: Option<JsonText>,
    /// Why; needed where the verdict is another than the grader's.
    pub comment: String,
}

/// One immutable label. A person who thinks again adds another: the newest of a person counts, and the others stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanLabel {
    /// The run.
    pub run: RunId,
    /// Which of its outcomes.
    pub place: OutcomePlace,
    /// Its number among the labels of that outcome, from 1.
    pub number: u32,
    /// The example.
    pub example: ExampleId,
    /// The example's content.
    pub example_hash: ContentHash,
    /// The outcome that the person saw.
    pub outcome_hash: ContentHash,
    /// The grader whose verdict it is about; `None` for the answer as a whole.
    pub grader: Option<String>,
    /// Whether the answer is right.
    pub verdict: Option<LabelVerdict>,
    /// The class that it belongs to, for a grader that classifies.
    pub class: Option<String>,
    /// What should have been expected of the example.
    pub expected: Option<JsonText>,
    /// Whether the verdict is another than the grader's, or than that of all graders together.
    pub is_override: bool,
    /// Why.
    pub comment: String,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

impl HumanLabel {
    /// A label of an outcome, with the number that it takes.
    ///
    /// # Errors
    ///
    /// What the person says is nothing, too long, about a grader that did not look at the answer, about an answer that
    /// never came, or against the grader without a concrete reason.
    pub fn new(
        outcome: &Outcome,
        number: u32,
        content: LabelContent,
        by: Actor,
        at: Timestamp,
    ) -> Result<Self, DomainError> {
        let label = Self {
            run: outcome.run,
            place: outcome.place(),
            number,
            example: outcome.example.clone(),
            example_hash: outcome.example_hash,
            outcome_hash: outcome.content_hash()?,
            is_override: is_override(outcome, &content)?,
            grader: content.grader,
            verdict: content.verdict,
            class: content.class,
            expected: content.expected,
            comment: content.comment.trim().to_owned(),
            by,
            at,
        };
        label.check()?;
        Ok(label)
    }

    /// Checks it against the outcome that it is about.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn verify(&self, outcome: &Outcome) -> Result<(), DomainError> {
        let content = LabelContent {
            grader: self.grader.clone(),
            verdict: self.verdict,
            ..LabelContent::default()
        };
        if outcome.content_hash()? != self.outcome_hash || outcome.example_hash != self.example_hash {
            return Err(DomainError::field(
                "label",
                "the outcome is another than the labelled one",
            ));
        }
        if is_override(outcome, &content)? != self.is_override {
            return Err(DomainError::field("is_override", "not what the grader's verdict says"));
        }
        self.check()
    }

    /// The outcome that it is about.
    pub fn outcome(&self) -> OutcomeId {
        OutcomeId {
            run: self.run,
            example: self.example.clone(),
        }
    }

    fn check(&self) -> Result<(), DomainError> {
        if self.verdict.is_none() && self.class.is_none() && self.expected.is_none() {
            return Err(DomainError::field(
                "label",
                "it needs a verdict, a class or an expected value",
            ));
        }
        let is_class = |class: &String| !class.trim().is_empty() && class.len() <= CLASS_BYTES_MAX;
        if !self.class.as_ref().is_none_or(is_class) {
            return Err(DomainError::field("class", "empty, or longer than 256 bytes"));
        }
        if let Some(expected) = &self.expected {
            expected.check()?;
        }
        if self.comment.len() > COMMENT_BYTES_MAX {
            return Err(DomainError::field(
                "comment",
                "longer than 4,000 bytes: link to the long form",
            ));
        }
        if self.is_override && Reason::new(&self.comment).is_err() {
            let against = self
                .grader
                .as_deref()
                .map_or("the graders".to_owned(), |grader| format!("grader {grader}"));
            let why = format!("it goes against {against}: say in two words or more what decided it");
            return Err(DomainError::field("comment", why));
        }
        Ok(())
    }
}

/// Whether a person's verdict is another than that of the grader, or of all graders together.
fn is_override(outcome: &Outcome, content: &LabelContent) -> Result<bool, DomainError> {
    let no_such = |name: &str| {
        let example = &outcome.example;
        DomainError::field("grader", format!("none named {name} looked at {example}"))
    };
    let graded = match &content.grader {
        None => outcome.passed(),
        Some(name) => {
            let score = outcome.scores.iter().find(|score| &score.grader == name);
            score.ok_or_else(|| no_such(name))?.passed
        }
    };
    if outcome.error.is_some() && content.verdict.is_some() {
        return Err(DomainError::field(
            "verdict",
            format!("{} has no answer to judge", outcome.example),
        ));
    }
    Ok(content
        .verdict
        .is_some_and(|verdict| verdict != LabelVerdict::of(graded)))
}

/// How often people said of a grader's verdicts that they are right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelAgreement {
    /// The grader; `None` for the answer as a whole.
    pub grader: Option<String>,
    /// Labels with the same verdict as it.
    pub agreed: u64,
    /// Labels with a verdict.
    pub labelled: u64,
}

impl fmt::Display for LabelAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.grader.as_deref().unwrap_or("all graders together");
        write!(
            f,
            "people agree with {what} in {} of {} labels",
            self.agreed, self.labelled
        )
    }
}

/// Of the labels that count, by grader.
pub fn agreements(labels: &[HumanLabel]) -> Vec<LabelAgreement> {
    let mut agreements: BTreeMap<Option<&String>, (u64, u64)> = BTreeMap::new();
    for label in standing(labels).into_iter().filter(|label| label.verdict.is_some()) {
        let (agreed, labelled) = agreements.entry(label.grader.as_ref()).or_default();
        *agreed += u64::from(!label.is_override);
        *labelled += 1;
    }
    let of = |(grader, (agreed, labelled)): (Option<&String>, (u64, u64))| LabelAgreement {
        grader: grader.cloned(),
        agreed,
        labelled,
    };
    agreements.into_iter().map(of).collect()
}

/// Those of them that count: of each person the newest on each outcome and grader, in order of place.
pub fn standing(labels: &[HumanLabel]) -> Vec<&HumanLabel> {
    let mut newest: BTreeMap<_, &HumanLabel> = BTreeMap::new();
    for label in labels {
        let about = (label.run, label.place, &label.grader, &label.by);
        let known = newest.entry(about).or_insert(label);
        if known.number < label.number {
            *known = label;
        }
    }
    newest.into_values().collect()
}
