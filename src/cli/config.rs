//! `config.toml`: keys, colours, glyphs, mouse, endpoint. A mistake in it is an error with its line, never ignored.
//!
//! It is read from the user's configuration folder and then from the store's folder; what the store's says wins.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::exit::CliError;
use super::{input, store_path};
use crate::host::{ColourWish, Glyphs, Preferences};
use crate::text::nearest;

/// The file's name in either folder.
pub const CONFIG_FILE: &str = "config.toml";
/// Before a command's id.
const KEYS_PREFIX: &str = "keys.";
/// Every name but those of commands.
const NAMES: [&str; 5] = ["color", "glyphs", "mouse", "openai.base_url", "host.start"];

const COLORS: [(&str, ColourWish); 6] = [
    ("auto", ColourWish::Auto),
    ("always", ColourWish::Always),
    ("never", ColourWish::Never),
    ("16", ColourWish::Sixteen),
    ("256", ColourWish::Indexed),
    ("truecolor", ColourWish::True),
];
const GLYPHS: [(&str, Glyphs); 2] = [("unicode", Glyphs::Unicode), ("ascii", Glyphs::Ascii)];

/// What the files say; `None` where they say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// What concerns the screens.
    pub screens: Preferences,
    /// The OpenAI-compatible endpoint of runs that name none.
    pub openai_base_url: Option<String>,
    /// Whether the screens start a host where there is none.
    pub host_start: Option<bool>,
}

impl Config {
    /// Reads both files; a missing one says nothing. `commands` are the ids that keys may be bound to.
    pub fn load(store: &Path, commands: &[&str]) -> Result<Self, CliError> {
        let user = store_path::user_config_folder();
        let mut config = Self::default();
        for folder in user.as_deref().into_iter().chain([store]) {
            let file = folder.join(CONFIG_FILE);
            if file.exists() {
                config.add(&file.display().to_string(), &input::read_file(&file)?, commands)?;
            }
        }
        Ok(config)
    }

    /// Adds what one file says; later files win.
    fn add(&mut self, file: &str, source: &str, commands: &[&str]) -> Result<(), CliError> {
        let fault = |at: usize, what: &str| {
            let line = 1 + source.bytes().take(at).filter(|byte| *byte == b'\n').count();
            CliError::invalid(
                format!("{file}, line {line}: {what}"),
                "correct that line, or remove it",
            )
        };
        let table = DeTable::parse(source)
            .map_err(|error| fault(error.span().map_or(0, |span| span.start), error.message()))?;
        let mut entries = Vec::new();
        flatten("", table.get_ref(), &mut entries);
        for (at, name, value) in entries {
            self.set(&name, value, commands).map_err(|what| fault(at, &what))?;
        }
        Ok(())
    }

    /// Sets one value, or says what is wrong with it.
    fn set(&mut self, name: &str, value: &DeValue<'_>, commands: &[&str]) -> Result<(), String> {
        match name {
            "color" => self.screens.color = Some(word(name, value, &COLORS)?),
            "glyphs" => self.screens.glyphs = Some(word(name, value, &GLYPHS)?),
            "mouse" => self.screens.mouse = Some(value.as_bool().ok_or("mouse is true or false")?),
            "openai.base_url" => {
                self.openai_base_url = Some(value.as_str().ok_or("openai.base_url is a text")?.to_owned());
            }
            "host.start" => self.host_start = Some(value.as_bool().ok_or("host.start is true or false")?),
            _ => match name.strip_prefix(KEYS_PREFIX) {
                Some(id) if commands.contains(&id) => {
                    self.screens.keys.insert(id.to_owned(), keys(name, value)?);
                }
                _ => return Err(unknown(name, commands)),
            },
        }
        Ok(())
    }
}

