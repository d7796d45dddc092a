//! `pegbox run failures`: what failed, one by one or counted.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::Context;
use super::evidence::ids_text;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::domain::ids::{ExampleId, RunId};
use crate::workbench::{CaseRow, Listed, RunTriage};

/// Failures that are read at once for a count.
const ROWS_PER_READ: usize = 200;
/// Examples that a group shows as text.
const IDS_SHOWN: usize = 10;
/// The group of failures whose cause nobody knows, or that are in no slice.
const NO_GROUP: &str = "unknown";

/// Which outcomes of a run, and how.
#[derive(Debug, Args)]
pub struct FailuresArgs {
    /// The run
    run: RunId,
    /// Count by what found the failure, where its cause lies, or slice
    #[arg(long, visible_alias = "by", value_name = "GROUP")]
    group: Option<Grouping>,
    /// List other outcomes: those that passed, a sample to label, those with labels, or all
    #[arg(long, value_name = "WHICH", default_value = "failed")]
    list: Which,
    /// The most outcomes to list
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// How failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grouping {
    /// By grader, or kind of error
    Grader,
    /// By where the cause lies: prompt, retrieval, tool, model, parser, grader, label, provider
    Category,
    /// By slice, for each field that the suite names
    Slice,
}

/// Which outcomes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that failed
    Failed,
    /// Those that passed
    Passed,
    /// The same sample for everybody, passed or not
    Sample,
    /// Those that somebody labelled
    Labelled,
    /// All
    All,
}

impl Which {
    /// What is in the list.
    fn noun(self) -> &'static str {
        match self {
            Self::Failed => "failures",
            Self::Passed => "passed outcomes",
            Self::Sample => "sampled outcomes",
            Self::Labelled => "labelled outcomes",
            Self::All => "outcomes",
        }
    }

    fn listed(self) -> Listed {
        match self {
            Self::Failed => Listed::Failed,
            Self::Passed => Listed::Passed,
            Self::Sample => Listed::Sample,
            Self::Labelled => Listed::Labelled,
            Self::All => Listed::All,
        }
    }
}

/// Carries the command out.
pub fn carry_out(context: &Context<'_>, args: &FailuresArgs) -> Result<Reply, CliError> {
    match args.group {
        Some(grouping) => count(context, args, grouping),
        None => list(context, args),
    }
}

/// The outcomes in the order of the dataset.
fn list(context: &Context<'_>, args: &FailuresArgs) -> Result<Reply, CliError> {
    let run = args.run;
    let cases = context.workbench.cases(run, args.list.listed(), None, args.limit)?;
    let total = total(context, args)?;
    let mut table = Table::new(["row", "example", "base", "latency", "cause", "labels", "why"]);
    for case in &cases {
        table.row([
            case.place.index.to_string(),
            case.label(),
            before_text(case.passed_before).to_owned(),
            latency_text(case),
            or_none(case.cause.as_ref().map(|cause| cause.category.as_str())),
            labels_text(case),
            case.line.why.clone(),
        ]);
    }
    let more = if total > cases.len() as u64 {
        format!("; --limit {total} lists them all")
    } else {
        String::new()
    };
    let line = format!("{} of {total} {} of {run}{more}", cases.len(), args.list.noun());
    let text = Plain::new().table(&table, "nothing is in that list").blank().line(line);
    let documents: Vec<Value> = cases.iter().map(case_document).collect();
    Ok(Reply::done(
        json!({ "run": run, "list": args.list.noun(), "total": total, "failures": documents }),
        text,
    ))
}

/// How many outcomes the whole list has.
fn total(context: &Context<'_>, args: &FailuresArgs) -> Result<u64, CliError> {
    let totals = || Ok::<_, CliError>(context.workbench.progress(args.run)?.totals);
    Ok(match args.list {
        Which::Failed => totals().map(|totals| totals.failed + totals.errored)?,
        Which::Passed => totals()?.passed,
        Which::All => totals()?.saved,
        // These are short: as many as people label.
        Which::Sample | Which::Labelled => {
            let whole = context
                .workbench
                .cases(args.run, args.list.listed(), None, usize::MAX)?;
            whole.len() as u64
        }
    })
}

fn before_text(passed_before: Option<bool>) -> &'static str {
    match passed_before {
        Some(true) => "passed",
        Some(false) => "failed",
        None => NO_VALUE,
    }
}

