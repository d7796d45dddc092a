//! Where text goes that was typed and that the store could not take before the session had to end.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::editor::create_private;
use crate::domain::hash::ContentHash;
use crate::tui::msg::Note;
use crate::tui::screens::UnsavedText;

/// What the names of all such files end with.
const SUFFIX: &str = ".md";
/// So much of the hash of a store's path tells its files from others.
const HASH_CHARS: usize = 8;

/// The files of one store.
#[derive(Debug, Clone)]
pub struct Rescue {
    /// What their names begin with.
    prefix: String,
}

impl Rescue {
    /// Those of a store's folder.
    pub fn of(store: &Path) -> Self {
        let path = std::fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
        let hash = ContentHash::of_bytes(path.as_os_str().as_encoded_bytes()).to_string();
        let hash: String = hash.chars().take(HASH_CHARS).collect();
        Self {
            prefix: format!("pegbox-unsaved-{hash}-"),
        }
    }

    /// Writes the text into a file that only the user can read, in the folder for temporary files: the store's own disk
    /// may be what is full. Says where it is, or that it is lost.
    pub fn keep(&self, unsaved: &UnsavedText) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{}-{number}{SUFFIX}", self.prefix, std::process::id());
        let path = std::env::temp_dir().join(name);
        match write(&path, &unsaved.text) {
            Ok(()) => format!("{} is in {}", unsaved.what, path.display()),
            Err(error) => format!("{} is lost: cannot write {}: {error}", unsaved.what, path.display()),
        }
    }

    /// What to say when a session starts: where such text of an earlier one still lies. It is said until somebody takes
    /// the file away. Files that this user may not read are other people's.
    pub fn left_over(&self, folder: &Path) -> Option<Note> {
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_named = name.is_some_and(|name| name.starts_with(&self.prefix) && name.ends_with(SUFFIX));
            is_named && File::open(path).is_ok()
        };
        let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = entries.filter(is_ours).collect();
        paths.sort();
        let path = paths.first()?;
        let more = match paths.len() {
            1 => String::new(),
            count => format!(" (and {} more beside it)", count - 1),
        };
        let path = path.display();
        Some(Note::warning(format!(
            "unsaved text is in {path}{more}: take it, then remove it"
        )))
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_said_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (rescue, other) = (
            Rescue::of(Path::new("/srv/prompts")),
            Rescue::of(Path::new("/srv/others")),
        );
        let told = || rescue.left_over(folder.path()).map(|note| note.text);
        std::fs::write(folder.path().join("notes.md"), "mine").unwrap();
        assert_eq!(told(), None);
        for number in [7, 8] {
            write(&folder.path().join(format!("{}{number}-0.md", rescue.prefix)), "text").unwrap();
        }
        let text = told().unwrap();
        assert!(text.contains("-7-0.md (and 1 more beside it)"), "{text}");
        assert_eq!(
            other.left_over(folder.path()),
            None,
            "those of another store are not its own"
        );
        assert_eq!(rescue.left_over(&folder.path().join("no such folder")), None);
    }

    #[test]
    fn the_text_is_where_it_says() {
        let unsaved = UnsavedText {
            what: "the draft of router".into(),
            text: "Answer\nin JSON.".into(),
        };
        let told = Rescue::of(Path::new("/srv/prompts")).keep(&unsaved);
        let path = told.strip_prefix("the draft of router is in ").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), unsaved.text);
        std::fs::remove_file(path).unwrap();
    }
}
