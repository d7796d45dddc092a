//! `pegbox store`: health, numbers and rules of the store.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Context;
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Plain, Reply};
use crate::domain::policy::{Policy, SelfApproval, SimulatedEvidence};

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Check every checksum, hash, link and the audit chain
    Verify,
    /// Print the store's numbers
    Stats,
    /// Print the store's rules, or change them
    Policy {
        /// Whether runs of the simulated model may carry a release
        #[arg(long, requires = "reason", value_name = "RULE")]
        simulated: Option<SimulatedRule>,
        /// Whether authors may approve their own versions
        #[arg(long, requires = "reason", value_name = "RULE")]
        self_approval: Option<SelfApprovalRule>,
        /// Why the rules change
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

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
}

/// Carries the command out.
pub fn carry_out(command: StoreCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        StoreCommand::Verify => verify(context),
        StoreCommand::Stats => stats(context),
        StoreCommand::Policy {
            simulated: None,
            self_approval: None,
            ..
        } => Ok(policy_reply(context.workbench.policy()?)),
        StoreCommand::Policy {
            simulated,
            self_approval,
            reason,
        } => {
            let known = context.workbench.policy()?;
            let policy = Policy {
                simulated_evidence: match simulated {
                    Some(SimulatedRule::Accept) => SimulatedEvidence::Accepted,
                    Some(SimulatedRule::Refuse) => SimulatedEvidence::Refused,
                    None => known.simulated_evidence,
                },
                self_approval: match self_approval {
                    Some(SelfApprovalRule::Allow) => SelfApproval::Allowed,
                    Some(SelfApprovalRule::Refuse) => SelfApproval::Refused,
                    None => known.self_approval,
                },
            };
            context
                .workbench
                .set_policy(&context.actor, policy, &reason.unwrap_or_default())?;
            Ok(policy_reply(policy))
        }
    }
}

fn policy_reply(policy: Policy) -> Reply {
    let simulated = match policy.simulated_evidence {
        SimulatedEvidence::Accepted => "accepted",
        SimulatedEvidence::Refused => "refused",
    };
    let own = match policy.self_approval {
        SelfApproval::Allowed => "allowed",
        SelfApproval::Refused => "refused",
    };
    let text = Plain::new().fields([
        ("simulated evidence", simulated.to_owned()),
        ("self approval", own.to_owned()),
    ]);
    Reply::done(json!(policy), text)
}

fn stats(context: &Context<'_>) -> Result<Reply, CliError> {
    let stats = context.workbench.stats()?;
    let store = context.store.display().to_string();
    let document = json!({
        "store": store,
        "journal_bytes": stats.journal_bytes,
        "segments": stats.segments,
        "commits": stats.commits,
        "keys": stats.keys,
        "index_bytes": stats.index_bytes,
    });
    let text = Plain::new().fields([
        ("store", store),
        ("commits", stats.commits.to_string()),
        ("keys", stats.keys.to_string()),
        (
            "journal",
            format!("{} bytes in {} segments", stats.journal_bytes, stats.segments),
        ),
        ("index", format!("{} bytes", stats.index_bytes)),
    ]);
    Ok(Reply::done(document, text))
}

fn verify(context: &Context<'_>) -> Result<Reply, CliError> {
    let report = context.workbench.verify()?;
    let mut text = Plain::of(format!(
        "{} segments, {} commits, {} frames, {} keys and {} records checked",
        report.engine.segments, report.engine.commits, report.engine.frames, report.engine.keys, report.records
    ));
    let mut findings: Vec<Value> = Vec::new();
    for finding in &report.engine.findings {
        text = text.line(format!(
            "segment {}, byte {}: {}",
            finding.segment, finding.offset, finding.what
        ));
        findings.push(json!({ "segment": finding.segment, "offset": finding.offset, "what": finding.what }));
    }
    for finding in &report.findings {
        text = text.line(format!("{}: {}", finding.key, finding.what));
        findings.push(json!({ "key": finding.key, "what": finding.what }));
    }
    let count = findings.len();
    let document = json!({
        "sound": report.is_sound(),
        "segments": report.engine.segments,
        "commits": report.engine.commits,
        "frames": report.engine.frames,
        "keys": report.engine.keys,
        "records": report.records,
        "findings": findings,
    });
    if report.is_sound() {
        return Ok(Reply::done(document, text.line("the store is sound")));
    }
    let failure = Some(Failure {
        exit: Exit::Store,
        what: format!("the store is damaged: {count} findings"),
        hint: "keep a copy of the folder, and restore a backup".into(),
    });
    Ok(Reply {
        failure,
        ..Reply::done(document, text)
    })
}
