//! Which fields the answer of a chain can have: a metric over classes that reads another one would count nothing as
//! right, and look like a measurement.

use super::super::EvalError;
use super::super::classes::is_whole;
use super::super::graders::compile_pattern;
use super::super::pipeline::StepWork;
use crate::domain::chain::StepParser;
use crate::domain::metric::MetricKind;
use crate::domain::suite::SuiteContent;
use crate::domain::value_path::ValuePath;

/// Checks that the step which answers can give the fields that metrics read.
///
/// # Errors
///
/// The first metric that reads another one.
pub(in crate::evals) fn check_fields(
    suite: &SuiteContent,
    steps: &[StepWork],
    answer: Option<&ValuePath>,
) -> Result<(), EvalError> {
    // A field of what a step gives may hold anything.
    if answer.is_some_and(|path| path.field().is_some()) {
        return Ok(());
    }
    let answering = match answer {
        Some(path) => steps.iter().find(|step| step.step.name == path.origin()),
        None => steps.last(),
    };
    let Some(step) = answering else { return Ok(()) };
    for metric in &suite.metrics {
        let field = match &metric.kind {
            MetricKind::Precision(of) | MetricKind::Recall(of) | MetricKind::F1(of) => Some(&of.field),
            kind => kind.field().map(|of| &of.field),
        };
        if let Some(gives) = field.and_then(|field| gives_instead(step, field)) {
            return Err(EvalError::Metric {
                metric: metric.name.clone(),
                why: format!(
                    "it reads '{}' in the chain's answer, which step {} gives, and that has {gives}; of another step \
                     take the accuracy of a grader with step = \"NAME\"",
                    field.map_or("", String::as_str),
                    step.step.name
                ),
            });
        }
    }
    Ok(())
}

/// What a step gives, where that has not this field.
fn gives_instead(step: &StepWork, field: &str) -> Option<String> {
    let first = field.split(['.', '[']).next().unwrap_or_default();
    let named = match &step.step.parser {
        StepParser::Json { .. } => return None,
        StepParser::Text if is_whole(field) || step.work.prompt.model.response_format.is_json() => return None,
        StepParser::Text => return Some("no fields: it is text".into()),
        StepParser::Choice { .. } => vec!["label".to_owned()],
        StepParser::Regex { pattern } => {
            let regex = compile_pattern(pattern).ok()?;
            let groups: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
            if groups.is_empty() {
                vec!["match".to_owned()]
            } else {
                groups
            }
        }
    };
    (!named.iter().any(|name| name == first)).then(|| format!("only {}", named.join(", ")))
}
