//! `pegbox chain`: several prompts, one after the other.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use super::diff::prompt_diff_document;
use super::run::{gate_cell, run_document};
use crate::cli::exit::CliError;
use crate::cli::input::read_text;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, counted};
use crate::domain::chain::ChainVersion;
use crate::domain::diff::SettingChange;
use crate::domain::ids::VersionId;
use crate::workbench::{ChainDetail, ChainDiffView, RunSummary, SourceText};

/// What to do with chains.
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// Make a chain version of a chain file
    Import {
        /// The file, .toml, .yaml or .json; - reads standard input
        file: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List the chain versions
    List,
    /// Show a chain version: its steps, where their versions are live, and its runs
    Show {
        /// `name@v3`, or a name for its newest version
        chain: String,
    },
    /// Write a chain version as a chain file
    Export {
        /// `name@v3`, or a name for its newest version
        chain: String,
    },
    /// Show what changed between two chain versions: steps, and the prompts that they run
    Diff {
        /// `name@v3`, or a name for its newest version
        old: String,
        /// The same; the newest version of the old one's chain where not given
        new: Option<String>,
    },
    /// Make a chain version whose steps run another version of one of its prompts
    Bump {
        /// `name@v3`, or a name for its newest version
        chain: String,
        /// The version that all steps of its prompt are to run
        version: VersionId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Carries the command out.
pub fn carry_out(command: ChainCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        ChainCommand::Import { file, reason } => {
            let source = read_text(&file, context.caller)?;
            let source = SourceText::of_file(&file, &source);
            let chain = context.workbench.import_chain(&context.actor, source, &reason)?;
            Ok(made(&chain))
        }
        ChainCommand::List => list(context),
        ChainCommand::Show { chain } => show(context, &chain),
        ChainCommand::Export { chain } => {
            let id = context.workbench.resolve_chain(&chain)?;
            let source = context.workbench.chain_source(&id)?;
            Ok(Reply::done(
                json!({ "chain": id, "source": source }),
                Plain::new().block(&source),
            ))
        }
        ChainCommand::Diff { old, new } => diff(context, &old, new.as_deref()),
        ChainCommand::Bump { chain, version, reason } => {
            let id = context.workbench.resolve_chain(&chain)?;
            let chain = context.workbench.bump_chain(&context.actor, &id, &version, &reason)?;
            Ok(made(&chain))
        }
    }
}

fn made(chain: &ChainVersion) -> Reply {
    let steps = counted(chain.content.steps.len() as u64, "step");
    let text = Plain::of(format!("{} has {steps}", chain.id));
    Reply::done(json!(chain), text)
}

fn list(context: &Context<'_>) -> Result<Reply, CliError> {
    let chains = context.workbench.chains()?;
    let mut table = Table::new(["chain", "steps", "newest run", "gate", "content", "by", "at", "why"]);
    let mut documents = Vec::new();
    for summary in &chains {
        let chain = &summary.chain;
        let run = summary.newest_run.as_ref();
        table.row([
            chain.id.to_string(),
            chain.content.steps.len().to_string(),
            run.map_or_else(|| NO_VALUE.to_owned(), |run| run.run.id.to_string()),
            run.map_or_else(|| NO_VALUE.to_owned(), gate_of),
            chain.content_hash.short(),
            chain.author.to_string(),
            chain.committed_at.to_string(),
            chain.reason.to_string(),
        ]);
        documents.push(json!({
            "chain": chain,
            "is_newest": summary.is_newest,
            "newest_run": run.map(run_document),
        }));
    }
    let text = Plain::new().table(&table, "no chain yet: make one with pegbox chain import FILE");
    Ok(Reply::done(json!({ "chains": documents }), text))
}

fn gate_of(run: &RunSummary) -> String {
    gate_cell(run.verdict.as_ref().map(|(verdict, _)| *verdict), &run.caveats)
}

fn show(context: &Context<'_>, chain: &str) -> Result<Reply, CliError> {
    let id = context.workbench.resolve_chain(chain)?;
    let detail = context.workbench.chain_detail(&id)?;
    let chain = &detail.chain;
    let answer = chain.content.answer.as_ref();
    let text = Plain::new()
        .fields([
            ("chain", chain.id.to_string()),
            ("description", chain.content.description.clone()),
            (
                "answer",
                answer.map_or_else(|| "of the last step that ran".into(), ToString::to_string),
            ),
            ("content", chain.content_hash.to_string()),
            ("by", format!("{} at {}", chain.author, chain.committed_at)),
            ("why", chain.reason.to_string()),
        ])
        .blank()
        .table(&steps_table(&detail), "it has no steps")
        .blank();
    let mut runs = Table::new(["run", "dataset", "suite", "state", "gate", "started"]);
    for run in &detail.runs {
        runs.row([
            run.run.id.to_string(),
            run.run.dataset.to_string(),
            run.run.suite.to_string(),
            run.state.as_str().to_owned(),
            gate_of(run),
            run.run.started_at.to_string(),
        ]);
    }
    let none = format!("no run yet: start one with pegbox run start {id}");
    Ok(Reply::done(document(&detail), text.table(&runs, &none)))
}

fn diff(context: &Context<'_>, old: &str, new: Option<&str>) -> Result<Reply, CliError> {
    let old = context.workbench.resolve_chain(old)?;
    let new = context.workbench.resolve_chain(new.unwrap_or(old.name.as_str()))?;
    let view = context.workbench.diff_chains(&old, &new)?;
    Ok(Reply::done(diff_document(&view), Plain::new().block(&view.text())))
}

fn diff_document(view: &ChainDiffView) -> Value {
    let fields = |fields: &[SettingChange]| -> Value {
        let field = |it: &SettingChange| json!({ "name": it.name, "old": it.old, "new": it.new });
        fields.iter().map(field).collect()
    };
    let steps = view.steps().map(|(step, prompt)| {
        json!({
            "name": step.name,
            "change": step.change.as_str(),
            "moved": step.moved.map(|(old, new)| json!({ "old": old, "new": new })),
            "fields": fields(&step.fields),
            "prompt": prompt.map(prompt_diff_document),
        })
    });
    json!({
        "old": view.old,
        "new": view.new,
        "fields": fields(&view.diff.fields),
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn steps_table(detail: &ChainDetail) -> Table {
    let mut table = Table::new(["step", "version", "live in", "newest", "runs when", "gives"]);
    let steps = detail.chain.content.steps.iter().zip(&detail.live).zip(&detail.newer);
    for ((step, live), newer) in steps {
        let when: Vec<String> = step.when.iter().map(ToString::to_string).collect();
        let live: Vec<&str> = live.iter().map(|environment| environment.as_str()).collect();
        let or = |text: String, empty: &str| if text.is_empty() { empty.to_owned() } else { text };
        table.row([
            step.name.clone(),
            step.version.to_string(),
            or(live.join(", "), NO_VALUE),
            newer
                .as_ref()
                .map_or_else(|| "this one".to_owned(), ToString::to_string),
            or(when.join(" and "), "always"),
            step.parser.as_str().to_owned(),
        ]);
    }
    table
}

fn document(detail: &ChainDetail) -> Value {
    let steps = detail.chain.content.steps.iter().zip(&detail.live).zip(&detail.newer);
    let steps = steps.map(|((step, live), newer)| {
        json!({ "name": step.name, "version": step.version, "live_in": live, "newer_version": newer })
    });
    json!({
        "chain": detail.chain,
        "steps": steps.collect::<Vec<_>>(),
        "runs": detail.runs.iter().map(run_document).collect::<Vec<_>>(),
    })
}
