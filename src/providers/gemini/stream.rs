//! Pieces of a streamed answer, put together.

use serde_json::{Map, Value as Json};

use crate::providers::failure::WireError;
use crate::providers::wire::{Assembler, Piece, append};

/// The answer so far.
#[derive(Default)]
pub(super) struct Chunks {
    /// Fields beside the candidates, the last of each name.
    fields: Map<String, Json>,
    /// Fields of the first candidate beside its content.
    candidate: Map<String, Json>,
    parts: Vec<Json>,
}

impl Chunks {
    /// Text goes on where the part before it was of the same kind and had no signature, which belongs to its part.
    fn take_part(&mut self, part: &Json) -> Piece {
        let is_text = |part: &Json| part["text"].is_string() && part.get("thoughtSignature").is_none();
        let is_thought = part["thought"] == true;
        match self.parts.last_mut() {
            Some(last) if is_text(last) && is_text(part) && last.get("thought") == part.get("thought") => {
                append(last, "text", part["text"].as_str().unwrap_or_default());
            }
            _ => self.parts.push(part.clone()),
        }
        let has_text = part["text"].as_str().is_some_and(|text| !text.is_empty());
        if !is_thought && (has_text || part.get("functionCall").is_some()) {
            Piece::Token
        } else {
            Piece::Other
        }
    }
}

impl Assembler for Chunks {
    fn push(&mut self, event: Json) -> Result<Piece, WireError> {
        let Json::Object(mut fields) = event else {
            return Ok(Piece::Other);
        };
        let candidates = fields.remove("candidates").unwrap_or_default();
        self.fields.extend(fields);
        let mut piece = Piece::Other;
        for (name, value) in candidates.get(0).and_then(Json::as_object).into_iter().flatten() {
            if name != "content" {
                self.candidate.insert(name.clone(), value.clone());
                continue;
            }
            for part in value.get("parts").and_then(Json::as_array).into_iter().flatten() {
                if self.take_part(part) == Piece::Token {
                    piece = Piece::Token;
                }
            }
        }
        Ok(piece)
    }

    fn finish(self: Box<Self>) -> (Json, bool) {
        let mut body = self.fields;
        let is_blocked = body
            .get("promptFeedback")
            .is_some_and(|feedback| feedback.get("blockReason").is_some());
        let is_whole = is_blocked || self.candidate.contains_key("finishReason");
        let mut candidate = self.candidate;
        if !self.parts.is_empty() {
            let content = [("role", Json::from("model")), ("parts", Json::Array(self.parts))];
            candidate.insert("content".into(), content.into_iter().collect());
        }
        if !candidate.is_empty() {
            body.insert("candidates".into(), Json::Array(vec![Json::Object(candidate)]));
        }
        (Json::Object(body), is_whole)
    }
}
