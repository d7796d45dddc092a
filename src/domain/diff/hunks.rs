//! The hunks of a diff: the smallest changes that can be made alone, and contents with only some of them made.
//!
//! A hunk of a message is a stretch of changed lines, divided where a list item or a paragraph begins, so that rules
//! which stand below each other are told apart and a wrapped sentence is not torn. A setting is one hunk, and so are
//! provider and model together, tools and their choice, and the response format with its schema. Variables are none,
//! since declaring one sends nothing: every content declares those of both. Only a changed default is a hunk.

use super::super::model::ModelConfig;
use super::super::prompt::{MessageTemplate, PromptContent, Role, Variable};
use super::lines::{DiffLine, LineKind};
use super::{MessageDiff, diff, side_by_side};

/// A change that can be made alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hunk {
    /// Lines of a message.
    Lines {
        /// Who speaks in it.
        role: Role,
        /// Which message of the diff, from 0.
        message: usize,
        /// Which of its lines, as places in [`MessageDiff::lines`].
        lines: Vec<usize>,
        /// The lines that go.
        removed: Vec<String>,
        /// The lines that come.
        added: Vec<String>,
    },
    /// A setting, or several that belong together.
    Setting {
        /// Which.
        setting: SettingHunk,
        /// What it was.
        old: String,
        /// What it is.
        new: String,
    },
}

impl Hunk {
    /// Where it is: `settings`, or the role of the message.
    pub fn place(&self) -> String {
        match self {
            Self::Lines { role, .. } => format!("-- {role} --"),
            Self::Setting { .. } => "settings".into(),
        }
    }

    /// What goes and what comes, each line behind its sign.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Lines { removed, added, .. } => {
                let removed = removed.iter().map(|line| format!("-{line}"));
                removed.chain(added.iter().map(|line| format!("+{line}"))).collect()
            }
            Self::Setting { setting, old, new } => vec![format!("{}: {old} -> {new}", setting.name())],
        }
    }
}

/// A setting that is one hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingHunk {
    /// Provider and model.
    Model,
    /// Temperature.
    Temperature,
    /// Nucleus sampling.
    TopP,
    /// Limit of generated tokens.
    MaxOutputTokens,
    /// Stop sequences.
    Stop,
    /// Seed.
    Seed,
    /// Response format with its schema.
    ResponseFormat,
    /// Tools and their choice.
    Tools,
    /// Safety settings.
    SafetySettings,
    /// Provider flags.
    ProviderFlags,
    /// The default of a variable.
    Default(String),
}

const SETTINGS: [SettingHunk; 10] = [
    SettingHunk::Model,
    SettingHunk::Temperature,
    SettingHunk::TopP,
    SettingHunk::MaxOutputTokens,
    SettingHunk::Stop,
    SettingHunk::Seed,
    SettingHunk::ResponseFormat,
    SettingHunk::Tools,
    SettingHunk::SafetySettings,
    SettingHunk::ProviderFlags,
];

