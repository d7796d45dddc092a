//! Whether a step fits the prompt that it runs: every variable is mapped, nothing else is, and the tools are there.

use std::collections::BTreeSet;

use crate::domain::chain::ChainStep;
use crate::domain::prompt::PromptContent;

use super::super::prompt_document::used_variables;

/// What every template sees, whatever is mapped: the documents of the example.
const DOCUMENTS: &str = "documents";

/// What of a step does not fit its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit<'a> {
    /// A variable of the prompt that nothing is mapped to.
    Unmapped(&'a str),
    /// An input that the prompt has no variable for.
    Unknown(&'a str),
    /// A tool that the prompt does not have.
    NoTool(&'a str),
}

impl Misfit<'_> {
    /// What is wrong, and what would be right.
    pub fn text(&self, step: &ChainStep) -> String {
        let version = &step.version;
        match self {
            Self::Unmapped(name) => {
                format!(
                    "variable '{name}' of {version} is not mapped: add {name} = \"input.{name}\", or an earlier step's \
                     output"
                )
            }
            Self::Unknown(name) => format!("{version} has no variable '{name}'"),
            Self::NoTool(name) => format!("{version} has no tool '{name}'"),
        }
    }
}

/// What of a step does not fit the prompt of its version; empty where it fits.
pub fn misfits(step: &ChainStep, prompt: &PromptContent) -> Vec<String> {
    let used = used_variables(prompt);
    each_misfit(step, prompt, &used)
        .into_iter()
        .map(|misfit| misfit.text(step))
        .collect()
}

pub(super) fn each_misfit<'a>(
    step: &'a ChainStep,
    prompt: &'a PromptContent,
    used: &'a BTreeSet<String>,
) -> Vec<Misfit<'a>> {
    let is_mapped = |name: &str| step.inputs.iter().any(|input| input.variable == name);
    let declared = prompt.variables.iter();
    let has_default = |name: &str| {
        let mut with_default = prompt.variables.iter().filter(|variable| variable.default.is_some());
        with_default.any(|variable| variable.name == name)
    };
    let known: BTreeSet<&str> = declared
        .map(|variable| variable.name.as_str())
        .chain(used.iter().map(String::as_str))
        .collect();
    let needed = known.iter().filter(|name| **name != DOCUMENTS && !has_default(name));
    let unmapped = needed
        .filter(|name| !is_mapped(name))
        .map(|name| Misfit::Unmapped(name));
    let inputs = step.inputs.iter().map(|input| input.variable.as_str());
    let unknown = inputs.filter(|name| !known.contains(name)).map(Misfit::Unknown);
    let tools = step.tools.iter().flatten().map(String::as_str);
    let has_tool = |name: &str| prompt.model.tools.iter().any(|tool| tool.name == name);
    let no_tool = tools.filter(|name| !has_tool(name)).map(Misfit::NoTool);
    unmapped.chain(unknown).chain(no_tool).collect()
}
