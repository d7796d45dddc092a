//! What the prompt tells the model to do: lists to choose from, rules for flags, the shape of the answer.

mod lines;

use super::template::{self, Field, Hint};
use super::wording::{Keyword, Keywords, stem, words};
use lines::{Kind, Line};

/// Options of one list that are kept.
const OPTIONS_MAX: usize = 200;

/// Rules and exceptions of one flag that are kept.
const RULES_MAX: usize = 200;

/// Lists that are kept.
const CHOICES_MAX: usize = 10;

/// A longer name of an option is a sentence.
const NAME_BYTES_MAX: usize = 60;

/// Headings that start a list to choose from although no field of the answer has that name.
const CHOICE_NOUNS: [&str; 7] = ["route", "queue", "category", "team", "department", "intent", "topic"];

/// The flag of a prompt that shows no JSON.
const DEFAULT_FLAG: &str = "escalate";

/// Everything that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Instructions {
    pub(super) choices: Vec<Choice>,
    pub(super) flags: Vec<Flag>,
    /// Keys of the answer in order; empty where the prompt shows no JSON.
    pub(super) fields: Vec<Field>,
    /// The prompt asks for JSON.
    pub(super) says_json: bool,
    /// ... and for nothing else.
    pub(super) says_only_json: bool,
}

/// A list to choose one from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// The field it fills.
    pub(super) field: String,
    pub(super) options: Vec<Choosable>,
    /// Chosen where no keyword is found.
    pub(super) fallback: Option<String>,
}

/// One bullet of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choosable {
    pub(super) name: String,
    pub(super) keywords: Keywords,
}

/// A field that is true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flag {
    pub(super) field: String,
    /// Any of them makes it true ...
    pub(super) rules: Vec<Keywords>,
    /// ... unless one of these is found.
    pub(super) exceptions: Vec<Keywords>,
}

/// Where the bullets of the moment go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Other,
    Choice(usize),
    Flag(usize, Effect),
}

/// What a rule does to its flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Raises,
    Excepts,
}

impl Instructions {
    /// Reads all system and developer messages, joined.
    pub(super) fn read(text: &str) -> Self {
        let (fields, rest) = template::take(text);
        let mut instructions = Self {
            says_json: !fields.is_empty(),
            fields,
            ..Self::default()
        };
        instructions.flags = instructions.flag_fields();
        let mut section = Section::Other;
        let mut has_items = false;
        for line in lines::logical(&rest) {
            instructions.note_json(&line.text);
            match line.kind {
                Kind::Heading => {
                    section = instructions.open(&line.text);
                    has_items = false;
                }
                Kind::Item => {
                    instructions.read_item(section, &line);
                    has_items = true;
                }
                Kind::Sentence => {
                    instructions.read_sentence(&line.text);
                    if has_items {
                        section = Section::Other;
                    }
                }
            }
        }
        instructions.choices.retain(|choice| !choice.options.is_empty());
        instructions
    }

    fn flag_fields(&self) -> Vec<Flag> {
        let shown = self
            .fields
            .iter()
            .filter(|field| field.hint == Hint::Flag)
            .map(|field| field.name.as_str());
        let names = if self.fields.is_empty() {
            vec![DEFAULT_FLAG]
        } else {
            shown.collect()
        };
        let flag = |name: &str| Flag {
            field: name.to_owned(),
            rules: Vec::new(),
            exceptions: Vec::new(),
        };
        names.into_iter().map(flag).collect()
    }

    fn note_json(&mut self, text: &str) {
        let lower = text.to_lowercase();
        let has = |wanted: &[&str]| words(&lower).any(|word| wanted.contains(&word.lower.as_str()));
        let only = has(&["only", "just", "exactly", "nothing"]);
        if has(&["json"]) && !has(&["not", "never", "dont"]) {
            self.says_json = true;
            self.says_only_json |= only;
        }
        self.says_only_json |= ["nothing else", "no other text", "no prose"]
            .iter()
            .any(|phrase| lower.contains(phrase));
    }

    /// A heading names a flag, a list, or neither.
    fn open(&mut self, heading: &str) -> Section {
        let stems: Vec<String> = words(heading).map(|word| stem(&word.lower)).collect();
        if let Some(flag) = self.flags.iter().position(|flag| names_field(&stems, &flag.field)) {
            return Section::Flag(flag, effect_of(heading));
        }
        let shown = self
            .fields
            .iter()
            .filter(|field| field.hint == Hint::Text)
            .map(|field| field.name.as_str());
        let Some(field) = shown.chain(CHOICE_NOUNS).find(|field| names_field(&stems, field)) else {
            return Section::Other;
        };
        if self.choices.len() == CHOICES_MAX {
            return Section::Other;
        }
        self.choices.push(Choice {
            field: field.to_owned(),
            options: Vec::new(),
            fallback: None,
        });
        Section::Choice(self.choices.len() - 1)
    }

    fn read_item(&mut self, section: Section, line: &Line) {
        match section {
            Section::Choice(list) => {
                if let Some(choice) = self.choices.get_mut(list) {
                    choice.read_option(&line.text);
                }
            }
            Section::Flag(flag, effect) => {
                if let Some(flag) = self.flags.get_mut(flag) {
                    flag.read_item(&line.text, effect);
                }
            }
            Section::Other => self.read_sentence(&line.text),
        }
    }

    /// A sentence can name the fallback of the last list, or hold a rule of its own.
    fn read_sentence(&mut self, text: &str) {
        if let Some(choice) = self.choices.last_mut().filter(|_| is_fallback_sentence(text)) {
            choice.read_fallback(text);
            return;
        }
        for flag in &mut self.flags {
            if let Some((effect, condition)) = flag.condition(text) {
                flag.add(effect, Keywords::read_condition(condition));
            }
        }
    }
}

