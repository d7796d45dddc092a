//! Reads a grader of a suite file.

use crate::domain::grader::{
    ArgumentRule, CallOrder, CaseRule, CitationSource, ExpectedDocuments, Grader, GraderKind, RefusalRule, Weight,
};
use crate::domain::json::SourceJson;
use crate::domain::money::UsdNanos;

use super::super::mark::Marks;
use super::super::schema;
use super::super::table::{Table, Text};
use super::JudgeHashes;
use super::read::{read_name, unknown_word};
use super::read_judge::{read_judge, read_semantic_similarity};

/// The kinds of graders, as files name them.
const KINDS: [&str; 22] = [
    "exact_match",
    "field_match",
    "json_valid",
    "json_schema",
    "regex",
    "numeric_tolerance",
    "contains",
    "edit_distance",
    "token_f1",
    "tool_calls",
    "citations",
    "refusal",
    "latency",
    "cost",
    "command",
    "all_of",
    "any_of",
    "weighted",
    "judge_rubric",
    "judge_classification",
    "judge_pairwise",
    "semantic_similarity",
];
/// How long a program may take where the file does not say, in milliseconds.
const TIME_LIMIT_MS: u64 = 10_000;
/// Nano-dollars in a dollar.
const NANOS: f64 = 1e9;
/// Largest limit of a cost, in dollars: far above any answer, and exact as a double.
const USD_MAX: f64 = 1_000_000.0;

pub(super) fn argument_word(rule: ArgumentRule) -> &'static str {
    match rule {
        ArgumentRule::Exact => "exact",
        ArgumentRule::Named => "named",
    }
}

pub(super) fn order_word(order: CallOrder) -> &'static str {
    match order {
        CallOrder::Exact => "exact",
        CallOrder::Any => "any",
        CallOrder::Contained => "contained",
    }
}

pub(super) fn read_grader(mut table: Table<'_>, judges: JudgeHashes<'_>, marks: &mut Marks) -> Option<Grader> {
    let name = read_name(&mut table, "grader", "name", marks);
    let word = table.required("kind", marks)?;
    if !KINDS.contains(&word.value) {
        unknown_word(&table, "kind", word, &KINDS, marks);
        return None;
    }
    let is_negated = table.bool("negate", marks).unwrap_or(false);
    let step = table.string("step", marks);
    let kind = match word.value {
        "semantic_similarity" => read_semantic_similarity(&mut table, marks),
        judge if judge.starts_with("judge_") => read_judge(judge, &mut table, judges, marks),
        other => read_kind(other, &mut table, marks),
    };
    table.finish(marks);
    let kind = kind?;
    Some(Grader {
        name: name?.value.to_owned(),
        kind: if is_negated {
            GraderKind::Not(Box::new(kind))
        } else {
            kind
        },
        step,
    })
}

fn read_kind(kind: &str, table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    Some(match kind {
        "exact_match" => GraderKind::ExactMatch {
            case: read_case(table, marks),
        },
        "field_match" => {
            let expected_field = table.string("expected_field", marks);
            GraderKind::FieldMatch {
                field: table.required("field", marks)?.value.to_owned(),
                expected_field,
            }
        }
        "json_valid" => GraderKind::JsonValid,
        "json_schema" => GraderKind::JsonSchema {
            schema: match table.text("schema", marks) {
                Some(text) => Some(checked(table, "schema", text, schema::parse(text.value), marks)?),
                None => None,
            },
        },
        "regex" => {
            let field = table.string("field", marks);
            let pattern = table.required("pattern", marks)?;
            compiled(table, pattern, marks)?;
            GraderKind::Regex {
                pattern: pattern.value.to_owned(),
                field,
            }
        }
        "numeric_tolerance" => GraderKind::NumericTolerance {
            field: table.string("field", marks),
            expected_field: table.string("expected_field", marks),
            absolute: table.number("absolute", marks).unwrap_or(0.0),
            relative: table.number("relative", marks).unwrap_or(0.0),
        },
        "contains" => GraderKind::Contains {
            text: table.string("text", marks),
            case: read_case(table, marks),
        },
        other => read_later_kind(other, table, marks)?,
    })
}

