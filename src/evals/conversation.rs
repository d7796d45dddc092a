//! The turns of one example: the model calls tools, canned results go back, and it goes on until it answers.

use std::collections::HashMap;

use crate::domain::example::Example;
use crate::domain::json::JsonText;
use crate::domain::outcome::{Attempt, Outcome, OutcomeError, RenderedMessage, ToolCall};
use crate::providers::{ChatReply, ProviderError, ToolRound};

/// Most times that results go back: a model that goes on calling after them will not come to an answer.
const ROUNDS_MAX: u32 = 8;

/// What the model's last answer was.
pub(super) enum Turn {
    /// Calls that have canned results, which go back.
    Calls(ToolRound),
    /// The end: words, a refusal, or calls that nothing can answer.
    Answer(Box<ChatReply>),
}

/// What came of the turns so far.
pub(super) struct Conversation<'a> {
    example: &'a Example,
    /// Every try of every turn.
    pub(super) attempts: Vec<Attempt>,
    /// Results that went back.
    round_count: u32,
    /// How often each tool was called: its canned results are given one after another.
    calls_of: HashMap<String, usize>,
    tool_calls: Vec<ToolCall>,
    earlier_responses: Vec<String>,
    latency_ms: u64,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(example: &'a Example) -> Self {
        Self {
            example,
            attempts: Vec::new(),
            round_count: 0,
            calls_of: HashMap::new(),
            tool_calls: Vec::new(),
            earlier_responses: Vec::new(),
            latency_ms: 0,
        }
    }

    /// Takes in an answer, and says whether the conversation goes on.
    pub(super) fn take(&mut self, mut reply: ChatReply) -> Turn {
        let calls: Vec<ToolCall> = std::mem::take(&mut reply.tool_calls)
            .into_iter()
            .map(|call| self.with_result(call))
            .collect();
        self.tool_calls.extend(calls.iter().cloned());
        let is_answerable = !calls.is_empty() && calls.iter().all(|call| call.result.is_some());
        match reply.message.take() {
            Some(message) if is_answerable && self.round_count < ROUNDS_MAX => {
                self.round_count += 1;
                self.latency_ms = self.latency_ms.saturating_add(reply.latency_ms);
                self.earlier_responses.push(reply.raw);
                Turn::Calls(ToolRound { message, calls })
            }
            _ => Turn::Answer(Box::new(reply)),
        }
    }

    /// A call with its canned result: the next one of its tool, and the last one again when there are no more.
    fn with_result(&mut self, call: ToolCall) -> ToolCall {
        let canned = &self.example.content.context.tool_results;
        let of_tool: Vec<&JsonText> = canned
            .iter()
            .filter(|c| c.tool == call.name)
            .map(|c| &c.result)
            .collect();
        let count = self.calls_of.entry(call.name.clone()).or_default();
        let result = of_tool.get(*count).or(of_tool.last()).map(|result| (*result).clone());
        *count += 1;
        ToolCall {
            result,
            round: self.round_count,
            ..call
        }
    }

    /// The outcome of an answer. Tokens and money are those of all tries, time is that of all turns together.
    pub(super) fn answered(self, outcome: Outcome, rendered: Vec<RenderedMessage>, reply: ChatReply) -> Outcome {
        let earlier_ms = self.latency_ms;
        let mut outcome = Outcome {
            rendered,
            tool_calls: self.tool_calls,
            raw_response: reply.raw,
            earlier_responses: self.earlier_responses,
            text: reply.text,
            refusal: reply.refusal,
            finish_reason: reply.finish_reason,
            resolved_model: reply.resolved_model,
            system_fingerprint: reply.system_fingerprint,
            response_id: reply.response_id,
            latency_ms: earlier_ms.saturating_add(reply.latency_ms),
            time_to_first_token_ms: reply.time_to_first_token_ms.map(|ms| earlier_ms.saturating_add(ms)),
            attempts: self.attempts,
            ..outcome
        };
        outcome.sum_attempts();
        outcome
    }

    /// The outcome of an example whose last turn has no answer.
    pub(super) fn failed(self, outcome: Outcome, rendered: Vec<RenderedMessage>, error: ProviderError) -> Outcome {
        let mut outcome = Outcome {
            rendered,
            tool_calls: self.tool_calls,
            raw_response: error.raw.unwrap_or_default(),
            earlier_responses: self.earlier_responses,
            latency_ms: self.latency_ms.saturating_add(error.latency_ms),
            attempts: self.attempts,
            error: Some(OutcomeError {
                kind: error.kind,
                message: error.message,
            }),
            ..outcome
        };
        outcome.sum_attempts();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::example::{ExampleContent, ExampleContext, ExampleSource, ToolResult};
    use crate::domain::ids::ExampleId;
    use crate::domain::money::UsdNanos;
    use crate::domain::outcome::Usage;
    use crate::evals::samples::outcome;

    fn example(results: &[(&str, &str)]) -> Example {
        let result = |(tool, result): &(&str, &str)| ToolResult {
            tool: (*tool).into(),
            result: JsonText::string(result),
        };
        let content = ExampleContent {
            id: ExampleId::new("t-001").unwrap(),
            input: JsonText::string("x"),
            expected: None,
            labels: Vec::new(),
            metadata: std::collections::BTreeMap::new(),
            context: ExampleContext {
                documents: Vec::new(),
                tool_results: results.iter().map(result).collect(),
            },
        };
        let source = ExampleSource::Imported {
            file: "t.jsonl".into(),
            line: 1,
        };
        Example::new(content, source).unwrap()
    }

    /// An answer that calls these tools, or words where there are none.
    fn reply(tools: &[&str]) -> ChatReply {
        let call = |tool: &&str| ToolCall {
            id: "c".into(),
            name: (*tool).into(),
            arguments: "{}".into(),
            result: None,
            round: 0,
        };
        ChatReply {
            raw: format!("raw {tools:?}"),
            text: tools.is_empty().then(|| "done".into()),
            message: (!tools.is_empty()).then(|| JsonText::string("own")),
            tool_calls: tools.iter().map(call).collect(),
            usage: Usage {
                input_tokens: Some(10),
                output_tokens: Some(2),
                ..Usage::default()
            },
            cost: Some(UsdNanos(5)),
            latency_ms: 7,
            time_to_first_token_ms: Some(3),
            ..ChatReply::default()
        }
    }

    /// Takes in a reply after the attempt that brought it.
    fn take(conversation: &mut Conversation, reply: ChatReply) -> Turn {
        conversation.attempts.push(Attempt {
            latency_ms: reply.latency_ms,
            status: None,
            error: None,
            usage: reply.usage,
            cost: reply.cost,
            waited_ms: 0,
        });
        conversation.take(reply)
    }

    fn goes_on(turn: &Turn) -> bool {
        matches!(turn, Turn::Calls(_))
    }

    #[test]
    fn results_are_given_one_after_another_and_all_turns_are_one_outcome() {
        let example = example(&[("find", "first"), ("find", "second"), ("other", "third")]);
        let mut conversation = Conversation::new(&example);
        assert!(goes_on(&take(&mut conversation, reply(&["find", "other"]))));
        assert!(goes_on(&take(&mut conversation, reply(&["find"]))));
        assert!(goes_on(&take(&mut conversation, reply(&["find"]))));
        let Turn::Answer(last) = take(&mut conversation, reply(&[])) else {
            panic!("words are an answer")
        };
        let outcome = conversation.answered(outcome(0, "", &[]), Vec::new(), *last);
        let calls: Vec<_> = outcome
            .tool_calls
            .iter()
            .map(|call| (call.name.as_str(), call.result.as_ref().unwrap().plain(), call.round))
            .collect();
        let expected = [
            ("find", "first", 0),
            ("other", "third", 0),
            ("find", "second", 1),
            ("find", "second", 2),
        ];
        assert_eq!(
            calls,
            expected.map(|(name, result, round)| (name, result.to_owned(), round))
        );
        assert_eq!(
            (outcome.earlier_responses.len(), outcome.stopped_in_rounds()),
            (3, None)
        );
        assert_eq!(
            (outcome.raw_response.as_str(), outcome.text.as_deref()),
            ("raw []", Some("done"))
        );
        assert_eq!(
            (outcome.usage.input_tokens, outcome.usage.output_tokens),
            (Some(40), Some(8))
        );
        assert_eq!((outcome.cost, outcome.latency_ms), (Some(UsdNanos(20)), 28));
        assert_eq!(outcome.time_to_first_token_ms, Some(24));
    }

    #[test]
    fn calls_without_a_result_are_the_answer() {
        let with_one = example(&[("find", "first")]);
        for tools in [&["other"][..], &["find", "other"]] {
            assert!(
                !goes_on(&take(&mut Conversation::new(&with_one), reply(tools))),
                "{tools:?}"
            );
        }
        assert!(!goes_on(&take(&mut Conversation::new(&example(&[])), reply(&["find"]))));
    }

    #[test]
    fn a_model_that_never_stops_calling_is_stopped() {
        let example = example(&[("find", "again")]);
        let mut conversation = Conversation::new(&example);
        for _ in 0..8 {
            assert!(goes_on(&take(&mut conversation, reply(&["find"]))));
        }
        let Turn::Answer(last) = take(&mut conversation, reply(&["find"])) else {
            panic!("it goes on for ever")
        };
        let stopped = conversation.answered(outcome(0, "", &[]), Vec::new(), *last);
        assert_eq!(stopped.stopped_in_rounds(), Some(8));
        assert_eq!((stopped.tool_rounds(), stopped.retries()), (8, 0));
    }

    #[test]
    fn one_unknown_price_makes_the_sum_unknown_and_an_error_keeps_what_came_before() {
        let example = example(&[("find", "first")]);
        let mut conversation = Conversation::new(&example);
        let unpriced = ChatReply {
            cost: None,
            ..reply(&["find"])
        };
        assert!(goes_on(&take(&mut conversation, unpriced)));
        let error = ProviderError {
            latency_ms: 1,
            ..ProviderError::new(
                crate::domain::outcome::ErrorKind::Timeout,
                crate::providers::Retry::Yes,
                "no answer",
            )
        };
        let unanswered = Outcome {
            cost: None,
            ..outcome(0, "", &[])
        };
        let failed = conversation.failed(unanswered, Vec::new(), error);
        assert_eq!(
            (failed.cost, failed.latency_ms, failed.usage.input_tokens),
            (None, 8, Some(10))
        );
        assert_eq!((failed.tool_calls.len(), failed.earlier_responses.len()), (1, 1));
        let mut conversation = Conversation::new(&example);
        take(
            &mut conversation,
            ChatReply {
                cost: None,
                ..reply(&["find"])
            },
        );
        let Turn::Answer(last) = take(&mut conversation, reply(&[])) else {
            panic!("words are an answer")
        };
        assert_eq!(conversation.answered(outcome(0, "", &[]), Vec::new(), *last).cost, None);
    }
}
