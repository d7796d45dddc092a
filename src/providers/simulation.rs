//! The simulated model behind the trait: free, offline, and never to be taken for a model.

use serde_json::json;

use super::simulated::{self, EMBEDDING_NAME, JUDGE_NAME, MODEL_NAME, SimMessage, SimReply, SimRequest};
use super::{Answering, ChatReply, ChatRequest, Provider};
use crate::domain::model::{ModelConfig, ResponseFormat};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Usage;
use crate::domain::run::AnswerSource;

/// Answers at once, by [`simulated::judge`] under the judge's name and by [`simulated::answer`] under any other. A
/// temperature or seed that is not set counts as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SimulatedProvider;

fn answer(request: &ChatRequest) -> ChatReply {
    let model = &request.model;
    let messages: Vec<SimMessage<'_>> = request
        .messages
        .iter()
        .map(|message| SimMessage {
            role: message.role.as_str(),
            text: &message.text,
        })
        .collect();
    let asked = SimRequest {
        messages: &messages,
        temperature: model.temperature.unwrap_or(0.0),
        seed: model.seed.unwrap_or(0),
        max_output_tokens: model.max_output_tokens,
        wants_json: model.response_format.is_json(),
    };
    if model.name == JUDGE_NAME {
        chat_reply(simulated::judge(&asked), JUDGE_NAME)
    } else {
        chat_reply(simulated::answer(&asked), MODEL_NAME)
    }
}

fn chat_reply(reply: SimReply, name: &str) -> ChatReply {
    let resolved_model = format!("{name} (simulated)");
    let raw = json!({
        "simulated": true,
        "model": resolved_model,
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
    });
    ChatReply {
        raw: raw.to_string(),
        text: Some(reply.text),
        finish_reason: Some(reply.finish_reason.to_owned()),
        resolved_model: Some(resolved_model),
        usage: Usage {
            input_tokens: Some(reply.input_tokens),
            cached_tokens: None,
            cache_write_tokens: None,
            output_tokens: Some(reply.output_tokens),
            reasoning_tokens: None,
        },
        cost: Some(UsdNanos(0)),
        latency_ms: reply.latency_ms,
        ..ChatReply::default()
    }
}

impl Provider for SimulatedProvider {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(async move { Ok(answer(request)) })
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Simulated
    }

    fn cost(&self, _model_name: &str, _usage: &Usage) -> Option<UsdNanos> {
        Some(UsdNanos(0))
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = vec!["answers are simulated: they show how pegbox works, not how a model does".to_owned()];
        if ![MODEL_NAME, JUDGE_NAME].contains(&model.name.as_str()) {
            notes.push(format!(
                "the simulated provider has no '{}': {MODEL_NAME} answers",
                model.name
            ));
        }
        if matches!(model.response_format, ResponseFormat::JsonSchema(_)) {
            notes.push("the simulated model answers with JSON but does not read the schema".into());
        }
        let ignored = [
            ("top_p", model.top_p.is_some()),
            ("stop", !model.stop.is_empty()),
            ("tools", !model.tools.is_empty()),
            ("safety_settings", !model.safety_settings.is_empty()),
            ("provider_flags", !model.provider_flags.is_empty()),
        ];
        for (name, _) in ignored.iter().filter(|(_, is_set)| *is_set) {
            notes.push(format!("the simulated model ignores {name}"));
        }
        notes
    }
}

/// Makes vectors at once, by [`simulated::embed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SimulatedEmbeddings;

impl Provider for SimulatedEmbeddings {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(async move {
            let (vectors, tokens): (Vec<_>, Vec<_>) = request
                .messages
                .iter()
                .map(|message| simulated::embed(&message.text))
                .unzip();
            Ok(ChatReply {
                text: Some(json!(vectors).to_string()),
                resolved_model: Some(format!("{EMBEDDING_NAME} (simulated)")),
                usage: Usage {
                    input_tokens: Some(tokens.iter().sum()),
                    output_tokens: Some(0),
                    ..Usage::default()
                },
                cost: Some(UsdNanos(0)),
                ..ChatReply::default()
            })
        })
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Simulated
    }

    fn cost(&self, _model_name: &str, _usage: &Usage) -> Option<UsdNanos> {
        Some(UsdNanos(0))
    }

    fn notes(&self, _model: &ModelConfig) -> Vec<String> {
        vec!["vectors are simulated: they show how pegbox works, not how a model does".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::RenderedMessage;
    use crate::domain::prompt::Role;

    #[test]
    fn a_reply_says_that_it_is_simulated() {
        let message = RenderedMessage {
            role: Role::User,
            text: "Where is my parcel?".into(),
        };
        let request = ChatRequest::new(ModelConfig::new("simulated", "triage-sim-1"), vec![message]);
        let reply = answer(&request);
        let raw: serde_json::Value = serde_json::from_str(&reply.raw).unwrap();
        assert_eq!(raw["simulated"], true);
        assert_eq!(raw["text"].as_str(), reply.text.as_deref());
        assert_eq!(reply.resolved_model.as_deref(), Some("triage-sim-1 (simulated)"));
        assert_eq!(SimulatedProvider.cost("triage-sim-1", &reply.usage), Some(UsdNanos(0)));
        assert_eq!(SimulatedProvider.source(), AnswerSource::Simulated);
        assert_eq!(answer(&request), reply);
    }

    #[test]
    fn what_it_ignores_is_said() {
        let mut model = ModelConfig::new("simulated", "gpt-4.1");
        model.top_p = Some(0.5);
        model.stop = vec!["END".into()];
        let notes = SimulatedProvider.notes(&model).join("\n");
        for part in ["simulated", "'gpt-4.1'", "top_p", "stop"] {
            assert!(notes.contains(part), "{notes}");
        }
    }
}