/// The kinds that measure how alike texts are, look at more than the answer's text, or are made of others.
fn read_later_kind(kind: &str, table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    Some(match kind {
        "edit_distance" => GraderKind::EditDistance {
            field: table.string("field", marks),
            expected_field: table.string("expected_field", marks),
            case: read_case(table, marks),
            at_least: required_number(table, "at_least", marks)?,
        },
        "token_f1" => GraderKind::TokenF1 {
            field: table.string("field", marks),
            expected_field: table.string("expected_field", marks),
            at_least: required_number(table, "at_least", marks)?,
        },
        "tool_calls" => read_tool_calls(table, marks)?,
        "citations" => read_citations(table, marks)?,
        "refusal" => read_refusal(table, marks)?,
        "latency" => GraderKind::Latency {
            at_most_ms: required(table, "at_most_ms", marks, Table::whole)?,
        },
        "cost" => read_cost(table, marks)?,
        "command" => {
            let time_limit_ms = table.whole("time_limit_ms", marks).unwrap_or(TIME_LIMIT_MS);
            GraderKind::Command {
                words: required(table, "command", marks, |table, key, marks| {
                    Some(table.texts(key, marks))
                })?,
                time_limit_ms,
            }
        }
        "all_of" => GraderKind::AllOf {
            graders: table.texts("graders", marks),
        },
        "any_of" => GraderKind::AnyOf {
            graders: table.texts("graders", marks),
        },
        _ => {
            let weights = read_weights(table, marks);
            GraderKind::Weighted {
                weights: weights?,
                at_least: required_number(table, "at_least", marks)?,
            }
        }
    })
}

/// Marks why a text did not compile.
fn checked<T>(table: &Table<'_>, key: &str, text: Text<'_>, result: Result<T, String>, marks: &mut Marks) -> Option<T> {
    result
        .map_err(|why| marks.error(text.line, format!("{}: {why}", table.path(key))))
        .ok()
}

fn compiled(table: &Table<'_>, pattern: Text<'_>, marks: &mut Marks) -> Option<regex::Regex> {
    let compiled = regex::Regex::new(pattern.value).map_err(|error| error.to_string());
    checked(table, "pattern", pattern, compiled, marks)
}

/// Reads a key that must be there.
pub(super) fn required<'n, T>(
    table: &mut Table<'n>,
    key: &'static str,
    marks: &mut Marks,
    read: impl FnOnce(&mut Table<'n>, &'static str, &mut Marks) -> Option<T>,
) -> Option<T> {
    if !table.has(key) {
        marks.error(table.line, format!("{}: it is missing", table.path(key)));
    }
    read(table, key, marks)
}

pub(super) fn required_number(table: &mut Table<'_>, key: &'static str, marks: &mut Marks) -> Option<f64> {
    required(table, key, marks, Table::number)
}

/// Two keys that say the same thing in different ways.
pub(super) fn refuse_both(table: &Table<'_>, (first, second): (&str, &str), marks: &mut Marks) -> Option<()> {
    if !(table.has(first) && table.has(second)) {
        return Some(());
    }
    marks.error(
        table.line,
        format!("{}: give {first} or {second}, not both", table.place),
    );
    None
}

/// One of a few words; the first where the key is not there.
pub(super) fn read_word<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    known: &[(&str, T)],
    default: T,
    marks: &mut Marks,
) -> Option<T> {
    let Some(word) = table.text(key, marks) else {
        return Some(default);
    };
    let found = known.iter().find(|(name, _)| *name == word.value);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        unknown_word(table, key, word, &names, marks);
    }
    found.map(|(_, value)| *value)
}