impl SettingHunk {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Self::Model => "model".into(),
            Self::Temperature => "temperature".into(),
            Self::TopP => "top_p".into(),
            Self::MaxOutputTokens => "max_output_tokens".into(),
            Self::Stop => "stop".into(),
            Self::Seed => "seed".into(),
            Self::ResponseFormat => "response_format".into(),
            Self::Tools => "tools".into(),
            Self::SafetySettings => "safety_settings".into(),
            Self::ProviderFlags => "provider_flags".into(),
            Self::Default(variable) => format!("default of {variable}"),
        }
    }

    /// What it is in a content, in words.
    fn text(&self, content: &PromptContent) -> String {
        let model = &content.model;
        let count = |count: usize| format!("{count} of them");
        match self {
            Self::Model => format!("{} {}", model.provider, model.name),
            Self::Temperature => or_not_set(model.temperature),
            Self::TopP => or_not_set(model.top_p),
            Self::MaxOutputTokens => or_not_set(model.max_output_tokens),
            Self::Stop => format!("{:?}", model.stop),
            Self::Seed => or_not_set(model.seed),
            Self::ResponseFormat => model.response_format.label(),
            Self::Tools => count(model.tools.len()),
            Self::SafetySettings => count(model.safety_settings.len()),
            Self::ProviderFlags => count(model.provider_flags.len()),
            Self::Default(name) => or_not_set(variable_of(content, name).and_then(|found| found.default.clone())),
        }
    }

    /// Makes the change in `model` as it is in `new`.
    fn apply(&self, model: &mut ModelConfig, new: &ModelConfig) {
        match self {
            Self::Model => {
                model.provider.clone_from(&new.provider);
                model.name.clone_from(&new.name);
            }
            Self::Temperature => model.temperature = new.temperature,
            Self::TopP => model.top_p = new.top_p,
            Self::MaxOutputTokens => model.max_output_tokens = new.max_output_tokens,
            Self::Stop => model.stop.clone_from(&new.stop),
            Self::Seed => model.seed = new.seed,
            Self::ResponseFormat => model.response_format = new.response_format.clone(),
            Self::Tools => {
                model.tools.clone_from(&new.tools);
                model.tool_choice = new.tool_choice.clone();
            }
            Self::SafetySettings => model.safety_settings.clone_from(&new.safety_settings),
            Self::ProviderFlags => model.provider_flags.clone_from(&new.provider_flags),
            Self::Default(_) => {}
        }
    }
}

/// The hunks between two contents, in the order of the diff: settings, then messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunks {
    old: PromptContent,
    new: PromptContent,
    messages: Vec<MessageDiff>,
    /// The hunks.
    pub hunks: Vec<Hunk>,
}

impl Hunks {
    /// The hunks that lead from one content to another.
    pub fn between(old: &PromptContent, new: &PromptContent) -> Self {
        let messages = diff(old, new).messages;
        let changes = |setting: &SettingHunk| {
            let mut changed = old.model.clone();
            setting.apply(&mut changed, &new.model);
            changed != old.model
        };
        let settings = SETTINGS.into_iter().filter(changes);
        let defaults = new.variables.iter().filter(|variable| {
            let before = variable_of(old, &variable.name);
            before.is_some_and(|before| before.default != variable.default)
        });
        let defaults = defaults.map(|variable| SettingHunk::Default(variable.name.clone()));
        let lines = messages
            .iter()
            .enumerate()
            .flat_map(|(at, message)| of_message(at, message));
        let settings = settings.chain(defaults).map(|setting| Hunk::Setting {
            old: setting.text(old),
            new: setting.text(new),
            setting,
        });
        let hunks = settings.chain(lines).collect();
        Self {
            old: old.clone(),
            new: new.clone(),
            messages,
            hunks,
        }
    }

    /// The old content with the hunks made of which `is_made` says so, by their place from 0.
    pub fn content(&self, is_made: impl Fn(usize) -> bool) -> PromptContent {
        let made: Vec<&Hunk> = self
            .hunks
            .iter()
            .enumerate()
            .filter(|(at, _)| is_made(*at))
            .map(|(_, hunk)| hunk)
            .collect();
        let mut model = self.old.model.clone();
        for hunk in &made {
            if let Hunk::Setting { setting, .. } = hunk {
                setting.apply(&mut model, &self.new.model);
            }
        }
        let messages = self.messages.iter().enumerate();
        PromptContent {
            messages: messages.filter_map(|(at, message)| built(at, message, &made)).collect(),
            variables: self.variables(&made),
            model,
        }
    }

