//! Reads tables key by key, the same for TOML, YAML and JSON: each fault is marked where it stands, and a key that
//! nobody asked for is an error that names the nearest known one.

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::format::{SourceText, TextFormat};
use super::mark::{DocumentFaults, Marks};
use super::yaml;
use crate::domain::DomainError;
use crate::text::nearest;

/// A value with its line.
pub(super) struct Node {
    pub(super) line: Option<u32>,
    pub(super) value: NodeValue,
}

/// A value of TOML, YAML or JSON.
pub(super) enum NodeValue {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// Of YAML and JSON.
    Null,
    /// Something that no key of ours takes, by the name of its kind.
    Other(&'static str),
}

/// A key of a table with its value, in the order of the text.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) node: Node,
}

impl Node {
    fn kind(&self) -> &'static str {
        match &self.value {
            NodeValue::Text(_) => "a string",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Float(_) => "a float",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::List(_) => "a list",
            NodeValue::Table(_) => "a table",
            NodeValue::Null => "null",
            NodeValue::Other(kind) => kind,
        }
    }

    /// The number, where it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.value {
            #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
            NodeValue::Integer(value) => Some(*value as f64),
            NodeValue::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The JSON value, where there is one: `{ json = ".." }` is the value of that text.
    pub(super) fn json(&self) -> Result<Json, String> {
        match &self.value {
            NodeValue::Text(text) => Ok(Json::from(text.as_str())),
            NodeValue::Integer(value) => Ok(Json::from(*value)),
            NodeValue::Float(value) if value.is_finite() => Ok(Json::from(*value)),
            NodeValue::Float(value) => Err(format!("{value} is not a value of JSON")),
            NodeValue::Bool(value) => Ok(Json::from(*value)),
            NodeValue::List(items) => items.iter().map(Self::json).collect(),
            NodeValue::Table(entries) => match entries.as_slice() {
                [entry] if entry.key == "json" => match &entry.node.value {
                    NodeValue::Text(text) => serde_json::from_str(text).map_err(|e| format!("'json': {e}")),
                    _ => Err("'json' must be a string that holds JSON".into()),
                },
                entries => {
                    let fields: Result<Map<String, Json>, String> = entries
                        .iter()
                        .map(|entry| Ok((entry.key.clone(), entry.node.json()?)))
                        .collect();
                    fields.map(Json::Object)
                }
            },
            NodeValue::Null => Ok(Json::Null),
            NodeValue::Other(kind) => Err(format!("{kind} is not a value of JSON")),
        }
    }
}

