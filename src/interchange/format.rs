//! Which format the text of a suite or chain file is in: its name says it; where that says nothing, the text does.

use std::path::Path;

use super::yaml;

/// The formats of suite and chain files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// TOML 1.
    Toml,
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

impl TextFormat {
    /// What the end of a file's name says; `None` where that is none of `.toml`, `.yaml`, `.yml` and `.json`.
    pub fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_ascii_lowercase().to_str()? {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// What a text says first: JSON begins with `{`, YAML with `---`, an entry of a list or a key with a colon, TOML
    /// with a key and `=`, or with a table. `None` where it begins like none of them.
    pub(super) fn of_text(source: &str) -> Option<Self> {
        let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let first = source.lines().map(str::trim).find(said)?;
        if first.starts_with('{') {
            return Some(Self::Json);
        }
        if yaml::begins(first) {
            return Some(Self::Yaml);
        }
        let table = first.trim_start_matches('[');
        let is_table = table.len() < first.len() && !table.trim_start().starts_with(']');
        (is_table || first.contains('=')).then_some(Self::Toml)
    }

    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
        }
    }
}

/// The text of a file, and what its name says of its format.
#[derive(Debug, Clone, Copy)]
pub struct SourceText<'a> {
    /// The text.
    pub text: &'a str,
    /// The format; `None` where the name does not tell, and the text itself does.
    pub format: Option<TextFormat>,
}

impl<'a> SourceText<'a> {
    /// A text that was read from this file.
    pub fn of_file(path: &Path, text: &'a str) -> Self {
        Self {
            text,
            format: TextFormat::of_name(path),
        }
    }
}

impl<'a> From<&'a str> for SourceText<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, format: None }
    }
}

impl<'a> From<&'a String> for SourceText<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_tells_the_format() {
        for (name, format) in [
            ("a.toml", Some(TextFormat::Toml)),
            ("a.b.YAML", Some(TextFormat::Yaml)),
            ("a.yml", Some(TextFormat::Yaml)),
            ("a.json", Some(TextFormat::Json)),
            ("a.txt", None),
            ("toml", None),
            ("-", None),
        ] {
            assert_eq!(TextFormat::of_name(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn what_a_text_says_first_tells_the_format() {
        use TextFormat::{Json, Toml, Yaml};
        for (text, format) in [
            ("name: x", Some(Yaml)),
            ("\n# a comment with = in it\nname:\n  x", Some(Yaml)),
            ("\"name\" : 'x = y'", Some(Yaml)),
            ("---\nname: x", Some(Yaml)),
            ("%YAML 1.2\n---\nname: x", Some(Yaml)),
            ("- name: x", Some(Yaml)),
            ("? name\n: x", Some(Yaml)),
            ("?", Some(Yaml)),
            ("  {", Some(Json)),
            ("name = 'x: y'", Some(Toml)),
            ("\"a: b\" = 1", Some(Toml)),
            ("[[steps]]", Some(Toml)),
            ("a.b = 1", Some(Toml)),
            ("", None),
            ("# name: x", None),
            ("name", None),
            ("null", None),
            ("[]", None),
            ("[ ]", None),
            ("a:b", None),
        ] {
            assert_eq!(TextFormat::of_text(text), format, "{text}");
        }
    }
}