    /// Those of both; a default as it was, unless its hunk is made.
    fn variables(&self, made: &[&Hunk]) -> Vec<Variable> {
        let is_made = |name: &str| {
            let is_its =
                |hunk: &&Hunk| matches!(hunk, Hunk::Setting { setting: SettingHunk::Default(of), .. } if of == name);
            made.iter().any(is_its)
        };
        let mut variables: Vec<Variable> = Vec::new();
        for variable in &self.new.variables {
            let before = variable_of(&self.old, &variable.name).filter(|_| !is_made(&variable.name));
            variables.push(before.unwrap_or(variable).clone());
        }
        let gone = self.old.variables.iter();
        variables.extend(
            gone.filter(|variable| variable_of(&self.new, &variable.name).is_none())
                .cloned(),
        );
        variables
    }
}

fn or_not_set(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "not set".into(), |value| value.to_string())
}

fn variable_of<'a>(content: &'a PromptContent, name: &str) -> Option<&'a Variable> {
    content.variables.iter().find(|variable| variable.name == name)
}

/// A message with the made hunks' lines; `None` where it is not there with them.
fn built(at: usize, message: &MessageDiff, made: &[&Hunk]) -> Option<MessageTemplate> {
    let is_made = |line: usize| {
        made.iter().any(|hunk| match hunk {
            Hunk::Lines { message, lines, .. } => *message == at && lines.contains(&line),
            Hunk::Setting { .. } => false,
        })
    };
    let is_kept = |(place, line): &(usize, &DiffLine)| match line.kind {
        LineKind::Equal => true,
        LineKind::Added => is_made(*place),
        LineKind::Removed => !is_made(*place),
    };
    let kept: Vec<String> = message
        .lines
        .iter()
        .enumerate()
        .filter(is_kept)
        .map(|(_, line)| line.text())
        .collect();
    let text = kept.join("\n");
    (!text.trim().is_empty()).then_some(MessageTemplate {
        role: message.role,
        text,
    })
}

/// The hunks of one message. One that only one content has is a single hunk: a part of it would be no message.
fn of_message(at: usize, message: &MessageDiff) -> Vec<Hunk> {
    let is_one_sided = [LineKind::Added, LineKind::Removed]
        .iter()
        .any(|kind| message.lines.iter().all(|line| line.kind == *kind));
    let mut hunks: Vec<Vec<usize>> = Vec::new();
    let mut continues = false;
    for (left, right) in side_by_side(&message.lines) {
        let changed: Vec<usize> = [left, right]
            .into_iter()
            .flatten()
            .filter(|place| {
                message
                    .lines
                    .get(*place)
                    .is_some_and(|line| line.kind != LineKind::Equal)
            })
            .collect();
        if changed.is_empty() {
            continues = false;
            continue;
        }
        let begins = !is_one_sided && changed.iter().any(|place| begins_anew(&message.lines, *place));
        match hunks.last_mut() {
            Some(last) if continues && !begins => last.extend(changed),
            _ => hunks.push(changed),
        }
        continues = true;
    }
    hunks.into_iter().map(|lines| hunk(at, message, lines)).collect()
}

/// Whether a list item or a paragraph begins with this line.
fn begins_anew(lines: &[DiffLine], place: usize) -> bool {
    let Some(line) = lines.get(place) else { return false };
    let text = line.text();
    let text = text.trim_start();
    let is_bullet = ["- ", "* ", "+ ", "#"].iter().any(|mark| text.starts_with(mark));
    let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered =
        after_digits.len() < text.len() && (after_digits.starts_with(". ") || after_digits.starts_with(") "));
    let before = lines
        .get(..place)
        .unwrap_or_default()
        .iter()
        .rev()
        .find(|before| before.kind == line.kind);
    let after_gap = before.is_some_and(|before| before.text().trim().is_empty()) && !text.is_empty();
    is_bullet || is_numbered || after_gap
}

