//! The dialog before a promotion, for the two screens that offer it, and what they say after it.

use super::figures::{source_label, verdict_word};
use crate::domain::diff::LineKind;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::release::Release;
use crate::domain::review::ReviewState;
use crate::domain::time::Timestamp;
use crate::tui::command::CommandId;
use crate::tui::msg::Note;
use crate::tui::overlays::dialog::{Dialog, Fact};
use crate::workbench::ReviewDetail;

/// Why what a review asks for cannot be promoted now.
pub fn promotion_fault(detail: &ReviewDetail) -> Result<(), String> {
    let id = detail.review.id;
    match detail.state {
        ReviewState::Approved => Ok(()),
        ReviewState::Promoted => Err(format!("{id} led to a promotion already")),
        ReviewState::PartlyApproved => Err(match detail.approvals.as_ref().and_then(|check| check.fault.as_ref()) {
            Some(missing) => format!("{id} is not approved yet: {missing}"),
            None => format!("{id} is not approved yet"),
        }),
        other => Err(format!(
            "{id} is {}: only an approved review is promoted",
            other.as_str()
        )),
    }
}

/// The dialog: what will exist, what it replaces, who is affected, what it rests on, how to undo it.
pub fn promotion_dialog(detail: &ReviewDetail, now: Timestamp) -> Dialog {
    let (id, replaced) = &detail.promotion;
    let version = &detail.review.version;
    let environment = detail.review.environment.as_str();
    let facts = vec![
        Fact::new("makes", format!("{id} = {version}")),
        Fact::new("replaces", replaced_text(replaced.as_ref(), now)),
        Fact::new("affects", affected_text(detail.review.environment)),
        Fact::new("changes", change_text(detail)),
        Fact::new("rests on", evidence_text(detail)),
        Fact::new("undo", undo_text(detail)),
    ];
    Dialog::typed(
        CommandId::ReleasePromote,
        format!("Promote {version} to {environment}"),
        facts,
        format!("Promote {version}"),
        id.to_string(),
    )
}

/// What stands there now.
pub fn replaced_text(replaced: Option<&Promotion>, now: Timestamp) -> String {
    replaced.map_or("nothing: it is the first there".into(), |promotion| {
        format!(
            "{} = {}, there for {}",
            promotion.id,
            promotion.version,
            promotion.promoted_at.ago_text(now)
        )
    })
}

fn affected_text(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "all of production's requests, at once",
        _ => "this environment alone; production stays as it is",
    }
}

fn change_text(detail: &ReviewDetail) -> String {
    let Some(view) = &detail.diff else {
        return "everything: it is the first version there".into();
    };
    let lines = || {
        view.diff
            .messages
            .iter()
            .flat_map(|message| &message.lines)
            .chain(&view.diff.schema_lines)
    };
    let of = |kind| lines().filter(|line| line.kind == kind).count();
    format!(
        "{} settings, +{} -{} lines against {}",
        view.diff.settings.len(),
        of(LineKind::Added),
        of(LineKind::Removed),
        view.old
    )
}

/// The run with its gate, and the content that was reviewed.
pub fn evidence_text(detail: &ReviewDetail) -> String {
    let gate = detail.end.as_ref().and_then(|end| end.gate.as_ref());
    let source = source_label(detail.run.answers);
    let label = if source.is_empty() {
        String::new()
    } else {
        format!(", {source}")
    };
    format!(
        "{} gate {}{label}, {}, content {}",
        detail.run.id,
        verdict_word(gate.map(|gate| gate.verdict)),
        detail.review.id,
        detail.review.content_hash.short()
    )
}

fn undo_text(detail: &ReviewDetail) -> String {
    let (id, replaced) = &detail.promotion;
    match (detail.review.environment, replaced) {
        (Environment::Production, Some(_)) => format!("B on Releases, or pegbox release rollback {id}"),
        (Environment::Production, None) => "none: there is no release before it to go back to".into(),
        _ => "promote another version there".into(),
    }
}

/// What the status line says after a promotion.
pub fn promoted_note(promotion: &Promotion, release: Option<&Release>) -> Note {
    let undo = match release {
        Some(release) if release.rollback_target.is_some() => ". B on Releases rolls back",
        _ => "",
    };
    Note::info(format!("{} = {} is live{undo}", promotion.id, promotion.version))
}
