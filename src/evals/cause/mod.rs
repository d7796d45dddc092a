//! Why an outcome failed, by rules that look at the evidence beside it: what people said of it, what stands in the
//! answer that was not parsed, what was in the context, what the same answer got elsewhere, and what its repeats came
//! to.
//!
//! A cause is worked out when somebody looks. The category that was stored with the outcome stays what it was.

mod context;
pub(super) mod salvage;
#[cfg(test)]
mod tests;

use serde_json::Value as Json;

use super::category::{is_cut_off, is_withheld};
use super::graders::cut;
use crate::domain::example::ExampleContent;
use crate::domain::grader::{CaseRule, Grader, GraderKind, Score};
use crate::domain::ids::{RunId, SuiteVersionId};
use crate::domain::json::JsonText;
use crate::domain::label::{HumanLabel, LabelVerdict};
use crate::domain::outcome::{ErrorKind, FailureCategory, Outcome};
use crate::domain::same::same;

/// Longest text of others in a sentence, in characters.
const QUOTE_CHARS_MAX: usize = 160;

/// The same answer to the same example, which a grader passed in another run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedElsewhere {
    /// The grader, which fails it here.
    pub grader: String,
    /// The other run.
    pub run: RunId,
    /// The suite version that it was graded by.
    pub suite: SuiteVersionId,
}

/// How often the repeats of an example pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repeats {
    /// Those that pass.
    pub passed: u64,
    /// All that there are.
    pub count: u64,
}

/// A failed outcome with what is known beside it.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The outcome.
    pub outcome: &'a Outcome,
    /// Its example.
    pub example: &'a ExampleContent,
    /// The suite's graders.
    pub graders: &'a [Grader],
    /// The labels of the outcome that count.
    pub labels: &'a [&'a HumanLabel],
    /// Where the same answer passed.
    pub passed_elsewhere: Option<&'a PassedElsewhere>,
    /// What the repeats of the example came to.
    pub repeats: Repeats,
}

/// The rule that found a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CauseRule {
    /// A person says what should have been expected, and it is something else.
    ExpectedCorrected,
    /// A person says that the answer is right.
    Overridden,
    /// There is no answer.
    NoAnswer,
    /// The answer was cut off.
    CutOff,
    /// The model refused, or its provider held the answer back.
    Refused,
    /// Valid content stands in the answer, and the parser did not take it.
    ParserRejected,
    /// The content that the parser did not take is wrong too.
    RejectedAndWrong,
    /// A tool that was called has no canned result.
    NoToolResult,
    /// A document that the answer needs is not in the context.
    DocumentMissing,
    /// The same answer passed under another version of the suite.
    GraderChanged,
    /// The expected text stands in the answer, with other text around it.
    Wrapped,
    /// The context says little of what was expected.
    ContextLacksAnswer,
    /// Some repeats pass and some fail.
    RepeatsFlip,
    /// The answer is not of the form that its parser reads, and holds nothing that a more patient one would take.
    NotInForm,
    /// What the failed graders blame.
    Graded,
}

impl CauseRule {
    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExpectedCorrected => "expected_corrected",
            Self::Overridden => "overridden",
            Self::NoAnswer => "no_answer",
            Self::CutOff => "cut_off",
            Self::Refused => "refused",
            Self::ParserRejected => "parser_rejected",
            Self::RejectedAndWrong => "rejected_and_wrong",
            Self::NoToolResult => "no_tool_result",
            Self::DocumentMissing => "document_missing",
            Self::GraderChanged => "grader_changed",
            Self::Wrapped => "wrapped",
            Self::ContextLacksAnswer => "context_lacks_answer",
            Self::RepeatsFlip => "repeats_flip",
            Self::NotInForm => "not_in_form",
            Self::Graded => "graded",
        }
    }
}

/// Where the cause of a failure most likely lies, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Where.
    pub category: FailureCategory,
    /// The rule that says so.
    pub rule: CauseRule,
    /// The evidence in words.
    pub why: String,
}

