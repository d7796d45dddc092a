//! A wire format over HTTP: sends what the format says, and reads whatever comes back.

use std::sync::Arc;

use serde_json::Value as Json;

use super::failure::{self, WireError};
use super::http::{HttpClient, HttpReply, excerpt};
use super::limits;
use super::price::PriceTable;
use super::stream::Splitter;
use super::wire::{Answer, Assembler, Piece, WireFormat, WireRequest};
use super::{Answering, ChatReply, ChatRequest, Provider, ProviderError, Retry, flags};
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Usage};
use crate::domain::prompt::Role;
use crate::domain::run::AnswerSource;

/// The mark after the last event of a stream in the older formats.
const DONE: &str = "[DONE]";

/// One endpoint that speaks a format.
pub(super) struct HttpProvider {
    /// The provider's name in prompts.
    pub(super) name: &'static str,
    /// The variable that holds its key.
    pub(super) key_variable: &'static str,
    pub(super) http: HttpClient,
    pub(super) format: Box<dyn WireFormat>,
    pub(super) prices: Arc<PriceTable>,
}

impl HttpProvider {
    async fn attempt(&self, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        let refuse = |why| ProviderError::new(ErrorKind::BadRequest, Retry::No, why);
        if let Some(fault) = self.format.fault(&request.model) {
            return Err(refuse(fault));
        }
        let wire = self.format.request(request).map_err(refuse)?;
        let (reply, streamed) = self.send(wire).await?;
        if reply.status.is_redirection() {
            return Err(self.redirected(reply));
        }
        match streamed {
            Some(streamed) if reply.status.is_success() && streamed.event_count > 0 => {
                self.read_stream(reply, streamed, request)
            }
            _ => self.read_whole(reply, request),
        }
    }

    /// Sends, and takes a stream apart as it comes.
    async fn send(&self, wire: WireRequest) -> Result<(HttpReply, Option<Streamed>), ProviderError> {
        if !wire.streams {
            return Ok((self.http.post(wire, &mut |_, _| ()).await?, None));
        }
        let mut splitter = Splitter::new(self.format.framing());
        let mut streamed = Streamed::new(self.format.assembler());
        let reply = self
            .http
            .post(wire, &mut |bytes, at_ms| {
                for event in splitter.push(bytes) {
                    streamed.take(&self.http.clean(event), at_ms);
                }
            })
            .await;
        match reply {
            Ok(reply) => {
                // Half an event is the end of a stream that was cut, which is found below.
                let last = splitter.end().filter(|event| event.trim() == DONE || is_json(event));
                if let Some(event) = last {
                    streamed.take(&self.http.clean(event), reply.latency_ms);
                }
                Ok((reply, Some(streamed)))
            }
            // What was counted before the connection broke was paid for.
            Err(error) => Err(ProviderError {
                usage: Box::new(self.usage_of(streamed.assembler.finish().0)),
                ..error
            }),
        }
    }

    fn read_whole(&self, reply: HttpReply, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        let body: Result<Json, String> = match &reply {
            _ if !reply.is_utf8 => Err("it is not UTF-8".into()),
            _ if reply.body.trim().is_empty() => Err("it is empty".into()),
            _ => serde_json::from_str(&reply.body).map_err(|error| format!("not JSON: {error}")),
        };
        if let Some(refusal) = filtered(&reply, body.as_ref().ok()) {
            return Ok(refusal);
        }
        if let Some(error) = failure::reported(&reply, body.as_ref().ok(), self.key_variable) {
            return Err(error);
        }
        let error = body.as_ref().ok().and_then(failure::wire_error);
        match body.and_then(|body| self.format.read(body)) {
            Ok(answer) => Ok(self.whole(reply, answer, request)),
            Err(why) => Err(match error {
                // A success without an answer, but with an error of a kind that nobody knows.
                Some(error) => failure::told(&reply, &error, self.key_variable),
                None => unreadable(reply, &why),
            }),
        }
    }

    fn read_stream(
        &self,
        reply: HttpReply,
        streamed: Streamed,
        request: &ChatRequest,
    ) -> Result<ChatReply, ProviderError> {
        let Streamed {
            assembler,
            first_token_ms,
            fault,
            ..
        } = streamed;
        let (body, is_whole) = assembler.finish();
        if fault.is_some() || !is_whole {
            let error = match fault {
                Some(StreamFault::Told(error)) => failure::told(&reply, &error, self.key_variable),
                Some(StreamFault::NotJson(why)) => unreadable(reply, &why),
                None => self.cut(reply),
            };
            let usage = Box::new(self.usage_of(body));
            return Err(ProviderError { usage, ..error });
        }
        // A key that came in pieces is whole again only here.
        let assembled = body.to_string();
        let cleaned = self.http.clean(assembled.clone());
        let (body, raw) = if cleaned == assembled {
            (body, reply.body.clone())
        } else {
            (serde_json::from_str(&cleaned).unwrap_or(Json::Null), cleaned)
        };
        if let Some(error) = failure::reported(&reply, Some(&body), self.key_variable) {
            return Err(error);
        }
        match self.format.read(body) {
            Ok(answer) => Ok(ChatReply {
                raw,
                time_to_first_token_ms: first_token_ms,
                ..self.whole(reply, answer, request)
            }),
            Err(why) => Err(unreadable(reply, &why)),
        }
    }

