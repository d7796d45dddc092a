//! Events of a streamed message, put together.

use serde_json::{Map, Value as Json, json};

use crate::providers::failure::WireError;
use crate::providers::wire::{Assembler, Piece, append};

/// The message so far.
#[derive(Default)]
pub(super) struct MessageEvents {
    message: Map<String, Json>,
    /// Content blocks by their index, with the arguments of a call as the text that has come of them.
    blocks: Vec<(u64, Json, String)>,
    is_stopped: bool,
}

impl MessageEvents {
    fn take_delta(&mut self, index: u64, delta: &Json) -> Piece {
        let Some((_, block, arguments)) = self.blocks.iter_mut().find(|(known, ..)| *known == index) else {
            return Piece::Other;
        };
        let text = |name: &str| delta.get(name).and_then(Json::as_str).unwrap_or_default();
        match delta["type"].as_str().unwrap_or_default() {
            "text_delta" => {
                append(block, "text", text("text"));
                Piece::Token
            }
            "input_json_delta" => {
                arguments.push_str(text("partial_json"));
                Piece::Token
            }
            "thinking_delta" => {
                append(block, "thinking", text("thinking"));
                Piece::Other
            }
            "signature_delta" => {
                append(block, "signature", text("signature"));
                Piece::Other
            }
            _ => Piece::Other,
        }
    }

    fn take_fields(&mut self, fields: &Json) {
        for (name, value) in fields.as_object().into_iter().flatten() {
            self.message.insert(name.clone(), value.clone());
        }
    }

    /// Counts are those so far, so the last ones hold; the first event has some that later ones leave out.
    fn take_usage(&mut self, usage: &Json) {
        let known = self.message.entry("usage").or_insert_with(|| json!({}));
        if let (Some(known), Some(usage)) = (known.as_object_mut(), usage.as_object()) {
            known.extend(
                usage
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(k, v)| (k.clone(), v.clone())),
            );
        }
    }
}

impl Assembler for MessageEvents {
    fn push(&mut self, event: Json) -> Result<Piece, WireError> {
        let index = event["index"].as_u64().unwrap_or(0);
        let mut piece = Piece::Other;
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => self.take_fields(&event["message"]),
            "content_block_start" => self.blocks.push((index, event["content_block"].clone(), String::new())),
            "content_block_delta" => piece = self.take_delta(index, &event["delta"]),
            "message_delta" => {
                self.take_fields(&event["delta"]);
                self.take_usage(&event["usage"]);
            }
            "message_stop" => self.is_stopped = true,
            // Pings, and events of a later version.
            _ => {}
        }
        Ok(piece)
    }

    fn finish(self: Box<Self>) -> (Json, bool) {
        let mut message = self.message;
        let content = self.blocks.into_iter().map(|(_, mut block, arguments)| {
            if !arguments.is_empty()
                && let Some(fields) = block.as_object_mut()
            {
                // Arguments that are not JSON stay the text that the model wrote.
                let input = serde_json::from_str(&arguments).unwrap_or(Json::String(arguments));
                fields.insert("input".into(), input);
            }
            block
        });
        message.insert("content".into(), content.collect());
        (Json::Object(message), self.is_stopped)
    }
}
