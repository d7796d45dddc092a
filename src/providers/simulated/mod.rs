//! The simulated model: a small deterministic program that reads a prompt's instructions and applies them to a ticket.
//!
//! It knows no ticket, no route and no rule of its own: whatever it does, the prompt told it to, so that a better
//! prompt
//! really scores better. It is pure: no I/O, no clock, and the same request always gets the same reply.
//!
//! # What it reads
//!
//! Instructions come from system and developer messages only; the ticket is the last user message. So nothing that a
//! ticket says can change a route or a rule. Bullets (`-`, `*`, `1.`) belong to the heading above them: a line that
//! ends
//! in a colon, a Markdown heading or a line in bold.
//!
//! - **Routes.** A heading that names a text field of the answer (`Routes:` for `"route"`), or else says route, queue,
//!   category, team, department, intent or topic. Each bullet is `name: keywords`. A bullet that says "anything else",
//!   or a line such as `If no route fits, use: general`, names the fallback. Several such lists may stand in a prompt.
//! - **Flags.** A heading that names a `true or false` field (`Escalate when the ticket mentions:` for `"escalate"`);
//!   each bullet is a rule. A heading or bullet that says not or never makes exceptions of them, and an exception wins
//!   over
//!   every rule. A sentence anywhere works too: `Always escalate billing disputes.`
//! - **Answer.** The keys come from the first `{ "key": hint, ... }` in the instructions, in that order: a list's field
//!   gets the chosen name, a `true or false` field gets its flag, a number the share of the score that the choice won,
//!   a list the keywords that were found, any other text a short reason.
//!
//! # How keywords count
//!
//! Commas, semicolons, colons, brackets, "or" and "and" separate keywords. Articles, pronouns and words such as
//! "customer" or
//! "mentions" are dropped. Words are compared whole, without case and without common English endings (charge, charges,
//! charged). A keyword of several words is found when none of the others is more than 8 words from the first; their
//! order does not matter, and it counts as many points as it has words. What follows "except", "unless" or "but not",
//! up
//! to the end of the sentence, switches that bullet off. The name of a route is one of its keywords. The route with the
//! most points wins, the earlier one on a tie; with no points the fallback
//! wins, and without a fallback the first route.
//!
//! # How it answers
//!
//! Bare JSON where a JSON response format is asked for, or where the prompt says JSON and *only*, *just*, *nothing
//! else* or *no prose*;
//! where the prompt only shows the JSON, a sentence and a fenced block; where it says nothing of JSON, prose. Without
//! any
//! route or rule it says so and triages nothing. Tokens are bytes / 4; an answer longer than the limit is cut.
//!
//! # Noise
//!
//! Three draws in `0..1` come from SHA-256 over the seed and the messages; the temperature `t` (0 to 2) decides which
//! of them is a
//! slip. With a chance of `0.1 t` the runner-up takes the first list, with another `0.1 t` every flag is forgotten, and
//! with
//! `0.2 (t - 1)` the JSON loses its last brace. At 0 there is no slip, and a higher temperature only adds slips.
//!
//! Under the name `triage-sim-2` the draws differ from repeat to repeat, so that an example may pass once and fail
//! once, as with a real model; the same request and repeat always get the same answer. A temperature that is not set
//! counts as 1 there.
//!
//! # Limits
//!
//! It reads the first 128 KiB of the instructions and the first 64 KiB or 4,096 words of the ticket. The rest only
//! counts as
//! tokens.

mod answer;
mod embedding;
mod instructions;
mod judge;
mod noise;
mod template;
mod ticket;
mod wording;

#[cfg(test)]
mod tests;

pub use embedding::{EMBEDDING_NAME, embed};
use instructions::Instructions;
pub use judge::{JUDGE_NAME, judge};
use noise::Noise;
use ticket::Ticket;

/// The name a prompt asks for it by.
pub const MODEL_NAME: &str = "triage-sim-1";

/// The name of its fellow, whose slips at a temperature above 0 are drawn anew for each repeat.
pub const VARYING_NAME: &str = "triage-sim-2";

/// How much of all instructions together is read: far above any prompt, and it bounds the work.
const INSTRUCTION_BYTES_MAX: usize = 128 * 1024;

/// One rendered message as the model sees it.
#[derive(Debug, Clone, Copy)]
pub struct SimMessage<'a> {
    /// `system`, `developer`, `user`, `assistant`, ...
    pub role: &'a str,
    /// The rendered text.
    pub text: &'a str,
}

/// The seed from which a repeat of a request draws its slips; the first repeat has the seed itself.
pub fn seed_of_repeat(seed: u64, repeat: u32) -> u64 {
    // In the high half, so that the repeats of one small seed are not those of another.
    seed ^ (u64::from(repeat) << 32)
}

/// What the model is asked.
#[derive(Debug, Clone, Copy)]
pub struct SimRequest<'a> {
    /// The messages in order.
    pub messages: &'a [SimMessage<'a>],
    /// 0 to 2; anything else is moved to the nearer end, and not-a-number counts as 0.
    pub temperature: f64,
    /// Which slips happen at a temperature above 0.
    pub seed: u64,
    /// The answer is cut after so many tokens.
    pub max_output_tokens: Option<u32>,
    /// Whether a JSON response format is asked for.
    pub wants_json: bool,
}

/// What the model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimReply {
    /// The answer.
    pub text: String,
    /// `stop`, or `length` where the answer was cut.
    pub finish_reason: &'static str,
    /// Tokens of all messages.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// A plausible latency, made from the token counts and the hash: nothing was waited for.
    pub latency_ms: u64,
}

/// Reads the instructions, applies them to the ticket and answers.
pub fn answer(request: &SimRequest<'_>) -> SimReply {
    let noise = Noise::draw(request.seed, request.messages, request.temperature);
    let instructions = Instructions::read(&instruction_text(request.messages));
    let ticket = Ticket::read(ticket_text(request.messages));
    let full = answer::compose(&instructions, &ticket, request.wants_json, &noise);

    let (text, finish_reason) = match request.max_output_tokens {
        Some(max) if tokens(full.len()) > u64::from(max) => (cut_to_tokens(&full, max), "length"),
        _ => (full, "stop"),
    };
    let input_tokens = request.messages.iter().map(|message| tokens(message.text.len())).sum();
    let output_tokens = tokens(text.len());
    SimReply {
        latency_ms: noise.latency_ms(input_tokens, output_tokens),
        text,
        finish_reason,
        input_tokens,
        output_tokens,
    }
}

fn instruction_text(messages: &[SimMessage<'_>]) -> String {
    let mut text = String::new();
    for message in messages
        .iter()
        .filter(|message| matches!(message.role, "system" | "developer"))
    {
        text.push_str(prefix(message.text, INSTRUCTION_BYTES_MAX.saturating_sub(text.len())));
        text.push_str("\n\n");
    }
    text
}

fn ticket_text<'a>(messages: &[SimMessage<'a>]) -> &'a str {
    messages
        .iter()
        .rev()
        .find(|message| message.role == "user")
        .map_or("", |message| message.text)
}

const BYTES_PER_TOKEN: usize = 4;

fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

fn cut_to_tokens(text: &str, max: u32) -> String {
    let bytes_max = usize::try_from(max)
        .unwrap_or(usize::MAX)
        .saturating_mul(BYTES_PER_TOKEN);
    prefix(text, bytes_max).to_owned()
}

/// The longest start of `text` that has at most `bytes_max` bytes and ends between two characters.
fn prefix(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
