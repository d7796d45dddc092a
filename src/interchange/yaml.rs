//! Reads YAML into the same tables as TOML and JSON, as YAML 1.2 means it: `no` is text, and so are `007` and `1_000`.
//! What has more than one meaning among readers of YAML is refused: merge keys, a key that is there twice, and tags
//! other than those of YAML's own kinds (`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Options, Spanned};

use super::mark::Marks;
use super::table::{Entry, Node, NodeValue};

/// Deepest nesting: no file of ours needs a fourth of it.
const DEPTH_MAX: usize = 32;
/// Most values of one file, and most that its aliases may repeat.
const VALUES_MAX: usize = 100_000;

/// Whether a first line is that of YAML: `---`, an entry of a list, or a key with a colon.
pub(super) fn begins(first: &str) -> bool {
    let is_entry = ["-", "?"]
        .iter()
        .any(|sign| first == *sign || first.starts_with(&format!("{sign} ")));
    if is_entry || first.starts_with("---") || first.starts_with("%YAML") {
        return true;
    }
    let after_key = match first.chars().next() {
        Some(quote @ ('"' | '\'')) => first.split(quote).nth(2).unwrap_or_default(),
        _ => first.trim_start_matches(|c: char| c != ':' && c != '='),
    };
    let after_colon = after_key.trim_start().strip_prefix(':');
    after_colon.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// The entries of YAML text that holds one table; `None` where it is none.
pub(super) fn parse(source: &str, marks: &mut Marks) -> Option<Vec<Entry>> {
    match serde_saphyr::from_str_with_options::<Spanned<Value>>(source, options()) {
        Ok(value) => {
            let node = value.value.node(value.referenced, value.defined, source);
            if let NodeValue::Table(entries) = node.value {
                return Some(entries);
            }
            marks.error(Some(1), "it holds no table: begin with a key, as in `name: ..`");
        }
        Err(error) => {
            let at = error.location().unwrap_or(Location::UNKNOWN);
            marks.error_at(
                line(at).unwrap_or(1),
                u32::try_from(at.column()).ok().filter(|column| *column > 0),
                message(&error),
            );
        }
    }
    None
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: VALUES_MAX,
            max_recorded_anchor_events: VALUES_MAX,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: VALUES_MAX,
        },
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

fn line(at: Location) -> Option<u32> {
    u32::try_from(at.line()).ok().filter(|line| *line > 0)
}

/// What is wrong, in our words where people are likely to meet it.
fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key '{key}' is there twice"),
        Error::MergeKeyNotAllowed { .. } => "'<<' merges tables, which is not YAML 1.2: write the keys out".into(),
        Error::UnknownAnchor { .. } => "the alias names no anchor above".into(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => "the alias stands within its own anchor".into(),
        Error::NullIntoString { .. } => "a key must be a string, not null: write it in quotes".into(),
        Error::Unexpected { .. } => "a key must be a string".into(),
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => format!("it is nested deeper than {DEPTH_MAX} levels"),
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => "a second document begins here: a file holds one".into(),
        Error::Budget { .. }
        | Error::AliasError { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            format!("it is too large: at most {VALUES_MAX} values, those that aliases repeat among them")
        }
        other => {
            let text = other.to_string();
            let text = text.split(" at line ").next().unwrap_or_default();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// A value as it was read; its lines stand around it.
enum Value {
    Scalar(NodeValue),
    Integer(u64),
    List(Vec<Spanned<Value>>),
    Table(Vec<(Spanned<String>, Spanned<Value>)>),
}

impl Value {
    fn node(self, used: Location, defined: Location, source: &str) -> Node {
        let value = match self {
            Self::Scalar(NodeValue::Float(float)) => number(float, defined, source),
            Self::Scalar(value) => value,
            Self::Integer(integer) => {
                i64::try_from(integer).map_or(NodeValue::Other("an integer above 2^63"), NodeValue::Integer)
            }
            Self::List(items) => NodeValue::List(
                items
                    .into_iter()
                    .map(|item| item.value.node(item.referenced, item.defined, source))
                    .collect(),
            ),
            Self::Table(entries) => NodeValue::Table(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        node: value.value.node(key.referenced, value.defined, source),
                        key: key.value,
                    })
                    .collect(),
            ),
        };
        Node {
            line: line(used),
            value,
        }
    }
}

/// A float, unless digits alone are written: an integer that does not fit is not rounded silently.
fn number(float: f64, at: Location, source: &str) -> NodeValue {
    let offset = at.span().byte_offset().and_then(|offset| usize::try_from(offset).ok());
    let written = offset.and_then(|offset| source.get(offset..)).unwrap_or_default();
    let written = written.trim_start_matches(['+', '-']);
    let after = written.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_integer = after.len() < written.len() && !after.starts_with(['.', 'e', 'E']);
    if is_integer {
        NodeValue::Other("an integer above 2^63")
    } else {
        NodeValue::Float(float)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar(NodeValue::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(NodeValue::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(NodeValue::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(NodeValue::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(NodeValue::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Value::Table(table))
    }
}

#[cfg(test)]
mod tests;
