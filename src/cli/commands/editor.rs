//! The user's editor on a text: `$VISUAL`, `$EDITOR`, or `vi`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::exit::CliError;
use crate::cli::input::read_text;

/// The editor that every Unix has.
const FALLBACK_EDITOR: &str = "vi";
/// Names that are tried for the file before giving up: earlier crashed edits may have left some.
const FILE_NAMES_MAX: u32 = 100;

/// A text that was edited, and the file that it is still in.
pub struct Edited {
    /// What the editor wrote.
    pub text: String,
    /// Where it still is.
    pub file: PathBuf,
}

impl Edited {
    /// Removes the file, once the text is safe elsewhere.
    pub fn remove(&self) {
        // A file that stays behind in the temporary folder harms nobody.
        let _ = fs::remove_file(&self.file);
    }
}

/// Opens the editor and waits for it; `None` where the text is what it was.
pub fn edit(name: &str, text: &str) -> Result<Option<Edited>, CliError> {
    let file = write_private(name, text)?;
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|e| !e.is_empty()));
    let editor = editor.unwrap_or_else(|| FALLBACK_EDITOR.to_owned());
    run(&editor, &file)?;
    let edited = Edited {
        text: read_text(&file)?,
        file,
    };
    if edited.text == text {
        edited.remove();
        return Ok(None);
    }
    Ok(Some(edited))
}

/// A new file that only this user can read: prompts are nobody else's business.
fn write_private(name: &str, text: &str) -> Result<PathBuf, CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let process = std::process::id();
    let mut last = None;
    for number in 0..FILE_NAMES_MAX {
        let file = std::env::temp_dir().join(format!("pegbox-{name}-{process}-{number}.md"));
        match options
            .open(&file)
            .and_then(|mut opened| opened.write_all(text.as_bytes()))
        {
            Ok(()) => return Ok(file),
            Err(error) => last = Some((file, error)),
        }
    }
    let why = last
        .map(|(file, error)| format!("{}: {error}", file.display()))
        .unwrap_or_default();
    Err(CliError::invalid(
        format!("no file for the editor could be made: {why}"),
        "set TMPDIR to a folder of yours",
    ))
}

/// Runs the editor; it may carry arguments of its own, as in `code --wait`.
fn run(editor: &str, file: &Path) -> Result<(), CliError> {
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or(FALLBACK_EDITOR);
    let fault = |why: String| {
        CliError::invalid(
            format!("the editor {editor} did not edit {}: {why}", file.display()),
            "set EDITOR to an editor that waits until the file is closed",
        )
    };
    match Command::new(program).args(words).arg(file).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fault(format!("it ended with {status}"))),
        Err(error) => Err(fault(error.to_string())),
    }
}
