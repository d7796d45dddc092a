//! A variant: a version with something changed that nobody committed, so that a run can test it. It lies under its
//! content hash, and can never enter an environment: what is released is a version.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::VersionId;
use super::model::ModelConfig;
use super::prompt::PromptContent;
use super::run::Subject;
use super::version::{PromptVersion, verify_hash};

/// Names a variant by the hash of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariantId(pub ContentHash);

impl fmt::Display for VariantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a variant changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantChange {
    /// Settings of the model.
    Model {
        /// Those that differ, as people read them: `gpt-4.1-mini`, `temperature 0.7`.
        settings: Vec<String>,
    },
    /// Some of the hunks that lead to another version.
    Hunks {
        /// The version that all hunks together would make.
        towards: VersionId,
        /// Its content hash.
        towards_hash: ContentHash,
        /// The hunks that are made, counted from 1, ascending.
        hunks: Vec<u32>,
    },
}

impl fmt::Display for VariantChange {
    /// As it stands behind the version's id: `+model gpt-4.1-mini`, `+hunks 1-3,5 of v12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { settings } => write!(f, "+model {}", settings.join(", ")),
            Self::Hunks { towards, hunks, .. } => {
                let plural = if hunks.len() == 1 { "" } else { "s" };
                write!(f, "+hunk{plural} {} of v{}", ranges(hunks), towards.number)
            }
        }
    }
}

/// `1-3,5` for 1, 2, 3, 5.
fn ranges(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let texts = runs.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    texts.collect::<Vec<_>>().join(",")
}

/// What makes a variant: what is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantContent {
    /// The version that it is made of.
    pub of: VersionId,
    /// The version's content hash.
    pub of_hash: ContentHash,
    /// What is changed.
    pub change: VariantChange,
    /// The whole content that comes of it.
    pub prompt: PromptContent,
}

/// One immutable variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its id: SHA-256 over the canonical JSON of `content`.
    pub id: VariantId,
    /// What it is.
    pub content: VariantContent,
}

impl Variant {
    /// A variant whose content passes the rules of prompts.
    ///
    /// # Errors
    ///
    /// What is wrong with the content.
    pub fn new(of: &PromptVersion, change: VariantChange, prompt: PromptContent) -> Result<Self, DomainError> {
        prompt.check()?;
        let content = VariantContent {
            of: of.id.clone(),
            of_hash: of.content_hash,
            change,
            prompt,
        };
        Ok(Self {
            id: VariantId(ContentHash::of(&content)?),
            content,
        })
    }

    /// The version with another model config; `None` where it is the version's own.
    ///
    /// # Errors
    ///
    /// What is wrong with the config.
    pub fn with_model(of: &PromptVersion, model: ModelConfig) -> Result<Option<Self>, DomainError> {
        let settings = changed_settings(&of.content.model, &model);
        if settings.is_empty() {
            return Ok(None);
        }
        let prompt = PromptContent {
            model,
            ..of.content.clone()
        };
        Self::new(of, VariantChange::Model { settings }, prompt).map(Some)
    }

    /// What a run of it tests.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn subject(&self) -> Result<Subject, DomainError> {
        Ok(Subject::Variant {
            of: self.content.of.clone(),
            variant: self.id,
            content_hash: ContentHash::of(&self.content.prompt)?,
            change: self.content.change.to_string(),
        })
    }

    /// Checks that the content is the one that was hashed.
    ///
    /// # Errors
    ///
    /// That it is another.
    pub fn verify(&self) -> Result<(), DomainError> {
        verify_hash(&self.id, self.id.0, ContentHash::of(&self.content)?)
    }
}

/// The settings that a sweep can change and that differ, the model's name first.
fn changed_settings(before: &ModelConfig, now: &ModelConfig) -> Vec<String> {
    let value = |value: Option<f64>| value.map_or_else(|| "not set".into(), |value| value.to_string());
    let mut settings = Vec::new();
    if before.provider != now.provider {
        settings.push(format!("{}:{}", now.provider, now.name));
    } else if before.name != now.name {
        settings.push(now.name.clone());
    }
    if before.temperature != now.temperature {
        settings.push(format!("temperature {}", value(now.temperature)));
    }
    if before != now && settings.is_empty() {
        settings.push("other settings".into());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_reads_in_a_few_words() {
        let hunks = |hunks: &[u32]| VariantChange::Hunks {
            towards: "triage_v12".parse().unwrap(),
            towards_hash: ContentHash::of_bytes(b""),
            hunks: hunks.to_vec(),
        };
        assert_eq!(hunks(&[3]).to_string(), "+hunk 3 of v12");
        assert_eq!(hunks(&[1, 2, 3, 5, 7, 8]).to_string(), "+hunks 1-3,5,7-8 of v12");
        let (before, mut now) = (
            ModelConfig::new("openai", "gpt-4.1"),
            ModelConfig::new("openai", "gpt-4.1"),
        );
        assert_eq!(changed_settings(&before, &now), [""; 0]);
        now.name = "gpt-4.1-mini".into();
        now.temperature = Some(0.7);
        assert_eq!(changed_settings(&before, &now), ["gpt-4.1-mini", "temperature 0.7"]);
        now.provider = "azure".into();
        assert_eq!(changed_settings(&before, &now)[0], "azure:gpt-4.1-mini");
    }
}