impl Choice {
    fn read_option(&mut self, item: &str) {
        let Some((name, description)) = split_name(item) else {
            return;
        };
        if self.options.len() == OPTIONS_MAX {
            return;
        }
        if is_fallback_item(description) {
            self.fallback = Some(name.clone());
        }
        let mut keywords = if is_fallback_item(description) {
            Keywords::default()
        } else {
            Keywords::read(description)
        };
        if let Some(own) = Keyword::from_name(&name) {
            keywords.add(own, false);
        }
        self.options.push(Choosable { name, keywords });
    }

    /// The name in `If no route fits, use: general`: an option of the list, or else the last word.
    fn read_fallback(&mut self, sentence: &str) {
        let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let named: Vec<String> = sentence
            .split_whitespace()
            .map(bare)
            .filter(|word| !word.is_empty())
            .collect();
        let listed = named
            .iter()
            .rev()
            .find(|word| self.options.iter().any(|option| option.name == **word));
        self.fallback = listed.or(named.last()).cloned();
    }
}

impl Flag {
    fn read_item(&mut self, item: &str, of_section: Effect) {
        match self.condition(item) {
            Some((effect, condition)) => self.add(effect, Keywords::read_condition(condition)),
            None if starts_with_denial(item) => self.add(Effect::Excepts, Keywords::read(item)),
            None => self.add(of_section, Keywords::read(item)),
        }
    }

    fn add(&mut self, effect: Effect, keywords: Keywords) {
        let list = match effect {
            Effect::Raises => &mut self.rules,
            Effect::Excepts => &mut self.exceptions,
        };
        if list.len() < RULES_MAX && !keywords.any.is_empty() {
            list.push(keywords);
        }
    }

    /// The condition in a sentence that names this flag: what follows "when", "if", "for" or a colon after the flag,
    /// what
    /// stands between "if" and the flag, or all that follows the flag where the sentence starts with it.
    fn condition<'t>(&self, text: &'t str) -> Option<(Effect, &'t str)> {
        let all: Vec<_> = words(text).collect();
        let own = stem(&self.field.to_lowercase());
        let (at, named) = all.iter().enumerate().find(|(_, word)| stem(&word.lower) == own)?;
        let is_marker = |word: &str| matches!(word, "when" | "if" | "whenever" | "for");
        let (before, after) = (all.get(..at)?, all.get(at + 1..)?);
        if all.iter().any(|word| word.lower == "otherwise") {
            return None;
        }
        if let Some(marker) = after.iter().find(|word| is_marker(&word.lower)) {
            return Some((effect_of(text.get(..marker.start)?), text.get(marker.end..)?));
        }
        if let Some(marker) = before.iter().find(|word| is_marker(&word.lower)) {
            let consequence = text.get(named.start..)?;
            let denied = before.iter().rev().take(2).any(|word| is_denial(&word.lower));
            let effect = if denied {
                Effect::Excepts
            } else {
                effect_of(consequence)
            };
            return Some((effect, text.get(marker.end..named.start)?));
        }
        let rest = text.get(named.end..)?;
        if rest.starts_with(':') || (at <= 2 && named.lower == self.field.to_lowercase()) {
            return Some((effect_of(text.get(..named.start)?), rest));
        }
        None
    }
}

/// `name: keywords`, `name - keywords`, or up to three words that are both.
fn split_name(item: &str) -> Option<(String, &str)> {
    let parts = [": ", " - ", " \u{2013} ", " \u{2014} "]
        .iter()
        .find_map(|separator| item.split_once(separator));
    let (name, description) = parts.unwrap_or((item.trim_end_matches(':'), ""));
    let name = name.trim().trim_matches(['*', '`', '"', '\'']).trim();
    let is_name = name.len() <= NAME_BYTES_MAX && name.split_whitespace().count() <= 3 && words(name).next().is_some();
    is_name.then(|| (name.to_owned(), description))
}

/// Whether one of a heading's stems is the field's name, or the name's first part (`route` of `route_name`).
fn names_field(stems: &[String], field: &str) -> bool {
    let field = field.to_lowercase();
    let field_stems: Vec<String> = words(&field).map(|word| stem(&word.lower)).collect();
    field_stems.first().is_some_and(|first| stems.contains(first))
}

fn effect_of(text: &str) -> Effect {
    if words(text).any(|word| is_denial(&word.lower)) {
        Effect::Excepts
    } else {
        Effect::Raises
    }
}

fn is_denial(word: &str) -> bool {
    matches!(word, "not" | "never" | "dont" | "no" | "false" | "without")
}

fn starts_with_denial(item: &str) -> bool {
    let start: Vec<String> = words(item).take(2).map(|word| word.lower).collect();
    let start: Vec<&str> = start.iter().map(String::as_str).collect();
    matches!(
        start.as_slice(),
        ["never" | "dont" | "except" | "unless", ..] | ["do", "not"] | ["not", "when" | "if" | "for"]
    )
}

fn is_fallback_item(description: &str) -> bool {
    let lower = description.to_lowercase();
    [
        "anything else",
        "everything else",
        "none of the above",
        "no other route",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

fn is_fallback_sentence(text: &str) -> bool {
    let lower: Vec<String> = words(text).map(|word| word.lower).collect();
    let has = |wanted: &[&str]| lower.iter().any(|word| wanted.contains(&word.as_str()));
    let nothing_fits =
        has(&["no", "none", "nothing", "neither"]) && has(&["fit", "fits", "match", "matches", "apply", "applies"]);
    nothing_fits
        || lower
            .first()
            .is_some_and(|first| matches!(first.as_str(), "otherwise" | "default" | "fallback"))
}