fn read_case(table: &mut Table<'_>, marks: &mut Marks) -> CaseRule {
    match table.bool("case_sensitive", marks) {
        Some(false) => CaseRule::Insensitive,
        _ => CaseRule::Sensitive,
    }
}

fn read_tool_calls(table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    let expected_field = table.string("expected_field", marks);
    let rules = [ArgumentRule::Exact, ArgumentRule::Named].map(|rule| (argument_word(rule), rule));
    let arguments = read_word(table, "arguments", &rules, ArgumentRule::default(), marks);
    let orders = [CallOrder::Exact, CallOrder::Any, CallOrder::Contained].map(|order| (order_word(order), order));
    let order = read_word(table, "order", &orders, CallOrder::default(), marks);
    let calls = match table.text("calls", marks) {
        None => None,
        Some(text) => {
            let json = SourceJson::new(text.value).map_err(|error| error.to_string());
            Some(checked(table, "calls", text, json, marks)?)
        }
    };
    refuse_both(table, ("calls", "expected_field"), marks)?;
    Some(GraderKind::ToolCalls {
        calls,
        expected_field,
        arguments: arguments?,
        order: order?,
    })
}

fn read_citations(table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    let at_least = table.whole("at_least", marks).unwrap_or(0);
    let cites_expected = table.bool("cites_expected", marks);
    let expected_field = table.string("expected_field", marks);
    let (field, pattern) = (table.string("field", marks), table.text("pattern", marks));
    let source = match (field, pattern) {
        (Some(field), None) => CitationSource::Field(field),
        (None, Some(pattern)) => {
            let group_count = compiled(table, pattern, marks)?.captures_len() - 1;
            if group_count != 1 {
                let why = format!("it has {group_count} groups, not one around the document's id, as in \\[(\\w+)\\]");
                marks.error(pattern.line, format!("{}: {why}", table.path("pattern")));
                return None;
            }
            CitationSource::Pattern(pattern.value.to_owned())
        }
        _ => {
            marks.error(
                table.line,
                format!("{}: give exactly one of field, pattern", table.place),
            );
            return None;
        }
    };
    let expected = match (cites_expected, expected_field) {
        (Some(false), Some(_)) => {
            let why = "cites_expected is false, so expected_field means nothing";
            marks.error(table.line, format!("{}: {why}", table.place));
            return None;
        }
        (_, Some(field)) => ExpectedDocuments::Field(field),
        (Some(true), None) => ExpectedDocuments::Whole,
        (Some(false) | None, None) => ExpectedDocuments::Free,
    };
    Some(GraderKind::Citations {
        source,
        at_least,
        expected,
    })
}

fn read_refusal(table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    let (expected, field) = (table.bool("expected", marks), table.string("expected_field", marks));
    refuse_both(table, ("expected", "expected_field"), marks)?;
    Some(GraderKind::Refusal {
        expected: field.map_or(RefusalRule::Fixed(expected.unwrap_or(false)), RefusalRule::Field),
    })
}

fn read_cost(table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    let usd = required_number(table, "at_most_usd", marks)?;
    if !(0.0..=USD_MAX).contains(&usd) {
        let why = format!("{usd} is not between 0 and {USD_MAX} dollars");
        marks.error(table.line, format!("{}: {why}", table.path("at_most_usd")));
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds are checked above"
    )]
    let at_most = UsdNanos((usd * NANOS).round() as u64);
    Some(GraderKind::Cost { at_most })
}

fn read_weights(table: &mut Table<'_>, marks: &mut Marks) -> Option<Vec<Weight>> {
    let place = table.path("weights");
    let entries = required(table, "weights", marks, |table, key, marks| {
        Some(table.entries(key, marks))
    })?;
    let mut weights = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(weight) = entry.node.number() else {
            marks.error(entry.node.line, format!("{place}.{}: must be a number", entry.key));
            return None;
        };
        weights.push(Weight {
            grader: entry.key.clone(),
            weight,
        });
    }
    Some(weights)
}
