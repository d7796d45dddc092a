//! The simulated judge: it compares the answer with the expected text, as they stand under headings of the last message
//! of the user, and says how near they are in the form that the instructions show.
//!
//! # What it reads
//!
//! A heading is a line of its own that ends in a colon, or begins with `#`: `Answer:` (or `Response`, `Candidate`),
//! `Expected:` (or `Reference`), `First:` and `Second:`. What stands below it up to the next heading is the text.
//!
//! # How it judges
//!
//! Two texts that are JSON objects are as near as the share of the expected fields that are the same; others as the F1
//! of their words. It has no opinion of its own: what has no expected text beside it is judged by its length.
//!
//! - `"score"` in the instructions: the nearness on the scale that they name (`1 to 5`, `0-10`; 1 to 5 without one),
//!   rounded to a whole number.
//! - `"label"`: one of the words in its value (`"label": "correct | partly | wrong"`), of which the first is the best.
//! - `"winner"`: `first`, `second` or `tie`, by the nearness to the expected text, or else by the length.
//!
//! # Errors
//!
//! At a temperature `t` it errs with a chance of `0.1 t`, drawn from its seed and the messages: it turns the scale
//! round, takes the neighbouring label, or names the other one as the winner.

use serde_json::{Value as Json, json};

use super::noise::Noise;
use super::wording::words;
use super::{SimReply, SimRequest, instruction_text, prefix, ticket_text, tokens};

/// The name a prompt asks for it by.
pub const JUDGE_NAME: &str = "judge-sim-1";

/// How much of a text is compared: it bounds the work.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The scale where the instructions name none.
const SCALE: (f64, f64) = (1.0, 5.0);

/// Judges what the messages show.
pub fn judge(request: &SimRequest<'_>) -> SimReply {
    let noise = Noise::draw(request.seed, request.messages, request.temperature);
    let instructions = instruction_text(request.messages);
    let shown = Shown::read(ticket_text(request.messages));
    let text = verdict(&instructions, &shown, noise.slips_route()).to_string();
    let input_tokens = request.messages.iter().map(|message| tokens(message.text.len())).sum();
    let output_tokens = tokens(text.len());
    SimReply {
        latency_ms: noise.latency_ms(input_tokens, output_tokens),
        text,
        finish_reason: "stop",
        input_tokens,
        output_tokens,
    }
}

/// The texts under the headings.
#[derive(Debug, Default)]
struct Shown {
    answer: String,
    expected: Option<String>,
    first: Option<String>,
    second: Option<String>,
}

#[derive(Clone, Copy)]
enum Heading {
    Answer,
    Expected,
    First,
    Second,
    Other,
}

impl Shown {
    fn read(message: &str) -> Self {
        let mut shown = Self::default();
        let mut under = Heading::Other;
        for line in prefix(message, 2 * TEXT_BYTES_MAX).lines() {
            if let Some(heading) = heading(line) {
                under = heading;
                continue;
            }
            let text = match under {
                Heading::Answer => &mut shown.answer,
                Heading::Expected => shown.expected.get_or_insert_default(),
                Heading::First => shown.first.get_or_insert_default(),
                Heading::Second => shown.second.get_or_insert_default(),
                Heading::Other => continue,
            };
            text.push_str(line);
            text.push('\n');
        }
        shown
    }

    fn nearness(&self, text: &str) -> f64 {
        match &self.expected {
            Some(expected) => nearness(expected, text),
            None => f64::from(u8::from(!text.trim().is_empty())),
        }
    }
}

fn heading(line: &str) -> Option<Heading> {
    let line = line.trim();
    let name = line.strip_suffix(':').or_else(|| line.strip_prefix('#'))?;
    let name = name.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_short = name.split_whitespace().count() <= 3;
    let last = name.split_whitespace().next_back().filter(|_| is_short)?;
    let has = |word: &str| name.split_whitespace().any(|other| other == word);
    Some(match last {
        _ if has("expected") || has("reference") => Heading::Expected,
        _ if has("first") => Heading::First,
        _ if has("second") => Heading::Second,
        "answer" | "response" | "candidate" => Heading::Answer,
        _ => Heading::Other,
    })
}

fn verdict(instructions: &str, shown: &Shown, errs: bool) -> Json {
    if instructions.contains("\"winner\"") {
        let (first, second) = (shown.first.as_deref(), shown.second.as_deref());
        return winner(shown, first.unwrap_or_default(), second.unwrap_or_default(), errs);
    }
    let near = shown.nearness(&shown.answer);
    let explanation = format!("simulated: {:.0} % of what was expected", near * 100.0);
    if let Some(labels) = labels(instructions) {
        let last = labels.len().saturating_sub(1);
        let place = rounded_place((1.0 - near) * last as f64);
        let place = match (errs, place) {
            (false, place) => place,
            (true, 0) => 1.min(last),
            (true, place) => place - 1,
        };
        return json!({"label": labels.get(place.min(last)), "explanation": explanation});
    }
    let (low, high) = scale(instructions);
    let near = if errs { 1.0 - near } else { near };
    json!({"score": (low + near * (high - low)).round(), "explanation": explanation})
}

