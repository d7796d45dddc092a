//! `pegbox store policy`: the rules of the store.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::DomainError;
use crate::domain::actor::Actor;
use crate::domain::ids::SuiteName;
use crate::domain::policy::{EnvironmentRules, Policy, SelfApproval, Signatures, SimulatedEvidence};
use crate::domain::promotion::Environment;

/// What to change; nothing prints the rules.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// Whether runs of the simulated model may carry a release
    #[arg(long, requires = "reason", value_name = "RULE")]
    pub simulated: Option<SimulatedRule>,
    /// The environment whose rules change: staging or production; both where none is named
    #[arg(long, value_name = "ENVIRONMENT", value_parser = reviewed)]
    pub environment: Option<Environment>,
    /// How many people must approve
    #[arg(long, requires = "reason", value_name = "COUNT")]
    pub approvals: Option<u32>,
    /// Who may approve, as NAME,NAME; nothing between quotes for any reviewer
    #[arg(long, requires = "reason", value_name = "NAMES", value_parser = names)]
    pub approvers: Option<Names>,
    /// Whether authors may approve their own versions
    #[arg(long, requires = "reason", value_name = "RULE")]
    pub self_approval: Option<SelfApprovalRule>,
    /// How old a run may be that a decision rests on, in days; 0 for any age
    #[arg(long, requires = "reason", value_name = "DAYS")]
    pub evidence_days: Option<u32>,
    /// Suites that the content must pass beside the review's own, as SUITE,SUITE; nothing between quotes for none
    #[arg(long, requires = "reason", value_name = "SUITES", value_parser = suites)]
    pub suites: Option<Suites>,
    /// Whether approvals, promotions and roll backs are signed
    #[arg(long, requires = "reason", value_name = "RULE")]
    pub signatures: Option<SignaturesRule>,
    /// Why the rules change
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Names of people.
#[derive(Debug, Clone)]
pub struct Names(Vec<Actor>);

/// Names of suites.
#[derive(Debug, Clone)]
pub struct Suites(Vec<SuiteName>);

/// Whether simulated results count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulatedRule {
    /// They do: nothing in this store is real
    Accept,
    /// They never do
    Refuse,
}

/// Whether authors may approve their own versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SelfApprovalRule {
    /// They may
    Allow,
    /// Someone else must
    Refuse,
    /// Theirs counts beside somebody else's
    NotAlone,
}

/// Whether decisions are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignaturesRule {
    /// By whoever wants to
    Optional,
    /// Always
    Required,
}

fn reviewed(word: &str) -> Result<Environment, DomainError> {
    let environment: Environment = word.parse()?;
    if environment.needs_review() {
        return Ok(environment);
    }
    Err(DomainError::field(
        "environment",
        "only staging and production have rules",
    ))
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn names(list: &str) -> Result<Names, DomainError> {
    let mut names = parts(list).map(Actor::new).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(Names(names))
}

fn suites(list: &str) -> Result<Suites, DomainError> {
    let mut suites = parts(list).map(SuiteName::new).collect::<Result<Vec<_>, _>>()?;
    suites.sort_unstable();
    suites.dedup();
    Ok(Suites(suites))
}

/// Prints the rules, after changing what is to be changed.
pub fn carry_out(args: &PolicyArgs, context: &Context<'_>) -> Result<Reply, CliError> {
    if args.changes_something() {
        let reason = args.reason.as_deref().unwrap_or_default();
        let changed = context
            .workbench
            .change_policy(&context.actor, |policy| args.change(policy), reason)?;
        return Ok(shown(&changed));
    }
    if args.environment.is_some() {
        return Err(CliError::invalid(
            "no rule of that environment is to change",
            "say which, as with --approvals 2; without any option the rules of all are printed",
        ));
    }
    Ok(shown(&context.workbench.policy()?))
}

impl PolicyArgs {
    fn change(&self, policy: &mut Policy) {
        if let Some(rule) = self.simulated {
            policy.simulated_evidence = match rule {
                SimulatedRule::Accept => SimulatedEvidence::Accepted,
                SimulatedRule::Refuse => SimulatedEvidence::Refused,
            };
        }
        for environment in Policy::ENVIRONMENTS {
            if self.environment.is_none_or(|only| only == environment) {
                change(policy.rules_mut(environment), self);
            }
        }
    }

    fn changes_something(&self) -> bool {
        self.simulated.is_some()
            || self.approvals.is_some()
            || self.approvers.is_some()
            || self.self_approval.is_some()
            || self.evidence_days.is_some()
            || self.suites.is_some()
            || self.signatures.is_some()
    }
}

fn change(rules: &mut EnvironmentRules, args: &PolicyArgs) {
    rules.approvals = args.approvals.unwrap_or(rules.approvals);
    if let Some(Names(names)) = &args.approvers {
        rules.approvers.clone_from(names);
    }
    if let Some(rule) = args.self_approval {
        rules.self_approval = match rule {
            SelfApprovalRule::Allow => SelfApproval::Allowed,
            SelfApprovalRule::Refuse => SelfApproval::Refused,
            SelfApprovalRule::NotAlone => SelfApproval::NotAlone,
        };
    }
    if let Some(days) = args.evidence_days {
        rules.evidence_days_max = (days > 0).then_some(days);
    }
    if let Some(Suites(suites)) = &args.suites {
        rules.suites.clone_from(suites);
    }
    if let Some(rule) = args.signatures {
        rules.signatures = match rule {
            SignaturesRule::Optional => Signatures::Optional,
            SignaturesRule::Required => Signatures::Required,
        };
    }
}

fn shown(policy: &Policy) -> Reply {
    let simulated = match policy.simulated_evidence {
        SimulatedEvidence::Accepted => "accepted",
        SimulatedEvidence::Refused => "refused",
    };
    let mut table = Table::new([
        "environment",
        "approvals",
        "approvers",
        "self approval",
        "evidence days",
        "suites",
        "signatures",
    ]);
    for environment in Policy::ENVIRONMENTS {
        let rules = policy.rules(environment);
        let approvers: Vec<&str> = rules.approvers.iter().map(Actor::as_str).collect();
        let suites: Vec<String> = rules.suites.iter().map(ToString::to_string).collect();
        table.row([
            environment.as_str().to_owned(),
            rules.approvals.to_string(),
            if approvers.is_empty() {
                "any reviewer".to_owned()
            } else {
                approvers.join(", ")
            },
            rules.self_approval.as_str().replace('_', " "),
            rules
                .evidence_days_max
                .map_or_else(|| "any".to_owned(), |days| days.to_string()),
            if suites.is_empty() {
                NO_VALUE.to_owned()
            } else {
                suites.join(", ")
            },
            rules.signatures.as_str().to_owned(),
        ]);
    }
    let text = Plain::of(format!("simulated evidence: {simulated}")).table(&table, "");
    Reply::done(json!(policy), text)
}
