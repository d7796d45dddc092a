//! `pegbox review`: asking for a release, and deciding about it.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::compare::{comparison_document, comparison_text};
use super::diff::{diff_document, diff_text};
use super::evidence::{gate_text, results_table};
use super::run::{answers_text, gate_cell};
use super::sign::{self, Next, SignArgs};
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply, Table, or_none};
use crate::domain::decision::{Decision, OtherCause};
use crate::domain::ids::{DecisionId, ReviewId, RunId, VersionId};
use crate::domain::promotion::Environment;
use crate::workbench::{Deed, Judgement, ReviewDetail, ReviewSummary};

/// What to do with reviews.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Ask whether a version may enter staging or production
    Request {
        /// The version, such as `support_triage_v13`
        version: VersionId,
        /// staging or production
        #[arg(long, value_name = "ENVIRONMENT")]
        to: Environment,
        /// The run that it rests on; the version's newest finished run where not given
        #[arg(long)]
        run: Option<RunId>,
        /// What the reviewers should know
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List the reviews, newest first
    List,
    /// Show a review: the change, the evidence, what stands in the way
    Show {
        /// The review
        review: ReviewId,
    },
    /// Say that it may be promoted
    Approve(DecisionArgs),
    /// Say that it may not
    Reject {
        #[command(flatten)]
        decision: DecisionArgs,
        /// The prompt is not the problem, this is: retrieval, policy, `fine_tuning`, `instruction_tuning`, tools, model
        /// or evaluation
        #[arg(long)]
        cause: Option<OtherCause>,
    },
    /// Say that it has to wait
    Pause(DecisionArgs),
    /// List the decisions that mention every word, newest first
    Decisions {
        /// Words to look for
        words: Vec<String>,
    },
}

/// What every decision takes.
#[derive(Debug, Args)]
pub struct DecisionArgs {
    /// The review
    review: ReviewId,
    /// What decided it: the metric, the failure, the request
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    sign: SignArgs,
}

/// Carries the command out.
pub fn carry_out(command: ReviewCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        ReviewCommand::Request {
            version,
            to,
            run,
            reason,
        } => {
            let review = context
                .workbench
                .request_review(&context.actor, &version, to, run, &reason)?;
            let text = Plain::of(format!(
                "{} asks for {version} in {}, resting on {}",
                review.id,
                to.as_str(),
                review.run
            ));
            Ok(Reply::done(json!(review), text))
        }
        ReviewCommand::List => Ok(list(&context.workbench.reviews()?)),
        ReviewCommand::Show { review } => {
            let detail = context.workbench.review_detail(&context.actor, review)?;
            Ok(Reply::done(detail_document(&detail), detail_text(&detail)))
        }
        ReviewCommand::Approve(args) => decide(context, &args, Judgement::Approve),
        ReviewCommand::Reject { decision, cause } => decide(
            context,
            &decision,
            cause.map_or(Judgement::Reject, Judgement::NotAPromptProblem),
        ),
        ReviewCommand::Pause(args) => decide(context, &args, Judgement::Pause),
        ReviewCommand::Decisions { words } => {
            let decisions = context.workbench.decisions(&words.join(" "))?;
            let signed_by = context.workbench.signing_keys(&decisions)?;
            let text = Plain::new().table(&decisions_table(&decisions, &signed_by), "no such decision");
            Ok(Reply::done(
                json!({ "decisions": decisions, "signed_by": signed_by }),
                text,
            ))
        }
    }
}

fn decide(context: &mut Context<'_>, args: &DecisionArgs, judgement: Judgement) -> Result<Reply, CliError> {
    let DecisionArgs { review, reason, sign } = args;
    let signed = match sign::sign(sign, &Deed::Decide(*review, judgement), reason, context)? {
        Next::Printed(reply) => return Ok(reply),
        Next::Do(signed) => signed,
    };
    let decision = context
        .workbench
        .decide_signed(&context.actor, *review, judgement, reason, signed.as_ref())?;
    let detail = context.workbench.review_detail(&context.actor, *review)?;
    let missing = detail.approvals.and_then(|check| check.fault);
    let text = Plain::of(format!(
        "{}: {review} is {} by {}{}",
        decision.id,
        decision.kind,
        decision.actor,
        sign::told(signed.as_ref())
    ));
    let text = match (judgement, missing) {
        (Judgement::Approve, Some(missing)) => text.line(missing),
        (Judgement::Approve, None) => text.line(format!(
            "promote it with pegbox release promote {} --to ENVIRONMENT --reason WHY",
            decision.version.prompt
        )),
        _ => text,
    };
    let mut document = json!(decision);
    document["signed_by"] = json!(
        context
            .workbench
            .signing_keys(std::slice::from_ref(&decision))?
            .get(&decision.id)
    );
    Ok(Reply::done(document, text))
}