fn winner(shown: &Shown, first: &str, second: &str, errs: bool) -> Json {
    let worth = |text: &str| match shown.expected {
        Some(_) => shown.nearness(text),
        None => words(prefix(text, TEXT_BYTES_MAX)).count() as f64,
    };
    let is_same = first.trim() == second.trim();
    let order = worth(first).total_cmp(&worth(second));
    let order = if is_same { std::cmp::Ordering::Equal } else { order };
    let winner = match if errs { order.reverse() } else { order } {
        std::cmp::Ordering::Greater => "first",
        std::cmp::Ordering::Less => "second",
        std::cmp::Ordering::Equal => "tie",
    };
    let by = if shown.expected.is_some() {
        "nearness to what was expected"
    } else {
        "length"
    };
    json!({"winner": winner, "explanation": format!("simulated: by {by}")})
}

/// From 0 to 1.
fn nearness(expected: &str, text: &str) -> f64 {
    let (expected, text) = (
        prefix(expected.trim(), TEXT_BYTES_MAX),
        prefix(text.trim(), TEXT_BYTES_MAX),
    );
    if expected == text {
        return 1.0;
    }
    let objects = [expected, text].map(serde_json::from_str::<serde_json::Map<String, Json>>);
    if let [Ok(expected), Ok(text)] = &objects
        && !expected.is_empty()
    {
        let same = expected.iter().filter(|(key, value)| text.get(*key) == Some(value));
        return same.count() as f64 / expected.len() as f64;
    }
    let sorted = |text: &str| {
        let mut words: Vec<String> = words(text).map(|word| word.lower).collect();
        words.sort_unstable();
        words
    };
    let (expected, text) = (sorted(expected), sorted(text));
    let (mut shared, mut rest) = (0_u32, text.iter().peekable());
    for word in &expected {
        while rest.next_if(|other| *other < word).is_some() {}
        shared += u32::from(rest.next_if(|other| *other == word).is_some());
    }
    match expected.len() + text.len() {
        0 => 1.0,
        both => 2.0 * f64::from(shared) / both as f64,
    }
}

/// The words in the value of `"label"`, best first.
fn labels(instructions: &str) -> Option<Vec<&str>> {
    let (_, after) = instructions.split_once("\"label\"")?;
    let value = after.split('"').nth(1)?;
    let labels: Vec<&str> = value
        .split('|')
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .collect();
    (!labels.is_empty()).then_some(labels)
}

/// The first two whole numbers with `to` or a dash between them.
fn scale(instructions: &str) -> (f64, f64) {
    let spaced = instructions.replace(['-', '\u{2013}'], " to ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let number = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u16>().ok();
    let found = words.windows(3).find_map(|three| match three {
        [low, "to", high] => Some((number(low)?, number(high)?)).filter(|(low, high)| low < high),
        _ => None,
    });
    found.map_or(SCALE, |(low, high)| (low.into(), high.into()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list of labels: from 0 to its length"
)]
fn rounded_place(place: f64) -> usize {
    place.round() as usize
}

#[cfg(test)]
mod tests {
    use super::super::SimMessage;
    use super::*;

    fn judged(system: &str, user: &str, temperature: f64, seed: u64) -> Json {
        let messages = [("system", system), ("user", user)].map(|(role, text)| SimMessage { role, text });
        let reply = judge(&SimRequest {
            messages: &messages,
            temperature,
            seed,
            max_output_tokens: None,
            wants_json: true,
        });
        serde_json::from_str(&reply.text).unwrap()
    }

    const SCORE: &str = "Score the answer from 0 to 10. Say {\"score\": 0, \"explanation\": \"why\"}.";

    #[test]
    fn it_judges_by_nearness() {
        let score = |expected: &str, answer: &str| {
            judged(SCORE, &format!("Expected:\n{expected}\n\nAnswer:\n{answer}\n"), 0.0, 1)["score"].clone()
        };
        assert_eq!(score("pay it back", "pay it back"), 10.0);
        assert_eq!(score("pay it back", "no"), 0.0);
        assert_eq!(score("one two", "one six"), 5.0);
        assert_eq!(score(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":3}"#), 5.0);
        let label = "Say {\"label\": \"good | fair | bad\", \"explanation\": \"\"}.";
        let of = |answer: &str| judged(label, &format!("Reference answer:\na b\n## Answer\n{answer}"), 0.0, 1);
        assert_eq!(of("a b")["label"], "good");
        assert_eq!(of("a c")["label"], "fair");
        assert_eq!(of("x y")["label"], "bad");
    }

    #[test]
    fn it_errs_as_often_as_its_temperature_says() {
        let wrong = (0..2_000)
            .filter(|seed| judged(SCORE, "Expected:\na\nAnswer:\na", 1.0, *seed)["score"] != 10.0)
            .count();
        // A tenth of 2,000, give or take four standard errors of 13.
        assert!((150..=250).contains(&wrong), "{wrong}");
    }

    #[test]
    fn the_order_of_two_answers_does_not_matter_to_it() {
        let winner = "Say {\"winner\": \"first | second | tie\"}.";
        let of = |first: &str, second: &str| {
            judged(winner, &format!("First:\n{first}\nSecond:\n{second}"), 0.0, 1)["winner"].clone()
        };
        assert_eq!(of("a b c", "a"), "first");
        assert_eq!(of("a", "a b c"), "second");
        assert_eq!(of("a", "a"), "tie");
    }
}
