//! Events of a streamed response. The last one carries the whole of it.

use serde_json::Value as Json;

use crate::providers::failure::{self, WireError};
use crate::providers::wire::{Assembler, Piece};

/// The response as the last event that had one gave it.
#[derive(Default)]
pub(super) struct Events {
    response: Json,
    is_whole: bool,
}

impl Assembler for Events {
    fn push(&mut self, mut event: Json) -> Result<Piece, WireError> {
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "response.output_text.delta" | "response.refusal.delta" | "response.function_call_arguments.delta" => {
                return Ok(Piece::Token);
            }
            "error" => return Err(failure::error_of(&event)),
            "response.completed" | "response.incomplete" | "response.failed" => self.is_whole = true,
            _ => {}
        }
        if let Some(response) = event.get_mut("response") {
            self.response = response.take();
        }
        Ok(Piece::Other)
    }

    fn finish(self: Box<Self>) -> (Json, bool) {
        (self.response, self.is_whole)
    }
}
