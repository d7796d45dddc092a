//! `pegbox ablate`: which hunk of a diff did it.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::study::{Spent, StudyArgs, announce, work};
use crate::cli::exit::{CliError, Failure};
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::diff::Hunk;
use crate::domain::ids::VersionId;
use crate::workbench::{
    Ablation, AblationExtent, AblationPlan, AblationRun, Candidate, Effect, HunkEffect, PairEffect, Stored, Study,
    p_text,
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
    /// Also run pairs of hunks, of the six with the largest effects, to see which act together
    #[arg(long)]
    pairs: bool,
    #[command(flatten)]
    study: StudyArgs,
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
    let mut reply = Reply::done(ablation_document(&ablation), ablation_text(&ablation));
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

/// The diff, with what each hunk does beside it.
fn ablation_text(ablation: &Ablation) -> Plain {
    let mut text = Plain::of(format!(
        "{} from {} to {}: {}",
        ablation.measured,
        ablation.base,
        ablation.candidate,
        ablation.whole.as_ref().map_or_else(|| "not run".into(), effect_text)
    ));
    for (at, (hunk, effect)) in ablation.hunks.iter().enumerate() {
        let mark = if effect.is_flagged() { " !" } else { "" };
        text = text.blank().line(format!("hunk {}{mark}: {}", at + 1, hunk.place()));
        for line in hunk.lines() {
            text = text.line(line);
        }
        text = text.line(format!(
            "    alone     {}",
            holm_text(effect.alone.as_ref(), effect.p_holm)
        ));
        if let Some(left_out) = &effect.left_out {
            let without = holm_text(Some(left_out), effect.left_out_p_holm);
            text = text.line(format!("    adds last {without}"));
        }
    }
    text = text.blank().line(format!(
        "! beyond what chance explains over all {} hunks (p by Holm below 0.05)",
        ablation.hunks.len()
    ));
    if ablation.pairs.is_empty() {
        return text;
    }
    let mut table = Table::new(["pair", "together", "beyond the sum", "95 % interval", "p"]);
    for pair in &ablation.pairs {
        table.row(pair_cells(pair));
    }
    text.blank().table(&table, "no pair")
}

fn effect_text(effect: &Effect) -> String {
    format!(
        "{:.3} to {:.3}, {} points (95 % {}, p {})",
        effect.base,
        effect.candidate,
        effect.points_text(),
        effect.interval_text(),
        effect.p_text()
    )
}

fn holm_text(effect: Option<&Effect>, p_holm: Option<f64>) -> String {
    match effect {
        Some(effect) => format!(
            "{:>6} points (95 % {}, p {}, by Holm {})",
            effect.points_text(),
            effect.interval_text(),
            effect.p_text(),
            p_text(p_holm)
        ),
        None => "not run, or the metric cannot be paired".into(),
    }
}

fn pair_cells(pair: &PairEffect) -> [String; 5] {
    let points = |share: f64| format!("{:+.1}", share * 100.0);
    let none = || NO_VALUE.to_owned();
    let interaction = pair.interaction;
    [
        format!("{} and {}", pair.one + 1, pair.other + 1),
        pair.together.map_or_else(none, |effect| effect.points_text()),
        interaction.map_or_else(none, |found| points(found.beyond)),
        interaction
            .and_then(|found| found.interval)
            .map_or_else(none, |(low, high)| format!("{} to {}", points(low), points(high))),
        p_text(interaction.and_then(|found| found.p)),
    ]
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
        })
    };
    json!({
        "base": ablation.base,
        "candidate": ablation.candidate,
        "measured": ablation.measured,
        "whole": ablation.whole,
        "hunks": ablation.hunks.iter().enumerate().map(hunk).collect::<Vec<_>>(),
        "pairs": ablation.pairs.iter().map(pair).collect::<Vec<_>>(),
    })
}
