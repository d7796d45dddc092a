//! The body of an answer.

use serde_json::Value as Json;

use crate::domain::json::JsonText;
use crate::domain::outcome::{ToolCall, Usage};
use crate::providers::ChatReply;
use crate::providers::price::Bill;
use crate::providers::wire::{self, Answer, count, text};

/// Reads an answer; the error says what is missing.
pub(super) fn read(body: &Json) -> Result<Answer, String> {
    let Some(content) = body.get("content").and_then(Json::as_array) else {
        return Err("not a message: it has no content".into());
    };
    let of_kind = |kind: &'static str| content.iter().filter(move |block| block["type"] == kind);
    let calls: Vec<ToolCall> = of_kind("tool_use").map(tool_call).collect();
    let texts: Vec<&str> = of_kind("text")
        .filter_map(|block| block.get("text")?.as_str())
        .collect();
    let finish_reason = text(body, "/stop_reason");
    let reply = ChatReply {
        text: (!texts.is_empty()).then(|| texts.concat()),
        message: (!calls.is_empty()).then(|| JsonText::from_value(&Json::from(content.clone()))),
        tool_calls: calls,
        refusal: (finish_reason.as_deref() == Some("refusal")).then(|| refusal(body)),
        finish_reason,
        resolved_model: text(body, "/model"),
        response_id: text(body, "/id"),
        usage: usage(&body["usage"]),
        ..ChatReply::default()
    };
    Ok(Answer {
        reply,
        bill: bill(&body["usage"]),
    })
}

fn tool_call(block: &Json) -> ToolCall {
    ToolCall {
        id: text(block, "/id").unwrap_or_default(),
        name: text(block, "/name").unwrap_or_default(),
        arguments: wire::arguments(block.get("input")),
        result: None,
        round: 0,
    }
}

/// The explanation where there is one, else the category, else the word itself.
fn refusal(body: &Json) -> String {
    let detail = text(body, "/stop_details/explanation").or_else(|| text(body, "/stop_details/category"));
    detail.unwrap_or_else(|| "refusal".into())
}

/// Cached tokens are counted beside `input_tokens` here, and within the sum of ours.
fn usage(usage: &Json) -> Usage {
    let cached = count(usage, "/cache_read_input_tokens");
    let written = count(usage, "/cache_creation_input_tokens");
    let fresh = count(usage, "/input_tokens");
    Usage {
        input_tokens: fresh.map(|fresh| {
            fresh
                .saturating_add(cached.unwrap_or(0))
                .saturating_add(written.unwrap_or(0))
        }),
        cached_tokens: cached,
        cache_write_tokens: written,
        output_tokens: count(usage, "/output_tokens"),
        reasoning_tokens: count(usage, "/output_tokens_details/thinking_tokens"),
    }
}

fn bill(usage: &Json) -> Bill {
    Bill {
        cache_write_1h_tokens: count(usage, "/cache_creation/ephemeral_1h_input_tokens").unwrap_or(0),
        tier: text(usage, "/service_tier"),
        reported: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(raw: &str) -> Answer {
        read(&serde_json::from_str(raw).unwrap()).unwrap()
    }

    #[test]
    fn tokens_of_the_cache_count_as_input() {
        let answer = read_text(
            r#"{"id":"msg_1","model":"claude-sonnet-4-5","content":[{"type":"thinking","thinking":"hm"},
            {"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"end_turn","usage":{"input_tokens":464,
            "cache_read_input_tokens":1024,"cache_creation_input_tokens":512,"cache_creation":
            {"ephemeral_5m_input_tokens":500,"ephemeral_1h_input_tokens":12},"output_tokens":100,
            "output_tokens_details":{"thinking_tokens":40},"service_tier":"standard"}}"#,
        );
        assert_eq!(answer.reply.text.as_deref(), Some("ab"));
        assert_eq!(
            answer.reply.usage,
            Usage {
                input_tokens: Some(2000),
                cached_tokens: Some(1024),
                cache_write_tokens: Some(512),
                output_tokens: Some(100),
                reasoning_tokens: Some(40),
            }
        );
        assert_eq!(answer.bill.cache_write_1h_tokens, 12);
    }

    #[test]
    fn a_refusal_says_why_as_far_as_it_does() {
        for (details, why) in [
            (
                r#","stop_details":{"category":"cyber","explanation":"not this"}"#,
                "not this",
            ),
            (r#","stop_details":{"category":"cyber","explanation":null}"#, "cyber"),
            ("", "refusal"),
        ] {
            let answer = read_text(&format!(r#"{{"content":[],"stop_reason":"refusal"{details}}}"#));
            assert_eq!((answer.reply.text, answer.reply.refusal.as_deref()), (None, Some(why)));
        }
    }

    #[test]
    fn what_is_no_answer_says_what_is_missing() {
        for raw in ["{}", "[]", "null", r#"{"content":"text"}"#] {
            let why = read(&serde_json::from_str(raw).unwrap()).unwrap_err();
            assert!(why.contains("no content"), "{why}");
        }
    }
}
