//! Which command a key is, where one is: the table's keys with the user's changes.

use super::command::{COMMANDS, CommandId, Scope};
use super::input::Key;

/// Why the user's keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No command of that name.
    #[error("keys.{name}: there is no such command; the nearest is {nearest}")]
    UnknownCommand {
        /// As written.
        name: String,
        /// What was probably meant.
        nearest: &'static str,
    },
    /// A key that cannot be read.
    #[error("keys.{name}: {why}")]
    BadKey {
        /// The command.
        name: String,
        /// What is wrong with the key.
        why: String,
    },
    /// Two commands on one key.
    #[error("keys: {first} and {second} both have '{keys}'; give one of them another key, or [] for none")]
    Conflict {
        /// The keys.
        keys: String,
        /// One command.
        first: CommandId,
        /// The other.
        second: CommandId,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Binding {
    keys: Vec<Key>,
    scopes: &'static [Scope],
    command: CommandId,
}

/// The keys of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
    changed: usize,
}

/// What keys typed so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// A command.
    Command(CommandId),
    /// The start of a chord: the keys that may follow, and what each then does.
    Pending(Vec<(String, CommandId)>),
    /// Nothing.
    Unbound,
}

impl Default for Keymap {
    /// The table's own keys.
    fn default() -> Self {
        let mut bindings = Vec::new();
        for command in &COMMANDS {
            // Tests read every key of the table; one that cannot be read is left out rather than stopping a session.
            let readable = command.keys.iter().filter_map(|keys| parse_keys(keys).ok());
            bindings.extend(readable.map(|keys| Binding {
                keys,
                scopes: command.scopes,
                command: command.id,
            }));
        }
        Self { bindings, changed: 0 }
    }
}

impl Keymap {
    /// The table's keys with the user's: the name of a command, and all its keys from now on.
    pub fn with_overrides<'a>(
        overrides: impl IntoIterator<Item = (&'a str, &'a [String])>,
    ) -> Result<Self, KeymapError> {
        let mut keymap = Self::default();
        for (name, all_keys) in overrides {
            let id = CommandId::from_name(name).ok_or_else(|| KeymapError::UnknownCommand {
                name: name.to_owned(),
                nearest: nearest_name(name),
            })?;
            keymap.bindings.retain(|binding| binding.command != id);
            for keys in all_keys {
                let keys = parse_keys(keys).map_err(|why| KeymapError::BadKey {
                    name: name.to_owned(),
                    why,
                })?;
                keymap.bindings.push(Binding {
                    keys,
                    scopes: id.command().scopes,
                    command: id,
                });
            }
            keymap.changed += 1;
        }
        match keymap.conflict() {
            None => Ok(keymap),
            Some(conflict) => Err(conflict),
        }
    }

    /// How many commands have keys of the user.
    pub fn changed(&self) -> usize {
        self.changed
    }

    /// What `keys` mean in `scopes`, innermost first. An inner scope wins over an outer one.
    pub fn lookup(&self, scopes: &[Scope], keys: &[Key]) -> Lookup {
        let mut following: Vec<(String, CommandId)> = Vec::new();
        for scope in scopes {
            for binding in self.bindings.iter().filter(|binding| binding.scopes.contains(scope)) {
                match binding.keys.strip_prefix(keys) {
                    Some([]) if following.is_empty() => return Lookup::Command(binding.command),
                    None | Some([]) => {}
                    Some(rest) => {
                        let rest = shown_keys(rest);
                        if !following.iter().any(|(keys, _)| *keys == rest) {
                            following.push((rest, binding.command));
                        }
                    }
                }
            }
        }
        if following.is_empty() {
            Lookup::Unbound
        } else {
            Lookup::Pending(following)
        }
    }

    /// The commands that `keys` are in other places than these, each once, in the order of the table.
    pub fn elsewhere(&self, scopes: &[Scope], keys: &[Key]) -> Vec<CommandId> {
        let mut found: Vec<CommandId> = self
            .bindings
            .iter()
            .filter(|binding| binding.keys == keys && !binding.scopes.iter().any(|scope| scopes.contains(scope)))
            .map(|binding| binding.command)
            .collect();
        found.dedup();
        found
    }

    /// The first key of a command as the footer shows it; none where it is unbound.
    pub fn shown(&self, command: CommandId) -> Option<String> {
        self.bindings
            .iter()
            .find(|binding| binding.command == command)
            .map(|binding| shown_keys(&binding.keys))
    }

    /// The first keys of a command.
    pub(super) fn first_keys(&self, command: CommandId) -> Option<&[Key]> {
        let binding = self.bindings.iter().find(|binding| binding.command == command)?;
        Some(&binding.keys)
    }

    /// All keys of a command, as help shows them.
    pub fn all_shown(&self, command: CommandId) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.command == command)
            .map(|binding| shown_keys(&binding.keys))
            .collect()
    }

    fn conflict(&self) -> Option<KeymapError> {
        for (at, first) in self.bindings.iter().enumerate() {
            for second in self.bindings.iter().skip(at + 1) {
                let same = first.keys.starts_with(&second.keys) || second.keys.starts_with(&first.keys);
                let meet = |a: &Scope| second.scopes.iter().any(|b| meet(*a, *b));
                if same && first.command != second.command && first.scopes.iter().any(meet) {
                    return Some(KeymapError::Conflict {
                        keys: shown_keys(if first.keys.len() < second.keys.len() {
                            &first.keys
                        } else {
                            &second.keys
                        }),
                        first: first.command,
                        second: second.command,
                    });
                }
            }
        }
        None
    }
}

