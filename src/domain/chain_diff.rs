//! What changed between two contents of a chain, as data. A step is known by its name.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::chain::{ChainContent, ChainStep, StepParser, StepValue};
use super::diff::SettingChange;
use super::ids::VersionId;

/// What changed between two chains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainDiff {
    /// Description and answer, where they differ.
    pub fields: Vec<SettingChange>,
    /// Every step of both, in the order of the new chain; one that is gone stands where it stood.
    pub steps: Vec<StepDiff>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepChange {
    /// Only the new chain has it.
    Added,
    /// Only the old chain has it.
    Removed,
    /// Both have it, and it moved among the others or says something else.
    Changed,
    /// Both have it, as it was.
    Same,
}

impl StepChange {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }

    /// The sign before a line.
    pub fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Same => ' ',
        }
    }
}

/// A step of either chain, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDiff {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: StepChange,
    /// Its places in the old and the new chain, counted from 1, where it stands elsewhere among the steps of both.
    pub moved: Option<(usize, usize)>,
    /// What it says otherwise; all that it says, where only one chain has it.
    pub fields: Vec<SettingChange>,
    /// The prompt versions, where both chains have the step and they differ.
    pub versions: Option<(VersionId, VersionId)>,
}

impl ChainDiff {
    /// Whether both chains say the same.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.steps.iter().all(|step| step.change == StepChange::Same)
    }
}

