//! The rows of Home's lists: what identifies them, what they say, where they lead.

use super::Place;
use crate::domain::ids::{PromptName, RunId, VersionId};
use crate::domain::progress::RunProgress;
use crate::domain::time::Timestamp;
use crate::tui::screens::figures::labelled_verdict;
use crate::tui::widgets::listing::HasId;
use crate::workbench::{Need, PromptSummary, RunSummary};

/// Something that waits, and the label of the results that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NeedRow {
    pub(super) need: Need,
    pub(super) source: &'static str,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ActiveRow {
    pub(super) progress: RunProgress,
    pub(super) subject: String,
    pub(super) source: &'static str,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromptRow {
    pub(super) summary: PromptSummary,
    pub(super) source: &'static str,
}

impl HasId for NeedRow {
    type Id = String;

    fn id(&self) -> String {
        match &self.need {
            Need::Review { id, .. } | Need::Approved { id, .. } => id.to_string(),
            Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => run.to_string(),
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
        self.summary.prompt.name.clone()
    }
}

/// What a need says in a row: its kind, what it is about, since when, and the fact that decides.
pub(super) struct NeedText {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) since: String,
    pub(super) fact: String,
    /// What a row has no room for.
    pub(super) rest: String,
}

/// A need in words. A new kind of need gets its words here, its id above and its place below.
pub(super) fn need_text(row: &NeedRow, now: Timestamp) -> NeedText {
    let gate = |verdict| labelled_verdict(verdict, row.source);
    let (kind, subject, since, fact, rest) = match &row.need {
        Need::Review {
            id,
            version,
            environment,
            by,
            at,
            verdict,
        } => (
            "REVIEW",
            version.to_string(),
            at.ago_text(now),
            format!("gate {}, {by}", gate(*verdict)),
            format!("{id} for {}, asked at {at}. Enter opens it.", environment.as_str()),
        ),
        Need::Approved {
            id,
            version,
            environment,
        } => (
            "PROMOTE",
            version.to_string(),
            String::new(),
            format!("for {}, {id}", environment.as_str()),
            "Approved and not promoted yet. Enter opens the review, P promotes there.".into(),
        ),
        Need::FailedGate {
            run,
            version,
            reason,
            verdict,
        } => (
            "GATE",
            version.to_string(),
            String::new(),
            format!("{} {run}", gate(Some(*verdict))),
            format!("{reason}. Enter opens the failures of {run}."),
        ),
        Need::InterruptedRun {
            run,
            subject,
            saved,
            total,
        } => (
            "STOPPED",
            subject.clone(),
            String::new(),
            format!("{saved} of {total} saved, {run}"),
            "Nobody works on it. Enter opens the run, where it can be resumed.".into(),
        ),
        Need::Untested { version, by, at } => (
            "UNTESTED",
            version.to_string(),
            at.ago_text(now),
            format!("no run yet, {by}"),
            "Enter opens its prompt, r runs it there.".into(),
        ),
        Need::Draft { prompt, saved_at } => (
            "DRAFT",
            prompt.to_string(),
            saved_at.ago_text(now),
            "no version yet".into(),
            format!("Saved at {saved_at}. Enter opens the editor."),
        ),
    };
    NeedText {
        kind,
        subject,
        since,
        fact,
        rest,
    }
}

/// Where a need is dealt with.
pub(super) fn place_of(need: &Need) -> Place {
    match need {
        Need::Review { id, .. } | Need::Approved { id, .. } => Place::Review(*id),
        Need::FailedGate { run, .. } => Place::Failures(*run),
        Need::InterruptedRun { run, .. } => Place::Run(*run),
        Need::Untested { version, .. } => Place::Editor(version.prompt.clone()),
        Need::Draft { prompt, .. } => Place::Editor(prompt.clone()),
    }
}

/// The run whose results a need shows: its own, or the newest of its version.
pub(super) fn run_of<'a>(need: &Need, recent: &'a [RunSummary]) -> Option<&'a RunSummary> {
    match need {
        Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => {
            recent.iter().find(|summary| summary.run.id == *run)
        }
        Need::Review { version, .. } | Need::Approved { version, .. } => newest_run(recent, Some(version)),
        Need::Untested { .. } | Need::Draft { .. } => None,
    }
}

/// The newest run of a version, of runs newest first.
pub(super) fn newest_run<'a>(recent: &'a [RunSummary], version: Option<&VersionId>) -> Option<&'a RunSummary> {
    let version = version?;
    recent.iter().find(|run| run.run.subject.version() == Some(version))
}
