//! `pegbox model`: what model names stand for, and stood for when runs asked for them.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::workbench::{AliasLedger, RUNS_LOOKED_AT, RunSummary};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List the names that runs asked for, with the models that answer to them now
    List,
    /// Show what a name stood for, since when, and which runs rest on an older model
    Show {
        /// The name as runs ask for it, such as gpt-4.1
        name: String,
    },
}

/// Carries the command out.
pub fn carry_out(command: &ModelCommand, context: &Context<'_>) -> Result<Reply, CliError> {
    match command {
        ModelCommand::List => Ok(list(&context.workbench.model_ledgers()?)),
        ModelCommand::Show { name } => {
            let uses = context.workbench.alias_uses_of(name)?;
            let (ledgers, stale): (Vec<_>, Vec<_>) = uses.into_iter().map(|one| (one.ledger, one.stale_runs)).unzip();
            Ok(show(&ledgers, &stale.concat()))
        }
    }
}

fn list(ledgers: &[AliasLedger]) -> Reply {
    let mut table = Table::new([
        "name",
        "provider",
        "endpoint",
        "stands for",
        "since",
        "seen by",
        "changes",
    ]);
    for ledger in ledgers {
        let now = ledger.lines.last();
        table.row([
            ledger.alias.name.clone(),
            ledger.alias.provider.clone(),
            or_none(ledger.alias.endpoint.as_ref()),
            or_none(now.map(|line| &line.model)),
            or_none(now.map(|line| line.seen_at)),
            or_none(now.map(|line| line.run)),
            ledger.lines.len().saturating_sub(1).to_string(),
        ]);
    }
    let documents: Vec<Value> = ledgers.iter().map(ledger_document).collect();
    let text = Plain::new().table(
        &table,
        "no model has answered yet, and the simulated one is not listed: start a run with pegbox run start VERSION",
    );
    Reply::done(json!({ "models": documents }), text)
}

fn show(ledgers: &[AliasLedger], stale: &[RunSummary]) -> Reply {
    let mut text = Plain::new();
    for ledger in ledgers {
        let mut table = Table::new(["since", "stands for", "fingerprint", "seen by"]);
        for line in &ledger.lines {
            table.row([
                line.seen_at.to_string(),
                line.model.clone(),
                or_none(line.system_fingerprint.as_ref()),
                line.run.to_string(),
            ]);
        }
        text = text.line(&ledger.alias).table(&table, "").blank();
    }
    let mut runs = Table::new(["stale run", "subject", "rests on"]);
    for summary in stale {
        for stale in ledgers
            .iter()
            .flat_map(|ledger| summary.caveats.stale_of(&ledger.alias))
        {
            runs.row([
                summary.run.id.to_string(),
                summary.run.subject.label(),
                stale.answered_text(),
            ]);
        }
    }
    let documents: Vec<Value> = ledgers.iter().map(ledger_document).collect();
    let stale: Vec<_> = stale.iter().map(|summary| summary.run.id).collect();
    let nothing = format!("none of the newest {RUNS_LOOKED_AT} runs rests on an older model");
    Reply::done(
        json!({ "models": documents, "stale_runs": stale }),
        text.table(&runs, &nothing),
    )
}

fn ledger_document(ledger: &AliasLedger) -> Value {
    let lines = ledger.lines.iter().map(|line| {
        json!({
            "model": line.model,
            "system_fingerprint": line.system_fingerprint,
            "run": line.run,
            "seen_at": line.seen_at,
        })
    });
    json!({
        "provider": ledger.alias.provider,
        "name": ledger.alias.name,
        "endpoint": ledger.alias.endpoint,
        "stands_for": ledger.lines.last().map(|line| &line.model),
        "ledger": lines.collect::<Vec<_>>(),
    })
}
