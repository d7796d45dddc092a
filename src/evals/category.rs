//! Where the cause of a failure most likely lies, by rules that a person can follow.

use serde_json::Value as Json;

use super::graders::Cause;
use crate::domain::model::{ModelConfig, ToolChoice};
use crate::domain::outcome::{ErrorKind, FailureCategory, Outcome};

/// Words with which providers say that they cut the answer off or withheld it.
const CUT_OFF: [&str; 3] = ["length", "max_tokens", "content_filter"];

/// The category of a failed outcome; `None` for one that passed. The first rule that fits decides, from what lies
/// farthest from the prompt to the prompt itself:
///
/// 1. no answer: the provider, or the prompt where its template could not be filled;
/// 2. refused or cut off: the model;
/// 3. a tool call that is missing, broken or in place of an answer: the tool;
/// 4. nothing to compare with: the label;
/// 5. not JSON where JSON is read: the parser;
/// 6. well formed and wrong: the prompt.
pub fn category(outcome: &Outcome, cause: Option<Cause>, asked: &ModelConfig) -> Option<FailureCategory> {
    if let Some(error) = &outcome.error {
        return Some(match error.kind {
            ErrorKind::Render => FailureCategory::Prompt,
            _ => FailureCategory::Provider,
        });
    }
    let cause = cause?;
    let was_cut_off = outcome
        .finish_reason
        .as_deref()
        .is_some_and(|reason| CUT_OFF.contains(&reason));
    Some(if outcome.refusal.is_some() || was_cut_off {
        FailureCategory::Model
    } else if has_tool_fault(outcome, asked) {
        FailureCategory::Tool
    } else {
        match cause {
            Cause::Label => FailureCategory::Label,
            Cause::Parse => FailureCategory::Parser,
            Cause::Answer => FailureCategory::Prompt,
        }
    })
}

fn has_tool_fault(outcome: &Outcome, asked: &ModelConfig) -> bool {
    let calls = &outcome.tool_calls;
    let is_missing = match &asked.tool_choice {
        ToolChoice::Required => calls.is_empty(),
        ToolChoice::Named(name) => !calls.iter().any(|call| &call.name == name),
        ToolChoice::Auto | ToolChoice::None => false,
    };
    let is_broken = calls
        .iter()
        .any(|call| serde_json::from_str::<Json>(&call.arguments).is_err());
    let is_instead = !calls.is_empty() && outcome.text.is_none();
    is_missing || is_broken || is_instead
}
