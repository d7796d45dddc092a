//! Chunks of a streamed chat completion, put together.

use serde_json::{Map, Value as Json, json};

use crate::providers::failure::WireError;
use crate::providers::wire::{Assembler, Piece, append};

/// The chunks so far, as the body that they stand for.
#[derive(Default)]
pub(super) struct Chunks {
    /// Fields beside the choices, the last of each name.
    fields: Map<String, Json>,
    message: Map<String, Json>,
    calls: Vec<Json>,
    finish_reason: Json,
    is_done: bool,
}

impl Chunks {
    fn take_delta(&mut self, delta: &Json) -> Piece {
        let mut piece = Piece::Other;
        for (name, value) in delta.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("tool_calls", Json::Array(calls)) => {
                    for call in calls {
                        self.take_call(call);
                    }
                    piece = Piece::Token;
                }
                (_, Json::Null) => {}
                // Pieces of a text; its first piece may be empty.
                (_, Json::String(text)) if name != "role" => {
                    if matches!(name.as_str(), "content" | "refusal") && !text.is_empty() {
                        piece = Piece::Token;
                    }
                    let mut message = Json::Object(std::mem::take(&mut self.message));
                    append(&mut message, name, text);
                    if let Json::Object(fields) = message {
                        self.message = fields;
                    }
                }
                // Pieces of a list, such as reasoning details.
                (_, Json::Array(items)) => match self.message.get_mut(name) {
                    Some(Json::Array(list)) => list.extend(items.iter().cloned()),
                    _ => drop(self.message.insert(name.clone(), value.clone())),
                },
                _ => drop(self.message.insert(name.clone(), value.clone())),
            }
        }
        piece
    }

    /// A piece of a call; pieces of one call have one index, and only the first has id and name.
    fn take_call(&mut self, piece: &Json) {
        let index = piece.get("index").and_then(Json::as_u64);
        let known = match index {
            Some(_) => self
                .calls
                .iter_mut()
                .find(|call| call.get("index").and_then(Json::as_u64) == index),
            // A server without indexes sends whole calls, which have ids.
            None if piece.get("id").is_none() => self.calls.last_mut(),
            None => None,
        };
        let Some(call) = known else {
            self.calls.push(piece.clone());
            return;
        };
        if let Some(arguments) = piece.pointer("/function/arguments").and_then(Json::as_str)
            && let Some(function) = call.get_mut("function")
        {
            append(function, "arguments", arguments);
        }
    }
}

impl Assembler for Chunks {
    fn push(&mut self, event: Json) -> Result<Piece, WireError> {
        let Json::Object(mut chunk) = event else {
            return Ok(Piece::Other);
        };
        let choices = chunk.remove("choices").unwrap_or_default();
        for (name, value) in chunk {
            if !value.is_null() {
                self.fields.insert(name, value);
            }
        }
        let Some(choice) = choices.get(0) else {
            return Ok(Piece::Other);
        };
        if let Some(reason) = choice.get("finish_reason").filter(|reason| !reason.is_null()) {
            self.finish_reason = reason.clone();
        }
        Ok(choice.get("delta").map_or(Piece::Other, |delta| self.take_delta(delta)))
    }

    fn done(&mut self) {
        self.is_done = true;
    }

    /// Whole with a finish reason: some servers leave out the last mark, and no mark alone makes half an answer whole.
    fn finish(self: Box<Self>) -> (Json, bool) {
        let is_whole = !self.finish_reason.is_null() || (self.is_done && self.message.contains_key("content"));
        let mut message = self.message;
        if !self.calls.is_empty() {
            let mut calls = self.calls;
            for call in calls.iter_mut().filter_map(Json::as_object_mut) {
                call.shift_remove("index");
            }
            message.insert("tool_calls".into(), Json::Array(calls));
        }
        let mut body = self.fields;
        body.insert(
            "choices".into(),
            json!([{"index": 0, "message": message, "finish_reason": self.finish_reason}]),
        );
        (Json::Object(body), is_whole)
    }
}
