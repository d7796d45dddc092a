//! Where text goes that was typed and that the store could not take before the session had to end.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::editor::create_private;
use crate::tui::screens::UnsavedText;

/// Writes the text into a file that only the user can read, in the folder for temporary files: the store's own disk may
/// be what is full. Says where it is, or that it is lost.
pub fn keep(unsaved: &UnsavedText) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("pegbox-unsaved-{}-{number}.md", std::process::id());
    let path = std::env::temp_dir().join(name);
    match write(&path, &unsaved.text) {
        Ok(()) => format!("{} is in {}", unsaved.what, path.display()),
        Err(error) => format!("{} is lost: cannot write {}: {error}", unsaved.what, path.display()),
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
    fn the_text_is_where_it_says() {
        let unsaved = UnsavedText {
            what: "the draft of router".into(),
            text: "Answer\nin JSON.".into(),
        };
        let told = keep(&unsaved);
        let path = told.strip_prefix("the draft of router is in ").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), unsaved.text);
        std::fs::remove_file(path).unwrap();
    }
}
