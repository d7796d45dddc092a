//! What a prompt document's settings say, for the pane beside the text. It reads whatever parses: a draft is often half
//! typed, and what is wrong with it is in its marks.

use toml::{Table, Value};

/// The line around the settings.
pub const FENCE: &str = "+++";

/// Model and variables of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The provider; empty where it is missing.
    pub provider: String,
    /// The model's name; empty where it is missing.
    pub model: String,
    /// Further settings as words: `temp 0.2`, `max 600`, `schema triage_reply v3`, `tools 2`.
    pub settings: Vec<String>,
    /// The variables, each with its default.
    pub variables: Vec<(String, Option<String>)>,
    /// How many messages there are.
    pub messages: usize,
}

impl Summary {
    /// Whether the simulated model answers.
    pub fn is_simulated(&self) -> bool {
        self.provider == "simulated"
    }

    /// Model and settings in one line.
    pub fn model_line(&self) -> String {
        let model = if self.model.is_empty() { "no model" } else { &self.model };
        let words = std::iter::once(model).chain(self.settings.iter().map(String::as_str));
        let mut line = words.collect::<Vec<_>>().join("  ");
        if self.is_simulated() {
            line.push_str("  simulated");
        }
        line
    }
}

/// Reads lines of a document; the error says why its settings cannot be read.
pub fn read(lines: &[String]) -> Result<Summary, String> {
    let fences = lines.iter().enumerate().filter(|(_, line)| is_fence(line));
    let fences: Vec<usize> = fences.map(|(at, _)| at).take(2).collect();
    let &[first, second] = fences.as_slice() else {
        return Err(format!("the settings stand between two lines {FENCE}"));
    };
    let settings = lines.get(first + 1..second).unwrap_or_default().join("\n");
    let table: Table = settings
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let body = lines.get(second + 1..).unwrap_or_default();
    Ok(Summary {
        messages: body.iter().filter(|line| role_of(line).is_some()).count(),
        ..settings_of(&table)
    })
}

fn settings_of(table: &Table) -> Summary {
    let empty = Table::new();
    let model = table.get("model").and_then(Value::as_table).unwrap_or(&empty);
    let word = |name: &str| model.get(name).map(plain).unwrap_or_default();
    let labelled = [
        ("temperature", "temp"),
        ("top_p", "top_p"),
        ("max_output_tokens", "max"),
        ("seed", "seed"),
    ];
    let mut settings: Vec<String> = labelled
        .iter()
        .filter_map(|(name, label)| Some(format!("{label} {}", plain(model.get(*name)?))))
        .collect();
    settings.extend(model.get("response_format").and_then(Value::as_table).map(format_label));
    if let Some(tools) = model.get("tools").and_then(Value::as_array) {
        settings.push(format!("tools {}", tools.len()));
    }
    let variables = table
        .get("variables")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    Summary {
        provider: word("provider"),
        model: word("name"),
        settings,
        variables: variables
            .iter()
            .filter_map(|variable| Some((plain(variable.get("name")?), variable.get("default").map(plain))))
            .collect(),
        messages: 0,
    }
}

fn format_label(format: &Table) -> String {
    let word = |name: &str| format.get(name).map(plain).unwrap_or_default();
    match word("type").as_str() {
        "json_schema" => {
            let version = format.get("version").map_or_else(|| "1".to_owned(), plain);
            format!("schema {} v{version}", word("name"))
        }
        other => format!("format {other}"),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a line opens or closes the settings.
pub fn is_fence(line: &str) -> bool {
    line.trim_end() == FENCE
}

/// The role of a role line such as `-- system --`; `None` for any other line.
pub fn role_of(line: &str) -> Option<&str> {
    let word = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?.trim();
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    is_word.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn reads_model_variables_and_messages() {
        let document = lines(
            "+++\n[model]\nprovider = \"simulated\"\nname = \"triage-sim-1\"\ntemperature = 0.2\nmax_output_tokens = 600\n\
             [model.response_format]\ntype = \"json_schema\"\nname = \"triage_reply\"\nversion = 3\nschema = '''\n{}\n[x]\n'''\n\
             [[variables]]\nname = \"ticket\"\n[[variables]]\nname = \"company\"\ndefault = \"Acme\"\n+++\n\
             -- system --\nTriage.\n-- user --\n{{ ticket }}\n",
        );
        let summary = read(&document).unwrap();
        assert_eq!(
            summary.model_line(),
            "triage-sim-1  temp 0.2  max 600  schema triage_reply v3  simulated"
        );
        assert_eq!(
            summary.variables,
            [("ticket".into(), None), ("company".into(), Some("Acme".into()))]
        );
        assert_eq!(summary.messages, 2);
    }

    #[test]
    fn half_typed_settings_say_what_is_missing() {
        for (text, why) in [
            ("", "between two lines"),
            ("+++\n[model]\n", "between two lines"),
            ("+++\nname = \n+++\n", ""),
        ] {
            let error = read(&lines(text)).unwrap_err();
            assert!(error.contains(why) && !error.is_empty(), "{text:?}: {error}");
        }
        assert_eq!(read(&lines("+++\n+++\nno message")).unwrap().model_line(), "no model");
    }

    #[test]
    fn a_role_line_has_one_word_between_dashes() {
        for (line, role) in [
            ("-- system --", Some("system")),
            ("-- user --  ", Some("user")),
            ("--user--", None),
            ("\\-- user --", None),
            ("-- two words --", None),
            ("----", None),
            ("--", None),
            ("- item", None),
        ] {
            assert_eq!(role_of(line), role, "{line}");
        }
    }
}
