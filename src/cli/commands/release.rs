//! `pegbox release`: promotions, releases and the way back.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use super::review::decisions_table;
use super::sign::{self, Next, SignArgs};
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::domain::alias::Stale;
use crate::domain::ids::{PromotionId, PromptName};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::release::{Release, ReleaseKind};
use crate::workbench::{Deed, Leaving};

/// What to do with releases.
#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Put what a review approved into its environment
    Promote {
        /// The prompt
        prompt: PromptName,
        /// staging or production
        #[arg(long, value_name = "ENVIRONMENT")]
        to: Environment,
        /// Why now
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// List what is where, or everything that was promoted of one prompt
    List {
        /// The prompt
        prompt: Option<PromptName>,
    },
    /// Show a release, or a promotion to staging
    Show {
        /// Such as `support_triage_prod_v9`
        id: PromotionId,
    },
    /// Go back to the release before; takes effect at once
    Rollback {
        /// The release that must still be live, such as `support_triage_prod_v9`; or a prompt, for whatever is live
        prompt_or_release: String,
        /// What went wrong
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        sign: SignArgs,
    },
}

/// Carries the command out.
pub fn carry_out(command: ReleaseCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        ReleaseCommand::Promote {
            prompt,
            to,
            reason,
            sign,
        } => promote(context, &prompt, to, &reason, &sign),
        ReleaseCommand::List { prompt: None } => environments(context),
        ReleaseCommand::List { prompt: Some(prompt) } => list(context, &prompt),
        ReleaseCommand::Show { id } if id.environment == Environment::Production => {
            let release = context.workbench.release(&id)?;
            let (table, signed_by) = decisions_behind(context, &release.promotion)?;
            let stale = context.workbench.stale_evidence(release.promotion.run)?;
            let mut document = json!(release);
            document["signed_by"] = signed_by;
            document["stale"] = json!(stale);
            let text = stale_lines(release_text(&release), &stale);
            Ok(Reply::done(document, text.blank().table(&table, "")))
        }
        ReleaseCommand::Show { id } => {
            let promotion = context.workbench.promotion(&id)?;
            let (table, signed_by) = decisions_behind(context, &promotion)?;
            let mut document = json!(promotion);
            document["signed_by"] = signed_by;
            let text = Plain::new().fields(promotion_fields(&promotion));
            Ok(Reply::done(document, text.blank().table(&table, "")))
        }
        ReleaseCommand::Rollback {
            prompt_or_release,
            reason,
            sign,
        } => roll_back(context, &prompt_or_release, &reason, &sign),
    }
}

/// The decisions behind a promotion as a table, and the keys that signed some of them.
fn decisions_behind(context: &Context<'_>, promotion: &Promotion) -> Result<(Table, Value), CliError> {
    let decisions = context.workbench.decisions_behind(promotion)?;
    let signed_by = context.workbench.signing_keys(&decisions)?;
    Ok((decisions_table(&decisions, &signed_by), json!(signed_by)))
}

fn promote(
    context: &mut Context<'_>,
    prompt: &PromptName,
    environment: Environment,
    reason: &str,
    sign: &SignArgs,
) -> Result<Reply, CliError> {
    let review = context.workbench.approved_review(prompt, environment)?;
    let signed = match sign::sign(sign, &Deed::Promote(review), reason, context)? {
        Next::Printed(reply) => return Ok(reply),
        Next::Do(signed) => signed,
    };
    let promoted = context
        .workbench
        .promote_signed(&context.actor, review, reason, signed.as_ref())?;
    let promotion = promoted.promotion().clone();
    let told = sign::told(signed.as_ref());
    let mut text = Plain::of(format!("{} is live with {}{told}", promotion.id, promotion.version));
    let release = promoted.into_release();
    if let Some(target) = release.as_ref().and_then(|release| release.rollback_target.as_ref()) {
        text = text.line(format!(
            "back to {} ({}) with: {}",
            target.release, target.version, target.command
        ));
    }
    Ok(Reply::done(json!({ "promotion": promotion, "release": release }), text))
}

fn environments(context: &Context<'_>) -> Result<Reply, CliError> {
    let mut table = Table::new([
        "prompt",
        "production",
        "version",
        "since",
        "staging",
        "version",
        "approved",
        "evidence",
    ]);
    let mut documents = Vec::new();
    for row in context.workbench.environments()? {
        let live = row.production.as_ref().map(|release| &release.promotion);
        let staging = row.staging.as_ref();
        let approved = row
            .approved
            .map(|(review, environment)| format!("{review} for {}", environment.as_str()));
        table.row([
            row.prompt.to_string(),
            or_none(live.map(|promotion| &promotion.id)),
            or_none(live.map(|promotion| &promotion.version)),
            or_none(live.map(|promotion| promotion.promoted_at)),
            or_none(staging.map(|promotion| &promotion.id)),
            or_none(staging.map(|promotion| &promotion.version)),
            or_none(approved),
            or_none((!row.stale.is_empty()).then_some("stale")),
        ]);
        documents.push(json!({
            "prompt": row.prompt,
            "production": row.production,
            "staging": row.staging,
            "stale": row.stale,
            "approved": row.approved.map(|(review, to)| json!({ "review": review, "environment": to })),
        }));
    }
    let text = Plain::new().table(&table, "no prompt yet: make one with pegbox prompt new NAME");
    Ok(Reply::done(json!({ "environments": documents }), text))
}

