//! The one table of commands. Keys, footer, help, palette, mouse targets, configuration and README read it.

mod table;

use std::fmt::{self, Write as _};

pub use table::{COMMANDS, CommandId};

/// Where a command's keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Also while typing.
    Always,
    /// On every screen while no text is typed.
    Everywhere,
    /// Home.
    Home,
    /// The list of prompts and versions.
    Prompts,
    /// The editor while keys are commands.
    EditorNormal,
    /// The editor while keys are text.
    EditorInsert,
    /// Two versions side by side.
    Diff,
    /// Chains.
    Chains,
    /// Two chain versions, step by step.
    ChainDiff,
    /// What brought each line of a version.
    Blame,
    /// Dataset examples.
    Data,
    /// Runs.
    Runs,
    /// The failures of a run.
    Failures,
    /// Two runs compared.
    Comparison,
    /// Reviews.
    Review,
    /// Releases.
    Releases,
}

impl Scope {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Scope::Always => "Always",
            Scope::Everywhere => "Everywhere",
            Scope::Home => "Home",
            Scope::Prompts => "Prompts",
            Scope::EditorNormal => "Editor",
            Scope::EditorInsert => "Editor, typing",
            Scope::Diff => "Diff",
            Scope::Chains => "Chains",
            Scope::ChainDiff => "Chain diff",
            Scope::Blame => "Blame",
            Scope::Data => "Data",
            Scope::Runs => "Runs",
            Scope::Failures => "Failures",
            Scope::Comparison => "Comparison",
            Scope::Review => "Review",
            Scope::Releases => "Releases",
        }
    }
}

/// What a command can break, and so which dialog asks before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// Level 0: nothing that cannot be undone. No dialog.
    None,
    /// Level 1: a y/n question in the footer row; n unless y is typed.
    Question,
    /// Level 2: a dialog with facts and a reason, and a button that names the act.
    Reason,
    /// Level 3: the id must be typed, and a reason.
    Typed,
}

/// Whom the workbench lets do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everybody.
    Anyone,
    /// Who writes prompts, datasets and runs.
    Author,
    /// Who decides on reviews.
    Reviewer,
    /// Who changes production.
    Releaser,
}

impl Role {
    /// As in "you are not a releaser".
    pub fn title(self) -> &'static str {
        match self {
            Role::Anyone => "user",
            Role::Author => "author",
            Role::Reviewer => "reviewer",
            Role::Releaser => "releaser",
        }
    }
}

/// One command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Which.
    pub id: CommandId,
    /// Its stable name, as in the configuration: `run.start`.
    pub name: &'static str,
    /// One or two words for the footer.
    pub label: &'static str,
    /// Its title in palette and help.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// Its keys; a chord's keys are separated by a space.
    pub keys: &'static [&'static str],
    /// Where its keys work.
    pub scopes: &'static [Scope],
    /// What asks before.
    pub danger: Danger,
    /// Its place in the footer, the first from the left; none for those that only help shows.
    pub footer: Option<u8>,
    /// Who may.
    pub role: Role,
}

impl Command {
    const fn danger(mut self, danger: Danger) -> Self {
        self.danger = danger;
        self
    }

    const fn footer(mut self, rank: u8) -> Self {
        self.footer = Some(rank);
        self
    }

    const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }
}

impl CommandId {
    /// Its record.
    pub fn command(self) -> &'static Command {
        // The table is made with the enum, entry by entry, so that each id has its index.
        &COMMANDS[self as usize]
    }

    /// The command of a stable name such as `run.start`.
    pub fn from_name(name: &str) -> Option<Self> {
        COMMANDS
            .iter()
            .find(|command| command.name == name)
            .map(|command| command.id)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command().name)
    }
}

