//! Applying the instructions to a ticket, and wording the result.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::instructions::{Choice, Flag, Instructions};
use super::noise::Noise;
use super::template::{Field, Hint};
use super::ticket::Ticket;
use super::wording::Keyword;

/// Keywords that a reason or a list names.
const NAMED_KEYWORDS_MAX: usize = 3;

/// Said where the prompt gives nothing to apply.
const NO_INSTRUCTIONS: &str = "This is a simulated model. It found no routes and no rules in the \
    system message, so it cannot triage this text.";

/// A list with the option that was chosen.
struct Picked<'i> {
    choice: &'i Choice,
    name: &'i str,
    found: Vec<&'i Keyword>,
    /// The part of all points that the option has, 0 where no keyword was found.
    share: f64,
}

/// A flag with the keywords that raised it.
struct Settled<'i> {
    flag: &'i Flag,
    raised_by: Vec<&'i Keyword>,
}

/// What the model found out about a ticket.
struct Verdict<'i> {
    picks: Vec<Picked<'i>>,
    flags: Vec<Settled<'i>>,
}

/// The whole answer, before any limit on its length.
pub(super) fn compose(instructions: &Instructions, ticket: &Ticket, wants_json: bool, noise: &Noise) -> String {
    if instructions.choices.is_empty() && instructions.flags.iter().all(|flag| flag.rules.is_empty()) {
        return NO_INSTRUCTIONS.to_owned();
    }
    let verdict = Verdict::reach(instructions, ticket, noise);
    if !(wants_json || instructions.says_json) {
        return verdict.prose();
    }
    let mut json = verdict.json(&instructions.fields);
    if noise.breaks_json() {
        json.pop();
    }
    if wants_json || instructions.says_only_json {
        json
    } else {
        format!("Here is the triage of this ticket:\n\n```json\n{json}\n```")
    }
}

impl<'i> Verdict<'i> {
    fn reach(instructions: &'i Instructions, ticket: &Ticket, noise: &Noise) -> Self {
        let mut picks: Vec<Picked<'i>> = instructions
            .choices
            .iter()
            .map(|choice| pick(choice, ticket, 0))
            .collect();
        if let (true, Some(first)) = (noise.slips_route(), picks.first_mut()) {
            *first = pick(first.choice, ticket, 1);
        }
        let settle_one = |flag| settle(flag, ticket, noise);
        Self {
            picks,
            flags: instructions.flags.iter().map(settle_one).collect(),
        }
    }

    fn json(&self, fields: &[Field]) -> String {
        let mut object = Map::new();
        for field in fields {
            object.insert(field.name.clone(), self.value_of(field));
        }
        if fields.is_empty() {
            for picked in &self.picks {
                object.insert(picked.choice.field.clone(), picked.name.into());
            }
            for settled in &self.flags {
                object.insert(settled.flag.field.clone(), settled.is_true().into());
            }
        }
        Value::Object(object).to_string()
    }

    fn value_of(&self, field: &Field) -> Value {
        if let Some(picked) = self.picks.iter().find(|picked| picked.choice.field == field.name) {
            return picked.name.into();
        }
        match field.hint {
            Hint::Flag => self
                .flags
                .iter()
                .any(|settled| settled.flag.field == field.name && settled.is_true())
                .into(),
            Hint::Number => self.picks.first().map_or(0.0, |picked| picked.share).into(),
            Hint::List => self.picks.iter().flat_map(|picked| named(&picked.found)).collect(),
            Hint::Object => Value::Object(Map::new()),
            Hint::Text => self.reason().into(),
        }
    }

    fn reason(&self) -> String {
        let mut reason = String::new();
        for picked in self.picks.iter().take(1) {
            let _ = match picked.found.as_slice() {
                [] => write!(reason, "no keyword points anywhere, so {}", picked.name),
                found => write!(reason, "{} points to {}", named(found).join(", "), picked.name),
            };
        }
        for settled in self.flags.iter().filter(|settled| settled.is_true()) {
            let separator = if reason.is_empty() { "" } else { "; " };
            let _ = write!(
                reason,
                "{separator}{} because of {}",
                settled.flag.field,
                named(&settled.raised_by).join(", ")
            );
        }
        reason
    }

    fn prose(&self) -> String {
        let mut text = String::new();
        for picked in &self.picks {
            let _ = write!(text, "The {} of this ticket is {}. ", picked.choice.field, picked.name);
        }
        for settled in &self.flags {
            let answer = if settled.is_true() { "yes" } else { "no" };
            let _ = write!(text, "{}: {answer}. ", settled.flag.field);
        }
        let _ = write!(text, "Why: {}.", self.reason());
        text
    }
}

impl Settled<'_> {
    fn is_true(&self) -> bool {
        !self.raised_by.is_empty()
    }
}

/// Picks the option at `rank`: 0 is the winner, 1 the runner-up.
fn pick<'i>(choice: &'i Choice, ticket: &Ticket, rank: usize) -> Picked<'i> {
    let mut ranked: Vec<(usize, &'i str, Vec<&'i Keyword>)> = choice
        .options
        .iter()
        .map(|option| {
            let found = ticket.found(&option.keywords);
            (
                found.iter().map(|keyword| keyword.stems.len()).sum(),
                option.name.as_str(),
                found,
            )
        })
        .collect();
    let total: usize = ranked.iter().map(|(points, ..)| points).sum();
    if let Some(fallback) = choice
        .fallback
        .as_deref()
        .filter(|_| ranked.iter().all(|(points, ..)| *points == 0))
    {
        ranked.retain(|(_, name, _)| *name != fallback);
        ranked.insert(0, (0, fallback, Vec::new()));
    }
    ranked.sort_by_key(|(points, ..)| std::cmp::Reverse(*points));

    let place = rank.min(ranked.len().saturating_sub(1));
    let (points, name, found) = ranked.into_iter().nth(place).unwrap_or_default();
    let share = if total == 0 {
        0.0
    } else {
        (points as f64 / total as f64 * 100.0).round() / 100.0
    };
    Picked {
        choice,
        name,
        found,
        share,
    }
}

fn settle<'i>(flag: &'i Flag, ticket: &Ticket, noise: &Noise) -> Settled<'i> {
    let excepted = flag
        .exceptions
        .iter()
        .any(|exception| !ticket.found(exception).is_empty());
    let raised_by = flag.rules.iter().flat_map(|rule| ticket.found(rule));
    let raised_by = if excepted || noise.drops_flags() {
        Vec::new()
    } else {
        raised_by.collect()
    };
    Settled { flag, raised_by }
}

fn named(found: &[&Keyword]) -> Vec<String> {
    found
        .iter()
        .take(NAMED_KEYWORDS_MAX)
        .map(|keyword| keyword.source.clone())
        .collect()
}