fn hunk(at: usize, message: &MessageDiff, mut lines: Vec<usize>) -> Hunk {
    lines.sort_unstable();
    let of_kind = |kind: LineKind| {
        let lines = lines.iter().filter_map(|place| message.lines.get(*place));
        lines.filter(|line| line.kind == kind).map(DiffLine::text).collect()
    };
    Hunk::Lines {
        role: message.role,
        message: at,
        removed: of_kind(LineKind::Removed),
        added: of_kind(LineKind::Added),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(system: &str, temperature: f64) -> PromptContent {
        let mut model = ModelConfig::new("openai", "gpt-4.1");
        model.temperature = Some(temperature);
        PromptContent {
            messages: vec![
                MessageTemplate {
                    role: Role::System,
                    text: system.into(),
                },
                MessageTemplate {
                    role: Role::User,
                    text: "{{ ticket }}".into(),
                },
            ],
            variables: Vec::new(),
            model,
        }
    }

    #[test]
    fn rules_below_each_other_are_hunks_of_their_own() {
        let old = content("Route tickets.\n- One.\n- Two.\nBye.", 0.2);
        let new = content(
            "Route tickets.\n- One.\n- Second.\n- Three,\n  which goes on.\n- Four.\nBye.",
            0.7,
        );
        let hunks = Hunks::between(&old, &new);
        let added: Vec<String> = hunks
            .hunks
            .iter()
            .map(|hunk| match hunk {
                Hunk::Setting { setting, .. } => setting.name(),
                Hunk::Lines { added, .. } => added.join("|"),
            })
            .collect();
        assert_eq!(
            added,
            ["temperature", "- Second.", "- Three,|  which goes on.", "- Four."]
        );
        let only = |place: usize| hunks.content(|at| at == place);
        assert_eq!(only(0).model.temperature, Some(0.7));
        assert_eq!(
            only(2).messages[0].text,
            "Route tickets.\n- One.\n- Two.\n- Three,\n  which goes on.\nBye."
        );
        assert_eq!(only(2).model, old.model);
    }

    #[test]
    fn a_message_of_one_side_comes_or_goes_whole() {
        let old = content("A", 0.2);
        let mut new = old.clone();
        new.messages.push(MessageTemplate {
            role: Role::Assistant,
            text: "- One.\n\n- Two.".into(),
        });
        let hunks = Hunks::between(&old, &new);
        assert_eq!(hunks.hunks.len(), 1);
        assert_eq!(hunks.content(|_| true).messages, new.messages);
        assert_eq!(hunks.content(|_| false).messages, old.messages);
    }

    #[test]
    fn a_variable_is_declared_wherever_a_line_may_use_it() {
        let variable = |name: &str, default: &str| Variable {
            name: name.into(),
            description: String::new(),
            default: Some(default.into()),
        };
        let mut old = content("A", 0.2);
        old.variables = vec![variable("days", "14"), variable("gone", "x")];
        let mut new = content("A\n- Within {{ hours }} hours.", 0.2);
        new.variables = vec![variable("days", "30"), variable("hours", "24")];
        let hunks = Hunks::between(&old, &new);
        assert_eq!(hunks.hunks.len(), 2);
        let declared = |content: &PromptContent| {
            let variables = content.variables.iter();
            variables
                .map(|variable| format!("{}={}", variable.name, variable.default.clone().unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(declared(&hunks.content(|_| false)), ["days=14", "hours=24", "gone=x"]);
        assert_eq!(
            declared(&hunks.content(|at| at == 0)),
            ["days=30", "hours=24", "gone=x"]
        );
    }

    proptest! {
        #[test]
        fn all_hunks_make_the_new_content_and_none_the_old(
            old in "x[-a-c \n]{0,40}", new in "x[-a-c \n]{0,40}", t in 0..3_u8
        ) {
            let (old, new) = (content(&old, 0.2), content(&new, f64::from(t)));
            let hunks = Hunks::between(&old, &new);
            prop_assert_eq!(hunks.content(|_| true), new);
            prop_assert_eq!(hunks.content(|_| false), old);
        }
    }
}
