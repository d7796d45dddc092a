//! The body of an answer. Protobuf leaves out fields that are zero or empty.

use serde_json::Value as Json;

use crate::domain::json::JsonText;
use crate::domain::outcome::{ToolCall, Usage};
use crate::providers::ChatReply;
use crate::providers::price::Bill;
use crate::providers::wire::{self, Answer, count, text};

/// Finish reasons that say that the answer was withheld.
const WITHHELD: [&str; 8] = [
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "MODEL_ARMOR",
];

/// Reads an answer; the error says what is missing.
pub(super) fn read(body: &Json) -> Result<Answer, String> {
    let candidate = body.pointer("/candidates/0");
    let blocked = text(body, "/promptFeedback/blockReason");
    if candidate.is_none() && blocked.is_none() {
        return Err("not an answer: it has no candidates".into());
    }
    let candidate = candidate.unwrap_or(&Json::Null);
    let parts = candidate.pointer("/content/parts").and_then(Json::as_array);
    let parts: Vec<&Json> = parts.into_iter().flatten().collect();
    let texts: Vec<&str> = parts
        .iter()
        .filter(|part| part["thought"] != true)
        .filter_map(|part| part.get("text")?.as_str())
        .collect();
    let calls: Vec<ToolCall> = parts
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .map(tool_call)
        .collect();
    let finish_reason = text(candidate, "/finishReason");
    let withheld = finish_reason
        .clone()
        .filter(|reason| WITHHELD.contains(&reason.as_str()) && texts.is_empty());
    let withheld = withheld.map(|reason| text(candidate, "/finishMessage").unwrap_or(reason));
    let reply = ChatReply {
        text: (!texts.is_empty()).then(|| texts.concat()),
        message: (!calls.is_empty()).then(|| JsonText::from_value(&candidate["content"])),
        tool_calls: calls,
        refusal: blocked
            .map(|reason| format!("the prompt was blocked: {reason}"))
            .or(withheld),
        finish_reason,
        resolved_model: text(body, "/modelVersion"),
        response_id: text(body, "/responseId"),
        usage: usage(&body["usageMetadata"]),
        ..ChatReply::default()
    };
    let bill = Bill {
        tier: text(body, "/usageMetadata/trafficType"),
        ..Bill::default()
    };
    Ok(Answer { reply, bill })
}

fn tool_call(call: &Json) -> ToolCall {
    let arguments = match call.get("args") {
        None => "{}".into(),
        args => wire::arguments(args),
    };
    ToolCall {
        id: text(call, "/id").unwrap_or_default(),
        name: text(call, "/name").unwrap_or_default(),
        arguments,
        result: None,
        round: 0,
    }
}

/// Thoughts are counted beside the candidates here, and within the sum of ours.
fn usage(usage: &Json) -> Usage {
    let Some(prompt) = count(usage, "/promptTokenCount") else {
        return Usage::default();
    };
    let or_zero = |name: &str| count(usage, name).unwrap_or(0);
    let thoughts = or_zero("/thoughtsTokenCount");
    Usage {
        input_tokens: Some(prompt.saturating_add(or_zero("/toolUsePromptTokenCount"))),
        cached_tokens: Some(or_zero("/cachedContentTokenCount")),
        cache_write_tokens: None,
        output_tokens: Some(or_zero("/candidatesTokenCount").saturating_add(thoughts)),
        reasoning_tokens: Some(thoughts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(raw: &str) -> ChatReply {
        read(&serde_json::from_str(raw).unwrap()).unwrap().reply
    }

    #[test]
    fn thoughts_count_as_output_and_are_no_text() {
        let reply = read_text(
            r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"a"},{"text":"b"}]},
            "finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":100,
            "thoughtsTokenCount":200},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#,
        );
        assert_eq!(reply.text.as_deref(), Some("ab"));
        let usage = Usage {
            input_tokens: Some(1000),
            cached_tokens: Some(0),
            cache_write_tokens: None,
            output_tokens: Some(300),
            reasoning_tokens: Some(200),
        };
        assert_eq!(
            (reply.usage, reply.resolved_model.as_deref()),
            (usage, Some("gemini-2.5-flash"))
        );
    }

    #[test]
    fn a_blocked_prompt_and_a_withheld_answer_are_refusals() {
        for (raw, refusal) in [
            (
                r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
                Some("the prompt was blocked: SAFETY"),
            ),
            (
                r#"{"candidates":[{"finishReason":"PROHIBITED_CONTENT"}]}"#,
                Some("PROHIBITED_CONTENT"),
            ),
            (
                r#"{"candidates":[{"finishReason":"SAFETY","finishMessage":"why"}]}"#,
                Some("why"),
            ),
            (
                r#"{"candidates":[{"finishReason":"SAFETY","content":{"parts":[{"text":"half"}]}}]}"#,
                None,
            ),
            (r#"{"candidates":[{"finishReason":"MAX_TOKENS"}]}"#, None),
        ] {
            assert_eq!(read_text(raw).refusal.as_deref(), refusal, "{raw}");
        }
    }

    #[test]
    fn a_call_without_arguments_or_id_is_one() {
        let reply = read_text(r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}"#);
        let call = &reply.tool_calls[0];
        assert_eq!(
            (call.id.as_str(), call.name.as_str(), call.arguments.as_str()),
            ("", "f", "{}")
        );
    }

    #[test]
    fn what_is_no_answer_says_so() {
        for raw in ["{}", "[]", "null", r#"{"candidates":[]}"#] {
            assert!(read(&serde_json::from_str(raw).unwrap()).is_err(), "{raw}");
        }
    }
}
