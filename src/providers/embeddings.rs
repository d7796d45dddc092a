//! Endpoints that turn texts into vectors: `OpenAI`'s `/embeddings`, which most servers speak, and Ollama's
//! `/api/embed`.
//!
//! To the rest of the program they are one more wire format: the messages of a request are the texts, and the text of
//! its answer is the list of their vectors as JSON. So retries, limits, prices, cassettes and the reading of errors are
//! those of every other request.

use serde_json::{Value as Json, json};

use super::failure::WireError;
use super::price::Bill;
use super::wire::{Answer, Assembler, Auth, Piece, WireFormat, WireRequest, count, text};
use super::{ChatReply, ChatRequest};
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Usage;
use crate::domain::prompt::Role;

/// Where the vectors of a reply stand, and how they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Embeddings {
    /// `POST /embeddings`, each vector in an object that says of which text it is.
    OpenAi,
    /// The same below Azure's path, with its own header for the key.
    Azure {
        /// Whether the base URL is the host alone, so that its path is ours to add.
        is_bare_host: bool,
    },
    /// `POST /api/embed`, the vectors in the order of the texts.
    Ollama,
}

impl WireFormat for Embeddings {
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String> {
        let texts: Vec<&str> = request.messages.iter().map(|message| message.text.as_str()).collect();
        let path: &[&str] = match self {
            Self::OpenAi | Self::Azure { is_bare_host: false } => &["embeddings"],
            Self::Azure { is_bare_host: true } => &["openai", "v1", "embeddings"],
            Self::Ollama => &["api", "embed"],
        };
        Ok(WireRequest {
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            query: Vec::new(),
            auth: match self {
                Self::Azure { .. } => Auth::Header("api-key"),
                Self::OpenAi | Self::Ollama => Auth::Bearer,
            },
            headers: Vec::new(),
            body: json!({"model": request.model.name, "input": texts})
                .to_string()
                .into_bytes(),
            streams: false,
        })
    }

    fn read(&self, body: Json) -> Result<Answer, String> {
        let (vectors, input_tokens) = match self {
            Self::Ollama => (ollama_vectors(&body)?, count(&body, "/prompt_eval_count")),
            Self::OpenAi | Self::Azure { .. } => (vectors_by_index(&body)?, count(&body, "/usage/prompt_tokens")),
        };
        Ok(Answer {
            reply: ChatReply {
                text: Some(Json::Array(vectors).to_string()),
                resolved_model: text(&body, "/model"),
                usage: Usage {
                    input_tokens,
                    // Nothing is generated, which is known whatever the server says.
                    output_tokens: input_tokens.map(|_| 0),
                    ..Usage::default()
                },
                ..ChatReply::default()
            },
            bill: Bill::default(),
        })
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(Nothing)
    }

    fn fault(&self, _model: &ModelConfig) -> Option<String> {
        None
    }

    fn notes(&self, _model: &ModelConfig) -> Vec<String> {
        Vec::new()
    }

    fn role_notes(&self, _roles: &[Role]) -> Vec<String> {
        Vec::new()
    }
}

/// `data` as a list of `{index, embedding}`, put into the order of the texts.
fn vectors_by_index(body: &Json) -> Result<Vec<Json>, String> {
    let data = body.get("data").and_then(Json::as_array).ok_or("it has no data")?;
    let mut vectors = vec![Json::Null; data.len()];
    for (place, entry) in data.iter().enumerate() {
        let index = match entry.get("index") {
            None | Some(Json::Null) => Some(place),
            Some(index) => index.as_u64().and_then(|index| usize::try_from(index).ok()),
        };
        let slot = index.and_then(|index| vectors.get_mut(index));
        let slot = slot.ok_or_else(|| format!("entry {place} of its data has no place among {}", data.len()))?;
        *slot = vector(entry.get("embedding"))?;
    }
    match vectors.iter().position(Json::is_null) {
        Some(missing) => Err(format!("its data have no entry for text {missing}")),
        None => Ok(vectors),
    }
}

fn ollama_vectors(body: &Json) -> Result<Vec<Json>, String> {
    let vectors = body.get("embeddings").and_then(Json::as_array);
    let vectors = vectors.ok_or("it has no embeddings")?;
    vectors.iter().map(|entry| vector(Some(entry))).collect()
}

fn vector(entry: Option<&Json>) -> Result<Json, String> {
    let numbers = entry.and_then(Json::as_array).filter(|numbers| !numbers.is_empty());
    match numbers {
        Some(numbers) if numbers.iter().all(Json::is_number) => Ok(Json::Array(numbers.clone())),
        _ => Err("an embedding is not a list of numbers".into()),
    }
}

/// Vectors never come in pieces.
struct Nothing;

impl Assembler for Nothing {
    fn push(&mut self, _event: Json) -> Result<Piece, WireError> {
        Ok(Piece::Other)
    }

    fn finish(self: Box<Self>) -> (Json, bool) {
        (Json::Null, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Embeddings, body: &str) -> Result<(String, Usage), String> {
        let answer = format.read(serde_json::from_str(body).unwrap())?;
        Ok((answer.reply.text.unwrap(), answer.reply.usage))
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts() {
        let body = r#"{"object":"list","model":"m-1","usage":{"prompt_tokens":7,"total_tokens":7},
            "data":[{"index":1,"embedding":[0.5,-1]},{"index":0,"embedding":[1,0]}]}"#;
        let (text, usage) = read(Embeddings::OpenAi, body).unwrap();
        assert_eq!(text, "[[1,0],[0.5,-1]]");
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(7), Some(0)));
        let body = r#"{"model":"m","embeddings":[[1,2],[3,4]],"prompt_eval_count":3}"#;
        assert_eq!(read(Embeddings::Ollama, body).unwrap().0, "[[1,2],[3,4]]");
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for body in [
            "{}",
            r#"{"data":{}}"#,
            r#"{"data":[{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"index":-1,"embedding":[1]}]}"#,
            r#"{"data":[{"embedding":[]}]}"#,
            r#"{"data":[{"embedding":["a"]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}"#,
            r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#,
        ] {
            assert!(read(Embeddings::OpenAi, body).is_err(), "{body}");
        }
        for body in ["{}", r#"{"embeddings":[1]}"#, r#"{"embeddings":[[null]]}"#] {
            assert!(read(Embeddings::Ollama, body).is_err(), "{body}");
        }
    }
}
