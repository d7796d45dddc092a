//! Whose answers graders look at: those of a prompt, or of the steps of a chain.

use crate::domain::prompt::PromptContent;
use crate::domain::value_path::ValuePath;
use crate::evals::pipeline::Work;

/// What gives the answers.
#[derive(Debug, Clone)]
pub enum Graded<'a> {
    /// A prompt.
    Prompt(&'a PromptContent),
    /// A chain.
    Chain {
        /// Its steps by name, with their prompts, in order.
        steps: Vec<(&'a str, &'a PromptContent)>,
        /// The step that gives the chain's answer; the last one where not given.
        answer: Option<&'a str>,
    },
}

impl<'a> From<&'a PromptContent> for Graded<'a> {
    fn from(prompt: &'a PromptContent) -> Self {
        Self::Prompt(prompt)
    }
}

impl<'a> From<&'a Work> for Graded<'a> {
    fn from(work: &'a Work) -> Self {
        match work {
            Work::Prompt(work) => Self::Prompt(&work.prompt),
            Work::Chain { steps, answer } => Self::Chain {
                steps: steps
                    .iter()
                    .map(|step| (step.step.name.as_str(), &step.work.prompt))
                    .collect(),
                answer: answer.as_ref().map(ValuePath::origin),
            },
        }
    }
}

impl<'a> Graded<'a> {
    /// The prompt whose answer a grader of this step looks at; of the last answer where no step is given.
    pub(super) fn prompt_of(&self, step: Option<&str>) -> Result<&'a PromptContent, String> {
        match (self, step) {
            (Self::Prompt(prompt), None) => Ok(prompt),
            (Self::Prompt(_), Some(step)) => Err(format!("it looks at step '{step}', and what is run is no chain")),
            (Self::Chain { steps, answer }, step) => {
                let named = step.or(*answer);
                let found = match named {
                    Some(name) => steps.iter().find(|(step, _)| *step == name),
                    None => steps.last(),
                };
                found.map(|(_, prompt)| *prompt).ok_or_else(|| {
                    let names: Vec<&str> = steps.iter().map(|(step, _)| *step).collect();
                    format!(
                        "the chain has no step '{}': it has {}",
                        named.unwrap_or_default(),
                        names.join(", ")
                    )
                })
            }
        }
    }

    /// Whether the prompt asks for JSON; what a chain's steps give is kept as their parsers make it.
    pub(super) fn asks_json(&self) -> bool {
        match self {
            Self::Prompt(prompt) => prompt.model.response_format.is_json(),
            Self::Chain { .. } => false,
        }
    }
}
