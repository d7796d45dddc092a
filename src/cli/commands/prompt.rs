//! `pegbox prompt`: prompts, drafts and versions.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, blame, case};
use crate::cli::exit::CliError;
use crate::cli::input::read_text;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::domain::ids::{PromptName, VersionId};
use crate::domain::version::{ChangeKind, PromptVersion};
use crate::workbench::{CommitReason, PromptDetail, PromptRef, PromptSummary, VersionSummary};

/// What to do with prompts.
#[derive(Debug, Subcommand)]
pub enum PromptCommand {
    /// Make a prompt with a starter draft
    New {
        /// Its name, such as `support_triage`
        name: PromptName,
        /// What it is for, in a sentence
        #[arg(long, value_name = "TEXT")]
        description: String,
    },
    /// Show what brought each line of a version: the version before it, its author, reason and run
    Blame {
        /// The version, such as `support_triage_v12`
        version: VersionId,
    },
    /// Put a prompt document into a prompt's draft; make the prompt where there is none
    Import {
        /// The prompt's name
        name: PromptName,
        /// The document; - reads standard input
        file: PathBuf,
        /// What a new prompt is for, in a sentence
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Print the document of a version, or of a draft
    Export {
        /// A version such as `support_triage_v12`, or a prompt's name for its draft
        reference: String,
        /// Write it to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Send a draft or version with one example, and grade the answer; nothing is recorded
    Try(case::TryArgs),
    /// List the prompts
    List,
    /// Show a prompt with its versions, or one version
    Show {
        /// A prompt's name, or a version such as `support_triage_v12`
        reference: String,
    },
    /// Make a version of the draft
    Commit {
        /// The prompt's name
        name: PromptName,
        /// bug, requirement, `eval_failure`, `customer_report` or experiment
        #[arg(long)]
        kind: ChangeKind,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// A ticket, a run, a thread
        #[arg(long)]
        link: Option<String>,
    },
    /// Edit the draft with $VISUAL or $EDITOR
    Edit {
        /// The prompt's name
        name: PromptName,
    },
    /// Drafts
    #[command(subcommand)]
    Drafts(DraftsCommand),
}

/// What to do with drafts.
#[derive(Debug, Subcommand)]
pub enum DraftsCommand {
    /// List the prompts that have a draft
    List,
    /// Drop the draft of a prompt
    Discard {
        /// The prompt's name
        name: PromptName,
    },
}

/// Carries the command out.
pub fn carry_out(command: PromptCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        PromptCommand::New { name, description } => {
            let prompt = context.workbench.create_prompt(&context.actor, &name, &description)?;
            let text = Plain::of(format!("{name} has a draft to begin from: pegbox prompt edit {name}"));
            Ok(Reply::done(json!(prompt), text))
        }
        PromptCommand::Import {
            name,
            file,
            description,
        } => {
            let source = read_text(&file, context.caller)?;
            import(context, &name, &description, &source)
        }
        PromptCommand::Export { reference, output } => export(context, &reference, output),
        PromptCommand::Try(args) => case::try_prompt(context, &args),
        PromptCommand::List => Ok(list(&context.workbench.prompts()?)),
        PromptCommand::Blame { version } => blame::blame(context, &version),
        PromptCommand::Show { reference } => match PromptRef::parse(&reference)? {
            PromptRef::Draft(name) => Ok(show_prompt(&context.workbench.prompt_detail(&name)?)),
            PromptRef::Version(id) => show_version(context, &id),
        },
        PromptCommand::Commit {
            name,
            kind,
            reason,
            link,
        } => {
            let why = CommitReason {
                kind,
                text: reason,
                link,
            };
            let version = context.workbench.commit(&context.actor, &name, &why)?;
            let text = Plain::of(format!(
                "{} is committed with content {}",
                version.id,
                version.content_hash.short()
            ));
            Ok(Reply::done(json!(version), text))
        }
        PromptCommand::Edit { name } => edit(context, &name),
        PromptCommand::Drafts(DraftsCommand::List) => drafts(context),
        PromptCommand::Drafts(DraftsCommand::Discard { name }) => {
            context.workbench.discard_draft(&context.actor, &name)?;
            let text = Plain::of(format!("the draft of {name} is gone"));
            Ok(Reply::done(json!({ "prompt": name, "draft": Value::Null }), text))
        }
    }
}

fn import(context: &Context<'_>, name: &PromptName, description: &str, source: &str) -> Result<Reply, CliError> {
    let (prompt, draft) = context
        .workbench
        .import_prompt(&context.actor, name, description, source)?;
    let text = Plain::of(format!(
        "the draft of {name} is stored; commit it with pegbox prompt commit {name} --kind KIND --reason WHY"
    ));
    Ok(with_marks(
        context,
        json!({ "prompt": prompt, "base": draft.base }),
        text,
        source,
    ))
}

/// The reply with what is wrong with a draft: it is stored all the same.
fn with_marks(context: &Context<'_>, mut document: Value, mut text: Plain, source: &str) -> Reply {
    let mut marks = Vec::new();
    for mark in context.workbench.lint(source) {
        let place = mark.line.map_or_else(String::new, |line| format!("line {line}: "));
        text = text.line(format!("{place}{}", mark.message));
        marks.push(json!({ "line": mark.line, "column": mark.column, "message": mark.message }));
    }
    if let Some(fields) = document.as_object_mut() {
        fields.insert("marks".into(), marks.into());
    }
    Reply::done(document, text)
}

/// The way that works from everywhere.
const ELSEWHERE: &str = "leave --output out: ssh HOST prompt export REFERENCE > FILE";

fn export(context: &mut Context<'_>, reference: &str, output: Option<PathBuf>) -> Result<Reply, CliError> {
    let source = context.workbench.prompt_source(&PromptRef::parse(reference)?)?;
    let Some(file) = output else {
        let document = json!({ "reference": reference, "source": source });
        context.out.file(&source, &document)?;
        return Ok(Reply::done(Value::Null, Plain::new()));
    };
    std::fs::write(context.caller.files.locate_or(&file, ELSEWHERE)?, &source)?;
    let text = Plain::of(format!("{reference} is in {}", file.display()));
    Ok(Reply::done(json!({ "reference": reference, "file": file }), text))
}

fn list(prompts: &[PromptSummary]) -> Reply {
    let mut table = Table::new([
        "prompt",
        "newest",
        "staging",
        "production",
        "gate",
        "draft",
        "changed",
        "for",
    ]);
    let mut documents = Vec::new();
    for summary in prompts {
        let draft = if summary.has_draft { "yes" } else { NO_VALUE };
        table.row([
            summary.prompt.name.to_string(),
            or_none(summary.newest.as_ref()),
            or_none(summary.staging.as_ref()),
            or_none(summary.production.as_ref()),
            or_none(summary.verdict),
            draft.to_owned(),
            summary.changed_at.to_string(),
            summary.prompt.description.clone(),
        ]);
        documents.push(prompt_document(summary));
    }
    let text = Plain::new().table(&table, "no prompt yet: make one with pegbox prompt new NAME");
    Reply::done(json!({ "prompts": documents }), text)
}

/// A prompt of a list, for machines.
pub fn prompt_document(summary: &PromptSummary) -> Value {
    json!({
        "name": summary.prompt.name,
        "description": summary.prompt.description,
        "owner": summary.prompt.owner,
        "created_at": summary.prompt.created_at,
        "newest": summary.newest,
        "has_draft": summary.has_draft,
        "staging": summary.staging,
        "production": summary.production,
        "verdict": summary.verdict.map(|labelled| labelled.verdict),
        "answers": summary.verdict.map(|labelled| labelled.answers),
        "changed_at": summary.changed_at,
    })
}

fn show_prompt(detail: &PromptDetail) -> Reply {
    let mut table = Table::new(["version", "live in", "newest run", "gate", "by", "at", "kind", "why"]);
    for VersionSummary {
        version,
        live_in,
        newest_run,
    } in &detail.versions
    {
        let live: Vec<String> = live_in.iter().map(ToString::to_string).collect();
        table.row([
            version.id.to_string(),
            if live.is_empty() {
                NO_VALUE.to_owned()
            } else {
                live.join(" ")
            },
            or_none(newest_run.as_ref().map(|(run, _)| run)),
            or_none(newest_run.as_ref().and_then(|(_, verdict)| *verdict)),
            version.author.to_string(),
            version.committed_at.to_string(),
            version.reason.kind.to_string(),
            version.reason.text.to_string(),
        ]);
    }
    let draft = detail
        .draft
        .as_ref()
        .map(|draft| format!("saved by {} at {}", draft.saved_by, draft.saved_at));
    let text = Plain::new()
        .fields([
            ("prompt", detail.prompt.name.to_string()),
            ("for", detail.prompt.description.clone()),
            ("owner", detail.prompt.owner.to_string()),
            ("draft", or_none(draft)),
        ])
        .blank()
        .table(&table, "no version yet: commit the draft");
    let versions: Vec<Value> = detail.versions.iter().map(version_summary_document).collect();
    let document = json!({ "prompt": detail.prompt, "draft": detail.draft, "versions": versions });
    Reply::done(document, text)
}

fn version_summary_document(summary: &VersionSummary) -> Value {
    let version = &summary.version;
    let verdict = summary.newest_run.as_ref().and_then(|(_, verdict)| *verdict);
    json!({
        "id": version.id,
        "content_hash": version.content_hash,
        "base": version.base,
        "author": version.author,
        "reason": version.reason,
        "committed_at": version.committed_at,
        "live_in": summary.live_in,
        "newest_run": summary.newest_run.as_ref().map(|(run, _)| run),
        "verdict": verdict.map(|labelled| labelled.verdict),
        "answers": verdict.map(|labelled| labelled.answers),
    })
}

fn show_version(context: &Context<'_>, id: &VersionId) -> Result<Reply, CliError> {
    let version = context.workbench.version(id)?;
    let source = context.workbench.prompt_source(&PromptRef::Version(id.clone()))?;
    let text = version_text(&version).blank().block(&source);
    Ok(Reply::done(json!(version), text))
}

fn version_text(version: &PromptVersion) -> Plain {
    Plain::new().fields([
        ("version", version.id.to_string()),
        ("content", version.content_hash.to_string()),
        ("base", or_none(version.base.as_ref())),
        ("by", format!("{} at {}", version.author, version.committed_at)),
        ("why", format!("{}: {}", version.reason.kind, version.reason.text)),
        ("link", or_none(version.reason.link.as_ref())),
    ])
}

fn edit(context: &mut Context<'_>, name: &PromptName) -> Result<Reply, CliError> {
    let opened = context.workbench.open_draft(&context.actor, name)?;
    let source = &opened.draft.source;
    let edited = context.caller.desk.edit(source)?;
    if &edited == source {
        let document = json!({ "prompt": name, "changed": false });
        return Ok(Reply::done(
            document,
            Plain::of(format!("nothing was changed in {name}")),
        ));
    }
    let saved_at = match context
        .workbench
        .save_draft(&context.actor, name, &opened.seen(), &edited)
    {
        Ok(saved_at) => saved_at,
        Err(error) => {
            let kept = keep(name, &edited)?;
            context
                .out
                .note(&format!("what you wrote is kept in {}", kept.display()));
            return Err(error.into());
        }
    };
    let text = Plain::of(format!(
        "the draft of {name} is saved; commit it with pegbox prompt commit {name} --kind KIND --reason WHY"
    ));
    let document = json!({ "prompt": name, "changed": true, "saved_at": saved_at });
    Ok(with_marks(context, document, text, &edited))
}

/// Keeps a text that the store did not take, in a new file that only this user can read.
fn keep(name: &PromptName, text: &str) -> std::io::Result<PathBuf> {
    let file = std::env::temp_dir().join(format!("pegbox-{name}-{}.md", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&file)?.write_all(text.as_bytes())?;
    Ok(file)
}

fn drafts(context: &Context<'_>) -> Result<Reply, CliError> {
    let mut table = Table::new(["prompt", "base", "saved by", "saved at"]);
    let mut documents = Vec::new();
    for summary in context.workbench.prompts()?.iter().filter(|summary| summary.has_draft) {
        let Some(draft) = context.workbench.prompt_detail(&summary.prompt.name)?.draft else {
            continue;
        };
        table.row([
            draft.prompt.to_string(),
            or_none(draft.base.as_ref()),
            draft.saved_by.to_string(),
            draft.saved_at.to_string(),
        ]);
        documents.push(json!({
            "prompt": draft.prompt, "base": draft.base, "saved_by": draft.saved_by, "saved_at": draft.saved_at,
        }));
    }
    Ok(Reply::done(
        json!({ "drafts": documents }),
        Plain::new().table(&table, "no draft"),
    ))
}