/// Reads a whole file in the format that its name says, or else the text itself. What it holds is checked once it is
/// read without a fault; the error names every fault.
pub(super) fn parse_file<T>(
    source: SourceText<'_>,
    read: impl FnOnce(Table<'_>, &mut Marks) -> Option<T>,
    check: impl FnOnce(&T) -> Result<(), DomainError>,
) -> Result<T, DocumentFaults> {
    let mut marks = Marks::default();
    let entries = parse_entries(source, &mut marks);
    let file = entries.and_then(|entries| read(Table::new("", None, &entries), &mut marks));
    if let Some(file) = &file
        && !marks.has_errors()
        && let Err(error) = check(file)
    {
        marks.domain_error(&error);
    }
    match file {
        Some(file) if !marks.has_errors() => Ok(file),
        _ => Err(marks.into_faults()),
    }
}

fn parse_entries(source: SourceText<'_>, marks: &mut Marks) -> Option<Vec<Entry>> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
    let looks_like = TextFormat::of_text(text);
    let Some(format) = source.format.or(looks_like) else {
        let how = "begin with a key, as in `name = \"..\"` (TOML) or `name: ..` (YAML), or with `{` (JSON)";
        marks.error(Some(1), format!("it holds no table: {how}"));
        return None;
    };
    let entries = match format {
        TextFormat::Toml => parse_toml(text, 1, marks),
        TextFormat::Yaml => yaml::parse(text, marks),
        TextFormat::Json => parse_json(text, marks),
    };
    let other = looks_like.filter(|other| entries.is_none() && *other != format);
    if let Some(other) = other {
        let (format, other) = (format.as_str(), other.as_str());
        marks.error(
            Some(1),
            format!("it is read as {format}, as its name says, and begins like {other}: name it after what it is"),
        );
    }
    entries
}

/// The entries of TOML text whose first line is `first_line` of the whole; `None` where it is not TOML.
pub(super) fn parse_toml(source: &str, first_line: u32, marks: &mut Marks) -> Option<Vec<Entry>> {
    let lines = Lines::new(source, first_line);
    let (table, errors) = DeTable::parse_recoverable(source);
    for error in &errors {
        let offset = error.span().unwrap_or_default().start;
        let column = lines.column(source, offset);
        marks.error_at(lines.line(offset), Some(column), one_line(error.message()));
    }
    errors.is_empty().then(|| lines.entries(table.into_inner()))
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The entries of a JSON object; `None` where it is none.
fn parse_json(source: &str, marks: &mut Marks) -> Option<Vec<Entry>> {
    match serde_json::from_str::<Map<String, Json>>(source) {
        Ok(fields) => Some(json_entries(fields)),
        Err(error) => {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            marks.error_at(
                count(error.line().max(1)),
                Some(count(error.column())),
                error.to_string(),
            );
            None
        }
    }
}

fn json_entries(fields: Map<String, Json>) -> Vec<Entry> {
    let entry = |(key, value)| Entry {
        key,
        node: json_node(value),
    };
    fields.into_iter().map(entry).collect()
}

fn json_node(value: Json) -> Node {
    let value = match value {
        Json::Null => NodeValue::Null,
        Json::Bool(value) => NodeValue::Bool(value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => NodeValue::Integer(integer),
            None => NodeValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => NodeValue::Text(text),
        Json::Array(items) => NodeValue::List(items.into_iter().map(json_node).collect()),
        Json::Object(fields) => NodeValue::Table(json_entries(fields)),
    };
    Node { line: None, value }
}

/// Turns byte offsets into lines of the whole text.
struct Lines {
    /// Where each line begins.
    starts: Vec<usize>,
    first_line: u32,
}

impl Lines {
    fn new(source: &str, first_line: u32) -> Self {
        let newlines = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(index, _)| index + 1)).collect();
        Self { starts, first_line }
    }

    fn line(&self, offset: usize) -> u32 {
        let index = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        self.first_line + u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// In characters, counted from 1.
    fn column(&self, source: &str, offset: usize) -> u32 {
        let index = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let before = source.get(start..offset).unwrap_or_default();
        u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX)
    }

    fn entries(&self, table: DeTable<'_>) -> Vec<Entry> {
        let mut pairs: Vec<_> = table.into_iter().collect();
        // The parser sorts keys by name; what people wrote has an order that is kept.
        pairs.sort_by_key(|(key, _)| key.span().start);
        pairs
            .into_iter()
            .map(|(key, value)| Entry {
                node: self.node(key.span().start, value),
                key: key.into_inner().into_owned(),
            })
            .collect()
    }

    fn node(&self, key_offset: usize, value: Spanned<DeValue<'_>>) -> Node {
        let line = Some(self.line(key_offset));
        let value = match value.into_inner() {
            DeValue::String(text) => NodeValue::Text(text.into_owned()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(NodeValue::Other("an integer above 2^63"), NodeValue::Integer),
            DeValue::Float(float) => float
                .as_str()
                .parse()
                .map_or(NodeValue::Other("a float out of range"), NodeValue::Float),
            DeValue::Boolean(value) => NodeValue::Bool(value),
            DeValue::Datetime(_) => NodeValue::Other("a date"),
            DeValue::Array(items) => {
                let item = |item: Spanned<DeValue<'_>>| self.node(item.span().start, item);
                NodeValue::List(items.into_iter().map(item).collect())
            }
            DeValue::Table(table) => NodeValue::Table(self.entries(table)),
        };
        Node { line, value }
    }
}

/// A string with its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'n> {
    pub(super) value: &'n str,
    pub(super) line: Option<u32>,
}

/// A table that is being read: what is asked for is known, and the rest is an error at the end.
pub(super) struct Table<'n> {
    /// How faults call it: `model.response_format`, `grader 'route'`; empty for the whole text.
    pub(super) place: String,
    pub(super) line: Option<u32>,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
}

impl<'n> Table<'n> {
    pub(super) fn new(place: impl Into<String>, line: Option<u32>, entries: &'n [Entry]) -> Self {
        Self {
            place: place.into(),
            line,
            entries,
            asked: Vec::new(),
        }
    }