/// Whether two scopes share their keys. The editor alone takes keys that mean something else outside of it.
fn meet(a: Scope, b: Scope) -> bool {
    let editor = |scope| matches!(scope, Scope::EditorNormal | Scope::EditorInsert);
    let outer = |scope| matches!(scope, Scope::Everywhere | Scope::Always);
    a == b || (outer(a) && !editor(b)) || (outer(b) && !editor(a))
}

fn parse_keys(text: &str) -> Result<Vec<Key>, String> {
    text.split(' ').map(Key::parse).collect()
}

/// Keys of a chord as one text: `y v`.
fn shown_keys(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

fn nearest_name(name: &str) -> &'static str {
    COMMANDS
        .iter()
        .map(|command| command.name)
        .min_by_key(|known| edit_distance(known, name))
        .unwrap_or("app.help")
}

/// Levenshtein distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let substituted = before + usize::from(from != *to);
            before = *cell;
            left = substituted.min(before + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::input::KeyCode;

    const RUNS: [Scope; 3] = [Scope::Runs, Scope::Everywhere, Scope::Always];
    const EDITOR: [Scope; 3] = [Scope::EditorNormal, Scope::Everywhere, Scope::Always];

    #[test]
    fn the_default_keys_have_no_conflict() {
        assert_eq!(Keymap::default().conflict(), None);
        assert!(Keymap::default().bindings.len() >= COMMANDS.len());
    }

    #[test]
    fn the_same_key_means_what_the_scope_says() {
        let keymap = Keymap::default();
        let lookup = |scopes: &[Scope], key| keymap.lookup(scopes, &[Key::char(key)]);
        assert_eq!(lookup(&RUNS, 'x'), Lookup::Command(CommandId::RunCancel));
        assert_eq!(lookup(&EDITOR, 'x'), Lookup::Command(CommandId::EditorDeleteChar));
        assert_eq!(lookup(&RUNS, 'w'), Lookup::Command(CommandId::Wrap));
        assert_eq!(lookup(&EDITOR, 'w'), Lookup::Command(CommandId::EditorWordNext));
        assert_eq!(lookup(&RUNS, 'A'), Lookup::Unbound);
        let insert = [Scope::EditorInsert, Scope::Always];
        assert_eq!(lookup(&insert, 'q'), Lookup::Unbound, "letters are text");
        assert_eq!(
            keymap.lookup(&insert, &[Key::ctrl('z')]),
            Lookup::Command(CommandId::EditorUndoTyping)
        );
    }

    #[test]
    fn a_chord_waits_and_says_what_may_follow() {
        let keymap = Keymap::default();
        let Lookup::Pending(following) = keymap.lookup(&RUNS, &[Key::char('y')]) else {
            panic!("y begins a chord");
        };
        assert!(following.contains(&("i".to_owned(), CommandId::CopyId)));
        assert_eq!(
            keymap.lookup(&RUNS, &[Key::char('y'), Key::char('i')]),
            Lookup::Command(CommandId::CopyId)
        );
        assert_eq!(
            keymap.lookup(&RUNS, &[Key::char('y'), Key::plain(KeyCode::Enter)]),
            Lookup::Unbound
        );
    }

    #[test]
    fn users_change_keys_and_are_told_of_conflicts() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let (moved, none) = (keys(&["ctrl-r", "g x"]), keys(&[]));
        let keymap = Keymap::with_overrides([("run.start", &*moved), ("run.pause", &*none)]).unwrap();
        assert_eq!(
            keymap.lookup(&RUNS, &[Key::ctrl('r')]),
            Lookup::Command(CommandId::RunStart)
        );
        assert_eq!(keymap.shown(CommandId::RunPause), None);
        assert_eq!(keymap.changed(), 2);

        for (name, keys, sentence) in [
            (
                "run.cancel",
                keys(&["p"]),
                "keys: run.cancel and run.pause both have 'p'; give one of them another key, or [] for none",
            ),
            (
                "run.cancel",
                keys(&["j"]),
                "keys: move.down and run.cancel both have 'j'; give one of them another key, or [] for none",
            ),
            (
                "run.cancel",
                keys(&["y"]),
                "keys: copy.value and run.cancel both have 'y'; give one of them another key, or [] for none",
            ),
            (
                "run.strt",
                keys(&["p"]),
                "keys.run.strt: there is no such command; the nearest is run.start",
            ),
            (
                "run.start",
                keys(&["hyper"]),
                "keys.run.start: 'hyper' is no key: write ctrl-s, shift-tab, x or pgdn",
            ),
        ] {
            let error = Keymap::with_overrides([(name, &*keys)]).unwrap_err().to_string();
            let parts: Vec<&str> = sentence.split(' ').collect();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}\n{sentence}");
        }
    }
}
