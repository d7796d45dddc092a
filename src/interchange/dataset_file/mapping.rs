//! Which fields of a row become which parts of an example.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::super::InterchangeError;
use crate::text::nearest;

/// The name under which all fields of an object become metadata.
pub(super) const ALL_FIELDS: &str = "*";

/// Parts of an example that a mapping can name.
const TARGETS: [&str; 6] = ["id", "input", "expected", "labels", "metadata", "context"];

/// A place in a row: a field's name, or names with dots between them into nested objects and arrays. A field whose own
/// name has a dot goes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(String);

impl FieldPath {
    /// The path as people write it.
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value there.
    pub fn find<'r>(&self, fields: &'r Map<String, Json>) -> Option<&'r Json> {
        find_field(fields, &self.0)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn find_field<'r>(fields: &'r Map<String, Json>, path: &str) -> Option<&'r Json> {
    let nested = || {
        path.match_indices('.').find_map(|(dot, _)| {
            let (head, tail) = path.split_at_checked(dot)?;
            find(fields.get(head)?, tail.strip_prefix('.')?)
        })
    };
    fields.get(path).or_else(nested)
}

fn find<'r>(value: &'r Json, path: &str) -> Option<&'r Json> {
    match value {
        Json::Object(fields) => find_field(fields, path),
        Json::Array(items) => match path.split_once('.') {
            Some((index, rest)) => find(items.get(index.parse::<usize>().ok()?)?, rest),
            None => items.get(path.parse::<usize>().ok()?),
        },
        _ => None,
    }
}

/// Where the input or the expected value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueMapping {
    /// One field is the whole value.
    Whole(FieldPath),
    /// An object is made, each field of it from one field of the row.
    Fields(Vec<(String, FieldPath)>),
}

/// Which fields of a row become which parts of an example. Fields that no part names are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The example's id; the row's number where not given.
    pub id: Option<FieldPath>,
    /// What fills the prompt.
    pub input: ValueMapping,
    /// What the answer should be.
    pub expected: Option<ValueMapping>,
    /// A list of labels, or text with commas, semicolons or bars between them.
    pub labels: Option<FieldPath>,
    /// Metadata by name; `*` takes each field of an object under its own name.
    pub metadata: Vec<(String, FieldPath)>,
    /// Retrieved documents and canned tool results.
    pub context: Option<FieldPath>,
}

impl Mapping {
    /// Changes a guess by what a person wrote: `input.ticket=text,expected.route=label,metadata.lang=lang,id=key`.
    ///
    /// A part that is named replaces the guess of that part whole; nothing after `=` takes the part away.
    pub fn parse(text: &str, guess: Self) -> Result<Self, InterchangeError> {
        let mut pairs = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            pairs.push(read_pair(pair)?);
        }
        let named = |target: &str| pairs.iter().any(|pair| pair.target == target);
        let one = |target: &str| match pairs.iter().filter(|pair| pair.target == target).collect::<Vec<_>>()[..] {
            [] => Ok(None),
            [pair] if pair.name.is_none() => Ok(pair.path()),
            [pair] => Err(fault(pair.text, format!("'{target}' has no parts"))),
            [_, second, ..] => Err(fault(second.text, format!("'{target}' is mapped twice"))),
        };
        let mut mapping = guess;
        if named("id") {
            mapping.id = one("id")?;
        }
        if named("labels") {
            mapping.labels = one("labels")?;
        }
        if named("context") {
            mapping.context = one("context")?;
        }
        if named("input") {
            let input = read_value("input", &pairs)?;
            mapping.input = input.ok_or_else(|| fault("input=", "an example needs an input".into()))?;
        }
        if named("expected") {
            mapping.expected = read_value("expected", &pairs)?;
        }
        if named("metadata") {
            mapping.metadata = read_metadata(&pairs)?;
        }
        Ok(mapping)
    }

    /// Each part with the field that it comes from, for people to check.
    pub fn describe(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        let mut push = |target: String, path: &FieldPath| lines.push((target, path.to_string()));
        if let Some(path) = &self.id {
            push("id".into(), path);
        }
        for (target, value) in [("input", Some(&self.input)), ("expected", self.expected.as_ref())] {
            match value {
                Some(ValueMapping::Whole(path)) => push(target.into(), path),
                Some(ValueMapping::Fields(fields)) => {
                    for (name, path) in fields {
                        push(format!("{target}.{name}"), path);
                    }
                }
                None => {}
            }
        }
        if let Some(path) = &self.labels {
            push("labels".into(), path);
        }
        for (name, path) in &self.metadata {
            push(format!("metadata.{name}"), path);
        }
        if let Some(path) = &self.context {
            push("context".into(), path);
        }
        lines
    }
}

fn fault(part: &str, why: String) -> InterchangeError {
    InterchangeError::Mapping { part: part.into(), why }
}

/// `target.name=source` as a person wrote it.
struct Pair<'t> {
    text: &'t str,
    target: &'t str,
    name: Option<&'t str>,
    source: &'t str,
}

impl Pair<'_> {
    fn path(&self) -> Option<FieldPath> {
        (!self.source.is_empty()).then(|| FieldPath::new(self.source))
    }
}

fn read_pair(text: &str) -> Result<Pair<'_>, InterchangeError> {
    let Some((whole, source)) = text.split_once('=') else {
        return Err(fault(text, "write it as part=field".into()));
    };
    let (target, name) = match whole.trim().split_once('.') {
        Some((target, name)) => (target, Some(name)),
        None => (whole.trim(), None),
    };
    if !TARGETS.contains(&target) {
        let hint = nearest(target, &TARGETS).map_or_else(
            || format!("use {}", TARGETS.join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        return Err(fault(text, format!("an example has no part '{target}': {hint}")));
    }
    let source = source.trim();
    Ok(Pair {
        text,
        target,
        name,
        source,
    })
}

fn read_value(target: &str, pairs: &[Pair<'_>]) -> Result<Option<ValueMapping>, InterchangeError> {
    let of_target: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.target == target).collect();
    if let [pair] = of_target.as_slice()
        && pair.name.is_none()
    {
        return Ok(pair.path().map(ValueMapping::Whole));
    }
    let mut fields: Vec<(String, FieldPath)> = Vec::new();
    for pair in of_target {
        let Some(name) = pair.name else {
            return Err(fault(
                pair.text,
                format!("'{target}' is mapped whole and by its fields"),
            ));
        };
        if fields.iter().any(|(earlier, _)| earlier == name) {
            return Err(fault(pair.text, format!("'{target}.{name}' is mapped twice")));
        }
        fields.extend(pair.path().map(|path| (name.to_owned(), path)));
    }
    Ok((!fields.is_empty()).then_some(ValueMapping::Fields(fields)))
}

fn read_metadata(pairs: &[Pair<'_>]) -> Result<Vec<(String, FieldPath)>, InterchangeError> {
    let mut metadata = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.target == "metadata") {
        match (pair.name, pair.path()) {
            (_, None) => {}
            (Some(name), Some(path)) => metadata.push((name.to_owned(), path)),
            (None, Some(_)) => return Err(fault(pair.text, "name it: metadata.lang=lang".into())),
        }
    }
    Ok(metadata)
}
