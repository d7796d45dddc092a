//! Text that commands read: a file, or standard input as `-`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::exit::CliError;

/// Largest text file: a prompt or a suite is a few thousand bytes, so a larger file is a mistake.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Reads a file, or standard input for `-`, as UTF-8.
pub fn read_text(path: &Path) -> Result<String, CliError> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let unreadable = |error: io::Error| {
        CliError::invalid(
            format!("{name} cannot be read: {error}"),
            "check its name and that you may read it",
        )
    };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    source
        .take(TEXT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(CliError::invalid(
            format!("{name} is larger than {} MB", TEXT_BYTES_MAX / 1024 / 1024),
            "check that it is the right file",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        CliError::invalid(
            format!("{name} is not UTF-8 text: line {line}, byte {at} of the file"),
            "save it as UTF-8 and try again",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        assert!(read_text(&file).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&file, b"one\ntwo \xff").unwrap();
        assert!(
            read_text(&file)
                .unwrap_err()
                .to_string()
                .ends_with("line 2, byte 8 of the file")
        );
        std::fs::write(&file, "caf\u{e9}").unwrap();
        assert_eq!(read_text(&file).unwrap(), "caf\u{e9}");
        assert!(read_text(folder.path()).is_err());
    }
}