/// The table for the readme: every command with its keys, by where it works.
pub fn markdown_table() -> String {
    let mut out = String::from("| command | keys | where | what it does |\n| --- | --- | --- | --- |\n");
    for command in &COMMANDS {
        let keys: Vec<String> = command.keys.iter().map(|keys| code(keys)).collect();
        let scopes: Vec<&str> = command.scopes.iter().map(|scope| scope.title()).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            command.name,
            keys.join(" "),
            scopes.join(", "),
            command.help
        );
    }
    out
}

/// Keys as Markdown code; a bar would end the table's cell.
fn code(keys: &str) -> String {
    format!("`{}`", keys.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::tui::input::{Key, KeyCode};

    /// Keys that terminals cannot tell from others, or that a multiplexer or terminal takes for itself.
    const FORBIDDEN: [&str; 21] = [
        "ctrl-i", "ctrl-m", "ctrl-j", "ctrl-h", "ctrl-[", "ctrl-b", "ctrl-a", "ctrl-g", "ctrl-n", "ctrl-o", "ctrl-p",
        "ctrl-q", "ctrl-t", "@", "[", "]", "{", "}", "\\", "~", "|",
    ];
    /// Keys with `AltGr` that may be further names of a command that has another key.
    const ALIASES: [&str; 3] = ["[", "]", "|"];

    #[test]
    fn no_key_is_bound_twice_in_one_scope() {
        let mut bound: HashMap<(Scope, &str), &str> = HashMap::new();
        for command in &COMMANDS {
            for scope in command.scopes {
                for keys in command.keys {
                    let before = bound.insert((*scope, keys), command.name);
                    assert!(
                        before.is_none(),
                        "{keys} in {scope:?}: {} and {}",
                        before.unwrap(),
                        command.name
                    );
                }
            }
        }
        for (scope, keys) in bound.keys() {
            if let Some((prefix, _)) = keys.split_once(' ') {
                assert!(
                    !bound.contains_key(&(*scope, prefix)),
                    "{prefix} both acts and begins {keys} in {scope:?}"
                );
            }
        }
    }

    #[test]
    fn every_key_reaches_us_from_every_keyboard_and_multiplexer() {
        for command in &COMMANDS {
            for (at, keys) in command.keys.iter().enumerate() {
                for key in keys.split(' ') {
                    let parsed = Key::parse(key).unwrap();
                    let is_alias = at > 0 && ALIASES.contains(&key);
                    assert!(!FORBIDDEN.contains(&key) || is_alias, "{}: {key}", command.name);
                    assert!(!parsed.modifiers.alt, "{}: alt is not reliable", command.name);
                    let function_key = matches!(parsed.code, KeyCode::F(_));
                    assert!(!function_key || at > 0, "{}: a function key alone", command.name);
                }
            }
        }
    }

    #[test]
    fn every_command_is_documented_and_named_once() {
        let mut names = HashSet::new();
        for (index, command) in COMMANDS.iter().enumerate() {
            assert_eq!(command.id as usize, index);
            assert!(names.insert(command.name), "{}", command.name);
            assert_eq!(CommandId::from_name(command.name), Some(command.id));
            assert!(command.name.contains('.'), "{}", command.name);
            assert!(
                !command.title.is_empty() && command.help.ends_with('.'),
                "{}",
                command.name
            );
            assert!(command.help.len() <= 53, "{} is long for a line of help", command.help);
            assert!(command.label.len() <= 14, "{} is long for the footer", command.label);
            assert!(!command.scopes.is_empty(), "{}", command.name);
        }
    }

    #[test]
    fn danger_never_sits_on_enter_or_a_key_of_ordinary_work() {
        for command in COMMANDS.iter().filter(|command| command.danger >= Danger::Reason) {
            for keys in command.keys {
                assert!(!["enter", "space", "esc", "tab"].contains(keys), "{}", command.name);
            }
        }
    }

    #[test]
    fn the_readme_table_holds_every_command() {
        let table = markdown_table();
        assert_eq!(table.lines().count(), COMMANDS.len() + 2);
        assert!(table.contains("| `run.start` | `r` |"));
    }
}