fn list(reviews: &[ReviewSummary]) -> Reply {
    let mut table = Table::new(["review", "version", "to", "state", "gate", "run", "by", "at", "note"]);
    let mut documents = Vec::new();
    for summary in reviews {
        let review = &summary.review;
        table.row([
            review.id.to_string(),
            review.version.to_string(),
            review.environment.as_str().to_owned(),
            summary.state.as_str().to_owned(),
            gate_cell(summary.verdict, &summary.caveats),
            review.run.to_string(),
            review.requested_by.to_string(),
            review.requested_at.to_string(),
            review.note.clone(),
        ]);
        documents.push(json!({
            "review": review,
            "state": summary.state,
            "verdict": summary.verdict.map(|labelled| labelled.verdict),
            "answers": summary.verdict.map(|labelled| labelled.answers),
            "caveats": summary.caveats,
        }));
    }
    let text = Plain::new().table(&table, "no review yet: ask for one with pegbox review request VERSION");
    Reply::done(json!({ "reviews": documents }), text)
}

/// Decisions as rows; `signed_by` has the fingerprints of the keys that signed some of them.
pub fn decisions_table(decisions: &[Decision], signed_by: &BTreeMap<DecisionId, String>) -> Table {
    let mut table = Table::new([
        "decision",
        "what",
        "version",
        "review",
        "run",
        "by",
        "at",
        "signed by",
        "why",
    ]);
    for decision in decisions {
        table.row([
            decision.id.to_string(),
            decision.kind.to_string(),
            decision.version.to_string(),
            or_none(decision.review),
            or_none(decision.run),
            decision.actor.to_string(),
            decision.decided_at.to_string(),
            or_none(signed_by.get(&decision.id)),
            decision.reason.to_string(),
        ]);
    }
    table
}

fn detail_document(detail: &ReviewDetail) -> Value {
    let (promotion, replaces) = &detail.promotion;
    json!({
        "review": detail.review,
        "state": detail.state,
        "decisions": detail.decisions,
        "signed_by": detail.signed_by,
        "version": detail.version,
        "run": detail.run,
        "end": detail.end,
        "caveats": detail.caveats,
        "diff": detail.diff.as_ref().map(diff_document),
        "comparison": detail.comparison.as_ref().map(comparison_document),
        "checks": detail.checks,
        "approvals": detail.approvals,
        "promotion": promotion,
        "replaces": replaces.as_ref().map(|promotion| &promotion.id),
    })
}

fn detail_text(detail: &ReviewDetail) -> Plain {
    let review = &detail.review;
    let (promotion, replaces) = &detail.promotion;
    let replaced = replaces
        .as_ref()
        .map(|replaced| format!("{} ({})", replaced.id, replaced.version));
    let mut text = Plain::new()
        .fields([
            ("review", review.id.to_string()),
            ("state", detail.state.as_str().to_owned()),
            (
                "version",
                format!("{} (content {})", review.version, review.content_hash.short()),
            ),
            ("to", format!("{}, as {promotion}", review.environment.as_str())),
            ("replaces", or_none(replaced)),
            ("by", format!("{} at {}", review.requested_by, review.requested_at)),
            ("note", review.note.clone()),
            (
                "why made",
                format!("{}: {}", detail.version.reason.kind, detail.version.reason.text),
            ),
        ])
        .blank();
    for check in detail.checks.iter().chain(&detail.approvals) {
        text = match &check.fault {
            None => text.line(format!("[ok] {}", check.title)),
            Some(fault) => text.line(format!("[no] {}: {fault}", check.title)),
        };
    }
    let run = &detail.run;
    text = text.blank().line(format!(
        "{} on {} ({}) with {}: {}",
        run.id,
        run.dataset,
        run.extent_text(),
        run.suite,
        answers_text(run.answers)
    ));
    for sentence in detail.caveats.sentences() {
        text = text.line(format!("careful: {sentence}"));
    }
    if let Some(end) = &detail.end {
        text = text.table(&results_table(&end.results, &detail.units), "nothing was measured");
        text = gate_text(text, end.gate.as_ref(), &detail.units);
    }
    if let Some(comparison) = &detail.comparison {
        text = comparison_text(text.blank(), comparison);
    }
    if let Some(diff) = &detail.diff {
        text = diff_text(text.blank(), diff);
    }
    if !detail.decisions.is_empty() {
        text = text
            .blank()
            .table(&decisions_table(&detail.decisions, &detail.signed_by), "");
    }
    text
}
