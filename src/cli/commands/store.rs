//! `pegbox store`: health, numbers and rules of the store.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use super::policy::{self, PolicyArgs};
use super::recover::RecoverArgs;
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Out, Plain, Reply, Table, counted};
use crate::domain::time::duration_ms;
use crate::workbench::{Advance, Chain, EngineReport, Workbench};

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Check every checksum, hash, link and the audit chain
    Verify,
    /// Print the store's numbers, by kind of record
    Stats,
    /// Drop values that later ones replaced, such as older drafts; the audit chain stays as it is
    Compact {
        /// Remove traces of production requests that began longer ago than this: `90d`, `12h`
        #[arg(long, value_name = "AGE", value_parser = duration_ms)]
        traces_older_than: Option<u64>,
    },
    /// Copy the store, in use or not, into another folder, and check the copy
    Backup {
        /// The backup's folder: empty, or not there yet
        dir: PathBuf,
    },
    /// Make a store of a backup, in the folder that --store names
    Restore {
        /// The backup's folder
        dir: PathBuf,
    },
    /// Go on without what a damaged store has lost, where there is no backup: keep every commit before the damage, and
    /// set the rest aside
    Recover(RecoverArgs),
    /// Write everything as plain JSON lines, with a README that explains them
    Export {
        /// The export's folder: empty, or not there yet
        dir: PathBuf,
    },
    /// Make a store of an export, in the folder that --store names
    Import {
        /// The export's folder
        dir: PathBuf,
        /// Take records that were changed since the export: the audit texts stay, their hashes are new
        #[arg(long)]
        new_chain: bool,
    },
    /// Print the store's rules, or change them
    Policy(PolicyArgs),
}

/// Carries the command out.
pub fn carry_out(command: StoreCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        StoreCommand::Verify => verify(context),
        StoreCommand::Stats => stats(context),
        StoreCommand::Compact { traces_older_than } => compact(traces_older_than, context),
        StoreCommand::Export { dir } => export(&dir, context),
        // These open no store, or another one, and were answered before.
        StoreCommand::Backup { .. }
        | StoreCommand::Restore { .. }
        | StoreCommand::Recover(_)
        | StoreCommand::Import { .. } => Ok(Reply::done(Value::Null, Plain::new())),
        StoreCommand::Policy(args) => policy::carry_out(&args, context),
    }
}

/// Answers the commands that work on the store's files, or make a store.
pub fn without_opening(command: &StoreCommand, folder: &Path, out: &mut Out) -> Option<Result<Reply, CliError>> {
    let mut watch = |advance: Advance| out.advance(&advance);
    match command {
        StoreCommand::Backup { dir } => {
            let made = Workbench::back_up_store(folder, dir, &mut watch);
            Some(made.map_err(CliError::from).map(|made| {
                let document = json!({
                    "backup": dir.display().to_string(),
                    "commits": made.commits,
                    "segments": made.segments,
                    "bytes": made.bytes,
                });
                let line = format!(
                    "{} in {} are in {}",
                    counted(made.commits, "commit"),
                    counted(made.bytes, "byte"),
                    dir.display()
                );
                let next = format!("restore it with pegbox store restore {} --store DIR", dir.display());
                Reply::done(document, Plain::of(line).line(next))
            }))
        }
        StoreCommand::Restore { dir } => {
            let restored = Workbench::restore_store(dir, folder, &mut watch);
            Some(restored.map_err(CliError::from).map(|restored| {
                let document = json!({ "store": folder.display().to_string(), "commits": restored.commits });
                let line = format!("{} commits are restored into {}", restored.commits, folder.display());
                Reply::done(document, Plain::of(line))
            }))
        }
        StoreCommand::Import { dir, new_chain } => {
            let chain = if *new_chain { Chain::Own } else { Chain::Same };
            let imported = Workbench::import_store(dir, folder, chain, &mut watch);
            Some(imported.map_err(CliError::from).map(|imported| {
                let document = json!({
                    "store": folder.display().to_string(),
                    "records": imported.records,
                    "commits": imported.commits,
                    "chain": if *new_chain { "new" } else { "same" },
                });
                let line = format!(
                    "{} records and {} commits are imported into {}",
                    imported.records,
                    imported.commits,
                    folder.display()
                );
                let chain = if *new_chain {
                    "the audit chain has the same texts, and hashes of its own"
                } else {
                    "the audit chain is the one that was exported, hash for hash"
                };
                Reply::done(document, Plain::of(line).line(chain))
            }))
        }
        _ => None,
    }
}

