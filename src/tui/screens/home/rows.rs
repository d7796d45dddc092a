//! The rows of Home's lists: what identifies them, what they say, where they lead.

use super::Place;
use crate::domain::ids::{PromptName, RunId};
use crate::domain::progress::RunProgress;
use crate::domain::time::Timestamp;
use crate::tui::screens::figures::verdict_brief;
use crate::tui::widgets::listing::HasId;
use crate::workbench::{Need, PromptSummary};

/// Something that waits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NeedRow(pub(super) Need);

/// A run under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ActiveRow {
    pub(super) progress: RunProgress,
    pub(super) subject: String,
    pub(super) source: &'static str,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromptRow(pub(super) PromptSummary);

impl HasId for NeedRow {
    type Id = String;

    fn id(&self) -> String {
        match &self.0 {
            Need::Review { id, .. } | Need::Approved { id, .. } => id.to_string(),
            Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => run.to_string(),
            Need::StaleRelease { release, .. } => release.to_string(),
            Need::Untested { version, .. } => version.to_string(),
            Need::Draft { prompt, .. } => prompt.to_string(),
        }
    }
}

impl HasId for ActiveRow {
    type Id = RunId;

    fn id(&self) -> RunId {
        self.progress.run
    }
}

impl HasId for PromptRow {
    type Id = PromptName;

    fn id(&self) -> PromptName {
        self.0.prompt.name.clone()
    }
}

/// What kind of need it is, in a word. A new kind of need gets its words in these functions, its id above and its place
/// below.
pub(super) fn kind_word(need: &Need) -> &'static str {
    match need {
        Need::Review { .. } => "REVIEW",
        Need::Approved { .. } => "PROMOTE",
        Need::StaleRelease { .. } => "STALE",
        Need::FailedGate { .. } => "GATE",
        Need::InterruptedRun { .. } => "STOPPED",
        Need::Untested { .. } => "UNTESTED",
        Need::Draft { .. } => "DRAFT",
    }
}

/// What a need is about.
pub(super) fn subject(need: &Need) -> String {
    match need {
        Need::Review { version, .. }
        | Need::Approved { version, .. }
        | Need::FailedGate { version, .. }
        | Need::StaleRelease { version, .. }
        | Need::Untested { version, .. } => version.to_string(),
        Need::InterruptedRun { subject, .. } => subject.clone(),
        Need::Draft { prompt, .. } => prompt.to_string(),
    }
}

/// Since when, where that is known.
pub(super) fn since(need: &Need) -> Option<Timestamp> {
    match need {
        Need::Review { at, .. } | Need::Untested { at, .. } | Need::Draft { saved_at: at, .. } => Some(*at),
        Need::Approved { .. } | Need::StaleRelease { .. } | Need::FailedGate { .. } | Need::InterruptedRun { .. } => {
            None
        }
    }
}

/// The fact that decides, short enough for a row.
pub(super) fn fact(need: &Need) -> String {
    match need {
        Need::Review { by, verdict, .. } => format!("gate {}, {by}", verdict_brief(*verdict)),
        Need::Approved { id, stale: Some(_), .. } => format!("{id}, evidence is stale"),
        Need::Approved { id, environment, .. } => format!("for {}, {id}", environment.as_str()),
        Need::StaleRelease { release, .. } => format!("live as {release}"),
        Need::FailedGate { run, verdict, .. } => format!("{} {run}", verdict_brief(Some(*verdict))),
        Need::InterruptedRun { run, saved, total, .. } => format!("{saved} of {total} saved, {run}"),
        Need::Untested { by, .. } => format!("no run yet, {by}"),
        Need::Draft { .. } => "no version yet".into(),
    }
}

/// What a row has no room for, and what Enter does.
pub(super) fn rest(need: &Need) -> String {
    match need {
        Need::Review {
            id, environment, at, ..
        } => {
            format!("{id} for {}, asked at {at}. Enter opens it.", environment.as_str())
        }
        Need::Approved {
            overtaken_by: Some(live),
            ..
        } => format!("{live} went live there since it was approved: ask for a new review. Enter opens this one."),
        Need::Approved { stale: Some(why), .. } => {
            format!("Its evidence is stale: {why}. A new run and a new review are needed.")
        }
        Need::StaleRelease { why, .. } => {
            format!("It is live on stale evidence: {why}. A new run says what it does now.")
        }
        Need::Approved { .. } => "Approved and not promoted yet. Enter opens the review, P promotes there.".into(),
        Need::FailedGate { run, reason, .. } => format!("{reason}. Enter opens the failures of {run}."),
        Need::InterruptedRun { .. } => "Nobody works on it. Enter opens the run, where it can be resumed.".into(),
        Need::Untested { .. } => "r runs it, Enter opens its prompt.".into(),
        Need::Draft { saved_at, .. } => format!("Saved at {saved_at}. Enter opens the editor."),
    }
}

/// Where a need is dealt with.
pub(super) fn place_of(need: &Need) -> Place {
    match need {
        Need::Review { id, .. } | Need::Approved { id, .. } => Place::Review(*id),
        Need::StaleRelease { version, .. } => Place::ReleaseHistory(version.prompt.clone()),
        Need::FailedGate { run, .. } => Place::Failures(*run),
        Need::InterruptedRun { run, .. } => Place::Run(*run),
        Need::Untested { version, .. } => Place::Editor(version.prompt.clone()),
        Need::Draft { prompt, .. } => Place::Editor(prompt.clone()),
    }
}
