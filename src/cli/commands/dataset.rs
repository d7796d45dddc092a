//! `pegbox dataset`: versioned examples.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::evidence::ids_text;
use super::history::{self, HistoryArgs};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::input;
use crate::cli::output::{Plain, Reply, Table, counted, or_none};
use crate::domain::dataset::{DatasetChanges, DatasetVersion};
use crate::domain::example::{Example, ExampleContent};
use crate::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::host::caller::Caller;
use crate::text::cut;
use crate::workbench::{ExampleChange, ExampleEdit, ImportReport, ImportRequest, RowFault};

/// Columns of an example's text in a list; `--json` has it whole.
const TEXT_COLUMNS: usize = 72;
/// Faults of an import that text shows; `--json` has all that are kept.
const FAULTS_SHOWN: usize = 20;
/// Rows that are read at once for an export.
const ROWS_PER_READ: usize = 500;
/// Ids of each kind that a comparison shows as text.
const IDS_SHOWN: usize = 20;

/// What to do with datasets.
#[derive(Debug, Subcommand)]
pub enum DatasetCommand {
    /// Import a JSONL, CSV or JSON file as a new version, whole or not at all
    Import(ImportArgs),
    /// List the dataset versions
    List,
    /// Show a dataset version
    Show {
        /// `name@label`, or a name for its newest version
        dataset: String,
    },
    /// List the examples of a dataset version
    Rows(RowsArgs),
    /// What became of an example in each run that asked it, newest first
    History(HistoryArgs),
    /// Say which examples differ between two dataset versions
    Diff {
        /// The older version
        old: String,
        /// The newer version
        new: String,
    },
    /// Make a new version in which one example has other content
    Edit {
        /// The version to start from
        dataset: String,
        /// One JSON object as `dataset export` prints it, with the example's id; `-` is standard input
        file: PathBuf,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Make a new version without one example
    Exclude {
        /// The version to start from
        dataset: String,
        /// The example
        example: ExampleId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Make a new version with a case that failed in a run
    AddCase {
        /// The version to start from
        dataset: String,
        /// The run
        run: RunId,
        /// The example in it
        example: ExampleId,
        /// The right answer as JSON; what was expected in the run where not given
        #[arg(long, value_name = "JSON")]
        expected: Option<String>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Make a new version whose examples expect what people's labels in a run say that they should
    FromLabels {
        /// The version to start from
        dataset: String,
        /// The run whose labels are taken
        run: RunId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Print a dataset version as JSONL
    Export {
        /// `name@label`, or a name for its newest version
        dataset: String,
    },
}

/// An import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, or - for standard input
    file: PathBuf,
    /// The dataset's name
    #[arg(long)]
    name: DatasetName,
    /// The new version's label; today's date where not given
    #[arg(long)]
    label: Option<DatasetLabel>,
    /// Which column becomes what, where the guess is wrong: input.ticket=text,expected=label
    #[arg(long, value_name = "MAPPING", default_value = "", hide_default_value = true)]
    map: String,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Show the mapping and the first rows, and import nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// A window on rows.
#[derive(Debug, Args)]
pub struct RowsArgs {
    /// `name@label`, or a name for its newest version
    dataset: String,
    /// Words and terms that must all hold: refund topic="billing dispute" route!=general
    #[arg(long = "where", value_name = "FILTER", default_value = "", hide_default_value = true)]
    filter: String,
    /// The most rows to list
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// The first row, counted from 0 after the filter
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// What every change of a dataset takes.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// The new version's label; today's date where not given
    #[arg(long)]
    label: Option<DatasetLabel>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Carries the command out.
pub fn carry_out(command: DatasetCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        DatasetCommand::Import(args) if args.dry_run => preview(context, &args),
        DatasetCommand::Import(args) => import(context, args),
        DatasetCommand::List => Ok(list(&context.workbench.datasets()?)),
        DatasetCommand::Show { dataset } => {
            let id = context.workbench.resolve_dataset(&dataset)?;
            Ok(show(&context.workbench.dataset(&id)?))
        }
        DatasetCommand::Rows(args) => rows(context, &args),
        DatasetCommand::History(args) => history::example(context, &args),
        DatasetCommand::Diff { old, new } => {
            let (old, new) = (
                context.workbench.resolve_dataset(&old)?,
                context.workbench.resolve_dataset(&new)?,
            );
            let changes = context.workbench.dataset_diff(&old, &new)?;
            let document = json!({ "old": old, "new": new, "changes": changes });
            Ok(Reply::done(
                document,
                changes_text(Plain::of(format!("{old} to {new}")), &changes),
            ))
        }
        DatasetCommand::Edit { dataset, file, change } => {
            let content = Box::new(read_example(&file, context.caller)?);
            edit(context, &dataset, ExampleEdit::Replace(content), change)
        }
        DatasetCommand::Exclude {
            dataset,
            example,
            change,
        } => edit(context, &dataset, ExampleEdit::Exclude(example), change),
        DatasetCommand::AddCase {
            dataset,
            run,
            example,
            expected,
            change,
        } => {
            let expected = expected.as_deref().map(JsonText::parse).transpose()?;
            edit(
                context,
                &dataset,
                ExampleEdit::AddFailedCase { run, example, expected },
                change,
            )
        }
        DatasetCommand::FromLabels { dataset, run, change } => {
            edit(context, &dataset, ExampleEdit::TakeLabels(run), change)
        }
        DatasetCommand::Export { dataset } => export(context, &dataset),
    }
}

fn read_example(file: &Path, caller: &mut Caller) -> Result<ExampleContent, CliError> {
    let text = input::read_text(file, caller)?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::invalid(
            format!("{} holds no example: {error}", file.display()),
            "write one JSON object as pegbox dataset export prints it",
        )
    })
}

fn preview(context: &mut Context<'_>, args: &ImportArgs) -> Result<Reply, CliError> {
    let file = input::file_of(&args.file, context.caller)?;
    let preview = context.workbench.preview_import(&file.path, &args.map)?;
    let mut rows = Table::new(["example", "input", "expected"]);
    for example in &preview.rows {
        rows.row(example_cells(example));
    }
    let mut text = Plain::new()
        .fields([
            ("format", preview.format.clone()),
            ("columns", preview.columns.join(", ")),
            ("rows", preview.read.to_string()),
        ])
        .blank();
    if !preview.columns.is_empty() {
        text = text
            .table(&mapping_table(&preview.mapping), "no column is mapped")
            .blank();
    }
    text = text.table(&rows, "no row can be read").blank();
    let text = faults_text(text, &preview.faults, preview.fault_count).line("nothing was imported: this is a dry run");
    let document = json!({
        "file": args.file,
        "format": preview.format,
        "columns": preview.columns,
        "mapping": mapping_document(&preview.mapping),
        "first_rows": preview.rows,
        "read": preview.read,
        "fault_count": preview.fault_count,
        "faults": faults_document(&preview.faults),
    });
    Ok(Reply::done(document, text))
}

/// An example in a list: its id, what goes in, what is expected.
fn example_cells(example: &Example) -> [String; 3] {
    let content = &example.content;
    let expected = content.expected.as_ref().map(JsonText::plain);
    [
        content.id.to_string(),
        cut(&content.input.plain(), TEXT_COLUMNS).into_owned(),
        cut(&or_none(expected), TEXT_COLUMNS).into_owned(),
    ]
}

fn faults_text(text: Plain, faults: &[RowFault], count: u64) -> Plain {
    let mut text = text;
    for fault in faults.iter().take(FAULTS_SHOWN) {
        text = text.line(format!("line {}: {}", fault.line, fault.reason));
    }
    match count.saturating_sub(FAULTS_SHOWN as u64) {
        0 => text,
        more => text.line(format!("and {more} more")),
    }
}

fn faults_document(faults: &[RowFault]) -> Value {
    faults
        .iter()
        .map(|fault| json!({ "line": fault.line, "reason": fault.reason }))
        .collect()
}

fn mapping_table(mapping: &[(String, String)]) -> Table {
    let mut table = Table::new(["becomes", "from"]);
    for (target, source) in mapping {
        table.row([target.clone(), source.clone()]);
    }
    table
}

fn mapping_document(mapping: &[(String, String)]) -> Value {
    mapping
        .iter()
        .map(|(target, source)| json!({ "target": target, "source": source }))
        .collect()
}

fn import(context: &mut Context<'_>, args: ImportArgs) -> Result<Reply, CliError> {
    let file = input::file_of(&args.file, context.caller)?;
    let request = ImportRequest {
        path: file.path.clone(),
        name: args.name,
        label: args.label,
        mapping: args.map,
        reason: args.reason.unwrap_or_default(),
    };
    let report = context.workbench.import_dataset(&context.actor, &request)?;
    Ok(import_reply(&args.file, &report))
}

fn import_reply(file: &Path, report: &ImportReport) -> Reply {
    let document = json!({
        "dataset": report.dataset.as_ref().map(dataset_document),
        "mapping": mapping_document(&report.mapping),
        "read": report.read,
        "fault_count": report.fault_count,
        "faults": faults_document(&report.faults),
    });
    let mut text = Plain::new();
    if report.read > 0 {
        text = text
            .table(&mapping_table(&report.mapping), "no column is mapped")
            .blank();
    }
    if let Some(dataset) = &report.dataset {
        text = text.line(format!(
            "{} has {}: {}",
            dataset.id,
            counted(dataset.example_count, "example"),
            dataset.changes.summary()
        ));
        return Reply::done(document, text);
    }
    text = faults_text(text, &report.faults, report.fault_count);
    let (faulty, file) = (report.fault_count, file.display());
    let what = match report.read {
        0 => format!("nothing was imported: {file} has no row that can be used"),
        good => format!(
            "nothing was imported: {faulty} of {} rows of {file} cannot be used",
            good + faulty
        ),
    };
    let hint = "correct these rows, or change the mapping with --map, and import again".to_owned();
    let failure = Some(Failure {
        exit: Exit::Usage,
        what,
        hint,
    });
    Reply {
        failure,
        ..Reply::done(document, text)
    }
}

fn list(datasets: &[DatasetVersion]) -> Reply {
    let mut table = Table::new(["dataset", "examples", "content", "by", "at", "why"]);
    for dataset in datasets {
        table.row([
            dataset.id.to_string(),
            dataset.example_count.to_string(),
            dataset.content_hash.short(),
            dataset.author.to_string(),
            dataset.created_at.to_string(),
            dataset.reason.to_string(),
        ]);
    }
    let text = Plain::new().table(
        &table,
        "no dataset yet: import one with pegbox dataset import FILE --name NAME",
    );
    Reply::done(
        json!({ "datasets": datasets.iter().map(dataset_document).collect::<Vec<_>>() }),
        text,
    )
}

/// A dataset version for machines, with counts in place of long lists of ids.
fn dataset_document(dataset: &DatasetVersion) -> Value {
    json!({
        "id": dataset.id,
        "content_hash": dataset.content_hash,
        "example_count": dataset.example_count,
        "parent": dataset.parent,
        "added": dataset.changes.added.len(),
        "changed": dataset.changes.changed.len(),
        "removed": dataset.changes.removed.len(),
        "excluded": dataset.changes.excluded.len(),
        "author": dataset.author,
        "reason": dataset.reason,
        "created_at": dataset.created_at,
    })
}

fn show(dataset: &DatasetVersion) -> Reply {
    let mut text = Plain::new().fields([
        ("dataset", dataset.id.to_string()),
        ("content", dataset.content_hash.to_string()),
        ("examples", dataset.example_count.to_string()),
        ("parent", or_none(dataset.parent.as_ref())),
        ("by", format!("{} at {}", dataset.author, dataset.created_at)),
        ("why", dataset.reason.to_string()),
    ]);
    text = changes_text(text.blank(), &dataset.changes);
    for exclusion in &dataset.exclusions {
        text = text.line(format!("left out {}: {}", exclusion.row.example, exclusion.reason));
    }
    Reply::done(json!(dataset), text)
}

fn changes_text(text: Plain, changes: &DatasetChanges) -> Plain {
    let kinds = [
        ("added", &changes.added),
        ("changed", &changes.changed),
        ("removed", &changes.removed),
        ("excluded", &changes.excluded),
    ];
    let mut text = text.line(changes.summary());
    for (kind, ids) in kinds.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        text = text.line(format!("{kind}: {}", ids_text(ids, IDS_SHOWN)));
    }
    text
}

fn rows(context: &Context<'_>, args: &RowsArgs) -> Result<Reply, CliError> {
    let id = context.workbench.resolve_dataset(&args.dataset)?;
    let window = context
        .workbench
        .dataset_rows(&id, &args.filter, args.from, args.limit)?;
    let mut table = Table::new(["row", "example", "input", "expected"]);
    let mut documents = Vec::new();
    for (place, example) in &window.rows {
        let [id, input, expected] = example_cells(example);
        table.row([place.to_string(), id, input, expected]);
        documents.push(json!({ "row": place, "example": example }));
    }
    let from = args.from;
    let shown = window.rows.len() as u64;
    let text = Plain::new()
        .table(&table, "no row")
        .blank()
        .line(format!("{shown} of {} rows of {id}, from {from} on", window.total));
    let document = json!({ "dataset": id, "total": window.total, "from": from, "rows": documents });
    Ok(Reply::done(document, text))
}

fn edit(context: &Context<'_>, dataset: &str, edit: ExampleEdit, args: ChangeArgs) -> Result<Reply, CliError> {
    let ChangeArgs { label, reason } = args;
    let dataset = context.workbench.resolve_dataset(dataset)?;
    let change = ExampleChange {
        dataset,
        label,
        edit,
        reason,
    };
    let changed = context.workbench.change_example(&context.actor, &change)?;
    let text = Plain::of(format!(
        "{} has {}",
        changed.id,
        counted(changed.example_count, "example")
    ));
    Ok(Reply::done(
        dataset_document(&changed),
        changes_text(text, &changed.changes),
    ))
}

/// Prints example by example, so that a dataset of any size goes through.
fn export(context: &mut Context<'_>, dataset: &str) -> Result<Reply, CliError> {
    let id: DatasetVersionId = context.workbench.resolve_dataset(dataset)?;
    let mut from = 0;
    loop {
        let window = context.workbench.dataset_rows(&id, "", from, ROWS_PER_READ)?;
        for (_, Example { content, .. }) in &window.rows {
            context.out.json_line(&json!(content))?;
        }
        from += ROWS_PER_READ as u64;
        if from >= window.total {
            return Ok(Reply::done(Value::Null, Plain::new()));
        }
    }
}