/// Names a key that is not known, and the nearest that is.
fn unknown(name: &str, commands: &[&str]) -> String {
    let commands: Vec<String> = commands.iter().map(|id| format!("{KEYS_PREFIX}{id}")).collect();
    let known: Vec<&str> = NAMES.into_iter().chain(commands.iter().map(String::as_str)).collect();
    match nearest(name, &known) {
        Some(known) => format!("unknown key {name}: did you mean {known}?"),
        None => format!(
            "unknown key {name}: known are {} and {KEYS_PREFIX}COMMAND",
            NAMES.join(", ")
        ),
    }
}

fn word<T: Copy>(name: &str, value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, String> {
    let given = match value {
        DeValue::String(text) => text.to_string(),
        // `color = 256` is as good as `color = "256"`.
        DeValue::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    let found = words.iter().find(|(word, _)| *word == given);
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("{name} is one of {}", known()))
}

fn keys(name: &str, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let fault = || format!("{name} is a key such as \"x\", or a list of them");
    if let Some(key) = value.as_str() {
        return Ok(vec![key.to_owned()]);
    }
    let list = value.as_array().ok_or_else(fault)?;
    list.iter()
        .map(|key| key.get_ref().as_str().map(str::to_owned).ok_or_else(fault))
        .collect()
}

/// Every value under its whole name, `keys.run.start`, with its place in the file.
fn flatten<'a, 'i>(prefix: &str, table: &'a DeTable<'i>, entries: &mut Vec<(usize, String, &'a DeValue<'i>)>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => flatten(&format!("{name}."), inner, entries),
            other => entries.push((Spanned::span(key).start, name, other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: [&str; 2] = ["run.start", "run.cancel"];

    fn read(source: &str) -> Result<Config, String> {
        let mut config = Config::default();
        config
            .add("config.toml", source, &COMMANDS)
            .map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn every_setting_is_read() {
        let config = read(
            "color = 256\nglyphs = \"ascii\"\nmouse = false\nopenai.base_url = \"http://localhost:8080/v1\"\n\
             [keys]\nrun.start = [\"r\", \"ctrl-r\"]\n\"run.cancel\" = []\n",
        )
        .unwrap();
        assert_eq!(config.screens.color, Some(ColourWish::Indexed));
        assert_eq!(config.screens.glyphs, Some(Glyphs::Ascii));
        assert_eq!(config.screens.mouse, Some(false));
        assert_eq!(config.openai_base_url.as_deref(), Some("http://localhost:8080/v1"));
        assert_eq!(config.screens.keys["run.start"], ["r", "ctrl-r"]);
        assert!(config.screens.keys["run.cancel"].is_empty());
        assert_eq!(read("").unwrap(), Config::default());
    }

    #[test]
    fn mistakes_name_their_line_and_the_nearest_key() {
        let cases = [
            (
                "mouse = true\ncolour = \"auto\"",
                "config.toml, line 2: unknown key colour: did you mean color?",
            ),
            (
                "[keys]\nrun.strat = \"x\"",
                "config.toml, line 2: unknown key keys.run.strat: did you mean keys.run.start?",
            ),
            (
                "[openai]\n\napi_key = \"secret\"",
                "config.toml, line 3: unknown key openai.api_key: known are ",
            ),
            (
                "color = \"blue\"",
                "config.toml, line 1: color is one of auto, always, never, 16, 256, truecolor",
            ),
            ("mouse = 1", "config.toml, line 1: mouse is true or false"),
            (
                "keys.run.start = [1]",
                "config.toml, line 1: keys.run.start is a key such as ",
            ),
            ("\nmouse = ", "config.toml, line 2: "),
        ];
        for (source, expected) in cases {
            let message = read(source).unwrap_err();
            assert!(message.starts_with(expected), "{source:?} gave {message}");
        }
    }

    #[test]
    fn the_later_file_wins() {
        let mut config = read("mouse = true\ncolor = \"never\"").unwrap();
        config.add("store", "mouse = false", &COMMANDS).unwrap();
        assert_eq!(
            (config.screens.mouse, config.screens.color),
            (Some(false), Some(ColourWish::Never))
        );
    }
}