fn compact(traces_older_than_ms: Option<u64>, context: &mut Context<'_>) -> Result<Reply, CliError> {
    let now = context.workbench.now();
    let Context {
        workbench, out, actor, ..
    } = context;
    let expired = match traces_older_than_ms {
        Some(age_ms) => workbench.expire_traces(actor, now.before_ms(age_ms))?,
        None => 0,
    };
    let done = workbench.compact(actor, &mut |advance| out.advance(&advance))?;
    let document = json!({
        "segments": done.segments,
        "values": done.values,
        "freed_bytes": done.freed_bytes,
        "expired_traces": expired,
    });
    let text = match done.values {
        0 => Plain::of("nothing to drop"),
        values => Plain::of(format!(
            "{} freed: {} replaced or removed, in {}",
            counted(done.freed_bytes, "byte"),
            counted(values, "value"),
            counted(done.segments, "segment")
        )),
    };
    let text = match expired {
        0 => text,
        expired => text.line(format!("{} gone, which had grown too old", counted(expired, "trace"))),
    };
    Ok(Reply::done(document, text))
}

/// What only the host's machine can do, and what works from everywhere.
const ELSEWHERE: &str =
    "give the command on the host's machine; the audit log alone comes with ssh HOST audit export - > audit.tar";

fn export(dir: &Path, context: &mut Context<'_>) -> Result<Reply, CliError> {
    let Context {
        workbench, out, caller, ..
    } = context;
    let to = caller.files.locate_or(dir, ELSEWHERE)?;
    let made = workbench.export_store(&to, &mut |advance| out.advance(&advance))?;
    let document = json!({
        "export": dir.display().to_string(),
        "records": made.records,
        "commits": made.commits,
    });
    let line = format!(
        "{} records and {} commits are in {}",
        made.records,
        made.commits,
        dir.display()
    );
    let next = format!("{} says what is where", dir.join("README.md").display());
    Ok(Reply::done(document, Plain::of(line).line(next)))
}

fn stats(context: &Context<'_>) -> Result<Reply, CliError> {
    let stats = context.workbench.stats()?;
    let store = context.store.display().to_string();
    let mut table = Table::new(["kind", "records", "bytes"]);
    let mut kinds = serde_json::Map::new();
    for space in context.workbench.spaces()? {
        let name = String::from_utf8_lossy(&space.name).into_owned();
        table.row([name.clone(), space.keys.to_string(), space.bytes.to_string()]);
        kinds.insert(name, json!({ "records": space.keys, "bytes": space.bytes }));
    }
    let document = json!({
        "store": store,
        "journal_bytes": stats.journal_bytes,
        "segments": stats.segments,
        "commits": stats.commits,
        "keys": stats.keys,
        "index_bytes": stats.index_bytes,
        "kinds": kinds,
    });
    let text = Plain::new().fields([
        ("store", store),
        ("commits", stats.commits.to_string()),
        ("keys", stats.keys.to_string()),
        (
            "journal",
            format!(
                "{} in {}",
                counted(stats.journal_bytes, "byte"),
                counted(stats.segments, "segment")
            ),
        ),
        ("index", format!("{} bytes", stats.index_bytes)),
    ]);
    Ok(Reply::done(document, text.blank().table(&table, "no records yet")))
}

/// What is wrong with the journal, the index and the seal: as a line, and as JSON.
pub(super) fn engine_findings(report: &EngineReport) -> Vec<(String, Value)> {
    let of_journal = report.findings.iter().map(|finding| {
        let (file, offset, what) = (finding.file(), finding.offset, &finding.what);
        let commit = finding
            .commit
            .map(|commit| format!(", commit {commit}"))
            .unwrap_or_default();
        let document = json!({
            "segment": finding.segment,
            "file": file,
            "offset": offset,
            "commit": finding.commit,
            "what": what,
        });
        (format!("{file}, byte {offset}{commit}: {what}"), document)
    });
    let of_seal = |what: &String| (format!("seal: {what}"), json!({ "file": "seal", "what": what }));
    of_journal.chain(report.seal.iter().map(of_seal)).collect()
}

/// Checks everything, and says what is wrong and where.
pub(super) fn verify(context: &Context<'_>) -> Result<Reply, CliError> {
    let report = context.workbench.verify()?;
    let mut text = Plain::of(format!(
        "{}, {}, {}, {} and {} checked",
        counted(report.engine.segments, "segment"),
        counted(report.engine.commits, "commit"),
        counted(report.engine.frames, "frame"),
        counted(report.engine.keys, "key"),
        counted(report.records, "record")
    ));
    let mut findings: Vec<Value> = Vec::new();
    for (line, finding) in engine_findings(&report.engine) {
        text = text.line(line);
        findings.push(finding);
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
        what: format!("the store is damaged: {}", counted(count as u64, "finding")),
        hint: "keep a copy of the folder, and restore a backup".into(),
    });
    Ok(Reply {
        failure,
        ..Reply::done(document, text)
    })
}
