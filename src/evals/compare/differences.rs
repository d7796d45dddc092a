//! What else differs between two runs than the prompt's text.

use super::Side;
use crate::domain::hash::ContentHash;
use crate::domain::model::ModelConfig;
use crate::domain::suite::SuiteContent;

/// `model: openai gpt-4.1 before, openai gpt-4.1-mini now`, and so on; what is the same is not mentioned.
pub(super) fn differences(base: Side, candidate: Side) -> Vec<String> {
    let records = records(base).into_iter().zip(records(candidate));
    let records = records.filter(|((_, _, hash), (_, _, other))| hash != other);
    let records = records.map(|((what, before, hash), (_, now, other))| {
        format!(
            "{what}: {before} ({}) before, {now} ({}) now",
            hash.short(),
            other.short()
        )
    });
    let settings = settings(base).into_iter().zip(settings(candidate));
    let settings = settings.filter(|((_, before), (_, now))| before != now && !before.is_empty() && !now.is_empty());
    let settings = settings.map(|((what, before), (_, now))| format!("{what}: {before} before, {now} now"));
    records
        .chain(suite_parts(base.suite, candidate.suite))
        .chain(settings)
        .chain(wholes(base, candidate))
        .collect()
}

/// What a run was given, by name and content.
fn records(side: Side) -> [(&'static str, String, ContentHash); 2] {
    [
        ("dataset", side.run.dataset.to_string(), side.run.dataset_hash),
        ("suite", side.run.suite.to_string(), side.run.suite_hash),
    ]
}

/// The graders and metrics that are not the same in both suites, by name: a judge among them judges by another rule.
fn suite_parts(base: &SuiteContent, candidate: &SuiteContent) -> Vec<String> {
    fn differ<T: PartialEq>(before: &[T], now: &[T], name: fn(&T) -> &str) -> Vec<String> {
        let only_in = |these: &[T], those: &[T]| {
            let only = these.iter().filter(|one| !those.contains(one));
            only.map(|one| name(one).to_owned()).collect::<Vec<_>>()
        };
        let mut names = [only_in(before, now), only_in(now, before)].concat();
        names.sort();
        names.dedup();
        names
    }
    let graders = differ(&base.graders, &candidate.graders, |grader| &grader.name);
    let metrics = differ(&base.metrics, &candidate.metrics, |metric| &metric.name);
    [("graders", graders), ("metrics", metrics)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} that are not the same in both suites: {}", names.join(", ")))
        .collect()
}

/// Settings in words; empty where nothing is known.
fn settings(side: Side) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("answers", side.run.answers.as_str().into()),
        (
            "resolved model",
            side.end.map(|end| end.resolved_models.join(", ")).unwrap_or_default(),
        ),
        ("repeats of each example", side.run.settings.repeats.to_string()),
    ];
    if let Some(content) = side.content {
        settings.extend(model_settings(&content.model));
        let is_parsed = content.model.response_format.is_json() || side.suite.reads_json();
        let parser = if is_parsed { "JSON" } else { "none, text as it is" };
        settings.push(("parser", parser.into()));
    }
    settings
}

fn model_settings(model: &ModelConfig) -> [(&'static str, String); 6] {
    [
        ("model", format!("{} {}", model.provider, model.name)),
        ("response format", model.response_format.label()),
        ("temperature", text(model.temperature)),
        ("top_p", text(model.top_p)),
        ("seed", text(model.seed)),
        ("max output tokens", text(model.max_output_tokens)),
    ]
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "not set".into(), |value| value.to_string())
}

/// What is too large to be said in a line.
fn wholes(base: Side, candidate: Side) -> impl Iterator<Item = String> {
    let models = base.content.zip(candidate.content);
    let differ = |differ: fn(&ModelConfig, &ModelConfig) -> bool| {
        models.is_some_and(|(before, now)| differ(&before.model, &now.model))
    };
    [
        (
            "schema",
            differ(|before, now| before.response_format != now.response_format),
        ),
        (
            "tools",
            differ(|before, now| before.tools != now.tools || before.tool_choice != now.tool_choice),
        ),
        ("runtime context", base.run.context != candidate.run.context),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(what, _)| format!("the {what} differs"))
}