    /// An answer with what only the transport knows.
    fn whole(&self, reply: HttpReply, answer: Answer, request: &ChatRequest) -> ChatReply {
        let Answer { reply: read, bill } = answer;
        let priced = |model: &str| self.prices.bill(self.name, model, &read.usage, &bill);
        // A provider that answers under a longer name still has the price of the one that was asked for.
        let cost = read.resolved_model.as_deref().and_then(priced);
        ChatReply {
            cost: bill.reported.or(cost).or_else(|| priced(&request.model.name)),
            rate_limits: limits::read(&reply.headers),
            status: Some(reply.status.as_u16()),
            latency_ms: reply.latency_ms,
            raw: reply.body,
            ..read
        }
    }

    fn usage_of(&self, body: Json) -> Usage {
        let answer = self.format.read(body);
        answer.map(|answer| answer.reply.usage).unwrap_or_default()
    }

    fn cut(&self, reply: HttpReply) -> ProviderError {
        let host = self.http.base_url().host();
        let message = format!("the stream from {host} ended before the answer did");
        ProviderError {
            retry: Retry::Yes,
            kind: ErrorKind::Connect,
            ..bad_response(reply, message)
        }
    }

    fn redirected(&self, reply: HttpReply) -> ProviderError {
        let location = self.http.location(&reply.headers);
        let message = format!(
            "{} redirects to {}, which is not followed: set the base URL to where it leads",
            self.http.base_url(),
            location.as_deref().unwrap_or("nowhere")
        );
        bad_response(reply, message)
    }
}

/// What came of a stream so far.
struct Streamed {
    assembler: Box<dyn Assembler>,
    event_count: usize,
    first_token_ms: Option<u64>,
    /// Why no further event is taken.
    fault: Option<StreamFault>,
}

#[derive(Debug, Clone)]
enum StreamFault {
    /// An event said so.
    Told(WireError),
    /// An event cannot be read.
    NotJson(String),
}

impl Streamed {
    fn new(assembler: Box<dyn Assembler>) -> Self {
        Self {
            assembler,
            event_count: 0,
            first_token_ms: None,
            fault: None,
        }
    }

    fn take(&mut self, event: &str, at_ms: u64) {
        if self.fault.is_some() {
            return;
        }
        if event.trim() == DONE {
            self.assembler.done();
            return;
        }
        let event: Json = match serde_json::from_str(event) {
            Ok(event) => event,
            Err(error) => {
                self.fault = Some(StreamFault::NotJson(format!("an event is not JSON: {error}")));
                return;
            }
        };
        self.event_count += 1;
        let taken = match failure::wire_error(&event) {
            Some(error) => Err(error),
            None => self.assembler.push(event),
        };
        match taken {
            Ok(Piece::Token) => self.first_token_ms = self.first_token_ms.or(Some(at_ms)),
            Ok(Piece::Other) => {}
            Err(error) => self.fault = Some(StreamFault::Told(error)),
        }
    }
}

/// The refusal that a content filter before the model gives as an error: the model's makers refuse the prompt, and
/// will again.
fn filtered(reply: &HttpReply, body: Option<&Json>) -> Option<ChatReply> {
    let error = failure::wire_error(body?)?;
    (reply.status.as_u16() == 400 && error.word.as_deref() == Some("content_filter")).then(|| ChatReply {
        raw: reply.body.clone(),
        refusal: Some(error.message.unwrap_or_else(|| "content_filter".into())),
        finish_reason: Some("content_filter".into()),
        rate_limits: limits::read(&reply.headers),
        status: Some(reply.status.as_u16()),
        latency_ms: reply.latency_ms,
        ..ChatReply::default()
    })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn unreadable(reply: HttpReply, why: &str) -> ProviderError {
    let begins = match excerpt(&reply.body) {
        nothing if nothing.is_empty() => String::new(),
        start => format!("; it begins: {start}"),
    };
    bad_response(reply, format!("the answer cannot be read: {why}{begins}"))
}

fn bad_response(reply: HttpReply, message: String) -> ProviderError {
    ProviderError {
        status: Some(reply.status.as_u16()),
        rate_limits: Box::new(limits::read(&reply.headers)),
        raw: Some(reply.body),
        latency_ms: reply.latency_ms,
        ..ProviderError::new(ErrorKind::BadResponse, Retry::No, message)
    }
}

impl Provider for HttpProvider {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(self.attempt(request))
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Model
    }

    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        self.prices.cost(self.name, model_name, usage)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes: Vec<String> = self.format.fault(model).into_iter().collect();
        notes.extend(self.format.notes(model));
        notes.extend(flags::choice_note(model));
        if self.http.base_url().is_readable_on_the_way() {
            let host = self.http.base_url().host();
            notes.push(format!("prompts and key go to {host} unencrypted: use https"));
        }
        notes
    }

    fn role_notes(&self, roles: &[Role]) -> Vec<String> {
        self.format.role_notes(roles)
    }
}
