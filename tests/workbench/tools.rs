//! A model that calls tools gets the example's canned results and goes on; what it did on the way is kept.

use std::sync::Arc;

use pegbox::domain::outcome::OutcomePlace;
use pegbox::domain::run::RunSettings;
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::StartRun;
use serde_json::json;

use super::bench::*;
use super::support::server::{Answer, Server};

const DOCUMENT: &str = r#"+++
[model]
provider = "openai"
name = "house-model"
tool_choice = "required"
[[model.tools]]
name = "find_order"
description = "finds an order"
parameters = '{"type":"object"}'
[[variables]]
name = "input"
description = "the question"
+++
-- user --
{{ input }}
"#;

/// Calls a tool until its result is there, then answers.
fn calling_server() -> Server {
    Server::start(|request| {
        let has_result = request.body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .any(|message| message["role"] == "tool");
        let message = if has_result {
            json!({"role": "assistant", "content": "{\"route\":\"a\"}"})
        } else {
            let function = json!({"name": "find_order", "arguments": "{\"id\":7}"});
            json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": function},
            ]})
        };
        let body = json!({
            "model": "gpt-4.1", "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 4},
        });
        Answer::new(200, body.to_string())
    })
}

#[test]
fn a_canned_result_goes_back_and_the_answer_after_it_is_graded() {
    let server = calling_server();
    let bench = Bench::over(Arc::new(MemoryEngine::new()));
    let version = bench.version(DOCUMENT);
    let row = json!({
        "id": "q-0", "input": "where is it?", "expected": {"route": "a"},
        "context": {"tool_results": [{"tool": "find_order", "result": {"state": "lost"}}]},
    });
    let bare = json!({"id": "q-1", "input": "and mine?", "expected": {"route": "a"}});
    let dataset = bench.dataset(&format!("{row}\n{bare}\n"));
    let suite = bench.suite(&suite("routes", "kind = \"field_match\"\nfield = \"route\"", "point"));
    let settings = RunSettings {
        concurrency: 1,
        base_url: Some(server.base_url()),
        ..RunSettings::default()
    };
    let start = StartRun {
        settings,
        ..start(&version, &dataset, &suite)
    };
    let (run, end) = bench.run(&start);
    assert_eq!(end.totals.retried, 0);

    let outcome = bench.workbench.case(run, OutcomePlace::first(0)).unwrap().outcome;
    assert!(outcome.passed(), "{:?}", outcome.why());
    let call = &outcome.tool_calls[0];
    assert_eq!((call.name.as_str(), call.round), ("find_order", 0));
    assert_eq!(call.result.as_ref().unwrap().as_str(), "{\"state\":\"lost\"}");
    assert!(outcome.earlier_responses[0].contains("call_1") && !outcome.raw_response.contains("call_1"));
    assert_eq!((outcome.attempts.len(), outcome.usage.input_tokens), (2, Some(40)));
    assert_eq!(
        (outcome.retries(), outcome.tool_rounds()),
        (0, 1),
        "to go on is no try again"
    );
    // Twice 20 tokens in at 2 and 4 out at 8 dollars a million.
    assert_eq!(outcome.cost.unwrap().0, 2 * (20 * 2000 + 4 * 8000));

    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].body["tool_choice"], "required");
    assert_eq!(requests[1].body["tool_choice"], "auto");
    let back = &requests[1].body["messages"][2];
    assert_eq!(
        *back,
        json!({"role": "tool", "tool_call_id": "call_1", "content": "{\"state\":\"lost\"}"})
    );

    // Without a canned result the call is the answer.
    let outcome = bench.workbench.case(run, OutcomePlace::first(1)).unwrap().outcome;
    assert!(!outcome.passed() && outcome.earlier_responses.is_empty());
    assert_eq!(outcome.tool_calls[0].result, None);
}