impl StepDiff {
    /// What became of it, in words: `moved from 2 to 4; version, inputs.ticket`.
    pub fn summary(&self) -> String {
        let moved = self.moved.map(|(old, new)| format!("moved from {old} to {new}"));
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        match self.change {
            StepChange::Added | StepChange::Removed => self.change.as_str().to_owned(),
            StepChange::Same => String::new(),
            StepChange::Changed => {
                let said = (!names.is_empty()).then(|| names.join(", "));
                moved.into_iter().chain(said).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// Compares two chains.
pub fn chain_diff(old: &ChainContent, new: &ChainContent) -> ChainDiff {
    let answer = |chain: &ChainContent| chain.answer.as_ref().map(ToString::to_string);
    let description = |chain: &ChainContent| Some(chain.description.clone()).filter(|text| !text.is_empty());
    let mut fields = Vec::new();
    push(&mut fields, "description", description(old), description(new));
    push(&mut fields, "answer", answer(old), answer(new));
    let names = |chain: &ChainContent| chain.steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
    let mut steps = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &names(old), &names(new)) {
        let stays = matches!(op, DiffOp::Equal { .. });
        let gone = old.steps.get(op.old_range()).unwrap_or_default();
        let gone = gone.iter().filter(|step| new.step(&step.name).is_none());
        steps.extend(gone.map(|step| one_sided(step, StepChange::Removed)));
        for step in new.steps.get(op.new_range()).unwrap_or_default() {
            steps.push(match old.step(&step.name) {
                None => one_sided(step, StepChange::Added),
                Some(before) => {
                    let moved = (!stays).then(|| (place(old, &step.name), place(new, &step.name)));
                    two_sided(before, step, moved)
                }
            });
        }
    }
    ChainDiff { fields, steps }
}

/// Where the step stands, counted from 1.
fn place(chain: &ChainContent, name: &str) -> usize {
    chain.steps.iter().take_while(|step| step.name != name).count() + 1
}

fn one_sided(step: &ChainStep, change: StepChange) -> StepDiff {
    let field = |(name, value): (String, String)| match change {
        StepChange::Removed => (name, Some(value), None),
        _ => (name, None, Some(value)),
    };
    let fields = said(step).into_iter().map(field);
    StepDiff {
        name: step.name.clone(),
        change,
        moved: None,
        fields: fields
            .map(|(name, old, new)| SettingChange { name, old, new })
            .collect(),
        versions: None,
    }
}

fn two_sided(old: &ChainStep, new: &ChainStep, moved: Option<(usize, usize)>) -> StepDiff {
    let (before, after) = (said(old), said(new));
    let find = |said: &[(String, String)], name: &str| {
        let found = said.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    };
    let mut fields = Vec::new();
    for (name, value) in &before {
        push(&mut fields, name, Some(value.clone()), find(&after, name));
    }
    for (name, value) in &after {
        if find(&before, name).is_none() {
            push(&mut fields, name, None, Some(value.clone()));
        }
    }
    let is_same = fields.is_empty() && moved.is_none();
    StepDiff {
        name: new.name.clone(),
        change: if is_same { StepChange::Same } else { StepChange::Changed },
        moved,
        fields,
        versions: (old.version != new.version).then(|| (old.version.clone(), new.version.clone())),
    }
}

fn push(fields: &mut Vec<SettingChange>, name: &str, old: Option<String>, new: Option<String>) {
    if old != new {
        let name = name.to_owned();
        fields.push(SettingChange { name, old, new });
    }
}

/// All that a step says, name by name.
fn said(step: &ChainStep) -> Vec<(String, String)> {
    let mut said = vec![("version".to_owned(), step.version.to_string())];
    let inputs = step.inputs.iter();
    said.extend(inputs.map(|input| (format!("inputs.{}", input.variable), value_text(&input.value))));
    if !step.when.is_empty() {
        let when: Vec<String> = step.when.iter().map(ToString::to_string).collect();
        said.push(("when".into(), when.join(" and ")));
    }
    said.push(("parser".into(), parser_text(&step.parser)));
    if let Some(tools) = &step.tools {
        let names = if tools.is_empty() {
            "none".into()
        } else {
            tools.join(", ")
        };
        said.push(("tools".into(), names));
    }
    said
}

fn value_text(value: &StepValue) -> String {
    match value {
        StepValue::From { path, default: None } => path.to_string(),
        StepValue::From {
            path,
            default: Some(default),
        } => format!("{path}, else {default}"),
        StepValue::Literal(literal) => format!("always {literal}"),
    }
}

fn parser_text(parser: &StepParser) -> String {
    match parser {
        StepParser::Text | StepParser::Json { schema: None } => parser.as_str().to_owned(),
        StepParser::Json { schema: Some(schema) } => format!("json of the schema {}", schema.as_str()),
        StepParser::Regex { pattern } => format!("regex {pattern}"),
        StepParser::Choice { labels } => format!("choice of {}", labels.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::StepInput;
    use super::super::condition::{Condition, Test};
    use super::super::json::JsonText;
    use super::*;

    fn step(name: &str) -> ChainStep {
        ChainStep {
            name: name.into(),
            version: "triage_v1".parse().unwrap(),
            inputs: vec![StepInput {
                variable: "ticket".into(),
                value: StepValue::From {
                    path: "input.ticket".parse().unwrap(),
                    default: None,
                },
            }],
            when: Vec::new(),
            parser: StepParser::Text,
            tools: None,
        }
    }

    fn chain(steps: Vec<ChainStep>) -> ChainContent {
        ChainContent {
            description: String::new(),
            steps,
            answer: None,
        }
    }

    fn lines(diff: &ChainDiff) -> Vec<String> {
        let line = |step: &StepDiff| format!("{} {} {}", step.change.sign(), step.name, step.summary());
        diff.steps.iter().map(|step| line(step).trim_end().to_owned()).collect()
    }

    #[test]
    fn steps_are_added_removed_and_moved() {
        let names = |names: &[&str]| chain(names.iter().map(|name| step(name)).collect());
        let (old, new) = (names(&["a", "b", "c", "d"]), names(&["a", "c", "x", "b"]));
        let diff = chain_diff(&old, &new);
        let shown = lines(&diff);
        assert_eq!(shown.len(), 5);
        assert!(
            shown.contains(&"  a".to_owned()) && shown.contains(&"+ x added".to_owned()),
            "{shown:?}"
        );
        assert!(shown.contains(&"- d removed".to_owned()), "{shown:?}");
        let moved: Vec<_> = diff.steps.iter().filter_map(|step| step.moved).collect();
        assert_eq!(moved.len(), 1, "one of b and c moved around the other: {shown:?}");
        assert!(chain_diff(&old, &old).is_empty());
        assert_eq!(diff.steps.iter().find(|step| step.name == "x").unwrap().fields.len(), 3);
    }

    #[test]
    fn each_part_of_a_step_is_compared() {
        let mut after = step("a");
        after.version = "triage_v2".parse().unwrap();
        after.inputs = vec![
            StepInput {
                variable: "ticket".into(),
                value: StepValue::From {
                    path: "input.text".parse().unwrap(),
                    default: Some(JsonText::string("none")),
                },
            },
            StepInput {
                variable: "tone".into(),
                value: StepValue::Literal(JsonText::string("kind")),
            },
        ];
        after.when = vec![Condition {
            path: "input.plan".parse().unwrap(),
            test: Test::Exists,
        }];
        after.parser = StepParser::Choice {
            labels: vec!["yes".into(), "no".into()],
        };
        after.tools = Some(Vec::new());
        let mut new = chain(vec![after]);
        new.answer = Some("a.text".parse().unwrap());
        let diff = chain_diff(&chain(vec![step("a")]), &new);
        let shown = |fields: &[SettingChange]| -> Vec<String> {
            let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
            let line = |field: &SettingChange| format!("{}: {} > {}", field.name, or(&field.old), or(&field.new));
            fields.iter().map(line).collect()
        };
        assert_eq!(shown(&diff.fields), ["answer: - > a.text"]);
        let step = &diff.steps[0];
        assert_eq!(
            shown(&step.fields),
            [
                "version: triage_v1 > triage_v2",
                "inputs.ticket: input.ticket > input.text, else \"none\"",
                "parser: text > choice of yes, no",
                "inputs.tone: - > always \"kind\"",
                "when: - > input.plan exists",
                "tools: - > none",
            ]
        );
        assert_eq!(step.versions.as_ref().map(|(_, new)| new.number), Some(2));
        assert_eq!(
            step.summary(),
            "version, inputs.ticket, parser, inputs.tone, when, tools"
        );
    }
}
