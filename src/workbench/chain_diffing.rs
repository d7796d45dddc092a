//! Two chain versions beside each other, with what changed in the prompts of their steps.

use std::fmt::Write as _;

use super::{PromptRef, Workbench, WorkbenchError};
use crate::domain::chain_diff::{ChainDiff, StepChange, StepDiff, chain_diff};
use crate::domain::diff::{PromptDiff, SettingChange, unified_text};
use crate::domain::ids::ChainVersionId;

/// Two chain versions beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainDiffView {
    /// The older side.
    pub old: ChainVersionId,
    /// The newer side.
    pub new: ChainVersionId,
    /// The difference.
    pub diff: ChainDiff,
    /// What changed in each step's prompt, in the order of the steps; `None` where both chains run the same version, or
    /// only one has the step.
    pub prompts: Vec<Option<PromptDiff>>,
}

impl ChainDiffView {
    /// The diff for a terminal or a file. As untrusted as the chains and prompts that it comes from.
    pub fn text(&self) -> String {
        let mut out = format!("--- {}\n+++ {}\n", self.old, self.new);
        if self.diff.is_empty() {
            out.push_str("no difference\n");
            return out;
        }
        push_fields(&mut out, "", &self.diff.fields);
        for (step, prompt) in self.steps() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "\n{}", head(step));
            out.push_str(&step_text(step, prompt, "    "));
        }
        out
    }

    /// Each step with what changed in its prompt.
    pub fn steps(&self) -> impl Iterator<Item = (&StepDiff, Option<&PromptDiff>)> {
        self.diff.steps.iter().zip(self.prompts.iter().map(Option::as_ref))
    }
}

/// `~ route  version, when`.
fn head(step: &StepDiff) -> String {
    let line = format!("{} {}  {}", step.change.sign(), step.name, step.summary());
    line.trim_end().to_owned()
}

/// What changed in a step and in its prompt, each line behind `indent`.
pub fn step_text(step: &StepDiff, prompt: Option<&PromptDiff>, indent: &str) -> String {
    let mut out = String::new();
    push_fields(&mut out, indent, &step.fields);
    let prompt = prompt.map(unified_text).unwrap_or_default();
    for line in prompt.lines() {
        let line = format!("{indent}{line}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn push_fields(out: &mut String, indent: &str, fields: &[SettingChange]) {
    for field in fields {
        let name = &field.name;
        let _ = match (&field.old, &field.new) {
            (Some(old), Some(new)) => writeln!(out, "{indent}{name}: {old} -> {new}"),
            (Some(old), None) => writeln!(out, "{indent}- {name}: {old}"),
            (None, new) => writeln!(out, "{indent}+ {name}: {}", new.as_deref().unwrap_or_default()),
        };
    }
}

impl Workbench {
    /// Two chain versions beside each other; they need not be of one chain.
    pub fn diff_chains(&self, old: &ChainVersionId, new: &ChainVersionId) -> Result<ChainDiffView, WorkbenchError> {
        let diff = chain_diff(&self.chain(old)?.content, &self.chain(new)?.content);
        let prompt = |step: &StepDiff| {
            let Some((old, new)) = step.versions.clone().filter(|_| step.change == StepChange::Changed) else {
                return Ok(None);
            };
            let view = self.diff(&PromptRef::Version(old), &PromptRef::Version(new))?;
            Ok(Some(view.diff))
        };
        Ok(ChainDiffView {
            prompts: diff.steps.iter().map(prompt).collect::<Result<_, WorkbenchError>>()?,
            old: old.clone(),
            new: new.clone(),
            diff,
        })
    }
}