impl Cause {
    fn new(category: FailureCategory, rule: CauseRule, why: impl Into<String>) -> Self {
        Self {
            category,
            rule,
            why: why.into(),
        }
    }
}

/// The cause of a failed outcome; `None` for one that passed, or of whose cause nothing is known. The first rule that
/// fits decides: what people said, what the provider said, what the answer holds, what was around it, and last what the
/// graders blamed when it was stored.
pub fn cause(evidence: &Evidence<'_>) -> Option<Cause> {
    if evidence.outcome.passed() {
        return None;
    }
    let rules = [
        expected_corrected,
        overridden,
        no_answer,
        no_verdict,
        no_whole_answer,
        rejected_by_parser,
        no_tool_result,
        document_missing,
        grader_changed,
        wrapped,
        context_lacks_answer,
        repeats_flip,
        not_in_form,
        graded,
    ];
    rules.iter().find_map(|rule| rule(evidence))
}

fn said(label: &HumanLabel) -> String {
    match label.comment.as_str() {
        "" => String::new(),
        comment => format!(": {}", cut(comment, QUOTE_CHARS_MAX)),
    }
}

fn expected_corrected(evidence: &Evidence<'_>) -> Option<Cause> {
    let expected = evidence.example.expected.as_ref().map(JsonText::value);
    let differs = |label: &&&HumanLabel| {
        let corrected = label.expected.as_ref().map(JsonText::value);
        corrected.is_some() && corrected != expected
    };
    let label = evidence.labels.iter().find(differs)?;
    let why = format!(
        "{} says that something else should have been expected{}",
        label.by,
        said(label)
    );
    Some(Cause::new(FailureCategory::Label, CauseRule::ExpectedCorrected, why))
}

fn overridden(evidence: &Evidence<'_>) -> Option<Cause> {
    let says_right = |label: &&&HumanLabel| label.is_override && label.verdict == Some(LabelVerdict::Passed);
    let label = evidence.labels.iter().find(says_right)?;
    let against = label.grader.as_deref().unwrap_or("every grader");
    let why = format!(
        "{} says that the answer is right, against {against}{}",
        label.by,
        said(label)
    );
    Some(Cause::new(FailureCategory::Grader, CauseRule::Overridden, why))
}

fn no_answer(evidence: &Evidence<'_>) -> Option<Cause> {
    let error = evidence
        .outcome
        .error
        .as_ref()
        .filter(|_| evidence.outcome.is_errored())?;
    let category = match error.kind {
        ErrorKind::Render => FailureCategory::Prompt,
        _ => FailureCategory::Provider,
    };
    let why = format!(
        "there is no answer: {}: {}",
        error.kind.as_str(),
        cut(&error.message, QUOTE_CHARS_MAX)
    );
    Some(Cause::new(category, CauseRule::NoAnswer, why))
}

/// Graders that gave no verdict say nothing about the answer, so no other rule may.
fn no_verdict(evidence: &Evidence<'_>) -> Option<Cause> {
    (evidence.outcome.failure_category == Some(FailureCategory::Grader))
        .then(|| graded(evidence))
        .flatten()
}

fn no_whole_answer(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let model = |rule, why: String| Some(Cause::new(FailureCategory::Model, rule, why));
    let reason = outcome.finish_reason.as_deref().unwrap_or_default();
    if is_cut_off(outcome) {
        let tokens = outcome.usage.output_tokens;
        let after = tokens.map_or_else(String::new, |tokens| format!(" after {tokens} tokens"));
        return model(CauseRule::CutOff, format!("the answer was cut off{after} ({reason})"));
    }
    if let Some(refusal) = &outcome.refusal {
        return model(
            CauseRule::Refused,
            format!("the model refused: {}", cut(refusal, QUOTE_CHARS_MAX)),
        );
    }
    is_withheld(outcome)
        .then(|| {
            model(
                CauseRule::Refused,
                format!("the provider held the answer back ({reason})"),
            )
        })
        .flatten()
}

