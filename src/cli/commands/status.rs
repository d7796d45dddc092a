//! `pegbox status`: what waits for somebody, what runs, what there is.

use serde_json::{Value, json};

use super::Context;
use super::prompt::prompt_document;
use super::run::run_document;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::workbench::Need;

/// What Home shows.
pub fn status(context: &Context<'_>) -> Result<Reply, CliError> {
    let status = context.workbench.status()?;
    let mut needs = Table::new(["waits", "what", "next"]);
    for need in &status.needs {
        needs.row(need_row(need));
    }
    let mut prompts = Table::new(["prompt", "newest", "staging", "production", "gate"]);
    for summary in &status.prompts {
        prompts.row([
            summary.prompt.name.to_string(),
            or_none(summary.newest.as_ref()),
            or_none(summary.staging.as_ref()),
            or_none(summary.production.as_ref()),
            or_none(summary.verdict),
        ]);
    }
    let text = Plain::new()
        .table(&needs, "nothing waits for anybody")
        .blank()
        .table(&prompts, "no prompt yet: make one with pegbox prompt new NAME")
        .blank()
        .line(format!(
            "store {}, {} entries in the audit chain, {} runs lately",
            context.store.display(),
            status.audit_entries,
            status.recent.len()
        ));
    let document = json!({
        "store": context.store.display().to_string(),
        "needs": status.needs.iter().map(need_document).collect::<Vec<_>>(),
        "active": status.active,
        "recent": status.recent.iter().map(run_document).collect::<Vec<_>>(),
        "prompts": status.prompts.iter().map(prompt_document).collect::<Vec<_>>(),
        "audit_entries": status.audit_entries,
    });
    Ok(Reply::done(document, text))
}

/// What waits, in a row: which thing, what about it, and the command that goes on.
fn need_row(need: &Need) -> [String; 3] {
    let thing = match need {
        Need::Review { id, .. } | Need::Approved { id, .. } => id.to_string(),
        Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => run.to_string(),
        Need::StaleRelease { release, .. } => release.to_string(),
        Need::Untested { version, .. } => version.to_string(),
        Need::Draft { prompt, .. } => prompt.to_string(),
    };
    [thing, need_text(need), next_command(need)]
}

fn need_text(need: &Need) -> String {
    match need {
        Need::Review {
            version,
            environment,
            by,
            verdict,
            ..
        } => format!(
            "{by} asks for {version} in {}, gate {}",
            environment.as_str(),
            or_none(*verdict)
        ),
        Need::Approved {
            version,
            environment,
            overtaken_by,
            stale,
            ..
        } => {
            let stale = stale.as_ref().map_or_else(String::new, |why| {
                format!(", but its evidence is stale: {why}: a new run and a new review are needed")
            });
            let overtaken = overtaken_by.as_ref().map_or_else(String::new, |live| {
                format!(", but {live} went live there since: ask for a new review")
            });
            format!("{version} is approved for {}{overtaken}{stale}", environment.as_str())
        }
        Need::StaleRelease { version, why, .. } => format!("{version} is live on stale evidence: {why}"),
        Need::FailedGate {
            version,
            reason,
            verdict,
            ..
        } => format!("{version}, gate {verdict}: {reason}"),
        Need::Untested { version, by, .. } => format!("made by {by}, and no run has tested {version}"),
        Need::InterruptedRun {
            subject, saved, total, ..
        } => format!("{subject} is interrupted with {saved} of {total}"),
        Need::Draft { saved_at, .. } => format!("has a draft of {saved_at}"),
    }
}

fn next_command(need: &Need) -> String {
    match need {
        Need::Review { id, .. } => format!("pegbox review show {id}"),
        Need::Approved {
            version,
            stale: Some(_),
            ..
        }
        | Need::StaleRelease { version, .. }
        | Need::Untested { version, .. } => format!("pegbox run start {version} --dataset NAME --suite NAME"),
        Need::Approved {
            version,
            environment,
            overtaken_by: Some(_),
            ..
        } => format!("pegbox review request {version} --to {}", environment.as_str()),
        Need::Approved {
            version, environment, ..
        } => format!(
            "pegbox release promote {} --to {} --reason WHY",
            version.prompt,
            environment.as_str()
        ),
        Need::FailedGate { run, .. } => format!("pegbox run failures {run}"),
        Need::InterruptedRun { run, .. } => format!("pegbox run resume {run}"),
        Need::Draft { prompt, .. } => format!("pegbox prompt commit {prompt} --kind KIND --reason WHY"),
    }
}

fn need_document(need: &Need) -> Value {
    match need {
        Need::Review {
            id,
            version,
            environment,
            by,
            at,
            verdict,
        } => json!({
            "kind": "review", "review": id, "version": version, "environment": environment,
            "requested_by": by, "requested_at": at,
            "verdict": verdict.map(|labelled| labelled.verdict),
            "answers": verdict.map(|labelled| labelled.answers),
        }),
        Need::Approved {
            id,
            version,
            environment,
            overtaken_by,
            stale,
        } => json!({
            "kind": "approved", "review": id, "version": version, "environment": environment,
            "overtaken_by": overtaken_by, "stale": stale,
        }),
        Need::StaleRelease { release, version, why } => json!({
            "kind": "stale_release", "release": release, "version": version, "stale": why,
        }),
        Need::FailedGate {
            run,
            version,
            reason,
            verdict,
        } => json!({
            "kind": "failed_gate", "run": run, "version": version, "verdict": verdict.verdict,
            "answers": verdict.answers, "reason": reason,
        }),
        Need::Untested { version, by, at } => json!({
            "kind": "untested", "version": version, "author": by, "committed_at": at,
        }),
        Need::InterruptedRun {
            run,
            subject,
            saved,
            total,
        } => json!({
            "kind": "interrupted_run", "run": run, "subject": subject, "saved": saved, "outcome_count": total,
        }),
        Need::Draft { prompt, saved_at } => json!({ "kind": "draft", "prompt": prompt, "saved_at": saved_at }),
    }
}
