//! The simulated model behind the trait: free, offline, and never to be taken for a model.

use serde_json::json;

use super::simulated::{self, EMBEDDING_NAME, JUDGE_NAME, MODEL_NAME, SimMessage, SimReply, SimRequest, VARYING_NAME};
use super::{Answering, ChatReply, ChatRequest, Provider};
use crate::domain::model::{ModelConfig, ResponseFormat};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Usage;
use crate::domain::run::AnswerSource;

/// Answers at once, by [`simulated::judge`] under the judge's name and by [`simulated::answer`] under any other. A
/// temperature or seed that is not set counts as 0, except that `triage-sim-2` has a temperature of 1.
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
    let (name, temperature, repeat) = match model.name.as_str() {
        JUDGE_NAME => (JUDGE_NAME, 0.0, 0),
        VARYING_NAME => (VARYING_NAME, 1.0, request.repeat),
        _ => (MODEL_NAME, 0.0, 0),
    };
    let asked = SimRequest {
        messages: &messages,
        temperature: model.temperature.unwrap_or(temperature),
        seed: simulated::seed_of_repeat(model.seed.unwrap_or(0), repeat),
        max_output_tokens: model.max_output_tokens,
        wants_json: model.response_format.is_json(),
    };
    let reply = if name == JUDGE_NAME {
        simulated::judge(&asked)
    } else {
        simulated::answer(&asked)
    };
    chat_reply(reply, name)
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
        if ![MODEL_NAME, VARYING_NAME, JUDGE_NAME].contains(&model.name.as_str()) {
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
    fn repeats_differ_under_one_name_only_and_always_alike() {
        let instructions = RenderedMessage {
            role: Role::System,
            text: "Routes:\n- parcels: parcel\n- billing: bill\nAnswer only with {\"route\": \"...\"}.".into(),
        };
        let answers = |name: &str, temperature: Option<f64>| -> Vec<ChatReply> {
            let asked = (0..40).map(|repeat| {
                let ticket = RenderedMessage {
                    role: Role::User,
                    text: "Where is my parcel?".into(),
                };
                let mut model = ModelConfig::new("simulated", name);
                model.temperature = temperature;
                let mut request = ChatRequest::new(model, vec![instructions.clone(), ticket]);
                request.repeat = repeat;
                answer(&request)
            });
            asked.collect()
        };
        let differ = |answers: &[ChatReply]| answers.iter().any(|answer| answer.text != answers[0].text);
        assert!(differ(&answers("triage-sim-2", None)) && differ(&answers("triage-sim-2", Some(1.0))));
        assert_eq!(answers("triage-sim-2", None), answers("triage-sim-2", Some(1.0)));
        assert!(!differ(&answers("triage-sim-2", Some(0.0))) && !differ(&answers("triage-sim-1", Some(1.0))));
        let resolved = answers("triage-sim-2", None).remove(0).resolved_model;
        assert_eq!(resolved.as_deref(), Some("triage-sim-2 (simulated)"));
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
