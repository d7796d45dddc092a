use super::*;

fn read_text(raw: &str) -> ChatReply {
    read(serde_json::from_str(raw).unwrap()).unwrap().reply
}

#[test]
fn an_answer_is_read_with_everything_that_traces_it() {
    let raw = r#"{"id":"chatcmpl-1","model":"gpt-4.1-2025-04-14","system_fingerprint":"fp_1","new_field":{},
        "choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":120,"completion_tokens":14,"prompt_tokens_details":{"cached_tokens":64},
                 "completion_tokens_details":{"reasoning_tokens":9}}}"#;
    let reply = read_text(raw);
    assert_eq!(reply.text.as_deref(), Some("hi"));
    assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
    assert_eq!(reply.resolved_model.as_deref(), Some("gpt-4.1-2025-04-14"));
    assert_eq!(reply.system_fingerprint.as_deref(), Some("fp_1"));
    assert_eq!(reply.response_id.as_deref(), Some("chatcmpl-1"));
    let usage = Usage {
        input_tokens: Some(120),
        cached_tokens: Some(64),
        cache_write_tokens: None,
        output_tokens: Some(14),
        reasoning_tokens: Some(9),
    };
    assert_eq!(reply.usage, usage);
}

#[test]
fn content_comes_in_several_shapes() {
    for (message, text, refusal) in [
        (r#"{"content":null,"refusal":"no"}"#, None, Some("no")),
        ("{}", None, None),
        (r#"{"content":""}"#, Some(""), None),
        (
            r#"{"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]}"#,
            Some("ab"),
            None,
        ),
    ] {
        let reply = read_text(&format!(r#"{{"choices":[{{"message":{message}}}]}}"#));
        assert_eq!((reply.text.as_deref(), reply.refusal.as_deref()), (text, refusal));
        assert_eq!(reply.usage, Usage::default());
    }
}

#[test]
fn arguments_are_kept_as_the_model_wrote_them() {
    for (arguments, expected) in [
        (r#","arguments":"{\"city\": oops""#, r#"{"city": oops"#),
        (r#","arguments":{"b":1,"a":2}"#, r#"{"b":1,"a":2}"#),
        (r#","arguments":null"#, ""),
        ("", ""),
    ] {
        let call = format!(r#"{{"id":"call_1","function":{{"name":"find_order"{arguments}}}}}"#);
        let raw = format!(r#"{{"choices":[{{"message":{{"content":null,"tool_calls":[{call}]}}}}]}}"#);
        let reply = read_text(&raw);
        assert_eq!(reply.tool_calls[0].arguments, expected);
        assert_eq!(reply.tool_calls[0].name, "find_order");
    }
}

#[test]
fn counts_that_make_no_sense_are_unknown() {
    let raw = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}"#;
    assert_eq!(read_text(raw).usage, Usage::default());
}

#[test]
fn what_is_no_answer_says_what_is_missing() {
    for (raw, why) in [
        (r#"{"choices":[]}"#, "its choices are empty"),
        ("{}", "it has no choices"),
        ("[]", "not a chat completion"),
        (r#"{"choices":[{"message":{"content":5}}]}"#, "its content is neither"),
        (r#"{"choices":[{"delta":{"content":"x"}}]}"#, "not a chat completion"),
    ] {
        let said = read(serde_json::from_str(raw).unwrap()).unwrap_err();
        assert!(said.starts_with(why), "{raw}: {said}");
    }
}

#[test]
fn a_message_with_calls_is_kept_to_be_sent_back() {
    let raw = r#"{"choices":[{"message":{"role":"assistant","content":null,"refusal":null,
        "reasoning_details":[{"signature":"s"}],"tool_calls":[{"id":"1","function":{"name":"f",
            "arguments":"{}"}}]}}]}"#;
    let kept = r#"{"role":"assistant","content":null,"reasoning_details":[{"signature":"s"}],
        "tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}"#;
    assert_eq!(read_text(raw).message, Some(JsonText::parse(kept).unwrap()));
    assert_eq!(read_text(r#"{"choices":[{"message":{"content":"x"}}]}"#).message, None);
}

#[test]
fn what_is_billed_is_read() {
    let raw = r#"{"service_tier":"flex","choices":[{"message":{"content":"x"}}],
        "usage":{"prompt_tokens":10,"completion_tokens":1,"cost":0.00035,
            "prompt_tokens_details":{"cache_write_tokens":4}}}"#;
    let Answer { reply, bill } = read(serde_json::from_str(raw).unwrap()).unwrap();
    assert_eq!(bill.tier.as_deref(), Some("flex"));
    assert_eq!(
        (reply.usage.cache_write_tokens, bill.reported),
        (Some(4), Some(UsdNanos(350_000)))
    );
    let raw = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"cost":-1}}"#;
    assert_eq!(read(serde_json::from_str(raw).unwrap()).unwrap().bill, Bill::default());
}