fn rejected_by_parser(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let error = outcome.parse_error.as_ref()?;
    let found = salvage::json_in(outcome.rejected_text()?)?;
    // What was expected is of the chain's end, and this may be what an earlier step said.
    let expected = evidence
        .example
        .expected
        .as_ref()
        .filter(|_| outcome.unread().is_none());
    let expected = expected.map(JsonText::value);
    Some(match expected {
        Some(expected) if !holds(&found.value, &expected) => Cause::new(
            FailureCategory::Prompt,
            CauseRule::RejectedAndWrong,
            format!("{}, but what it says is wrong too ({error})", found.how),
        ),
        expected => {
            let right = if expected.is_some() {
                ", and it says what was expected"
            } else {
                ""
            };
            let why = format!("{}{right}, but the parser did not take it ({error})", found.how);
            Cause::new(FailureCategory::Parser, CauseRule::ParserRejected, why)
        }
    })
}

/// Whether a value says what was expected: of an object each expected field.
fn holds(value: &Json, expected: &Json) -> bool {
    match (value, expected) {
        (Json::Object(fields), Json::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            let field = fields.get(name);
            field.is_some_and(|field| same(field, wanted, CaseRule::Sensitive))
        }),
        _ => same(value, expected, CaseRule::Sensitive),
    }
}

fn no_tool_result(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let call = outcome.tool_calls.iter().find(|call| call.result.is_none())?;
    let looks_at_calls = |name: &str| matches!(kind_of(evidence, name), Some(GraderKind::ToolCalls { .. }));
    if outcome.failed_scores().all(|score| looks_at_calls(&score.grader)) {
        return None;
    }
    let why = format!(
        "the example has no canned result of {}, which the model called",
        cut(&call.name, 40)
    );
    Some(Cause::new(FailureCategory::Tool, CauseRule::NoToolResult, why))
}

/// What a grader does, without its negation.
fn kind_of<'a>(evidence: &Evidence<'a>, name: &str) -> Option<&'a GraderKind> {
    let grader = evidence.graders.iter().find(|grader| grader.name == name)?;
    Some(match &grader.kind {
        GraderKind::Not(kind) => kind,
        kind => kind,
    })
}

fn document_missing(evidence: &Evidence<'_>) -> Option<Cause> {
    let missing = context::missing_document(evidence)?;
    let count = evidence.outcome.documents.len();
    let why = format!(
        "document {} is expected and not among the {count} in the context",
        cut(&missing, 60)
    );
    Some(Cause::new(FailureCategory::Retrieval, CauseRule::DocumentMissing, why))
}

fn grader_changed(evidence: &Evidence<'_>) -> Option<Cause> {
    let PassedElsewhere { grader, run, suite } = evidence.passed_elsewhere?;
    let why = format!("the same answer passed {grader} in {run} under {suite}");
    Some(Cause::new(FailureCategory::Grader, CauseRule::GraderChanged, why))
}

fn wrapped(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let is_exact = |name: &str| matches!(kind_of(evidence, name), Some(GraderKind::ExactMatch { .. }));
    let grader = outcome.failed_scores().find(|score| is_exact(&score.grader))?;
    let Json::String(expected) = evidence.example.expected.as_ref()?.value() else {
        return None;
    };
    context::stands_in(outcome.text.as_deref()?, &expected).then(|| {
        let why = format!(
            "the answer holds the expected text with other text around it, and {} compares the whole answer",
            grader.grader
        );
        Cause::new(FailureCategory::Parser, CauseRule::Wrapped, why)
    })
}

fn context_lacks_answer(evidence: &Evidence<'_>) -> Option<Cause> {
    let context::Covered { found, words } = context::covered(evidence.example)?;
    (found * 2 < words).then(|| {
        let count = evidence.example.context.documents.len();
        let why = format!("{found} of {words} words of what was expected stand in the input and its {count} documents");
        Cause::new(FailureCategory::Retrieval, CauseRule::ContextLacksAnswer, why)
    })
}