fn list(context: &Context<'_>, prompt: &PromptName) -> Result<Reply, CliError> {
    let releases = context.workbench.releases(prompt)?;
    let staging = context.workbench.promotions(prompt, Environment::Staging)?;
    let mut table = Table::new(["id", "version", "replaces", "review", "run", "by", "at", "kind", "why"]);
    for release in &releases {
        table.row(promotion_row(&release.promotion, kind_text(&release.kind)));
    }
    for promotion in &staging {
        table.row(promotion_row(promotion, NO_VALUE.to_owned()));
    }
    let or_else = format!("nothing of {prompt} was promoted yet");
    let stale = match releases.first() {
        Some(live) => context.workbench.stale_evidence(live.promotion.run)?,
        None => Vec::new(),
    };
    let document = json!({ "prompt": prompt, "releases": releases, "staging": staging, "stale": stale });
    let text = stale_lines(Plain::new().table(&table, &or_else), &stale);
    Ok(Reply::done(document, text))
}

/// Says that the models behind a release's run are not what they were.
fn stale_lines(text: Plain, stale: &[Stale]) -> Plain {
    stale.iter().fold(text, |text, stale| {
        text.line(format!("careful: the evidence of what is live is stale: {stale}"))
    })
}

fn promotion_row(promotion: &Promotion, kind: String) -> [String; 9] {
    [
        promotion.id.to_string(),
        promotion.version.to_string(),
        or_none(promotion.replaces.as_ref()),
        promotion.review.to_string(),
        promotion.run.to_string(),
        promotion.promoted_by.to_string(),
        promotion.promoted_at.to_string(),
        kind,
        promotion.reason.to_string(),
    ]
}

fn kind_text(kind: &ReleaseKind) -> String {
    match kind {
        ReleaseKind::Forward => "forward".into(),
        ReleaseKind::Rollback { from, to } => format!("back from {from} to {to}"),
    }
}

fn promotion_fields(promotion: &Promotion) -> [(&'static str, String); 6] {
    [
        ("id", promotion.id.to_string()),
        (
            "version",
            format!("{} (content {})", promotion.version, promotion.content_hash.short()),
        ),
        ("replaces", or_none(promotion.replaces.as_ref())),
        (
            "approved",
            format!("{} in {} on {}", promotion.approved_by, promotion.review, promotion.run),
        ),
        ("by", format!("{} at {}", promotion.promoted_by, promotion.promoted_at)),
        ("why", promotion.reason.to_string()),
    ]
}

fn release_text(release: &Release) -> Plain {
    let guards = release
        .guards
        .iter()
        .map(|guard| format!("{} {} {}", guard.metric, guard.comparison.sign(), guard.limit));
    let guards: Vec<String> = guards.collect();
    let rollout: Vec<String> = release
        .rollout_percent
        .iter()
        .map(|percent| format!("{percent} %"))
        .collect();
    let target = release.rollback_target.as_ref();
    let bundle = |bundle: &crate::domain::release::ModelBundle| {
        format!(
            "{} with {} {}",
            bundle.version, bundle.model.provider, bundle.model.name
        )
    };
    let further = [
        ("kind", kind_text(&release.kind)),
        ("answers", bundle(&release.bundle)),
        ("before", or_none(release.replaced_bundle.as_ref().map(bundle))),
        (
            "guards",
            if guards.is_empty() {
                NO_VALUE.to_owned()
            } else {
                guards.join(", ")
            },
        ),
        ("rollout", rollout.join(", ")),
        (
            "back to",
            or_none(target.map(|target| format!("{} ({})", target.release, target.version))),
        ),
        ("with", or_none(target.map(|target| &target.command))),
    ];
    Plain::new().fields(promotion_fields(&release.promotion).into_iter().chain(further))
}

fn roll_back(
    context: &mut Context<'_>,
    prompt_or_release: &str,
    reason: &str,
    sign: &SignArgs,
) -> Result<Reply, CliError> {
    let leaving = match prompt_or_release.parse::<PromotionId>() {
        Ok(id) if id.environment == Environment::Production => Leaving::Release(id),
        Ok(id) => {
            return Err(CliError::invalid(
                format!("{id} is not a release"),
                format!("name one as {}_prod_v9, or the prompt for whatever is live", id.prompt),
            ));
        }
        Err(_) => Leaving::Live(PromptName::new(prompt_or_release)?),
    };
    let signed = match sign::sign(sign, &Deed::RollBack(leaving.clone()), reason, context)? {
        Next::Printed(reply) => return Ok(reply),
        Next::Do(signed) => signed,
    };
    let release = context
        .workbench
        .roll_back_signed(&context.actor, &leaving, reason, signed.as_ref())?;
    let text = Plain::of(format!(
        "{} is live with {}{}",
        release.promotion.id,
        release.promotion.version,
        sign::told(signed.as_ref())
    ))
    .line(kind_text(&release.kind));
    Ok(Reply::done(
        json!({ "promotion": release.promotion, "release": release }),
        text,
    ))
}
