//! A local program as a provider: one JSON request a line on its standard input, one answer a line on its output.
//!
//! Each request in flight has a process of its own, kept for the next one: the simplest loop over lines serves many
//! requests at once, and a process that hangs, crashes or talks out of turn spoils one answer and is replaced.

mod format;
mod process;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::http::excerpt;
use super::price::PriceTable;
use super::redact::Redactor;
use super::{Answering, ChatReply, ChatRequest, Endpoint, Provider, ProviderError, Retry, flags};
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Usage};
use crate::domain::run::AnswerSource;
use process::{Fault, Process};

/// The provider's name in prompts.
const NAME: &str = "command";
/// Processes at most; further requests wait, and their time has not begun yet.
const PROCESSES_MAX: usize = 64;

/// The program, and its processes that wait for a request.
pub(super) struct CommandProvider {
    program: String,
    arguments: Vec<String>,
    time_limit: Duration,
    redactor: Redactor,
    prices: Arc<PriceTable>,
    idle: Mutex<Vec<Process>>,
    free: Semaphore,
    /// Of the next request.
    number: AtomicU64,
}

impl CommandProvider {
    /// Reads the command line. No process is started yet.
    pub(super) fn new(line: &str, endpoint: &Endpoint, redactor: Redactor) -> Result<Self, ProviderError> {
        let refuse = |why: &str| Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, why));
        // The line is recorded with the run.
        if redactor.clean(line.to_owned()) != line {
            return refuse("the command line holds a key: let the program read it from the environment");
        }
        let mut words = match words(line) {
            Some(words) => words.into_iter(),
            None => return refuse("the command line has a quote that does not end"),
        };
        let Some(program) = words.next() else {
            return refuse("the command line is empty");
        };
        Ok(Self {
            program,
            arguments: words.collect(),
            time_limit: endpoint.timeout,
            redactor,
            prices: Arc::clone(&endpoint.prices),
            idle: Mutex::default(),
            free: Semaphore::new(PROCESSES_MAX),
            number: AtomicU64::new(1),
        })
    }

    async fn attempt(&self, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        // The semaphore is never closed, so a permit always comes.
        let _permit = self.free.acquire().await;
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let line = format::request_line(number, request);
        let started = Instant::now();
        let result = self.exchange(&line).await;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match result.and_then(|raw| self.read(raw, number, request)) {
            Ok(reply) => Ok(ChatReply { latency_ms, ..reply }),
            Err(error) => Err(ProviderError { latency_ms, ..error }),
        }
    }

    /// Gives the line to a process and takes its answer. A process that fails is dropped, which ends it.
    async fn exchange(&self, line: &str) -> Result<String, ProviderError> {
        let mut process = self.process().await?;
        match timeout(self.time_limit, process.exchange(line)).await {
            Ok(Ok(answer)) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
                Ok(self.redactor.clean(answer))
            }
            Ok(Err(Fault::TooLong(start))) => {
                let message = format!(
                    "an answer of {} does not end; it begins: {}",
                    self.program,
                    excerpt(&start)
                );
                Err(ProviderError {
                    raw: Some(self.redactor.clean(start)),
                    ..ProviderError::new(ErrorKind::BadResponse, Retry::No, self.redactor.clean(message))
                })
            }
            Ok(Err(Fault::Ended)) => {
                let end = self.redactor.clean(process.last_words().await);
                let message = format!("{} ended without an answer: {}", self.program, excerpt(&end));
                Err(ProviderError {
                    raw: Some(end),
                    may_be_charged: true,
                    ..ProviderError::new(ErrorKind::Server, Retry::Yes, message)
                })
            }
            Err(_elapsed) => {
                let message = format!(
                    "no answer from {} within {} s",
                    self.program,
                    self.time_limit.as_secs_f64()
                );
                Err(ProviderError::new(ErrorKind::Timeout, Retry::Yes, message))
            }
        }
    }

    /// A process that waits for a request, or a new one.
    async fn process(&self) -> Result<Process, ProviderError> {
        let next = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(mut process) = next() {
            // One that ended, or said more than it was asked, is dropped: nothing that it says can be trusted.
            if process.is_quiet().await {
                return Ok(process);
            }
        }
        Process::start(&self.program, &self.arguments).map_err(|error| {
            let message = format!("cannot start {}: {error}", self.program);
            ProviderError::new(ErrorKind::Connect, Retry::No, message)
        })
    }

    fn read(&self, raw: String, number: u64, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        match format::read_answer(&raw, number) {
            Ok(reply) => {
                let priced = |model: &str| self.cost(model, &reply.usage);
                let cost = reply.cost.or_else(|| priced(reply.resolved_model.as_deref()?));
                Ok(ChatReply {
                    cost: cost.or_else(|| priced(&request.model.name)),
                    raw,
                    ..reply
                })
            }
            Err((why, retry)) => {
                let kind = match retry {
                    Some(_) => ErrorKind::Server,
                    None => ErrorKind::BadResponse,
                };
                Err(ProviderError {
                    raw: Some(raw),
                    // It read the request, and whatever it asks may cost something.
                    may_be_charged: true,
                    ..ProviderError::new(kind, retry.unwrap_or(Retry::No), format!("{}: {why}", self.program))
                })
            }
        }
    }
}

/// The words of a command line. Quotes hold blanks together, a backslash takes the next character as it is, and there
/// is no shell behind it. `None` where a quote does not end.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

impl Provider for CommandProvider {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(self.attempt(request))
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Model
    }

    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        self.prices.cost(NAME, model_name, usage)
    }

    fn notes(&self, model: &ModelConfig) -> Vec<String> {
        let mut notes = vec![format!(
            "{} is run on this machine and decides what the settings mean",
            self.program
        )];
        if flags::streams(model) {
            notes.push("a command answers in one piece: stream does nothing".into());
        }
        notes.extend(flags::choice_note(model));
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_has_words() {
        for (line, expected) in [
            ("model", Some(vec!["model"])),
            ("  python3  answer.py\t-v ", Some(vec!["python3", "answer.py", "-v"])),
            (
                r#"run 'a b' "c \" d" e\ f '\'"#,
                Some(vec!["run", "a b", "c \" d", "e f", "\\"]),
            ),
            ("run ''", Some(vec!["run", ""])),
            ("run --x='a b'", Some(vec!["run", "--x=a b"])),
            ("", Some(vec![])),
            ("run 'a", None),
            ("run \\", None),
        ] {
            let expected: Option<Vec<String>> = expected.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(words(line), expected, "{line}");
        }
    }
}
