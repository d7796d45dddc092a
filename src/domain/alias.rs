//! Model aliases: a name that is asked for, and the models that it stood for over time.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::RunId;
use super::model::ModelConfig;
use super::time::Timestamp;

/// A model as it is asked for. Two endpoints may give one name to different models, so the endpoint is part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alias {
    /// The provider.
    pub provider: String,
    /// The name in the request.
    pub name: String,
    /// Where it is asked for, without secrets; `None` where the run did not record it.
    pub endpoint: Option<String>,
}

impl Alias {
    /// What a model is asked for as, at an endpoint.
    pub fn new(model: &ModelConfig, endpoint: Option<&str>) -> Self {
        Self {
            provider: model.provider.clone(),
            name: model.name.clone(),
            endpoint: endpoint.map(str::to_owned),
        }
    }

    /// What it lies under in the store: names and endpoints may be long and hold any character.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn hash(&self) -> Result<ContentHash, DomainError> {
        ContentHash::of(self)
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.name)?;
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => Ok(()),
        }
    }
}

/// A line of an alias's ledger: from here on the name stands for this model. Never changes; the last line is what holds
/// now, as far as any run saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The name.
    pub alias: Alias,
    /// Its line in the ledger, from 1.
    pub number: u32,
    /// The model that answers to it.
    pub model: String,
    /// The provider's mark of its configuration when this was first seen. A new mark alone makes no new line: providers
    /// change it without changing the model.
    pub system_fingerprint: Option<String>,
    /// The run that saw it first.
    pub run: RunId,
    /// When.
    pub seen_at: Timestamp,
}

/// What a run's results rest on that is no longer what the same request gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// The judges and the embedding models that asked for the name; empty where what is tested did.
    pub judges: Vec<String>,
    /// The models that answered and that the name does not stand for any more.
    pub answered: Vec<String>,
    /// What it stands for now.
    pub now: Resolution,
}

impl Stale {
    /// Compares the models that answered a run with what the name stands for now. A run that the change caught half-way
    /// rests on the older model too.
    pub fn of(answered: &[String], now: Resolution) -> Option<Self> {
        let older: Vec<String> = answered.iter().filter(|model| **model != now.model).cloned().collect();
        (!older.is_empty()).then_some(Self {
            judges: Vec::new(),
            answered: older,
            now,
        })
    }

    /// Whose models they are: `answered by house-1`, `helpful_judge_v3 judged by house-1`.
    pub fn answered_text(&self) -> String {
        let models = self.answered.join(", ");
        if self.judges.is_empty() {
            format!("answered by {models}")
        } else {
            format!("{} judged by {models}", self.judges.join(", "))
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; {} stands for {} since {}, as {} saw",
            self.answered_text(),
            self.now.alias.name,
            self.now.model,
            self.now.seen_at,
            self.now.run
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(model: &str) -> Resolution {
        Resolution {
            alias: Alias::new(
                &ModelConfig::new("openai", "gpt-4.1"),
                Some("https://api.openai.com/v1"),
            ),
            number: 2,
            model: model.into(),
            system_fingerprint: None,
            run: RunId(9),
            seen_at: Timestamp(1_780_300_000_123),
        }
    }

    #[test]
    fn only_a_run_of_todays_model_alone_is_not_stale() {
        let models = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (answered, older) in [
            (vec!["b"], None),
            (vec!["a"], Some(vec!["a"])),
            // The change caught it half-way.
            (vec!["a", "b"], Some(vec!["a"])),
            // Nobody said who answered.
            (vec![], None),
        ] {
            let stale = Stale::of(&models(&answered), now("b"));
            assert_eq!(
                stale.map(|stale| stale.answered),
                older.map(|older| models(&older)),
                "{answered:?}"
            );
        }
    }

    #[test]
    fn a_judge_is_named_with_its_models() {
        let stale = Stale {
            judges: vec!["tone_v1".into(), "facts_v2".into()],
            ..Stale::of(&["a".to_owned()], now("b")).unwrap()
        };
        assert!(
            stale
                .to_string()
                .starts_with("tone_v1, facts_v2 judged by a; gpt-4.1 stands for b since"),
            "{stale}"
        );
    }

    #[test]
    fn the_same_name_elsewhere_is_another_alias() {
        let model = ModelConfig::new("openai", "gpt-4.1");
        let here = Alias::new(&model, Some("http://127.0.0.1:8080/v1"));
        assert_ne!(here.hash(), now("b").alias.hash());
        assert_eq!(here.to_string(), "openai gpt-4.1 at http://127.0.0.1:8080/v1");
    }
}