/// How many people labelled it, and whether any goes against a grader.
fn labels_text(case: &CaseRow) -> String {
    let overrides = case.labels.iter().filter(|label| label.is_override).count();
    match (case.labels.len(), overrides) {
        (0, _) => NO_VALUE.to_owned(),
        (count, 0) => count.to_string(),
        (count, overrides) => format!("{count}, {overrides} against"),
    }
}

/// How long the answer took, where it was asked for.
fn latency_text(case: &CaseRow) -> String {
    match case.reused_from {
        Some(run) => format!("reused from {run}"),
        None => format!("{} ms", case.line.latency_ms),
    }
}

fn case_document(case: &CaseRow) -> Value {
    json!({
        "row": case.place.index,
        "repeat": case.place.repeat,
        "example": case.line.example,
        "failed": case.has_failed,
        "why": case.line.why,
        "latency_ms": case.line.latency_ms,
        "reused_from": case.reused_from,
        "passed_before": case.passed_before,
        "cause": case.cause,
        "slices": case.slices,
        "labels": case.labels,
    })
}

/// Every outcome of the list, counted by group; each group lists at most `limit` examples for machines.
fn count(context: &Context<'_>, args: &FailuresArgs, grouping: Grouping) -> Result<Reply, CliError> {
    let run = args.run;
    let mut groups: BTreeMap<String, Vec<ExampleId>> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = context.workbench.cases(run, args.list.listed(), after, ROWS_PER_READ)?;
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        for case in page {
            for group in groups_of(context, &case, args.run, grouping)? {
                groups.entry(group).or_default().push(case.line.example.clone());
            }
        }
    }
    let mut sorted: Vec<(String, Vec<ExampleId>)> = groups.into_iter().collect();
    sorted.sort_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then_with(|| a.cmp(b)));
    let mut table = Table::new(["group", "failures", "examples"]);
    let mut documents = Vec::new();
    for (group, examples) in &sorted {
        table.row([group.clone(), examples.len().to_string(), ids_text(examples, IDS_SHOWN)]);
        let listed: Vec<&ExampleId> = examples.iter().take(args.limit).collect();
        documents.push(json!({ "group": group, "count": examples.len(), "examples": listed }));
    }
    let mut text = Plain::new().table(&table, "nothing failed");
    let mut document = json!({ "run": run, "groups": documents });
    if grouping == Grouping::Category {
        let triage = context.workbench.run_triage(run)?;
        text = advice_text(text.blank(), run, &triage);
        document["triage"] = json!(triage);
        document["advice"] = json!(triage.advice());
    }
    Ok(Reply::done(document, text))
}

/// The groups that an outcome counts in: each grader that it failed, its one category, or each of its slices.
fn groups_of(context: &Context<'_>, case: &CaseRow, run: RunId, grouping: Grouping) -> Result<Vec<String>, CliError> {
    let named = |name: &str| vec![name.to_owned()];
    Ok(match grouping {
        Grouping::Category => named(case.cause.as_ref().map_or(NO_GROUP, |cause| cause.category.as_str())),
        Grouping::Slice if case.slices.is_empty() => named(NO_GROUP),
        Grouping::Slice => case.slices.clone(),
        Grouping::Grader => {
            let outcome = context.workbench.case(run, case.place)?.outcome;
            match &outcome.error {
                Some(error) => vec![format!("error: {}", error.kind.as_str())],
                None => outcome.failed_scores().map(|score| score.grader.clone()).collect(),
            }
        }
    })
}

/// Where the causes lie: `prompt 7, retrieval 3`.
pub fn causes_text(triage: &RunTriage) -> Option<String> {
    let named = triage
        .categories
        .iter()
        .map(|(category, count)| (category.as_str(), *count));
    let unknown = (NO_GROUP, triage.unknown);
    let counted = named.chain([unknown]).filter(|(_, count)| *count > 0);
    let counted: Vec<String> = counted.map(|(name, count)| format!("{name} {count}")).collect();
    let left_out = match triage.left_out {
        0 => String::new(),
        left_out => format!(" ({left_out} more failures are not counted)"),
    };
    (!counted.is_empty()).then(|| counted.join(", ") + &left_out)
}

/// That the prompt is not the problem, where that is so, with the command that records it.
pub fn advice_text(text: Plain, run: RunId, triage: &RunTriage) -> Plain {
    let (Some(cause), Some(advice), Some(reason)) = (triage.other_cause(), triage.advice(), triage.reason()) else {
        return text;
    };
    text.line(advice).line(format!(
        "record that with: pegbox run decide {run} --cause {} --reason \"{reason}\"",
        cause.as_str()
    ))
}
