//! What every wire format has to say. A format is pure: our types in, JSON out, and back; no network, no clock.

use serde_json::{Value as Json, json};

use super::failure::WireError;
use super::price::Bill;
use super::stream::Framing;
use super::{ChatReply, ChatRequest};
use crate::domain::model::ModelConfig;
use crate::domain::outcome::RenderedMessage;
use crate::domain::prompt::Role;

/// How a request proves who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The key alone, in a header of this name.
    Header(&'static str),
}

/// A request as it goes out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WireRequest {
    /// Segments below the base URL.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) auth: Auth,
    /// Headers besides those of every request.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the answer is to come in pieces.
    pub(super) streams: bool,
}

/// An answer as the body gives it: no bytes, status or times yet.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) reply: ChatReply,
    pub(super) bill: Bill,
}

/// Messages as most formats have them: a role in the format's own word, and a text.
pub(super) fn plain_messages<'a>(
    messages: impl IntoIterator<Item = &'a RenderedMessage>,
    role: impl Fn(Role) -> &'static str,
) -> Vec<Json> {
    let plain = |message: &RenderedMessage| json!({"role": role(message.role), "content": message.text});
    messages.into_iter().map(plain).collect()
}

/// One wire format.
pub(super) trait WireFormat: Send + Sync {
    /// What to send, or why this cannot be asked.
    fn request(&self, request: &ChatRequest) -> Result<WireRequest, String>;

    /// Reads an answer; the error says what is missing.
    fn read(&self, body: Json) -> Result<Answer, String>;

    /// How events of a stream are told apart.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Puts the events of one stream together.
    fn assembler(&self) -> Box<dyn Assembler>;

    /// What cannot be sent at all.
    fn fault(&self, model: &ModelConfig) -> Option<String>;

    /// What is sent otherwise than its name says, or not at all.
    fn notes(&self, model: &ModelConfig) -> Vec<String>;

    /// The same for messages of these roles.
    fn role_notes(&self, roles: &[Role]) -> Vec<String>;
}

/// What an event of a stream brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A piece of text or of a call.
    Token,
    /// Something else.
    Other,
}

/// Puts a stream together to the body that the same answer would have had in one piece, so that one reader reads both.
pub(super) trait Assembler: Send {
    /// Takes the next event.
    fn push(&mut self, event: Json) -> Result<Piece, WireError>;

    /// Takes the mark with which some streams end.
    fn done(&mut self) {}

    /// The body so far, and whether the stream said that it is whole.
    fn finish(self: Box<Self>) -> (Json, bool);
}

/// Messages for an API that keeps instructions apart from the conversation.
pub(super) struct Conversation<'a> {
    /// Texts of system and developer messages.
    pub(super) instructions: Vec<&'a str>,
    /// The others; never empty, since such APIs want at least one.
    pub(super) turns: Vec<&'a RenderedMessage>,
}

impl<'a> Conversation<'a> {
    /// Parts them; where there are only instructions, they are what the person says.
    pub(super) fn new(messages: &'a [RenderedMessage]) -> Self {
        let (instructions, turns): (Vec<_>, Vec<_>) = messages.iter().partition(|message| is_instruction(message.role));
        if turns.is_empty() {
            return Self {
                instructions: Vec::new(),
                turns: instructions,
            };
        }
        Self {
            instructions: instructions.into_iter().map(|message| message.text.as_str()).collect(),
            turns,
        }
    }

    /// What parting them does to messages of these roles.
    pub(super) fn notes(provider: &str, roles: &[Role]) -> Vec<String> {
        let mut notes = Vec::new();
        let mut conversation = roles.iter().skip_while(|role| is_instruction(**role)).peekable();
        if conversation.peek().is_none() {
            notes.push(format!(
                "{provider} wants a message of the user: the instructions are sent as one"
            ));
        } else if conversation.any(|role| is_instruction(*role)) {
            notes.push(format!(
                "{provider} keeps instructions apart: those after the first other message are sent before all messages"
            ));
        }
        if roles.contains(&Role::Tool) {
            notes.push(format!(
                "messages of the role tool answer no call here: {provider} gets them as the user's"
            ));
        }
        notes
    }
}

fn is_instruction(role: Role) -> bool {
    matches!(role, Role::System | Role::Developer)
}

/// A count of tokens; one that is negative or no whole number is unknown rather than spoil the answer.
pub(super) fn count(usage: &Json, pointer: &str) -> Option<u64> {
    usage.pointer(pointer)?.as_u64()
}

/// The text at a place, where it is one.
pub(super) fn text(value: &Json, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

/// A call's arguments as text: as the model wrote them where they are text, else as JSON.
pub(super) fn arguments(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Appends to the text under a key, and makes it where there is none.
pub(super) fn append(target: &mut Json, key: &str, piece: &str) {
    match target.get_mut(key) {
        Some(Json::String(text)) => text.push_str(piece),
        _ => {
            if let Some(fields) = target.as_object_mut() {
                fields.insert(key.to_owned(), Json::from(piece));
            }
        }
    }
}
