//! Writes a grader of a suite as TOML.

use super::super::toml_text::{block, key, number, quoted, texts};
use super::print::{Pair, optional};
use super::print_judge::{judge_pairs, semantic_similarity_pairs};
use super::read_grader::{argument_word, order_word};
use crate::domain::grader::{
    ArgumentRule, CallOrder, CaseRule, CitationSource, ExpectedDocuments, Grader, GraderKind, RefusalRule, Weight,
};

pub(super) fn grader_pairs(grader: &Grader) -> Vec<Pair> {
    let (mut kind, mut is_negated) = (&grader.kind, false);
    while let GraderKind::Not(inner) = kind {
        (kind, is_negated) = (inner, !is_negated);
    }
    let mut pairs = vec![("name", quoted(&grader.name)), ("kind", quoted(kind.as_str()))];
    if is_negated {
        pairs.push(("negate", "true".into()));
    }
    pairs.extend(optional("step", grader.step.as_ref()));
    pairs.extend(kind_pairs(kind));
    pairs
}

fn case(rule: CaseRule) -> Option<Pair> {
    (rule == CaseRule::Insensitive).then(|| ("case_sensitive", "false".into()))
}

fn both_fields(field: Option<&String>, expected_field: Option<&String>) -> Vec<Pair> {
    let pairs = [optional("field", field), optional("expected_field", expected_field)];
    pairs.into_iter().flatten().collect()
}

fn kind_pairs(kind: &GraderKind) -> Vec<Pair> {
    let mut pairs = Vec::new();
    match kind {
        GraderKind::ExactMatch { case: rule } => pairs.extend(case(*rule)),
        GraderKind::FieldMatch { field, expected_field } => {
            pairs.extend(both_fields(Some(field), expected_field.as_ref()));
        }
        GraderKind::JsonSchema { schema } => {
            pairs.extend(schema.as_ref().map(|schema| ("schema", block(schema.as_str()))));
        }
        GraderKind::Regex { pattern, field } => {
            pairs.push(("pattern", quoted(pattern)));
            pairs.extend(optional("field", field.as_ref()));
        }
        GraderKind::NumericTolerance {
            field,
            expected_field,
            absolute,
            relative,
        } => {
            pairs.extend(both_fields(field.as_ref(), expected_field.as_ref()));
            pairs.push(("absolute", number(*absolute)));
            pairs.push(("relative", number(*relative)));
        }
        GraderKind::Contains { text, case: rule } => {
            pairs.extend(optional("text", text.as_ref()));
            pairs.extend(case(*rule));
        }
        GraderKind::EditDistance {
            field,
            expected_field,
            case: rule,
            at_least,
        } => {
            pairs.extend(both_fields(field.as_ref(), expected_field.as_ref()));
            pairs.extend(case(*rule));
            pairs.push(("at_least", number(*at_least)));
        }
        GraderKind::TokenF1 {
            field,
            expected_field,
            at_least,
        } => {
            pairs.extend(both_fields(field.as_ref(), expected_field.as_ref()));
            pairs.push(("at_least", number(*at_least)));
        }
        other => pairs = later_pairs(other),
    }
    pairs
}

/// The kinds that look at more than the answer's text.
fn later_pairs(kind: &GraderKind) -> Vec<Pair> {
    let mut pairs = Vec::new();
    match kind {
        GraderKind::ToolCalls {
            calls,
            expected_field,
            arguments,
            order,
        } => {
            pairs.extend(calls.as_ref().map(|calls| ("calls", block(calls.as_str()))));
            pairs.extend(optional("expected_field", expected_field.as_ref()));
            if *arguments != ArgumentRule::default() {
                pairs.push(("arguments", quoted(argument_word(*arguments))));
            }
            if *order != CallOrder::default() {
                pairs.push(("order", quoted(order_word(*order))));
            }
        }
        GraderKind::Citations {
            source,
            at_least,
            expected,
        } => {
            pairs.push(match source {
                CitationSource::Field(field) => ("field", quoted(field)),
                CitationSource::Pattern(pattern) => ("pattern", quoted(pattern)),
            });
            pairs.push(("at_least", at_least.to_string()));
            match expected {
                ExpectedDocuments::Free => {}
                ExpectedDocuments::Whole => pairs.push(("cites_expected", "true".into())),
                ExpectedDocuments::Field(field) => pairs.push(("expected_field", quoted(field))),
            }
        }
        GraderKind::Refusal { expected } => pairs.push(match expected {
            RefusalRule::Fixed(expected) => ("expected", expected.to_string()),
            RefusalRule::Field(field) => ("expected_field", quoted(field)),
        }),
        GraderKind::Latency { at_most_ms } => pairs.push(("at_most_ms", at_most_ms.to_string())),
        GraderKind::Cost { at_most } => pairs.push(("at_most_usd", number(at_most.as_usd()))),
        GraderKind::Command { words, time_limit_ms } => {
            pairs.push(("command", texts(words)));
            pairs.push(("time_limit_ms", time_limit_ms.to_string()));
        }
        GraderKind::AllOf { graders } | GraderKind::AnyOf { graders } => pairs.push(("graders", texts(graders))),
        GraderKind::Weighted { weights, at_least } => {
            let weight = |part: &Weight| format!("{} = {}", key(&part.grader), number(part.weight));
            let weights: Vec<String> = weights.iter().map(weight).collect();
            pairs.push(("weights", format!("{{ {} }}", weights.join(", "))));
            pairs.push(("at_least", number(*at_least)));
        }
        GraderKind::Judge(judge) => pairs = judge_pairs(judge),
        GraderKind::SemanticSimilarity(similarity) => pairs = semantic_similarity_pairs(similarity),
        _ => {}
    }
    pairs
}
