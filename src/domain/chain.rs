//! A chain: several prompts, one after the other, with the rules that route between them.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::hash::ContentHash;
use super::ids::{ChainVersionId, VersionId};
use super::reason::Reason;
use super::time::Timestamp;
use super::version::verify_hash;

/// Where a step's variable comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInput {
    /// The variable of the step's prompt.
    pub variable: String,
    /// `input.NAME` of the example, or `STEP.PATH` in an earlier step's output.
    pub from: String,
}

/// When a step runs: an equality on an earlier output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRule {
    /// `STEP.PATH` of an earlier output.
    pub path: String,
    /// The value it must have.
    pub equals: String,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainStep {
    /// The step's name within the chain.
    pub name: String,
    /// The prompt version that it runs.
    pub version: VersionId,
    /// How its variables are filled.
    pub inputs: Vec<StepInput>,
    /// The step runs if every rule holds.
    pub when: Vec<RouteRule>,
    /// Names of the tools that this step may call.
    pub tools: Vec<String>,
}

/// The content of a chain version: what is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainContent {
    /// The steps in order.
    pub steps: Vec<ChainStep>,
}

/// One immutable version of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainVersion {
    /// Its id.
    pub id: ChainVersionId,
    /// Its steps.
    pub content: ChainContent,
    /// SHA-256 over the canonical JSON of `content`.
    pub content_hash: ContentHash,
    /// Who made it.
    pub author: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub committed_at: Timestamp,
}

impl ChainVersion {
    /// Builds a chain version whose steps only look back.
    pub fn new(
        id: ChainVersionId,
        content: ChainContent,
        author: Actor,
        reason: Reason,
        committed_at: Timestamp,
    ) -> Result<Self, DomainError> {
        content.check()?;
        let content_hash = ContentHash::of(&content)?;
        Ok(Self {
            id,
            content,
            content_hash,
            author,
            reason,
            committed_at,
        })
    }

    /// Checks that the content is the one that was hashed.
    pub fn verify(&self) -> Result<(), DomainError> {
        verify_hash(&self.id, self.content_hash, ContentHash::of(&self.content)?)
    }
}

impl ChainContent {
    fn check(&self) -> Result<(), DomainError> {
        if self.steps.is_empty() {
            return Err(DomainError::field("steps", "there is none"));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let earlier: Vec<&str> = self.steps.iter().take(index).map(|s| s.name.as_str()).collect();
            if step.name.is_empty() || step.name == "input" || earlier.contains(&step.name.as_str()) {
                return Err(DomainError::field(
                    "steps.name",
                    format!("'{}' is empty, reserved or taken", step.name),
                ));
            }
            let sources = step
                .inputs
                .iter()
                .map(|i| &i.from)
                .chain(step.when.iter().map(|rule| &rule.path));
            for source in sources {
                let origin = source.split('.').next().unwrap_or_default();
                if origin != "input" && !earlier.contains(&origin) {
                    let why = format!("'{source}' does not come from the input or an earlier step");
                    return Err(DomainError::field(format!("step {}", step.name), why));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, from: &str) -> ChainStep {
        ChainStep {
            name: name.into(),
            version: "support_triage_v1".parse().unwrap(),
            inputs: vec![StepInput {
                variable: "ticket".into(),
                from: from.into(),
            }],
            when: Vec::new(),
            tools: Vec::new(),
        }
    }

    #[test]
    fn steps_look_back_only() {
        let content = |steps: Vec<ChainStep>| ChainContent { steps };
        assert_eq!(
            content(vec![step("route", "input.ticket"), step("reply", "route.text")]).check(),
            Ok(())
        );
        assert!(
            content(vec![step("route", "reply.text"), step("reply", "input.ticket")])
                .check()
                .is_err()
        );
        assert!(content(vec![step("route", "route.text")]).check().is_err());
        assert!(
            content(vec![step("a", "input.x"), step("a", "input.x")])
                .check()
                .is_err()
        );
        assert!(content(Vec::new()).check().is_err());
    }
}
