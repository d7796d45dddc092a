//! The user's own editor on a text, in a file that only the user can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::workbench::Fault;

/// Largest text that is taken back.
const TEXT_BYTES_MAX: u64 = 4_000_000;
/// What is started where neither `VISUAL` nor `EDITOR` is set.
const EDITOR_OF_LAST_RESORT: &str = "vi";

/// The user's editor as a shell command; `var` reads one variable of the environment.
pub fn command(var: impl Fn(&str) -> Option<String>) -> String {
    let set = |name: &&str| var(name).filter(|value| !value.trim().is_empty());
    let found = ["VISUAL", "EDITOR"].iter().find_map(set);
    found.unwrap_or_else(|| EDITOR_OF_LAST_RESORT.into())
}

/// Opens `text` in the editor, waits, and gives what was saved. The terminal must have been released.
pub fn edit(command: &str, text: &str) -> Result<String, Fault> {
    let file = TextFile::new(text)?;
    let status = shell(command, &file.path).status();
    match status {
        Ok(status) if status.success() => file.read(),
        Ok(status) => Err(fault(format!("editor '{command}' failed: {status}"))),
        Err(error) => Err(fault(format!("editor '{command}' did not start: {error}"))),
    }
}

fn fault(what: String) -> Fault {
    Fault {
        what,
        hint: "the draft stays as it was; set EDITOR to a command that waits until the file is closed".into(),
    }
}

/// The shell splits the command, so that `EDITOR="code --wait"` works.
#[cfg(unix)]
fn shell(command: &str, path: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec {command} \"$1\""))
        .arg("sh")
        .arg(path);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str, path: &Path) -> Command {
    let mut words = command.split_whitespace();
    let mut editor = Command::new(words.next().unwrap_or(EDITOR_OF_LAST_RESORT));
    editor.args(words).arg(path);
    editor
}

/// Makes a file that only the user can read; one that is there already is not touched.
pub fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file that is gone when it is dropped.
struct TextFile {
    path: PathBuf,
}

impl TextFile {
    fn new(text: &str) -> Result<Self, Fault> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pegbox-{}-{number}.md", std::process::id());
        let path = std::env::temp_dir().join(name);
        let failed = |error| fault(format!("cannot write {}: {error}", path.display()));
        let mut file = create_private(&path).map_err(failed)?;
        let written = Self { path: path.clone() };
        file.write_all(text.as_bytes()).map_err(failed)?;
        Ok(written)
    }

    fn read(&self) -> Result<String, Fault> {
        let failed = |error| fault(format!("cannot read what the editor saved: {error}"));
        let file = fs::File::open(&self.path).map_err(failed)?;
        let mut text = String::new();
        file.take(TEXT_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(fault(format!(
                "what the editor saved is longer than {TEXT_BYTES_MAX} bytes"
            )));
        }
        Ok(text)
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn gives_what_was_saved_and_leaves_no_file() {
        let file = TextFile::new("draft").unwrap();
        let path = file.path.clone();
        assert_eq!(file.read().unwrap(), "draft");
        drop(file);
        assert!(!path.exists());
        assert_eq!(edit("printf ' more' >>", "draft").unwrap(), "draft more");
    }

    #[test]
    fn a_failing_editor_changes_nothing() {
        for editor in ["false", "no_such_editor_at_all", "printf '\\377' >"] {
            let fault = edit(editor, "draft").unwrap_err();
            assert!(fault.hint.starts_with("the draft stays as it was"), "{editor}");
        }
    }

    #[test]
    fn the_users_choice_is_taken() {
        let vars = |visual: &'static str, editor: &'static str| {
            command(move |name| Some(if name == "VISUAL" { visual } else { editor }.to_owned()))
        };
        assert_eq!(vars("code --wait", "nano"), "code --wait");
        assert_eq!(vars(" ", "nano"), "nano");
        assert_eq!(vars("", ""), "vi");
    }
}