    /// How faults call a key of this table.
    pub(super) fn path(&self, key: &str) -> String {
        if self.place.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.place)
        }
    }

    pub(super) fn node(&mut self, key: &'static str, marks: &mut Marks) -> Option<&'n Node> {
        self.asked.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let value = match &entry.node.value {
            NodeValue::Text(text) => text.as_str(),
            _ => "",
        };
        marks.place(self.path(key), value, entry.node.line);
        Some(&entry.node)
    }

    /// Reads a key with `read`, which gives `None` where the kind of the value is not `wanted`.
    fn value<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        marks: &mut Marks,
        read: impl FnOnce(&'n Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key, marks)?;
        let value = read(node);
        if value.is_none() {
            let message = format!("{}: must be {wanted}, not {}", self.path(key), node.kind());
            marks.error(node.line, message);
        }
        value
    }

    pub(super) fn text(&mut self, key: &'static str, marks: &mut Marks) -> Option<Text<'n>> {
        self.value(key, "a string", marks, |node| match &node.value {
            NodeValue::Text(value) => Some(Text { value, line: node.line }),
            _ => None,
        })
    }

    /// Like [`Self::text`], owned.
    pub(super) fn string(&mut self, key: &'static str, marks: &mut Marks) -> Option<String> {
        self.text(key, marks).map(|text| text.value.to_owned())
    }

    /// A string that must be there.
    pub(super) fn required(&mut self, key: &'static str, marks: &mut Marks) -> Option<Text<'n>> {
        if !self.has(key) {
            marks.error(self.line, format!("{}: it is missing", self.path(key)));
        }
        self.text(key, marks)
    }

    pub(super) fn number(&mut self, key: &'static str, marks: &mut Marks) -> Option<f64> {
        self.value(key, "a number", marks, Node::number)
    }

    /// A whole number of 0 or more that fits the type.
    pub(super) fn whole<T: TryFrom<i64>>(&mut self, key: &'static str, marks: &mut Marks) -> Option<T> {
        let (line, integer) = self.value(key, "a whole number", marks, |node| match &node.value {
            NodeValue::Integer(value) => Some((node.line, *value)),
            _ => None,
        })?;
        let value = Some(integer)
            .filter(|integer| *integer >= 0)
            .and_then(|integer| T::try_from(integer).ok());
        if value.is_none() {
            marks.error(line, format!("{}: {integer} is out of range", self.path(key)));
        }
        value
    }

    pub(super) fn bool(&mut self, key: &'static str, marks: &mut Marks) -> Option<bool> {
        self.value(key, "true or false", marks, |node| match &node.value {
            NodeValue::Bool(value) => Some(*value),
            _ => None,
        })
    }

    pub(super) fn texts(&mut self, key: &'static str, marks: &mut Marks) -> Vec<String> {
        let read = |node: &'n Node| match &node.value {
            NodeValue::List(items) => items
                .iter()
                .map(|item| match &item.value {
                    NodeValue::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        self.value(key, "a list of strings", marks, read).unwrap_or_default()
    }

    pub(super) fn numbers(&mut self, key: &'static str, marks: &mut Marks) -> Vec<f64> {
        let read = |node: &'n Node| match &node.value {
            NodeValue::List(items) => items.iter().map(Node::number).collect(),
            _ => None,
        };
        self.value(key, "a list of numbers", marks, read).unwrap_or_default()
    }

    /// The entries of a table, to be read by their own names.
    pub(super) fn entries(&mut self, key: &'static str, marks: &mut Marks) -> &'n [Entry] {
        let read = |node: &'n Node| match &node.value {
            NodeValue::Table(entries) => Some(entries.as_slice()),
            _ => None,
        };
        self.value(key, "a table", marks, read).unwrap_or_default()
    }

    pub(super) fn table(&mut self, key: &'static str, marks: &mut Marks) -> Option<Table<'n>> {
        let place = self.path(key);
        self.value(key, "a table", marks, |node| match &node.value {
            NodeValue::Table(entries) => Some(Table::new(place, node.line, entries)),
            _ => None,
        })
    }

    /// A list of tables.
    pub(super) fn tables(&mut self, key: &'static str, marks: &mut Marks) -> Vec<Table<'n>> {
        let place = self.path(key);
        let read = |node: &'n Node| match &node.value {
            NodeValue::List(items) => items
                .iter()
                .map(|item| match &item.value {
                    NodeValue::Table(entries) => Some(Table::new(place.clone(), item.line, entries)),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        self.value(key, "a list of tables", marks, read).unwrap_or_default()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Marks each key that nobody asked for.
    pub(super) fn finish(self, marks: &mut Marks) {
        for entry in self.entries {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            let known = self.asked.as_slice();
            let hint = match nearest(&entry.key, known) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("known here: {}", known.join(", ")),
            };
            marks.error(
                entry.node.line,
                format!("{}: unknown key: {hint}", self.path(&entry.key)),
            );
        }
    }
}
