//! The rules of one store that its owner sets, for each environment that a version enters by review.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::ids::SuiteName;
use super::promotion::Environment;

/// Most approvals that a policy may ask for.
const APPROVALS_MAX: u32 = 20;
/// Most names in one list of a policy.
const NAMES_MAX: usize = 50;

/// Whether results of the simulated model may carry a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedEvidence {
    /// They never do: the rule for every real store.
    #[default]
    Refused,
    /// They do, since nothing in this store is real: the demo.
    Accepted,
}

/// Whether the author of a version may be one who approves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfApproval {
    /// Others must approve.
    Refused,
    /// Fine for a person who works alone.
    #[default]
    Allowed,
    /// The author's approval counts beside that of somebody else.
    NotAlone,
}

impl SelfApproval {
    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Allowed => "allowed",
            Self::NotAlone => "not_alone",
        }
    }
}

/// Whether approvals, promotions and roll backs are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// By whoever wants to.
    #[default]
    Optional,
    /// Always, with a key of the person who decides.
    Required,
}

impl Signatures {
    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// What it takes to enter an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRules {
    /// How many people must approve, from 1.
    pub approvals: u32,
    /// Who may approve; empty for whoever is a reviewer.
    pub approvers: Vec<Actor>,
    /// Whether authors may approve their own versions.
    pub self_approval: SelfApproval,
    /// How old a run may be that carries an approval or a promotion, in days since it ended; without, any age.
    pub evidence_days_max: Option<u32>,
    /// Suites of which a run of the same content must pass, beside the review's own.
    pub suites: Vec<SuiteName>,
    /// Whether decisions are signed.
    pub signatures: Signatures,
}

impl Default for EnvironmentRules {
    fn default() -> Self {
        Self {
            approvals: 1,
            approvers: Vec::new(),
            self_approval: SelfApproval::default(),
            evidence_days_max: None,
            suites: Vec::new(),
            signatures: Signatures::default(),
        }
    }
}

/// The policy of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// Whether simulated results count.
    pub simulated_evidence: SimulatedEvidence,
    /// What it takes to enter staging.
    pub staging: EnvironmentRules,
    /// What it takes to enter production. A roll back takes no approval.
    pub production: EnvironmentRules,
}

impl Policy {
    /// The environments that have rules.
    pub const ENVIRONMENTS: [Environment; 2] = [Environment::Staging, Environment::Production];

    /// What it takes to enter an environment. Those that need no review have staging's rules, which nobody asks for.
    pub fn rules(&self, environment: Environment) -> &EnvironmentRules {
        match environment {
            Environment::Production => &self.production,
            _ => &self.staging,
        }
    }

    /// The same, to be changed.
    pub fn rules_mut(&mut self, environment: Environment) -> &mut EnvironmentRules {
        match environment {
            Environment::Production => &mut self.production,
            _ => &mut self.staging,
        }
    }

    /// The policy with this rule about authors everywhere.
    #[must_use]
    pub fn with_self_approval(mut self, rule: SelfApproval) -> Self {
        for environment in Self::ENVIRONMENTS {
            self.rules_mut(environment).self_approval = rule;
        }
        self
    }

    /// Checks that somebody could keep the rules.
    pub fn check(&self) -> Result<(), DomainError> {
        Self::ENVIRONMENTS
            .into_iter()
            .try_for_each(|environment| self.rules(environment).check(environment))
    }
}

impl EnvironmentRules {
    fn check(&self, environment: Environment) -> Result<(), DomainError> {
        let place = environment.as_str();
        let refuse = |field: &str, why: String| Err(DomainError::field(format!("{place}: {field}"), why));
        if !(1..=APPROVALS_MAX).contains(&self.approvals) {
            return refuse(
                "approvals",
                format!("from 1 to {APPROVALS_MAX}, not {}", self.approvals),
            );
        }
        if self.approvers.len() > NAMES_MAX || self.suites.len() > NAMES_MAX {
            return refuse("approvers", format!("more than {NAMES_MAX} names"));
        }
        if !self.approvers.is_empty() && self.approvers.len() < self.approvals as usize {
            return refuse(
                "approvers",
                format!(
                    "{} are fewer than the {} approvals",
                    self.approvers.len(),
                    self.approvals
                ),
            );
        }
        Ok(())
    }
}
