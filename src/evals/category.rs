//! Where the cause of a failure most likely lies, by rules that a person can follow.

use serde_json::Value as Json;

use super::cause::salvage::json_in;
use super::graders::{Cause, WITHHELD};
use crate::domain::model::{ModelConfig, ToolChoice};
use crate::domain::outcome::{ErrorKind, FailureCategory, Outcome};

/// Words with which providers say that they cut the answer off, in lower case.
const CUT_OFF: [&str; 4] = [
    "length",
    "max_tokens",
    "max_output_tokens",
    "model_context_window_exceeded",
];

/// The category of a failed outcome; `None` for one that passed. The first rule that fits decides, from what lies
/// farthest from the prompt to the prompt itself:
///
/// 1. no answer: the provider, or the prompt where its template could not be filled;
/// 2. nothing failed but graders that gave no verdict: the grader;
/// 3. refused or cut off: the model;
/// 4. a tool call that is missing, broken or in place of an answer: the tool;
/// 5. nothing to compare with: the label;
/// 6. a document that the answer needs is not in the context: retrieval;
/// 7. other tool calls than the expected ones: the tool;
/// 8. what the parser rejected: the parser where JSON stands in it, with other text around, or else the prompt;
/// 9. well formed and wrong: the prompt;
/// 10. right, but too slow or too dear: the model.
pub fn category(outcome: &Outcome, cause: Option<Cause>, asked: &ModelConfig) -> Option<FailureCategory> {
    if let Some(error) = &outcome.error {
        return Some(match error.kind {
            ErrorKind::Render => FailureCategory::Prompt,
            ErrorKind::Parse => rejected(outcome),
            _ => FailureCategory::Provider,
        });
    }
    let cause = cause?;
    Some(if cause == Cause::Grader {
        FailureCategory::Grader
    } else if outcome.refusal.is_some() || is_cut_off(outcome) || is_withheld(outcome) {
        FailureCategory::Model
    } else if has_tool_fault(outcome, asked) {
        FailureCategory::Tool
    } else {
        match cause {
            Cause::Label => FailureCategory::Label,
            Cause::Retrieval => FailureCategory::Retrieval,
            Cause::Tool => FailureCategory::Tool,
            Cause::Parse => rejected(outcome),
            Cause::Answer => FailureCategory::Prompt,
            Cause::Limit => FailureCategory::Model,
            Cause::Grader => FailureCategory::Grader,
        }
    })
}

/// Who is to blame for an answer that a parser rejected: the parser only for what a more patient one would take.
fn rejected(outcome: &Outcome) -> FailureCategory {
    match outcome.rejected_text().and_then(json_in) {
        Some(_) => FailureCategory::Parser,
        None => FailureCategory::Prompt,
    }
}

/// Whether the provider says that it cut the answer off.
pub(super) fn is_cut_off(outcome: &Outcome) -> bool {
    ended_with(outcome, &CUT_OFF)
}

/// Whether the provider says that it held the answer back.
pub(super) fn is_withheld(outcome: &Outcome) -> bool {
    ended_with(outcome, &WITHHELD)
}

fn ended_with(outcome: &Outcome, words: &[&str]) -> bool {
    let reason = outcome.finish_reason.as_deref().map(str::to_lowercase);
    reason.is_some_and(|reason| words.contains(&reason.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::ToolCall;
    use crate::evals::samples::{failed_outcome, outcome};

    #[test]
    fn the_parser_is_to_blame_only_for_content_that_it_could_take() {
        let model = ModelConfig::new("openai", "gpt-4.1");
        for (text, expected) in [
            ("It is billing.", FailureCategory::Prompt),
            ("It is {\"route\": \"billing\"}.", FailureCategory::Parser),
        ] {
            let rejected = outcome(1, text, &[]);
            assert_eq!(
                category(&rejected, Some(Cause::Parse), &model),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        type Edit = fn(&mut Outcome, &mut ModelConfig);
        let call = |arguments: &str| ToolCall {
            id: "1".into(),
            name: "lookup".into(),
            arguments: arguments.into(),
            result: None,
            round: 0,
        };
        let cases: [(Cause, FailureCategory, Edit); 14] = [
            (Cause::Answer, FailureCategory::Prompt, |_, _| {}),
            (Cause::Retrieval, FailureCategory::Retrieval, |_, _| {}),
            (Cause::Tool, FailureCategory::Tool, |_, _| {}),
            (Cause::Limit, FailureCategory::Model, |_, _| {}),
            (Cause::Grader, FailureCategory::Grader, |_, _| {}),
            (Cause::Grader, FailureCategory::Grader, |o, _| {
                o.refusal = Some("I cannot, as expected".into());
            }),
            (Cause::Answer, FailureCategory::Model, |o, _| {
                o.finish_reason = Some("SAFETY".into());
            }),
            (Cause::Label, FailureCategory::Label, |_, _| {}),
            (Cause::Parse, FailureCategory::Model, |o, _| {
                o.finish_reason = Some("length".into());
            }),
            (Cause::Label, FailureCategory::Model, |o, _| {
                o.refusal = Some("I cannot".into());
            }),
            (Cause::Parse, FailureCategory::Tool, |_, m| {
                m.tool_choice = ToolChoice::Required;
            }),
            (Cause::Answer, FailureCategory::Tool, |_, m| {
                m.tool_choice = ToolChoice::Named("other".into());
            }),
            (Cause::Answer, FailureCategory::Provider, |o, _| *o = failed_outcome(1)),
            (Cause::Answer, FailureCategory::Prompt, |o, _| {
                *o = failed_outcome(1);
                o.error.as_mut().unwrap().kind = ErrorKind::Render;
            }),
        ];
        for (cause, expected, edit) in cases {
            let (mut outcome, mut model) = (outcome(1, "{}", &[]), ModelConfig::new("openai", "gpt-4.1"));
            edit(&mut outcome, &mut model);
            assert_eq!(category(&outcome, Some(cause), &model), Some(expected));
        }
        let model = ModelConfig::new("openai", "gpt-4.1");
        assert_eq!(category(&outcome(1, "{}", &[]), None, &model), None);
        for (arguments, text) in [("{\"id\":", Some("done")), ("{}", None)] {
            let called = Outcome {
                tool_calls: vec![call(arguments)],
                text: text.map(Into::into),
                ..outcome(1, "{}", &[])
            };
            assert_eq!(
                category(&called, Some(Cause::Answer), &model),
                Some(FailureCategory::Tool)
            );
        }
    }
}
