//! What a release is, rests on and goes back to, as text.

use crate::domain::diff;
use crate::domain::model::ModelConfig;
use crate::domain::promotion::Promotion;
use crate::domain::prompt::PromptContent;
use crate::domain::release::{ModelBundle, Release, ReleaseKind};
use crate::domain::time::Timestamp;
use crate::text::{Printable, pad};
use crate::workbench::PromptRef;

use super::Place;

/// Columns of the words before facts.
const LABEL_COLUMNS: usize = 10;

/// Facts line by line, each after its word; further lines of one word have none.
#[derive(Debug, Default)]
struct Facts(String);

impl Facts {
    fn push(&mut self, label: &str, text: impl AsRef<str>) {
        let text = Printable::line(text.as_ref());
        self.0.push_str(&pad(label, LABEL_COLUMNS));
        self.0.push_str(text.as_str());
        self.0.push('\n');
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}

/// A release in a title: what it is, and what it took the place of.
pub fn release_title(release: &Release) -> String {
    let promotion = &release.promotion;
    let replaced = match (&promotion.replaces, &release.replaced_bundle) {
        (Some(id), Some(bundle)) => format!(
            "  replaces {}_v{} = v{}",
            id.environment.short(),
            id.number,
            bundle.version.number
        ),
        _ => "  the first".into(),
    };
    format!("{} = v{}{replaced}", promotion.id, promotion.version.number)
}

/// All of a release, the most useful first.
pub fn release_text(release: &Release, now: Timestamp) -> Printable {
    let mut facts = Facts::default();
    push_promotion(&mut facts, &release.promotion, now);
    if let ReleaseKind::Rollback { from, to } = &release.kind {
        facts.push("went back", format!("from {from} to {to}"));
    }
    match &release.rollback_target {
        Some(target) => {
            facts.push("roll back", format!("to {} = {}", target.release, target.version));
            facts.push("", &target.command);
        }
        None => facts.push("roll back", "none: there is no release before it"),
    }
    facts.gap();
    push_bundle(&mut facts, &release.bundle, release.replaced_bundle.as_ref());
    facts.gap();
    facts.push("rollout", rollout_text(&release.rollout_percent));
    let mut label = "guards";
    for guard in &release.guards {
        let limit = format!("{} {} {}", guard.metric, guard.comparison.sign(), guard.limit);
        facts.push(label, limit);
        label = "";
    }
    if release.guards.is_empty() {
        facts.push(label, "none");
    }
    Printable::block(&facts.0)
}

/// All of a promotion outside production.
pub fn promotion_text(promotion: &Promotion, now: Timestamp) -> Printable {
    let mut facts = Facts::default();
    push_promotion(&mut facts, promotion, now);
    let replaces = promotion.replaces.as_ref().map(ToString::to_string);
    facts.push("replaces", replaces.unwrap_or("nothing: it is the first there".into()));
    Printable::block(&facts.0)
}

fn push_promotion(facts: &mut Facts, promotion: &Promotion, now: Timestamp) {
    facts.push(
        "rests on",
        format!(
            "{}, {}, {}, content {}",
            promotion.run,
            promotion.review,
            promotion.approved_by,
            promotion.content_hash.short()
        ),
    );
    facts.push(
        "promoted",
        format!(
            "by {}, {} ago, {}",
            promotion.promoted_by,
            promotion.promoted_at.ago_text(now),
            promotion.promoted_at
        ),
    );
    facts.push("because", promotion.reason.as_str());
}

fn push_bundle(facts: &mut Facts, bundle: &ModelBundle, replaced: Option<&ModelBundle>) {
    let model = &bundle.model;
    facts.push(
        "bundle",
        format!("{} = {} {}", bundle.version, model.provider, model.name),
    );
    let Some(replaced) = replaced else {
        return;
    };
    let changes = setting_changes(&replaced.model, model);
    if changes.is_empty() {
        let same = if replaced.content_hash == bundle.content_hash {
            "nothing: the content is the same"
        } else {
            "the prompt alone: the settings are the same"
        };
        facts.push("changed", same);
    }
    let mut label = "changed";
    for change in changes {
        facts.push(label, change);
        label = "";
    }
}

/// The settings that differ, as `model.temperature: 0.7 -> 0.2`.
fn setting_changes(old: &ModelConfig, new: &ModelConfig) -> Vec<String> {
    let alone = |model: &ModelConfig| PromptContent {
        messages: Vec::new(),
        variables: Vec::new(),
        model: model.clone(),
    };
    let diff = diff::diff(&alone(old), &alone(new));
    let value = |value: Option<String>| value.unwrap_or("(not set)".into());
    let settings = diff.settings.into_iter();
    settings
        .map(|change| format!("{}: {} -> {}", change.name, value(change.old), value(change.new)))
        .collect()
}

fn rollout_text(shares: &[u8]) -> String {
    let steps: Vec<String> = shares.iter().map(|share| format!("{share}%")).collect();
    format!("{} of production's requests", steps.join(", then "))
}

/// The word for forward or back in a list.
pub fn kind_word(kind: &ReleaseKind) -> &'static str {
    match kind {
        ReleaseKind::Forward => "forward",
        ReleaseKind::Rollback { .. } => "rollback",
    }
}

/// The version that a release replaced beside its own, where there was one.
pub fn diff_place(release: &Release) -> Option<Place> {
    let replaced = release.replaced_bundle.as_ref()?;
    Some(Place::Diff {
        old: PromptRef::Version(replaced.version.clone()),
        new: PromptRef::Version(release.bundle.version.clone()),
    })
}
