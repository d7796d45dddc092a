//! Builds graders of what a suite says of them.

use super::combination::Rule;
use super::similarity::Similarity;
use super::{Body, Check, Compiled};
use super::{
    citations, command, contains, edit_distance, exact, field, json, judge, limits, numeric, pattern, refusal, schema,
};
use super::{semantic, token_f1, tool_calls};
use crate::domain::grader::{ExpectedCall, Grader, GraderKind};
use crate::domain::prompt::PromptContent;
use crate::evals::judges::Judges;

/// Builds one of a suite's graders; the error says what is wrong with it.
pub(super) fn compile(
    grader: &Grader,
    all: &[Grader],
    prompt: &PromptContent,
    judges: &Judges,
) -> Result<Compiled, String> {
    let (mut kind, mut is_turned) = (&grader.kind, false);
    while let GraderKind::Not(inner) = kind {
        (kind, is_turned) = (inner, !is_turned);
    }
    let body = match (kind, rule(kind)) {
        (_, Some(rule)) => Body::Combination {
            rule,
            parts: places(kind, all),
        },
        (GraderKind::Judge(settings), None) => {
            Body::Check(Check::Judge(judge::Judge::compile(&grader.name, settings, judges)?))
        }
        (GraderKind::SemanticSimilarity(settings), None) => {
            let semantic = semantic::Semantic::compile(&grader.name, settings, judges)?;
            Body::Check(Check::Semantic(Box::new(semantic)))
        }
        (kind, None) => Body::Check(check(kind, prompt)?),
    };
    let wholes = all.iter().filter(|other| other.kind.parts().contains(&&*grader.name));
    Ok(Compiled {
        name: grader.name.clone(),
        body,
        is_turned,
        part_of: wholes.map(|whole| whole.name.clone()).collect(),
        step: grader.step.clone(),
    })
}

/// When a combination passes; `None` for any other kind.
fn rule(kind: &GraderKind) -> Option<Rule> {
    match kind {
        GraderKind::AllOf { .. } => Some(Rule::All),
        GraderKind::AnyOf { .. } => Some(Rule::Any),
        GraderKind::Weighted { weights, at_least } => Some(Rule::Weighted {
            weights: weights.iter().map(|part| part.weight).collect(),
            at_least: *at_least,
        }),
        _ => None,
    }
}

/// Where the parts of a combination stand; that they are there was checked before.
fn places(kind: &GraderKind, all: &[Grader]) -> Vec<usize> {
    let place_of = |name: &str| all.iter().position(|grader| grader.name == name);
    kind.parts().into_iter().filter_map(place_of).collect()
}

fn check(kind: &GraderKind, prompt: &PromptContent) -> Result<Check, String> {
    Ok(match kind {
        GraderKind::ExactMatch { case } => Check::Exact(exact::Exact { case: *case }),
        GraderKind::FieldMatch { field, expected_field } => Check::Field(field::Field {
            field: field.clone(),
            expected_field: expected_field.clone(),
        }),
        GraderKind::JsonValid => Check::Json(json::JsonValid),
        GraderKind::JsonSchema { schema } => Check::Schema(Box::new(schema::Schema::compile(
            schema.as_ref(),
            &prompt.model.response_format,
        )?)),
        GraderKind::Regex { pattern, field } => Check::Pattern(pattern::Pattern::compile(pattern, field.clone())?),
        GraderKind::NumericTolerance {
            field,
            expected_field,
            absolute,
            relative,
        } => Check::Numeric(numeric::Numeric {
            field: field.clone(),
            expected_field: expected_field.clone(),
            absolute: *absolute,
            relative: *relative,
        }),
        GraderKind::Contains { text, case } => Check::Contains(contains::Contains {
            text: text.clone(),
            case: *case,
        }),
        other => later_check(other)?,
    })
}

/// The kinds that measure how alike texts are, or look at more than the answer's text.
fn later_check(kind: &GraderKind) -> Result<Check, String> {
    let texts = |field: &Option<String>, expected_field: &Option<String>, at_least: f64| Similarity {
        field: field.clone(),
        expected_field: expected_field.clone(),
        at_least,
    };
    Ok(match kind {
        GraderKind::EditDistance {
            field,
            expected_field,
            case,
            at_least,
        } => Check::EditDistance(edit_distance::EditDistance {
            texts: texts(field, expected_field, *at_least),
            case: *case,
        }),
        GraderKind::TokenF1 {
            field,
            expected_field,
            at_least,
        } => Check::TokenF1(token_f1::TokenF1 {
            texts: texts(field, expected_field, *at_least),
        }),
        GraderKind::ToolCalls {
            calls,
            expected_field,
            arguments,
            order,
        } => Check::ToolCalls(tool_calls::ToolCalls {
            calls: match calls {
                Some(calls) => Some(ExpectedCall::list(calls.as_str()).map_err(|error| error.to_string())?),
                None => None,
            },
            expected_field: expected_field.clone(),
            arguments: *arguments,
            order: *order,
        }),
        GraderKind::Citations {
            source,
            at_least,
            expected,
        } => Check::Citations(citations::Citations::compile(source, *at_least, expected)?),
        GraderKind::Refusal { expected } => Check::Refusal(refusal::Refusal {
            expected: expected.clone(),
        }),
        GraderKind::Latency { at_most_ms } => Check::Latency(limits::Latency {
            at_most_ms: *at_most_ms,
        }),
        GraderKind::Cost { at_most } => Check::Cost(limits::Cost { at_most: *at_most }),
        GraderKind::Command { words, time_limit_ms } => Check::Command(command::Command::new(words, *time_limit_ms)),
        other => return Err(format!("{} is no check of an answer", other.as_str())),
    })
}