fn repeats_flip(evidence: &Evidence<'_>) -> Option<Cause> {
    let Repeats { passed, count } = evidence.repeats;
    (passed > 0 && passed < count).then(|| {
        let why = format!("{passed} of {count} repeats pass: the same request is answered rightly and wrongly");
        Cause::new(FailureCategory::Model, CauseRule::RepeatsFlip, why)
    })
}

/// Prose where JSON is read, or what no step's parser could take: the prompt has to ask for the form. Where the
/// expected text stands in it, the parser is too strict.
fn not_in_form(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let of_step = outcome
        .unread()
        .or(outcome.error.as_ref().map(|error| error.message.as_str()));
    let is_blamed = |error: &&str| {
        let says_so = outcome.failed_scores().any(|score| score.explanation.contains(*error));
        says_so || outcome.failure_category == Some(FailureCategory::Parser)
    };
    let error = of_step.or_else(|| outcome.parse_error.as_deref().filter(is_blamed))?;
    let text = outcome.rejected_text().unwrap_or_default();
    let expected = evidence.example.expected.as_ref().map(JsonText::value);
    let holds_expected = matches!(&expected, Some(Json::String(wanted)) if context::stands_in(text, wanted));
    let error = cut(error, QUOTE_CHARS_MAX);
    Some(if of_step.is_some() && holds_expected {
        let why = format!("the answer holds the expected text, but the parser did not take it ({error})");
        Cause::new(FailureCategory::Parser, CauseRule::ParserRejected, why)
    } else {
        let why = format!("the answer is not of the form that its parser reads ({error})");
        Cause::new(FailureCategory::Prompt, CauseRule::NotInForm, why)
    })
}

/// What the first failed grader says of those that blame a category.
fn blaming(evidence: &Evidence<'_>, category: FailureCategory) -> Option<String> {
    let outcome = evidence.outcome;
    let blames = |score: &&Score| {
        let kind = kind_of(evidence, &score.grader);
        let is_limit = matches!(kind, Some(GraderKind::Latency { .. } | GraderKind::Cost { .. }));
        let is_tool = matches!(kind, Some(GraderKind::ToolCalls { .. }));
        match category {
            FailureCategory::Grader => !score.gave_verdict(),
            FailureCategory::Tool => score.gave_verdict() && is_tool,
            FailureCategory::Model => score.gave_verdict() && is_limit,
            FailureCategory::Retrieval => score.gave_verdict() && matches!(kind, Some(GraderKind::Citations { .. })),
            _ => score.gave_verdict() && !is_limit && !is_tool,
        }
    };
    let mut failed = outcome.failed_scores();
    let score = failed
        .find(blames)
        .or_else(|| outcome.failed_scores().find(|score| score.gave_verdict()));
    let says = score.map(|score| format!("{}: {}", score.grader, score.explanation));
    says.or_else(|| outcome.why())
}

fn graded(evidence: &Evidence<'_>) -> Option<Cause> {
    let outcome = evidence.outcome;
    let category = outcome.failure_category?;
    let why = blaming(evidence, category).unwrap_or_default();
    let blamed = match category {
        FailureCategory::Prompt => "the answer is well formed and wrong",
        FailureCategory::Retrieval => "a document that the answer needs is not in the context",
        FailureCategory::Tool => "a tool was called wrongly, or not at all",
        FailureCategory::Model => "the answer is right, and too slow or too dear",
        FailureCategory::Parser => "the answer could not be parsed",
        FailureCategory::Grader => "the grader gave no verdict",
        FailureCategory::Label => "there is nothing to compare the answer with",
        FailureCategory::Provider => "the provider failed",
    };
    Some(Cause::new(
        category,
        CauseRule::Graded,
        format!("{blamed} ({})", cut(&why, QUOTE_CHARS_MAX)),
    ))
}
