//! The body of an answer.

use serde_json::Value as Json;

use crate::domain::json::JsonText;
use crate::domain::outcome::{ToolCall, Usage};
use crate::providers::ChatReply;
use crate::providers::price::Bill;
use crate::providers::wire::{self, Answer, count, text};

/// Reads an answer; the error says what is missing.
pub(super) fn read(body: &Json) -> Result<Answer, String> {
    let Some(output) = body.get("output").and_then(Json::as_array) else {
        return Err("not a response: it has no output".into());
    };
    let status = text(body, "/status");
    if let Some(status) = status
        .as_deref()
        .filter(|status| !matches!(*status, "completed" | "incomplete"))
    {
        return Err(format!("the response is {status}"));
    }
    let of_kind = |kind: &'static str| output.iter().filter(move |item| item["type"] == kind);
    let parts: Vec<&Json> = of_kind("message")
        .filter_map(|item| item["content"].as_array())
        .flatten()
        .collect();
    let joined = |kind: &str, field: &str| {
        let parts = parts.iter().filter(|part| part["type"] == kind);
        let texts: Vec<&str> = parts.filter_map(|part| part[field].as_str()).collect();
        (!texts.is_empty()).then(|| texts.concat())
    };
    let calls: Vec<ToolCall> = of_kind("function_call").map(tool_call).collect();
    let reply = ChatReply {
        text: joined("output_text", "text"),
        refusal: joined("refusal", "refusal"),
        message: (!calls.is_empty()).then(|| JsonText::from_value(&Json::from(output.clone()))),
        tool_calls: calls,
        finish_reason: text(body, "/incomplete_details/reason").or(status),
        resolved_model: text(body, "/model"),
        response_id: text(body, "/id"),
        usage: Usage {
            input_tokens: count(body, "/usage/input_tokens"),
            cached_tokens: count(body, "/usage/input_tokens_details/cached_tokens"),
            cache_write_tokens: count(body, "/usage/input_tokens_details/cache_write_tokens"),
            output_tokens: count(body, "/usage/output_tokens"),
            reasoning_tokens: count(body, "/usage/output_tokens_details/reasoning_tokens"),
        },
        ..ChatReply::default()
    };
    let bill = Bill {
        tier: text(body, "/service_tier"),
        ..Bill::default()
    };
    Ok(Answer { reply, bill })
}

fn tool_call(item: &Json) -> ToolCall {
    ToolCall {
        id: text(item, "/call_id").unwrap_or_default(),
        name: text(item, "/name").unwrap_or_default(),
        arguments: wire::arguments(item.get("arguments")),
        result: None,
        round: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(raw: &str) -> Result<ChatReply, String> {
        read(&serde_json::from_str(raw).unwrap()).map(|answer| answer.reply)
    }

    #[test]
    fn text_refusal_and_calls_are_told_apart() {
        let reply = read_text(
            r#"{"id":"resp_1","model":"gpt-5-mini-2025-08-07","status":"incomplete","incomplete_details":
            {"reason":"max_output_tokens"},"output":[{"type":"reasoning","id":"rs_1"},{"type":"message","content":[
            {"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"},{"type":"output_text","text":"b"}]},
            {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}],
            "usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":512},"output_tokens":300,
            "output_tokens_details":{"reasoning_tokens":200}}}"#,
        )
        .unwrap();
        assert_eq!(
            (reply.text.as_deref(), reply.refusal.as_deref()),
            (Some("ab"), Some("no"))
        );
        assert_eq!(reply.finish_reason.as_deref(), Some("max_output_tokens"));
        let call = &reply.tool_calls[0];
        assert_eq!((call.id.as_str(), call.arguments.as_str()), ("call_1", r#"{"a":1}"#));
        assert!(reply.message.unwrap().as_str().contains("rs_1"));
        assert_eq!(
            (reply.usage.cached_tokens, reply.usage.reasoning_tokens),
            (Some(512), Some(200))
        );
    }

    #[test]
    fn what_is_no_answer_says_so() {
        for (raw, part) in [
            ("{}", "no output"),
            ("[]", "no output"),
            (r#"{"status":"queued","output":[]}"#, "the response is queued"),
            (r#"{"status":"cancelled","output":[]}"#, "the response is cancelled"),
        ] {
            let why = read_text(raw).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
