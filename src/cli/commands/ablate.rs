//! `pegbox ablate`: which hunk of a diff did it.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::study::{Spent, StudyArgs, announce, work};
use crate::cli::exit::{CliError, Failure};
use crate::cli::output::{Plain, Reply};
use crate::domain::diff::Hunk;
use crate::domain::ids::VersionId;
use crate::workbench::{
    Ablation, AblationExtent, AblationPlan, AblationRun, Candidate, HunkEffect, PairEffect, Stored, Study,
};

/// Two versions. Each hunk of the diff between them is run alone on the first; stored runs are used again.
#[derive(Debug, Args)]
pub struct AblateArgs {
    /// The version before
    base: VersionId,
    /// The version after
    candidate: VersionId,
    /// The metric; whether every grader passed, where not given
    #[arg(long)]
    metric: Option<String>,
    /// Also run the version after without each hunk
    #[arg(long)]
    leave_out: bool,
    /// Also run pairs of hunks, of the six that do most alone or added last, to see which act together
    #[arg(long)]
    pairs: bool,
    #[command(flatten)]
    pub study: StudyArgs,
}

/// Runs what is missing, and shows what each hunk does.
pub fn ablate(context: &mut Context<'_>, args: AblateArgs) -> Result<Reply, CliError> {
    let study = args.study.study(context)?;
    let plan = AblationPlan {
        base: args.base,
        candidate: args.candidate,
        metric: args.metric,
        extent: AblationExtent {
            leaves_out: args.leave_out,
            pairs: args.pairs,
        },
    };
    // A metric that is not there is found before anything is sent.
    context.workbench.ablation(&study, &plan)?;
    let runs = context.workbench.ablation_runs(&study, &plan)?;
    let mut spent = Spent::default();
    let failure = match run_all(context, &study, &runs, args.study.dry_run, &mut spent)? {
        Done::DryRun(reply) => return Ok(*reply),
        Done::Stopped(failure) => Some(failure),
        Done::Finished => {
            let pairs = context.workbench.ablation_pairs(&study, &plan)?;
            match run_all(context, &study, &pairs, false, &mut spent)? {
                Done::Stopped(failure) => Some(failure),
                Done::DryRun(_) | Done::Finished => None,
            }
        }
    };
    let ablation = context.workbench.ablation(&study, &plan)?;
    let mut reply = Reply::done(ablation_document(&ablation), Plain::new().block(&ablation.text()));
    if let Some(failure) = failure {
        (reply.exit, reply.failure) = (failure.exit, Some(failure));
    }
    Ok(reply)
}

enum Done {
    DryRun(Box<Reply>),
    Stopped(Failure),
    Finished,
}

fn run_all(
    context: &mut Context<'_>,
    study: &Study,
    runs: &[AblationRun],
    dry_run: bool,
    spent: &mut Spent,
) -> Result<Done, CliError> {
    if runs.is_empty() {
        return Ok(Done::Finished);
    }
    let runs: Vec<(Candidate, Stored)> = runs.iter().map(|run| (run.tested.clone(), run.stored)).collect();
    if let Some(reply) = announce(context, study, &runs, dry_run)? {
        return Ok(Done::DryRun(Box::new(reply)));
    }
    let (_, failure) = work(context, study, &runs, spent)?;
    Ok(failure.map_or(Done::Finished, Done::Stopped))
}

fn ablation_document(ablation: &Ablation) -> Value {
    let hunk = |(at, (hunk, effect)): (usize, &(Hunk, HunkEffect))| {
        json!({
            "number": at + 1,
            "place": hunk.place(),
            "lines": hunk.lines(),
            "effect": effect,
            "is_flagged": effect.is_flagged(),
        })
    };
    let pair = |pair: &PairEffect| {
        json!({
            "one": pair.one + 1,
            "other": pair.other + 1,
            "together": pair.together,
            "interaction": pair.interaction,
            "p_holm": pair.p_holm,
        })
    };
    json!({
        "base": ablation.base,
        "candidate": ablation.candidate,
        "measured": ablation.measured,
        "whole": ablation.whole,
        "hunks": ablation.hunks.iter().enumerate().map(hunk).collect::<Vec<_>>(),
        "pairs": ablation.pairs.iter().map(pair).collect::<Vec<_>>(),
        "unpaired": ablation.unpaired.iter().map(|at| at + 1).collect::<Vec<_>>(),
    })
}
