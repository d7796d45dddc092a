//! What a check finds, and what becomes of it when it is turned round.

use std::fmt;

use crate::domain::grader::{NO_VERDICT, ScoreValue};

/// What a failed check blames, in the order in which the first one names the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The example has nothing to compare with.
    Label,
    /// The context lacks what was needed.
    Retrieval,
    /// Tools were called wrongly or not at all.
    Tool,
    /// The answer could not be parsed.
    Parse,
    /// The answer is well formed and wrong.
    Answer,
    /// It took too long or cost too much.
    Limit,
    /// The grader gave no verdict.
    Grader,
}

/// A check that passed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    pub(super) explanation: String,
    /// How good the answer is, where that is measured.
    pub(super) value: Option<ScoreValue>,
}

impl From<String> for Pass {
    fn from(explanation: String) -> Self {
        Self {
            explanation,
            value: None,
        }
    }
}

/// A failed check.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) cause: Cause,
    pub(super) explanation: String,
    /// How good the answer is, where that is measured.
    pub(super) value: Option<ScoreValue>,
    /// Whether the check looked and said no. If not, there was nothing to look at, and its opposite fails too.
    pub(super) is_verdict: bool,
}

impl Fault {
    fn new(cause: Cause, explanation: impl Into<String>, is_verdict: bool) -> Self {
        Self {
            cause,
            explanation: explanation.into(),
            value: None,
            is_verdict,
        }
    }

    /// The answer is wrong.
    pub(super) fn answer(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Answer, explanation, true)
    }

    /// The answer lacks what is looked at.
    pub(super) fn nothing_there(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Answer, explanation, false)
    }

    pub(super) fn parse(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Parse, explanation, false)
    }

    pub(super) fn label(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Label, explanation, false)
    }

    pub(super) fn retrieval(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Retrieval, explanation, false)
    }

    pub(super) fn tool(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Tool, explanation, true)
    }

    pub(super) fn limit(explanation: impl Into<String>) -> Self {
        Self::new(Cause::Limit, explanation, true)
    }

    /// The grader could not tell, and why.
    pub(super) fn grader(why: impl fmt::Display) -> Self {
        Self::new(Cause::Grader, format!("{NO_VERDICT}: {why}"), false)
    }

    /// A no, for checks to which what is missing is the answer.
    pub(super) fn into_verdict(self) -> Self {
        Self {
            is_verdict: true,
            ..self
        }
    }
}

/// Most checks only say why they passed.
pub(super) type Finding<P = String> = Result<P, Fault>;

/// The opposite: what passed fails, and what failed passes, unless there was nothing to look at.
pub(super) fn turned(finding: Finding<Pass>) -> Finding<Pass> {
    match finding {
        Ok(pass) => Err(Fault {
            value: pass.value.map(ScoreValue::turned),
            ..Fault::answer(format!("must not be so: {}", pass.explanation))
        }),
        Err(fault) if fault.is_verdict => Ok(Pass {
            explanation: format!("rightly not so: {}", fault.explanation),
            value: fault.value.map(ScoreValue::turned),
        }),
        Err(fault) => Err(fault),
    }
}
